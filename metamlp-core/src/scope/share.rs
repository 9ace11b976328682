//! Two modules in one place (`share_scope`): the one that has moved asks for
//! everything as the other, under its path and from its streams.

use super::names::Held;
use super::state::State;
use super::tree::{Caller, ScopeId};
use crate::error::{Error, Kind};

impl State {
    /// Lets two modules share a place: the place of `module` if `other` is in it or below it, else the place of `other`.
    /// `other` is `None` if it runs in another call; `class` is its class.
    pub(super) fn share(
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
        let (module_home, other_home) = (self.tree.home(module), self.tree.home(other));
        if module_home == other_home {
            return Ok(());
        }
        let (moving, to) = if self.tree.is_below(other_home, module_home) {
            (other, module_home)
        } else {
            (module, other_home)
        };
        let held = self.names.held_by(&self.tree, moving);
        if let Some(early) = held.iter().find(|held| matches!(held.kind, Kind::Param | Kind::Variable)) {
            let problem = format!("`{}` was asked for before; call share_scope first", early.name);
            return refused(self, problem);
        }
        self.store.fold_all(&self.tree, moving);
        let before = self.tree.share(moving, Some(to));
        let pass = self.names.pass(moving);
        if let Err(error) = self.bring_all(moving, &held) {
            self.tree.share(moving, before);
            self.names.restore(moving, pass);
            return Err(error);
        }
        self.tree.renew_paths(moving);
        Ok(())
    }

    /// Takes the names of a moved module's submodules in its new place.
    fn bring_all(&mut self, moved: ScopeId, held: &[Held]) -> Result<(), Error> {
        let mut submodules = held.iter().filter(|held| held.child.is_some());
        submodules.try_for_each(|submodule| self.names.bring(&self.tree, moved, submodule))
    }

    /// Gives a scope that shares the place of another its own place back.
    pub(super) fn stop_sharing(&mut self, scope: ScopeId) {
        if self.tree.is_sharing(scope) {
            self.store.fold_all(&self.tree, scope);
            self.tree.share(scope, None);
            self.tree.renew_paths(scope);
        }
    }
}
