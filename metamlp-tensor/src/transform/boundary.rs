//! Boundaries: the places where lazy tensors are evaluated. These are reading a value, and returning tensors to the user
//! from `evaluate`, `init`, `apply`, `grad` or an optimizer.
//!
//! Inside of a transformation that is tracing, or of an outer boundary, a boundary evaluates nothing: the outermost one
//! evaluates everything in one program.

use std::panic::Location;

use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use crate::engine;
use crate::error::{Error, Result};
use crate::graph::mode::is_deferred;
use crate::graph::node::{Expression, Node, Tensor};
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
#[track_caller]
pub fn evaluate<T: Tree>(tree: T) -> Result<T> {
    evaluate_for(tree, Location::caller())
}

/// [`evaluate`] for the line `caller`.
pub(crate) fn evaluate_for<T: Tree>(tree: T, caller: &'static Location<'static>) -> Result<T> {
    let mut tensors: SmallVec<[Tensor; 8]> = SmallVec::new();
    tree.for_each(&mut |tensor| tensors.push(tensor.clone()));
    if is_deferred() {
        first_error(&tensors)?;
    } else {
        compute(&tensors, caller)?;
    }
    Ok(tree)
}

/// Evaluates the tensors, also inside of a transformation or an outer boundary. `caller` is the line that reads them.
pub(crate) fn compute(tensors: &[Tensor], caller: &'static Location<'static>) -> Result<()> {
    first_error(tensors)?;
    let mut pending: SmallVec<[Tensor; 8]> =
        tensors.iter().filter(|tensor| tensor.0.value.get().is_none()).cloned().collect();
    if pending.is_empty() {
        return Ok(());
    }
    let (mut recording, mut executable) = engine::prepared(&[], &pending);
    if !recording.repeated().is_empty() {
        // These are computed a second time: their values are kept now, so that a loop that never reads them does not
        // repeat all its iterations in each one.
        let mut known: FxHashSet<usize> = pending.iter().map(Tensor::address).collect();
        let repeated = recording.repeated().iter().filter(|tensor| known.insert(tensor.address()));
        pending.extend(repeated.cloned());
        (recording, executable) = engine::prepared(&[], &pending);
    }
    let mut inputs = free_lists::take_list();
    for leaf in recording.inputs() {
        match leaf.0.value.get() {
            Some(value) => inputs.push(value.clone()),
            None => return Err(no_value(leaf, caller)),
        }
    }
    let mut values =
        executable.run(inputs).map_err(|refused| refused.at(Source::at(pending[0].0.location)))?;
    assert_eq!(values.len(), pending.len(), "a program returns a value for each of its outputs");
    for (tensor, value) in pending.iter().zip(values.drain(..)) {
        tensor.0.set_value(value);
    }
    recording.set_computed();
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

/// The error of reading, at the line `caller`, a value that depends on `placeholder`.
pub(crate) fn no_value(placeholder: &Tensor, caller: &'static Location<'static>) -> Error {
    let Node { ty, location, .. } = &*placeholder.0;
    let Expression::Placeholder(argument) = &*placeholder.0.expression() else {
        unreachable!("an input of a recording has a value or is a placeholder");
    };
    Error::NoValue {
        ty: ty.clone(),
        argument: argument.clone(),
        made: Source::of(location),
        source_line: Source::at(caller),
    }
}
