//! Walks over nested maps and tuples. Each keeps its own stack, since the data may be deeper than the thread's.

use std::cell::Cell;
use std::iter::Enumerate;
use std::slice::Iter;
use std::sync::Arc;

use metamlp_tensor::{Segment, Tensor, TreeVisitor};
use smallvec::{SmallVec, smallvec};

use crate::variables::entry::Entry;
use crate::variables::map::Map;
use crate::variables::ordered::Ordered;

/// The levels that a walk holds without an allocation.
const LEVELS: usize = 8;

/// An entry that holds entries.
#[derive(Clone, Copy)]
pub(crate) enum Part<'a> {
    Map(&'a Map),
    Tuple(&'a [Entry]),
}

/// The entry at `path` below `part`; see [`Map::get`].
pub(crate) fn get<'a>(mut part: Part<'a>, mut path: &str) -> Option<&'a Entry> {
    loop {
        // A name may hold a slash.
        if let Part::Map(map) = part
            && let Some(entry) = map.own(path)
        {
            return Some(entry);
        }
        let (name, rest) = path.split_once('/').map_or((path, None), |(name, rest)| (name, Some(rest)));
        let entry = match part {
            Part::Map(map) => map.own(name)?,
            Part::Tuple(entries) => entries.get(name.parse::<usize>().ok()?)?,
        };
        let Some(rest) = rest else { return Some(entry) };
        part = match entry {
            Entry::Tensor(_) => return None,
            Entry::Tuple(entries) => Part::Tuple(entries),
            Entry::Map(map) => Part::Map(map),
        };
        path = rest;
    }
}

/// Nested entries are dropped by recursion down to this depth, the usual one of a model, for which a worklist takes
/// longer.
const DEEPEST_DROP: usize = 32;

thread_local! {
    /// The number of maps and tuples that this thread is dropping, one inside of another.
    static DROPPING: Cell<usize> = const { Cell::new(0) };
}

/// Drops `entries` and all that only they own. `list` gives them as a list.
pub(crate) fn release<T>(entries: T, list: impl FnOnce(T) -> Vec<Entry>) {
    let depth = DROPPING.get();
    if depth < DEEPEST_DROP {
        DROPPING.set(depth + 1);
        drop(entries);
        DROPPING.set(depth);
        return;
    }
    let mut pending = list(entries);
    while let Some(entry) = pending.pop() {
        match entry {
            Entry::Tensor(_) => {}
            Entry::Tuple(tuple) => pending.extend(tuple.into_own().into_iter().flatten()),
            Entry::Map(map) => pending.extend(map.into_own()),
        }
    }
}

/// Visits the tensors below `part`, as [`Tree::visit`](metamlp_tensor::Tree::visit) does.
pub(crate) fn visit(part: Part<'_>, visitor: &mut dyn TreeVisitor) {
    let mut open: SmallVec<[Rest<'_>; LEVELS]> = smallvec![Rest::of(part, visitor)];
    while let Some(rest) = open.last_mut() {
        match rest.visit_tensors(visitor) {
            Some(inner) => {
                let inner = Rest::of(inner, visitor);
                open.push(inner);
            }
            None => {
                open.pop();
                if !open.is_empty() {
                    visitor.leave();
                }
            }
        }
    }
}

/// The entries of a part that have not been visited.
enum Rest<'a> {
    Map(Iter<'a, (Arc<str>, Entry)>),
    Tuple(Enumerate<Iter<'a, Entry>>),
}

impl<'a> Rest<'a> {
    /// All entries of `part`; tells the visitor their number.
    fn of(part: Part<'a>, visitor: &mut dyn TreeVisitor) -> Self {
        match part {
            Part::Map(map) => {
                visitor.static_value(&map.len());
                Self::Map(map.entries().as_slice().iter())
            }
            Part::Tuple(entries) => {
                visitor.static_value(&entries.len());
                Self::Tuple(entries.iter().enumerate())
            }
        }
    }

    /// Visits tensors up to the next entry that holds entries, which is entered and returned.
    fn visit_tensors(&mut self, visitor: &mut dyn TreeVisitor) -> Option<Part<'a>> {
        match self {
            Self::Map(entries) => {
                entries.find_map(|(name, entry)| enter(Segment::Name(name), entry, visitor))
            }
            Self::Tuple(entries) => {
                entries.find_map(|(index, entry)| enter(Segment::Index(index), entry, visitor))
            }
        }
    }
}

/// Enters an entry. Visits and leaves it if it is a tensor; returns it if it holds entries.
#[inline]
fn enter<'a>(segment: Segment<'_>, entry: &'a Entry, visitor: &mut dyn TreeVisitor) -> Option<Part<'a>> {
    visitor.enter(segment);
    match entry {
        Entry::Tensor(tensor) => {
            visitor.tensor(tensor);
            visitor.leave();
            None
        }
        Entry::Tuple(entries) => Some(Part::Tuple(entries)),
        Entry::Map(map) => Some(Part::Map(map)),
    }
}

/// The same maps and tuples with every tensor replaced by the result of `replace`.
pub(crate) fn map(part: Part<'_>, replace: &mut dyn FnMut(&Tensor) -> Tensor) -> Entry {
    let mut open: SmallVec<[Copying<'_>; LEVELS]> = smallvec![Copying::of(part)];
    loop {
        let copying = open.last_mut().expect("the loop ends with the outermost part");
        if let Some(inner) = copying.copy_tensors(replace) {
            open.push(Copying::of(inner));
            continue;
        }
        let whole = open.pop().expect("a part is open").finish();
        match open.last_mut() {
            Some(outer) => outer.put(whole),
            None => return whole,
        }
    }
}

/// A part and the first entries of its copy.
enum Copying<'a> {
    Map(&'a Ordered<Entry>, Vec<(Arc<str>, Entry)>),
    Tuple(&'a [Entry], Vec<Entry>),
}

impl<'a> Copying<'a> {
    fn of(part: Part<'a>) -> Self {
        match part {
            Part::Map(map) => Self::Map(map.entries(), Vec::with_capacity(map.len())),
            Part::Tuple(entries) => Self::Tuple(entries, Vec::with_capacity(entries.len())),
        }
    }

    /// Copies tensors up to the next entry that holds entries, and returns that one.
    fn copy_tensors(&mut self, replace: &mut dyn FnMut(&Tensor) -> Tensor) -> Option<Part<'a>> {
        match self {
            Self::Map(source, copied) => {
                for (name, entry) in &source.as_slice()[copied.len()..] {
                    match entry {
                        Entry::Tensor(tensor) => {
                            copied.push((Arc::clone(name), Entry::Tensor(replace(tensor))));
                        }
                        Entry::Tuple(entries) => return Some(Part::Tuple(entries)),
                        Entry::Map(map) => return Some(Part::Map(map)),
                    }
                }
            }
            Self::Tuple(source, copied) => {
                for entry in &source[copied.len()..] {
                    match entry {
                        Entry::Tensor(tensor) => copied.push(Entry::Tensor(replace(tensor))),
                        Entry::Tuple(entries) => return Some(Part::Tuple(entries)),
                        Entry::Map(map) => return Some(Part::Map(map)),
                    }
                }
            }
        }
        None
    }

    /// Adds the copy of the entry that [`copy_tensors`](Copying::copy_tensors) returned.
    fn put(&mut self, copy: Entry) {
        match self {
            Self::Map(source, copied) => copied.push((Arc::clone(source.key(copied.len())), copy)),
            Self::Tuple(_, copied) => copied.push(copy),
        }
    }

    fn finish(self) -> Entry {
        match self {
            Self::Map(source, copied) => Entry::Map(Map::from_entries(source.with_entries(copied))),
            Self::Tuple(_, copied) => Entry::Tuple(copied.into()),
        }
    }
}

/// Writes the entries of `new` over those of `old`; see [`Map::merge`].
pub(crate) fn merge(old: &mut Map, new: &Map) {
    let mut pending = vec![(old, new)];
    while let Some((old, new)) = pending.pop() {
        let entries = old.entries_mut();
        // The maps over maps, by their position in `entries`.
        let mut maps = Vec::new();
        for (name, entry) in new.entries().iter() {
            let position = entries.position(name);
            match (position.map(|at| (at, entries.at_mut(at))), entry) {
                (Some((at, Entry::Map(_))), Entry::Map(map)) => maps.push((at, map)),
                (Some((_, old)), entry) => *old = entry.clone(),
                (None, entry) => {
                    entries.push(Arc::clone(name), entry.clone());
                }
            }
        }
        maps.sort_unstable_by_key(|(at, _)| *at);
        let mut maps = maps.into_iter().peekable();
        for (at, entry) in entries.values_mut().enumerate() {
            if let Entry::Map(old) = entry
                && let Some((_, new)) = maps.next_if(|(place, _)| *place == at)
            {
                pending.push((old, new));
            }
        }
    }
}
