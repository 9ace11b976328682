//! Runs one call of `init` or `apply`, up to the evaluation of its output.

use std::panic::Location;
use std::sync::Arc;

use metamlp_tensor::{Tensor, Tree, deferred};

use super::blame;
use super::call::bind_fields;
use super::root::{Purpose, Root};
use super::stack::{self, Frame};
use super::tree::ScopeId;
use crate::error::{Error, Line, Result};
use crate::module::Module;
use crate::module::options::Options;
use crate::variables::Variables;

/// Runs `f` on the module in a new root scope. Returns the output and the mutable
/// collections, not evaluated.
#[track_caller]
pub(crate) fn run<M: Module, R: Tree>(
    module: &M,
    purpose: Purpose<'_>,
    options: Options,
    f: impl FnOnce(&M) -> R,
) -> Result<(R, Variables)> {
    let location = Line(Location::caller());
    let frame = root_frame(module, purpose, options);
    let root = Arc::clone(&frame.root);
    let done = run_in(frame, || f(module))?;
    match root.unknown_mutable() {
        Some((collection, available)) => Err(Error::UnknownMutable { collection, available, location }),
        None => Ok(done),
    }
}

/// The frame of a new root in which no method runs yet.
pub(crate) fn root_frame<M: Module>(module: &M, purpose: Purpose<'_>, options: Options) -> Frame {
    let interceptors = options.interceptors().clone();
    let root = Root::new(module.handle().identity(), purpose, options);
    bind_fields(&root, ScopeId::ROOT, module);
    Frame { root, scope: ScopeId::ROOT, running: None, interceptors }
}

/// Runs `f`, which calls methods of the module at that frame's scope.
pub(crate) fn run_in<R: Tree>(frame: Frame, f: impl FnOnce() -> R) -> Result<(R, Variables)> {
    let root = Arc::clone(&frame.root);
    let output = {
        let _running = root.start();
        let _guard = stack::push(frame);
        deferred(f)
    };
    let mut state = root.state();
    let updates = state.updates();
    let carried = first_error(&output).or_else(|| first_error(&updates)).map(|error| match error {
        Error::Tensor(error) => Error::Tensor(blame::blame(&state.tree, error)),
        own => own,
    });
    match (state.take_error(), carried) {
        // The shape asked for may be the guess of a tensor with an error, which is then the cause.
        (Some(Error::ParamShape { .. }), Some(error @ Error::Tensor(_))) => Err(error),
        (Some(error), _) | (None, Some(error)) => Err(error),
        (None, None) => Ok((output, updates)),
    }
}

/// The first error that a tensor of the tree carries, known without computing anything.
fn first_error(tree: &impl Tree) -> Option<Error> {
    let mut first = None;
    tree.for_each(&mut |tensor: &Tensor| {
        if first.is_none() {
            first = tensor.error().map(|error| error.clone().into());
        }
    });
    first
}
