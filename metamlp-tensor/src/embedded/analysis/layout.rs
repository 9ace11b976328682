//! Where each node's elements are: in a buffer of its own, or in a [`View`] of another node's buffer. Knows the
//! graph; decides nothing about kernels.

use crate::embedded::slices::view::{View, squeezed};
use crate::graph::class::{self, Class};
use crate::graph::{Graph, Id};

/// The elements of one node.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The node that owns the buffer.
    pub(crate) base: Id,
    pub(crate) view: View,
    /// True if the base is an iota. It has no buffer: each element is its own offset in the view.
    pub(crate) is_counted: bool,
}

/// How the executor computes a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Not computed: a view of another node.
    Alias,
    Input,
    Constant,
    /// Positions, which kernels count themselves: a view of a buffer that does not exist.
    Iota,
    /// Computed element by element from operands of its shape; or a view whose elements are copied into row-major
    /// order.
    Elementwise,
    /// Random bits: users take its elements one for one, as an elementwise node's; its own operand is a whole key.
    Random,
    Reduce,
    /// A matrix product or convolution of floats. Its kernel reads views.
    Contraction,
    /// An operation with a kernel of its own, which reads row-major buffers.
    Direct,
}

/// The places of all nodes.
#[derive(Debug)]
pub(crate) struct Layout {
    places: Vec<Place>,
    kinds: Vec<Kind>,
    /// For a view that is copied into a buffer of its own: the place that it copies.
    copied: Vec<Option<Place>>,
    /// True for the nodes whose buffers are outputs of the program.
    outputs: Vec<bool>,
}

impl Layout {
    pub(crate) fn new(graph: &Graph) -> Self {
        let in_order = needed_in_order(graph);
        let count = graph.nodes.len();
        let mut layout = Self {
            places: Vec::with_capacity(count),
            kinds: Vec::with_capacity(count),
            copied: vec![None; count],
            outputs: vec![false; count],
        };
        for (id, node) in graph.nodes.iter().enumerate() {
            let shape = &node.ty.shape[..];
            let own = Place { base: id as Id, view: View::contiguous(shape), is_counted: false };
            let (mut kind, mut place) = (Kind::of(graph, id as Id), own.clone());
            if let Class::Iota { axis } = node.op.class() {
                let mut counted = Place { is_counted: true, ..own };
                counted.view.strides.fill(0);
                counted.view.strides[axis] = 1;
                if in_order[id] {
                    kind = Kind::Elementwise;
                    layout.copied[id] = Some(counted);
                } else {
                    place = counted;
                }
            } else if let Some(seen) = layout.viewed(graph, id as Id) {
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
        for &output in &graph.outputs {
            layout.outputs[layout.places[output as usize].base as usize] = true;
        }
        layout
    }

    /// The operand's elements as node `id` shows them, if it computes nothing.
    fn viewed(&mut self, graph: &Graph, id: Id) -> Option<Place> {
        let node = graph.node(id);
        let operand = *node.operands.first()?;
        let Place { base, view, is_counted } = self.place(operand).clone();
        let shape = &node.ty.shape[..];
        let view = match node.op.class() {
            Class::View(op) => match op {
                class::View::Identity => view,
                class::View::Broadcast(axes) => view.broadcast(axes, shape),
                class::View::Transpose(permutation) => view.transpose(permutation),
                class::View::Slice(slice) => view.slice(&slice.starts, &slice.strides, shape),
                class::View::Reverse(axes) => view.reverse(axes),
                class::View::Reshape => match view.reshape(shape) {
                    Some(view) => view,
                    None => {
                        // The operand is copied into row-major order first.
                        let whole = View::contiguous(&view.shape);
                        self.copied[operand as usize] = Some(Place { base, view, is_counted });
                        self.kinds[operand as usize] = Kind::Elementwise;
                        let own = Place { base: operand, view: whole, is_counted: false };
                        self.places[operand as usize] = own.clone();
                        return own.view.reshape(shape).map(|view| Place { view, ..own });
                    }
                },
            },
            // A reduction over axes of extent 1 changes no element.
            Class::Reduce { axes } if axes.iter().all(|&axis| view.shape[axis] == 1) => {
                view.reshape(shape)?
            }
            Class::Input
            | Class::Constant(_)
            | Class::Iota { .. }
            | Class::Elementwise(_)
            | Class::Random
            | Class::Reduce { .. }
            | Class::Contraction
            | Class::Direct => return None,
        };
        Some(Place { base, view, is_counted })
    }

    pub(crate) fn kind(&self, id: Id) -> Kind {
        self.kinds[id as usize]
    }

    pub(crate) fn place(&self, id: Id) -> &Place {
        &self.places[id as usize]
    }

    /// True if `id` owns the buffer of an output of the program.
    pub(crate) fn is_output(&self, id: Id) -> bool {
        self.outputs[id as usize]
    }

    /// The place that `id` copies, if it is a view with a buffer of its own.
    pub(crate) fn copied(&self, id: Id) -> Option<&Place> {
        self.copied[id as usize].as_ref()
    }

    /// The places of the operands of `id`, which owns a buffer.
    pub(crate) fn operands<'a>(&'a self, graph: &'a Graph, id: Id) -> impl Iterator<Item = &'a Place> {
        let copied = self.copied(id);
        let operands = if copied.is_some() { &[] } else { &graph.node(id).operands[..] };
        copied.into_iter().chain(operands.iter().map(|&operand| self.place(operand)))
    }

    /// True if a kernel over elements like those of `place` can compute the owner's elements itself: it uses them one
    /// for one.
    pub(crate) fn is_one_for_one(&self, graph: &Graph, place: &Place) -> bool {
        let base = &graph.node(place.base).ty.shape;
        matches!(self.kind(place.base), Kind::Elementwise | Kind::Random)
            && !place.is_counted
            && place.view.is_whole(base.size())
            && squeezed(&place.view.shape) == squeezed(base)
    }
}

impl Kind {
    /// The kind of a node whose elements are not a view.
    fn of(graph: &Graph, id: Id) -> Self {
        let node = graph.node(id);
        match node.op.class() {
            Class::Input => Self::Input,
            Class::Constant(_) => Self::Constant,
            Class::Iota { .. } => Self::Iota,
            Class::View(_) => Self::Alias,
            Class::Elementwise(_) => Self::Elementwise,
            Class::Random => Self::Random,
            Class::Reduce { .. } => Self::Reduce,
            Class::Contraction if node.ty.dtype.is_float() => Self::Contraction,
            Class::Contraction | Class::Direct => Self::Direct,
        }
    }

    /// True if kernels of this kind read the elements of their operands one for one.
    pub(crate) fn reads_elements(self) -> bool {
        match self {
            Self::Elementwise | Self::Reduce => true,
            Self::Alias
            | Self::Input
            | Self::Constant
            | Self::Iota
            | Self::Random
            | Self::Contraction
            | Self::Direct => false,
        }
    }
}

/// True if the node is an iota or a view of one: no buffer holds its elements.
fn shows_iota(graph: &Graph, mut id: Id) -> bool {
    loop {
        let node = graph.node(id);
        match node.op.class() {
            Class::Iota { .. } => return true,
            Class::View(_) | Class::Reduce { .. } => id = node.operands[0],
            Class::Input
            | Class::Constant(_)
            | Class::Elementwise(_)
            | Class::Random
            | Class::Contraction
            | Class::Direct => return false,
        }
    }
}

/// The nodes that are read as row-major buffers.
fn needed_in_order(graph: &Graph) -> Vec<bool> {
    let mut needed = vec![false; graph.nodes.len()];
    for &output in &graph.outputs {
        needed[output as usize] = true;
    }
    for (id, node) in graph.nodes.iter().enumerate() {
        let kind = Kind::of(graph, id as Id);
        for &operand in &node.operands {
            needed[operand as usize] |= match kind {
                Kind::Direct | Kind::Random => true,
                Kind::Contraction => shows_iota(graph, operand),
                Kind::Alias | Kind::Elementwise | Kind::Reduce => false,
                Kind::Input | Kind::Constant | Kind::Iota => {
                    unreachable!("inputs, constants and iotas have no operands")
                }
            };
        }
    }
    needed
}
