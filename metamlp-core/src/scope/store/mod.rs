//! The variables of one call, filed by scope and collection. A scope owns what
//! was written in it; nested maps are built when they are asked for. Knows the
//! tree of scopes, and nothing of the modules in it.

mod table;

use std::collections::BTreeSet;
use std::sync::Arc;

use metamlp_tensor::{Tensor, Tree as _};

use super::tree::{ScopeId, Tree, View};
use crate::variables::Variables;
use crate::variables::entry::Entry;
use crate::variables::map::Map;
use crate::variables::ordered::Ordered;

pub(super) use table::Tables;
use table::{Slot, Table};

#[derive(Debug)]
pub(super) struct Store {
    /// The names of the collections; a table is found by the position of its collection.
    collections: Ordered<()>,
    /// By scope. A scope without tables has not been asked for a variable yet.
    tables: Vec<Tables>,
    /// True if only shapes and dtypes are kept.
    is_abstract: bool,
    /// The paths of the variables that were read; `None` if they are not noted.
    reads: Option<BTreeSet<String>>,
}

/// The variables at one moment, by the position of the collection.
#[derive(Debug)]
pub(crate) struct Snapshot(Vec<Option<Map>>);

/// A variable that could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The collection is not mutable for the scope.
    Immutable,
    /// A variable has the name of the scope or of one above it.
    UnderVariable,
}

impl Store {
    /// A store that holds `variables` at the root, whose view is in the tree.
    pub(super) fn new(variables: &Variables, tree: &Tree, is_abstract: bool) -> Self {
        let mutable = tree.mutable(ScopeId::ROOT);
        let given = |(name, map): (&str, &Map)| Some(Table::new(mutable.contains(name), Some(map.clone())));
        let mut tables = Vec::with_capacity(8);
        tables.push(variables.iter().map(given).collect());
        Self { collections: variables.collections(|_, _| ()), tables, is_abstract, reads: None }
    }

    // Collections.

    /// The position of a collection; a name that is new gets one.
    pub(super) fn collection(&mut self, name: &str) -> usize {
        match self.collections.position(name) {
            Some(position) => position,
            None => self.collections.push(name.into(), ()),
        }
    }

    pub(super) fn collections(&self) -> &Ordered<()> {
        &self.collections
    }

    /// True if a scope may write that collection.
    pub(super) fn is_mutable(&mut self, tree: &Tree, scope: ScopeId, collection: usize) -> bool {
        self.table(tree, tree.home(scope), collection).is_mutable
    }

    /// True if the collection exists, empty or not, as the scope sees it.
    pub(super) fn is_present(&mut self, tree: &Tree, scope: ScopeId, collection: usize) -> bool {
        let top = self.table(tree, tree.seen_from(scope), collection);
        top.base.is_some() || top.written.is_some()
    }

    // Reading.

    /// The variable of a scope, or the map of the scope of that name below it.
    pub(super) fn find(
        &mut self,
        tree: &Tree,
        scope: ScopeId,
        collection: usize,
        name: &str,
    ) -> Option<Entry> {
        let home = tree.home(scope);
        let table = self.table(tree, home, collection);
        let found = match table.written.as_ref().and_then(|written| written.get(name)) {
            Some(Slot::Entry(entry)) => entry.clone(),
            Some(Slot::Scope(child)) => {
                let child = *child;
                self.fold(tree, child, collection);
                self.table(tree, home, collection).get(name).cloned()?
            }
            None => table.base.as_ref()?.own(name)?.clone(),
        };
        self.note_read(tree, scope, collection, Some(name));
        Some(found)
    }

    /// All variables of a scope in a collection, those of the scopes below included.
    pub(super) fn whole(&mut self, tree: &Tree, scope: ScopeId, collection: usize) -> Option<Map> {
        let home = tree.home(scope);
        if self.table(tree, home, collection).is_mutable {
            self.fold(tree, home, collection);
        }
        self.table(tree, home, collection).base.clone()
    }

    /// The collections of a scope that exist and that `choose` takes, whole.
    fn wholes(&mut self, tree: &Tree, scope: ScopeId, choose: impl Fn(&Table) -> bool) -> Variables {
        let mut wholes = Variables::new();
        for position in 0..self.collections.len() {
            if choose(self.table(tree, tree.home(scope), position))
                && let Some(map) = self.whole(tree, scope, position)
            {
                wholes.push(Arc::clone(self.collections.key(position)), map);
            }
        }
        wholes
    }

    /// The variables of a scope, all of which count as read.
    pub(super) fn variables(&mut self, tree: &Tree, scope: ScopeId) -> Variables {
        let variables = self.wholes(tree, scope, |_| true);
        for collection in variables.names() {
            let position = self.collection(collection);
            self.note_read(tree, scope, position, None);
        }
        variables
    }

    /// The collections that a scope may write.
    pub(super) fn updates(&mut self, tree: &Tree, scope: ScopeId) -> Variables {
        self.wholes(tree, scope, |table| table.is_mutable)
    }

    /// The mutable collections of the root, with the variables of lifted scopes as these see them.
    pub(super) fn seen(&mut self, tree: &Tree) -> Variables {
        let mut seen = self.updates(tree, ScopeId::ROOT);
        for scope in tree.ids().skip(1).filter(|scope| tree.view(*scope).is_some()) {
            for (collection, own) in self.wholes(tree, scope, |_| true).iter() {
                let mut whole = seen.collection(collection).cloned().unwrap_or_default();
                let names = tree.names_to(scope);
                if let Some(place) = names.into_iter().try_fold(&mut whole, |map, name| map.submap(name)) {
                    *place = own.clone();
                }
                seen.insert(collection, whole);
            }
        }
        seen
    }

    /// Starts to note which variables are read.
    pub(super) fn note_reads(&mut self) {
        self.reads = Some(BTreeSet::new());
    }

    /// The paths of the variables that were read, and of the modules all of whose variables were.
    pub(super) fn reads(&mut self) -> BTreeSet<String> {
        self.reads.take().unwrap_or_default()
    }

    fn note_read(&mut self, tree: &Tree, scope: ScopeId, collection: usize, name: Option<&str>) {
        if let Some(reads) = &mut self.reads {
            let names = tree.names_to(scope);
            let names = names.iter().map(|name| &***name).chain(name);
            reads.insert(
                names.fold(self.collections.key(collection).to_string(), |path, name| path + "/" + name),
            );
        }
    }

    // Writing.

    /// Writes a variable; a map over a map is merged. `below` is the scope of that name below this one, if any.
    pub(super) fn put(
        &mut self,
        tree: &Tree,
        scope: ScopeId,
        collection: usize,
        name: Arc<str>,
        entry: Entry,
        below: Option<ScopeId>,
    ) -> Result<(), Refused> {
        let home = tree.home(scope);
        if !self.table(tree, home, collection).is_mutable {
            return Err(Refused::Immutable);
        }
        let entry = if self.is_abstract { entry.map(&mut spec_of) } else { entry };
        if let Some(below) = below {
            self.fold(tree, below, collection);
        }
        let mut table = self.table(tree, home, collection);
        if table.written.is_none() {
            if !self.register(tree, home, collection) {
                return Err(Refused::UnderVariable);
            }
            table = self.table(tree, home, collection);
        }
        table.put(name, entry);
        Ok(())
    }

    /// Makes the tables above refer to a scope's table, before its first
    /// variable is written. False if a variable has the name of one of the scopes.
    fn register(&mut self, tree: &Tree, home: ScopeId, collection: usize) -> bool {
        if self.table(tree, home, collection).written.is_some() {
            return true;
        }
        if tree.view(home).is_none()
            && let Some(above) = tree.above(home)
            && !(self.register(tree, above, collection)
                && self.table(tree, above, collection).refer(tree.name(home), home))
        {
            return false;
        }
        self.table(tree, home, collection).written = Some(Box::default());
        true
    }

    /// Builds the whole map of a scope. One with a view keeps it; any other
    /// hands it to the table above. The tables at and below it are made anew when they are needed.
    fn fold(&mut self, tree: &Tree, home: ScopeId, collection: usize) {
        let Some(table) = self.take(home, collection) else { return };
        let (is_mutable, is_registered) = (table.is_mutable, table.written.is_some());
        let whole = self.gather(table, collection);
        self.forget_below(tree, home, collection);
        if tree.view(home).is_some() {
            self.set(home, collection, Table::new(is_mutable, whole));
        } else if let Some(above) = tree.above(home)
            && let (true, Some(whole)) = (is_registered, whole)
        {
            self.table(tree, above, collection).put_whole(tree.name(home), whole);
        }
    }

    /// Folds a scope's tables of all collections.
    pub(super) fn fold_all(&mut self, tree: &Tree, scope: ScopeId) {
        let home = tree.home(scope);
        for collection in 0..self.collections.len() {
            self.fold(tree, home, collection);
        }
    }

    /// The map of a table with the maps of the scopes that it refers to.
    fn gather(&mut self, table: Table, collection: usize) -> Option<Map> {
        let Some(written) = table.written else { return table.base };
        let mut entries = match table.base {
            Some(base) => base.into_entries(),
            None => Ordered::with_capacity(written.len()),
        };
        let is_new = entries.is_empty();
        for (name, slot) in *written {
            let entry = match slot {
                Slot::Entry(entry) => Some(entry),
                Slot::Scope(child) => {
                    let child =
                        self.take(child, collection).expect("a table stays while another refers to it");
                    self.gather(child, collection).map(Entry::Map)
                }
            };
            match entry {
                Some(entry) if is_new => {
                    entries.push(name, entry);
                }
                Some(entry) => {
                    entries.insert(name, entry);
                }
                None => {}
            }
        }
        Some(Map::from_entries(entries))
    }

    /// Removes the tables below a scope, up to scopes with a view. Written
    /// tables have been gathered before.
    fn forget_below(&mut self, tree: &Tree, home: ScopeId, collection: usize) {
        for child in tree.children(home) {
            if tree.view(child).is_none() && tree.home(child) == child {
                self.take(child, collection);
                self.forget_below(tree, child, collection);
            }
        }
    }

    // Lifting and rolling back.

    /// Replaces the variables that a lifted scope sees; returns its own tables
    /// and its view, for [`put_down`](Store::put_down).
    pub(super) fn lift(
        &mut self,
        tree: &mut Tree,
        scope: ScopeId,
        variables: Variables,
        view: &View,
    ) -> (Tables, Option<View>) {
        self.fold_all(tree, scope);
        let mutable = tree.mutable(scope).intersection(&view.mutable);
        let mut tables = Tables::new();
        for (name, map) in variables {
            let position = self.collection(&name);
            let map = if self.is_abstract { map.map(&mut spec_of) } else { map };
            tables.resize_with(tables.len().max(position + 1), || None);
            tables[position] = Some(Table::new(mutable.contains(&name), Some(map)));
        }
        let before = tree.set_view(scope, Some(View { mutable, rngs: view.rngs.clone() }));
        (std::mem::replace(self.tables_mut(scope), tables), before)
    }

    /// Ends a lift: the scope has its own tables and view again.
    pub(super) fn put_down(&mut self, tree: &mut Tree, scope: ScopeId, tables: Tables, view: Option<View>) {
        self.fold_all(tree, scope);
        *self.tables_mut(scope) = tables;
        tree.set_view(scope, view);
    }

    /// All variables, to be put back by [`restore`](Store::restore).
    pub(super) fn snapshot(&mut self, tree: &Tree) -> Snapshot {
        Snapshot((0..self.collections.len()).map(|at| self.whole(tree, ScopeId::ROOT, at)).collect())
    }

    /// Puts the variables back; collections made since are empty.
    pub(super) fn restore(&mut self, tree: &Tree, Snapshot(maps): Snapshot) {
        self.fold_all(tree, ScopeId::ROOT);
        let mut maps = maps.into_iter();
        for collection in 0..self.collections.len() {
            self.table(tree, ScopeId::ROOT, collection).base = maps.next().flatten();
        }
    }

    // Tables.

    /// The table of a place, made from the one above if it is not there.
    fn table(&mut self, tree: &Tree, home: ScopeId, collection: usize) -> &mut Table {
        if !matches!(self.tables.get(home.index()).map(|tables| tables.get(collection)), Some(Some(Some(_))))
        {
            let table = self.derive(tree, home, collection);
            self.set(home, collection, table);
        }
        self.tables[home.index()][collection].as_mut().expect("it was there or has been made")
    }

    fn derive(&mut self, tree: &Tree, home: ScopeId, collection: usize) -> Table {
        if let Some(view) = tree.view(home) {
            return Table::new(view.mutable.contains(self.collections.key(collection)), None);
        }
        let above = tree.above(home).expect("the root has a view");
        let name = tree.name(home);
        // After a clash of names two scopes have one name; the second continues from the first.
        if let Some(Slot::Scope(other)) =
            self.table(tree, above, collection).written.as_ref().and_then(|written| written.get(name))
        {
            let other = *other;
            self.fold(tree, other, collection);
        }
        let above = self.table(tree, above, collection);
        Table::new(above.is_mutable, above.get(name).and_then(Entry::as_map).cloned())
    }

    fn take(&mut self, scope: ScopeId, collection: usize) -> Option<Table> {
        self.tables.get_mut(scope.index())?.get_mut(collection)?.take()
    }

    fn set(&mut self, scope: ScopeId, collection: usize, table: Table) {
        let tables = self.tables_mut(scope);
        if tables.len() <= collection {
            tables.resize_with(collection + 1, || None);
        }
        tables[collection] = Some(table);
    }

    fn tables_mut(&mut self, scope: ScopeId) -> &mut Tables {
        if self.tables.len() <= scope.index() {
            self.tables.resize_with(scope.index() + 1, Tables::new);
        }
        &mut self.tables[scope.index()]
    }
}

/// A tensor of the same shape and dtype without a value, or with the same error.
fn spec_of(tensor: &Tensor) -> Tensor {
    if tensor.error().is_some() { tensor.clone() } else { Tensor::spec(tensor.shape(), tensor.dtype()) }
}
