//! Names within a scope, by Flax's rules: a submodule made in a method is
//! called by its class and a number, in the order of construction; a field by
//! the field; one name is one thing.

use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use super::state::{Caller, Node, ScopeId, State};
use crate::error::{Error, Kind, Line};
use crate::module::handle::Identity;

/// What is known of a name.
#[derive(Debug)]
pub(super) struct Name {
    kind: Kind,
    location: Caller,
    /// Whose it is: for a variable several may be, each in another collection.
    holds: SmallVec<[Hold; 2]>,
    /// For a submodule: its scope, which outlives the pass.
    child: Option<ScopeId>,
    /// For an automatic name: the method that first gave it.
    method: &'static str,
}

/// A name is held by the module of a scope in one of its passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hold {
    holder: ScopeId,
    pass: u32,
    /// For a field: the instance that has it.
    instance: u64,
    /// For a variable: its collection, by position.
    collection: Option<usize>,
}

/// What a module has named up to some moment.
#[derive(Debug)]
pub(super) struct Named {
    classes: SmallVec<[(&'static str, u32); 4]>,
    holds: Vec<SmallVec<[Hold; 2]>>,
}

/// A name that a module holds.
pub(super) struct Held {
    pub(super) name: Arc<str>,
    pub(super) kind: Kind,
    pub(super) child: Option<ScopeId>,
    location: Caller,
}

/// Whoever wants a name.
#[derive(Clone, Copy)]
struct Claim {
    kind: Kind,
    /// For a variable: its collection, and whether it may be there already.
    collection: Option<(usize, bool)>,
    location: Caller,
    is_automatic: bool,
}

impl State {
    /// Remembers a module that will get its name when one of its scope is first called.
    pub(crate) fn await_name(&mut self, owner: ScopeId, module: Arc<Identity>) {
        self.node_mut(owner).unnamed.push(module);
    }

    /// Gives up naming a module that has become another.
    pub(crate) fn forget(&mut self, owner: ScopeId, module: u64) {
        self.node_mut(owner).unnamed.retain(|unnamed| unnamed.id != module);
    }

    pub(crate) fn is_bound(&self, module: &Identity) -> bool {
        self.bound.contains_key(&module.id) || module.owner.is_some_and(|owner| owner.root == self.root)
    }

    /// The module's scope. One without gets it now: in the scope that owns it,
    /// else in `running`, the scope that calls it. `None` after an error.
    pub(crate) fn bind(
        &mut self,
        module: &Arc<Identity>,
        running: ScopeId,
        in_method: bool,
        location: Caller,
    ) -> Option<ScopeId> {
        if let Some(scope) = self.bound.get(&module.id) {
            return Some(*scope);
        }
        if let Some(owner) = module.owner.filter(|owner| owner.root == self.root) {
            self.name_all(owner.scope);
            if let Some(scope) = self.bound.get(&module.id) {
                return Some(*scope);
            }
        }
        if !in_method {
            let at = self.source(running, location);
            self.fail(Error::OutsideMethod { class: module.class, at });
            return None;
        }
        self.name_all(running);
        Some(self.name(running, module))
    }

    /// The scope of a module that has one, by identity.
    pub(crate) fn bound_scope(&self, module: u64) -> Option<ScopeId> {
        self.bound.get(&module).copied()
    }

    /// Lets what is asked for outside of any method be asked for again.
    pub(crate) fn renew_names(&mut self) {
        for node in self.scopes.iter_mut().filter(|node| !node.is_running()) {
            node.pass += 1;
        }
    }

    /// Binds a module that is held by a field of the module at `scope`, unless another owns it.
    /// Gives the scope of one whose own fields are to be bound now.
    pub(crate) fn bind_field(
        &mut self,
        scope: ScopeId,
        field: &str,
        module: &Arc<Identity>,
    ) -> Option<ScopeId> {
        if self.is_bound(module) {
            return None;
        }
        let claim =
            Claim { kind: Kind::Field, collection: None, location: module.location, is_automatic: false };
        let given_name = module.given_name().filter(|_| self.preserve_adopted_names);
        let name = given_name.map_or_else(|| field.into(), Arc::clone);
        let child = self.claim_child(scope, &name, claim);
        self.bound.insert(module.id, child);
        self.begin_fields(child, module.id).then_some(child)
    }

    /// The scope of a method that has one, called like the method.
    pub(crate) fn bind_method(&mut self, scope: ScopeId, method: &str, location: Caller) -> ScopeId {
        let claim = Claim { kind: Kind::Method, collection: None, location, is_automatic: false };
        self.claim_child(scope, &method.into(), claim)
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
        let claim = Claim { kind, collection: Some((collection, again)), location, is_automatic: false };
        self.claim(scope, name, None, claim).map(drop)
    }

    /// Names every module made in this scope so far.
    pub(super) fn name_all(&mut self, scope: ScopeId) {
        for module in std::mem::take(&mut self.node_mut(scope).unnamed) {
            self.name(scope, &module);
        }
    }

    fn name(&mut self, scope: ScopeId, module: &Arc<Identity>) -> ScopeId {
        let mut claim =
            Claim { kind: Kind::Module, collection: None, location: module.location, is_automatic: false };
        let child = match module.given_name() {
            Some(name) => self.claim_child(scope, name, claim),
            None => {
                claim.is_automatic = true;
                let number = self.next_number(scope, module.class);
                let name = format!("{}_{number}", module.class).into();
                self.claim_child(scope, &name, claim)
            }
        };
        self.bound.insert(module.id, child);
        if module.owner.is_none_or(|owner| owner.root != self.root) {
            self.node_mut(scope).adopted.push(module.id);
        }
        child
    }

    fn next_number(&mut self, scope: ScopeId, class: &'static str) -> u32 {
        let classes = &mut self.node_mut(scope).classes;
        match classes.iter_mut().find(|(known, _)| *known == class) {
            Some((_, next)) => {
                *next += 1;
                *next - 1
            }
            None => {
                classes.push((class, 1));
                0
            }
        }
    }

    /// The scope of a module in a field, if it has one already.
    pub(super) fn place_of(&mut self, module: &Identity) -> Option<ScopeId> {
        if let Some(owner) = module.owner.filter(|owner| owner.root == self.root) {
            self.name_all(owner.scope);
        }
        self.bound_scope(module.id)
    }

    /// The scopes below one, by name.
    pub(super) fn named_children(&self, home: ScopeId) -> impl Iterator<Item = (&Arc<str>, ScopeId)> {
        self.node(home).names.iter().filter_map(|(name, known)| Some((name, known.child?)))
    }

    /// Whether a scope of that name is below one.
    pub(super) fn has_child(&self, scope: ScopeId, name: &str) -> bool {
        self.node(self.home(scope)).names.get(name).is_some_and(|known| known.child.is_some())
    }

    /// What a scope's module has named so far.
    pub(super) fn named(&mut self, scope: ScopeId) -> Named {
        self.name_all(scope);
        let home = self.home(scope);
        let holds = self.node(home).names.iter().map(|(_, known)| known.holds.clone()).collect();
        Named { classes: self.node(scope).classes.clone(), holds }
    }

    /// Lets a module name again what it has named since.
    pub(super) fn rename(&mut self, scope: ScopeId, named: Named) {
        self.name_all(scope);
        let home = self.home(scope);
        let mut holds = named.holds.into_iter();
        for known in self.node_mut(home).names.values_mut() {
            known.holds = holds.next().unwrap_or_default();
        }
        self.node_mut(scope).classes = named.classes;
    }

    /// Whether a name at `home` is still held: by a field for good, else until its holder's next pass.
    fn is_current(&self, home: ScopeId, kind: Kind, hold: &Hold) -> bool {
        self.home(hold.holder) == home && (kind == Kind::Field || hold.pass == self.node(hold.holder).pass)
    }

    /// The names that the module of a scope holds.
    pub(super) fn held_by(&self, holder: ScopeId) -> Vec<Held> {
        let home = self.home(holder);
        let names = self.node(home).names.iter().filter(|(_, known)| {
            let mut holds = known.holds.iter();
            holds.any(|hold| hold.holder == holder && self.is_current(home, known.kind, hold))
        });
        names
            .map(|(name, known)| Held {
                name: Arc::clone(name),
                kind: known.kind,
                child: known.child,
                location: known.location,
            })
            .collect()
    }

    /// Takes a submodule's name for the holder in the place where it is now.
    pub(super) fn bring(&mut self, holder: ScopeId, held: &Held) -> Result<(), Error> {
        let claim = Claim { kind: held.kind, collection: None, location: held.location, is_automatic: false };
        let position = self.claim(holder, &held.name, Some(&held.name), claim)?;
        let home = self.home(holder);
        self.node_mut(home).names.at_mut(position).child = held.child;
        Ok(())
    }

    /// The scope of that name under `scope`; an error in the way is kept.
    fn claim_child(&mut self, scope: ScopeId, name: &Arc<str>, claim: Claim) -> ScopeId {
        let position = match self.claim(scope, name, Some(name), claim) {
            Ok(position) => position,
            Err(error) => {
                self.fail(error);
                return self.grow(scope, name, claim.location);
            }
        };
        let home = self.home(scope);
        if let Some(child) = self.node(home).names.at(position).child {
            self.stop_sharing(child);
            return child;
        }
        let child = self.grow(scope, name, claim.location);
        self.node_mut(home).names.at_mut(position).child = Some(child);
        child
    }

    /// Takes a name in this pass; its position among the names.
    fn claim(
        &mut self,
        scope: ScopeId,
        name: &str,
        shared: Option<&Arc<str>>,
        claim: Claim,
    ) -> Result<usize, Error> {
        let home = self.home(scope);
        let Node { pass, method, fields_of, .. } = *self.node(scope);
        let instance = if claim.kind == Kind::Field { fields_of } else { 0 };
        let collection = claim.collection.map(|(collection, _)| collection);
        let hold = Hold { holder: scope, pass, instance, collection };
        let Some(position) = self.node(home).names.position(name) else {
            if let Some(problem) = problem_of(name, claim.kind) {
                return Err(Error::InvalidName {
                    name: name.to_owned(),
                    kind: claim.kind,
                    problem,
                    at: self.source(scope, claim.location),
                });
            }
            let Claim { kind, location, .. } = claim;
            let known = Name { kind, location, holds: smallvec![hold], child: None, method };
            let shared = shared.map_or_else(|| name.into(), Arc::clone);
            return Ok(self.node_mut(home).names.push(shared, known));
        };
        let known = self.node(home).names.at(position);
        let (first, taken) = (Line(known.location), known.kind);
        let is_variable = |kind| matches!(kind, Kind::Param | Kind::Variable);
        let current = known.holds.iter().filter(|hold| self.is_current(home, known.kind, hold));
        let current: SmallVec<[Hold; 2]> = current.copied().collect();
        let in_use = current.iter().any(|other| match (taken, claim.kind) {
            (Kind::Field, Kind::Field) => other.holder != scope || other.instance == instance,
            (Kind::Method, Kind::Method) => other.holder != scope,
            (a, b) if is_variable(a) && is_variable(b) => {
                claim.collection.is_some_and(|(_, again)| !again) && other.collection == hold.collection
            }
            _ => true,
        });
        if in_use {
            return Err(Error::NameInUse {
                name: name.to_owned(),
                wanted: claim.kind,
                taken,
                first,
                at: self.source(scope, claim.location),
            });
        }
        if claim.is_automatic && known.method != method && known.location != claim.location {
            let first_method = known.method;
            return Err(Error::SharedByMethods {
                name: name.to_owned(),
                method,
                first_method,
                first,
                at: self.source(scope, claim.location),
            });
        }
        let known = self.node_mut(home).names.at_mut(position);
        known.kind = claim.kind;
        known.location = claim.location;
        known.method = method;
        known.holds = current;
        if !known.holds.contains(&hold) {
            known.holds.push(hold);
        }
        Ok(position)
    }
}

/// A variable may be called by a path, as `Dense_0/kernel/scale`: that of what it belongs to.
fn problem_of(name: &str, kind: Kind) -> Option<&'static str> {
    let is_variable = matches!(kind, Kind::Param | Kind::Variable);
    if name.split('/').any(str::is_empty) {
        Some("it is empty, or a part of it is")
    } else if name.contains('/') && !is_variable {
        Some("`/` separates the names of a path")
    } else {
        None
    }
}
