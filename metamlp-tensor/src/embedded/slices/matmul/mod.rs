//! Matrix products on one thread. Each element of the result is the same sum in the same order, however the result is
//! cut into blocks.
//!
//! A tile of the result stays in registers (`register_tile`). It reads its columns of the right-hand side in place, or
//! from a packed panel (`pack`) if many tiles share them, which the first of these tiles makes. A right-hand side can also
//! be packed before (`right_hand_side`).
//!
//! The kernel is written with `pulp`, which has SIMD vectors as types, so that the sums of a tile stay in registers by
//! construction. With the macro `simd!` and arrays in place of vectors, an MLP of batch 32 or 128 and the product
//! 128 x 1568 x 512 took 1.9 to 2.2 times as long (AVX-512, one thread, medians of five alternating runs), and the crate
//! compiled no sooner.

mod matrix;
mod number;
mod pack;
mod register_tile;
mod right_hand_side;

pub(crate) use matrix::Matrix;
pub(crate) use number::Number;
pub(crate) use right_hand_side::{Panels, RightHandSide};

use pulp::{Arch, Simd, WithSimd};
use smallvec::SmallVec;

use crate::memory::buffer::Storage;

use pack::pack;
use register_tile::sum_tile;

/// Rows of a block: its left-hand side stays in the L2 cache. A multiple of the rows of a tile.
pub(crate) const ROWS: usize = 264;
/// Most steps of a slab: a panel of them takes a part of the L2 cache.
const STEPS: usize = 512;
/// Row strides that are a multiple of this number of bytes map all rows to few sets of the L1 cache.
const COLLISION: usize = 4096;
/// Row stride of the copy of a left-hand side whose own stride collides.
const APART: usize = STEPS + 16;
/// A panel is packed if more tiles than this share it.
const SHARED: usize = 8;

/// `result = lhs · rhs`, or `result += lhs · rhs` if it `accumulates`. The rows of `result` have equal lengths; `depth` is
/// the extent of the summed axis.
pub(crate) fn multiply<'a, T: Number>(
    lhs: Matrix<'_, T>,
    rhs: impl Into<RightHandSide<'a, T>>,
    depth: usize,
    result: &mut [&mut [T]],
    accumulates: bool,
) {
    let rhs = rhs.into();
    for (number, result) in result.chunks_mut(ROWS).enumerate() {
        Arch::new().dispatch(Block { lhs: lhs.from(number * ROWS, 0), rhs, depth, result, accumulates });
    }
}

/// The rows of a block.
type Rows<'a, T> = SmallVec<[&'a mut [T]; ROWS]>;

/// Some rows of a product.
struct Block<'a, 'r, T> {
    lhs: Matrix<'a, T>,
    rhs: RightHandSide<'a, T>,
    depth: usize,
    result: &'a mut [&'r mut [T]],
    accumulates: bool,
}

/// Some steps of a block.
struct Slab<'a, T> {
    lhs: Matrix<'a, T>,
    rhs: RightHandSide<'a, T>,
    /// The first step.
    from: usize,
    steps: usize,
    accumulates: bool,
}

impl<T: Number> WithSimd for Block<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // Two vectors a row, and room for the operands. The conditions are `const` blocks so that
        // only the one kernel that this instruction set runs is compiled for it.
        if const { S::REGISTER_COUNT >= 32 } {
            self.run::<S, 12>(simd);
        } else if const { size_of::<T::Vector<S>>() > size_of::<T>() } {
            self.run::<S, 6>(simd);
        } else {
            self.run::<S, 2>(simd);
        }
    }
}

impl<T: Number> Block<'_, '_, T> {
    #[inline(always)]
    fn run<S: Simd, const R: usize>(self, simd: S) {
        let lanes = T::lanes::<S>();
        let columns = self.result.first().expect("a block has rows").len();
        // The columns after the last whole vector are summed in `edge`, a copy of whole vectors.
        let first = columns / lanes * lanes;
        let mut edge = T::pool().take(if first < columns { self.result.len() * lanes } else { 0 });
        let mut edges: Rows<'_, T> = edge.chunks_exact_mut(lanes).collect();
        let mut rows: Rows<'_, T> = self.result.iter_mut().map(|row| &mut **row).collect();
        if self.accumulates {
            for (edge, row) in edges.iter_mut().zip(&rows) {
                edge[..columns - first].copy_from_slice(&row[first..]);
            }
        }
        // Rows with a colliding stride evict each other from the cache: copy them.
        let stride = if self.lhs.is_transposed { 1 } else { self.lhs.stride * size_of::<T>() };
        let collides = stride.is_multiple_of(COLLISION) && columns > 2 * lanes;
        let mut copy = T::pool().take(if collides { rows.len() * APART } else { 0 });
        let mut packed: Storage<T> = Storage::default();
        // Slabs of about equal length, because each slab loads and stores all tiles once.
        let most = self.depth.div_ceil(self.depth.div_ceil(STEPS).max(1)).max(1);
        for from in (0..self.depth).step_by(most) {
            let steps = most.min(self.depth - from);
            let mut lhs = self.lhs.from(0, from);
            if collides {
                for (copy, row) in copy.chunks_exact_mut(APART).zip(lhs.elements.chunks(lhs.stride)) {
                    copy[..steps].copy_from_slice(&row[..steps]);
                }
                lhs = Matrix { elements: &copy, stride: APART, ..lhs };
            }
            let accumulates = self.accumulates || from > 0;
            let slab = Slab { lhs, rhs: self.rhs, from, steps, accumulates };
            let mut column = 0;
            while column + 2 * lanes <= columns {
                slab.panel::<S, R, 2>(simd, &mut rows, [column, column], 2 * lanes, &mut packed);
                column += 2 * lanes;
            }
            while column < columns {
                let width = lanes.min(columns - column);
                let (rows, place) = if width == lanes { (&mut rows, column) } else { (&mut edges, 0) };
                slab.panel::<S, R, 1>(simd, rows, [column, place], width, &mut packed);
                column += width;
            }
        }
        for (edge, row) in edges.iter().zip(&mut rows) {
            row[first..].copy_from_slice(&edge[..columns - first]);
        }
    }
}

impl<T: Number> Slab<'_, T> {
    /// Computes `width` columns of the right-hand side from column `from` on, in the columns of `result` from `to` on.
    #[inline(always)]
    fn panel<S: Simd, const R: usize, const V: usize>(
        &self,
        simd: S,
        result: &mut [&mut [T]],
        [from, to]: [usize; 2],
        width: usize,
        packed: &mut Storage<T>,
    ) {
        let whole = V * T::lanes::<S>();
        // Tiles of few rows run first. While the panel is read from memory, a shorter step leaves more loads in flight.
        let all = result.len();
        let head = all.min(all.saturating_sub(1) % R + 1);
        let mut done = 0;
        macro_rules! tiles {
            ($end:expr, $rhs:expr, $($count:expr),*) => {$(
                while let Some(rows) = result[done..$end].first_chunk_mut::<{ $count }>() {
                    self.tile::<S, { $count }, V>(simd, done, rows, to, $rhs);
                    done += $count;
                }
            )*};
        }
        macro_rules! copying {
            ($from:expr, $to:expr, $($count:expr),*) => {$(
                if done == 0 && let Some(rows) = result[..head].first_chunk_mut::<{ $count }>() {
                    let copies = T::vectors_mut::<S>($to).as_chunks_mut::<V>().0;
                    let rhs = panel::<T, S, V>($from).zip(copies).map(|(&vectors, copy)| {
                        *copy = vectors;
                        vectors
                    });
                    self.tile::<S, { $count }, V>(simd, 0, rows, to, rhs);
                    done = $count;
                }
            )*};
        }
        let packed: &[T] = match self.rhs {
            RightHandSide::Panels(panels) => panels.part(self.from, self.steps, from, whole),
            RightHandSide::Matrix(rhs) => {
                let rhs = rhs.from(self.from, from);
                let is_in_place = width == whole && !rhs.is_transposed;
                if is_in_place && (all <= SHARED * R || rhs.stride == whole) {
                    let rhs = || panel::<T, S, V>(rhs).copied();
                    tiles!(head, rhs(), 4, 2, 1);
                    tiles!(all, rhs(), R);
                    return;
                }
                if packed.is_empty() {
                    *packed = T::pool().take(STEPS * 2 * T::lanes::<S>());
                }
                let packed = &mut packed[..self.steps * whole];
                if is_in_place {
                    copying!(rhs, packed, 4, 2, 1);
                } else {
                    pack(rhs, width, whole, packed);
                }
                packed
            }
        };
        let packed = T::vectors::<S>(packed).as_chunks::<V>().0;
        let rhs = || packed.iter().copied();
        tiles!(head, rhs(), 4, 2, 1);
        tiles!(all, rhs(), R);
    }

    #[inline(always)]
    fn tile<S: Simd, const R: usize, const V: usize>(
        &self,
        simd: S,
        row: usize,
        result: &mut [&mut [T]; R],
        first: usize,
        rhs: impl Iterator<Item = [T::Vector<S>; V]>,
    ) {
        let lhs = self.lhs.from(row, 0);
        if lhs.is_transposed {
            let columns = lhs.elements.chunks(lhs.stride).map_while(|column| column.first_chunk());
            let columns = columns.take(self.steps).map(<[T; R]>::each_ref);
            sum_tile(simd, columns, rhs, result, first, self.accumulates);
        } else {
            let rows: [&[T]; R] = std::array::from_fn(|i| &lhs.elements[i * lhs.stride..][..self.steps]);
            let columns = (0..self.steps).map(|k| {
                let mut column = [&rows[0][k]; R];
                for (x, row) in column.iter_mut().zip(&rows) {
                    *x = &row[k];
                }
                column
            });
            sum_tile(simd, columns, rhs, result, first, self.accumulates);
        }
    }
}

/// The first `V` vectors of each row.
#[inline(always)]
fn panel<T: Number, S: Simd, const V: usize>(rhs: Matrix<'_, T>) -> impl Iterator<Item = &[T::Vector<S>; V]> {
    rhs.elements.chunks(rhs.stride).map_while(|row| T::vectors::<S>(row).first_chunk::<V>())
}
