//! The variables of one call of `init` or `apply`. Immutable collections are
//! shared with the caller and looked up once a scope; mutable ones are written
//! in place from the root, so that every scope sees every write.

use std::collections::BTreeSet;
use std::sync::Arc;

use metamlp_tensor::{Tensor, Tree};

use super::state::{Caller, ScopeId, State};
use crate::entry::Entry;
use crate::error::{Error, Names};
use crate::map::Map;
use crate::rngs::PARAMS;
use crate::variables::Variables;

#[derive(Debug)]
pub(super) struct Collection {
    is_mutable: bool,
    /// `None` for a name that was asked for and is not there.
    map: Option<Map>,
}

/// The variables at one moment.
#[derive(Debug)]
pub(crate) struct Snapshot(Vec<Option<Map>>);

impl Collection {
    pub(super) fn new(is_mutable: bool, map: Option<Map>) -> Self {
        Self { is_mutable, map }
    }
}

impl State {
    /// The position of a collection, there or not.
    pub(crate) fn collection(&mut self, name: &str) -> usize {
        match self.collections.position(name) {
            Some(position) => position,
            None => {
                let absent = Collection::new(self.mutable.contains(name), None);
                self.collections.push(name.into(), absent)
            }
        }
    }

    pub(crate) fn is_mutable(&mut self, collection: &str) -> bool {
        let position = self.collection(collection);
        self.collections.at(position).is_mutable
    }

    pub(crate) fn find(&mut self, scope: ScopeId, collection: usize, name: &str) -> Option<Entry> {
        let found = self.part(scope, collection)?.own(name).cloned()?;
        self.note_read(scope, collection, Some(name));
        Some(found)
    }

    /// From now on notes which variables are read.
    pub(crate) fn note_reads(&mut self) {
        self.reads = Some(BTreeSet::new());
    }

    /// The paths of the variables that were read, or of the modules all of whose variables were.
    pub(crate) fn reads(&mut self) -> BTreeSet<String> {
        self.reads.take().unwrap_or_default()
    }

    fn note_read(&mut self, scope: ScopeId, collection: usize, name: Option<&str>) {
        if self.reads.is_none() {
            return;
        }
        let path = self.collection_name(collection);
        let path = self.names_to(scope).iter().fold(path, |path, name| path + "/" + name);
        let path = name.into_iter().fold(path, |path, name| path + "/" + name);
        self.reads.get_or_insert_default().insert(path);
    }

    /// The module's part of a collection as it is now.
    fn part(&mut self, scope: ScopeId, collection: usize) -> Option<&Map> {
        if self.collections.at_mut(collection).is_mutable {
            self.walk(scope, collection)
        } else {
            self.frozen(scope, collection)
        }
    }

    /// The module's part of a mutable collection.
    fn walk(&mut self, scope: ScopeId, collection: usize) -> Option<&Map> {
        let root = self.collections.iter().nth(collection)?.1.map.as_ref()?;
        self.names_to(scope).into_iter().try_fold(root, |map, name| map.own(name)?.as_map())
    }

    /// The module's part of an immutable collection.
    fn frozen(&mut self, scope: ScopeId, collection: usize) -> Option<&Map> {
        let known = self.node(scope).frozen.get(collection).is_some_and(Option::is_some);
        if !known {
            let home = self.home(scope);
            let part = match self.node(scope).parent {
                _ if home != scope => self.frozen(home, collection).cloned(),
                None => self.collections.at_mut(collection).map.clone(),
                Some(parent) => {
                    let name = Arc::clone(&self.node(scope).name);
                    self.frozen(parent, collection).and_then(|map| map.own(&name)?.as_map().cloned())
                }
            };
            let frozen = &mut self.node_mut(scope).frozen;
            if frozen.len() <= collection {
                frozen.resize(collection + 1, None);
            }
            frozen[collection] = Some(part);
        }
        self.node(scope).frozen.get(collection)?.as_ref()?.as_ref()
    }

    /// Writes a variable; a map over a map is merged.
    pub(crate) fn put(
        &mut self,
        scope: ScopeId,
        collection: usize,
        name: &str,
        entry: Entry,
        location: Caller,
    ) -> Result<(), Error> {
        if !self.collections.at_mut(collection).is_mutable {
            return Err(self.immutable(scope, collection, name, location));
        }
        let entry = if self.is_abstract { entry.map(&mut spec_of) } else { entry };
        let names: Vec<Arc<str>> = self.names_to(scope).into_iter().cloned().collect();
        let root = self.collections.at_mut(collection).map.get_or_insert_default();
        match names.iter().try_fold(root, |map, name| map.submap(name)) {
            Some(map) => {
                map.merge_entry(&name.into(), entry);
                Ok(())
            }
            None => Err(Error::WrongKind {
                collection: self.collection_name(collection),
                variable: name.to_owned(),
                expected: "a module's map above it",
                found: "under a variable".into(),
                at: self.source(scope, location),
            }),
        }
    }

    /// Why a variable is not there, or may not be made.
    pub(crate) fn not_found(
        &mut self,
        scope: ScopeId,
        collection: usize,
        name: &str,
        location: Caller,
    ) -> Error {
        let at = self.source(scope, location);
        let collection_name = self.collection_name(collection);
        let whole = self.collections.at_mut(collection).map.clone().unwrap_or_default();
        if whole.is_empty() {
            let present = self.collections.iter().filter(|(_, collection)| collection.map.is_some());
            return Error::CollectionNotFound {
                available: Names::new(&collection_name, present.map(|(name, _)| &**name)),
                collection: collection_name,
                variable: name.to_owned(),
                at,
            };
        }
        let hint = if collection_name == PARAMS && whole.len() == 1 && whole.own(PARAMS).is_some() {
            "; there are `params` inside of `params`: pass the inner ones"
        } else {
            ""
        };
        let part = self.part(scope, collection).unwrap_or(Map::empty());
        Error::VariableNotFound {
            available: Names::new(name, part.names()),
            collection: collection_name,
            variable: name.to_owned(),
            hint,
            at,
        }
    }

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
            at: self.source(scope, location),
        }
    }

    /// Whether the whole collection is there, empty or not.
    pub(crate) fn is_present(&mut self, collection: usize) -> bool {
        self.collections.at_mut(collection).map.is_some()
    }

    /// The mutable collections as they are now.
    pub(crate) fn updates(&self) -> Variables {
        let mut updates = Variables::new();
        for (name, collection) in self.collections.iter() {
            if let (true, Some(map)) = (collection.is_mutable, &collection.map) {
                updates.push(Arc::clone(name), map.clone());
            }
        }
        updates
    }

    /// The variables of the module at `scope` as they are now.
    pub(crate) fn variables(&mut self, scope: ScopeId) -> Variables {
        let mut variables = Variables::new();
        let names: Vec<Arc<str>> = self.collections.iter().map(|(name, _)| Arc::clone(name)).collect();
        for (position, name) in names.into_iter().enumerate() {
            if let Some(part) = self.part(scope, position).cloned() {
                variables.push(name, part);
                self.note_read(scope, position, None);
            }
        }
        variables
    }

    /// All variables, to be put back by [`restore`](State::restore).
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot(self.collections.iter().map(|(_, collection)| collection.map.clone()).collect())
    }

    /// Puts the variables back; collections made since, and an error that a panic kept from being told, are gone.
    pub(crate) fn restore(&mut self, Snapshot(maps): Snapshot) {
        drop(self.error());
        let mut maps = maps.into_iter();
        for collection in self.collections.values_mut() {
            collection.map = maps.next().flatten();
        }
    }

    fn immutable(&self, scope: ScopeId, collection: usize, name: &str, location: Caller) -> Error {
        Error::ImmutableCollection {
            collection: self.collection_name(collection),
            variable: name.to_owned(),
            mutable: Box::new(self.mutable.clone()),
            at: self.source(scope, location),
        }
    }

    fn collection_name(&self, collection: usize) -> String {
        self.collections.names().nth(collection).unwrap_or_default().to_owned()
    }
}

/// The tensor's shape and dtype alone, or its error.
fn spec_of(tensor: &Tensor) -> Tensor {
    if tensor.error().is_some() { tensor.clone() } else { Tensor::spec(tensor.shape(), tensor.dtype()) }
}
