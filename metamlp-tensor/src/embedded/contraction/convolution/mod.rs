//! `convolution` of floats: chooses the method for a shape and runs it.

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

/// Partial sums of a sum over all windows. Independent of the number of threads, so that the bits are too.
const PARTS: usize = 8;
/// Most elements of all partial sums together.
const MOST_PARTIAL: usize = 1 << 24;
/// Fewest columns worth packing into a panel.
const MANY_COLUMNS: usize = 8;

/// A compiled `convolution`.
pub(crate) struct Convolution {
    dtype: DType,
    /// Elements of the result.
    size: usize,
    method: Method,
    /// The pooling that follows the epilogue.
    pooling: Option<Box<Pooling>>,
}

/// The method that computes a convolution.
enum Method {
    /// An operand is empty: the result is 0.
    Zero,
    Sliding(Sliding),
    KernelGradient(KernelGradient),
    Grouped(Grouped),
    Matrix(Multiplication),
}

impl Convolution {
    /// The convolution `id` of `graph`.
    pub(crate) fn new(graph: &Graph, layout: &Layout, id: Id) -> Self {
        let node = graph.node(id);
        let Op::Convolution(windows) = &node.op else { unreachable!("a convolution is a `convolution`") };
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
            DType::F32 => self.convolve::<f32>(operand, kernel),
            dtype => unreachable!("a convolution of {dtype} runs elsewhere or was converted to f32"),
        }
    }

    /// The unit of blocks: the length of each block of the result is a multiple of so many elements. `None` if no epilogue
    /// can run on blocks.
    pub(crate) fn unit(&self) -> Option<usize> {
        match &self.method {
            Method::Sliding(sliding) => Some(sliding.unit()),
            _ => None,
        }
    }

    /// The elements of the result of an image, if every block is a number of whole images.
    pub(crate) fn image(&self) -> Option<usize> {
        match &self.method {
            Method::Sliding(sliding) => sliding.image(),
            _ => None,
        }
    }

    /// The same convolution, followed by a pooling of its epilogue's output.
    pub(crate) fn pooled(self, pooling: Option<Pooling>) -> Self {
        Self { pooling: pooling.map(Box::new), ..self }
    }

    /// The convolution, if the epilogue keeps it, then the outputs of the epilogue and of the pooling. `rest` are the
    /// buffers that both read.
    pub(crate) fn run_with(
        &self,
        epilogue: &Epilogue,
        operand: &Buffer,
        kernel: &Buffer,
        rest: impl Iterator<Item = Option<Buffer>>,
    ) -> SmallVec<[Buffer; 3]> {
        match self.dtype {
            DType::F64 => self.convolve_with::<f64>(epilogue, operand, kernel, rest),
            DType::F32 => self.convolve_with::<f32>(epilogue, operand, kernel, rest),
            dtype => unreachable!("a convolution of {dtype} has no epilogue"),
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
        let Method::Sliding(sliding) = &self.method else {
            unreachable!("only a sliding convolution has an epilogue")
        };
        let fill = pooled.as_mut().map(Pooled::fill);
        let after = After { epilogue, inputs: &inputs, allocations: &mut allocations, pooled: fill };
        sliding.run::<T>(operand, kernel, result.as_deref_mut(), Some(after));
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
        // In the gradient of a kernel, the batch of the operand was its features: it is closer together in memory.
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

/// The method and its extents, in one line.
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
