//! Formulas: sequences of operations that models often contain, each compiled to one loop. The values between the
//! operations stay in registers. The arithmetic and its order are those of the single operations, so that no bit changes.
//!
//! `table` holds the formulas and says how to add one; `language` the macros that it is written in; `search` finds a
//! formula in a kernel. This file cuts a kernel into [`Job`]s. Knows bodies of kernels; nothing of tiles.

mod language;
mod search;
mod table;
#[cfg(test)]
mod tests;

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use crate::graph::op::{Binary, Comparison, Op, Reduction, Unary};
use crate::graph::{Graph, Id};

use self::search::Search;
use crate::embedded::analysis::body::{Body, Value};
use crate::embedded::slices::lanes::Lanes;
use crate::engine::statistics::count_compile_work;

/// Most operands of a formula.
pub(crate) const MOST_LEAVES: usize = 9;

/// A tree of operations on `f32`, and the loop that computes it.
pub(crate) struct Formula {
    tree: Tree,
    leaves: usize,
    /// The leaves before this one have an element for each element of the tile, the others one value for all.
    each: usize,
    pub(crate) run: Loop,
    /// The loop that writes over the first leaf; its operands are the others.
    pub(crate) in_place: Option<Loop>,
}

/// Reads the leaves and writes the result.
pub(crate) type Loop = fn(&[Lanes<'_, f32>], &mut [f32]);

/// An expression of operations on leaves.
#[derive(Clone)]
enum Tree {
    Leaf(usize),
    Unary(Unary, Box<Tree>),
    Binary(Binary, Box<[Tree; 2]>),
    /// A maximum with a literal that is neither NaN nor -0.
    AtLeast(Box<[Tree; 2]>),
    Compare(Comparison, Box<[Tree; 2]>),
    Select(Box<[Tree; 3]>),
}

/// The work of one instruction of a kernel: a node, perhaps together with nodes that only this node reads.
pub(crate) struct Job {
    pub(crate) id: Id,
    pub(crate) operands: SmallVec<[Value; 4]>,
    /// The formula that computes the node; `None` for the node's own operation.
    pub(crate) formula: Option<&'static Formula>,
    /// For a sum along a row: the node that sums the squares of the same elements, computed in the same loop.
    pub(crate) squares: Option<Id>,
}

/// The nodes of `body` in jobs, with as many nodes in a formula as match one.
pub(crate) fn jobs(graph: &Graph, body: &Body) -> Vec<Job> {
    let mut users: FxHashMap<Id, SmallVec<[Id; 2]>> = FxHashMap::default();
    for id in &body.nodes {
        for operand in body.operands[id].iter().filter_map(Value::node) {
            users.entry(operand).or_default().push(*id);
        }
    }
    let kept =
        |id: Id| body.stored.contains(&id) || body.reduced.is_some_and(|(_, value)| value == Value::Node(id));
    let same = body.same(graph);
    let mut inside: FxHashSet<Id> = FxHashSet::default();
    let mut jobs: Vec<Job> = Vec::new();
    count_compile_work(body.nodes.len());
    for &id in body.nodes.iter().rev() {
        if inside.contains(&id) {
            continue;
        }
        let is_closed = |met: &[Id]| {
            met.iter().all(|&inner| {
                inner == id || (!kept(inner) && users[&inner].iter().all(|user| met.contains(user)))
            })
        };
        let found = Search::find(graph, body, &same, id, &is_closed);
        jobs.push(match found {
            Some((formula, operands, met)) => {
                inside.extend(met.into_iter().filter(|&inner| inner != id));
                Job { id, operands, formula: Some(formula), squares: None }
            }
            None => {
                let product = body.summed_product(graph, id).filter(|x| users[x].len() == 1 && !kept(*x));
                inside.extend(product);
                Job {
                    id,
                    operands: body.operands[&product.unwrap_or(id)][..].into(),
                    formula: None,
                    squares: None,
                }
            }
        });
    }
    jobs.reverse();
    join_moments(graph, body, &mut jobs);
    jobs
}

/// Joins each sum along a row with the sum of the squares of the same elements.
fn join_moments(graph: &Graph, body: &Body, jobs: &mut Vec<Job>) {
    let is_sum = |job: &Job| {
        body.folds.contains(&job.id)
            && matches!(graph.node(job.id).op, Op::Reduce { kind: Reduction::Sum, .. })
    };
    let mut at = 0;
    while at < jobs.len() {
        if let (true, &[x]) = (is_sum(&jobs[at]), &jobs[at].operands[..]) {
            let is_partner = |job: &Job| is_sum(job) && job.operands[..] == [x, x];
            if let Some(partner) = jobs.iter().position(is_partner) {
                jobs[at].squares = Some(jobs[partner].id);
                // Both read the same value, so that both can take the earlier place.
                if partner < at {
                    jobs.swap(partner, at);
                }
                jobs.remove(partner.max(at));
                continue;
            }
        }
        at += 1;
    }
}
