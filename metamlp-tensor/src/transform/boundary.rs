//! Boundaries: the places where lazy tensors are evaluated. These are reading a value, and returning tensors to the user
//! from `evaluate`, `init`, `apply`, `grad` or an optimizer.
//!
//! Inside of a transformation that is tracing, or of an outer boundary, a boundary evaluates nothing: the outermost one
//! evaluates everything in one program.

use smallvec::SmallVec;

use crate::engine;
use crate::error::{Error, Result};
use crate::graph::mode::is_deferred;
use crate::graph::node::{Expression, Tensor};
use crate::graph::source::Source;
use crate::memory::free_lists;
use crate::tree::Tree;

/// Evaluates all tensors of `tree` in one program and returns the tree.
///
/// Inside of a transformation, or of a module's `init` or `apply`, it evaluates nothing and leaves that to the outer
/// boundary.
///
/// # Errors
/// The first error that a tensor of the tree carries, also if nothing is evaluated. [`Error::NoValue`] if a tensor depends
/// on a [`spec`](Tensor::spec).
///
/// ```
/// use metamlp_tensor::{F32, Tensor, evaluate};
/// let x = Tensor::ones([3], F32);
/// let (sum, double) = evaluate((x.sum_all(), &x * 2.0))?;
/// assert_eq!(sum.item::<f32>()?, 3.0);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
pub fn evaluate<T: Tree>(tree: T) -> Result<T> {
    let mut tensors: SmallVec<[Tensor; 8]> = SmallVec::new();
    tree.for_each(&mut |tensor| tensors.push(tensor.clone()));
    if is_deferred() {
        first_error(&tensors)?;
    } else {
        compute(&tensors)?;
    }
    Ok(tree)
}

/// Evaluates the tensors, also inside of a transformation or an outer boundary.
pub(crate) fn compute(tensors: &[Tensor]) -> Result<()> {
    first_error(tensors)?;
    let pending: SmallVec<[Tensor; 8]> =
        tensors.iter().filter(|tensor| tensor.0.value.get().is_none()).cloned().collect();
    if pending.is_empty() {
        return Ok(());
    }
    let (recording, executable) = engine::prepared(&[], &pending);
    let mut inputs = free_lists::take_list();
    for leaf in recording.inputs() {
        match leaf.0.value.get() {
            Some(value) => inputs.push(value.clone()),
            None => return Err(no_value(leaf)),
        }
    }
    drop(recording);
    let mut values =
        executable.run(inputs).map_err(|refused| refused.at(Source::at(pending[0].0.location)))?;
    assert_eq!(values.len(), pending.len(), "a program returns a value for each of its outputs");
    for (tensor, value) in pending.iter().zip(values.drain(..)) {
        tensor.0.set_value(value);
    }
    free_lists::keep_list(values);
    Ok(())
}

/// Returns the first error that one of the tensors carries.
pub(crate) fn first_error(tensors: &[Tensor]) -> Result<()> {
    match tensors.iter().find_map(|tensor| tensor.0.poison.as_deref()) {
        Some(error) => Err(error.clone()),
        None => Ok(()),
    }
}

fn no_value(leaf: &Tensor) -> Error {
    assert!(
        matches!(*leaf.0.expression(), Expression::Placeholder),
        "an input of a recording has a value or is a placeholder"
    );
    Error::NoValue { ty: leaf.0.ty.clone(), source_line: Source::at(leaf.0.location) }
}
