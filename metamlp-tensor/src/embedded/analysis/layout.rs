//! Where each node's elements lie: in a buffer of its own, or as a [`View`] of
//! another node's. Knows the graph; decides nothing about kernels.

use crate::graph::op::Op;
use crate::graph::{Graph, Id};

use crate::embedded::slices::view::{View, squeezed};

/// The elements of one node.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The node that owns them.
    pub(crate) base: Id,
    pub(crate) view: View,
    /// Whether the base is an iota, and the elements are the view's own
    /// offsets instead of what a buffer has there.
    pub(crate) is_counted: bool,
}

/// What a node that owns its elements is to the executor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A view of another node; it owns nothing.
    Alias,
    Input,
    Constant,
    /// Positions, which kernels count themselves: a view of a buffer that does
    /// not exist, in which every element is its own offset.
    Iota,
    /// Computed element by element from operands of its shape. Also a view
    /// whose elements somebody needs in order, and random bits.
    Elementwise,
    Reduce,
    /// A product or convolution of floats, whose kernel reads views.
    Contraction,
    /// Anything else.
    Direct,
}

/// The places of all nodes.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) places: Vec<Place>,
    pub(crate) kinds: Vec<Kind>,
    /// For a view that is copied into a buffer of its own: what it copies.
    pub(crate) copied: Vec<Option<Place>>,
}

impl Layout {
    pub(crate) fn new(graph: &Graph) -> Self {
        let in_order = needed_in_order(graph);
        let count = graph.nodes.len();
        let mut layout = Self {
            places: Vec::with_capacity(count),
            kinds: Vec::with_capacity(count),
            copied: vec![None; count],
        };
        for (id, node) in graph.nodes.iter().enumerate() {
            let shape = &node.ty.shape[..];
            let own = Place { base: id as Id, view: View::contiguous(shape), is_counted: false };
            let mut kind = match node.op {
                Op::Input => Kind::Input,
                Op::Constant(_) => Kind::Constant,
                Op::Iota { .. } => Kind::Iota,
                Op::Unary(_)
                | Op::Binary(_)
                | Op::Compare(_)
                | Op::Select
                | Op::MulAdd
                | Op::Convert(_)
                | Op::BitcastConvert(_)
                | Op::RngBits(_) => Kind::Elementwise,
                Op::Reduce { .. } => Kind::Reduce,
                Op::DotGeneral(_) | Op::Convolution(_) if node.ty.dtype.is_float() => Kind::Contraction,
                Op::Identity
                | Op::StopGradient
                | Op::BroadcastInDim { .. }
                | Op::Reshape(_)
                | Op::Transpose(_)
                | Op::Slice(_)
                | Op::Reverse { .. } => Kind::Alias,
                Op::ArgReduce { .. }
                | Op::ReduceWindow { .. }
                | Op::ArgReduceWindow { .. }
                | Op::Pad(_)
                | Op::Concatenate { .. }
                | Op::Gather { .. }
                | Op::Scatter { .. }
                | Op::DynamicSlice { .. }
                | Op::DynamicUpdateSlice
                | Op::ArgSort { .. }
                | Op::TopK { .. }
                | Op::CumulativeSum { .. }
                | Op::DotGeneral(_)
                | Op::Convolution(_)
                | Op::RngSplit { .. } => Kind::Direct,
            };
            let mut place = own.clone();
            if let Op::Iota { axis, .. } = node.op {
                let mut counted = Place { is_counted: true, ..own.clone() };
                counted.view.strides.fill(0);
                counted.view.strides[axis] = 1;
                if in_order[id] {
                    kind = Kind::Elementwise;
                    layout.copied[id] = Some(counted);
                } else {
                    place = counted;
                }
            } else if let Some(seen) = layout.viewed(graph, id) {
                let size = graph.node(seen.base).ty.shape.size();
                if in_order[id] && (seen.is_counted || !seen.view.is_whole(size)) {
                    kind = Kind::Elementwise;
                    layout.copied[id] = Some(seen);
                } else {
                    kind = Kind::Alias;
                    place = seen;
                }
            }
            layout.kinds.push(kind);
            layout.places.push(place);
        }
        layout
    }

    /// The operand's elements as node `id` shows them, if it only shows them.
    fn viewed(&mut self, graph: &Graph, id: usize) -> Option<Place> {
        let node = &graph.nodes[id];
        let operand = *node.operands.first()?;
        let Place { base, view, is_counted } = self.places[operand as usize].clone();
        let shape = &node.ty.shape[..];
        let view = match &node.op {
            Op::Identity | Op::StopGradient => view,
            Op::BroadcastInDim { axes, .. } => view.broadcast(axes, shape),
            Op::Transpose(permutation) => view.transpose(permutation),
            Op::Slice(slice) => view.slice(&slice.starts, &slice.strides, shape),
            Op::Reverse { axes } => view.reverse(axes),
            // A reduction over axes of extent 1 leaves every element as it is.
            Op::Reduce { axes, .. } if axes.iter().all(|&axis| view.shape[axis] == 1) => {
                view.reshape(shape)?
            }
            Op::Reshape(_) => match view.reshape(shape) {
                Some(view) => view,
                None => {
                    // The operand must be put in order first.
                    let whole = View::contiguous(&view.shape);
                    self.copied[operand as usize] = Some(Place { base, view, is_counted });
                    self.kinds[operand as usize] = Kind::Elementwise;
                    let own = Place { base: operand, view: whole, is_counted: false };
                    self.places[operand as usize] = own.clone();
                    return own.view.reshape(shape).map(|view| Place { view, ..own });
                }
            },
            _ => return None,
        };
        Some(Place { base, view, is_counted })
    }

    pub(crate) fn kind(&self, id: Id) -> Kind {
        self.kinds[id as usize]
    }

    pub(crate) fn place(&self, id: Id) -> &Place {
        &self.places[id as usize]
    }

    /// Where the operands of `id`, an owner, lie.
    pub(crate) fn operands<'a>(&'a self, graph: &'a Graph, id: Id) -> impl Iterator<Item = &'a Place> {
        let copied = self.copied[id as usize].as_ref();
        let operands = if copied.is_some() { &[] } else { &graph.node(id).operands[..] };
        copied.into_iter().chain(operands.iter().map(|&operand| self.place(operand)))
    }

    /// Whether a kernel of elements like `place` can compute the owner's
    /// elements in passing: they are used one for one.
    pub(crate) fn is_one_for_one(&self, graph: &Graph, place: &Place) -> bool {
        let base = &graph.node(place.base).ty.shape;
        self.kind(place.base) == Kind::Elementwise
            && !place.is_counted
            && place.view.is_whole(base.size())
            && squeezed(&place.view.shape) == squeezed(base)
    }
}

/// Whether the node is an iota or a view of one: no buffer has its elements.
fn shows_iota(graph: &Graph, mut id: Id) -> bool {
    loop {
        let node = graph.node(id);
        match node.op {
            Op::Iota { .. } => return true,
            Op::Identity
            | Op::StopGradient
            | Op::BroadcastInDim { .. }
            | Op::Reshape(_)
            | Op::Transpose(_)
            | Op::Slice(_)
            | Op::Reverse { .. }
            | Op::Reduce { .. } => id = node.operands[0],
            _ => return false,
        }
    }
}

/// The nodes that somebody reads as a plain row-major buffer.
fn needed_in_order(graph: &Graph) -> Vec<bool> {
    let mut needed = vec![false; graph.nodes.len()];
    for &output in &graph.outputs {
        needed[output as usize] = true;
    }
    for node in &graph.nodes {
        let is_contraction = matches!(node.op, Op::DotGeneral(_) | Op::Convolution(_));
        let reads_in_order = matches!(
            node.op,
            Op::ArgReduce { .. }
                | Op::ReduceWindow { .. }
                | Op::ArgReduceWindow { .. }
                | Op::Pad(_)
                | Op::Concatenate { .. }
                | Op::Gather { .. }
                | Op::Scatter { .. }
                | Op::DynamicSlice { .. }
                | Op::DynamicUpdateSlice
                | Op::ArgSort { .. }
                | Op::TopK { .. }
                | Op::CumulativeSum { .. }
                | Op::RngBits(_)
                | Op::RngSplit { .. }
        ) || (is_contraction && !node.ty.dtype.is_float());
        for &operand in &node.operands {
            let is_counted = is_contraction && shows_iota(graph, operand);
            if reads_in_order || is_counted {
                needed[operand as usize] = true;
            }
        }
    }
    needed
}
