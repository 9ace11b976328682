//! The nested map of variables: names in order of creation, each with an entry. Copied on write, of any depth.
//! Knows nothing of collections.

use std::fmt;
use std::ops::{Deref, DerefMut, Index};
use std::sync::{Arc, LazyLock};

use metamlp_tensor::{Tensor, Tree, TreeVisitor};

use crate::nearest::Choice;
use crate::variables::entry::{Entry, debug_part};
use crate::variables::ordered::Ordered;
use crate::variables::walk::{self, Part};

/// Variables by name, in the order in which they were created.
///
/// The entries of a module's map are its variables and the maps of its
/// submodules. Cloning shares the entries; writing to a clone does not change
/// the original. A `Map` is a [`Tree`], so that a gradient with respect to one is
/// a `Map` of the same names.
///
/// ```
/// use metamlp::{Map, F32, Tensor};
/// let mut dense = Map::new();
/// dense.insert("kernel", Tensor::ones([2, 3], F32));
/// let params = Map::new().with("Dense_0", dense);
/// assert_eq!(params["Dense_0"]["kernel"].as_tensor().unwrap().shape(), [2, 3]);
/// assert!(params.get("Dense_0/bias").is_none());
/// ```
#[derive(Clone, Default)]
pub struct Map(Arc<Entries>);

/// The entries of a map. Dropping them drops deeply nested entries by a worklist instead of recursion.
#[derive(Clone, Default)]
pub(crate) struct Entries(Ordered<Entry>);

impl Deref for Entries {
    type Target = Ordered<Entry>;

    fn deref(&self) -> &Ordered<Entry> {
        &self.0
    }
}

impl DerefMut for Entries {
    fn deref_mut(&mut self) -> &mut Ordered<Entry> {
        &mut self.0
    }
}

impl Drop for Entries {
    fn drop(&mut self) {
        if self.0.iter().all(|(_, entry)| matches!(entry, Entry::Tensor(_))) {
            return;
        }
        walk::release(std::mem::take(&mut self.0), |mut entries| entries.take_values().collect());
    }
}

static EMPTY: LazyLock<Map> = LazyLock::new(Map::new);

impl Map {
    /// A map without entries.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of entries; a submodule counts as one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entry at `path`: a name, or names joined by `/`.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Entry> {
        walk::get(Part::Map(self), path)
    }

    /// Inserts or replaces the entry called `name`; returns the old one.
    pub fn insert(&mut self, name: impl Into<String>, entry: impl Into<Entry>) -> Option<Entry> {
        Arc::make_mut(&mut self.0).insert(name.into(), entry.into())
    }

    /// The map with that entry inserted or replaced.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, entry: impl Into<Entry>) -> Self {
        self.insert(name, entry);
        self
    }

    /// Removes the entry called `name` and returns it.
    pub fn remove(&mut self, name: &str) -> Option<Entry> {
        self.0.get(name)?;
        Arc::make_mut(&mut self.0).remove(name)
    }

    /// The names and entries, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &Entry)> + ExactSizeIterator + Clone {
        self.0.iter().map(|(name, entry)| (&**name, entry))
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.names()
    }

    /// Writes the entries of `other` over these: maps are merged, name by
    /// name, anything else is replaced.
    pub fn merge(&mut self, other: &Map) {
        walk::merge(self, other);
    }

    /// The number of elements of all tensors together.
    #[must_use]
    pub fn size(&self) -> usize {
        let mut size = 0;
        self.for_each(&mut |tensor| size += tensor.size());
        size
    }

    /// A static empty map.
    pub(crate) fn empty() -> &'static Self {
        &EMPTY
    }

    /// The entry of that name at this level; `/` has no meaning.
    pub(crate) fn own(&self, name: &str) -> Option<&Entry> {
        self.0.get(name)
    }

    /// The map under `name`, made if it is missing; `None` if a variable has the name.
    pub(crate) fn submap(&mut self, name: &Arc<str>) -> Option<&mut Map> {
        let entries = Arc::make_mut(&mut self.0);
        let at = match entries.position(name) {
            Some(at) => at,
            None => entries.push(Arc::clone(name), Entry::Map(Map::new())),
        };
        match entries.at_mut(at) {
            Entry::Map(map) => Some(map),
            Entry::Tensor(_) | Entry::Tuple(_) => None,
        }
    }

    /// The entries, if no other map shares them.
    pub(crate) fn into_own(self) -> impl Iterator<Item = Entry> {
        Arc::into_inner(self.0).into_iter().flat_map(|mut own| own.0.take_values())
    }

    pub(crate) fn entries(&self) -> &Ordered<Entry> {
        &self.0
    }

    /// The entries, copied if another map shares them.
    pub(crate) fn entries_mut(&mut self) -> &mut Ordered<Entry> {
        &mut Arc::make_mut(&mut self.0).0
    }

    /// The entries, copied if another map shares them.
    pub(crate) fn into_entries(self) -> Ordered<Entry> {
        std::mem::take(&mut Arc::unwrap_or_clone(self.0).0)
    }

    pub(crate) fn from_entries(entries: Ordered<Entry>) -> Self {
        Self(Arc::new(Entries(entries)))
    }

    pub(crate) fn write(&self, f: &mut fmt::Formatter<'_>, indent: usize) -> fmt::Result {
        for (i, (name, entry)) in self.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{:indent$}{name}:", "")?;
            entry.write(f, indent)?;
        }
        Ok(())
    }
}

/// The entry of that name.
///
/// # Panics
/// If there is none; [`Map::get`] gives an `Option`.
impl Index<&str> for Map {
    type Output = Entry;

    #[track_caller]
    fn index(&self, name: &str) -> &Entry {
        match self.get(name) {
            Some(entry) => entry,
            None => panic!("there is no {name:?} here: {}", Choice::new(name, self.names())),
        }
    }
}

impl Tree for Map {
    fn visit(&self, visitor: &mut dyn TreeVisitor) {
        walk::visit(Part::Map(self), visitor);
    }

    fn map(&self, replace: &mut dyn FnMut(&Tensor) -> Tensor) -> Self {
        match walk::map(Part::Map(self), replace) {
            Entry::Map(map) => map,
            Entry::Tensor(_) | Entry::Tuple(_) => unreachable!("the copy of a map is a map"),
        }
    }
}

impl<N: Into<String>, E: Into<Entry>> FromIterator<(N, E)> for Map {
    fn from_iter<I: IntoIterator<Item = (N, E)>>(entries: I) -> Self {
        Self::from_entries(entries.into_iter().map(|(name, entry)| (name.into(), entry.into())).collect())
    }
}

impl<N: Into<String>, E: Into<Entry>, const LEN: usize> From<[(N, E); LEN]> for Map {
    fn from(entries: [(N, E); LEN]) -> Self {
        entries.into_iter().collect()
    }
}

/// One line per variable, indented by module: the type, or with `{:#}` the values. Maps below the hundredth level
/// are shown as `..`.
impl fmt::Display for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_part(Part::Map(self), 0, f)
    }
}
