//! From a graph to the steps of a program: drafts of kernels, the patterns that join them, their order, and the compiled
//! kernels. Knows all kinds of kernels; runs nothing.
//!
//! ```text
//! fusion ─> drafts ─> attention ─> epilogue ─> pooling ─> order and row groups ─> steps
//! ```

pub(crate) mod attention;
pub(crate) mod draft;
pub(crate) mod epilogue;
pub(crate) mod memory;
pub(crate) mod order;
pub(crate) mod pooling;
pub(crate) mod step;
pub(crate) mod table;
pub(crate) mod values;

use rustc_hash::FxHashMap;
use smallvec::smallvec;

use crate::embedded::analysis::body::Body;
use crate::embedded::analysis::fusion::Fusion;
use crate::embedded::analysis::layout::{Kind, Layout};
use crate::embedded::contraction::kernel::Contraction;
use crate::graph::{Graph, Id};

use self::draft::{Contracted, Draft, Work};
use self::step::Step;
use self::table::Drafts;

/// The steps of `graph`, each after the steps whose results it reads.
pub(crate) fn steps(graph: &Graph, layout: &Layout) -> Vec<Step> {
    let fusion = Fusion::new(graph, layout);
    let mut drafts = Drafts::new(graph, layout, drafts(graph, layout, &fusion));
    attention::join_attentions(&mut drafts);
    epilogue::join_epilogues(&mut drafts);
    pooling::join_poolings(&mut drafts);
    step::compile(graph, layout, order::ordered(graph, drafts.into_list()))
}

/// A draft for each kernel of `fusion`.
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
    let draft = |kernel: Id| {
        let single = |work: Work| Draft {
            work,
            reads: step::operands(graph, layout, kernel),
            writes: smallvec![kernel],
        };
        match layout.kind(kernel) {
            Kind::Contraction => {
                let contraction = Contraction::new(graph, layout, kernel);
                Some(single(Work::Contraction(Contracted {
                    id: kernel,
                    kernel: contraction,
                    epilogue: None,
                    pooling: None,
                })))
            }
            Kind::Direct => Some(single(Work::Direct(kernel))),
            Kind::Elementwise | Kind::Random | Kind::Reduce => {
                let body = Body::new(graph, layout, fusion, kernel, &members[&kernel])?;
                Some(Draft::fused(graph, body))
            }
            Kind::Alias | Kind::Input | Kind::Constant | Kind::Iota => {
                unreachable!("a kernel is named by a node that it computes")
            }
        }
    };
    kernels.into_iter().filter_map(draft).collect()
}
