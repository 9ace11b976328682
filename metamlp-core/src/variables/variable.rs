//! A handle to one variable while the model runs.

use std::fmt;
use std::panic::Location;

use metamlp_tensor::Tensor;

use crate::argument::poisoned;
use crate::scope::{Scope, requests};
use crate::variables::entry::Entry;

/// A variable that a module reads and writes while it runs; made by
/// [`Module::variable`](crate::Module::variable).
pub struct Variable {
    scope: Scope,
    collection: String,
    name: String,
    /// The tensor to read if the declaration failed; it carries the error.
    fallback: Option<Tensor>,
}

impl Variable {
    pub(crate) fn new(scope: Scope, collection: &str, name: &str, fallback: Option<Tensor>) -> Self {
        Self { scope, collection: collection.to_owned(), name: name.to_owned(), fallback }
    }

    /// The current tensor. A variable that is not one tensor returns a tensor with
    /// an error; read it by [`entry`](Variable::entry).
    #[track_caller]
    #[must_use]
    pub fn get(&self) -> Tensor {
        if let Some(fallback) = &self.fallback {
            return fallback.clone();
        }
        match self.scope.get_variable(&self.collection, &self.name) {
            Some(Entry::Tensor(tensor)) => tensor,
            other => {
                let location = Location::caller();
                poisoned(requests::not_a_tensor(&self.scope, &self.collection, &self.name, other, location))
            }
        }
    }

    /// The current entry.
    #[track_caller]
    #[must_use]
    pub fn entry(&self) -> Option<Entry> {
        self.scope.get_variable(&self.collection, &self.name)
    }

    /// Writes the variable. If the collection is not mutable, the surrounding
    /// `apply` returns the error.
    #[track_caller]
    pub fn set(&self, value: impl Into<Entry>) {
        requests::put(&self.scope, &self.collection, &self.name, value.into(), Location::caller());
    }

    /// Writes the result of `f` on the current tensor.
    #[track_caller]
    pub fn update(&self, f: impl FnOnce(Tensor) -> Tensor) {
        self.set(f(self.get()));
    }

    /// True if the variable may be written.
    #[must_use]
    pub fn is_mutable(&self) -> bool {
        self.scope.is_mutable_collection(&self.collection)
    }
}

impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scope, collection, name, .. } = self;
        write!(f, "Variable({collection}: {}/{name})", scope.path())
    }
}
