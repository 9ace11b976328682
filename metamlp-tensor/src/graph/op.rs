//! The closed set of primitive operations, named and shaped like StableHLO's.
//! Nothing broadcasts implicitly at this level; `Tensor`'s methods do that.
//!
//! Each interpretation of a program (its types, its values, its gradient, its
//! fusion class) is one exhaustive `match` on [`Op`] in a file of its own, so
//! a new primitive is as many compiler errors as there are interpretations.

use crate::dtype::DType;
use crate::shape::{Axes, Shape};
use crate::window::WindowAxis;

pub(crate) use crate::literal::Literal;

/// A primitive operation with everything that is fixed when it is traced.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    /// A value bound when the program runs: a concrete tensor, or an argument.
    Input,
    /// A scalar that is part of the program.
    Constant(Literal),
    /// Position along `axis`, as `dtype`.
    Iota { shape: Shape, axis: usize, dtype: DType },
    /// Its operand. Marks the variable of a differentiation.
    Identity,
    /// Its operand, through which no gradient flows.
    StopGradient,
    /// Elementwise function of one operand.
    Unary(Unary),
    /// Elementwise function of two operands of one shape and dtype.
    Binary(Binary),
    /// Elementwise comparison of two operands, to `bool`.
    Compare(Comparison),
    /// Elementwise choice: (bool predicate, on true, on false).
    Select,
    /// `a * b + c`, rounded once.
    MulAdd,
    /// Conversion by value.
    Convert(DType),
    /// The same bits as another dtype of the same size.
    BitcastConvert(DType),
    /// To `shape`; axis `i` of the operand becomes axis `axes[i]`, extents of 1 are repeated.
    BroadcastInDim { shape: Shape, axes: Axes },
    /// The same elements in the same order.
    Reshape(Shape),
    /// Axis `i` of the result is axis `permutation[i]` of the operand.
    Transpose(Axes),
    /// Reduction over `axes`, which disappear.
    Reduce { kind: Reduction, axes: Axes },
    /// Sum, maximum or minimum of the elements under a window that moves along
    /// every axis.
    ReduceWindow { kind: Reduction, windows: Box<[WindowAxis]> },
    /// Position (i32) of the extremum under the window, the first of equals, in
    /// the operand as a flat list; -1 under padding alone.
    ArgReduceWindow { kind: Extremum, windows: Box<[WindowAxis]> },
    /// Position (i32) of the extremum along `axis`, the first of equals.
    ArgReduce { kind: Extremum, axis: usize },
    /// Sum of products over the contracting axes; the result has the batch
    /// axes, then the free axes of the left and of the right operand.
    DotGeneral(Box<DotDimensions>),
    /// (operand, kernel): sums of products over a window that moves along the
    /// spatial axes. `[batch, spatial.., groups, in]` by `[spatial.., groups,
    /// in, out]` is `[batch, spatial.., groups, out]`: the groups, an axis of
    /// their own, are convolved separately. Both gradients have this form too.
    Convolution(Box<[WindowAxis]>),
    /// A part of every axis, evenly spaced.
    Slice(Box<Slice>),
    /// (operand, scalar): the scalar around and between the elements.
    Pad(Box<Pad>),
    /// The operands one after the other along an axis.
    Concatenate { axis: usize },
    /// Back to front along `axes`.
    Reverse { axes: Axes },
    /// (operand, i32 indices): the rows `indices` of `axis`, whose place the
    /// indices' axes take. Indices are clamped into range.
    Gather { axis: usize },
    /// (operand, i32 indices, updates): the operand with each update put into
    /// the row of `axis` that its index names, or added to it, in order.
    /// Indices out of range are left out.
    Scatter { update: Update, axis: usize },
    /// (operand, i32 starts, one for each axis): the part of extents `sizes`
    /// that begins there. Negative starts count from the end; then they are
    /// clamped so that the part lies inside.
    DynamicSlice { sizes: Axes },
    /// (operand, update, i32 starts): the operand with the update in the place
    /// where a [`DynamicSlice`](Op::DynamicSlice) would have found it.
    DynamicUpdateSlice,
    /// Positions (i32) that would sort the operand along `axis`, ascending and
    /// stable, NaN last.
    ArgSort { axis: usize },
    /// Positions (i32) of the `k` largest elements along `axis`, the largest
    /// first, of equals the first; NaN is larger than all.
    TopK { axis: usize, k: usize },
    /// Running sum along `axis`, from the end if `reverse`.
    CumulativeSum { axis: usize, reverse: bool },
    /// (u32[2] key): 32 random bits per element, threefry-2x32 in JAX's
    /// partitionable layout, of `shape`.
    RngBits(Shape),
    /// (u32[2] key): the `count` keys from number `first` on, `[count, 2]`.
    RngSplit { first: u32, count: usize },
}

/// Elements `starts[i]`, `starts[i] + strides[i]`, ... below `limits[i]` of axis `i`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Slice {
    pub(crate) starts: Axes,
    pub(crate) limits: Axes,
    pub(crate) strides: Axes,
}

/// `low[i]` and `high[i]` scalars around axis `i`, `interior[i]` between neighbours.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pad {
    pub(crate) low: Axes,
    pub(crate) high: Axes,
    pub(crate) interior: Axes,
}

/// Elementwise functions of one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Unary {
    /// Absolute value.
    Abs,
    /// Cosine of radians.
    Cos,
    /// Smallest integer not below.
    Ceil,
    /// Gauss' error function.
    Erf,
    /// Inverse of the error function, Giles' polynomials as XLA:CPU has them.
    ErfInv,
    /// Complementary error function, `1 - erf`.
    Erfc,
    /// `e^x`.
    Exp,
    /// `e^x - 1`, exact near 0.
    ExpM1,
    /// Largest integer not above.
    Floor,
    /// Neither infinite nor NaN, to `bool`.
    IsFinite,
    /// Natural logarithm.
    Log,
    /// `ln(1 + x)`, exact near 0.
    Log1p,
    /// `1 / (1 + e^-x)`.
    Logistic,
    /// Minus.
    Neg,
    /// Logical or bitwise complement.
    Not,
    /// Nearest integer, halves to even.
    RoundNearestEven,
    /// `1 / sqrt(x)`.
    Rsqrt,
    /// -1, 0 or 1; keeps the sign of zero and NaN.
    Sign,
    /// Sine of radians.
    Sin,
    /// Square root.
    Sqrt,
    /// Tangent of radians.
    Tan,
    /// Hyperbolic tangent.
    Tanh,
}

/// Elementwise functions of two operands of one dtype. Integers wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Binary {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
    /// Quotient; of integers, towards zero, and -1 (all bits) for a divisor of 0.
    Div,
    /// Remainder with the dividend's sign; the dividend for a divisor of 0.
    Rem,
    /// The larger; NaN if either is.
    Max,
    /// The smaller; NaN if either is.
    Min,
    /// Power.
    Pow,
    /// Angle of the point (second, first).
    Atan2,
    /// Logical or bitwise and.
    And,
    /// Logical or bitwise or.
    Or,
    /// Logical or bitwise exclusive or.
    Xor,
    /// Shift towards the high bits; 0 from the width on.
    ShiftLeft,
    /// Logical shift towards the low bits; 0 from the width on.
    ShiftRight,
}

/// Elementwise comparisons; false if either is NaN, but for `Ne`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Comparison {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less than.
    Lt,
    /// Less than or equal.
    Le,
    /// Greater than.
    Gt,
    /// Greater than or equal.
    Ge,
}

/// Reductions. `All` and `Any` are of `bool`, the others of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reduction {
    /// Sum; 0 of nothing.
    Sum,
    /// Product; 1 of nothing.
    Prod,
    /// Largest; NaN if any is; the least value of the dtype of nothing.
    Max,
    /// Smallest; NaN if any is; the greatest value of the dtype of nothing.
    Min,
    /// Whether all are true; true of nothing.
    All,
    /// Whether any is true; false of nothing.
    Any,
}

/// Which extremum's position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Extremum {
    /// The largest; the first NaN if there is one.
    Max,
    /// The smallest; the first NaN if there is one.
    Min,
}

/// What a [`Op::Scatter`] does with a row and its update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Update {
    /// The sum of both.
    Add,
    /// The update; the last of several.
    Set,
}

/// The axes of a [`Op::DotGeneral`], pairwise of the same extents.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(crate) struct DotDimensions {
    /// Summed axes of the left operand.
    pub(crate) lhs_contracting: Axes,
    /// Summed axes of the right operand.
    pub(crate) rhs_contracting: Axes,
    /// Batch axes of the left operand.
    pub(crate) lhs_batch: Axes,
    /// Batch axes of the right operand.
    pub(crate) rhs_batch: Axes,
}

impl DotDimensions {
    /// The axes that are neither summed nor batch axes, in order.
    pub(crate) fn free_axes(&self, lhs_rank: usize, rhs_rank: usize) -> (Axes, Axes) {
        let free = |rank: usize, contracting: &Axes, batch: &Axes| {
            (0..rank).filter(|axis| !contracting.contains(axis) && !batch.contains(axis)).collect()
        };
        (
            free(lhs_rank, &self.lhs_contracting, &self.lhs_batch),
            free(rhs_rank, &self.rhs_contracting, &self.rhs_batch),
        )
    }
}

impl Op {
    /// The operation's name in error messages and listings, StableHLO's spelling.
    #[must_use]
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Constant(_) => "constant",
            Self::Iota { .. } => "iota",
            Self::Identity => "identity",
            Self::StopGradient => "stop_gradient",
            Self::Unary(unary) => unary.name(),
            Self::Binary(binary) => binary.name(),
            Self::Compare(_) => "compare",
            Self::Select => "select",
            Self::MulAdd => "mul_add",
            Self::Convert(_) => "convert",
            Self::BitcastConvert(_) => "bitcast_convert",
            Self::BroadcastInDim { .. } => "broadcast_in_dim",
            Self::Reshape(_) => "reshape",
            Self::Transpose(_) => "transpose",
            Self::Reduce { .. } => "reduce",
            Self::ArgReduce { .. } => "arg_reduce",
            Self::DotGeneral(_) => "dot_general",
            Self::Convolution(_) => "convolution",
            Self::Slice { .. } => "slice",
            Self::Pad { .. } => "pad",
            Self::Concatenate { .. } => "concatenate",
            Self::Reverse { .. } => "reverse",
            Self::Gather { .. } => "gather",
            Self::Scatter { update: Update::Add, .. } => "scatter_add",
            Self::Scatter { update: Update::Set, .. } => "scatter",
            Self::DynamicSlice { .. } => "dynamic_slice",
            Self::DynamicUpdateSlice => "dynamic_update_slice",
            Self::TopK { .. } => "top_k",
            Self::ReduceWindow { .. } => "reduce_window",
            Self::ArgReduceWindow { .. } => "arg_reduce_window",
            Self::ArgSort { .. } => "arg_sort",
            Self::CumulativeSum { .. } => "cumulative_sum",
            Self::RngBits(_) => "rng_bits",
            Self::RngSplit { .. } => "rng_split",
        }
    }
}

impl Unary {
    /// StableHLO's name.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Abs => "abs",
            Self::Cos => "cosine",
            Self::Ceil => "ceil",
            Self::Erf => "erf",
            Self::ErfInv => "erf_inv",
            Self::Erfc => "erfc",
            Self::Exp => "exponential",
            Self::ExpM1 => "exponential_minus_one",
            Self::Floor => "floor",
            Self::IsFinite => "is_finite",
            Self::Log => "log",
            Self::Log1p => "log_plus_one",
            Self::Logistic => "logistic",
            Self::Neg => "negate",
            Self::Not => "not",
            Self::RoundNearestEven => "round_nearest_even",
            Self::Rsqrt => "rsqrt",
            Self::Sign => "sign",
            Self::Sin => "sine",
            Self::Sqrt => "sqrt",
            Self::Tan => "tan",
            Self::Tanh => "tanh",
        }
    }

    /// Whether the function is one of real numbers only, so that integers are
    /// converted to floats first.
    #[must_use]
    pub(crate) const fn needs_float(self) -> bool {
        !matches!(self, Self::Abs | Self::Neg | Self::Not | Self::Sign)
    }
}

impl Binary {
    /// StableHLO's name.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Sub => "subtract",
            Self::Mul => "multiply",
            Self::Div => "divide",
            Self::Rem => "remainder",
            Self::Max => "maximum",
            Self::Min => "minimum",
            Self::Pow => "power",
            Self::Atan2 => "atan2",
            Self::And => "and",
            Self::Or => "or",
            Self::Xor => "xor",
            Self::ShiftLeft => "shift_left",
            Self::ShiftRight => "shift_right_logical",
        }
    }
}
