//! A fused kernel before it is compiled: its nodes in order, the source of each operand, and the windows that it
//! reads. Knows the graph; nothing of tiles and registers.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::{SmallVec, smallvec};

use crate::dtype::DType;
use crate::embedded::slices::view::{Strides, squeezed};
use crate::engine::statistics::count_compile_work;
use crate::graph::class::Class;
use crate::graph::op::{Literal, Op};
use crate::graph::{Graph, Id};
use crate::shape::Axes;

use super::fusion::{Fusion, weight};
use super::layout::{Kind, Layout, Place};
use super::loads::{Load, Loads};

/// The source of an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Value {
    Literal(Literal),
    /// A window, by its number among the body's loads.
    Load(usize),
    /// The value that the kernel computes for a node.
    Node(Id),
}

/// The nodes of a kernel and the windows that they read.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    /// Extents of the space that the kernel walks, none of them 1.
    pub(crate) space: Axes,
    /// In an order in which operands precede their users.
    pub(crate) nodes: Vec<Id>,
    pub(crate) operands: FxHashMap<Id, SmallVec<[Value; 3]>>,
    pub(crate) loads: Loads,
    /// The nodes whose elements are written to buffers.
    pub(crate) stored: SmallVec<[Id; 3]>,
    /// The node that reduces, if there is one, and the value that it reduces.
    pub(crate) reduced: Option<(Id, Value)>,
    /// For each axis of the space, true if the reduction is over it.
    pub(crate) is_reduced: SmallVec<[bool; 6]>,
    /// Additions an element.
    pub(crate) cost: u32,
    /// The extents of the axes that count the rows, if the kernel runs on one block of rows after the other. Empty in
    /// other kernels.
    pub(crate) rows: Axes,
    /// The nodes that reduce a row, if the kernel runs row by row: a block is then one row.
    pub(crate) folds: SmallVec<[Id; 2]>,
}

impl Body {
    /// The body of the kernel `kernel` with the nodes `members`; `None` if no value of it is needed.
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
            loads: Loads::default(),
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
            let values: SmallVec<[Value; 3]> = if layout.kind(id) == Kind::Random {
                smallvec![body.key(layout.place(graph.node(id).operands[0]))]
            } else {
                layout.operands(graph, id).map(|place| body.resolve(&context, place)).collect()
            };
            pending.extend(values.iter().filter_map(Value::node));
            body.cost += weight(&graph.node(id).op);
            body.operands.insert(id, values);
            body.nodes.push(id);
        }
        count_compile_work(body.nodes.len() + body.loads.len());
        body.nodes.sort_unstable();
        Some(body)
    }

    /// The key of random bits: two words, the same for all of the space.
    fn key(&mut self, place: &Place) -> Value {
        Value::Load(self.loads.add(Load {
            base: Some(place.base),
            dtype: DType::U32,
            strides: Strides::from_elem(0, self.space.len()),
            offset: place.view.offset,
            row_steps: Strides::new(),
            is_whole: false,
        }))
    }

    /// The nodes whose buffers the kernel writes.
    pub(crate) fn writes(&self) -> impl Iterator<Item = Id> {
        self.stored.iter().copied().chain(self.reduced.map(|(id, _)| id))
    }

    /// The number of leading axes that count `rows` rows, if the kernel computes each row by itself.
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

    /// The number of consecutive rows, counted by the first `axes` axes, that have one constant step in every window.
    pub(crate) fn run_of_rows(&self, axes: usize) -> usize {
        let rows = Rows::new(self, axes, &|_| false);
        rows.extents.last().copied().unwrap_or(1)
    }

    /// The kernel for a block of `block` rows, which are part of one [run](Self::run_of_rows); the first `axes` axes
    /// count the rows. Buffers for which `is_local` holds have the elements of the block alone.
    pub(crate) fn block(&self, axes: usize, block: usize, is_local: impl Fn(Id) -> bool) -> Self {
        // No extent is 1.
        let is_several = block > 1;
        let rows = Rows::new(self, axes, &is_local);
        let loads = self.loads.map(|number, load| Load {
            strides: is_several
                .then_some(load.strides[axes - 1])
                .into_iter()
                .chain(load.strides[axes..].iter().copied())
                .collect(),
            row_steps: rows.steps[number].clone(),
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
            loads,
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

    /// The nodes whose buffers the kernel reads, once for each window.
    pub(crate) fn reads(&self) -> impl Iterator<Item = Id> {
        self.loads.iter().filter_map(|load| load.base)
    }

    /// True if the kernel reads all elements of `id` one for one, in the order of its space.
    pub(crate) fn reads_whole(&self, id: Id) -> bool {
        self.loads.of(Some(id)).all(|load| load.is_whole)
    }

    fn resolve(&mut self, context: &Context<'_>, place: &Place) -> Value {
        let Context { graph, layout, fusion, kernel } = *context;
        let base = graph.node(place.base);
        if let Class::Constant(literal) = base.op.class() {
            return Value::Literal(literal);
        }
        let is_here = fusion.kernel(place.base) == kernel || !fusion.is_stored(place.base);
        if is_here && layout.is_one_for_one(graph, place) {
            return match layout.copied(place.base) {
                Some(original) => self.resolve(context, original),
                None => Value::Node(place.base),
            };
        }
        let in_order = place.view.is_whole(base.ty.shape.size());
        Value::Load(self.loads.add(Load {
            base: (!place.is_counted).then_some(place.base),
            dtype: base.ty.dtype,
            strides: place.view.squeezed_strides(),
            offset: place.view.offset,
            row_steps: Strides::new(),
            is_whole: !place.is_counted && in_order && squeezed(&place.view.shape) == self.space,
        }))
    }

    /// True if the kernel makes random bits: an element depends on its position.
    pub(crate) fn is_random(&self, graph: &Graph) -> bool {
        self.nodes.iter().any(|&id| graph.node(id).op.is_random())
    }

    /// The nodes whose elements are all equal.
    pub(crate) fn same(&self, graph: &Graph) -> FxHashSet<Id> {
        let mut same = FxHashSet::default();
        for &id in &self.nodes {
            let is_all = || self.operands[&id].iter().all(|&operand| self.is_same(operand, &same));
            if self.folds.contains(&id) || (!graph.node(id).op.is_random() && is_all()) {
                same.insert(id);
            }
        }
        same
    }

    /// True if all elements of the value are equal; `nodes` are the nodes of which that is known.
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
}

/// The fewest axes by which all windows of a body can count its rows.
struct Rows {
    extents: Axes,
    /// The steps of each window, one for each of those axes.
    steps: Vec<Strides>,
}

impl Rows {
    /// Merges the first `axes` axes of `body`. Buffers local to a block have row step 0.
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

/// True if the node is a view, or an iota, whose elements are copied to a buffer. Other nodes of its kernel read the
/// operand instead.
pub(crate) fn is_copy(graph: &Graph, id: Id) -> bool {
    match graph.node(id).op.class() {
        Class::View(_) | Class::Iota { .. } | Class::Reduce { .. } => true,
        Class::Elementwise(_) | Class::Random => false,
        Class::Input | Class::Constant(_) | Class::Contraction | Class::Direct => {
            unreachable!("{} is not part of a fused kernel", graph.node(id).op.name())
        }
    }
}
