//! Steps before they are compiled, and which of them follow a contraction on
//! each block of its result. Knows kernels; nothing of the order of steps.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::graph::op::Op;
use crate::graph::{Graph, Id};

use crate::embedded::analysis::body::Body;
use crate::embedded::analysis::layout::{Kind, Layout};
use crate::embedded::analysis::row_group::RowGroup;
use crate::embedded::contraction::convolution::{Convolution, Pooling};
use crate::embedded::contraction::epilogue::Epilogue;
use crate::embedded::contraction::product::Product;

/// A step before it is compiled.
pub(crate) struct Draft {
    /// Of a kernel, or of several that share rows.
    pub(crate) bodies: Vec<Body>,
    /// Whom it shares rows with.
    pub(crate) rows: Option<RowGroup>,
    /// The product whose rows the bodies make into the left operand of the product `id`.
    pub(crate) attends: Option<Id>,
    /// The contraction that the body is the epilogue of.
    pub(crate) follows: Option<Follows>,
    /// What follows that, and then the second body if there is one.
    pub(crate) pooled: Option<Pooled>,
    pub(crate) id: Id,
    pub(crate) reads: SmallVec<[Id; 4]>,
    pub(crate) writes: SmallVec<[Id; 3]>,
}

#[derive(Clone, Copy)]
pub(crate) struct Follows {
    pub(crate) id: Id,
    /// Whether another step reads the contraction's result.
    pub(crate) keeps: bool,
}

#[derive(Clone, Copy)]
pub(crate) struct Pooled {
    pub(crate) id: Id,
    /// Whether another step reads it, if a body follows.
    pub(crate) keeps: bool,
    /// What is pooled, and whether another step reads that.
    pub(crate) of: Id,
    pub(crate) keeps_own: bool,
}

impl Draft {
    /// Takes up another kernel, with which it makes the group `rows`.
    pub(crate) fn join(&mut self, other: Draft, rows: RowGroup) {
        self.bodies.extend(other.bodies);
        self.reads.extend(other.reads.into_iter().filter(|read| !self.writes.contains(read)));
        self.reads.sort_unstable();
        self.reads.dedup();
        self.writes.extend(other.writes);
        self.rows = Some(rows);
    }
}

/// The owners of a node's operands.
pub(crate) fn contracted<'a>(graph: &'a Graph, layout: &'a Layout, id: Id) -> impl Iterator<Item = Id> + 'a {
    graph.node(id).operands.iter().map(|&operand| layout.place(operand).base)
}

/// Joins contractions with the kernels that read them one for one, where the
/// contraction can be computed in blocks.
pub(crate) fn with_epilogues(graph: &Graph, layout: &Layout, drafts: Vec<Draft>) -> Vec<Draft> {
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
                    && draft.attends.is_none()
                    && draft.bodies.first().is_some_and(|body| Epilogue::fits(graph, body, id, unit))
            }) && !waits_for(&drafts, *reader, &[number])
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

/// Joins convolutions and their epilogues with a pooling that alone reads an
/// image after the other of what an epilogue gives, and with the kernel behind it.
pub(crate) fn with_poolings(graph: &Graph, layout: &Layout, drafts: Vec<Draft>) -> Vec<Draft> {
    let mut drafts: Vec<Option<Draft>> = drafts.into_iter().map(Some).collect();
    let is_output = |id: Id| graph.outputs.iter().any(|&output| layout.place(output).base == id);
    for number in 0..drafts.len() {
        let Some(image) = drafts[number].as_ref().and_then(|draft| {
            let Follows { id, .. } = draft.follows?;
            let is_convolution = matches!(graph.node(id).op, Op::Convolution(_));
            is_convolution.then(|| Convolution::new(graph, layout, id).image()).flatten()
        }) else {
            continue;
        };
        let found = (0..drafts.len()).find_map(|reader| {
            let (own, draft) = (drafts[number].as_ref()?, drafts[reader].as_ref()?);
            let [of] = draft.reads[..] else { return None };
            let body = own.bodies.first()?;
            let dtype = |id: Id| graph.node(id).ty.dtype;
            let fits = draft.bodies.is_empty()
                && body.stored.contains(&of)
                && own.follows.is_some_and(|follows| dtype(follows.id) == dtype(of));
            Some((reader, of, Pooling::fits(graph, draft.id, image).filter(|_| fits)?))
        });
        let Some((pool, of, image)) = found else { continue };
        let readers = |drafts: &[Option<Draft>], id: Id| -> Vec<usize> {
            let reads = |draft: &Option<Draft>| draft.as_ref().is_some_and(|draft| draft.reads.contains(&id));
            (0..drafts.len()).filter(|&reader| reads(&drafts[reader])).collect()
        };
        let keeps_own = readers(&drafts, of).len() > 1 || is_output(of);
        let (Some(pool), Some(own)) = (drafts[pool].take(), &mut drafts[number]) else { continue };
        let id = pool.id;
        if !keeps_own {
            own.writes.retain(|write| *write != of);
        }
        let before = own.writes.len();
        own.writes.push(id);
        let readers = readers(&drafts, id);
        let fits = |reader: &usize| {
            let own = drafts[number].as_ref();
            drafts[*reader].as_ref().is_some_and(|draft| {
                let others = draft.reads.iter().filter(|read| **read != id);
                draft.follows.is_none()
                    && draft.attends.is_none()
                    && draft.bodies.len() == 1
                    && own.is_some_and(|own| others.clone().all(|read| !own.writes.contains(read)))
                    && Epilogue::fits(graph, &draft.bodies[0], id, image)
            }) && !waits_for(&drafts, *reader, &[number])
        };
        let reader = readers.iter().copied().find(fits);
        let keeps = readers.len() > 1 || is_output(id);
        let then = reader.and_then(|reader| drafts[reader].take());
        if let Some(own) = &mut drafts[number] {
            own.pooled = Some(Pooled { id, keeps, of, keeps_own });
            if let Some(then) = then {
                if !keeps {
                    own.writes.truncate(before);
                }
                own.reads.extend(then.reads.into_iter().filter(|&read| read != id));
                own.writes.extend(then.writes);
                own.bodies.extend(then.bodies);
            }
        }
    }
    drafts.into_iter().flatten().collect()
}

/// Joins two products with the kernels between them, where these go through
/// the rows of the first and nobody else needs what they make of it.
pub(crate) fn with_attentions(graph: &Graph, layout: &Layout, drafts: Vec<Draft>) -> Vec<Draft> {
    let mut drafts: Vec<Option<Draft>> = drafts.into_iter().map(Some).collect();
    for number in 0..drafts.len() {
        let Some((between, rows, last)) = attention(graph, layout, &drafts, number) else { continue };
        let Some(scores) = drafts[number].take() else { continue };
        let between: Vec<Draft> = between.into_iter().filter_map(|member| drafts[member].take()).collect();
        if let Some(draft) = &mut drafts[last] {
            let made: Vec<Id> =
                between.iter().flat_map(|member| &member.writes).chain([&scores.id]).copied().collect();
            let reads = between.iter().flat_map(|member| &member.reads).chain(&draft.reads);
            let reads = scores.reads.iter().chain(reads).copied().filter(|read| !made.contains(read));
            draft.reads = reads.collect();
            draft.reads.sort_unstable();
            draft.reads.dedup();
            draft.attends = Some(scores.id);
            draft.rows = Some(rows);
            draft.bodies = between.into_iter().flat_map(|member| member.bodies).collect();
        }
    }
    drafts.into_iter().flatten().collect()
}

/// What is between the product `first` and another one, how it is cut into
/// rows, and the other one.
fn attention(
    graph: &Graph,
    layout: &Layout,
    drafts: &[Option<Draft>],
    first: usize,
) -> Option<(Vec<usize>, RowGroup, usize)> {
    let draft = |number: usize| drafts[number].as_ref();
    let product = |number: usize| {
        let id = draft(number).filter(|draft| draft.bodies.is_empty())?.id;
        let is_product =
            layout.kind(id) == Kind::Contraction && matches!(graph.node(id).op, Op::DotGeneral(_));
        is_product.then(|| Product::new(graph, layout, id))
    };
    let readers = |made: &[Id]| {
        let reads = |draft: &Draft| draft.reads.iter().any(|read| made.contains(read));
        (0..drafts.len()).filter(|&number| draft(number).is_some_and(reads)).collect::<Vec<usize>>()
    };
    let is_output = |id: Id| graph.outputs.iter().any(|&output| layout.place(output).base == id);
    let scores = product(first)?;
    let id = draft(first)?.id;
    let mut rows = scores.row_group(id)?;
    let (mut inside, mut made) = (vec![first], vec![id]);
    loop {
        let outside: Vec<usize> =
            readers(&made).into_iter().filter(|reader| !inside.contains(reader)).collect();
        let next = outside.iter().copied().filter(|&reader| !waits_for(drafts, reader, &inside)).find_map(
            |reader| {
                let draft = draft(reader)?;
                let ([body], Some(own)) = (&draft.bodies[..], &draft.rows) else { return None };
                Some((reader, rows.with(graph, body, own)?))
            },
        );
        let Some((reader, joined)) = next else {
            let [last] = outside[..] else { return None };
            let (weights, others) = made.split_last()?;
            let product = product(last)?;
            let is_inner = |id: &Id| !readers(&[*id]).contains(&last) && !is_output(*id);
            let bodies =
                || inside[1..].iter().filter_map(|&number| draft(number)).flat_map(|draft| &draft.bodies);
            // Blocks of a matrix are blocks of its rows only where these are one run.
            let is_one_run = rows.cut().is_some_and(|cut| cut.run == scores.rows);
            let fits = is_one_run
                && !is_output(*weights)
                && others.iter().all(is_inner)
                && product.follows_rows(
                    &scores,
                    layout.place(graph.node(draft(last)?.id).operands[0]),
                    *weights,
                )
                && bodies().any(|body| body.reduced.is_some())
                && !waits_for(drafts, last, &inside);
            inside.remove(0);
            return fits.then_some((inside, rows, last));
        };
        rows = joined;
        inside.push(reader);
        made.extend(&draft(reader)?.writes);
    }
}

/// Whether something that `reader` reads, other than what those `inside`
/// write, can only be computed after one of them.
fn waits_for(drafts: &[Option<Draft>], reader: usize, inside: &[usize]) -> bool {
    let mut writers: FxHashMap<Id, usize> = FxHashMap::default();
    for (number, draft) in drafts.iter().enumerate() {
        writers.extend(draft.iter().flat_map(|draft| &draft.writes).map(|&write| (write, number)));
    }
    let operands = |number: usize| {
        let reads = drafts[number].iter().flat_map(|draft| &draft.reads);
        reads.filter_map(|read| writers.get(read).copied()).collect::<Vec<usize>>()
    };
    let mut pending = operands(reader);
    pending.retain(|operand| !inside.contains(operand));
    let mut met = vec![false; drafts.len()];
    while let Some(number) = pending.pop() {
        if inside.contains(&number) {
            return true;
        }
        if !std::mem::replace(&mut met[number], true) {
            pending.extend(operands(number));
        }
    }
    false
}
