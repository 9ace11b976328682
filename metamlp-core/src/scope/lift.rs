//! Lifting: a module and the modules below it run on other variables than
//! their own. Every lifted transform is made of this (Flax's `pack`): take the
//! variables out, run on the transformed ones, write the results back.

use std::panic::Location;
use std::sync::Arc;

use super::names::Pass;
use super::state::State;
use super::store::Tables;
use super::tree::{Caller, ScopeId, View};
use super::{Frame, Root, Scope};
use crate::module::Module;
use crate::variables::Variables;
use crate::variables::map::Map;

/// The scopes that a lifted transform runs on: those of modules in the module's
/// fields that live elsewhere, then the module's own.
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
        Some(Self { root, scopes, location: Location::caller() })
    }

    /// The variables of each scope, those of the scopes below included. A
    /// collection that exists and holds none of them is an empty map.
    pub(crate) fn variables(&self) -> Vec<Variables> {
        let mut state = self.root.state();
        let State { tree, store, .. } = &mut *state;
        let mut of = |scope: &ScopeId| {
            let mut variables = Variables::new();
            for position in 0..store.collections().len() {
                let map = store.whole(tree, *scope, position);
                if let Some(map) = map.or_else(|| store.is_present(tree, *scope, position).then(Map::new)) {
                    variables.push(Arc::clone(store.collections().key(position)), map);
                }
            }
            variables
        };
        self.scopes.iter().map(&mut of).collect()
    }

    /// True if one of the scopes may write anything.
    pub(crate) fn is_mutable(&self) -> bool {
        let state = self.root.state();
        self.scopes.iter().any(|scope| !state.tree.mutable(*scope).is_empty())
    }

    /// Runs `f` while each scope sees `variables` instead of its own. A
    /// collection is mutable if it was before and `view` allows it. Returns the
    /// output and the mutable collections as they are at the end; the scopes'
    /// own variables do not change.
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

    /// Runs `f`, then frees the names that the modules took in it.
    pub(crate) fn rehearse<R>(&self, f: impl FnOnce() -> R) -> R {
        let passes = self.root.state().passes(&self.scopes);
        let output = f();
        self.root.state().rewind(passes);
        output
    }

    /// Writes the results of each scope's variables; maps are merged.
    pub(crate) fn publish(&self, written: Vec<Variables>) {
        let mut state = self.root.state();
        for (&scope, written) in self.scopes.iter().zip(written) {
            for (collection, map) in written.iter() {
                let position = state.collection(collection);
                if !state.is_mutable(scope, position) {
                    continue;
                }
                for (name, entry) in map.iter() {
                    if let Err(error) = state.put(scope, position, name, entry.clone(), self.location) {
                        // The root keeps the error: no tensor here could carry it.
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
    /// Each scope's own tables and view.
    before: Vec<(ScopeId, Tables, Option<View>)>,
}

impl<'a> Lifted<'a> {
    fn begin(pack: &'a Pack, variables: Vec<Variables>, view: &View) -> Self {
        let mut state = pack.root.state();
        let State { tree, store, .. } = &mut *state;
        let lift = |(&scope, variables)| {
            let (tables, view) = store.lift(tree, scope, variables, view);
            (scope, tables, view)
        };
        let before = pack.scopes.iter().zip(variables).map(lift).collect();
        Self { pack, before }
    }

    /// The mutable collections of each scope; none of one that has moved into another's place.
    fn written(&self) -> Vec<Variables> {
        let mut state = self.pack.root.state();
        let State { tree, store, .. } = &mut *state;
        let of = |&scope: &ScopeId| {
            if tree.home(scope) == scope { store.updates(tree, scope) } else { Variables::new() }
        };
        self.pack.scopes.iter().map(of).collect()
    }
}

impl Drop for Lifted<'_> {
    fn drop(&mut self) {
        let mut state = self.pack.root.state();
        let State { tree, store, .. } = &mut *state;
        for (scope, tables, view) in self.before.drain(..).rev() {
            store.put_down(tree, scope, tables, view);
        }
    }
}

impl State {
    /// The places of those scopes, without the ones that are below others.
    fn topmost(&self, scopes: &[ScopeId]) -> Vec<ScopeId> {
        let mut homes: Vec<ScopeId> = Vec::with_capacity(scopes.len());
        for home in scopes.iter().map(|scope| self.tree.home(*scope)) {
            if !homes.contains(&home) {
                homes.push(home);
            }
        }
        let is_top =
            |scope: &ScopeId| !homes.iter().any(|home| home != scope && self.tree.is_below(*scope, *home));
        homes.iter().copied().filter(is_top).collect()
    }

    /// The passes of all modules in those places, as they are now.
    fn passes(&mut self, places: &[ScopeId]) -> Vec<(ScopeId, Pass)> {
        let mut passes = Vec::new();
        for holder in places.iter().flat_map(|place| self.tree.holders(*place)).collect::<Vec<_>>() {
            self.name_all(holder);
            passes.push((holder, self.names.pass(holder)));
        }
        passes
    }

    /// Puts passes back. What was made since gets its name before.
    fn rewind(&mut self, passes: Vec<(ScopeId, Pass)>) {
        for (holder, pass) in passes {
            self.name_all(holder);
            self.names.restore(holder, pass);
        }
    }
}
