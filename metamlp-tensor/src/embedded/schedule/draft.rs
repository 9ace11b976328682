//! A draft: the work of one step before it is compiled. Knows bodies and contractions; nothing of other steps.

use std::cell::OnceCell;

use smallvec::SmallVec;

use crate::embedded::analysis::body::Body;
use crate::embedded::analysis::row_group::RowGroup;
use crate::embedded::contraction::epilogue;
use crate::embedded::contraction::kernel::Contraction;
use crate::embedded::contraction::product::Product;
use crate::graph::{Graph, Id};

/// The work of one step, and the buffers that it reads and writes.
pub(crate) struct Draft {
    pub(crate) work: Work,
    /// The nodes whose buffers are read. The operands of a contraction come first, in their order; a buffer that two
    /// operands show is there twice.
    pub(crate) reads: SmallVec<[Id; 4]>,
    /// The nodes whose buffers are written.
    pub(crate) writes: SmallVec<[Id; 3]>,
}

/// The computation of a step: one of the patterns that the executor has a kernel for.
pub(crate) enum Work {
    /// A fused kernel by itself.
    Fused(Fused),
    /// Fused kernels that share rows, run together on one block of rows after the other.
    Rows { bodies: Vec<Body>, group: RowGroup },
    /// A matrix product or a convolution.
    Contraction(Contracted),
    /// Two matrix products with fused kernels over rows between them.
    Attention(Attention),
    /// The operation of one node.
    Direct(Id),
}

/// A fused kernel, with what the search for patterns asks about it.
pub(crate) struct Fused {
    pub(crate) body: Body,
    /// The rows that it can be cut into.
    pub(crate) group: RowGroup,
    /// The elements of one step of the kernel as an epilogue, found when a contraction first asks.
    epilogue_step: OnceCell<usize>,
}

/// A contraction, with its epilogue and the pooling behind that.
pub(crate) struct Contracted {
    pub(crate) id: Id,
    pub(crate) kernel: Contraction,
    pub(crate) epilogue: Option<Follower>,
    /// Only behind an epilogue.
    pub(crate) pooling: Option<PoolingDraft>,
}

/// A fused kernel that runs on each block of another kernel's result.
pub(crate) struct Follower {
    pub(crate) body: Body,
    /// True if another step reads that result too, so that it must be written.
    pub(crate) keeps: bool,
}

/// A `reduce_window` that runs on each image of an epilogue's output.
pub(crate) struct PoolingDraft {
    /// The `reduce_window`.
    pub(crate) id: Id,
    /// The output of the epilogue that is pooled.
    pub(crate) of: Id,
    /// True if another step reads that output too.
    pub(crate) keeps_of: bool,
    /// The fused kernel that runs on each image of the pooling's result.
    pub(crate) then: Option<Follower>,
}

/// Two products, the second of which multiplies what fused kernels make of the rows of the first.
pub(crate) struct Attention {
    pub(crate) scores: (Id, Product),
    pub(crate) between: Vec<Body>,
    pub(crate) group: RowGroup,
    pub(crate) output: (Id, Product),
}

impl Draft {
    /// A fused kernel.
    pub(crate) fn fused(graph: &Graph, body: Body) -> Self {
        let mut reads: SmallVec<[Id; 4]> = body.reads().collect();
        reads.sort_unstable();
        reads.dedup();
        let writes = body.writes().collect();
        let group = RowGroup::new(graph, &body);
        Self { work: Work::Fused(Fused { body, group, epilogue_step: OnceCell::new() }), reads, writes }
    }

    /// The fused kernel, if the draft is one and no more.
    pub(crate) fn as_fused(&self) -> Option<&Fused> {
        match &self.work {
            Work::Fused(fused) => Some(fused),
            Work::Rows { .. } | Work::Contraction(_) | Work::Attention(_) | Work::Direct(_) => None,
        }
    }

    /// The contraction, if the draft is one.
    pub(crate) fn as_contraction(&self) -> Option<&Contracted> {
        match &self.work {
            Work::Contraction(contracted) => Some(contracted),
            Work::Fused(_) | Work::Rows { .. } | Work::Attention(_) | Work::Direct(_) => None,
        }
    }

    /// The contraction, which the draft is known to be.
    pub(crate) fn into_contraction(self) -> Contracted {
        match self.work {
            Work::Contraction(contracted) => contracted,
            Work::Fused(_) | Work::Rows { .. } | Work::Attention(_) | Work::Direct(_) => {
                unreachable!("the draft is a contraction")
            }
        }
    }

    /// The body of the fused kernel, which the draft is known to be.
    pub(crate) fn into_body(self) -> Body {
        match self.work {
            Work::Fused(fused) => fused.body,
            Work::Rows { .. } | Work::Contraction(_) | Work::Attention(_) | Work::Direct(_) => {
                unreachable!("the draft is a fused kernel")
            }
        }
    }

    /// The product and its node, if the draft is a matrix product without an epilogue.
    pub(crate) fn as_product(&self) -> Option<(Id, &Product)> {
        match &self.work {
            Work::Contraction(Contracted {
                id,
                kernel: Contraction::Product(product),
                epilogue: None,
                ..
            }) => Some((*id, product)),
            Work::Contraction(_)
            | Work::Fused(_)
            | Work::Rows { .. }
            | Work::Attention(_)
            | Work::Direct(_) => None,
        }
    }

    /// The product, which the draft is [known to be](Self::as_product).
    pub(crate) fn into_product(self) -> (Id, Product) {
        match self.into_contraction() {
            Contracted { id, kernel: Contraction::Product(product), .. } => (id, product),
            Contracted { kernel: Contraction::Convolution(_), .. } => unreachable!("the draft is a product"),
        }
    }

    /// The nodes that the step computes, in the order of the work.
    pub(crate) fn nodes(&self) -> Vec<Id> {
        let mut nodes = Vec::new();
        let mut add = |body: &Body| {
            nodes.extend(&body.nodes);
            nodes.extend(body.reduced.map(|(id, _)| id));
        };
        match &self.work {
            Work::Fused(fused) => add(&fused.body),
            Work::Rows { bodies, .. } => bodies.iter().for_each(add),
            Work::Direct(id) => nodes.push(*id),
            Work::Contraction(Contracted { id, epilogue, pooling, .. }) => {
                let then = pooling.iter().filter_map(|pooling| pooling.then.as_ref());
                epilogue.iter().chain(then).for_each(|follower| add(&follower.body));
                let own = [Some(*id), pooling.as_ref().map(|pooling| pooling.id)];
                nodes.splice(0..0, own.into_iter().flatten());
            }
            Work::Attention(Attention { scores, between, output, .. }) => {
                between.iter().for_each(add);
                nodes.splice(0..0, [scores.0, output.0]);
            }
        }
        nodes
    }
}

impl Fused {
    /// True if the kernel can follow the result of `id` on blocks whose lengths are multiples of `unit` elements.
    pub(crate) fn can_follow(&self, graph: &Graph, id: Id, unit: usize) -> bool {
        let Self { body, epilogue_step, .. } = self;
        body.reduced.is_none()
            && body.space.iter().product::<usize>() == graph.node(id).ty.shape.size()
            && body.reads_whole(id)
            && unit.is_multiple_of(*epilogue_step.get_or_init(|| epilogue::step(graph, body)))
    }
}
