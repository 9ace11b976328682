//! Which kernels go through the same rows: what a row of one of them reads of
//! another is that row alone. Knows bodies; nothing of how they run.

use smallvec::{SmallVec, smallvec};

use crate::graph::op::Op;
use crate::graph::{Graph, Id};

use super::body::{Body, Load};

/// Elements of a row at most: some of them must fit in a cache together.
const LONGEST_ROW: usize = 1 << 16;

/// Elements of a block at most, if it has several rows: what is written of one
/// block must not keep the next from being read. Few in tests, so that small
/// programs have several blocks.
pub(crate) const BLOCK: usize = if cfg!(test) { 64 } else { 1 << 12 };
/// Of a block at least, where rows do not follow each other by one step.
const SHORTEST_BLOCK: usize = if cfg!(test) { 1 } else { 512 };

/// Kernels that are run one block of rows after the other, for all of them.
#[derive(Clone, Debug)]
pub(crate) struct RowGroup {
    /// How all of them can be cut.
    cuts: SmallVec<[Cut; 4]>,
    /// What they write.
    made: Vec<Id>,
    /// What they read row by row.
    read: Vec<Id>,
}

/// A way to cut kernels into rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub(crate) rows: usize,
    /// How many follow each other by one step in all that is read: a block is of one run.
    pub(crate) run: usize,
    /// Elements of the longest kernel's row.
    pub(crate) row: usize,
}

impl RowGroup {
    /// Of one kernel; it has perhaps no rows.
    pub(crate) fn new(graph: &Graph, body: &Body) -> Self {
        let size: usize = body.space.iter().product();
        let is_random = body.nodes.iter().any(|&id| matches!(graph.node(id).op, Op::RngBits(_)));
        let prefixes = body.space.iter().scan(1, |rows, &extent| {
            *rows *= extent;
            Some(*rows)
        });
        let cut = |rows: usize| {
            let fits = size > 0 && !is_random && size / rows <= LONGEST_ROW;
            let run = body.run_of_rows(body.row_axes(rows).filter(|_| fits)?);
            Cut { rows, run, row: size / rows }.pays()
        };
        let moves = |load: &&Load| load.strides.first().is_some_and(|&stride| stride != 0);
        Self {
            cuts: prefixes.filter_map(cut).collect(),
            made: body.writes().collect(),
            read: body.loads.iter().filter(moves).filter_map(|load| load.base).collect(),
        }
    }

    /// Of a product `id` of matrices, of `run` rows each, `rows` in all.
    pub(crate) fn of_product(id: Id, cut: Cut) -> Self {
        Self { cuts: smallvec![cut], made: vec![id], read: Vec::new() }
    }

    /// How it is cut: into as many rows as leave whole blocks.
    pub(crate) fn cut(&self) -> Option<Cut> {
        self.cuts.iter().copied().max_by_key(|cut| (cut.block(), cut.rows))
    }

    /// The group with one more kernel, whose `own` one it is, if it goes through the same rows of something.
    pub(crate) fn with(&self, graph: &Graph, body: &Body, own: &Self) -> Option<Self> {
        let shares = own.read.iter().any(|base| self.made.contains(base) || self.read.contains(base));
        let stays = |rows: usize, axes: usize| {
            body.loads.iter().all(|load| {
                let is_made = load.base.filter(|base| self.made.contains(base));
                is_made.is_none_or(|base| {
                    stays_in_row(load, &body.space, axes, graph.node(base).ty.shape.size(), rows)
                })
            })
        };
        let both = |cut: &Cut| {
            let own = own.cuts.iter().find(|own| own.rows == cut.rows)?;
            let axes = body.row_axes(cut.rows)?;
            let run = greatest_common_divisor(cut.run, own.run);
            let row = cut.row.max(own.row);
            stays(cut.rows, axes).then_some(Cut { rows: cut.rows, run, row })?.pays()
        };
        let cuts: SmallVec<[Cut; 4]> =
            if shares { self.cuts.iter().filter_map(both).collect() } else { SmallVec::new() };
        (!cuts.is_empty()).then(|| Self {
            cuts,
            made: self.made.iter().chain(&own.made).copied().collect(),
            read: self.read.iter().chain(&own.read).copied().collect(),
        })
    }
}

impl Cut {
    /// Elements of a block at most, as far as runs allow it.
    fn block(&self) -> usize {
        if self.run == self.rows { BLOCK } else { BLOCK.min(self.run * self.row) }
    }

    /// Itself, if a block is worth its dispatch.
    fn pays(self) -> Option<Self> {
        (self.block() >= SHORTEST_BLOCK).then_some(self)
    }
}

fn greatest_common_divisor(mut a: usize, mut b: usize) -> usize {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Whether each of the `rows` rows, which the first `axes` axes make, reads the
/// same row of a buffer of `size` elements.
fn stays_in_row(load: &Load, space: &[usize], axes: usize, size: usize, rows: usize) -> bool {
    let row = size / rows;
    let mut step = row.cast_signed();
    let is_in_order = (0..axes).rev().all(|axis| {
        let is_next = load.strides[axis] == step;
        step *= space[axis].cast_signed();
        is_next
    });
    let (mut first, mut last) = (load.offset, load.offset);
    for (&extent, &stride) in space.iter().zip(&load.strides).skip(axes) {
        let reach = stride * (extent.cast_signed() - 1);
        first += reach.min(0);
        last += reach.max(0);
    }
    size.is_multiple_of(rows) && is_in_order && first >= 0 && last < row.cast_signed()
}
