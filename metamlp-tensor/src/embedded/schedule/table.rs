//! The table of a program's drafts: which draft writes and which drafts read each buffer, and an order in which each
//! draft follows what it reads. Built once and kept up to date as patterns join drafts. Knows nothing of patterns.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use crate::embedded::analysis::layout::Layout;
use crate::engine::statistics::count_compile_work;
use crate::graph::{Graph, Id};

use super::draft::Draft;

/// The number of a draft: its position in the list from which the table was built.
pub(crate) type Number = usize;

/// The longest part of the order that is searched for a path between two drafts. Beyond it they stay apart, so that a
/// join takes constant time.
const WINDOW: usize = 1024;

/// The drafts of a program.
pub(crate) struct Drafts<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) layout: &'a Layout,
    /// `None` for a draft that was joined with another.
    drafts: Vec<Option<Draft>>,
    /// The draft that writes each buffer.
    writers: FxHashMap<Id, Number>,
    /// The drafts that read each buffer, as the table was built: [`current`](Self::current) gives what they have
    /// become.
    readers: FxHashMap<Id, SmallVec<[Number; 2]>>,
    /// The draft that each joined draft became a part of; its own number for the others.
    joined: Vec<Number>,
    /// A topological order. `None` where a draft has been joined with a later one.
    order: Vec<Option<Number>>,
    /// The place of each draft in `order`. Stale for joined drafts.
    position: Vec<usize>,
}

/// A place in the order for drafts that are joined.
pub(crate) enum Place {
    /// This position.
    At(usize),
    /// After all drafts of these positions that are not among `later`, which follow it.
    Before { first: usize, last: usize, later: FxHashSet<Number> },
}

impl<'a> Drafts<'a> {
    pub(crate) fn new(graph: &'a Graph, layout: &'a Layout, drafts: Vec<Draft>) -> Self {
        let mut writers: FxHashMap<Id, Number> = FxHashMap::default();
        let mut readers: FxHashMap<Id, SmallVec<[Number; 2]>> = FxHashMap::default();
        for (number, draft) in drafts.iter().enumerate() {
            writers.extend(draft.writes.iter().map(|&write| (write, number)));
            for &read in &draft.reads {
                let readers = readers.entry(read).or_default();
                if readers.last() != Some(&number) {
                    readers.push(number);
                }
            }
        }
        let order = topological(&drafts, &writers, &readers);
        let mut position = vec![0; drafts.len()];
        for (place, &number) in order.iter().enumerate() {
            position[number] = place;
        }
        Self {
            graph,
            layout,
            joined: (0..drafts.len()).collect(),
            drafts: drafts.into_iter().map(Some).collect(),
            writers,
            readers,
            order: order.into_iter().map(Some).collect(),
            position,
        }
    }

    /// The numbers of all drafts, joined ones too.
    pub(crate) fn numbers(&self) -> std::ops::Range<Number> {
        0..self.drafts.len()
    }

    /// The draft; `None` if it was joined with another.
    pub(crate) fn get(&self, number: Number) -> Option<&Draft> {
        self.drafts[number].as_ref()
    }

    /// The draft, which has not been joined.
    pub(crate) fn draft(&self, number: Number) -> &Draft {
        self.get(number).expect("the table names drafts that have not been joined")
    }

    /// Takes the draft out, to be joined with another.
    pub(crate) fn take(&mut self, number: Number) -> Draft {
        self.drafts[number].take().expect("a draft is joined once")
    }

    /// The drafts that read the buffer of `id`, in ascending order. A draft that was joined with the writer of `id` does not
    /// read the buffer any more.
    pub(crate) fn readers(&self, id: Id) -> SmallVec<[Number; 4]> {
        let mut readers: SmallVec<[Number; 4]> =
            self.readers.get(&id).into_iter().flatten().map(|&number| self.current(number)).collect();
        count_compile_work(readers.len());
        readers.sort_unstable();
        readers.dedup();
        let writer = self.writers.get(&id).map(|&number| self.current(number));
        readers.retain(|number| Some(*number) != writer);
        readers
    }

    /// The draft that `number` is, or has become a part of.
    fn current(&self, mut number: Number) -> Number {
        while self.joined[number] != number {
            number = self.joined[number];
        }
        number
    }

    /// The place in the order at which `members` can run as one; `None` if a draft outside must run between two of them,
    /// or if they are too far apart to tell.
    pub(crate) fn place(&self, members: &[Number]) -> Option<Place> {
        let positions = || members.iter().map(|&member| self.position[member]);
        let (first, last) = (positions().min()?, positions().max()?);
        let is_member = |number: &Number| members.contains(number);
        let mut later: Vec<Number> = Vec::new();
        for &member in members.iter().filter(|&&member| self.position[member] < last) {
            for &write in &self.draft(member).writes {
                let readers = self.readers(write).into_iter();
                later.extend(readers.filter(|reader| self.position[*reader] < last && !is_member(reader)));
            }
        }
        if later.is_empty() {
            return Some(Place::At(last));
        }
        let operands = members.iter().filter(|&&member| self.position[member] > first);
        let mut operands = operands.flat_map(|&member| self.operands(member)).filter(|one| !is_member(one));
        if operands.all(|operand| self.position[operand] < first) {
            return Some(Place::At(first));
        }
        if last - first > WINDOW {
            return None;
        }
        count_compile_work(last - first);
        let mut met: FxHashSet<Number> = later.iter().copied().collect();
        while let Some(number) = later.pop() {
            for &write in &self.draft(number).writes {
                for reader in self.readers(write) {
                    if is_member(&reader) {
                        return None;
                    }
                    if self.position[reader] < last && met.insert(reader) {
                        later.push(reader);
                    }
                }
            }
        }
        Some(Place::Before { first, last, later: met })
    }

    /// Puts `draft` in place of `members`, which have been taken out, under the number `into`, one of them. `place` is
    /// [theirs](Self::place).
    pub(crate) fn join(&mut self, members: &[Number], into: Number, place: Place, draft: Draft) {
        for &member in members {
            self.order[self.position[member]] = None;
            self.joined[member] = into;
        }
        match place {
            Place::At(position) => self.set_position(into, position),
            Place::Before { first, last, later } => {
                let window: Vec<Number> = self.order[first..=last].iter().filter_map(|one| *one).collect();
                let (after, before): (Vec<Number>, Vec<Number>) =
                    window.into_iter().partition(|number| later.contains(number));
                self.order[first..=last].fill(None);
                let all = before.into_iter().chain([into]).chain(after);
                for (position, number) in (first..).zip(all) {
                    self.set_position(number, position);
                }
            }
        }
        for &write in &draft.writes {
            self.writers.insert(write, into);
        }
        debug_assert!(self.drafts[into].is_none(), "the members have been taken out");
        self.drafts[into] = Some(draft);
    }

    fn set_position(&mut self, number: Number, position: usize) {
        self.order[position] = Some(number);
        self.position[number] = position;
    }

    /// The drafts that write what `number` reads.
    fn operands(&self, number: Number) -> impl Iterator<Item = Number> {
        self.draft(number).reads.iter().filter_map(|read| self.writers.get(read).copied())
    }

    /// The drafts that are left, in the order of their numbers.
    pub(crate) fn into_list(self) -> Vec<Draft> {
        if cfg!(debug_assertions) {
            self.check_order();
        }
        self.drafts.into_iter().flatten().collect()
    }

    /// Panics if a draft does not follow what it reads.
    fn check_order(&self) {
        for number in self.order.iter().filter_map(|one| *one) {
            for operand in self.operands(number) {
                assert!(
                    self.position[operand] < self.position[number],
                    "draft {number} comes before draft {operand}, which it reads"
                );
            }
        }
    }
}

/// The drafts so that each follows what it reads; of the ready drafts, the one with the least number comes first.
fn topological(
    drafts: &[Draft],
    writers: &FxHashMap<Id, Number>,
    readers: &FxHashMap<Id, SmallVec<[Number; 2]>>,
) -> Vec<Number> {
    let operands = |draft: &Draft| {
        let mut reads = draft.reads.clone();
        reads.sort_unstable();
        reads.dedup();
        reads.iter().filter(|read| writers.contains_key(read)).count()
    };
    let mut waits: Vec<usize> = drafts.iter().map(operands).collect();
    let mut ready: BTreeSet<Number> = (0..drafts.len()).filter(|&number| waits[number] == 0).collect();
    let mut order = Vec::with_capacity(drafts.len());
    while let Some(number) = ready.pop_first() {
        order.push(number);
        for &reader in drafts[number].writes.iter().filter_map(|write| readers.get(write)).flatten() {
            waits[reader] -= 1;
            if waits[reader] == 0 {
                ready.insert(reader);
            }
        }
    }
    assert_eq!(order.len(), drafts.len(), "no kernels wait for each other in a circle");
    order
}
