//! The errors about variables and streams that a scope reports.

use std::sync::Arc;

use super::blame::source;
use super::state::State;
use super::store::Refused;
use super::tree::{Caller, ScopeId};
use crate::error::{Error, Names};
use crate::scope::rngs::PARAMS;
use crate::variables::entry::Entry;
use crate::variables::map::Map;

impl State {
    /// A variable does not exist and may not be made.
    pub(crate) fn not_found(
        &mut self,
        scope: ScopeId,
        collection: usize,
        name: &str,
        location: Caller,
    ) -> Error {
        let at = source(&self.tree, scope, location);
        let collection_name = self.collection_name(collection);
        let top = self.tree.seen_from(scope);
        let whole = self.store.whole(&self.tree, top, collection);
        let is_empty = whole.as_ref().is_none_or(Map::is_empty);
        if is_empty && top == ScopeId::ROOT {
            let names: Vec<Arc<str>> = self.store.collections().keys().cloned().collect();
            let mut present = Vec::with_capacity(names.len());
            for (position, name) in names.iter().enumerate() {
                if self.is_present(scope, position) {
                    present.push(&**name);
                }
            }
            return Error::CollectionNotFound {
                available: Names::new(&collection_name, present),
                collection: collection_name,
                variable: name.to_owned(),
                at,
            };
        }
        let is_wrapped = whole.is_some_and(|map| map.len() == 1 && map.own(PARAMS).is_some());
        let is_withheld = top != ScopeId::ROOT && self.is_mutable(ScopeId::ROOT, collection);
        let hint = if collection_name == PARAMS && is_wrapped {
            "; `params` holds another `params`: pass the inner one"
        } else if is_withheld {
            "; a lifted transform around this module allows no new variables there: set `.init(true)` or `.mutable(true)`"
        } else {
            ""
        };
        let own = self.store.whole(&self.tree, scope, collection).unwrap_or_default();
        Error::VariableNotFound {
            available: Names::new(name, own.names()),
            collection: collection_name,
            variable: name.to_owned(),
            hint,
            at,
        }
    }

    /// A variable is of another kind than the operation needs.
    pub(crate) fn wrong_kind(
        &self,
        scope: ScopeId,
        collection: usize,
        name: &str,
        found: &Entry,
        expected: &'static str,
        location: Caller,
    ) -> Error {
        Error::WrongKind {
            collection: self.collection_name(collection),
            variable: name.to_owned(),
            expected,
            found: found.kind(),
            at: source(&self.tree, scope, location),
        }
    }

    /// The store refused to write a variable.
    pub(super) fn refused(
        &self,
        refused: Refused,
        scope: ScopeId,
        collection: usize,
        name: &str,
        location: Caller,
    ) -> Error {
        let (collection, variable) = (self.collection_name(collection), name.to_owned());
        let at = source(&self.tree, scope, location);
        match refused {
            Refused::UnderVariable => Error::WrongKind {
                collection,
                variable,
                expected: "a module's map above it",
                found: "under a variable".into(),
                at,
            },
            Refused::Immutable if self.tree.mutable(ScopeId::ROOT).contains(&collection) => {
                Error::LiftedReadOnly { collection, variable, at }
            }
            Refused::Immutable => {
                let mutable = Box::new(self.tree.mutable(scope).clone());
                Error::ImmutableCollection { collection, variable, mutable, at }
            }
        }
    }

    /// A random stream was not given, or is hidden by a lifted transform.
    pub(super) fn missing_rng(&self, scope: ScopeId, stream: &str, location: Caller) -> Error {
        Error::MissingRng {
            stream: stream.to_owned(),
            available: Names::new(stream, self.streams.names(&self.tree, scope)),
            at: source(&self.tree, scope, location),
        }
    }

    fn collection_name(&self, collection: usize) -> String {
        self.store.collections().key(collection).to_string()
    }
}
