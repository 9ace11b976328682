//! The variables of one scope in one collection: the given map, and what was written over it.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::scope::tree::ScopeId;
use crate::variables::entry::Entry;
use crate::variables::map::Map;
use crate::variables::ordered::Ordered;

/// The tables of one scope, by the position of the collection. Only the scope
/// whose place it is has any: what a scope that shares a place asks for is there.
pub(in crate::scope) type Tables = SmallVec<[Option<Table>; 2]>;

/// The variables of one scope in one collection.
#[derive(Debug)]
pub(in crate::scope) struct Table {
    pub(super) is_mutable: bool,
    /// The map that was in this place when the table was made. It stays as it is.
    pub(super) base: Option<Map>,
    /// The variables written since, over those of `base`, in order of creation.
    /// If present, the table of the scope above refers to this one, up to a scope with a view.
    pub(super) written: Option<Box<Ordered<Slot>>>,
}

/// What a table has under a name.
#[derive(Debug)]
pub(super) enum Slot {
    Entry(Entry),
    /// The map of the scope of that name, which is in its own table.
    Scope(ScopeId),
}

impl Table {
    pub(super) fn new(is_mutable: bool, base: Option<Map>) -> Self {
        Self { is_mutable, base, written: None }
    }

    /// The entry of that name; a name that refers to a scope has none until the scope is folded.
    pub(super) fn get(&self, name: &str) -> Option<&Entry> {
        match self.written.as_ref().and_then(|written| written.get(name)) {
            Some(Slot::Entry(entry)) => Some(entry),
            Some(Slot::Scope(_)) => None,
            None => self.base.as_ref()?.own(name),
        }
    }

    /// Writes an entry; a map over a map is merged.
    pub(super) fn put(&mut self, name: Arc<str>, entry: Entry) {
        let written = self.written.get_or_insert_default();
        let position = written.position(&name);
        let old = match position.map(|at| written.at(at)) {
            Some(Slot::Entry(entry)) => Some(entry),
            Some(Slot::Scope(_)) => None,
            None => self.base.as_ref().and_then(|base| base.own(&name)),
        };
        let entry = match (old, entry) {
            (Some(Entry::Map(old)), Entry::Map(new)) => {
                let mut merged = old.clone();
                merged.merge(&new);
                Entry::Map(merged)
            }
            (_, entry) => entry,
        };
        match position {
            Some(at) => *written.at_mut(at) = Slot::Entry(entry),
            None => {
                written.push(name, Slot::Entry(entry));
            }
        }
    }

    /// Takes back the whole map of the scope of that name.
    pub(super) fn put_whole(&mut self, name: &Arc<str>, whole: Map) {
        self.set(Arc::clone(name), Slot::Entry(Entry::Map(whole)));
    }

    /// Refers to the scope of that name; false if a variable has the name.
    pub(super) fn refer(&mut self, name: &Arc<str>, scope: ScopeId) -> bool {
        if matches!(self.get(name), Some(Entry::Tensor(_) | Entry::Tuple(_))) {
            return false;
        }
        self.set(Arc::clone(name), Slot::Scope(scope));
        true
    }

    fn set(&mut self, name: impl Into<Arc<str>> + AsRef<str>, slot: Slot) {
        self.written.get_or_insert_default().insert(name, slot);
    }
}
