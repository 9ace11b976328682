//! A map from names that keeps the order of insertion, for variables, names and
//! streams. Small maps are searched linearly, without hashing.

use std::sync::Arc;

use rustc_hash::FxHashMap;

/// Above this length a hash index is faster than a linear search.
const LINEAR: usize = 16;

#[derive(Clone, Debug)]
pub(crate) struct Ordered<V> {
    entries: Vec<(Arc<str>, V)>,
    /// Positions, kept only while there are more than [`LINEAR`] entries.
    index: FxHashMap<Arc<str>, usize>,
}

impl<V> Ordered<V> {
    pub(crate) fn new() -> Self {
        Self { entries: Vec::new(), index: FxHashMap::default() }
    }

    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { entries: Vec::with_capacity(capacity), index: FxHashMap::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        if self.index.is_empty() {
            self.entries.iter().position(|(key, _)| &**key == name)
        } else {
            self.index.get(name).copied()
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&V> {
        self.position(name).map(|at| &self.entries[at].1)
    }

    /// The value at a position that `position` or `push` returned.
    pub(crate) fn at(&self, at: usize) -> &V {
        &self.entries[at].1
    }

    /// The name at a position that `position` or `push` returned.
    pub(crate) fn key(&self, at: usize) -> &Arc<str> {
        &self.entries[at].0
    }

    /// The value at a position that `position` or `push` returned.
    pub(crate) fn at_mut(&mut self, at: usize) -> &mut V {
        &mut self.entries[at].1
    }

    /// Inserts `value`; a name that exists keeps its place. Returns the old value.
    pub(crate) fn insert(&mut self, name: impl Into<Arc<str>> + AsRef<str>, value: V) -> Option<V> {
        match self.position(name.as_ref()) {
            Some(at) => Some(std::mem::replace(&mut self.entries[at].1, value)),
            None => {
                self.push(name.into(), value);
                None
            }
        }
    }

    /// Adds a name that must not exist yet; returns its position.
    pub(crate) fn push(&mut self, name: Arc<str>, value: V) -> usize {
        debug_assert!(self.position(&name).is_none(), "the name {name} exists");
        let at = self.entries.len();
        if !self.index.is_empty() {
            self.index.insert(Arc::clone(&name), at);
        }
        self.entries.push((name, value));
        if self.index.is_empty() && self.entries.len() > LINEAR {
            self.reindex();
        }
        at
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<V> {
        let (_, value) = self.entries.remove(self.position(name)?);
        self.reindex();
        Some(value)
    }

    pub(crate) fn iter(
        &self,
    ) -> impl DoubleEndedIterator<Item = (&Arc<str>, &V)> + ExactSizeIterator + Clone {
        self.entries.iter().map(|(name, value)| (name, value))
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &Arc<str>> {
        self.entries.iter().map(|(name, _)| name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(name, _)| &**name)
    }

    /// A map of the same names with values made by `f`.
    pub(crate) fn map<W>(&self, mut f: impl FnMut(&Arc<str>, &V) -> W) -> Ordered<W> {
        self.with_entries(self.iter().map(|(name, value)| (Arc::clone(name), f(name, value))).collect())
    }

    /// The names and values, in order.
    pub(crate) fn as_slice(&self) -> &[(Arc<str>, V)] {
        &self.entries
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.entries.iter_mut().map(|(_, value)| value)
    }

    /// Takes all entries out and returns their values.
    pub(crate) fn take_values(&mut self) -> impl Iterator<Item = V> + use<V> {
        self.index.clear();
        std::mem::take(&mut self.entries).into_iter().map(|(_, value)| value)
    }

    /// A map of `entries`, whose names are those of this one in the same order.
    pub(crate) fn with_entries<W>(&self, entries: Vec<(Arc<str>, W)>) -> Ordered<W> {
        debug_assert!(self.keys().eq(entries.iter().map(|(name, _)| name)), "the names differ");
        Ordered { entries, index: self.index.clone() }
    }

    fn reindex(&mut self) {
        self.index.clear();
        if self.entries.len() > LINEAR {
            let positions = self.entries.iter().enumerate();
            self.index.extend(positions.map(|(at, (name, _))| (Arc::clone(name), at)));
        }
    }
}

impl<V> Default for Ordered<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V> IntoIterator for Ordered<V> {
    type Item = (Arc<str>, V);
    type IntoIter = std::vec::IntoIter<(Arc<str>, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<V, N: Into<Arc<str>> + AsRef<str>> FromIterator<(N, V)> for Ordered<V> {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(entries: I) -> Self {
        let mut ordered = Self::new();
        for (name, value) in entries {
            ordered.insert(name, value);
        }
        ordered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_and_finds_names_with_and_without_the_index() {
        for size in [0, 1, LINEAR, LINEAR + 1, 100] {
            let names: Vec<String> = (0..size).map(|i| format!("n{}", (i * 37) % 101)).collect();
            let mut ordered: Ordered<usize> = names.iter().cloned().zip(0..).collect();
            assert_eq!(ordered.names().collect::<Vec<_>>(), names);
            for (i, name) in names.iter().enumerate() {
                assert_eq!(ordered.get(name), Some(&i));
            }
            assert_eq!(ordered.get("absent"), None);
            if let Some(first) = names.first() {
                assert_eq!(ordered.insert(first.as_str(), 7), Some(0));
                assert_eq!(ordered.remove(first), Some(7));
                assert_eq!(ordered.get(first), None);
            }
            for (i, name) in names.iter().enumerate().skip(1) {
                assert_eq!(ordered.get(name), Some(&i));
            }
        }
    }
}
