//! A human-readable description of a compiled program: its kernels in order, the buffers that each reads and writes, and
//! the memory that it takes. Runs nothing.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use crate::embedded::Executable;
use crate::engine::trace::trace;
use crate::error::Result;
use crate::tree::Tree;

/// The plan of a compiled program, such as [`jit`](crate::jit()) runs. Prints one line for each kernel.
///
/// ```
/// use metamlp_tensor::{Error, F32, Plan, Tensor};
/// let f = |x: Tensor, w: Tensor| Ok::<_, Error>((x.matmul(&w) * 2.0).tanh().sum_all());
/// let (x, w) = (Tensor::spec([64, 80], F32), Tensor::spec([80, 64], F32));
/// let plan = Plan::of(|(x, w)| f(x, w), &(x, w))?;
/// assert!(plan.kernels() <= 3);
/// assert_eq!(plan.input_bytes(), 4 * (64 * 80 + 80 * 64));
/// assert_eq!(plan.output_bytes(), 4);
/// assert_eq!(plan.panel_bytes(), 4 * 80 * 64);
/// println!("{plan}");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct Plan {
    executable: Arc<Executable>,
}

impl Plan {
    /// The plan of `f` for arguments of these shapes and dtypes. Values are not needed:
    /// [`Tensor::spec`](crate::Tensor::spec) is enough.
    ///
    /// # Errors
    /// The error that `f` returns, and the first error that a tensor of its result carries.
    #[track_caller]
    pub fn of<A: Tree, R: Tree, E: From<crate::Error>>(
        f: impl FnOnce(A) -> Result<R, E>,
        arguments: &A,
    ) -> Result<Self, E> {
        let traced = trace("Plan::of", Location::caller(), f, arguments)?;
        Ok(Self { executable: traced.executable })
    }

    /// The number of kernels that one run starts.
    #[must_use]
    pub fn kernels(&self) -> usize {
        self.executable.kernels()
    }

    /// Bytes of the inputs.
    #[must_use]
    pub fn input_bytes(&self) -> usize {
        self.executable.memory().inputs
    }

    /// Bytes of the outputs.
    #[must_use]
    pub fn output_bytes(&self) -> usize {
        self.executable.memory().outputs
    }

    /// The most bytes that a run holds at once, with the outputs and without the inputs, which the caller owns.
    #[must_use]
    pub fn peak_bytes(&self) -> usize {
        self.executable.memory().peak
    }

    /// Bytes of packed weights, which inputs keep beside their elements from the second run on: the elements in the order
    /// in which matrix products read them. They are kept as long as the tensors live and are not updated in place.
    #[must_use]
    pub fn panel_bytes(&self) -> usize {
        self.executable.memory().panels
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.executable)?;
        let memory = self.executable.memory();
        write!(
            f,
            "{} kernels; inputs {}, outputs {}, at most {} at once",
            self.kernels(),
            Bytes(memory.inputs),
            Bytes(memory.outputs),
            Bytes(memory.peak)
        )?;
        if memory.panels > 0 {
            write!(f, ", weights in panels {}", Bytes(memory.panels))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("kernels", &self.kernels()).finish_non_exhaustive()
    }
}

/// A number of bytes, formatted with a unit.
struct Bytes(usize);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const KIB: usize = 1 << 10;
        const MIB: usize = 1 << 20;
        match self.0 {
            bytes @ 0..KIB => write!(f, "{bytes} B"),
            bytes @ KIB..MIB => write!(f, "{:.1} KiB", bytes as f64 / KIB as f64),
            bytes => write!(f, "{:.1} MiB", bytes as f64 / MIB as f64),
        }
    }
}
