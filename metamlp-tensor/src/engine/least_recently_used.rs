//! A map that forgets the entries that were not used for the longest time. Bounded by the number of its entries and by
//! their weight. Knows no programs.

use std::collections::hash_map::Entry as Place;
use std::hash::Hash;

use rustc_hash::FxHashMap;

#[derive(Debug)]
pub(crate) struct LeastRecentlyUsed<K, V> {
    entries: FxHashMap<K, Entry<V>>,
    /// The sum of the weights.
    weight: usize,
    /// The number of uses so far.
    clock: u64,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    weight: usize,
    /// The clock at the last use.
    used: u64,
}

/// The most that a map keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) entries: usize,
    pub(crate) weight: usize,
}

impl<K, V> Default for LeastRecentlyUsed<K, V> {
    fn default() -> Self {
        Self { entries: FxHashMap::default(), weight: 0, clock: 0 }
    }
}

impl<K: Hash + Eq + Clone, V> LeastRecentlyUsed<K, V> {
    /// The value of `key`, which counts as a use.
    pub(crate) fn get(&mut self, key: &K) -> Option<&mut V> {
        self.clock += 1;
        let entry = self.entries.get_mut(key)?;
        entry.used = self.clock;
        Some(&mut entry.value)
    }

    /// Replaces the value of `key`. Forgets others until the map is within `bound`; the new entry alone may exceed it.
    pub(crate) fn insert(&mut self, key: K, value: V, weight: usize, bound: Bound) {
        self.clock += 1;
        self.weight += weight;
        let entry = Entry { value, weight, used: self.clock };
        match self.entries.entry(key) {
            Place::Occupied(mut old) => self.weight -= old.insert(entry).weight,
            Place::Vacant(place) => {
                place.insert(entry);
            }
        }
        self.shrink(bound);
    }

    /// Forgets entries until the map is within `bound`, or one is left. Takes time in proportion to the entries for each
    /// that goes, which is little beside making one.
    pub(crate) fn shrink(&mut self, bound: Bound) {
        while self.entries.len() > 1 && (self.entries.len() > bound.entries || self.weight > bound.weight) {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(key, _)| key.clone());
            if let Some(entry) = oldest.and_then(|key| self.entries.remove(&key)) {
                self.weight -= entry.weight;
            }
        }
    }

    /// The number of entries and the sum of their weights.
    #[cfg(test)]
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.entries.len(), self.weight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(map: &LeastRecentlyUsed<u32, &str>) -> Vec<u32> {
        let mut keys: Vec<u32> = map.entries.keys().copied().collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn the_entry_that_was_not_used_for_the_longest_time_goes_first() {
        let bound = Bound { entries: 3, weight: 100 };
        let mut map = LeastRecentlyUsed::default();
        for key in 0..3 {
            map.insert(key, "value", 10, bound);
        }
        assert_eq!(map.get(&0), Some(&mut "value"));
        map.insert(3, "value", 10, bound);
        assert_eq!(keys(&map), [0, 2, 3]);
        // Weight counts as well as number; a heavy entry stays alone.
        map.insert(4, "heavy", 90, bound);
        assert_eq!((keys(&map), map.size()), (vec![3, 4], (2, 100)));
        map.insert(5, "heavier", 1000, bound);
        assert_eq!((keys(&map), map.size()), (vec![5], (1, 1000)));
        // A replaced value gives its weight back.
        map.insert(5, "light", 1, bound);
        assert_eq!(map.size(), (1, 1));
    }
}
