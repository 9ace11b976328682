//! The variables of one call of `init` or `apply`. Each scope has its own part
//! of every collection at hand, from its first use on: of an immutable one a
//! shared handle, of a mutable one the part itself, taken out of the map above,
//! which gets it back when somebody asks for the whole.

use std::collections::BTreeSet;
use std::sync::Arc;

use metamlp_tensor::{Tensor, Tree};
use smallvec::SmallVec;

use super::state::{Caller, ScopeId, State};
use crate::error::{Error, Names};
use crate::scope::rngs::PARAMS;
use crate::variables::Variables;
use crate::variables::entry::Entry;
use crate::variables::filter::Filter;
use crate::variables::map::Map;

/// A scope's part of one collection.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) is_mutable: bool,
    /// `None` where there is none (yet).
    pub(super) map: Option<Map>,
    /// Whether scopes below may have parts of their own.
    is_lent: bool,
}

/// The parts of a scope, by the collection's position.
pub(super) type Parts = SmallVec<[Option<Part>; 2]>;

/// The variables at one moment.
#[derive(Debug)]
pub(crate) struct Snapshot(Vec<Option<Map>>);

impl Part {
    pub(super) fn new(is_mutable: bool, map: Option<Map>) -> Self {
        Self { is_mutable, map, is_lent: false }
    }

    /// The part of the scope below that is called `name`.
    fn below(&mut self, name: &str) -> Self {
        self.is_lent = true;
        let map = if self.is_mutable {
            let taken = self.map.as_mut().and_then(|map| map.own_map_mut(name));
            taken.map(|map| std::mem::replace(map, Map::empty().clone()))
        } else {
            self.map.as_ref().and_then(|map| map.own(name)?.as_map().cloned())
        };
        Self::new(self.is_mutable, map)
    }
}

impl State {
    /// The position of a collection, there or not.
    pub(crate) fn collection(&mut self, name: &str) -> usize {
        match self.collections.position(name) {
            Some(position) => position,
            None => self.collections.push(name.into(), ()),
        }
    }

    /// Whether a scope may write that collection.
    pub(crate) fn is_mutable(&mut self, scope: ScopeId, collection: &str) -> bool {
        let position = self.collection(collection);
        self.part(scope, position).is_mutable
    }

    pub(crate) fn find(&mut self, scope: ScopeId, collection: usize, name: &str) -> Option<Entry> {
        self.settle(scope, collection, name);
        let found = self.part(scope, collection).map.as_ref()?.own(name).cloned()?;
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

    /// The scope's part of a collection, without what the scopes below have taken of it.
    fn part(&mut self, scope: ScopeId, collection: usize) -> &mut Part {
        let home = self.home(scope);
        let is_known = self.node(home).parts.get(collection).is_some_and(Option::is_some);
        let found = if is_known { None } else { Some(self.part_from_above(home, collection)) };
        let parts = &mut self.node_mut(home).parts;
        if parts.len() <= collection {
            parts.resize_with(collection + 1, || None);
        }
        let part = &mut parts[collection];
        if found.is_some() {
            *part = found;
        }
        part.get_or_insert_with(|| Part::new(false, None))
    }

    /// The scope's part of a collection, whole.
    pub(super) fn whole(&mut self, scope: ScopeId, collection: usize) -> &mut Part {
        if self.part(scope, collection).is_mutable {
            self.gather(scope, collection);
        }
        self.part(scope, collection)
    }

    fn part_from_above(&mut self, home: ScopeId, collection: usize) -> Part {
        let node = self.node(home);
        match (&node.view, node.parent) {
            (Some(view), _) => Part::new(view.mutable.contains(self.collections.key(collection)), None),
            (None, Some(parent)) => {
                let name = Arc::clone(&node.name);
                self.part(parent, collection).below(&name)
            }
            (None, None) => Part::new(false, None),
        }
    }

    /// Takes back what the scope of that name below has taken, if there is one.
    fn settle(&mut self, scope: ScopeId, collection: usize, name: &str) {
        let part = self.part(scope, collection);
        if part.is_mutable && part.is_lent && self.has_child(scope, name) {
            self.gather(scope, collection);
        }
    }

    /// Takes back what the scopes below have taken of a part.
    fn gather(&mut self, scope: ScopeId, collection: usize) {
        let home = self.home(scope);
        let Some(Some(part)) = self.node_mut(home).parts.get_mut(collection) else { return };
        if !std::mem::take(&mut part.is_lent) {
            return;
        }
        for (name, child) in self.children(home) {
            self.gather(child, collection);
            let taken = self.node_mut(child).parts.get_mut(collection).and_then(Option::take);
            if let Some(Part { is_mutable: true, map: Some(map), .. }) = taken
                && let Some(whole) = &mut self.part(home, collection).map
                && let Some(place) = whole.submap(&name)
            {
                *place = map;
            }
        }
    }

    /// Takes back every part below a scope, so that those below ask for theirs anew.
    pub(super) fn gather_all(&mut self, scope: ScopeId) {
        for collection in 0..self.collections.len() {
            self.gather(scope, collection);
        }
    }

    /// The scopes right below one that see its variables.
    fn children(&self, home: ScopeId) -> Vec<(Arc<str>, ScopeId)> {
        let below = |(name, child): (&Arc<str>, ScopeId)| (Arc::clone(name), child);
        let sees = |child: &(_, ScopeId)| self.home(child.1) == child.1 && self.node(child.1).view.is_none();
        self.named_children(home).filter(sees).map(below).collect()
    }

    /// Makes sure that a scope has a map of its own in a mutable collection; false if a variable is in the way.
    fn establish(&mut self, scope: ScopeId, collection: usize) -> bool {
        if self.part(scope, collection).map.is_some() {
            return true;
        }
        let home = self.home(scope);
        let node = self.node(home);
        if let (None, Some(parent)) = (&node.view, node.parent) {
            let name = Arc::clone(&node.name);
            let above = self.establish(parent, collection).then(|| self.part(parent, collection));
            if above.and_then(|above| above.map.as_mut()?.submap(&name)).is_none() {
                return false;
            }
        }
        self.part(home, collection).map = Some(Map::new());
        true
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
        if !self.part(scope, collection).is_mutable {
            return Err(self.immutable(scope, collection, name, location));
        }
        let entry = if self.is_abstract { entry.map(&mut spec_of) } else { entry };
        self.settle(scope, collection, name);
        if self.establish(scope, collection)
            && let Some(map) = &mut self.part(scope, collection).map
        {
            map.merge_entry(&name.into(), entry);
            return Ok(());
        }
        Err(Error::WrongKind {
            collection: self.collection_name(collection),
            variable: name.to_owned(),
            expected: "a module's map above it",
            found: "under a variable".into(),
            at: self.source(scope, location),
        })
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
        let top = self.seen_from(scope);
        let (is_empty, is_wrapped) = match &self.part(top, collection).map {
            None => (true, false),
            Some(map) => (map.is_empty(), map.len() == 1 && map.own(PARAMS).is_some()),
        };
        if is_empty && top == ScopeId::ROOT {
            let names: Vec<Arc<str>> = self.collections.iter().map(|(name, ())| Arc::clone(name)).collect();
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
        let is_withheld = top != ScopeId::ROOT && self.is_mutable(ScopeId::ROOT, &collection_name);
        let hint = if collection_name == PARAMS && is_wrapped {
            "; there are `params` inside of `params`: pass the inner ones"
        } else if is_withheld {
            "; a lifted transform around this module lets nothing be made there: say `.init(true)` or `.mutable(true)`"
        } else {
            ""
        };
        let part = self.whole(scope, collection).map.as_ref().unwrap_or(Map::empty());
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

    /// Whether the whole collection, as the scope sees it, is there, empty or not.
    pub(crate) fn is_present(&mut self, scope: ScopeId, collection: usize) -> bool {
        let top = self.seen_from(scope);
        self.part(top, collection).map.is_some()
    }

    /// The mutable collections as they are now.
    pub(crate) fn updates(&mut self) -> Variables {
        let mut updates = Variables::new();
        for position in 0..self.collections.len() {
            if let Part { is_mutable: true, map: Some(map), .. } = self.whole(ScopeId::ROOT, position) {
                let map = map.clone();
                updates.push(Arc::clone(self.collections.key(position)), map);
            }
        }
        updates
    }

    /// The variables of the module at `scope` as they are now.
    pub(crate) fn variables(&mut self, scope: ScopeId) -> Variables {
        let mut variables = Variables::new();
        for position in 0..self.collections.len() {
            if let Some(map) = self.whole(scope, position).map.clone() {
                variables.push(Arc::clone(self.collections.key(position)), map);
                self.note_read(scope, position, None);
            }
        }
        variables
    }

    /// All variables, to be put back by [`restore`](State::restore).
    pub(crate) fn snapshot(&mut self) -> Snapshot {
        self.gather_all(ScopeId::ROOT);
        Snapshot((0..self.collections.len()).map(|at| self.part(ScopeId::ROOT, at).map.clone()).collect())
    }

    /// Puts the variables back; collections made since, and an error that a panic kept from being told, are gone.
    pub(crate) fn restore(&mut self, Snapshot(maps): Snapshot) {
        drop(self.error());
        self.gather_all(ScopeId::ROOT);
        let mut maps = maps.into_iter();
        for collection in 0..self.collections.len() {
            self.part(ScopeId::ROOT, collection).map = maps.next().flatten();
        }
    }

    fn immutable(&self, scope: ScopeId, collection: usize, name: &str, location: Caller) -> Error {
        let (collection, variable) = (self.collection_name(collection), name.to_owned());
        let at = self.source(scope, location);
        if self.mutable(ScopeId::ROOT).contains(&collection) {
            return Error::LiftedReadOnly { collection, variable, at };
        }
        let mutable = Box::new(self.mutable(scope).clone());
        Error::ImmutableCollection { collection, variable, mutable, at }
    }

    /// The collections that a scope may write.
    pub(super) fn mutable(&self, scope: ScopeId) -> &Filter {
        const NONE: &Filter = &Filter::All(false);
        self.node(self.seen_from(scope)).view.as_ref().map_or(NONE, |view| &view.mutable)
    }

    fn collection_name(&self, collection: usize) -> String {
        self.collections.key(collection).to_string()
    }
}

/// The tensor's shape and dtype alone, or its error.
pub(super) fn spec_of(tensor: &Tensor) -> Tensor {
    if tensor.error().is_some() { tensor.clone() } else { Tensor::spec(tensor.shape(), tensor.dtype()) }
}
