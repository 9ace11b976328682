//! The steps of a program: kernels in an order that frees memory early.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::graph::{Graph, Id};
use crate::op::Op;

use super::body::Body;
use super::convolution::Convolution;
use super::epilogue::Epilogue;
use super::fusion::Fusion;
use super::layout::{Kind, Layout};
use super::map::Map;
use super::product::Product;
use super::reduce::Reduce;
use super::row_group::RowGroup;
use super::rows::Rows;

/// What a step does.
pub(super) enum Work {
    Map(Map),
    Reduce(Reduce),
    Rows(Rows),
    Product(Product, Option<Box<Epilogue>>),
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
    /// Of a kernel, or of several that share rows.
    bodies: Vec<Body>,
    /// Whom it shares rows with.
    rows: Option<RowGroup>,
    /// The contraction that the body is the epilogue of.
    follows: Option<Follows>,
    id: Id,
    reads: SmallVec<[Id; 4]>,
    writes: SmallVec<[Id; 3]>,
}

#[derive(Clone, Copy)]
struct Follows {
    id: Id,
    /// Whether another step reads the contraction's result.
    keeps: bool,
}

impl Draft {
    /// Takes up another kernel, with which it makes the group `rows`.
    fn join(&mut self, other: Draft, rows: RowGroup) {
        self.bodies.extend(other.bodies);
        self.reads.extend(other.reads.into_iter().filter(|read| !self.writes.contains(read)));
        self.reads.sort_unstable();
        self.reads.dedup();
        self.writes.extend(other.writes);
        self.rows = Some(rows);
    }
}

/// The steps of `graph`, operands' before their users'.
pub(super) fn steps(graph: &Graph, layout: &Layout) -> Vec<Step> {
    let fusion = Fusion::new(graph, layout);
    let drafts = with_epilogues(graph, layout, drafts(graph, layout, &fusion));
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
        let (work, reads) = match (&draft.bodies[..], draft.rows.as_ref().and_then(RowGroup::rows)) {
            (bodies @ [_, _, ..], Some(rows)) => {
                let is_output = |id: Id| last_reads.get(&id).is_some_and(|&last| last > position);
                let (rows, reads) = Rows::new(graph, bodies, rows, &is_output);
                writes = rows.writes().collect();
                (Work::Rows(rows), reads)
            }
            ([body, ..], _) if let Some(Follows { id, keeps }) = draft.follows => {
                let map = Map::new(graph, body, &|base| base != id && dies(base));
                let epilogue = Epilogue::new(map, id, keeps);
                let reads = contracted(graph, layout, id).chain(epilogue.reads()).collect();
                (Work::contraction(graph, layout, id, Some(Box::new(epilogue))), reads)
            }
            ([body, ..], _) => match Reduce::new(graph, body) {
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
            ([], _) if layout.kind(draft.id) == Kind::Contraction => {
                (Work::contraction(graph, layout, draft.id, None), draft.reads)
            }
            ([], _) => (Work::Direct(draft.id), draft.reads),
        };
        let frees = (0..reads.len()).map(|i| dies(reads[i]) && !reads[i + 1..].contains(&reads[i])).collect();
        let mut nodes: Vec<Id> = Vec::new();
        if draft.follows.is_some() || draft.bodies.is_empty() {
            nodes.push(draft.follows.map_or(draft.id, |follows| follows.id));
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
                follows: None,
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
            drafts.push(Draft { bodies: vec![body], rows, follows: None, id: kernel, reads, writes });
        }
    }
    drafts
}

/// The owners of a node's operands.
fn contracted<'a>(graph: &'a Graph, layout: &'a Layout, id: Id) -> impl Iterator<Item = Id> + 'a {
    graph.node(id).operands.iter().map(|&operand| layout.place(operand).base)
}

/// Joins contractions with the kernels that read them one for one, where the
/// contraction can be computed in blocks.
fn with_epilogues(graph: &Graph, layout: &Layout, drafts: Vec<Draft>) -> Vec<Draft> {
    let is_contraction =
        |draft: &Draft| layout.kind(draft.id) == Kind::Contraction && draft.bodies.is_empty();
    if !drafts.iter().any(is_contraction) {
        return drafts;
    }
    let mut drafts: Vec<Option<Draft>> = drafts.into_iter().map(Some).collect();
    let is_output = |id: Id| graph.outputs.iter().any(|&output| layout.place(output).base == id);
    for number in 0..drafts.len() {
        let Some(id) = drafts[number].as_ref().filter(|draft| is_contraction(draft)).map(|draft| draft.id)
        else {
            continue;
        };
        let unit = match graph.node(id).op {
            Op::Convolution(_) => Convolution::new(graph, layout, id).unit(),
            _ => Product::new(graph, layout, id).unit(),
        };
        let Some(unit) = unit else { continue };
        let reads = |draft: &Option<Draft>| draft.as_ref().is_some_and(|draft| draft.reads.contains(&id));
        let readers: Vec<usize> = (0..drafts.len()).filter(|&reader| reads(&drafts[reader])).collect();
        let fits = |reader: &usize| {
            drafts[*reader].as_ref().is_some_and(|draft| {
                draft.follows.is_none()
                    && draft.bodies.first().is_some_and(|body| Epilogue::fits(graph, body, id, unit))
            }) && !waits_for(&drafts, *reader, number)
        };
        let Some(reader) = readers.iter().copied().find(fits) else { continue };
        let keeps = readers.len() > 1 || is_output(id);
        let own = drafts[number].take();
        if let (Some(own), Some(draft)) = (own, &mut drafts[reader]) {
            let rest = draft.reads.iter().copied().filter(|&read| read != id);
            draft.reads = own.reads.into_iter().chain(rest).collect();
            if keeps {
                draft.writes.insert(0, id);
            }
            draft.rows = None;
            draft.follows = Some(Follows { id, keeps });
        }
    }
    drafts.into_iter().flatten().collect()
}

/// Whether something that `reader` reads, other than what `writer` itself
/// writes, can only be computed after `writer`.
fn waits_for(drafts: &[Option<Draft>], reader: usize, writer: usize) -> bool {
    let mut writers: FxHashMap<Id, usize> = FxHashMap::default();
    for (number, draft) in drafts.iter().enumerate() {
        writers.extend(draft.iter().flat_map(|draft| &draft.writes).map(|&write| (write, number)));
    }
    let operands = |number: usize| {
        let reads = drafts[number].iter().flat_map(|draft| &draft.reads);
        reads.filter_map(|read| writers.get(read).copied()).collect::<Vec<usize>>()
    };
    let mut pending = operands(reader);
    pending.retain(|&operand| operand != writer);
    let mut met = vec![false; drafts.len()];
    while let Some(number) = pending.pop() {
        if number == writer {
            return true;
        }
        if !std::mem::replace(&mut met[number], true) {
            pending.extend(operands(number));
        }
    }
    false
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
