//! `convolution` of floats: the method that a shape is best computed by, and
//! running it.

mod bands;
mod grouped;
mod kernel_gradient;
mod multiplication;
mod patches;
mod registers;
mod sliding;

use std::fmt;

use smallvec::SmallVec;

use crate::buffer::Buffer;
use crate::dtype::DType;
use crate::graph::{Graph, Id};
use crate::op::Op;
use crate::window::WindowAxis;

use self::grouped::{GroupVectors, Grouped};
use self::kernel_gradient::KernelGradient;
use self::multiplication::Multiplication;
use self::registers::Registers;
use self::sliding::Sliding;
use super::allocation::Allocation;
use super::epilogue::{Epilogue, Inputs};
use super::frame::Lane;
use super::layout::Layout;
use super::matmul::Number;
use super::view::View;

/// Parts in which a sum over all windows is made, whatever the number of threads.
const PARTS: usize = 8;
/// Elements of all parts together, where the kernel is large.
const MOST_PARTIAL: usize = 1 << 24;
/// Columns from which a panel of them is worth its loops.
const MANY_COLUMNS: usize = 8;

/// A compiled `convolution`.
pub(super) struct Convolution {
    dtype: DType,
    /// Elements of the result.
    size: usize,
    method: Method,
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
    pub(super) fn new(graph: &Graph, layout: &Layout, id: Id) -> Self {
        let node = graph.node(id);
        let windows: &[WindowAxis] = if let Op::Convolution(windows) = &node.op { windows } else { &[] };
        let (operand, kernel) = (&layout.place(node.operands[0]).view, &layout.place(node.operands[1]).view);
        let size = node.ty.shape.size();
        let places = &node.ty.shape[1..=windows.len()];
        let method = Method::new(operand, kernel, windows, places, size);
        Self { dtype: node.ty.dtype, size, method }
    }

    /// The convolution of two buffers.
    pub(super) fn run(&self, operand: &Buffer, kernel: &Buffer) -> Buffer {
        match self.dtype {
            DType::F64 => self.convolve::<f64>(operand, kernel),
            _ => self.convolve::<f32>(operand, kernel),
        }
    }

    /// Where an epilogue can follow on each block of the result: what all
    /// blocks' lengths are multiples of.
    pub(super) fn unit(&self) -> Option<usize> {
        match &self.method {
            Method::Sliding(sliding) => Some(sliding.unit()),
            _ => None,
        }
    }

    /// The convolution if the epilogue keeps it, then the epilogue's outputs;
    /// `rest` are the buffers that the epilogue reads.
    pub(super) fn run_with(
        &self,
        epilogue: &Epilogue,
        operand: &Buffer,
        kernel: &Buffer,
        rest: impl Iterator<Item = Option<Buffer>>,
    ) -> SmallVec<[Buffer; 3]> {
        let (inputs, mut allocations) = epilogue.prepare(rest);
        let after = (epilogue, &inputs, &mut allocations[..]);
        let own = match self.dtype {
            DType::F64 => self.convolve_with::<f64>(operand, kernel, after),
            _ => self.convolve_with::<f32>(operand, kernel, after),
        };
        own.into_iter().chain(allocations.into_iter().map(Allocation::into_buffer)).collect()
    }

    fn convolve<T: Number + GroupVectors + Registers + Lane>(
        &self,
        operand: &Buffer,
        kernel: &Buffer,
    ) -> Buffer {
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

    fn convolve_with<T: Registers + Lane>(
        &self,
        operand: &Buffer,
        kernel: &Buffer,
        after: (&Epilogue, &Inputs, &mut [Allocation]),
    ) -> Option<Buffer> {
        let mut result = after.0.keeps.then(|| T::pool().take(self.size));
        if let Method::Sliding(sliding) = &self.method {
            sliding.run::<T>(operand, kernel, result.as_deref_mut(), Some(after));
        }
        result.map(Buffer::from_vec)
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
        }
    }
}
