//! Groups of kernels that run on the same rows: what a row of one kernel reads of another is that row alone. Knows
//! kernel bodies; nothing of how they run.

use rustc_hash::FxHashSet;
use smallvec::{SmallVec, smallvec};

use crate::graph::{Graph, Id};

use super::body::Body;
use super::loads::Load;

/// Most elements of a row: several rows must fit in a cache.
const LONGEST_ROW: usize = 1 << 16;

/// Most elements of a block of several rows: the stores of one block must not evict what the next one reads. Few in
/// tests, so that small programs have several blocks.
pub(crate) const BLOCK: usize = if cfg!(test) { 64 } else { 1 << 12 };
/// Fewest elements of a block, where rows do not have one constant step.
const SHORTEST_BLOCK: usize = if cfg!(test) { 1 } else { 512 };

/// The ways in which a group of kernels can be cut into rows.
pub(crate) type Cuts = SmallVec<[Cut; 4]>;

/// Kernels that run together, one block of rows after the other.
#[derive(Clone, Debug)]
pub(crate) struct RowGroup {
    /// The cuts that all kernels of the group allow.
    cuts: Cuts,
    /// The nodes that the kernels write.
    made: FxHashSet<Id>,
    /// The nodes that they read row by row.
    read: FxHashSet<Id>,
}

/// A way to cut kernels into rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub(crate) rows: usize,
    /// The number of consecutive rows with one constant stride in every operand; a block does not cross a run.
    pub(crate) run: usize,
    /// Elements of a row of the longest kernel.
    pub(crate) row: usize,
}

impl RowGroup {
    /// The group of one kernel. It has no cuts if the kernel cannot run row by row.
    pub(crate) fn new(graph: &Graph, body: &Body) -> Self {
        let size: usize = body.space.iter().product();
        let is_random = body.is_random(graph);
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

    /// The group of the matrix product `id`, cut as `cut` says.
    pub(crate) fn of_product(id: Id, cut: Cut) -> Self {
        Self { cuts: smallvec![cut], made: FxHashSet::from_iter([id]), read: FxHashSet::default() }
    }

    /// The cut that the group runs by: the one with the largest blocks and the most rows.
    pub(crate) fn cut(&self) -> Option<Cut> {
        self.cuts.iter().copied().max_by_key(|cut| (cut.block(), cut.rows))
    }

    /// The cuts of this group with the kernel of `body`, whose own group is `own`; `None` if the kernel does not run on
    /// the same rows.
    pub(crate) fn cuts_with(&self, graph: &Graph, body: &Body, own: &Self) -> Option<Cuts> {
        if !own.read.iter().any(|base| self.made.contains(base) || self.read.contains(base)) {
            return None;
        }
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
        let cuts: Cuts = self.cuts.iter().filter_map(both).collect();
        (!cuts.is_empty()).then_some(cuts)
    }

    /// Takes the kernel whose group is `own` into this one. `cuts` are [those of both](Self::cuts_with).
    pub(crate) fn join(&mut self, own: &Self, cuts: Cuts) {
        self.cuts = cuts;
        self.made.extend(&own.made);
        self.read.extend(&own.read);
    }
}

impl Cut {
    /// The elements of a block: as many as fit, within one run.
    fn block(&self) -> usize {
        if self.run == self.rows { BLOCK } else { BLOCK.min(self.run * self.row) }
    }

    /// The cut, if a block has enough elements to be worth its dispatch.
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

/// True if each of the `rows` rows, counted by the first `axes` axes, reads only the same row of a buffer of `size`
/// elements.
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
