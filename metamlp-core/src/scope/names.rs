//! Names within a scope, by Flax's rules: a submodule made in a method is
//! called by its class and a number, in order of construction; a field's
//! module by the field; one name means one thing. Knows the tree of scopes,
//! and nothing of variables' values.

use std::sync::Arc;

use smallvec::SmallVec;

use super::blame::source;
use super::tree::{Caller, ScopeId, Tree};
use crate::error::{Error, Kind, Line};
use crate::module::handle::Identity;
use crate::variables::ordered::Ordered;

/// The names of all scopes of one call.
#[derive(Debug)]
pub(super) struct Names {
    /// By scope.
    scopes: Vec<Naming>,
}

/// The names of one scope.
#[derive(Debug, Default)]
struct Naming {
    /// Every name that was taken in this place in any pass.
    places: Ordered<Place>,
    /// The pass of this scope's module.
    pass: Pass,
    /// Modules made in this pass that have no name yet, in order of construction.
    unnamed: Vec<Arc<Identity>>,
    /// Modules from elsewhere that got a name by being called in this pass, by identity.
    adopted: SmallVec<[u64; 4]>,
    /// The identity of the module whose fields were bound last.
    fields_of: u64,
}

/// A name in one place. It keeps its position and its scope from pass to pass.
#[derive(Debug)]
struct Place {
    /// The scope of that name, if the name was a submodule's.
    child: Option<ScopeId>,
    /// The method whose pass took the name last.
    method: &'static str,
    /// The line that took the name last.
    location: Caller,
    /// The fields of that name. They keep it in every pass.
    fields: SmallVec<[Field; 1]>,
}

#[derive(Clone, Copy, Debug)]
struct Field {
    holder: ScopeId,
    /// The identity of the module that has the field.
    instance: u64,
    location: Caller,
}

/// The names that a module has taken since its outermost method began: names
/// are free again in the next pass. A pass can be kept and put back, which
/// lets the module take the same names again.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    /// The method that the pass began with.
    method: &'static str,
    /// The next number of each class.
    classes: SmallVec<[(&'static str, u32); 4]>,
    /// The place in which the names were taken; `taken` is stale if the module has moved to another.
    home: ScopeId,
    /// By the position of the name; for a variable's name one for each collection.
    taken: SmallVec<[SmallVec<[Taken; 1]>; 2]>,
}

#[derive(Clone, Copy, Debug)]
struct Taken {
    kind: Kind,
    /// The position of a variable's collection.
    collection: Option<usize>,
    location: Caller,
}

/// A name that a module has taken.
pub(super) struct Held {
    pub(super) name: Arc<str>,
    pub(super) kind: Kind,
    pub(super) child: Option<ScopeId>,
    location: Caller,
}

/// A request for a name.
#[derive(Clone, Copy)]
pub(super) struct Claim {
    pub(super) kind: Kind,
    pub(super) location: Caller,
    /// For a variable: the position of its collection, and true if it may be there already.
    collection: Option<(usize, bool)>,
    is_automatic: bool,
}

impl Claim {
    /// For a submodule, a field or a method.
    pub(super) fn scope(kind: Kind, location: Caller) -> Self {
        Self { kind, location, collection: None, is_automatic: false }
    }

    /// For a name made of a class and a number.
    fn automatic(location: Caller) -> Self {
        Self { is_automatic: true, ..Self::scope(Kind::Module, location) }
    }

    /// For a variable. `again` allows a name that this collection has already.
    pub(super) fn variable(kind: Kind, collection: usize, again: bool, location: Caller) -> Self {
        Self { kind, location, collection: Some((collection, again)), is_automatic: false }
    }
}

impl Names {
    /// The names of a tree that is the root alone.
    pub(super) fn new() -> Self {
        let mut scopes = Vec::with_capacity(8);
        scopes.push(Naming::default());
        Self { scopes }
    }

    /// Adds the scope that the tree has just got.
    pub(super) fn grow(&mut self) {
        self.scopes.push(Naming::default());
    }

    // Passes.

    /// Begins a new pass of the module at `scope`; returns the modules that lose their names by it.
    pub(super) fn begin(&mut self, scope: ScopeId, method: &'static str) -> SmallVec<[u64; 4]> {
        let naming = self.of_mut(scope);
        naming.pass.clear();
        naming.pass.method = method;
        naming.pass.classes.clear();
        naming.unnamed.clear();
        std::mem::take(&mut naming.adopted)
    }

    /// Frees the names of a module that is not running.
    pub(super) fn renew(&mut self, scope: ScopeId) {
        self.of_mut(scope).pass.clear();
    }

    /// The pass of the module at `scope` as it is now.
    pub(super) fn pass(&self, scope: ScopeId) -> Pass {
        self.of(scope).pass.clone()
    }

    /// Puts a pass back: the names taken since are free again.
    pub(super) fn restore(&mut self, scope: ScopeId, pass: Pass) {
        self.of_mut(scope).pass = pass;
    }

    // Modules without a name.

    /// Keeps a module that gets its name when a module of its scope is first called.
    pub(super) fn await_name(&mut self, owner: ScopeId, module: Arc<Identity>) {
        self.of_mut(owner).unnamed.push(module);
    }

    /// Removes a module that was replaced by `rename`.
    pub(super) fn forget(&mut self, owner: ScopeId, module: u64) {
        self.of_mut(owner).unnamed.retain(|unnamed| unnamed.id != module);
    }

    /// The modules of a scope that have no name yet, which are to get theirs now.
    pub(super) fn take_unnamed(&mut self, scope: ScopeId) -> Vec<Arc<Identity>> {
        std::mem::take(&mut self.of_mut(scope).unnamed)
    }

    /// Notes a module from elsewhere that has a name in this pass only.
    pub(super) fn adopt(&mut self, scope: ScopeId, module: u64) {
        self.of_mut(scope).adopted.push(module);
    }

    /// Notes whose fields are bound in a scope; true if they were not the last to be bound there.
    pub(super) fn begin_fields(&mut self, scope: ScopeId, module: u64) -> bool {
        std::mem::replace(&mut self.of_mut(scope).fields_of, module) != module
    }

    // Places.

    /// A name as it is kept in a place, if it was taken there, and the scope of that name.
    pub(super) fn shared(&self, home: ScopeId, name: &str) -> (Arc<str>, Option<ScopeId>) {
        let places = &self.of(home).places;
        match places.position(name) {
            Some(position) => (Arc::clone(places.key(position)), places.at(position).child),
            None => (name.into(), None),
        }
    }

    /// Sets the scope of the name at `position`, which `claim` returned.
    pub(super) fn set_child(&mut self, home: ScopeId, position: usize, child: Option<ScopeId>) {
        self.of_mut(home).places.at_mut(position).child = child;
    }

    /// The scope of the name at `position`, which `claim` returned.
    pub(super) fn child_at(&self, home: ScopeId, position: usize) -> Option<ScopeId> {
        self.of(home).places.at(position).child
    }

    /// The names that the module at `holder` has taken.
    pub(super) fn held_by(&self, tree: &Tree, holder: ScopeId) -> Vec<Held> {
        let home = tree.home(holder);
        let pass = &self.of(holder).pass;
        let mut held = Vec::new();
        for (position, (name, place)) in self.of(home).places.iter().enumerate() {
            let field = place.fields.iter().find(|field| field.holder == holder);
            let field = field.map(|field| (Kind::Field, field.location));
            let taken = pass.taken_at(home, position).last().map(|taken| (taken.kind, taken.location));
            if let Some((kind, location)) = field.or(taken) {
                held.push(Held { name: Arc::clone(name), kind, child: place.child, location });
            }
        }
        held
    }

    // Claims.

    /// Takes a submodule's name in the place where its module is now.
    pub(super) fn bring(&mut self, tree: &Tree, holder: ScopeId, held: &Held) -> Result<(), Error> {
        let position = self.claim(
            tree,
            holder,
            &held.name,
            || Arc::clone(&held.name),
            Claim::scope(held.kind, held.location),
        )?;
        self.set_child(tree.home(holder), position, held.child);
        Ok(())
    }

    /// The name of a module that was given none, and the request for it.
    pub(super) fn next_name(&mut self, scope: ScopeId, module: &Identity) -> (Arc<str>, Claim) {
        let classes = &mut self.of_mut(scope).pass.classes;
        let number = match classes.iter_mut().find(|(known, _)| *known == module.class) {
            Some((_, next)) => {
                *next += 1;
                *next - 1
            }
            None => {
                classes.push((module.class, 1));
                0
            }
        };
        (format!("{}_{number}", module.class).into(), Claim::automatic(module.location))
    }

    /// Takes a name in this pass; returns its position in the place. `shared` is the name to keep.
    pub(super) fn claim(
        &mut self,
        tree: &Tree,
        scope: ScopeId,
        name: &str,
        shared: impl FnOnce() -> Arc<str>,
        claim: Claim,
    ) -> Result<usize, Error> {
        let home = tree.home(scope);
        let method = self.of(scope).pass.method;
        let position = match self.of(home).places.position(name) {
            Some(position) => {
                self.check(tree, scope, position, claim)?;
                let place = self.of_mut(home).places.at_mut(position);
                (place.method, place.location) = (method, claim.location);
                position
            }
            None => {
                if let Some(problem) = problem_of(name, claim.kind) {
                    return Err(Error::InvalidName {
                        name: name.to_owned(),
                        kind: claim.kind,
                        problem,
                        at: source(tree, scope, claim.location),
                    });
                }
                let place = Place { child: None, method, location: claim.location, fields: SmallVec::new() };
                self.of_mut(home).places.push(shared(), place)
            }
        };
        if claim.kind == Kind::Field {
            let field = Field { holder: scope, instance: self.of(scope).fields_of, location: claim.location };
            self.of_mut(home).places.at_mut(position).hold(field);
        } else {
            self.of_mut(scope).pass.take(home, position, claim);
        }
        Ok(position)
    }

    /// Fails if the module at `scope` may not take the name at `position` of its place.
    fn check(&self, tree: &Tree, scope: ScopeId, position: usize, claim: Claim) -> Result<(), Error> {
        let home = tree.home(scope);
        let place = self.of(home).places.at(position);
        let name = || self.of(home).places.key(position).to_string();
        if let Some((taken, first)) = self.in_the_way(tree, scope, position, claim) {
            return Err(Error::NameInUse {
                name: name(),
                wanted: claim.kind,
                taken,
                first: Line(first),
                at: source(tree, scope, claim.location),
            });
        }
        let method = self.of(scope).pass.method;
        if claim.is_automatic && place.method != method && place.location != claim.location {
            return Err(Error::SharedByMethods {
                name: name(),
                method,
                first_method: place.method,
                first: Line(place.location),
                at: source(tree, scope, claim.location),
            });
        }
        Ok(())
    }

    /// The thing that has the name at `position` and does not allow the claim, if there is one.
    fn in_the_way(
        &self,
        tree: &Tree,
        scope: ScopeId,
        position: usize,
        claim: Claim,
    ) -> Option<(Kind, Caller)> {
        let home = tree.home(scope);
        let instance = self.of(scope).fields_of;
        let field = self.of(home).places.at(position).fields.iter().find(|field| {
            let rebinds = claim.kind == Kind::Field && field.holder == scope && field.instance != instance;
            tree.home(field.holder) == home && !rebinds
        });
        if let Some(field) = field {
            return Some((Kind::Field, field.location));
        }
        tree.holders(home).into_iter().find_map(|holder| {
            let taken = self.of(holder).pass.taken_at(home, position).iter().rev();
            let mut taken = taken.filter(|taken| match (taken.kind, claim.kind) {
                (Kind::Method, Kind::Method) => holder != scope,
                (a, b) if is_variable(a) && is_variable(b) => {
                    claim.collection.is_some_and(|(at, again)| !again && taken.collection == Some(at))
                }
                _ => true,
            });
            taken.next().map(|taken| (taken.kind, taken.location))
        })
    }

    fn of(&self, scope: ScopeId) -> &Naming {
        &self.scopes[scope.index()]
    }

    fn of_mut(&mut self, scope: ScopeId) -> &mut Naming {
        &mut self.scopes[scope.index()]
    }
}

impl Default for Pass {
    fn default() -> Self {
        Self { method: "", classes: SmallVec::new(), home: ScopeId::ROOT, taken: SmallVec::new() }
    }
}

impl Pass {
    /// Frees all names. The numbers of the classes go on.
    fn clear(&mut self) {
        self.taken.clear();
    }

    /// What was taken under a name of that place.
    fn taken_at(&self, home: ScopeId, position: usize) -> &[Taken] {
        if self.home != home {
            return &[];
        }
        self.taken.get(position).map_or(&[], |taken| taken)
    }

    fn take(&mut self, home: ScopeId, position: usize, claim: Claim) {
        if self.home != home {
            self.clear();
            self.home = home;
        }
        if self.taken.len() <= position {
            self.taken.resize_with(position + 1, SmallVec::new);
        }
        let collection = claim.collection.map(|(collection, _)| collection);
        let (list, taken) =
            (&mut self.taken[position], Taken { kind: claim.kind, collection, location: claim.location });
        match list.iter_mut().find(|known| known.collection == collection) {
            Some(known) => *known = taken,
            None => list.push(taken),
        }
    }
}

impl Place {
    /// Notes a field of this name.
    fn hold(&mut self, field: Field) {
        let is_same = |known: &&mut Field| (known.holder, known.instance) == (field.holder, field.instance);
        match self.fields.iter_mut().find(is_same) {
            Some(known) => *known = field,
            None => self.fields.push(field),
        }
    }
}

fn is_variable(kind: Kind) -> bool {
    matches!(kind, Kind::Param | Kind::Variable)
}

/// Why a name cannot be used. A variable's name may be a path, as
/// `Dense_0/kernel/scale` for a statistic of that kernel.
fn problem_of(name: &str, kind: Kind) -> Option<&'static str> {
    if name.split('/').any(str::is_empty) {
        Some("it is empty, or a part of it is")
    } else if name.contains('/') && !is_variable(kind) {
        Some("`/` separates the names of a path")
    } else {
        None
    }
}
