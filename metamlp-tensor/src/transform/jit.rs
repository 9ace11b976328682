//! `jit`: a function is traced once for each structure of its arguments. Later calls with the same structure run the
//! compiled program.

use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::embedded::{Executable, Refused};
use crate::engine::least_recently_used::{Bound, LeastRecentlyUsed};
use crate::engine::trace::{Traced, trace};
use crate::error::Result;
use crate::graph::mode;
use crate::graph::node::Tensor;
use crate::graph::source::Source;
use crate::memory::buffer::Buffer;
use crate::memory::free_lists;
use crate::memory::limits::Limits;
use crate::transform::boundary;
use crate::transform::structure::Structure;
use crate::tree::Tree;

/// Compiles a function: the first call records it, later calls run the compiled program. JAX's `jit`.
///
/// The arguments and the result are [`Tree`]s. One program is kept for each structure of the arguments: their nesting,
/// shapes, dtypes and static parts. A function that is called with ever new structures does not fill the memory: beyond
/// the [`Limits`](crate::Limits) (1024 programs) the least recently used ones are forgotten, and traced again when they
/// are needed. Inside of another transformation, or of a module's `init` or `apply`, the function is called as it is and
/// becomes part of the outer program.
///
/// Tensors that the function captures are inputs of the program and keep their values. Captured tensors that have not been
/// evaluated are evaluated once, when the function is traced. The function cannot read a value of its arguments, since it
/// runs on placeholders.
///
/// # Errors
/// The compiled function returns the error that `function` returns while it is traced, or the first error that a tensor
/// of its result carries; nothing is compiled then. It also returns an error if an argument has no value.
///
/// `function` returns this crate's [`Error`](crate::Error). Where its body calls something that fails with another error,
/// such as metamlp's own, let `?` convert: `jit(|x: Tensor| Ok(f(&x)?))` and not `jit(|x: Tensor| f(&x))`.
///
/// ```
/// use metamlp_tensor::{Error, Tensor, jit};
/// let norm = jit(|x: Tensor| Ok(x.square().sum_all().sqrt()));
/// let x = Tensor::from_vec([2], vec![3.0f32, 4.0]);
/// assert_eq!(norm(x)?.item::<f32>()?, 5.0);
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn jit<Arguments, F: Jit<Arguments>>(function: F) -> F::Compiled {
    function.compile(Location::caller())
}

/// Functions of one to four [`Tree`]s that return a `Result` of a `Tree`.
#[diagnostic::on_unimplemented(
    message = "this function cannot be compiled by `jit`",
    note = "`jit` takes functions of one to four `Tree`s that return `Result<_, metamlp::tensor::Error>` of a `Tree`"
)]
pub trait Jit<Arguments> {
    /// The compiled function, with the same arguments.
    type Compiled;
    #[doc(hidden)]
    fn compile(self, caller: &'static Location<'static>) -> Self::Compiled;
}

macro_rules! jit_function {
    ($($argument:ident $index:tt),+) => {
        impl<F, R, $($argument),+> Jit<($($argument,)+ R)> for F
        where
            F: Fn($($argument),+) -> Result<R> + Send + Sync + 'static,
            R: Tree + Send + Sync + 'static,
            $($argument: Tree + 'static,)+
        {
            type Compiled = Box<dyn Fn($($argument),+) -> Result<R> + Send + Sync>;

            fn compile(self, caller: &'static Location<'static>) -> Self::Compiled {
                let specializations = Specializations::new(caller);
                #[expect(non_snake_case, reason = "the macro names each argument after its type")]
                Box::new(move |$($argument: $argument),+| {
                    specializations.call(($($argument,)+), |arguments| self($(arguments.$index),+))
                })
            }
        }
    };
}

jit_function!(A 0);
jit_function!(A 0, B 1);
jit_function!(A 0, B 1, C 2);
jit_function!(A 0, B 1, C 2, D 3);

/// The programs of one function, by the structure of its arguments.
struct Specializations<R> {
    known: Mutex<Known<R>>,
    /// The line that called [`jit`].
    caller: &'static Location<'static>,
}

struct Known<R> {
    /// The one that ran last. A call is compared with it before a structure is made and looked up.
    latest: Option<Arc<Specialization<R>>>,
    /// Bounded by [`Limits`]: structures that change all the time must not fill the memory.
    by_structure: LeastRecentlyUsed<Structure, Arc<Specialization<R>>>,
}

/// A function that is compiled for one structure of its arguments.
struct Specialization<R> {
    structure: Structure,
    executable: Arc<Executable>,
    /// The tensors that the function has captured: the inputs of the program after the arguments.
    captured: Vec<Tensor>,
    /// The result of the trace, with a placeholder for each output of the program.
    result: R,
    /// The line of the function that made the first output.
    line: &'static Location<'static>,
}

impl<R: Tree> Specializations<R> {
    fn new(caller: &'static Location<'static>) -> Self {
        let known = Known { latest: None, by_structure: LeastRecentlyUsed::default() };
        Self { known: Mutex::new(known), caller }
    }

    fn call<A: Tree>(&self, arguments: A, function: impl FnOnce(A) -> Result<R>) -> Result<R> {
        if mode::is_deferred() {
            // Part of a larger recording, which the outer transformation or boundary compiles.
            return function(arguments);
        }
        let latest = self.known().latest.clone();
        if let Some(program) = latest
            && let Some(values) = program.structure.values_of(&arguments)
        {
            // A buffer that the caller has given away is now held by `values` alone and may be reused for a result.
            drop(arguments);
            return program.run_on(values);
        }
        let structure = Structure::of(&arguments);
        let known = self.known().by_structure.get(&structure).cloned();
        let program = match known {
            Some(program) => program,
            None => {
                let traced = Specialization::trace(&arguments, structure.clone(), self.caller, function)?;
                let program = Arc::new(traced);
                let limits = Limits::current();
                let bound = Bound { entries: limits.programs, weight: limits.program_bytes };
                let bytes = program.executable.estimated_bytes();
                self.known().by_structure.insert(structure, Arc::clone(&program), bytes, bound);
                program
            }
        };
        self.known().latest = Some(Arc::clone(&program));
        program.run(arguments, self.caller)
    }

    fn known(&self) -> MutexGuard<'_, Known<R>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Tree> Specialization<R> {
    fn trace<A: Tree>(
        arguments: &A,
        structure: Structure,
        caller: &'static Location<'static>,
        function: impl FnOnce(A) -> Result<R>,
    ) -> Result<Self> {
        let Traced { executable, captured, result } = trace("jit", caller, function, arguments)?;
        boundary::compute(&captured, caller)?;
        let line = result.tensors().first().map_or(caller, |output| output.0.location);
        // Only the types are needed from here on: placeholders let go of the recorded operations.
        let result = result.map(&mut |tensor| Tensor::placeholder(tensor.0.ty.clone(), None));
        Ok(Self { structure, executable, captured, result, line })
    }

    /// Runs on arguments, of which those without a value are computed first.
    fn run<A: Tree>(&self, arguments: A, caller: &'static Location<'static>) -> Result<R> {
        let tensors = arguments.tensors();
        boundary::compute(&tensors, caller)?;
        drop(arguments);
        let mut values = free_lists::take_list();
        for tensor in tensors {
            values.push(tensor.into_value().expect("the arguments have been computed"));
        }
        self.run_on(values)
    }

    /// Runs on the values of the arguments, in the order of the arguments' tensors.
    fn run_on(&self, mut inputs: Vec<Buffer>) -> Result<R> {
        for captured in &self.captured {
            inputs.push(captured.clone().into_value().expect("captured tensors have been computed"));
        }
        let refused = |refused: Refused| refused.at(Source::at(self.line));
        let mut results = self.executable.run(inputs).map_err(refused)?;
        let mut values = results.drain(..);
        let result = self.result.map(&mut |placeholder| {
            let value = values.next().expect("the program has an output for each tensor of the result");
            Tensor::concrete(placeholder.0.ty.shape.clone(), value)
        });
        drop(values);
        free_lists::keep_list(results);
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ever_new_structures_do_not_fill_the_memory() -> Result<()> {
        let specializations = Specializations::new(Location::caller());
        let double = |(x, _): (Tensor, usize)| Ok(x * 2.0);
        let most = Limits::default().programs;
        for number in 0..most + 3 {
            let doubled = specializations.call((Tensor::scalar(1.5f32), number), double)?;
            assert_eq!(doubled.item::<f32>()?, 3.0);
            assert!(specializations.known().by_structure.size().0 <= most);
        }
        let of = |number: usize| Structure::of(&(Tensor::scalar(1.5f32), number));
        let kept = |number| specializations.known().by_structure.get(&of(number)).is_some();
        assert_eq!([0, 2, 3, most].map(kept), [false, false, true, true]);
        Ok(())
    }
}
