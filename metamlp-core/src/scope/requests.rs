//! The requests that a module can make of its scope, carried out: variables,
//! streams, names. Signatures and documentation are in the table of `module::requests`.

use metamlp_tensor::random::Key;
use metamlp_tensor::{Tensor, U32};

use super::tree::Caller;
use super::{Frame, Scope};
use crate::argument::poisoned;
use crate::error::{Error, Kind};
use crate::initializers::initializer::Initializer;
use crate::module::Module;
use crate::scope::rngs::PARAMS;
use crate::variables::Variables;
use crate::variables::entry::Entry;
use crate::variables::spec::Spec;
use crate::variables::variable::Variable;

/// The collection of the variables that `perturb` adds.
const PERTURBATIONS: &str = "perturbations";

pub(crate) fn param(
    scope: &Scope,
    location: Caller,
    name: &str,
    init: impl Into<Initializer>,
    spec: impl Into<Spec>,
) -> Tensor {
    let spec = spec.into();
    scope
        .attempt(
            location,
            || format!("the parameter `{name}`"),
            |root, id| {
                let key = {
                    let mut state = root.state();
                    let params = state.collection(PARAMS);
                    state.claim_variable(id, Kind::Param, params, name, false, location)?;
                    match state.find(id, params, name) {
                        Some(Entry::Tensor(stored)) if stored.shape() == spec.shape() => return Ok(stored),
                        Some(Entry::Tensor(stored)) => {
                            return Err(Error::ParamShape {
                                name: name.to_owned(),
                                expected: spec.shape().to_vec(),
                                found: stored.shape().to_vec(),
                                input: spec.input().map(|input| Entry::from(input).kind().into()),
                                at: state.source(id, location),
                            });
                        }
                        Some(other) => {
                            return Err(state.wrong_kind(id, params, name, &other, "a tensor", location));
                        }
                        None if state.is_mutable(id, params) => state.draw(id, PARAMS, location)?,
                        None => return Err(state.not_found(id, params, name, location)),
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
                        at: state.source(id, location),
                    });
                }
                let params = state.collection(PARAMS);
                state.put(id, params, name, value.clone().into(), location)?;
                Ok(value)
            },
        )
        .unwrap_or_else(|error| Tensor::poison(error.into(), spec.shape(), spec.dtype()))
}

pub(crate) fn variable<E: Into<Entry>>(
    scope: &Scope,
    location: Caller,
    collection: &str,
    name: &str,
    init: impl FnOnce() -> E,
) -> Variable {
    let what = || format!("the variable `{collection}/{name}`");
    let missing = scope.attempt(location, what, |root, id| {
        let mut state = root.state();
        let position = state.collection(collection);
        state.claim_variable(id, Kind::Variable, position, name, false, location)?;
        match state.find(id, position, name) {
            Some(_) => Ok(false),
            None if state.is_mutable(id, position) => Ok(true),
            None => Err(state.not_found(id, position, name, location)),
        }
    });
    let fallback = match missing {
        Ok(false) => None,
        Ok(true) => {
            put(scope, collection, name, init().into(), location);
            None
        }
        Err(error) => Some(match init().into() {
            Entry::Tensor(guess) => Tensor::poison(error.into(), guess.shape(), guess.dtype()),
            Entry::Tuple(_) | Entry::Map(_) => poisoned(error),
        }),
    };
    Variable::new(scope.clone(), collection, name, fallback)
}

pub(crate) fn make_rng(scope: &Scope, location: Caller, stream: &str) -> Key {
    let what = || format!("a key of the stream `{stream}`");
    scope
        .attempt(location, what, |root, id| root.state().draw(id, stream, location))
        .unwrap_or_else(|error| Key::from_tensor(Tensor::poison(error.into(), [2], U32)))
}

pub(crate) fn has_rng(scope: &Scope, _: Caller, stream: &str) -> bool {
    scope.frame.as_ref().is_some_and(|Frame { root, scope: id, .. }| root.state().has_rng(*id, stream))
}

pub(crate) fn sow(
    scope: &Scope,
    location: Caller,
    collection: &str,
    name: &str,
    value: impl Into<Entry>,
) -> bool {
    reduce_sown(scope, collection, name, location, |sown, mismatch| match sown {
        None => Ok(vec![value.into()].into()),
        Some(Entry::Tuple(mut values)) => {
            values.push(value);
            Ok(Entry::Tuple(values))
        }
        Some(other) => Err(mismatch(&other, "a tuple")),
    })
}

pub(crate) fn sow_with(
    scope: &Scope,
    location: Caller,
    collection: &str,
    name: &str,
    value: &Tensor,
    init: impl FnOnce() -> Tensor,
    reduce: impl FnOnce(&Tensor, &Tensor) -> Tensor,
) -> bool {
    reduce_sown(scope, collection, name, location, |sown, mismatch| match sown {
        None => Ok(reduce(&init(), value).into()),
        Some(Entry::Tensor(sum)) => Ok(reduce(&sum, value).into()),
        Some(other) => Err(mismatch(&other, "a tensor")),
    })
}

pub(crate) fn perturb(scope: &Scope, location: Caller, name: &str, value: &Tensor) -> Tensor {
    scope
        .attempt(
            location,
            || format!("the perturbation `{name}`"),
            |root, id| {
                let mut state = root.state();
                let position = state.collection(PERTURBATIONS);
                if state.is_mutable(id, position) && state.find(id, position, name).is_none() {
                    state.claim_variable(id, Kind::Variable, position, name, true, location)?;
                    let zeros = Tensor::zeros(value.shape(), value.dtype());
                    state.put(id, position, name, zeros.into(), location)?;
                }
                if !state.is_present(id, position) {
                    return Ok(value.clone());
                }
                match state.find(id, position, name) {
                    Some(Entry::Tensor(perturbation)) => Ok(value + perturbation),
                    Some(other) => Err(state.wrong_kind(id, position, name, &other, "a tensor", location)),
                    None => Err(state.not_found(id, position, name, location)),
                }
            },
        )
        .unwrap_or_else(|error| Tensor::poison(error.into(), value.shape(), value.dtype()))
}

pub(crate) fn get_variable(scope: &Scope, location: Caller, collection: &str, name: &str) -> Option<Entry> {
    let what = || format!("the variable `{collection}/{name}`");
    let found = scope.attempt(location, what, |root, id| {
        let mut state = root.state();
        let position = state.collection(collection);
        Ok(state.find(id, position, name))
    });
    found.ok().flatten()
}

pub(crate) fn has_variable(scope: &Scope, location: Caller, collection: &str, name: &str) -> bool {
    get_variable(scope, location, collection, name).is_some()
}

pub(crate) fn put_variable(
    scope: &Scope,
    location: Caller,
    collection: &str,
    name: &str,
    value: impl Into<Entry>,
) {
    put(scope, collection, name, value.into(), location);
}

pub(crate) fn is_initializing(scope: &Scope, _: Caller) -> bool {
    scope.frame.as_ref().is_some_and(|Frame { root, .. }| root.is_initializing)
}

pub(crate) fn is_mutable_collection(scope: &Scope, _: Caller, collection: &str) -> bool {
    scope.frame.as_ref().is_some_and(|Frame { root, scope: id, .. }| {
        let mut state = root.state();
        let position = state.collection(collection);
        state.is_mutable(*id, position)
    })
}

pub(crate) fn path(scope: &Scope, _: Caller) -> String {
    match &scope.frame {
        Some(Frame { root, scope: id, .. }) => root.state().path_below_root(*id).to_owned(),
        None => String::new(),
    }
}

pub(crate) fn name(scope: &Scope, _: Caller) -> Option<String> {
    let name =
        scope.frame.as_ref().and_then(|Frame { root, scope: id, .. }| root.state().name_of(*id).cloned());
    name.or_else(|| scope.given_name.clone()).map(|name| name.to_string())
}

pub(crate) fn variables(scope: &Scope, _: Caller) -> Variables {
    match &scope.frame {
        Some(Frame { root, scope: id, .. }) => root.state().variables(*id),
        None => Variables::new(),
    }
}

#[track_caller]
pub(crate) fn share_scope(scope: &Scope, location: Caller, other: &(impl Module + ?Sized)) {
    let other = other.handle();
    let class = other.identity().class;
    let what = || format!("the scope of {class}");
    let other = Scope::of(other).frame;
    // The root keeps the error: no tensor here could carry it.
    let _ = scope.attempt(location, what, |root, id| {
        let other = other.filter(|Frame { root: other, .. }| other.id == root.id);
        root.state().share(id, other.map(|frame| frame.scope), class, location)
    });
}

/// Writes a variable.
pub(crate) fn put(scope: &Scope, collection: &str, name: &str, value: Entry, location: Caller) {
    let what = || format!("writing the variable `{collection}/{name}`");
    // The root keeps the error: no tensor here could carry it.
    let _ = scope.attempt(location, what, |root, id| {
        let mut state = root.state();
        let position = state.collection(collection);
        state.put(id, position, name, value, location)
    });
}

/// The error of a variable that was read as a tensor and is `found`, or is missing.
pub(crate) fn not_a_tensor(
    scope: &Scope,
    collection: &str,
    name: &str,
    found: Option<Entry>,
    location: Caller,
) -> Error {
    let what = || format!("the variable `{collection}/{name}`");
    let failed = scope.attempt(location, what, |root, id| -> Result<(), _> {
        let mut state = root.state();
        let position = state.collection(collection);
        Err(match found {
            Some(found) => state.wrong_kind(id, position, name, &found, "a tensor", location),
            None => state.not_found(id, position, name, location),
        })
    });
    failed.expect_err("the closure returns an error")
}

/// Replaces the entry that was sown under a name by the result of `reduce`. True if the collection is mutable.
fn reduce_sown(
    scope: &Scope,
    collection: &str,
    name: &str,
    location: Caller,
    reduce: impl FnOnce(Option<Entry>, &dyn Fn(&Entry, &'static str) -> Error) -> Result<Entry, Error>,
) -> bool {
    let what = || format!("sowing `{collection}/{name}`");
    let sown = scope.attempt(location, what, |root, id| {
        let (position, sown) = {
            let mut state = root.state();
            let position = state.collection(collection);
            if !state.is_mutable(id, position) {
                return Ok(false);
            }
            state.claim_variable(id, Kind::Variable, position, name, true, location)?;
            (position, state.find(id, position, name))
        };
        let mismatch =
            |found: &Entry, expected| root.state().wrong_kind(id, position, name, found, expected, location);
        let value = reduce(sown, &mismatch)?;
        root.state().put(id, position, name, value, location)?;
        Ok(true)
    });
    sown.unwrap_or(false)
}
