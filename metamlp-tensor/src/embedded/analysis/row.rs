//! One kernel made of several that share long rows. Its space is a row; a reduction in it is an instruction whose
//! result is one value for the row. Values between the kernels stay in registers.

use smallvec::SmallVec;

use crate::graph::op::{Binary, Op, Reduction};
use crate::graph::{Graph, Id};

use super::body::{Body, Value, is_copy};
use super::loads::{Load, Loads};
use crate::embedded::slices::tile::TILE;

/// Fewest elements of a row: of shorter rows a block of several is faster. Few in tests.
const SHORTEST: usize = if cfg!(test) { 6 } else { 256 };

/// Most additions an element. Kernels that compute more overlap better with memory reads in blocks of several rows.
const MOST_COST: u32 = 2400;

impl Body {
    /// Joins `bodies` into one kernel over one row of `rows`. `None` unless each of them has one element a row or as many as
    /// the longest. The kernel writes the nodes for which `is_output` holds.
    pub(crate) fn of_rows(
        graph: &Graph,
        bodies: &[Self],
        rows: usize,
        is_output: &dyn Fn(Id) -> bool,
    ) -> Option<Self> {
        let longest = bodies.iter().max_by_key(|body| body.space.len())?;
        let axes = longest.row_axes(rows)?;
        let size: usize = longest.space[axes..].iter().product();
        let fits = |body: &Self| match body.reduced {
            Some(_) => body.space == longest.space && body.is_reduced[axes..].iter().all(|&reduced| reduced),
            None => body.space == longest.space || body.space[..] == longest.space[..axes],
        };
        let is_long = (SHORTEST..=TILE).contains(&size);
        let cost: u32 = bodies.iter().filter(|body| body.space == longest.space).map(|body| body.cost).sum();
        let copies = |body: &Self| body.stored.iter().any(|&id| is_copy(graph, id));
        if !is_long || cost > MOST_COST || !bodies.iter().all(|body| fits(body) && !copies(body)) {
            return None;
        }
        let made: SmallVec<[Id; 8]> = bodies.iter().flat_map(Self::writes).collect();
        let mut row = Self {
            space: longest.space.clone(),
            nodes: Vec::new(),
            operands: Default::default(),
            loads: Loads::default(),
            stored: made.iter().copied().filter(|&id| is_output(id)).collect(),
            reduced: None,
            is_reduced: SmallVec::from_elem(false, longest.space.len()),
            cost: bodies.iter().map(|body| body.cost).sum(),
            rows: SmallVec::new(),
            folds: bodies.iter().filter_map(|body| body.reduced).map(|(id, _)| id).collect(),
        };
        for body in bodies {
            for id in &body.nodes {
                let values: Option<SmallVec<[Value; 3]>> = body.operands[id]
                    .iter()
                    .map(|&value| row.take(graph, rows, body, value, &made))
                    .collect();
                row.add(*id, values?);
            }
            if let Some((id, value)) = body.reduced {
                let value = row.take(graph, rows, body, value, &made)?;
                row.add(id, smallvec::smallvec![value]);
            }
        }
        row.nodes.sort_unstable();
        (!row.folds.is_empty()).then_some(row)
    }

    /// The product whose elements the node sums along a row, if it does.
    pub(crate) fn summed_product(&self, graph: &Graph, id: Id) -> Option<Id> {
        let is_sum = matches!(graph.node(id).op, Op::Reduce { kind: Reduction::Sum, .. });
        let summed = self.operands[&id].first().filter(|_| is_sum && self.folds.contains(&id))?.node()?;
        matches!(graph.node(summed).op, Op::Binary(Binary::Mul)).then_some(summed)
    }

    fn add(&mut self, id: Id, values: SmallVec<[Value; 3]>) {
        if self.operands.insert(id, values).is_none() {
            self.nodes.push(id);
        }
    }

    /// The value here that stands for `value` of `body`; the nodes `made` are computed here.
    fn take(&mut self, graph: &Graph, rows: usize, body: &Self, value: Value, made: &[Id]) -> Option<Value> {
        let Value::Load(number) = value else { return Some(value) };
        let load = &body.loads[number];
        match load.base.filter(|base| made.contains(base)) {
            Some(base) => {
                let is_one = graph.node(base).ty.shape.size() == rows;
                (is_one || load.is_whole).then_some(Value::Node(base))
            }
            None => {
                let mut strides = load.strides.clone();
                strides.resize(self.space.len(), 0);
                Some(Value::Load(self.loads.add(Load { strides, is_whole: false, ..load.clone() })))
            }
        }
    }
}
