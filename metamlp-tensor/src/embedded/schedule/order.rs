//! The order of a program's steps: each follows what it reads, memory is freed early, and kernels that share rows run
//! together. Knows drafts; compiles nothing.

use std::collections::{BTreeSet, VecDeque};

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use crate::embedded::analysis::body::Body;
use crate::embedded::analysis::row_group::Cuts;
use crate::engine::statistics::count_compile_work;
use crate::graph::{Graph, Id};

use super::draft::{Draft, Fused, Work};

/// Most ready drafts that are compared for the next step; an `init` has thousands.
const CANDIDATES: usize = 32;

/// Puts the drafts in order. Of the ready drafts, a fused kernel that shares rows with the step before joins it; else
/// the draft comes next that leaves the least memory in use.
pub(crate) fn ordered(graph: &Graph, drafts: Vec<Draft>) -> Vec<Draft> {
    let mut queue = Queue::new(graph, drafts);
    let mut result: Vec<Draft> = Vec::new();
    let mut open: Option<Open> = None;
    while let Some((draft, cuts)) = queue.next(graph, open.as_ref()) {
        match (draft.work, cuts) {
            (Work::Fused(fused), Some(cuts)) => {
                let open = open.as_mut().expect("a draft shares rows with the step before");
                open.join(fused, (draft.reads, draft.writes), cuts);
            }
            (work, _) => {
                result.extend(open.take().map(Open::close));
                match work {
                    Work::Fused(fused) => open = Some(Open::new(fused, draft.reads, draft.writes)),
                    work => result.push(Draft { work, ..draft }),
                }
            }
        }
    }
    result.extend(open.map(Open::close));
    result
}

/// The drafts that have not come yet.
struct Queue {
    drafts: Vec<Option<Draft>>,
    /// For each draft the drafts that read what it writes, once for each read.
    users: Vec<Vec<usize>>,
    /// For each draft the reads whose writers have not come yet.
    waits: Vec<usize>,
    ready: BTreeSet<usize>,
    /// The reads of each buffer by drafts that have not come yet, and the drafts that read it.
    reads: FxHashMap<Id, (usize, VecDeque<usize>)>,
    /// Bytes by which each draft makes the memory in use grow: its writes, less the buffers that only it still reads.
    growth: Vec<i128>,
}

impl Queue {
    fn new(graph: &Graph, drafts: Vec<Draft>) -> Self {
        let mut writers: FxHashMap<Id, usize> = FxHashMap::default();
        let mut reads: FxHashMap<Id, (usize, VecDeque<usize>)> = FxHashMap::default();
        for (number, draft) in drafts.iter().enumerate() {
            writers.extend(draft.writes.iter().map(|&write| (write, number)));
            for &read in &draft.reads {
                let (count, readers) = reads.entry(read).or_default();
                *count += 1;
                readers.push_back(number);
            }
        }
        let mut users: Vec<Vec<usize>> = vec![Vec::new(); drafts.len()];
        let mut waits = vec![0; drafts.len()];
        let mut growth = vec![0; drafts.len()];
        for (number, draft) in drafts.iter().enumerate() {
            growth[number] += draft.writes.iter().map(|&id| bytes(graph, id)).sum::<i128>();
            for &read in &draft.reads {
                if reads[&read].0 == 1 {
                    growth[number] -= bytes(graph, read);
                }
                if let Some(&writer) = writers.get(&read) {
                    users[writer].push(number);
                    waits[number] += 1;
                }
            }
        }
        let ready = (0..drafts.len()).filter(|&number| waits[number] == 0).collect();
        Self { drafts: drafts.into_iter().map(Some).collect(), users, waits, ready, reads, growth }
    }

    /// The next draft, and the cuts that it shares with the step `open`.
    fn next(&mut self, graph: &Graph, open: Option<&Open>) -> Option<(Draft, Option<Cuts>)> {
        let cuts = |number: usize| {
            let fused = self.drafts[number].as_ref()?.as_fused()?;
            count_compile_work(1 + fused.body.loads.len());
            open?.first.group.cuts_with(graph, &fused.body, &fused.group)
        };
        let candidates = self.ready.iter().take(CANDIDATES).map(|&number| (number, cuts(number)));
        let (number, cuts) =
            candidates.min_by_key(|(number, cuts)| (cuts.is_none(), self.growth[*number], *number))?;
        self.ready.remove(&number);
        let draft = self.drafts[number].take().expect("a draft is ready once");
        for &read in &draft.reads {
            self.count_down(graph, read);
        }
        for &user in &self.users[number] {
            self.waits[user] -= 1;
            if self.waits[user] == 0 {
                self.ready.insert(user);
            }
        }
        Some((draft, cuts))
    }

    /// One read of the buffer of `id` less. The draft that reads it last will free it.
    fn count_down(&mut self, graph: &Graph, id: Id) {
        let (count, readers) = self.reads.get_mut(&id).expect("each read was counted");
        *count -= 1;
        if *count == 1 {
            // Drafts that have come are dropped from the list once.
            while let Some(&reader) = readers.front() {
                if self.drafts[reader].is_some() {
                    self.growth[reader] -= bytes(graph, id);
                    break;
                }
                readers.pop_front();
            }
        }
    }
}

/// Fused kernels that run together, as long as others join them.
struct Open {
    /// The first kernel. Its group is the group of all of them.
    first: Fused,
    others: Vec<Body>,
    reads: SmallVec<[Id; 4]>,
    writes: SmallVec<[Id; 3]>,
    written: FxHashSet<Id>,
}

impl Open {
    fn new(fused: Fused, reads: SmallVec<[Id; 4]>, writes: SmallVec<[Id; 3]>) -> Self {
        let written = writes.iter().copied().collect();
        Self { first: fused, others: Vec::new(), reads, writes, written }
    }

    fn join(&mut self, fused: Fused, (reads, writes): (SmallVec<[Id; 4]>, SmallVec<[Id; 3]>), cuts: Cuts) {
        self.first.group.join(&fused.group, cuts);
        self.others.push(fused.body);
        self.reads.extend(reads.into_iter().filter(|read| !self.written.contains(read)));
        self.written.extend(writes.iter().copied());
        self.writes.extend(writes);
    }

    fn close(self) -> Draft {
        let Self { first, others, mut reads, writes, .. } = self;
        if others.is_empty() {
            return Draft { work: Work::Fused(first), reads, writes };
        }
        reads.sort_unstable();
        reads.dedup();
        let bodies = [first.body].into_iter().chain(others).collect();
        Draft { work: Work::Rows { bodies, group: first.group }, reads, writes }
    }
}

/// The bytes of a buffer. Each number fits into a `usize`, but a sum of several may not.
fn bytes(graph: &Graph, id: Id) -> i128 {
    graph.node(id).ty.bytes() as i128
}
