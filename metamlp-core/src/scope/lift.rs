//! Lifting: a module runs, with all that is below it, on other variables than
//! its own. What every lifted transform is made of (Flax's `pack`): take the
//! variables out, run on what became of them, put back what was written.

use std::sync::Arc;

use metamlp_tensor::Tree;

use super::naming::Named;
use super::state::{Caller, ScopeId, State};
use super::store::{Part, Parts, spec_of};
use super::{Frame, Root, Scope};
use crate::module::Module;
use crate::variables::Variables;
use crate::variables::filter::Filter;
use crate::variables::map::Map;

/// What a scope and those below it see in the place of what is above.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// The collections that may be written.
    pub(crate) mutable: Filter,
    /// The streams that there are.
    pub(crate) rngs: Filter,
}

/// The scopes that a lifted transform is around: the module's, and before it
/// those of modules in its fields that are not below.
#[derive(Debug)]
pub(crate) struct Pack {
    root: Arc<Root>,
    scopes: Vec<ScopeId>,
    location: Caller,
}

impl Pack {
    /// `None` where no model runs.
    #[track_caller]
    pub(crate) fn of(module: &(impl Module + ?Sized)) -> Option<Self> {
        let scope = Scope::of(module.handle());
        let Frame { root, scope: own, .. } = scope.frame.filter(|frame| frame.root.is_running())?;
        let mut scopes = Vec::new();
        place_fields(&root, module, &mut scopes);
        scopes.push(own);
        let scopes = root.state().topmost(&scopes);
        Some(Self { root, scopes, location: std::panic::Location::caller() })
    }

    /// The variables of each scope, those of the scopes below included. A
    /// collection that is there is, if empty.
    pub(crate) fn variables(&self) -> Vec<Variables> {
        let mut state = self.root.state();
        let of = |scope: &ScopeId| {
            let mut variables = Variables::new();
            for position in 0..state.collections.len() {
                let map = state.whole(*scope, position).map.clone();
                if let Some(map) = map.or_else(|| state.is_present(*scope, position).then(Map::new)) {
                    variables.push(Arc::clone(state.collections.key(position)), map);
                }
            }
            variables
        };
        self.scopes.iter().map(of).collect()
    }

    /// Whether a scope may write anything.
    pub(crate) fn is_mutable(&self) -> bool {
        let state = self.root.state();
        self.scopes.iter().any(|scope| !state.mutable(*scope).is_empty())
    }

    /// Runs `f` while each scope sees `variables` in the place of its own. A
    /// collection is mutable if it was and `view` says so. Gives the output and
    /// the mutable collections as they are at the end; the scopes' own are as before.
    pub(crate) fn run<R>(
        &self,
        variables: Vec<Variables>,
        view: &View,
        f: impl FnOnce() -> R,
    ) -> (R, Vec<Variables>) {
        let lifted = Lifted::begin(self, variables, view);
        let output = f();
        let written = lifted.written();
        (output, written)
    }

    /// Runs `f`, and lets the modules name again what they name in it.
    pub(crate) fn rehearse<R>(&self, f: impl FnOnce() -> R) -> R {
        let named: Vec<Named> = {
            let mut state = self.root.state();
            self.scopes.iter().map(|scope| state.named(*scope)).collect()
        };
        let output = f();
        let mut state = self.root.state();
        for (scope, named) in self.scopes.iter().zip(named) {
            state.rename(*scope, named);
        }
        output
    }

    /// Writes what came of each scope's variables; maps are merged.
    pub(crate) fn publish(&self, written: Vec<Variables>) {
        let mut state = self.root.state();
        for (&scope, written) in self.scopes.iter().zip(written) {
            for (collection, map) in written.iter() {
                if !state.is_mutable(scope, collection) {
                    continue;
                }
                let position = state.collection(collection);
                for (name, entry) in map.iter() {
                    if let Err(error) = state.put(scope, position, name, entry.clone(), self.location) {
                        // Kept by the root: nothing here could carry it.
                        let _ = state.fail(error);
                    }
                }
            }
        }
    }
}

/// The scopes of the modules in a module's fields that have one, the innermost first.
fn place_fields(root: &Root, module: &(impl Module + ?Sized), scopes: &mut Vec<ScopeId>) {
    module.submodules(&mut |_, submodule| {
        place_fields(root, submodule, scopes);
        scopes.extend(root.state().place_of(submodule.handle().identity()));
    });
}

/// Scopes that are lifted, until the drop.
struct Lifted<'a> {
    pack: &'a Pack,
    /// Each scope's own parts and view.
    before: Vec<(ScopeId, Parts, Option<View>)>,
}

impl<'a> Lifted<'a> {
    fn begin(pack: &'a Pack, variables: Vec<Variables>, view: &View) -> Self {
        let mut state = pack.root.state();
        let lift = |(&scope, variables)| {
            let (parts, view) = state.lift(scope, variables, view);
            (scope, parts, view)
        };
        let before = pack.scopes.iter().zip(variables).map(lift).collect();
        Self { pack, before }
    }

    /// The mutable collections of each scope.
    fn written(&self) -> Vec<Variables> {
        let mut state = self.pack.root.state();
        self.pack.scopes.iter().map(|scope| state.written(*scope)).collect()
    }
}

impl Drop for Lifted<'_> {
    fn drop(&mut self) {
        let mut state = self.pack.root.state();
        for (scope, parts, view) in self.before.drain(..).rev() {
            state.put_down(scope, parts, view);
        }
    }
}

impl State {
    /// The scopes in whose places those are, without the ones below others.
    fn topmost(&self, scopes: &[ScopeId]) -> Vec<ScopeId> {
        let mut homes: Vec<ScopeId> = Vec::with_capacity(scopes.len());
        for home in scopes.iter().map(|scope| self.home(*scope)) {
            if !homes.contains(&home) {
                homes.push(home);
            }
        }
        let is_top =
            |scope: &ScopeId| !homes.iter().any(|home| home != scope && self.is_below(*scope, *home));
        homes.iter().copied().filter(is_top).collect()
    }

    /// Puts `variables` in the place of a scope's own, which it gives.
    fn lift(&mut self, scope: ScopeId, variables: Variables, view: &View) -> (Parts, Option<View>) {
        self.gather_all(scope);
        let mutable = self.mutable(scope).intersection(&view.mutable);
        let mut parts = Parts::new();
        for (name, map) in variables {
            let position = self.collection(&name);
            let map = if self.is_abstract { map.map(&mut spec_of) } else { map };
            parts.resize_with(parts.len().max(position + 1), || None);
            parts[position] = Some(Part::new(mutable.contains(&name), Some(map)));
        }
        let view = View { mutable, rngs: view.rngs.clone() };
        let node = self.node_mut(scope);
        (std::mem::replace(&mut node.parts, parts), node.view.replace(view))
    }

    /// The mutable collections of a lifted scope.
    fn written(&mut self, scope: ScopeId) -> Variables {
        let mut written = Variables::new();
        // One that shares another's place since has nothing of its own.
        if self.home(scope) == scope {
            for position in 0..self.collections.len() {
                if let Part { is_mutable: true, map: Some(map), .. } = self.whole(scope, position) {
                    let map = map.clone();
                    written.push(Arc::clone(self.collections.key(position)), map);
                }
            }
        }
        written
    }

    /// Gives a lifted scope its own variables back.
    fn put_down(&mut self, scope: ScopeId, parts: Parts, view: Option<View>) {
        self.gather_all(scope);
        let node = self.node_mut(scope);
        node.parts = parts;
        node.view = view;
    }

    /// The scope whose view this one sees: the root, or one that is lifted.
    pub(super) fn seen_from(&self, scope: ScopeId) -> ScopeId {
        let mut at = self.home(scope);
        while let (None, Some(parent)) = (&self.node(at).view, self.node(at).parent) {
            at = self.home(parent);
        }
        at
    }

    /// Whether a scope sees a stream.
    pub(super) fn sees_rng(&self, scope: ScopeId, stream: &str) -> bool {
        let mut at = Some(scope);
        while let Some(scope) = at {
            let node = self.node(self.home(scope));
            if node.view.as_ref().is_some_and(|view| !view.rngs.contains(stream)) {
                return false;
            }
            at = node.parent;
        }
        true
    }

    /// The mutable collections as they are now, with all that lifted scopes see.
    pub(super) fn seen(&mut self) -> Variables {
        let mut seen = self.updates();
        let lifted: Vec<ScopeId> = self.ids().skip(1).filter(|id| self.node(*id).view.is_some()).collect();
        for scope in lifted {
            for position in 0..self.collections.len() {
                let Some(own) = self.whole(scope, position).map.clone() else { continue };
                let name = self.collections.key(position);
                let mut whole = seen.collection(name).cloned().unwrap_or_default();
                let names = self.names_to(scope);
                if let Some(place) = names.into_iter().try_fold(&mut whole, |map, name| map.submap(name)) {
                    *place = own;
                }
                seen.insert(&**name, whole);
            }
        }
        seen
    }
}
