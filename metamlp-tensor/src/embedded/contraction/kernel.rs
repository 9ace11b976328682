//! The kernel of a contraction: a matrix product or a convolution, with the epilogue that runs on each block of its
//! result while the block is in cache.

use std::fmt;

use smallvec::smallvec;

use crate::embedded::analysis::layout::Layout;
use crate::embedded::kernel::{Kernel, Outputs, input};
use crate::graph::op::Op;
use crate::graph::{Graph, Id};
use crate::memory::buffer::Buffer;
use crate::memory::shared::Form;

use super::convolution::{Convolution, Pooling};
use super::epilogue::Epilogue;
use super::product::Product;

/// A compiled `dot_general` or `convolution`.
pub(crate) enum Contraction {
    Product(Product),
    Convolution(Convolution),
}

impl Contraction {
    /// The contraction `id` of `graph`, of floats.
    pub(crate) fn new(graph: &Graph, layout: &Layout, id: Id) -> Self {
        match &graph.node(id).op {
            Op::DotGeneral(_) => Self::Product(Product::new(graph, layout, id)),
            Op::Convolution(_) => Self::Convolution(Convolution::new(graph, layout, id)),
            op => unreachable!("{} is no contraction", op.name()),
        }
    }

    /// The unit of blocks: the length of each block of the result is a multiple of so many elements. `None` if no epilogue
    /// can run on blocks.
    pub(crate) fn unit(&self) -> Option<usize> {
        match self {
            Self::Product(product) => product.unit(),
            Self::Convolution(convolution) => convolution.unit(),
        }
    }

    /// The elements of the result of one image, if a pooling can follow on whole images.
    pub(crate) fn image(&self) -> Option<usize> {
        match self {
            Self::Product(_) => None,
            Self::Convolution(convolution) => convolution.image(),
        }
    }

    /// The contraction with a pooling behind its epilogue.
    pub(crate) fn pooled(self, pooling: Option<Pooling>) -> Self {
        match (self, pooling) {
            (Self::Convolution(convolution), Some(pooling)) => {
                Self::Convolution(convolution.pooled(Some(pooling)))
            }
            (Self::Product(_), Some(_)) => unreachable!("a pooling follows convolutions only"),
            (contraction, None) => contraction,
        }
    }
}

/// The kernel of a contraction. Its inputs are the two operands, then those of the epilogue and of the pooling.
pub(crate) struct ContractionKernel {
    contraction: Contraction,
    epilogue: Option<Epilogue>,
}

impl ContractionKernel {
    pub(crate) fn new(contraction: Contraction, epilogue: Option<Epilogue>) -> Self {
        Self { contraction, epilogue }
    }
}

impl Kernel for ContractionKernel {
    fn run(&self, inputs: &mut [Option<Buffer>]) -> Outputs {
        let Some(epilogue) = &self.epilogue else {
            let (lhs, rhs) = (input(inputs, 0), input(inputs, 1));
            return smallvec![match &self.contraction {
                Contraction::Product(product) => product.run(lhs, rhs),
                Contraction::Convolution(convolution) => convolution.run(lhs, rhs),
            }];
        };
        let (operands, rest) = inputs.split_at_mut(2);
        let (lhs, rhs) = (input(operands, 0), input(operands, 1));
        let rest = rest.iter_mut().map(Option::take);
        match &self.contraction {
            Contraction::Product(product) => product.run_with(epilogue, lhs, rhs, rest),
            Contraction::Convolution(convolution) => convolution.run_with(epilogue, lhs, rhs, rest),
        }
    }

    fn packed(&self) -> Option<(usize, Form)> {
        match &self.contraction {
            Contraction::Product(product) => product.form.map(|form| (1, form)),
            Contraction::Convolution(_) => None,
        }
    }
}

impl fmt::Display for ContractionKernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.contraction {
            Contraction::Product(product) => write!(f, "dot {product}")?,
            Contraction::Convolution(convolution) => write!(f, "convolution by {convolution}")?,
        }
        if self.epilogue.is_some() { f.write_str(", with an epilogue") } else { Ok(()) }
    }
}
