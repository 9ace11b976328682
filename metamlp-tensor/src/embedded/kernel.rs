//! The interface of a kernel: what a step of a program runs, from buffers to buffers. A new kind of kernel is one
//! implementation of it. Knows buffers; nothing of graphs.

use std::fmt;

use smallvec::SmallVec;

use crate::memory::buffer::Buffer;
use crate::memory::shared::Form;

/// The buffers that a kernel writes, in the order of its step's writes.
pub(crate) type Outputs = SmallVec<[Buffer; 3]>;

/// A compiled kernel. `Display` gives its kind and extents in one line.
pub(crate) trait Kernel: fmt::Display + Send + Sync {
    /// Computes the outputs. `inputs` are the buffers of the step's reads, in their order, all of them there. A buffer
    /// that no later step reads has no other owner, so the kernel may take it and write in place.
    fn run(&self, inputs: &mut [Option<Buffer>]) -> Outputs;

    /// Bytes that a run needs beside its inputs and outputs.
    fn temporary(&self) -> usize {
        0
    }

    /// The inputs whose buffers become outputs if they die here.
    fn replaced(&self) -> SmallVec<[usize; 2]> {
        SmallVec::new()
    }

    /// The input that is kept packed in panels while its buffer lives, and the form of the panels.
    fn packed(&self) -> Option<(usize, Form)> {
        None
    }

    /// The number of instructions, of a fused elementwise kernel.
    #[cfg(test)]
    fn instructions(&self) -> Option<usize> {
        None
    }
}

/// Input `number`, which a step always has.
pub(crate) fn input(inputs: &[Option<Buffer>], number: usize) -> &Buffer {
    inputs[number].as_ref().expect("a step is given all of its inputs")
}
