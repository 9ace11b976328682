//! The ambient scope: where the running module's variables and streams are.
//! What a module can ask for is here; [`Module`](crate::Module)'s methods and
//! the free functions only forward to it.

pub(crate) mod rngs;

mod blame;
mod call;
mod errors;
mod lift;
mod names;
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
use metamlp_tensor::{Source, Tensor, U32, deferred, with_path};

pub use call::{Call, Entered};
pub(crate) use lift::Pack;
pub(crate) use root::{Purpose, Root};
pub(crate) use run::{root_frame, run, run_in};
pub(crate) use stack::{Frame, Owner};
use state::State;
pub(crate) use store::Snapshot;
use tree::Caller;
pub(crate) use tree::{ScopeId, View};

use crate::error::{Error, Kind, Line};
use crate::initializers::initializer::Initializer;
use crate::module::handle::Handle;
use crate::scope::rngs::PARAMS;
use crate::variables::Variables;
use crate::variables::entry::Entry;
use crate::variables::spec::Spec;
use crate::variables::variable::Variable;

/// A module's place while a model runs: its path, its variables, its streams.
///
/// [`Scope::current`] is the innermost module's. Each of the methods is also
/// one of [`Module`](crate::Module), which is how they are mostly written
/// (`self.param(..)`), and there they are described. A scope is kept by the
/// thread that runs the model; [`enter`](Scope::enter) takes it to another.
#[derive(Clone, Debug)]
pub struct Scope {
    frame: Option<Frame>,
    class: &'static str,
    /// Where the module was made.
    made_at: Caller,
}

impl Scope {
    /// The innermost running module's scope. Outside of any, everything that
    /// is asked of it is an [`Error::OutsideScope`].
    #[track_caller]
    #[must_use]
    pub fn current() -> Self {
        Self { frame: stack::top(), class: "a function", made_at: Location::caller() }
    }

    /// The scope of a module: the one it has, or gets by being asked for.
    #[track_caller]
    pub(crate) fn of(module: &Handle) -> Self {
        let identity = module.identity();
        let (class, made_at) = (identity.class, identity.location);
        if let Some(frame) = stack::top_of(identity.id) {
            return Self { frame: Some(frame), class, made_at };
        }
        let caller = Location::caller();
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
        let frame = bound.map(|(frame, scope)| Frame { scope, running: Some((identity.id, "")), ..frame });
        Self { frame, class, made_at }
    }

    /// Runs `f` as if this scope's module called it, on this thread.
    ///
    /// For work that a module hands to other threads. Modules that are made in
    /// parallel are numbered as it happens: name them, or make them beforehand.
    ///
    /// ```
    /// use metamlp::prelude::*;
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

    /// See [`Module::param`](crate::Module::param).
    #[track_caller]
    pub fn param(&self, name: &str, init: impl Into<Initializer>, spec: impl Into<Spec>) -> Tensor {
        let location = Location::caller();
        let spec = spec.into();
        self.attempt(
            location,
            || format!("the parameter `{name}`"),
            |root, scope| {
                let key = {
                    let mut state = root.state();
                    let params = state.collection(PARAMS);
                    state.claim_variable(scope, Kind::Param, params, name, false, location)?;
                    match state.find(scope, params, name) {
                        Some(Entry::Tensor(stored)) if stored.shape() == spec.shape() => return Ok(stored),
                        Some(Entry::Tensor(stored)) => {
                            return Err(Error::ParamShape {
                                name: name.to_owned(),
                                expected: spec.shape().to_vec(),
                                found: stored.shape().to_vec(),
                                input: spec.input().map(|input| Entry::from(input).kind().into()),
                                at: state.source(scope, location),
                            });
                        }
                        Some(other) => {
                            return Err(state.wrong_kind(scope, params, name, &other, "a tensor", location));
                        }
                        None if state.is_mutable(scope, params) => state.draw(scope, PARAMS, location)?,
                        None => return Err(state.not_found(scope, params, name, location)),
                    }
                };
                let value = if root.is_abstract {
                    Tensor::spec(spec.shape(), spec.dtype())
                } else {
                    init.into().initialize(key, spec.shape(), spec.dtype())
                };
                let mut state = root.state();
                if value.shape() != spec.shape() {
                    return Err(Error::InitializerShape {
                        name: name.to_owned(),
                        expected: spec.shape().to_vec(),
                        found: value.shape().to_vec(),
                        at: state.source(scope, location),
                    });
                }
                let params = state.collection(PARAMS);
                state.put(scope, params, name, value.clone().into(), location)?;
                Ok(value)
            },
        )
        .unwrap_or_else(|error| Tensor::poison(error.into(), spec.shape(), spec.dtype()))
    }

    /// See [`Module::variable`](crate::Module::variable).
    #[track_caller]
    pub fn variable<E: Into<Entry>>(
        &self,
        collection: &str,
        name: &str,
        init: impl FnOnce() -> E,
    ) -> Variable {
        let location = Location::caller();
        let what = || format!("the variable `{collection}/{name}`");
        let missing = self.attempt(location, what, |root, scope| {
            let mut state = root.state();
            let position = state.collection(collection);
            state.claim_variable(scope, Kind::Variable, position, name, false, location)?;
            match state.find(scope, position, name) {
                Some(_) => Ok(false),
                None if state.is_mutable(scope, position) => Ok(true),
                None => Err(state.not_found(scope, position, name, location)),
            }
        });
        let fallback = match missing {
            Ok(false) => None,
            Ok(true) => {
                self.put_at(collection, name, init().into(), location);
                None
            }
            Err(error) => Some(match init().into() {
                Entry::Tensor(guess) => Tensor::poison(error.into(), guess.shape(), guess.dtype()),
                Entry::Tuple(_) | Entry::Map(_) => poisoned(error),
            }),
        };
        Variable::new(self.clone(), collection, name, fallback)
    }

    /// See [`Module::make_rng`](crate::Module::make_rng).
    #[track_caller]
    pub fn make_rng(&self, stream: &str) -> Key {
        let location = Location::caller();
        let what = || format!("a key of the stream `{stream}`");
        self.attempt(location, what, |root, scope| root.state().draw(scope, stream, location))
            .unwrap_or_else(|error| Key::from_tensor(Tensor::poison(error.into(), [2], U32)))
    }

    /// See [`Module::has_rng`](crate::Module::has_rng).
    #[must_use]
    pub fn has_rng(&self, stream: &str) -> bool {
        self.frame.as_ref().is_some_and(|Frame { root, scope, .. }| root.state().has_rng(*scope, stream))
    }

    /// See [`Module::sow`](crate::Module::sow).
    #[track_caller]
    pub fn sow(&self, collection: &str, name: &str, value: impl Into<Entry>) -> bool {
        let location = Location::caller();
        self.reduce(collection, name, location, |sown, mismatch| match sown {
            None => Ok(Entry::Tuple(vec![value.into()])),
            Some(Entry::Tuple(mut values)) => {
                values.push(value.into());
                Ok(Entry::Tuple(values))
            }
            Some(other) => Err(mismatch(&other, "a tuple")),
        })
    }

    /// See [`Module::sow_with`](crate::Module::sow_with).
    #[track_caller]
    pub fn sow_with(
        &self,
        collection: &str,
        name: &str,
        value: &Tensor,
        init: impl FnOnce() -> Tensor,
        reduce: impl FnOnce(&Tensor, &Tensor) -> Tensor,
    ) -> bool {
        let location = Location::caller();
        self.reduce(collection, name, location, |sown, mismatch| match sown {
            None => Ok(reduce(&init(), value).into()),
            Some(Entry::Tensor(sum)) => Ok(reduce(&sum, value).into()),
            Some(other) => Err(mismatch(&other, "a tensor")),
        })
    }

    /// See [`Module::perturb`](crate::Module::perturb).
    #[track_caller]
    #[must_use]
    pub fn perturb(&self, name: &str, value: &Tensor) -> Tensor {
        const PERTURBATIONS: &str = "perturbations";
        let location = Location::caller();
        self.attempt(
            location,
            || format!("the perturbation `{name}`"),
            |root, scope| {
                let mut state = root.state();
                let position = state.collection(PERTURBATIONS);
                if state.is_mutable(scope, position) && state.find(scope, position, name).is_none() {
                    state.claim_variable(scope, Kind::Variable, position, name, true, location)?;
                    let zeros = Tensor::zeros(value.shape(), value.dtype());
                    state.put(scope, position, name, zeros.into(), location)?;
                }
                if !state.is_present(scope, position) {
                    return Ok(value.clone());
                }
                match state.find(scope, position, name) {
                    Some(Entry::Tensor(perturbation)) => Ok(value + perturbation),
                    Some(other) => Err(state.wrong_kind(scope, position, name, &other, "a tensor", location)),
                    None => Err(state.not_found(scope, position, name, location)),
                }
            },
        )
        .unwrap_or_else(|error| Tensor::poison(error.into(), value.shape(), value.dtype()))
    }

    /// See [`Module::get_variable`](crate::Module::get_variable).
    #[track_caller]
    #[must_use]
    pub fn get_variable(&self, collection: &str, name: &str) -> Option<Entry> {
        let what = || format!("the variable `{collection}/{name}`");
        let found = self.attempt(Location::caller(), what, |root, scope| {
            let mut state = root.state();
            let position = state.collection(collection);
            Ok(state.find(scope, position, name))
        });
        found.ok().flatten()
    }

    /// See [`Module::has_variable`](crate::Module::has_variable).
    #[track_caller]
    #[must_use]
    pub fn has_variable(&self, collection: &str, name: &str) -> bool {
        self.get_variable(collection, name).is_some()
    }

    /// See [`Module::put_variable`](crate::Module::put_variable).
    #[track_caller]
    pub fn put_variable(&self, collection: &str, name: &str, value: impl Into<Entry>) {
        self.put_at(collection, name, value.into(), Location::caller());
    }

    /// See [`Module::share_scope`](crate::Module::share_scope).
    #[track_caller]
    pub(crate) fn share_with(&self, other: &Handle) {
        let location = Location::caller();
        let class = other.identity().class;
        let what = || format!("the scope of {class}");
        let other = Self::of(other).frame;
        // The error is kept by the root: nothing here could carry it.
        let _ = self.attempt(location, what, |root, scope| {
            let other = other.filter(|Frame { root: other, .. }| other.id == root.id);
            root.state().share(scope, other.map(|frame| frame.scope), class, location)
        });
    }

    /// See [`Module::is_initializing`](crate::Module::is_initializing).
    #[must_use]
    pub fn is_initializing(&self) -> bool {
        self.frame.as_ref().is_some_and(|Frame { root, .. }| root.is_initializing)
    }

    /// See [`Module::is_mutable_collection`](crate::Module::is_mutable_collection).
    #[must_use]
    pub fn is_mutable_collection(&self, collection: &str) -> bool {
        self.frame.as_ref().is_some_and(|Frame { root, scope, .. }| {
            let mut state = root.state();
            let position = state.collection(collection);
            state.is_mutable(*scope, position)
        })
    }

    /// See [`Module::path`](crate::Module::path).
    #[must_use]
    pub fn path(&self) -> String {
        match &self.frame {
            Some(Frame { root, scope, .. }) => root.state().path_below_root(*scope).to_owned(),
            None => String::new(),
        }
    }

    /// See [`Module::name`](crate::Module::name).
    #[must_use]
    pub fn name(&self) -> Option<String> {
        let Frame { root, scope, .. } = self.frame.as_ref()?;
        root.state().name_of(*scope).map(ToString::to_string)
    }

    /// See [`Module::variables`](crate::Module::variables).
    #[must_use]
    pub fn variables(&self) -> Variables {
        match &self.frame {
            Some(Frame { root, scope, .. }) => root.state().variables(*scope),
            None => Variables::new(),
        }
    }

    pub(crate) fn not_a_tensor(
        &self,
        collection: &str,
        name: &str,
        found: Option<Entry>,
        location: Caller,
    ) -> Error {
        let what = || format!("the variable `{collection}/{name}`");
        let failed = self.attempt(location, what, |root, scope| -> Result<(), _> {
            let mut state = root.state();
            let position = state.collection(collection);
            Err(match found {
                Some(found) => state.wrong_kind(scope, position, name, &found, "a tensor", location),
                None => state.not_found(scope, position, name, location),
            })
        });
        failed.unwrap_err()
    }

    pub(crate) fn put_at(&self, collection: &str, name: &str, value: Entry, location: Caller) {
        let what = || format!("writing the variable `{collection}/{name}`");
        // The error is kept by the root: nothing here could carry it.
        let _ = self.attempt(location, what, |root, scope| {
            let mut state = root.state();
            let position = state.collection(collection);
            state.put(scope, position, name, value, location)
        });
    }

    /// Replaces what was sown under a name by what `reduce` makes of it.
    fn reduce(
        &self,
        collection: &str,
        name: &str,
        location: Caller,
        reduce: impl FnOnce(Option<Entry>, &dyn Fn(&Entry, &'static str) -> Error) -> Result<Entry, Error>,
    ) -> bool {
        let what = || format!("sowing `{collection}/{name}`");
        let sown = self.attempt(location, what, |root, scope| {
            let (position, sown) = {
                let mut state = root.state();
                let position = state.collection(collection);
                if !state.is_mutable(scope, position) {
                    return Ok(false);
                }
                state.claim_variable(scope, Kind::Variable, position, name, true, location)?;
                (position, state.find(scope, position, name))
            };
            let mismatch = |found: &Entry, expected| {
                root.state().wrong_kind(scope, position, name, found, expected, location)
            };
            let value = reduce(sown, &mismatch)?;
            root.state().put(scope, position, name, value, location)?;
            Ok(true)
        });
        sown.unwrap_or(false)
    }

    /// Keeps an error about this scope's module, as that of `location`.
    pub(crate) fn fail(&self, location: Caller, error: impl FnOnce(Source) -> Error) -> Error {
        match &self.frame {
            Some(Frame { root, scope, .. }) => {
                let at = root.state().source(*scope, location);
                root.fail(error(at))
            }
            None => error(Source::at(location)),
        }
    }

    /// Runs `f` in the scope; the first error stays with the root.
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
}

/// A tensor that carries an error and nothing is known of.
pub(crate) fn poisoned(error: Error) -> Tensor {
    Tensor::poison(error.into(), [], metamlp_tensor::F32)
}
