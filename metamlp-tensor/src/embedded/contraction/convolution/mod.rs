//! `convolution` of floats: the method that a shape is best computed by, and
//! running it.

mod bands;
mod grouped;
mod kernel_gradient;
mod multiplication;
mod patches;
mod pooling;
mod registers;
mod sliding;

use std::fmt;

use smallvec::SmallVec;

use crate::dtype::DType;
use crate::graph::op::Op;
use crate::graph::{Graph, Id};
use crate::memory::buffer::Buffer;
use crate::window::WindowAxis;

use self::grouped::{GroupVectors, Grouped};
use self::kernel_gradient::KernelGradient;
use self::multiplication::Multiplication;
pub(crate) use self::pooling::Pooling;
use self::pooling::{Float, Pooled};
use self::sliding::{After, Sliding};
use super::epilogue::Epilogue;
use crate::embedded::analysis::layout::Layout;
use crate::embedded::slices::matmul::Number;
use crate::embedded::slices::view::View;

/// Parts in which a sum over all windows is made, whatever the number of threads.
const PARTS: usize = 8;
/// Elements of all parts together, where the kernel is large.
const MOST_PARTIAL: usize = 1 << 24;
/// Columns from which a panel of them is worth its loops.
const MANY_COLUMNS: usize = 8;

/// A compiled `convolution`.
pub(crate) struct Convolution {
    dtype: DType,
    /// Elements of the result.
    size: usize,
    method: Method,
    /// What follows the epilogue.
    pooling: Option<Box<Pooling>>,
}

enum Method {
    /// Nothing is multiplied.
    Zero,
    Sliding(Sliding),
    KernelGradient(KernelGradient),
    Grouped(Grouped),
    Matrix(Multiplication),
}

impl Convolution {
    /// Of the node `id`, a convolution.
    pub(crate) fn new(graph: &Graph, layout: &Layout, id: Id) -> Self {
        let node = graph.node(id);
        let windows: &[WindowAxis] = if let Op::Convolution(windows) = &node.op { windows } else { &[] };
        let (operand, kernel) = (&layout.place(node.operands[0]).view, &layout.place(node.operands[1]).view);
        let size = node.ty.shape.size();
        let places = &node.ty.shape[1..=windows.len()];
        let method = Method::new(operand, kernel, windows, places, size);
        Self { dtype: node.ty.dtype, size, method, pooling: None }
    }

    /// The convolution of two buffers.
    pub(crate) fn run(&self, operand: &Buffer, kernel: &Buffer) -> Buffer {
        match self.dtype {
            DType::F64 => self.convolve::<f64>(operand, kernel),
            _ => self.convolve::<f32>(operand, kernel),
        }
    }

    /// Where an epilogue can follow on each block of the result: what all
    /// blocks' lengths are multiples of.
    pub(crate) fn unit(&self) -> Option<usize> {
        match &self.method {
            Method::Sliding(sliding) => Some(sliding.unit()),
            _ => None,
        }
    }

    /// The elements of an image's result, if the epilogue follows on whole images.
    pub(crate) fn image(&self) -> Option<usize> {
        match &self.method {
            Method::Sliding(sliding) => sliding.image(),
            _ => None,
        }
    }

    /// The same convolution, with a pooling behind its epilogue.
    pub(crate) fn pooled(self, pooling: Option<Pooling>) -> Self {
        Self { pooling: pooling.map(Box::new), ..self }
    }

    /// The convolution if the epilogue keeps it, then the epilogue's outputs
    /// and those of the pooling behind it; `rest` are the buffers that both read.
    pub(crate) fn run_with(
        &self,
        epilogue: &Epilogue,
        operand: &Buffer,
        kernel: &Buffer,
        rest: impl Iterator<Item = Option<Buffer>>,
    ) -> SmallVec<[Buffer; 3]> {
        match self.dtype {
            DType::F64 => self.convolve_with::<f64>(epilogue, operand, kernel, rest),
            _ => self.convolve_with::<f32>(epilogue, operand, kernel, rest),
        }
    }

    fn convolve<T: Number + GroupVectors + Float>(&self, operand: &Buffer, kernel: &Buffer) -> Buffer {
        let mut result = T::pool().take(self.size);
        match &self.method {
            Method::Zero => result.fill(T::default()),
            Method::Sliding(sliding) => sliding.run(operand, kernel, Some(&mut result), None),
            Method::KernelGradient(gradient) => gradient.run(operand, kernel, &mut result),
            Method::Grouped(grouped) => grouped.run(operand, kernel, &mut result),
            Method::Matrix(multiplication) => multiplication.run(operand, kernel, &mut result),
        }
        Buffer::from_vec(result)
    }

    fn convolve_with<T: Float>(
        &self,
        epilogue: &Epilogue,
        operand: &Buffer,
        kernel: &Buffer,
        mut rest: impl Iterator<Item = Option<Buffer>>,
    ) -> SmallVec<[Buffer; 3]> {
        let mut result = epilogue.keeps.then(|| T::pool().take(self.size));
        let (inputs, mut allocations) = epilogue.prepare(rest.by_ref().take(epilogue.reads().count()));
        let mut pooled = self.pooling.as_ref().map(|pooling| pooling.prepare::<T>(rest));
        if let Method::Sliding(sliding) = &self.method {
            let pooled = pooled.as_mut().map(Pooled::fill);
            let after = After { epilogue, inputs: &inputs, allocations: &mut allocations, pooled };
            sliding.run::<T>(operand, kernel, result.as_deref_mut(), Some(after));
        }
        let unkept = self.pooling.as_ref().and_then(|pooling| pooling.unkept());
        let outputs = allocations.into_iter().enumerate().filter(|(number, _)| Some(*number) != unkept);
        let outputs = outputs.map(|(_, allocation)| allocation.into_buffer());
        let pooled = pooled.into_iter().flat_map(Pooled::into_buffers);
        result.into_iter().map(Buffer::from_vec).chain(outputs).chain(pooled).collect()
    }
}

impl Method {
    fn new(operand: &View, kernel: &View, windows: &[WindowAxis], places: &[usize], size: usize) -> Self {
        if size == 0 || operand.size() == 0 || kernel.size() == 0 {
            return Self::Zero;
        }
        if Grouped::fits(operand, kernel) {
            return Self::Grouped(Grouped::new(operand, kernel, windows, places));
        }
        let spatial = windows.len();
        // In memory a gradient's batch is what the features were.
        let stride = |axis: usize| if operand.shape[axis] == 1 { 0 } else { operand.strides[axis].abs() };
        let by_window = operand.shape[spatial + 2] != 1 && stride(0) < stride(spatial + 2);
        if kernel.shape[spatial + 2] >= MANY_COLUMNS && registers::are_fast() {
            let direct = if by_window {
                KernelGradient::new(operand, kernel, windows, places).map(Self::KernelGradient)
            } else {
                Sliding::new(operand, kernel, windows, places).map(Self::Sliding)
            };
            if let Some(direct) = direct {
                return direct;
            }
        }
        Self::Matrix(Multiplication::new(operand, kernel, windows, places, by_window))
    }
}

/// The method and its extents, in a line.
impl fmt::Display for Convolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.method {
            Method::Zero => f.write_str("zeros"),
            Method::Sliding(sliding) => sliding.fmt(f),
            Method::KernelGradient(gradient) => gradient.fmt(f),
            Method::Grouped(grouped) => grouped.fmt(f),
            Method::Matrix(multiplication) => multiplication.fmt(f),
        }?;
        if self.pooling.is_some() { f.write_str(", pooled") } else { Ok(()) }
    }
}
