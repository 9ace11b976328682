//! Which kernels go through the same rows: what a row of one of them reads of
//! another is that row alone. Knows bodies; nothing of how they run.

use smallvec::SmallVec;

use crate::graph::{Graph, Id};
use crate::op::Op;

use super::body::{Body, Load};

/// Elements of a row at most: some of them must fit in a cache together.
const LONGEST_ROW: usize = 1 << 16;

/// Kernels that are run one block of rows after the other, for all of them.
#[derive(Clone, Debug)]
pub(super) struct RowGroup {
    /// Into how many rows all of them can be cut.
    rows: SmallVec<[usize; 4]>,
    /// What they write.
    made: Vec<Id>,
    /// What they read row by row.
    read: Vec<Id>,
}

impl RowGroup {
    /// Of one kernel; it has perhaps no rows.
    pub(super) fn new(graph: &Graph, body: &Body) -> Self {
        let size: usize = body.space.iter().product();
        let is_random = body.nodes.iter().any(|&id| matches!(graph.node(id).op, Op::RngBits(_)));
        let prefixes = body.space.iter().scan(1, |rows, &extent| {
            *rows *= extent;
            Some(*rows)
        });
        let counts_rows =
            |axes: usize| body.loads.iter().any(|l| l.base.is_none() && l.strides[axes - 1] != 0);
        let fits = |&rows: &usize| {
            size > 0
                && !is_random
                && size / rows <= LONGEST_ROW
                && body.row_axes(rows).is_some_and(|axes| !counts_rows(axes))
        };
        let moves = |load: &&Load| load.strides.first().is_some_and(|&stride| stride != 0);
        Self {
            rows: prefixes.filter(fits).collect(),
            made: body.writes().collect(),
            read: body.loads.iter().filter(moves).filter_map(|load| load.base).collect(),
        }
    }

    /// How many rows it has: as many as it can.
    pub(super) fn rows(&self) -> Option<usize> {
        self.rows.last().copied()
    }

    /// The group with one more kernel, whose `own` one it is, if it goes through the same rows of something.
    pub(super) fn with(&self, graph: &Graph, body: &Body, own: &Self) -> Option<Self> {
        if !self.rows.iter().any(|rows| own.rows.contains(rows)) {
            return None;
        }
        let shares = own.read.iter().any(|base| self.made.contains(base) || self.read.contains(base));
        let stays = |rows: usize, axes: usize| {
            body.loads.iter().all(|load| {
                let is_made = load.base.filter(|base| self.made.contains(base));
                is_made.is_none_or(|base| {
                    stays_in_row(load, &body.space, axes, graph.node(base).ty.shape.size(), rows)
                })
            })
        };
        let both = self.rows.iter().copied().filter(|rows| own.rows.contains(rows));
        let rows: SmallVec<[usize; 4]> =
            both.filter(|&rows| body.row_axes(rows).is_some_and(|axes| stays(rows, axes))).collect();
        (shares && !rows.is_empty()).then(|| Self {
            rows,
            made: self.made.iter().chain(&own.made).copied().collect(),
            read: self.read.iter().chain(&own.read).copied().collect(),
        })
    }
}

/// Whether each of the `rows` rows, which the first `axes` axes make, reads the
/// same row of a buffer of `size` elements.
fn stays_in_row(load: &Load, space: &[usize], axes: usize, size: usize, rows: usize) -> bool {
    let row = size / rows;
    let (mut first, mut last) = (load.offset, load.offset);
    for (&extent, &stride) in space.iter().zip(&load.strides).skip(axes) {
        let reach = stride * (extent.cast_signed() - 1);
        first += reach.min(0);
        last += reach.max(0);
    }
    size.is_multiple_of(rows)
        && load.strides[axes - 1] == row.cast_signed()
        && first >= 0
        && last < row.cast_signed()
}
