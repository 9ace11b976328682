//! The class of an operation: how an engine computes it. The one exhaustive match from which the executor derives
//! layouts, fusion, instructions and kernels. Knows operations; nothing of kernels.

use crate::graph::op::{Binary, Comparison, Literal, Op, Slice, Unary};

/// How an operation is computed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Class<'a> {
    /// A value from outside the program.
    Input,
    /// A scalar in the program.
    Constant(Literal),
    /// Positions along an axis.
    Iota {
        /// The axis that is counted.
        axis: usize,
    },
    /// The operand's elements, shown in another shape or order; nothing is computed.
    View(View<'a>),
    /// Each element from one element of each operand.
    Elementwise(Elementwise),
    /// Random bits: each element from the key and the element's position.
    Random,
    /// A reduction.
    Reduce {
        /// The axes that disappear.
        axes: &'a [usize],
    },
    /// Sums of products of two operands.
    Contraction,
    /// A kernel of its own, which reads its operands as row-major buffers.
    Direct,
}

/// An operation that only shows its operand.
#[derive(Clone, Copy, Debug)]
pub(crate) enum View<'a> {
    /// The operand as it is.
    Identity,
    /// Axis `i` of the operand becomes axis `axes[i]`.
    Broadcast(&'a [usize]),
    /// The same elements in row-major order.
    Reshape,
    /// Axis `i` of the result is axis `permutation[i]` of the operand.
    Transpose(&'a [usize]),
    /// A part of every axis, evenly spaced.
    Slice(&'a Slice),
    /// Back to front along these axes.
    Reverse(&'a [usize]),
}

/// An elementwise operation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Elementwise {
    /// A function of one operand.
    Unary(Unary),
    /// A function of two operands of one dtype.
    Binary(Binary),
    /// A comparison, to `bool`.
    Compare(Comparison),
    /// A choice by a predicate.
    Select,
    /// `a * b + c`, rounded once.
    MulAdd,
    /// A conversion by value.
    Convert,
    /// The same bits as another dtype.
    BitcastConvert,
}

impl Op {
    /// True if an element depends on its own position, not on its operands' elements there.
    pub(crate) fn is_random(&self) -> bool {
        matches!(self.class(), Class::Random)
    }

    /// True if the result only shows its operand.
    pub(crate) fn is_view(&self) -> bool {
        matches!(self.class(), Class::View(_))
    }

    /// The class of the operation.
    pub(crate) fn class(&self) -> Class<'_> {
        match self {
            Self::Input => Class::Input,
            Self::Constant(literal) => Class::Constant(*literal),
            Self::Iota { axis, .. } => Class::Iota { axis: *axis },
            Self::Identity | Self::StopGradient => Class::View(View::Identity),
            Self::BroadcastInDim { axes, .. } => Class::View(View::Broadcast(axes)),
            Self::Reshape(_) => Class::View(View::Reshape),
            Self::Transpose(permutation) => Class::View(View::Transpose(permutation)),
            Self::Slice(slice) => Class::View(View::Slice(slice)),
            Self::Reverse { axes } => Class::View(View::Reverse(axes)),
            Self::Unary(op) => Class::Elementwise(Elementwise::Unary(*op)),
            Self::Binary(op) => Class::Elementwise(Elementwise::Binary(*op)),
            Self::Compare(op) => Class::Elementwise(Elementwise::Compare(*op)),
            Self::Select => Class::Elementwise(Elementwise::Select),
            Self::MulAdd => Class::Elementwise(Elementwise::MulAdd),
            Self::Convert(_) => Class::Elementwise(Elementwise::Convert),
            Self::BitcastConvert(_) => Class::Elementwise(Elementwise::BitcastConvert),
            Self::RngBits(_) => Class::Random,
            Self::Reduce { axes, .. } => Class::Reduce { axes },
            Self::DotGeneral(_) | Self::Convolution(_) => Class::Contraction,
            Self::ReduceWindow { .. }
            | Self::ArgReduceWindow { .. }
            | Self::ArgReduce { .. }
            | Self::Pad(_)
            | Self::Concatenate { .. }
            | Self::Gather { .. }
            | Self::Scatter { .. }
            | Self::DynamicSlice { .. }
            | Self::DynamicUpdateSlice
            | Self::ArgSort { .. }
            | Self::TopK { .. }
            | Self::CumulativeSum { .. }
            | Self::RngSplit { .. } => Class::Direct,
        }
    }
}
