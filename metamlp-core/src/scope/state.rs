//! The tree of scopes of one call of `init` or `apply`: who is where, and the
//! first error. Naming is in `naming`, the variables in `store`.

use std::collections::BTreeSet;
use std::panic::Location;
use std::sync::Arc;

use metamlp_tensor::random::Key;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::lift::View;
use super::naming::Name;
use super::store::{Part, Parts};
use crate::error::{Error, Names};
use crate::module::handle::Identity;
use crate::scope::rngs::Rngs;
use crate::variables::Variables;
use crate::variables::filter::Filter;
use crate::variables::map::Map;
use crate::variables::ordered::Ordered;

pub(crate) type Caller = &'static Location<'static>;

/// A scope's number in its tree; the root's is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScopeId(u32);

impl ScopeId {
    pub(crate) const ROOT: Self = Self(0);
}

#[derive(Debug)]
pub(crate) struct State {
    pub(super) root: u64,
    pub(super) scopes: Vec<Node>,
    /// The scope of each module that has one, by identity.
    pub(super) bound: FxHashMap<u64, ScopeId>,
    /// The names of collections; a scope's part of one has its position.
    pub(super) collections: Ordered<()>,
    /// Whether only the types of variables are kept.
    pub(super) is_abstract: bool,
    /// Whether a module in a field goes by the name that it was given.
    pub(super) preserve_adopted_names: bool,
    /// The paths of variables that were read, where that is asked for.
    pub(super) reads: Option<BTreeSet<String>>,
    rngs: Rngs,
    error: Option<Error>,
}

/// One module's scope.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) parent: Option<ScopeId>,
    /// The scope in whose place the module asks for everything, if not its own.
    pub(super) shares: Option<ScopeId>,
    pub(super) name: Arc<str>,
    /// The names from the root's class on, joined by `/`.
    pub(super) path: Arc<str>,
    /// Names of submodules and variables, and what has them.
    pub(super) names: Ordered<Name>,
    /// How often the module has been called from outside; names are free again in each pass.
    pub(super) pass: u32,
    /// How many of its methods are running.
    running: u32,
    /// The line that called the method that runs, or ran last.
    pub(super) called_at: Caller,
    /// The method that this pass began with.
    pub(super) method: &'static str,
    /// The next number of each class.
    pub(super) classes: SmallVec<[(&'static str, u32); 4]>,
    /// Modules made in this pass that have no name yet, in order.
    pub(super) unnamed: Vec<Arc<Identity>>,
    /// Modules from elsewhere that were called and so got a name in this pass.
    pub(super) adopted: SmallVec<[u64; 4]>,
    /// The instance whose fields were bound last.
    pub(super) fields_of: u64,
    /// Keys drawn, by the stream's position.
    draws: SmallVec<[(usize, u32); 2]>,
    /// The scope's part of each collection, once looked up.
    pub(super) parts: Parts,
    /// What the scope and those below see in the place of what is above; the root has one.
    pub(super) view: Option<View>,
}

impl Node {
    pub(super) fn is_running(&self) -> bool {
        self.running > 0
    }

    fn new(parent: Option<ScopeId>, name: Arc<str>, path: Arc<str>, called_at: Caller) -> Self {
        Self {
            parent,
            shares: None,
            name,
            path,
            names: Ordered::new(),
            pass: 1,
            running: 0,
            called_at,
            method: "",
            classes: SmallVec::new(),
            unnamed: Vec::new(),
            adopted: SmallVec::new(),
            fields_of: 0,
            draws: SmallVec::new(),
            parts: Parts::new(),
            view: None,
        }
    }
}

impl State {
    pub(super) fn new(
        root: u64,
        module: &Identity,
        variables: Option<&Variables>,
        rngs: Rngs,
        mutable: Filter,
        is_abstract: bool,
    ) -> Self {
        let given = variables.cloned().unwrap_or_default();
        let mut state = Self {
            root,
            scopes: Vec::with_capacity(8),
            bound: FxHashMap::default(),
            collections: given.collections(|_, _| ()),
            is_abstract,
            preserve_adopted_names: false,
            reads: None,
            rngs,
            error: None,
        };
        let name = interned(module.class);
        let mut node = Node::new(None, Arc::clone(&name), name, module.location);
        let part = |(name, map): (&str, &Map)| Some(Part::new(mutable.contains(name), Some(map.clone())));
        node.parts = given.iter().map(part).collect();
        node.view = Some(View { mutable, rngs: Filter::All(true) });
        state.scopes.push(node);
        state.bound.insert(module.id, ScopeId::ROOT);
        state
    }

    pub(super) fn node(&self, scope: ScopeId) -> &Node {
        &self.scopes[scope.0 as usize]
    }

    pub(super) fn node_mut(&mut self, scope: ScopeId) -> &mut Node {
        &mut self.scopes[scope.0 as usize]
    }

    /// Every scope, the root first.
    pub(super) fn ids(&self) -> impl Iterator<Item = ScopeId> + use<> {
        (0..u32::try_from(self.scopes.len()).unwrap_or(u32::MAX)).map(ScopeId)
    }

    /// A new scope under `parent`.
    pub(super) fn grow(&mut self, parent: ScopeId, name: &Arc<str>, made_at: Caller) -> ScopeId {
        let path = [&*self.path(parent), "/", name].concat().into();
        let id = ScopeId(u32::try_from(self.scopes.len()).unwrap_or(u32::MAX));
        self.scopes.push(Node::new(Some(parent), Arc::clone(name), path, made_at));
        id
    }

    /// The scope of a path from the root's class on.
    pub(super) fn scope_at(&self, path: &str) -> Option<ScopeId> {
        let position = self.scopes.iter().position(|node| &*node.path == path)?;
        u32::try_from(position).ok().map(ScopeId)
    }

    /// The names from the root to a scope.
    pub(super) fn names_to(&self, scope: ScopeId) -> SmallVec<[&Arc<str>; 8]> {
        let mut names = SmallVec::new();
        let mut at = self.node(self.home(scope));
        while let Some(parent) = at.parent {
            names.push(&at.name);
            at = self.node(self.home(parent));
        }
        names.reverse();
        names
    }

    /// The path as errors show it: from the root's class on.
    pub(crate) fn path(&self, scope: ScopeId) -> Arc<str> {
        Arc::clone(&self.node(self.home(scope)).path)
    }

    /// The path without the root's class.
    pub(crate) fn path_below_root(&self, scope: ScopeId) -> &str {
        let path = &self.node(self.home(scope)).path;
        path.get(self.node(ScopeId::ROOT).path.len() + 1..).unwrap_or("")
    }

    /// A method of the module at `scope` begins; true if its fields are to be bound.
    pub(crate) fn begin(
        &mut self,
        scope: ScopeId,
        module: u64,
        method: &'static str,
        called_at: Caller,
    ) -> bool {
        let node = self.node_mut(scope);
        node.called_at = called_at;
        node.running += 1;
        if node.running == 1 {
            node.pass += 1;
            node.method = method;
            node.classes.clear();
            node.unnamed.clear();
            for id in std::mem::take(&mut node.adopted) {
                self.bound.remove(&id);
            }
        }
        self.begin_fields(scope, module)
    }

    /// True if that instance's fields were not the last to be bound here.
    pub(crate) fn begin_fields(&mut self, scope: ScopeId, module: u64) -> bool {
        std::mem::replace(&mut self.node_mut(scope).fields_of, module) != module
    }

    pub(crate) fn end(&mut self, scope: ScopeId) {
        let node = self.node_mut(scope);
        node.running = node.running.saturating_sub(1);
        // What a method has made and handed out is still its module's.
        if !node.is_running() && !std::thread::panicking() {
            self.name_all(scope);
        }
    }

    /// Keeps the first error; gives the error back for the tensor that will carry it.
    pub(crate) fn fail(&mut self, error: Error) -> Error {
        self.error.get_or_insert_with(|| error.clone());
        error
    }

    pub(crate) fn error(&mut self) -> Option<Error> {
        self.error.take()
    }

    /// The next key of a stream at a scope.
    pub(crate) fn draw(&mut self, scope: ScopeId, stream: &str, location: Caller) -> Result<Key, Error> {
        let missing = |state: &Self| Error::MissingRng {
            stream: stream.to_owned(),
            available: Names::new(stream, state.rngs.names().filter(|name| state.sees_rng(scope, name))),
            at: state.source(scope, location),
        };
        let Some(position) = self.rngs.resolve(stream, |stream| self.sees_rng(scope, stream)) else {
            return Err(missing(self));
        };
        let home = self.home(scope);
        let draws = &mut self.node_mut(home).draws;
        let count = match draws.iter_mut().find(|(at, _)| *at == position) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                draws.push((position, 1));
                1
            }
        };
        let path = self.names_to(scope);
        let key = self.rngs.derive(position, path.iter().map(|name| &***name), count);
        key.ok_or_else(|| missing(self))
    }

    pub(crate) fn has_rng(&self, scope: ScopeId, stream: &str) -> bool {
        self.rngs.get(stream).is_some() && self.sees_rng(scope, stream)
    }
}

/// A class's name as a shared string.
fn interned(class: &'static str) -> Arc<str> {
    class.into()
}
