//! Tracing a function: recording it on placeholders and compiling what it recorded.

use std::panic::Location;
use std::sync::Arc;

use crate::embedded::Executable;
use crate::engine;
use crate::error::{Error, Result};
use crate::graph::node::Tensor;
use crate::graph::{birth, mode};
use crate::transform::boundary::first_error;
use crate::tree::Tree;

/// A function that has been recorded and compiled for arguments of one structure.
pub(crate) struct Traced<R> {
    pub(crate) executable: Arc<Executable>,
    /// Tensors that the function has captured: the inputs of the program after those for the arguments. They were made
    /// before the trace began, and may not have been evaluated yet.
    pub(crate) captured: Vec<Tensor>,
    /// The result of the function, of which no tensor has a value.
    pub(crate) result: R,
}

/// Calls `function` once, with placeholders of the types of the tensors in `arguments`, and compiles what it returns.
/// `caller` is the line that asked for `transformation`.
///
/// # Errors
/// The error that `function` returns, and the first error that a tensor of its result carries.
pub(crate) fn trace<A: Tree, R: Tree, E: From<Error>>(
    transformation: &'static str,
    caller: &'static Location<'static>,
    function: impl FnOnce(A) -> Result<R, E>,
    arguments: &A,
) -> Result<Traced<R>, E> {
    let since = birth::now();
    let mut placeholders = Vec::new();
    let mut paths = arguments.tensors_with_paths().into_iter();
    let abstract_arguments = arguments.map(&mut |tensor| {
        let (path, _) = paths.next().expect("a tree is visited and mapped in one order");
        let (file, line) = (caller.file(), caller.line());
        let description = format!("argument `{path}` of the function under {transformation} ({file}:{line})");
        let placeholder = Tensor::placeholder(tensor.0.ty.clone(), Some(description.into()));
        placeholders.push(placeholder.clone());
        placeholder
    });
    let result = mode::deferred(|| function(abstract_arguments))?;
    let outputs = result.tensors();
    first_error(&outputs)?;
    let (recording, executable) = engine::prepared_since(since, &placeholders, &outputs);
    let captured = recording.inputs().skip(placeholders.len()).cloned().collect();
    Ok(Traced { executable, captured, result })
}
