//! Walks over nested maps and tuples. Each keeps its own stack, since the data may be deeper than the thread's.

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

/// Drops the entries and all that only they own.
pub(crate) fn release(mut pending: Vec<Entry>) {
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
        let Some((segment, entry)) = rest.next() else {
            open.pop();
            if !open.is_empty() {
                visitor.leave();
            }
            continue;
        };
        visitor.enter(segment);
        match entry {
            Entry::Tensor(tensor) => {
                visitor.tensor(tensor);
                visitor.leave();
            }
            Entry::Tuple(entries) => open.push(Rest::of(Part::Tuple(entries), visitor)),
            Entry::Map(map) => open.push(Rest::of(Part::Map(map), visitor)),
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

    fn next(&mut self) -> Option<(Segment<'a>, &'a Entry)> {
        match self {
            Self::Map(entries) => entries.next().map(|(name, entry)| (Segment::Name(name), entry)),
            Self::Tuple(entries) => entries.next().map(|(index, entry)| (Segment::Index(index), entry)),
        }
    }
}

/// The same maps and tuples with every tensor replaced by the result of `replace`.
pub(crate) fn map(part: Part<'_>, replace: &mut dyn FnMut(&Tensor) -> Tensor) -> Entry {
    let mut open: SmallVec<[Copying<'_>; LEVELS]> = smallvec![Copying::of(part)];
    loop {
        let copying = open.last_mut().expect("the loop ends with the outermost part");
        match copying.next() {
            Some(Entry::Tensor(tensor)) => copying.put(Entry::Tensor(replace(tensor))),
            Some(Entry::Tuple(entries)) => open.push(Copying::of(Part::Tuple(entries))),
            Some(Entry::Map(map)) => open.push(Copying::of(Part::Map(map))),
            None => {
                let whole = open.pop().expect("a part is open").finish();
                match open.last_mut() {
                    Some(outer) => outer.put(whole),
                    None => return whole,
                }
            }
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

    /// The first entry without a copy.
    fn next(&self) -> Option<&'a Entry> {
        match self {
            Self::Map(source, copied) => source.as_slice().get(copied.len()).map(|(_, entry)| entry),
            Self::Tuple(source, copied) => source.get(copied.len()),
        }
    }

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
