//! One call of a module's method: its scope, its stack frame, and its observers
//! (interceptors, capture and the record).

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use metamlp_tensor::with_path;

use super::stack::{self, Frame, Guard};
use super::tree::{Caller, ScopeId};
use super::{Root, Scope};
use crate::__private::Seen;
use crate::module::Module;
use crate::module::capture::{INTERMEDIATES, ModuleInfo};
use crate::module::inputs::{Given, Inputs};
use crate::module::intercept::{MethodCall, Output};
use crate::module::record::CallRecord;
use crate::variables::Variables;

/// The id of the scope of a method, which belongs to no module; ids of modules begin at 1.
const NO_MODULE: u64 = 0;

/// A call of a module's method before its body runs.
///
/// Outside of `init` and `apply` the body runs too; requests of the scope are
/// then errors that its tensors carry.
pub struct Call<'m> {
    module: &'m dyn Module,
    method: &'static str,
    scope: Scope,
    called_at: Caller,
    inputs: Option<Inputs>,
}

/// A module. A trait of its own, so that an error does not list all implementations of [`Module`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a module",
    label = "`#[compact]` needs a module",
    note = "put `#[module]` on the struct: `#[module] struct {Self} {{ .. }}`"
)]
pub trait Entered: Module {}

#[diagnostic::do_not_recommend]
impl<M: Module> Entered for M {}

impl<'m> Call<'m> {
    /// Finds the module's scope; `describe` adds the arguments for observers.
    #[track_caller]
    pub fn new<M: Entered>(module: &'m M, method: &'static str, describe: impl FnOnce(&mut Inputs)) -> Self {
        let scope = Scope::of(module.handle());
        let inputs = scope.frame.as_ref().filter(|frame| sees_inputs(frame)).map(|_| {
            let mut inputs = Inputs::default();
            describe(&mut inputs);
            inputs
        });
        Self { module, method, scope, called_at: Location::caller(), inputs }
    }

    /// Runs the method's body in the scope. `output` reports its output to observers.
    pub fn run<R>(self, body: impl FnOnce(&Given) -> R, output: impl FnOnce(&R) -> Seen<R>) -> R {
        let Self { module, method, scope, called_at, inputs } = self;
        let Some(frame) = &scope.frame else { return body(&Given::OWN) };
        let (path, _running) = Running::begin(frame, module, method, called_at);
        run_seen(&scope, frame, method, &path, inputs, body, output)
    }

    /// Runs the body in a scope below that is named like the method, as the call of
    /// a submodule without a struct.
    pub fn run_in_name_scope<R>(
        self,
        body: impl FnOnce(&Given) -> R,
        output: impl FnOnce(&R) -> Seen<R>,
    ) -> R {
        let Self { module, method, scope, called_at, inputs } = self;
        let Some(frame) = &scope.frame else { return body(&Given::OWN) };
        let (_, _running) = Running::begin(frame, module, method, called_at);
        let below = frame.root.state().bind_method(frame.scope, method, called_at);
        let frame = Frame { scope: below, ..frame.clone() };
        let (path, _, _running_below) = Running::begin_at(&frame, NO_MODULE, "call", called_at);
        let scope = Scope {
            frame: Some(frame.clone()),
            class: "CompactNameScope",
            made_at: called_at,
            given_name: None,
        };
        run_seen(&scope, &frame, "call", &path, inputs, body, output)
    }
}

/// Runs a body, with observers if there are any.
fn run_seen<R>(
    scope: &Scope,
    frame: &Frame,
    method: &'static str,
    path: &Arc<str>,
    inputs: Option<Inputs>,
    body: impl FnOnce(&Given) -> R,
    output: impl FnOnce(&R) -> Seen<R>,
) -> R {
    let body = |given: &Given| with_path(path, || body(given));
    match inputs {
        None if frame.root.capture.is_none() => body(&Given::OWN),
        inputs => observe(scope, frame, method, inputs.unwrap_or_default(), body, output),
    }
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = self.module.handle().identity().class;
        f.debug_struct("Call").field("class", &class).field("method", &self.method).finish_non_exhaustive()
    }
}

fn sees_inputs(frame: &Frame) -> bool {
    frame.root.record.is_some() || !frame.interceptors.list().is_empty()
}

/// Runs a body with observers.
fn observe<R>(
    scope: &Scope,
    frame: &Frame,
    method: &'static str,
    inputs: Inputs,
    body: impl FnOnce(&Given) -> R,
    see: impl FnOnce(&R) -> Seen<R>,
) -> R {
    let path = scope.path();
    let class = scope.class;
    let module = ModuleInfo { class, path: &path };
    let record = frame.root.record.as_ref().map(|record| {
        let call = CallRecord {
            path: path.clone(),
            class,
            method,
            inputs: inputs.clone(),
            output: None,
            before: frame.root.state().seen(),
            after: Variables::new(),
        };
        (record, record.begin(call))
    });

    let mut once = Some((body, see));
    let mut result = None;
    let mut run = |given: Given| {
        let (body, see) = once.take()?;
        let output = body(&given);
        let Seen { entry, map } = see(&output);
        result = Some((output, map));
        entry
    };
    let interceptors = frame.interceptors.list();
    let output = MethodCall::new(module, method, inputs, interceptors, &mut run).proceed();
    let (own, map, output) = match (result, once) {
        (Some((own, map)), _) => (own, map, output),
        // An interceptor returned the output of another call: run the method nevertheless.
        (None, Some((body, see))) => {
            let own = body(&Given::OWN);
            let Seen { entry, map } = see(&own);
            (own, map, Output::of(entry))
        }
        // The interceptor also caught the method's panic: there is no output to return.
        (None, None) => {
            panic!("`{method}` panicked, and its interceptor returned the output of another call")
        }
    };

    if let Some((record, position)) = record {
        record.end(position, output.entry(), frame.root.state().seen());
    }
    if let Some(capture) = &frame.root.capture
        && capture.takes(&module, method)
        && let Some(entry) = output.entry()
    {
        scope.sow(INTERMEDIATES, method, entry.clone());
    }
    match output.changed() {
        None => own,
        Some(tensors) => {
            let mut tensors = tensors.into_iter();
            let mut replace = |tensor: &_| tensors.next().unwrap_or_else(|| Clone::clone(tensor));
            map(&own, &mut replace).unwrap_or(own)
        }
    }
}

/// Names the modules in a module's fields, depth first. The first field that
/// holds a module owns it, in any order of calls.
pub(crate) fn bind_fields<M: Module + ?Sized>(root: &Root, scope: ScopeId, module: &M) {
    module.submodules(&mut |field, submodule| {
        let below = root.state().bind_field(scope, field, submodule.handle().identity());
        if let Some(below) = below {
            bind_fields(root, below, submodule);
        }
    });
}

/// A running method, which ends when this is dropped.
struct Running {
    root: Arc<Root>,
    scope: ScopeId,
    _guard: Guard,
}

impl Running {
    fn begin(
        frame: &Frame,
        module: &dyn Module,
        method: &'static str,
        called_at: Caller,
    ) -> (Arc<str>, Self) {
        let id = module.handle().identity().id;
        let (path, has_unbound_fields, running) = Self::begin_at(frame, id, method, called_at);
        if has_unbound_fields {
            bind_fields(&frame.root, frame.scope, module);
        }
        (path, running)
    }

    /// Returns the scope's path, and true if the module's fields are to be bound.
    fn begin_at(
        frame: &Frame,
        module: u64,
        method: &'static str,
        called_at: Caller,
    ) -> (Arc<str>, bool, Self) {
        let Frame { root, scope, interceptors, .. } = frame;
        let (path, has_unbound_fields) = root.state().begin(*scope, module, method, called_at);
        let frame = Frame {
            root: Arc::clone(root),
            scope: *scope,
            running: Some((module, method)),
            interceptors: interceptors.clone(),
        };
        let running = Self { root: Arc::clone(root), scope: *scope, _guard: stack::push(frame) };
        (path, has_unbound_fields, running)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.root.state().end(self.scope);
    }
}
