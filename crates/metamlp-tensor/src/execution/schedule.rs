//! The steps of a program: kernels in an order that frees memory early.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::graph::{Graph, Id};
use crate::op::Op;

use super::body::Body;
use super::convolution::Convolution;
use super::fusion::Fusion;
use super::layout::{Kind, Layout};
use super::map::Map;
use super::product::Product;
use super::reduce::Reduce;

/// What a step does.
pub(super) enum Work {
    Map(Map),
    Reduce(Reduce),
    Product(Product),
    Convolution(Convolution),
    /// The node's operation by itself.
    Direct(Id),
}

/// Something to run, with the nodes whose buffers it reads, makes and frees.
pub(super) struct Step {
    pub(super) work: Work,
    pub(super) reads: SmallVec<[Id; 4]>,
    pub(super) writes: SmallVec<[Id; 3]>,
    /// Of the buffers that are read, those that nobody reads later.
    pub(super) frees: SmallVec<[bool; 4]>,
    /// All nodes that it computes.
    pub(super) nodes: Vec<Id>,
}

/// A step before it is compiled.
struct Draft {
    body: Option<Body>,
    id: Id,
    reads: SmallVec<[Id; 4]>,
    writes: SmallVec<[Id; 3]>,
}

/// The steps of `graph`, operands' before their users'.
pub(super) fn steps(graph: &Graph, layout: &Layout) -> Vec<Step> {
    let fusion = Fusion::new(graph, layout);
    let drafts = ordered(graph, drafts(graph, layout, &fusion));
    let mut last_reads: FxHashMap<Id, usize> = FxHashMap::default();
    for (position, draft) in drafts.iter().enumerate() {
        for &read in &draft.reads {
            last_reads.insert(read, position);
        }
    }
    for &output in &graph.outputs {
        last_reads.insert(layout.place(output).base, usize::MAX);
    }
    let compile = |(position, draft): (usize, Draft)| {
        let dies =
            |id: Id| last_reads.get(&id) == Some(&position) && !matches!(layout.kind(id), Kind::Constant);
        let (work, reads) = match &draft.body {
            Some(body) => match Reduce::new(graph, body) {
                Some(reduce) => {
                    let reads = reduce.program.inputs.clone();
                    (Work::Reduce(reduce), reads)
                }
                None => {
                    let map = Map::new(graph, body, &dies);
                    let reads = map.program.inputs.clone();
                    (Work::Map(map), reads)
                }
            },
            None => match &graph.node(draft.id).op {
                Op::DotGeneral(dimensions) if layout.kind(draft.id) == Kind::Contraction => {
                    (Work::Product(Product::new(graph, layout, draft.id, dimensions)), draft.reads)
                }
                Op::Convolution(windows) if layout.kind(draft.id) == Kind::Contraction => {
                    (Work::Convolution(Convolution::new(graph, layout, draft.id, windows)), draft.reads)
                }
                _ => (Work::Direct(draft.id), draft.reads),
            },
        };
        let frees = (0..reads.len()).map(|i| dies(reads[i]) && !reads[i + 1..].contains(&reads[i])).collect();
        let mut nodes = vec![draft.id];
        if let Some(body) = draft.body {
            nodes = body.nodes;
            nodes.extend(body.reduced.map(|(id, _)| id));
        }
        Step { work, reads, writes: draft.writes, frees, nodes }
    };
    drafts.into_iter().enumerate().map(compile).collect()
}

fn drafts(graph: &Graph, layout: &Layout, fusion: &Fusion) -> Vec<Draft> {
    let mut members: FxHashMap<Id, Vec<Id>> = FxHashMap::default();
    let mut kernels: Vec<Id> = Vec::new();
    for id in 0..graph.nodes.len() as Id {
        if matches!(layout.kind(id), Kind::Alias | Kind::Input | Kind::Constant | Kind::Iota) {
            continue;
        }
        let kernel = fusion.kernel(id);
        let nodes = members.entry(kernel).or_default();
        if nodes.is_empty() {
            kernels.push(kernel);
        }
        nodes.push(id);
    }
    let mut drafts = Vec::new();
    for kernel in kernels {
        if matches!(layout.kind(kernel), Kind::Contraction | Kind::Direct) {
            let reads = graph.node(kernel).operands.iter().map(|&operand| layout.place(operand).base);
            let draft = Draft {
                body: None,
                id: kernel,
                reads: reads.collect(),
                writes: SmallVec::from_slice(&[kernel]),
            };
            drafts.push(draft);
        } else if let Some(body) = Body::new(graph, layout, fusion, kernel, &members[&kernel]) {
            let mut reads: SmallVec<[Id; 4]> = body.reads().collect();
            reads.sort_unstable();
            reads.dedup();
            let mut writes = body.stored.clone();
            writes.extend(body.reduced.map(|(id, _)| id));
            drafts.push(Draft { body: Some(body), id: kernel, reads, writes });
        }
    }
    drafts
}

/// Of the steps that could come next, those that are compared; an `init` has thousands.
const CANDIDATES: usize = 32;

/// The drafts so that each follows what it reads; of those that could come
/// next, the one that leaves the least memory in use.
fn ordered(graph: &Graph, drafts: Vec<Draft>) -> Vec<Draft> {
    let bytes = |id: Id| {
        let ty = &graph.node(id).ty;
        (ty.shape.size() * ty.dtype.size()).cast_signed()
    };
    let mut writers: FxHashMap<Id, usize> = FxHashMap::default();
    let mut readers: FxHashMap<Id, usize> = FxHashMap::default();
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); drafts.len()];
    for (number, draft) in drafts.iter().enumerate() {
        for &write in &draft.writes {
            writers.insert(write, number);
        }
        for &read in &draft.reads {
            *readers.entry(read).or_default() += 1;
        }
    }
    let mut waits = vec![0; drafts.len()];
    for (number, draft) in drafts.iter().enumerate() {
        for read in &draft.reads {
            if let Some(&writer) = writers.get(read) {
                users[writer].push(number);
                waits[number] += 1;
            }
        }
    }
    let mut ready: BTreeSet<usize> = (0..drafts.len()).filter(|&number| waits[number] == 0).collect();
    let mut drafts: Vec<Option<Draft>> = drafts.into_iter().map(Some).collect();
    let mut result = Vec::with_capacity(drafts.len());
    loop {
        let growth = |number: usize| -> isize {
            drafts[number].as_ref().map_or(0, |draft| {
                let freed =
                    draft.reads.iter().filter(|read| readers.get(read) == Some(&1)).map(|&id| bytes(id));
                draft.writes.iter().map(|&id| bytes(id)).sum::<isize>() - freed.sum::<isize>()
            })
        };
        let candidates = ready.iter().take(CANDIDATES);
        let Some(&number) = candidates.min_by_key(|&&number| (growth(number), number)) else { break };
        ready.remove(&number);
        if let Some(draft) = drafts[number].take() {
            for read in &draft.reads {
                readers.entry(*read).and_modify(|count| *count -= 1);
            }
            for &user in &users[number] {
                waits[user] -= 1;
                if waits[user] == 0 {
                    ready.insert(user);
                }
            }
            result.push(draft);
        }
    }
    result
}
