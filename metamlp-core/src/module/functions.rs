//! What a module can ask for, as free functions: for models written as a
//! function, which have no `self`. Each acts on the innermost running module.

use metamlp_tensor::Tensor;
use metamlp_tensor::random::Key;

use crate::initializers::initializer::Initializer;
use crate::module::Module;
use crate::scope::Scope;
use crate::variables::Variables;
use crate::variables::entry::Entry;
use crate::variables::spec::Spec;
use crate::variables::variable::Variable;

/// [`Module::param`](crate::Module::param) of the running module.
///
/// ```
/// use metamlp::prelude::*;
/// use metamlp::param;
///
/// /// Multiplies by a learned number.
/// #[compact]
/// fn scale(x: &Tensor) -> Tensor {
///     x * param("scale", initializers::ones(), [])
/// }
///
/// let variables = scale().init(Key::new(0), |m| m.call(&Tensor::spec([3], F32)))?;
/// assert_eq!(variables.to_string(), "params:\n  scale: f32[]");
/// # Ok::<(), metamlp::Error>(())
/// ```
#[track_caller]
pub fn param(name: &str, init: impl Into<Initializer>, spec: impl Into<Spec>) -> Tensor {
    Scope::current().param(name, init, spec)
}

/// [`Module::variable`](crate::Module::variable) of the running module.
#[track_caller]
pub fn variable<E: Into<Entry>>(collection: &str, name: &str, init: impl FnOnce() -> E) -> Variable {
    Scope::current().variable(collection, name, init)
}

/// [`Module::make_rng`](crate::Module::make_rng) of the running module.
#[track_caller]
#[must_use]
pub fn make_rng(stream: &str) -> Key {
    Scope::current().make_rng(stream)
}

/// [`Module::has_rng`](crate::Module::has_rng) of the running module.
#[must_use]
pub fn has_rng(stream: &str) -> bool {
    Scope::current().has_rng(stream)
}

/// [`Module::sow`](crate::Module::sow) of the running module.
#[track_caller]
pub fn sow(collection: &str, name: &str, value: impl Into<Entry>) -> bool {
    Scope::current().sow(collection, name, value)
}

/// [`Module::sow_with`](crate::Module::sow_with) of the running module.
#[track_caller]
pub fn sow_with(
    collection: &str,
    name: &str,
    value: &Tensor,
    init: impl FnOnce() -> Tensor,
    reduce: impl FnOnce(&Tensor, &Tensor) -> Tensor,
) -> bool {
    Scope::current().sow_with(collection, name, value, init, reduce)
}

/// [`Module::perturb`](crate::Module::perturb) of the running module.
#[track_caller]
#[must_use]
pub fn perturb(name: &str, value: &Tensor) -> Tensor {
    Scope::current().perturb(name, value)
}

/// [`Module::get_variable`](crate::Module::get_variable) of the running module.
#[track_caller]
#[must_use]
pub fn get_variable(collection: &str, name: &str) -> Option<Entry> {
    Scope::current().get_variable(collection, name)
}

/// [`Module::has_variable`](crate::Module::has_variable) of the running module.
#[track_caller]
#[must_use]
pub fn has_variable(collection: &str, name: &str) -> bool {
    Scope::current().has_variable(collection, name)
}

/// [`Module::put_variable`](crate::Module::put_variable) of the running module.
#[track_caller]
pub fn put_variable(collection: &str, name: &str, value: impl Into<Entry>) {
    Scope::current().put_variable(collection, name, value);
}

/// [`Module::is_mutable_collection`](crate::Module::is_mutable_collection) of the running module.
#[must_use]
pub fn is_mutable_collection(collection: &str) -> bool {
    Scope::current().is_mutable_collection(collection)
}

/// [`Module::path`](crate::Module::path) of the running module.
#[must_use]
pub fn path() -> String {
    Scope::current().path()
}

/// [`Module::name`](crate::Module::name) of the running module.
#[must_use]
pub fn name() -> Option<String> {
    Scope::current().name()
}

/// [`Module::variables`](crate::Module::variables) of the running module.
#[must_use]
pub fn variables() -> Variables {
    Scope::current().variables()
}

/// [`Module::is_initializing`](crate::Module::is_initializing) of the running module.
#[must_use]
pub fn is_initializing() -> bool {
    Scope::current().is_initializing()
}

/// [`Module::share_scope`](crate::Module::share_scope) of the running module.
#[track_caller]
pub fn share_scope(other: &(impl Module + ?Sized)) {
    Scope::current().share_with(other.handle());
}
