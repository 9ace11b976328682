//! The state of one call of `init` or `apply`: the tree of scopes, their names,
//! their variables, the random streams and the first error. Keeps the parts in
//! step; each part guards its own invariants.

use std::sync::Arc;

use metamlp_tensor::Source;
use metamlp_tensor::random::Key;
use rustc_hash::FxHashMap;

use super::blame;
use super::names::{Claim, Names};
use super::store::Store;
use super::streams::Streams;
use super::tree::{Caller, ScopeId, Tree, View};
use crate::error::{Error, Kind};
use crate::module::handle::Identity;
use crate::scope::rngs::Rngs;
use crate::variables::Variables;
use crate::variables::entry::Entry;
use crate::variables::filter::Filter;

#[derive(Debug)]
pub(crate) struct State {
    /// The number of the call.
    root: u64,
    pub(super) tree: Tree,
    pub(super) names: Names,
    pub(super) store: Store,
    pub(super) streams: Streams,
    /// The scope of each module that has one, by identity.
    bound: FxHashMap<u64, ScopeId>,
    /// True if a module in a field keeps the name that it was given.
    preserve_adopted_names: bool,
    /// The first error; later ones usually follow from it.
    error: Option<Error>,
}

/// The settings of one call.
pub(super) struct Settings {
    pub(super) mutable: Filter,
    pub(super) rngs: Rngs,
    /// True if only shapes and dtypes are kept.
    pub(super) is_abstract: bool,
    pub(super) preserve_adopted_names: bool,
}

impl State {
    pub(super) fn new(root: u64, module: &Identity, variables: &Variables, settings: Settings) -> Self {
        let Settings { mutable, rngs, is_abstract, preserve_adopted_names } = settings;
        let tree = Tree::new(module.class.into(), module.location, View { mutable, rngs: true.into() });
        let mut bound = FxHashMap::default();
        bound.insert(module.id, ScopeId::ROOT);
        Self {
            root,
            store: Store::new(variables, &tree, is_abstract),
            tree,
            names: Names::new(),
            streams: Streams::new(rngs),
            bound,
            preserve_adopted_names,
            error: None,
        }
    }

    // Errors.

    /// Keeps the first error; returns the error for the tensor that will carry it.
    pub(crate) fn fail(&mut self, error: Error) -> Error {
        self.error.get_or_insert_with(|| error.clone());
        error
    }

    pub(crate) fn take_error(&mut self) -> Option<Error> {
        self.error.take()
    }

    /// The path of a scope's module and the line that an error there is reported at.
    pub(super) fn source(&self, scope: ScopeId, location: Caller) -> Source {
        blame::source(&self.tree, scope, location)
    }

    // Modules and their scopes.

    /// Keeps a module that gets its name when a module of its scope is first called.
    pub(crate) fn await_name(&mut self, owner: ScopeId, module: Arc<Identity>) {
        self.names.await_name(owner, module);
    }

    /// Removes a module that was replaced by `rename`.
    pub(crate) fn forget(&mut self, owner: ScopeId, module: u64) {
        self.names.forget(owner, module);
    }

    fn owner(&self, module: &Identity) -> Option<ScopeId> {
        module.owner.filter(|owner| owner.root == self.root).map(|owner| owner.scope)
    }

    /// True if a module has a scope in this call, or will get one from its owner.
    pub(crate) fn is_bound(&self, module: &Identity) -> bool {
        self.bound.contains_key(&module.id) || self.owner(module).is_some()
    }

    /// The scope of a module that has one, by identity.
    pub(crate) fn bound_scope(&self, module: u64) -> Option<ScopeId> {
        self.bound.get(&module).copied()
    }

    /// The scope of a module that has one or that its owner names now.
    pub(super) fn place_of(&mut self, module: &Identity) -> Option<ScopeId> {
        if let Some(scope) = self.bound_scope(module.id) {
            return Some(scope);
        }
        self.name_all(self.owner(module)?);
        self.bound_scope(module.id)
    }

    /// The module's scope. A module without one gets it now, in the scope that
    /// owns it or else in `running`, the scope that calls it. `None` after an error.
    pub(crate) fn bind(
        &mut self,
        module: &Arc<Identity>,
        running: ScopeId,
        in_method: bool,
        location: Caller,
    ) -> Option<ScopeId> {
        if let Some(scope) = self.place_of(module) {
            return Some(scope);
        }
        if !in_method {
            let at = self.source(running, location);
            self.fail(Error::OutsideMethod { class: module.class, at });
            return None;
        }
        self.name_all(running);
        Some(self.name(running, module))
    }

    /// Binds a module in a field of the module at `scope`, unless it has a
    /// scope or another owner. Returns its scope if its own fields are to be bound now.
    pub(crate) fn bind_field(
        &mut self,
        scope: ScopeId,
        field: &str,
        module: &Arc<Identity>,
    ) -> Option<ScopeId> {
        if self.is_bound(module) {
            return None;
        }
        let given_name = module.given_name().filter(|_| self.preserve_adopted_names);
        let name = given_name.map_or_else(|| field.into(), Arc::clone);
        let child = self.claim_child(scope, &name, Claim::scope(Kind::Field, module.location));
        self.bound.insert(module.id, child);
        self.names.begin_fields(child, module.id).then_some(child)
    }

    /// The scope below `scope` of a method that has its own, which is called like the method.
    pub(crate) fn bind_method(&mut self, scope: ScopeId, method: &str, location: Caller) -> ScopeId {
        self.claim_child(scope, &method.into(), Claim::scope(Kind::Method, location))
    }

    /// Names every module made in this scope so far.
    pub(super) fn name_all(&mut self, scope: ScopeId) {
        for module in self.names.take_unnamed(scope) {
            self.name(scope, &module);
        }
    }

    fn name(&mut self, scope: ScopeId, module: &Arc<Identity>) -> ScopeId {
        let child = match module.given_name() {
            Some(name) => self.claim_child(scope, name, Claim::scope(Kind::Module, module.location)),
            None => {
                let (name, claim) = self.names.next_name(scope, module);
                self.claim_child(scope, &name, claim)
            }
        };
        self.bound.insert(module.id, child);
        if self.owner(module).is_none() {
            self.names.adopt(scope, module.id);
        }
        child
    }

    /// The scope of that name under `scope`, made if it is new. If the name
    /// cannot be taken, the error is kept and the scope is one without a place.
    fn claim_child(&mut self, scope: ScopeId, name: &Arc<str>, claim: Claim) -> ScopeId {
        let position = match self.names.claim(&self.tree, scope, name, || Arc::clone(name), claim) {
            Ok(position) => position,
            Err(error) => {
                self.fail(error);
                return self.grow(scope, name, claim.location);
            }
        };
        let home = self.tree.home(scope);
        if let Some(child) = self.names.child_at(home, position) {
            self.stop_sharing(child);
            return child;
        }
        let child = self.grow(scope, name, claim.location);
        self.names.set_child(home, position, Some(child));
        child
    }

    fn grow(&mut self, parent: ScopeId, name: &Arc<str>, made_at: Caller) -> ScopeId {
        self.names.grow();
        self.tree.grow(parent, name, made_at)
    }

    // Methods.

    /// A method of the module at `scope` begins. Returns the scope's path, and
    /// true if the module's fields are to be bound.
    pub(crate) fn begin(
        &mut self,
        scope: ScopeId,
        module: u64,
        method: &'static str,
        called_at: Caller,
    ) -> (Arc<str>, bool) {
        if self.tree.enter(scope, called_at) {
            for adopted in self.names.begin(scope, method) {
                self.bound.remove(&adopted);
            }
        }
        (self.path(scope), self.names.begin_fields(scope, module))
    }

    pub(crate) fn end(&mut self, scope: ScopeId) {
        // A module that a method made and returned belongs to the method's module.
        if self.tree.leave(scope) && !std::thread::panicking() {
            self.name_all(scope);
        }
    }

    /// Frees the names that were taken outside of any running method, for the next call of a bound model.
    pub(crate) fn renew_names(&mut self) {
        for scope in self.tree.ids().filter(|scope| !self.tree.is_running(*scope)) {
            self.names.renew(scope);
        }
    }

    // Paths.

    /// The path as errors show it, beginning with the root's class.
    pub(crate) fn path(&self, scope: ScopeId) -> Arc<str> {
        Arc::clone(self.tree.path(scope))
    }

    /// The path without the root's class.
    pub(crate) fn path_below_root(&self, scope: ScopeId) -> &str {
        self.tree.path_below_root(scope)
    }

    /// The last name of the path; the root has none.
    pub(crate) fn name_of(&self, scope: ScopeId) -> Option<&Arc<str>> {
        self.tree.names_to(scope).last().copied()
    }

    // Variables.

    /// The position of a collection; a name that is new gets one.
    pub(crate) fn collection(&mut self, name: &str) -> usize {
        self.store.collection(name)
    }

    /// True if a scope may write that collection.
    pub(crate) fn is_mutable(&mut self, scope: ScopeId, collection: usize) -> bool {
        self.store.is_mutable(&self.tree, scope, collection)
    }

    /// True if the collection exists, empty or not, as the scope sees it.
    pub(crate) fn is_present(&mut self, scope: ScopeId, collection: usize) -> bool {
        self.store.is_present(&self.tree, scope, collection)
    }

    /// The variable of a scope, or the map of the submodule of that name.
    pub(crate) fn find(&mut self, scope: ScopeId, collection: usize, name: &str) -> Option<Entry> {
        self.store.find(&self.tree, scope, collection, name)
    }

    /// Takes a name for a variable. `again` allows one that this collection already has.
    pub(crate) fn claim_variable(
        &mut self,
        scope: ScopeId,
        kind: Kind,
        collection: usize,
        name: &str,
        again: bool,
        location: Caller,
    ) -> Result<(), Error> {
        let claim = Claim::variable(kind, collection, again, location);
        self.names.claim(&self.tree, scope, name, || name.into(), claim).map(drop)
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
        let (shared, below) = self.names.shared(self.tree.home(scope), name);
        let put = self.store.put(&self.tree, scope, collection, shared, entry, below);
        put.map_err(|refused| self.refused(refused, scope, collection, name, location))
    }

    /// The variables of the module at `scope` as they are now.
    pub(crate) fn variables(&mut self, scope: ScopeId) -> Variables {
        self.store.variables(&self.tree, scope)
    }

    /// The mutable collections as they are now.
    pub(crate) fn updates(&mut self) -> Variables {
        self.store.updates(&self.tree, ScopeId::ROOT)
    }

    /// The mutable collections as they are now, with the variables that lifted scopes see.
    pub(crate) fn seen(&mut self) -> Variables {
        self.store.seen(&self.tree)
    }

    // Streams.

    /// The next key of a stream at a scope.
    pub(crate) fn draw(&mut self, scope: ScopeId, stream: &str, location: Caller) -> Result<Key, Error> {
        let key = self.streams.draw(&self.tree, scope, stream);
        key.ok_or_else(|| self.missing_rng(scope, stream, location))
    }

    /// True if the stream itself was given and is visible at the scope.
    pub(crate) fn has_rng(&self, scope: ScopeId, stream: &str) -> bool {
        self.streams.has(&self.tree, scope, stream)
    }
}
