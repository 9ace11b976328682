//! A step of a compiled program, and the kernel that each draft becomes.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::embedded::analysis::layout::{Kind, Layout};
use crate::embedded::contraction::attention::Attention;
use crate::embedded::contraction::convolution::Pooling;
use crate::embedded::contraction::epilogue::Epilogue;
use crate::embedded::contraction::kernel::ContractionKernel;
use crate::embedded::direct::Direct;
use crate::embedded::fused::map::Map;
use crate::embedded::fused::reduce::Reduce;
use crate::embedded::fused::rows::Rows;
use crate::embedded::kernel::Kernel;
use crate::graph::{Graph, Id};

use super::draft::{self, Contracted, Draft, Work};

/// A kernel with the nodes whose buffers it reads, writes and frees.
pub(crate) struct Step {
    pub(crate) kernel: Box<dyn Kernel>,
    pub(crate) reads: SmallVec<[Id; 4]>,
    pub(crate) writes: SmallVec<[Id; 3]>,
    /// For each read, true if no later step reads the buffer.
    pub(crate) frees: SmallVec<[bool; 4]>,
    /// All nodes that the step computes.
    pub(crate) nodes: Vec<Id>,
}

/// A compiled kernel, and its reads and writes in the order of its inputs and outputs.
struct Compiled {
    kernel: Box<dyn Kernel>,
    reads: SmallVec<[Id; 4]>,
    writes: SmallVec<[Id; 3]>,
}

impl Compiled {
    fn new(
        kernel: impl Kernel + 'static,
        reads: impl IntoIterator<Item = Id>,
        writes: SmallVec<[Id; 3]>,
    ) -> Self {
        Self { kernel: Box::new(kernel), reads: reads.into_iter().collect(), writes }
    }
}

/// Compiles the drafts, which are in the order of the program.
pub(crate) fn compile(graph: &Graph, layout: &Layout, drafts: Vec<Draft>) -> Vec<Step> {
    let mut last_reads: FxHashMap<Id, usize> = FxHashMap::default();
    for (position, draft) in drafts.iter().enumerate() {
        last_reads.extend(draft.reads.iter().map(|&read| (read, position)));
    }
    for &output in &graph.outputs {
        last_reads.insert(layout.place(output).base, usize::MAX);
    }
    let compile = |(position, draft): (usize, Draft)| {
        let is_read_later = |id: Id| last_reads.get(&id).is_some_and(|&last| last > position);
        // The buffers of literals belong to the program.
        let dies = |id: Id| last_reads.get(&id) == Some(&position) && layout.kind(id) != Kind::Constant;
        let nodes = draft.nodes();
        let Compiled { kernel, reads, writes } = kernel(graph, layout, draft, &is_read_later, &dies);
        // A buffer that is read twice is freed by its last read.
        let last: FxHashMap<Id, usize> = reads.iter().copied().zip(0..).collect();
        let frees = reads.iter().zip(0..).map(|(&id, number)| dies(id) && last[&id] == number).collect();
        Step { kernel, reads, writes, frees, nodes }
    };
    drafts.into_iter().enumerate().map(compile).collect()
}

fn kernel(
    graph: &Graph,
    layout: &Layout,
    Draft { work, reads, writes }: Draft,
    is_read_later: &dyn Fn(Id) -> bool,
    dies: &dyn Fn(Id) -> bool,
) -> Compiled {
    match work {
        Work::Fused(fused) => match Reduce::new(graph, &fused.body) {
            Some(reduce) => {
                let reads = reduce.program.inputs.clone();
                Compiled::new(reduce, reads, writes)
            }
            None => {
                let map = Map::alone(graph, &fused.body, dies);
                let reads = map.program.inputs.clone();
                Compiled::new(map, reads, writes)
            }
        },
        Work::Rows { bodies, group } => {
            let cut = group.cut().expect("kernels joined by the rows that they share");
            let (rows, reads) = Rows::new(graph, &bodies, cut, is_read_later);
            let writes = rows.writes().collect();
            Compiled::new(rows, reads, writes)
        }
        Work::Contraction(contracted) => contraction(graph, contracted, reads, writes, dies),
        Work::Attention(draft::Attention { scores, between, group, output }) => {
            let cut = group.cut().expect("the kernels between two products run on their rows");
            let operands = [scores.0, output.0].map(|id| operands(graph, layout, id));
            let (attention, reads) = Attention::new(
                graph,
                [scores.1, output.1],
                (scores.0, operands.concat().into()),
                &between,
                cut,
            );
            Compiled::new(attention, reads, writes)
        }
        Work::Direct(id) => Compiled::new(Direct::new(graph, id), reads, writes),
    }
}

fn contraction(
    graph: &Graph,
    Contracted { id, kernel, epilogue, pooling }: Contracted,
    reads: SmallVec<[Id; 4]>,
    writes: SmallVec<[Id; 3]>,
    dies: &dyn Fn(Id) -> bool,
) -> Compiled {
    let Some(follower) = epilogue else {
        return Compiled::new(ContractionKernel::new(kernel, None), reads, writes);
    };
    let stored = |id: Id| {
        let position = follower.body.stored.iter().position(|&stored| stored == id);
        position.expect("a pooling reads an output of the epilogue")
    };
    let pooled = pooling.as_ref().map(|pooling| (stored(pooling.of), pooling.keeps_of));
    let map = Map::new(graph, &follower.body, &|base| base != id && dies(base));
    let unkept = pooled.filter(|(_, keeps)| !keeps).map(|(output, _)| output);
    let epilogue = Epilogue::new(map, id, follower.keeps).without(unkept);
    let operands = reads[..2].iter().copied();
    let mut reads: SmallVec<[Id; 4]> = operands.chain(epilogue.reads()).collect();
    let pooling = pooling.zip(pooled).map(|(pooling, output)| {
        let then = pooling.then.map(|then| {
            let map = Map::new(graph, &then.body, &|base| base != pooling.id && dies(base));
            Epilogue::new(map, pooling.id, then.keeps)
        });
        Pooling::new(graph, pooling.id, output, then).expect("the pattern has seen that this is a pooling")
    });
    reads.extend(pooling.iter().flat_map(Pooling::reads));
    Compiled::new(ContractionKernel::new(kernel.pooled(pooling), Some(epilogue)), reads, writes)
}

/// The nodes whose buffers the operands of `id` are in.
pub(crate) fn operands(graph: &Graph, layout: &Layout, id: Id) -> SmallVec<[Id; 4]> {
    graph.node(id).operands.iter().map(|&operand| layout.place(operand).base).collect()
}
