//! `jit`: a function is traced once for each form of its arguments; later
//! calls skip the tracing and run the compiled program.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustc_hash::FxHashMap;

use crate::embedded::Executable;
use crate::engine;
use crate::error::{Error, Result};
use crate::graph::node::Tensor;
use crate::graph::source::Source;
use crate::memory::buffer::Buffer;
use crate::memory::free_lists;
use crate::transform::boundary;
use crate::transform::structure::Structure;
use crate::tree::Tree;

/// A function that records itself on its first call and from then on runs the
/// compiled program.
///
/// The arguments and the result are [`Tree`]s. One program is kept for each
/// structure of the arguments: shapes, dtypes and static parts. Tensors that
/// the function captures are inputs of the program and keep their values. A
/// value can't be read inside, as it isn't there yet.
///
/// ```
/// use metamlp_tensor::{Error, Tensor, jit};
/// let norm = jit(|x: Tensor| Ok(x.square().sum_all().sqrt()));
/// let x = Tensor::from_vec([2], vec![3.0f32, 4.0]);
/// assert_eq!(norm(x)?.item::<f32>()?, 5.0);
/// # Ok::<(), Error>(())
/// ```
pub fn jit<Arguments, F: Jit<Arguments>>(function: F) -> F::Compiled {
    function.compile()
}

/// Functions of up to four trees that return `Result` of a tree.
#[diagnostic::on_unimplemented(
    message = "this function cannot be compiled by `jit`",
    note = "`jit` takes functions of one to four `Tree`s that return `Result<_, metamlp::tensor::Error>` of a `Tree`"
)]
pub trait Jit<Arguments> {
    /// What `jit` gives: a function of the same arguments.
    type Compiled;
    #[doc(hidden)]
    fn compile(self) -> Self::Compiled;
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

            fn compile(self) -> Self::Compiled {
                let programs = Programs::default();
                #[allow(non_snake_case)]
                Box::new(move |$($argument: $argument),+| {
                    programs.call(($($argument,)+), |arguments| self($(arguments.$index),+))
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
struct Programs<R>(Mutex<Known<R>>);

struct Known<R> {
    /// The one that ran last: it is compared before any other is looked up.
    latest: Option<Arc<Program<R>>>,
    by_structure: FxHashMap<Structure, Arc<Program<R>>>,
}

impl<R> Default for Programs<R> {
    fn default() -> Self {
        Self(Mutex::new(Known { latest: None, by_structure: FxHashMap::default() }))
    }
}

struct Program<R> {
    structure: Structure,
    executable: Arc<Executable>,
    /// The tensors that the function captured.
    captured: Vec<Tensor>,
    /// The result of the tracing, whose tensors the values take the place of.
    result: R,
}

impl<R: Tree> Programs<R> {
    fn call<A: Tree>(&self, arguments: A, function: impl FnOnce(A) -> Result<R>) -> Result<R> {
        if boundary::is_deferred() {
            // Part of a larger recording: the outer program compiles it.
            return function(arguments);
        }
        let latest = self.known().latest.clone();
        if let Some(program) = latest
            && let Some(values) = program.structure.values_of(&arguments)
        {
            // Whatever the caller gave away is now held by `values` alone.
            drop(arguments);
            return program.run_on(values);
        }
        let structure = Structure::of(&arguments);
        let known = self.known().by_structure.get(&structure).cloned();
        let program = match known {
            Some(program) => program,
            None => {
                let program = Arc::new(Program::trace(&arguments, structure.clone(), function)?);
                self.known().by_structure.insert(structure, Arc::clone(&program));
                program
            }
        };
        self.known().latest = Some(Arc::clone(&program));
        program.run(arguments)
    }

    fn known(&self) -> MutexGuard<'_, Known<R>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Tree> Program<R> {
    fn trace<A: Tree>(
        arguments: &A,
        structure: Structure,
        function: impl FnOnce(A) -> Result<R>,
    ) -> Result<Self> {
        let mut placeholders = Vec::new();
        let abstract_arguments = arguments.map(&mut |tensor| {
            let placeholder = Tensor::placeholder(tensor.0.ty.clone());
            placeholders.push(placeholder.clone());
            placeholder
        });
        let result = boundary::tracing(|| function(abstract_arguments))?;
        let outputs = result.tensors();
        if let Some(error) = outputs.iter().find_map(|tensor| tensor.0.poison.as_deref()) {
            return Err(error.clone());
        }
        let (recording, executable) = engine::prepared(&placeholders, &outputs);
        let captured = recording.inputs().skip(placeholders.len()).cloned().collect();
        // The recorded operations are not needed any more, only the form.
        let result = result.map(&mut |tensor| Tensor::placeholder(tensor.0.ty.clone()));
        Ok(Self { structure, executable, captured, result })
    }

    /// Computes the arguments first, where they have no values yet.
    fn run<A: Tree>(&self, arguments: A) -> Result<R> {
        let tensors = arguments.tensors();
        boundary::compute(&tensors)?;
        drop(arguments);
        let mut values = free_lists::take_list();
        for tensor in tensors {
            values.push(value_of(tensor)?);
        }
        self.run_on(values)
    }

    /// Runs on the values of the arguments.
    fn run_on(&self, mut inputs: Vec<Buffer>) -> Result<R> {
        for captured in &self.captured {
            inputs.push(value_of(captured.clone())?);
        }
        let mut results = self.executable.run(inputs);
        let mut values = results.drain(..);
        let result = self.result.map(&mut |form| match values.next() {
            Some(value) => Tensor::concrete(form.0.ty.shape.clone(), value),
            None => form.clone(),
        });
        drop(values);
        free_lists::keep_list(results);
        Ok(result)
    }
}

fn value_of(tensor: Tensor) -> Result<Buffer> {
    let no_value = Error::NoValue { ty: tensor.0.ty.clone(), source_line: Source::at(tensor.0.location) };
    tensor.into_value().ok_or(no_value)
}
