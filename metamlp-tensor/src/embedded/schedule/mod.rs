//! The steps of a program: kernels in an order that frees memory early.

pub(crate) mod draft;
pub(crate) mod memory;
pub(crate) mod places;

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::graph::op::Op;
use crate::graph::{Graph, Id};

use crate::embedded::analysis::body::Body;
use crate::embedded::analysis::fusion::Fusion;
use crate::embedded::analysis::layout::{Kind, Layout};
use crate::embedded::analysis::row_group::RowGroup;
use crate::embedded::contraction::attention::Attention;
use crate::embedded::contraction::convolution::{Convolution, Pooling};
use crate::embedded::contraction::epilogue::Epilogue;
use crate::embedded::contraction::product::Product;
use crate::embedded::fused::map::Map;
use crate::embedded::fused::reduce::Reduce;
use crate::embedded::fused::rows::Rows;
use crate::embedded::schedule::draft::{
    Draft, Follows, contracted, with_attentions, with_epilogues, with_poolings,
};

/// What a step does.
pub(crate) enum Work {
    Map(Map),
    Reduce(Reduce),
    Rows(Rows),
    Product(Product, Option<Box<Epilogue>>),
    Attention(Box<Attention>),
    Convolution(Convolution, Option<Box<Epilogue>>),
    /// The node's operation by itself.
    Direct(Id),
}

impl Work {
    fn contraction(graph: &Graph, layout: &Layout, id: Id, epilogue: Option<Box<Epilogue>>) -> Self {
        match graph.node(id).op {
            Op::Convolution(_) => Self::Convolution(Convolution::new(graph, layout, id), epilogue),
            _ => Self::Product(Product::new(graph, layout, id), epilogue),
        }
    }
}

/// Something to run, with the nodes whose buffers it reads, makes and frees.
pub(crate) struct Step {
    pub(crate) work: Work,
    pub(crate) reads: SmallVec<[Id; 4]>,
    pub(crate) writes: SmallVec<[Id; 3]>,
    /// Of the buffers that are read, those that nobody reads later.
    pub(crate) frees: SmallVec<[bool; 4]>,
    /// All nodes that it computes.
    pub(crate) nodes: Vec<Id>,
}

/// The steps of `graph`, operands' before their users'.
pub(crate) fn steps(graph: &Graph, layout: &Layout) -> Vec<Step> {
    let fusion = Fusion::new(graph, layout);
    let drafts = with_attentions(graph, layout, drafts(graph, layout, &fusion));
    let drafts = with_epilogues(graph, layout, drafts);
    let drafts = with_poolings(graph, layout, drafts);
    let drafts = ordered(graph, drafts);
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
        let mut writes = draft.writes;
        let (work, reads) = match (&draft.bodies[..], draft.rows.as_ref().and_then(RowGroup::cut)) {
            (bodies, Some(cut)) if let Some(scores) = draft.attends => {
                let products = [scores, draft.id].map(|id| Product::new(graph, layout, id));
                let operands: SmallVec<[Id; 4]> =
                    [scores, draft.id].into_iter().flat_map(|id| contracted(graph, layout, id)).collect();
                let (attention, reads) = Attention::new(graph, products, (scores, operands), bodies, cut);
                (Work::Attention(Box::new(attention)), reads)
            }
            (bodies @ [_, _, ..], Some(cut)) => {
                let is_output = |id: Id| last_reads.get(&id).is_some_and(|&last| last > position);
                let (rows, reads) = Rows::new(graph, bodies, cut, &is_output);
                writes = rows.writes().collect();
                (Work::Rows(rows), reads)
            }
            ([body, ..], _) if let Some(Follows { id, keeps }) = draft.follows => {
                let map = Map::new(graph, body, &|base| base != id && dies(base));
                let pooled = draft.pooled;
                let output = pooled.and_then(|p| body.stored.iter().position(|&stored| stored == p.of));
                let unkept = output.filter(|_| pooled.is_some_and(|pooled| !pooled.keeps_own));
                let epilogue = Epilogue::new(map, id, keeps).without(unkept);
                let mut reads: SmallVec<[Id; 4]> =
                    contracted(graph, layout, id).chain(epilogue.reads()).collect();
                let pooling = pooled.zip(output).and_then(|(pooled, output)| {
                    let then = draft.bodies.get(1).map(|body| {
                        let map = Map::new(graph, body, &|base| base != pooled.id && dies(base));
                        Epilogue::new(map, pooled.id, pooled.keeps)
                    });
                    Pooling::new(graph, pooled.id, (output, pooled.keeps_own), then)
                });
                reads.extend(pooling.iter().flat_map(Pooling::reads));
                let epilogue = Some(Box::new(epilogue));
                let work = match Work::contraction(graph, layout, id, epilogue) {
                    Work::Convolution(convolution, epilogue) => {
                        Work::Convolution(convolution.pooled(pooling), epilogue)
                    }
                    work => work,
                };
                (work, reads)
            }
            ([body, ..], _) => match Reduce::new(graph, body) {
                Some(reduce) => {
                    let reads = reduce.program.inputs.clone();
                    (Work::Reduce(reduce), reads)
                }
                None => {
                    let map = Map::alone(graph, body, &dies);
                    let reads = map.program.inputs.clone();
                    (Work::Map(map), reads)
                }
            },
            ([], _) if layout.kind(draft.id) == Kind::Contraction => {
                (Work::contraction(graph, layout, draft.id, None), draft.reads)
            }
            ([], _) => (Work::Direct(draft.id), draft.reads),
        };
        let frees = (0..reads.len()).map(|i| dies(reads[i]) && !reads[i + 1..].contains(&reads[i])).collect();
        let mut nodes: Vec<Id> = Vec::new();
        nodes.extend(draft.attends);
        if draft.follows.is_some() || draft.attends.is_some() || draft.bodies.is_empty() {
            nodes.push(draft.follows.map_or(draft.id, |follows| follows.id));
            nodes.extend(draft.pooled.map(|pooled| pooled.id));
        }
        for body in draft.bodies {
            nodes.extend(body.nodes);
            nodes.extend(body.reduced.map(|(id, _)| id));
        }
        Step { work, reads, writes, frees, nodes }
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
            let draft = Draft {
                bodies: Vec::new(),
                rows: None,
                attends: None,
                follows: None,
                pooled: None,
                id: kernel,
                reads: contracted(graph, layout, kernel).collect(),
                writes: SmallVec::from_slice(&[kernel]),
            };
            drafts.push(draft);
        } else if let Some(body) = Body::new(graph, layout, fusion, kernel, &members[&kernel]) {
            let mut reads: SmallVec<[Id; 4]> = body.reads().collect();
            reads.sort_unstable();
            reads.dedup();
            let (writes, rows) = (body.writes().collect(), Some(RowGroup::new(graph, &body)));
            drafts.push(Draft {
                bodies: vec![body],
                rows,
                attends: None,
                follows: None,
                pooled: None,
                id: kernel,
                reads,
                writes,
            });
        }
    }
    drafts
}

/// Of the steps that could come next, those that are compared; an `init` has thousands.
const CANDIDATES: usize = 32;

/// The drafts so that each follows what it reads; of those that could come
/// next, the one that leaves the least memory in use, but first those that
/// share rows with what came before, with which they become one.
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
    let mut result: Vec<Draft> = Vec::with_capacity(drafts.len());
    loop {
        let growth = |number: usize| -> isize {
            drafts[number].as_ref().map_or(0, |draft| {
                let freed =
                    draft.reads.iter().filter(|read| readers.get(read) == Some(&1)).map(|&id| bytes(id));
                draft.writes.iter().map(|&id| bytes(id)).sum::<isize>() - freed.sum::<isize>()
            })
        };
        let shares_rows = |number: usize| {
            let open = result.last().and_then(|draft: &Draft| draft.rows.as_ref())?;
            let draft = drafts[number].as_ref()?;
            open.with(graph, draft.bodies.first()?, draft.rows.as_ref()?)
        };
        let candidates = ready.iter().take(CANDIDATES).map(|&number| (number, shares_rows(number)));
        let next = candidates.min_by_key(|(number, rows)| (rows.is_none(), growth(*number), *number));
        let Some((number, rows)) = next else { break };
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
            match (result.last_mut(), rows) {
                (Some(open), Some(rows)) => open.join(draft, rows),
                _ => result.push(draft),
            }
        }
    }
    result
}
