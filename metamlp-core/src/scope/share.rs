//! Two modules in one scope: the one that has moved asks for everything in the
//! place of the other, under its path and from its streams.

use std::panic::Location;

use super::state::{Caller, ScopeId, State};
use super::{Frame, Scope};
use crate::error::{Error, Kind};
use crate::module::handle::Handle;

impl Scope {
    /// See [`Module::share_scope`](crate::Module::share_scope).
    #[track_caller]
    pub(crate) fn share_with(&self, other: &Handle) {
        let location = Location::caller();
        let class = other.identity().class;
        let what = || format!("the scope of {class}");
        let other = Self::of(other).frame;
        // The error is kept by the root: nothing here could carry it.
        let _ = self.attempt(location, what, |root, scope| {
            let other = other.filter(|Frame { root: other, .. }| other.id == root.id);
            root.state().share(scope, other.map(|frame| frame.scope), class, location)
        });
    }
}

impl State {
    /// The scope in whose place a scope's module asks for everything: mostly itself.
    pub(super) fn home(&self, mut scope: ScopeId) -> ScopeId {
        while let Some(shared) = self.node(scope).shares {
            scope = shared;
        }
        scope
    }

    /// Lets two modules share a scope: `module`'s if `other`'s is that or below it, else `other`'s.
    fn share(
        &mut self,
        module: ScopeId,
        other: Option<ScopeId>,
        class: &'static str,
        location: Caller,
    ) -> Result<(), Error> {
        let refused = |state: &Self, problem: String| {
            Err(Error::ShareScope { class, problem, at: state.source(module, location) })
        };
        let Some(other) = other else {
            return refused(self, "it runs in another call of `init` or `apply`".into());
        };
        let (module_home, other_home) = (self.home(module), self.home(other));
        if module_home == other_home {
            return Ok(());
        }
        let (moving, to) =
            if self.is_below(other_home, module_home) { (other, module_home) } else { (module, other_home) };
        let held = self.held_by(moving);
        if let Some(early) = held.iter().find(|held| matches!(held.kind, Kind::Param | Kind::Variable)) {
            let problem = format!("`{}` was asked for before; call share_scope first", early.name);
            return refused(self, problem);
        }
        self.leave_parts(moving);
        let before = self.node_mut(moving).shares.replace(to);
        for submodule in held.iter().filter(|held| held.child.is_some()) {
            if let Err(error) = self.bring(moving, submodule) {
                self.node_mut(moving).shares = before;
                return Err(error);
            }
        }
        self.forget_places(moving);
        Ok(())
    }

    /// Gives a scope that shares another one its own place back.
    pub(super) fn stop_sharing(&mut self, scope: ScopeId) {
        if self.node(scope).shares.is_some() {
            self.leave_parts(scope);
            self.node_mut(scope).shares = None;
            self.forget_places(scope);
        }
    }

    pub(super) fn is_below(&self, scope: ScopeId, above: ScopeId) -> bool {
        let mut at = Some(scope);
        while let Some(scope) = at {
            if scope == above {
                return true;
            }
            at = self.node(scope).parent.map(|parent| self.home(parent));
        }
        false
    }

    /// Gives the parts of a scope that moves, and of those below it, back to what is above.
    fn leave_parts(&mut self, moving: ScopeId) {
        let home = self.home(moving);
        match self.node(home).parent {
            Some(parent) if self.node(home).view.is_none() => self.gather_all(parent),
            _ => self.gather_all(home),
        }
    }

    /// Finds anew what is remembered of places at or below a scope that moves.
    fn forget_places(&mut self, moving: ScopeId) {
        let is_leaf = !self.scopes.iter().any(|node| [node.parent, node.shares].contains(&Some(moving)));
        if is_leaf {
            return;
        }
        for scope in self.ids() {
            let root = self.node(ScopeId::ROOT).path.to_string();
            let path = self.names_to(scope).iter().fold(root, |path, name| path + "/" + name);
            let node = self.node_mut(scope);
            node.path = path.into();
        }
    }
}
