//! What surrounds a module's method: its scope, its place on the stack, the
//! capture of its output.

use std::panic::Location;
use std::sync::Arc;

use metamlp_tensor::with_path;

use super::stack::{self, Frame, Guard};
use super::state::{Caller, ScopeId};
use super::{Root, Scope};
use crate::capture::{INTERMEDIATES, ModuleInfo};
use crate::entry::Entry;
use crate::module::Module;

/// Runs a method's body in the module's scope. `entry` is what capture stores of the output.
///
/// Outside of `init` and `apply` the body runs as it is: what it asks of a
/// scope is an error that its tensors carry.
#[track_caller]
pub fn enter<M: Module + ?Sized, R>(
    module: &M,
    method: &'static str,
    body: impl FnOnce() -> R,
    entry: impl FnOnce(&R) -> Option<Entry>,
) -> R {
    let scope = Scope::of(module.handle());
    let Some(Frame { root, scope: id, .. }) = &scope.frame else { return body() };
    let (path, running) = Running::begin(root, *id, module, method, Location::caller());
    let output = with_path(&path, body);
    if let Some(capture) = &root.capture {
        let path = scope.path();
        let class = module.handle().identity().class;
        if capture.takes(&ModuleInfo { class, path: &path }, method)
            && let Some(entry) = entry(&output)
        {
            scope.sow(INTERMEDIATES, method, entry);
        }
    }
    drop(running);
    output
}

/// Gives the fields of the model itself their names.
pub(crate) fn bind_fields<M: Module + ?Sized>(root: &Arc<Root>, scope: ScopeId, module: &M) {
    module.submodules(&mut |field, handle| {
        root.state().bind_field(scope, field, handle.identity());
    });
}

/// A method that is running; the end of it is the drop.
struct Running {
    root: Arc<Root>,
    scope: ScopeId,
    _guard: Guard,
}

impl Running {
    fn begin<M: Module + ?Sized>(
        root: &Arc<Root>,
        scope: ScopeId,
        module: &M,
        method: &'static str,
        called_at: Caller,
    ) -> (Arc<str>, Self) {
        let id = module.handle().identity().id;
        let (path, has_unbound_fields) = {
            let mut state = root.state();
            let has_unbound_fields = state.begin(scope, id, method, called_at);
            (state.path(scope), has_unbound_fields)
        };
        if has_unbound_fields {
            bind_fields(root, scope, module);
        }
        let frame = Frame { root: Arc::clone(root), scope, running: Some((id, method)) };
        let running = Self { root: Arc::clone(root), scope, _guard: stack::push(frame) };
        (path, running)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.root.state().end(self.scope);
    }
}
