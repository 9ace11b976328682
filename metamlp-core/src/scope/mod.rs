//! The ambient scope: the place of the running module, with its variables and
//! random streams. The requests that can be made of it are in `requests`.

pub(crate) mod rngs;

mod blame;
mod call;
mod errors;
mod lift;
mod names;
pub(crate) mod requests;
mod root;
mod run;
mod share;
pub(crate) mod stack;
mod state;
mod store;
mod streams;
mod tree;

use std::panic::Location;
use std::sync::Arc;

use metamlp_tensor::random::Key;
use metamlp_tensor::{Source, Tensor, deferred, with_path};

pub use call::{Call, Entered};
pub(crate) use lift::Pack;
pub(crate) use root::{Purpose, Root};
pub(crate) use run::{root_frame, run, run_in};
pub(crate) use stack::{Frame, Owner};
use state::State;
pub(crate) use store::Snapshot;
use tree::Caller;
pub(crate) use tree::{ScopeId, View};

use crate::error::{Error, Line};
use crate::initializers::initializer::Initializer;
use crate::module::Module;
use crate::module::handle::{Handle, Identity};
use crate::module::requests::{requests, scope_methods};
use crate::variables::Variables;
use crate::variables::entry::Entry;
use crate::variables::spec::Spec;
use crate::variables::variable::Variable;

/// A module's place while a model runs: its path, its variables, its random streams.
///
/// [`Scope::current`] is the place of the innermost running module. The same
/// requests are methods of [`Module`](crate::Module), where they are documented
/// and usually called (`self.param(..)`), and free functions for models that
/// are written as a function:
///
/// ```
/// use metamlp::prelude::*;
/// use metamlp::param;
///
/// /// Multiplies by a learned scalar.
/// #[compact]
/// fn scale(x: &Tensor) -> Tensor {
///     x * param("scale", initializers::ones(), [])
/// }
///
/// let variables = scale().init(Key::new(0), |m| m.call(&Tensor::spec([3], F32)))?;
/// assert_eq!(variables.to_string(), "params:\n  scale: f32[]");
/// # Ok::<(), metamlp::Error>(())
/// ```
///
/// A scope belongs to the thread that runs the model; [`enter`](Scope::enter)
/// takes it to another.
#[derive(Clone, Debug)]
pub struct Scope {
    frame: Option<Frame>,
    /// The class of the module; `a function` if only the running module is known.
    class: &'static str,
    /// The line that made the module.
    made_at: Caller,
    /// The name that the module was given in place of an automatic one.
    given_name: Option<Arc<str>>,
}

impl Scope {
    /// The innermost running module's scope. Outside of any module every
    /// request of it is an [`Error::OutsideScope`].
    #[track_caller]
    #[must_use]
    pub fn current() -> Self {
        Self { frame: stack::top(), class: "a function", made_at: Location::caller(), given_name: None }
    }

    /// The scope of a module. A module that has none gets one now.
    #[track_caller]
    pub(crate) fn of(module: &Handle) -> Self {
        let identity = module.identity();
        let caller = Location::caller();
        let frame = stack::top_of(identity.id).or_else(|| Self::bind(identity, caller));
        Self {
            frame,
            class: identity.class,
            made_at: identity.location,
            given_name: identity.given_name().cloned(),
        }
    }

    /// The frame of a module that is not the one that runs on top.
    fn bind(identity: &Arc<Identity>, caller: Caller) -> Option<Frame> {
        let bind = |state: &mut State, frame: Frame| {
            let scope = state.bind(identity, frame.scope, frame.running.is_some(), caller)?;
            Some((frame, scope))
        };
        let owned = stack::tops().find_map(|frame| {
            let root = Arc::clone(&frame.root);
            let mut state = root.state();
            state.is_bound(identity).then(|| bind(&mut state, frame))
        });
        let bound = owned.unwrap_or_else(|| {
            let frame = stack::top()?;
            let root = Arc::clone(&frame.root);
            bind(&mut root.state(), frame)
        });
        bound.map(|(frame, scope)| Frame { scope, running: Some((identity.id, "")), ..frame })
    }

    /// Runs `f` as if this scope's module called it, on this thread.
    ///
    /// For work that a module hands to other threads. The automatic names of
    /// modules that threads make in parallel depend on timing: name them, or make them beforehand.
    ///
    /// ```
    /// use metamlp::prelude::*;
    /// use metamlp::Scope;
    ///
    /// #[module]
    /// struct TwoTowers { left: Dense, right: Dense }
    ///
    /// #[compact]
    /// impl TwoTowers {
    ///     fn call(&self, x: &Tensor) -> Tensor {
    ///         let scope = Scope::current();
    ///         std::thread::scope(|threads| {
    ///             let left = threads.spawn(|| scope.enter(|| self.left.call(x)));
    ///             let right = self.right.call(x);
    ///             left.join().map_or(right.clone(), |left| left + right)
    ///         })
    ///     }
    /// }
    ///
    /// let model = TwoTowers::new(Dense::new(2), Dense::new(2));
    /// let variables = model.init(Key::new(0), |m| m.call(&Tensor::spec([1, 3], F32)))?;
    /// assert_eq!(variables.params().size(), 16);
    /// # Ok::<(), metamlp::Error>(())
    /// ```
    pub fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        let Some(frame) = &self.frame else { return f() };
        let path = frame.root.state().path(frame.scope);
        let _guard = stack::push(frame.clone());
        deferred(|| with_path(&path, f))
    }

    /// Keeps an error about this scope's module that is reported at `location`.
    pub(crate) fn fail(&self, location: Caller, error: impl FnOnce(Source) -> Error) -> Error {
        match &self.frame {
            Some(Frame { root, scope, .. }) => {
                let at = root.state().source(*scope, location);
                root.fail(error(at))
            }
            None => error(Source::at(location)),
        }
    }

    /// Runs `f` in the scope. The root keeps the first error; `what` names the request in an error.
    fn attempt<R>(
        &self,
        location: Caller,
        what: impl FnOnce() -> String,
        f: impl FnOnce(&Root, ScopeId) -> Result<R, Error>,
    ) -> Result<R, Error> {
        match &self.frame {
            Some(Frame { root, scope, .. }) if root.is_running() => {
                f(root, *scope).map_err(|error| root.fail(error))
            }
            Some(Frame { root, scope, .. }) => {
                let error = Error::EndedScope { what: what(), at: root.state().source(*scope, location) };
                let asking = stack::top().filter(|asking| asking.root.is_running());
                Err(asking.map_or(error.clone(), |asking| asking.root.fail(error)))
            }
            None => {
                let line = if blame::is_own(location) { self.made_at } else { location };
                Err(Error::OutsideScope { class: self.class, what: what(), location: Line(line) })
            }
        }
    }

    requests!(scope_methods);
}
