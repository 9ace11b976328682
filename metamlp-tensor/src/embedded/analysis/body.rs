//! What a fused kernel computes, before it is compiled: its nodes in order,
//! where their operands come from, and the windows it reads. Knows the graph;
//! nothing of tiles and registers.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use crate::dtype::DType;
use crate::graph::op::{Literal, Op};
use crate::graph::{Graph, Id};
use crate::shape::Axes;

use super::fusion::{Fusion, weight};
use super::layout::{Kind, Layout, Place};
use crate::embedded::slices::view::{Strides, squeezed};

/// Where an operand comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Value {
    Literal(Literal),
    /// A window, by number.
    Load(usize),
    /// What the kernel computes for a node.
    Node(Id),
}

/// A window that the kernel reads.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Load {
    /// The buffer; `None` reads the offsets themselves.
    pub(crate) base: Option<Id>,
    pub(crate) dtype: DType,
    /// One for each axis of the space.
    pub(crate) strides: Strides,
    pub(crate) offset: isize,
    /// In a block of rows: one for each of the axes that count the rows, in a buffer of all rows.
    pub(crate) row_steps: Strides,
    /// Whether it is the buffer from its first to its last element, in the space's order.
    pub(crate) is_whole: bool,
}

/// A kernel's nodes and what they read.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    /// Extents of the space, none of them 1.
    pub(crate) space: Axes,
    /// In an order in which operands precede their users.
    pub(crate) nodes: Vec<Id>,
    pub(crate) operands: FxHashMap<Id, SmallVec<[Value; 3]>>,
    pub(crate) loads: Vec<Load>,
    /// The nodes whose elements are written.
    pub(crate) stored: SmallVec<[Id; 3]>,
    /// What is reduced, and by which node.
    pub(crate) reduced: Option<(Id, Value)>,
    /// Of each axis of the space, whether the reduction is over it.
    pub(crate) is_reduced: SmallVec<[bool; 6]>,
    /// Additions an element.
    pub(crate) cost: u32,
    /// The axes that count the rows, if this is a block of rows, one of many.
    pub(crate) rows: Axes,
    /// Those of the nodes that reduce a row; a block is then of one row.
    pub(crate) folds: SmallVec<[Id; 2]>,
}

impl Body {
    /// The body of the kernel `kernel` with the given members; `None` if nobody needs a value of it.
    pub(crate) fn new(
        graph: &Graph,
        layout: &Layout,
        fusion: &Fusion,
        kernel: Id,
        members: &[Id],
    ) -> Option<Self> {
        let reduction = members.iter().copied().find(|&id| layout.kind(id) == Kind::Reduce);
        let stored: SmallVec<[Id; 3]> =
            members.iter().copied().filter(|&id| Some(id) != reduction && fusion.is_stored(id)).collect();
        let like = match reduction {
            Some(id) => graph.node(id).operands[0],
            None => *stored.first()?,
        };
        let mut body = Self {
            space: squeezed(&graph.node(like).ty.shape),
            nodes: Vec::new(),
            operands: FxHashMap::default(),
            loads: Vec::new(),
            stored,
            reduced: None,
            is_reduced: SmallVec::new(),
            cost: 1,
            rows: Axes::new(),
            folds: SmallVec::new(),
        };
        body.is_reduced = match reduction.map(|id| &graph.node(id).op) {
            Some(Op::Reduce { axes, .. }) => {
                let shape = &graph.node(like).ty.shape;
                (0..shape.len()).filter(|&axis| shape[axis] != 1).map(|axis| axes.contains(&axis)).collect()
            }
            _ => SmallVec::from_elem(false, body.space.len()),
        };
        let context = Context { graph, layout, fusion, kernel };
        let mut pending: Vec<Id> = body.stored.to_vec();
        if let Some(id) = reduction {
            let value = body.resolve(&context, layout.place(graph.node(id).operands[0]));
            body.reduced = Some((id, value));
            pending.extend(value.node());
        }
        let mut met: FxHashSet<Id> = FxHashSet::default();
        while let Some(id) = pending.pop() {
            if !met.insert(id) {
                continue;
            }
            let values = if matches!(graph.node(id).op, Op::RngBits(_)) {
                // The key, two words for the whole of the space.
                let place = layout.place(graph.node(id).operands[0]);
                smallvec::smallvec![body.load(Load {
                    base: Some(place.base),
                    dtype: DType::U32,
                    strides: Strides::from_elem(0, body.space.len()),
                    offset: place.view.offset,
                    row_steps: Strides::new(),
                    is_whole: false,
                })]
            } else {
                layout.operands(graph, id).map(|place| body.resolve(&context, place)).collect()
            };
            let values: SmallVec<[Value; 3]> = values;
            pending.extend(values.iter().filter_map(Value::node));
            body.cost += weight(&graph.node(id).op);
            body.operands.insert(id, values);
            body.nodes.push(id);
        }
        body.nodes.sort_unstable();
        Some(body)
    }

    /// What the kernel writes.
    pub(crate) fn writes(&self) -> impl Iterator<Item = Id> {
        self.stored.iter().copied().chain(self.reduced.map(|(id, _)| id))
    }

    /// How many of the leading axes make `rows` rows, each by itself.
    pub(crate) fn row_axes(&self, rows: usize) -> Option<usize> {
        let mut product = 1;
        for (axis, &extent) in self.space.iter().enumerate() {
            product *= extent;
            if self.is_reduced[axis] {
                return None;
            }
            if product == rows {
                return Some(axis + 1);
            }
        }
        None
    }

    /// Of the rows that the first `axes` axes make: how many follow each other
    /// by one step in all that is read.
    pub(crate) fn run_of_rows(&self, axes: usize) -> usize {
        let rows = Rows::new(self, axes, &|_| false);
        rows.extents.last().copied().unwrap_or(1)
    }

    /// The same for `block` of the rows that the first `axes` axes make, which
    /// are of one [run](Self::run_of_rows). Buffers for which `is_local` holds are of the block alone.
    pub(crate) fn block(&self, axes: usize, block: usize, is_local: impl Fn(Id) -> bool) -> Self {
        // No extent is 1.
        let is_several = block > 1;
        let rows = Rows::new(self, axes, &is_local);
        let loads = self.loads.iter().zip(rows.steps).map(|(load, row_steps)| Load {
            strides: is_several
                .then_some(load.strides[axes - 1])
                .into_iter()
                .chain(load.strides[axes..].iter().copied())
                .collect(),
            row_steps,
            is_whole: false,
            ..load.clone()
        });
        Self {
            space: is_several
                .then_some(block)
                .into_iter()
                .chain(self.space[axes..].iter().copied())
                .collect(),
            nodes: self.nodes.clone(),
            operands: self.operands.clone(),
            loads: loads.collect(),
            stored: self.stored.clone(),
            reduced: self.reduced,
            is_reduced: is_several
                .then_some(false)
                .into_iter()
                .chain(self.is_reduced[axes..].iter().copied())
                .collect(),
            cost: self.cost,
            rows: rows.extents,
            folds: self.folds.clone(),
        }
    }

    /// The buffers that the kernel reads.
    pub(crate) fn reads(&self) -> impl Iterator<Item = Id> {
        self.loads.iter().filter_map(|load| load.base)
    }

    fn resolve(&mut self, context: &Context<'_>, place: &Place) -> Value {
        let Context { graph, layout, fusion, kernel } = *context;
        let base = graph.node(place.base);
        if let Op::Constant(literal) = base.op {
            return Value::Literal(literal);
        }
        let is_here = fusion.kernel(place.base) == kernel || !fusion.is_stored(place.base);
        if is_here && layout.is_one_for_one(graph, place) {
            return match &layout.copied[place.base as usize] {
                Some(original) => self.resolve(context, original),
                None => Value::Node(place.base),
            };
        }
        let in_order = place.view.is_whole(base.ty.shape.size());
        self.load(Load {
            base: (!place.is_counted).then_some(place.base),
            dtype: base.ty.dtype,
            strides: place.view.squeezed_strides(),
            offset: place.view.offset,
            row_steps: Strides::new(),
            is_whole: !place.is_counted && in_order && squeezed(&place.view.shape) == self.space,
        })
    }

    /// The nodes whose elements are all the same.
    pub(crate) fn same(&self, graph: &Graph) -> FxHashSet<Id> {
        let mut same = FxHashSet::default();
        for &id in &self.nodes {
            let is_random = matches!(graph.node(id).op, Op::RngBits(_));
            let is_all = || self.operands[&id].iter().all(|&operand| self.is_same(operand, &same));
            if self.folds.contains(&id) || (!is_random && is_all()) {
                same.insert(id);
            }
        }
        same
    }

    /// Whether one element is the value of all, given the nodes of which it is true.
    pub(crate) fn is_same(&self, value: Value, nodes: &FxHashSet<Id>) -> bool {
        match value {
            Value::Literal(_) => true,
            Value::Load(load) => {
                let load = &self.loads[load];
                load.base.is_some() && load.strides.iter().all(|&stride| stride == 0)
            }
            Value::Node(id) => nodes.contains(&id),
        }
    }

    /// The window, which others may read too.
    pub(crate) fn load(&mut self, load: Load) -> Value {
        let known = self.loads.iter().position(|known| *known == load);
        Value::Load(known.unwrap_or_else(|| {
            self.loads.push(load);
            self.loads.len() - 1
        }))
    }
}

/// The fewest axes that count a body's rows for all of its loads.
struct Rows {
    extents: Axes,
    /// Of each load.
    steps: Vec<Strides>,
}

impl Rows {
    /// The first `axes` axes of `body`. In what is of a block alone all rows are at the same place.
    fn new(body: &Body, axes: usize, is_local: &dyn Fn(Id) -> bool) -> Self {
        let mut rows = Self { extents: Axes::new(), steps: vec![Strides::new(); body.loads.len()] };
        let step = |load: &Load, axis: usize| {
            if load.base.is_some_and(is_local) { 0 } else { load.strides[axis] }
        };
        for (axis, &extent) in body.space[..axes].iter().enumerate() {
            let mut loads = body.loads.iter().zip(&rows.steps);
            let joins =
                loads.all(|(load, steps)| steps.last() == Some(&(step(load, axis) * extent.cast_signed())));
            match rows.extents.last_mut() {
                Some(last) if joins => *last *= extent,
                _ => rows.extents.push(extent),
            }
            let count = rows.extents.len();
            for (load, steps) in body.loads.iter().zip(&mut rows.steps) {
                steps.resize(count, 0);
                steps[count - 1] = step(load, axis);
            }
        }
        rows
    }
}

#[derive(Clone, Copy)]
struct Context<'a> {
    graph: &'a Graph,
    layout: &'a Layout,
    fusion: &'a Fusion,
    kernel: Id,
}

impl Value {
    pub(crate) fn node(&self) -> Option<Id> {
        match self {
            Self::Node(id) => Some(*id),
            _ => None,
        }
    }
}

/// Whether the node is a view whose elements are copied; nothing in its kernel uses the copy.
pub(crate) fn is_copy(graph: &Graph, id: Id) -> bool {
    !matches!(
        graph.node(id).op,
        Op::Unary(_)
            | Op::Binary(_)
            | Op::Compare(_)
            | Op::Select
            | Op::MulAdd
            | Op::Convert(_)
            | Op::BitcastConvert(_)
            | Op::RngBits(_)
    )
}
