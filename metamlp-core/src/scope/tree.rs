//! The tree of scopes of one call: parents, names, paths, shared places and
//! views. Knows nothing of variables, and nothing of how names are chosen.

use std::panic::Location;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::variables::filter::Filter;

/// A line of the user's program.
pub(crate) type Caller = &'static Location<'static>;

/// A scope's number in its tree; the root's is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScopeId(u32);

/// The restrictions that a lifted transform puts on a scope and on the scopes below it.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// The collections that may be written.
    pub(crate) mutable: Filter,
    /// The random streams that are visible.
    pub(crate) rngs: Filter,
}

#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

/// One module's scope.
#[derive(Debug)]
struct Node {
    parent: Option<ScopeId>,
    /// The scope whose place this one uses (`share_scope`); `None` if it uses its own.
    shares: Option<ScopeId>,
    /// The scopes that use the place of this one.
    sharers: SmallVec<[ScopeId; 2]>,
    /// The child made last; the others follow by `previous`.
    last_child: Option<ScopeId>,
    /// The child that the parent made before this one.
    previous: Option<ScopeId>,
    name: Arc<str>,
    /// The names from the root's class on, joined by `/`.
    path: Arc<str>,
    /// The line that called the method that runs or ran last; before any call, the line that made the module.
    called_at: Caller,
    /// The number of its methods that are running.
    running: u32,
    /// Present on the root and on scopes that are lifted.
    view: Option<View>,
}

impl ScopeId {
    pub(crate) const ROOT: Self = Self(0);

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }

    fn at(index: usize) -> Self {
        Self(u32::try_from(index).expect("a call has fewer than 2^32 scopes"))
    }
}

impl Tree {
    /// A tree of the root alone.
    pub(super) fn new(class: Arc<str>, made_at: Caller, view: View) -> Self {
        let mut root = Node::new(None, Arc::clone(&class), class, made_at);
        root.view = Some(view);
        let mut nodes = Vec::with_capacity(8);
        nodes.push(root);
        Self { nodes }
    }

    /// A new scope under `parent`.
    pub(super) fn grow(&mut self, parent: ScopeId, name: &Arc<str>, made_at: Caller) -> ScopeId {
        let path = [&*self.node(self.home(parent)).path, "/", name].concat().into();
        let id = ScopeId::at(self.nodes.len());
        let mut node = Node::new(Some(parent), Arc::clone(name), path, made_at);
        node.previous = self.node_mut(parent).last_child.replace(id);
        self.nodes.push(node);
        id
    }

    /// Every scope, the root first.
    pub(super) fn ids(&self) -> impl Iterator<Item = ScopeId> + use<> {
        (0..self.nodes.len()).map(ScopeId::at)
    }

    pub(super) fn parent(&self, scope: ScopeId) -> Option<ScopeId> {
        self.node(scope).parent
    }

    /// The place above: the parent's, or that of the scope whose place the parent uses.
    pub(super) fn above(&self, scope: ScopeId) -> Option<ScopeId> {
        self.node(scope).parent.map(|parent| self.home(parent))
    }

    pub(super) fn name(&self, scope: ScopeId) -> &Arc<str> {
        &self.node(scope).name
    }

    /// True if a scope is `above`, or is below it.
    pub(super) fn is_below(&self, scope: ScopeId, above: ScopeId) -> bool {
        let mut at = Some(scope);
        while let Some(scope) = at {
            if scope == above {
                return true;
            }
            at = self.above(scope);
        }
        false
    }

    /// The scopes right below a place: the children of the modules that use it.
    pub(super) fn children(&self, home: ScopeId) -> SmallVec<[ScopeId; 8]> {
        let mut children = SmallVec::new();
        for holder in self.holders(home) {
            let mut next = self.node(holder).last_child;
            while let Some(child) = next {
                children.push(child);
                next = self.node(child).previous;
            }
        }
        children
    }

    // Shared places.

    /// The scope whose place a scope's module uses; usually the scope itself.
    pub(super) fn home(&self, mut scope: ScopeId) -> ScopeId {
        while let Some(shared) = self.node(scope).shares {
            scope = shared;
        }
        scope
    }

    /// The scopes that use a place: its own first, then the scopes that share it.
    pub(super) fn holders(&self, home: ScopeId) -> SmallVec<[ScopeId; 4]> {
        let mut holders = SmallVec::from_elem(home, 1);
        let mut next = 0;
        while let Some(&holder) = holders.get(next) {
            holders.extend_from_slice(&self.node(holder).sharers);
            next += 1;
        }
        holders
    }

    pub(super) fn is_sharing(&self, scope: ScopeId) -> bool {
        self.node(scope).shares.is_some()
    }

    /// Lets a scope use the place of `to`, or its own; returns what it used before.
    /// [`renew_paths`](Tree::renew_paths) follows.
    pub(super) fn share(&mut self, scope: ScopeId, to: Option<ScopeId>) -> Option<ScopeId> {
        let before = std::mem::replace(&mut self.node_mut(scope).shares, to);
        if let Some(before) = before {
            self.node_mut(before).sharers.retain(|sharer| *sharer != scope);
        }
        if let Some(to) = to {
            self.node_mut(to).sharers.push(scope);
        }
        before
    }

    /// Computes the paths below a scope anew after it has moved.
    pub(super) fn renew_paths(&mut self, moved: ScopeId) {
        let node = self.node(moved);
        if node.last_child.is_none() && node.sharers.is_empty() {
            return;
        }
        let mut stale = self.children(self.home(moved));
        while let Some(scope) = stale.pop() {
            let above = self.above(scope).expect("a child has a parent");
            let path = [&*self.node(above).path, "/", self.name(scope)].concat().into();
            self.node_mut(scope).path = path;
            if self.home(scope) == scope {
                stale.extend(self.children(scope));
            }
        }
    }

    // Paths.

    /// The names from the root to a scope's place.
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

    /// The path as errors show it, beginning with the root's class.
    pub(super) fn path(&self, scope: ScopeId) -> &Arc<str> {
        &self.node(self.home(scope)).path
    }

    /// The path without the root's class; empty for the root.
    pub(super) fn path_below_root(&self, scope: ScopeId) -> &str {
        let class = self.node(ScopeId::ROOT).path.len();
        self.path(scope).get(class + 1..).unwrap_or("")
    }

    /// The scope of a path that begins with the root's class.
    pub(super) fn scope_at(&self, path: &str) -> Option<ScopeId> {
        self.nodes.iter().position(|node| &*node.path == path).map(ScopeId::at)
    }

    // Running methods.

    /// Notes that a method begins; true if no other method of the scope is running.
    pub(super) fn enter(&mut self, scope: ScopeId, called_at: Caller) -> bool {
        let node = self.node_mut(scope);
        node.called_at = called_at;
        node.running += 1;
        node.running == 1
    }

    /// Notes that a method ends; true if none is running any more.
    pub(super) fn leave(&mut self, scope: ScopeId) -> bool {
        let node = self.node_mut(scope);
        debug_assert!(node.running > 0, "each `leave` follows an `enter`");
        node.running = node.running.saturating_sub(1);
        node.running == 0
    }

    pub(super) fn is_running(&self, scope: ScopeId) -> bool {
        self.node(scope).running > 0
    }

    /// The line of the last call of one of the scope's methods.
    pub(super) fn called_at(&self, scope: ScopeId) -> Caller {
        self.node(scope).called_at
    }

    // Views.

    pub(super) fn view(&self, scope: ScopeId) -> Option<&View> {
        self.node(scope).view.as_ref()
    }

    /// Sets or removes the view of a scope; returns the old one.
    pub(super) fn set_view(&mut self, scope: ScopeId, view: Option<View>) -> Option<View> {
        std::mem::replace(&mut self.node_mut(scope).view, view)
    }

    /// The nearest scope with a view, from a scope upwards: a lifted one, or the root.
    pub(super) fn seen_from(&self, scope: ScopeId) -> ScopeId {
        let mut at = self.home(scope);
        while self.view(at).is_none() {
            at = self.above(at).expect("the root has a view");
        }
        at
    }

    /// The collections that a scope may write.
    pub(super) fn mutable(&self, scope: ScopeId) -> &Filter {
        &self.view(self.seen_from(scope)).expect("`seen_from` returns a scope with a view").mutable
    }

    /// True if no view around a scope hides a stream.
    pub(super) fn sees_rng(&self, scope: ScopeId, stream: &str) -> bool {
        let mut at = Some(self.home(scope));
        while let Some(scope) = at {
            if self.view(scope).is_some_and(|view| !view.rngs.contains(stream)) {
                return false;
            }
            at = self.above(scope);
        }
        true
    }

    fn node(&self, scope: ScopeId) -> &Node {
        &self.nodes[scope.index()]
    }

    fn node_mut(&mut self, scope: ScopeId) -> &mut Node {
        &mut self.nodes[scope.index()]
    }
}

impl Node {
    fn new(parent: Option<ScopeId>, name: Arc<str>, path: Arc<str>, called_at: Caller) -> Self {
        Self {
            parent,
            shares: None,
            sharers: SmallVec::new(),
            last_child: None,
            previous: None,
            name,
            path,
            called_at,
            running: 0,
            view: None,
        }
    }
}
