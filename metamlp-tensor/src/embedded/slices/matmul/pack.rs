//! Packs columns of a right-hand side into a panel, so that the loop of a register tile reads contiguous memory.

use super::matrix::Matrix;
use super::number::Number;

/// Columns and steps that are transposed together.
const BLOCK: usize = 8;

/// Copies `width` columns to the rows of `panel`. A row has `whole` elements; those beyond `width` are 0.
#[inline(always)]
pub(super) fn pack<T: Number>(rhs: Matrix<'_, T>, width: usize, whole: usize, panel: &mut [T]) {
    if !rhs.is_transposed {
        for (row, panel) in rhs.elements.chunks(rhs.stride).zip(panel.chunks_exact_mut(whole)) {
            panel[..width].copy_from_slice(&row[..width]);
            panel[width..].fill(T::default());
        }
        return;
    }
    let steps = panel.len() / whole;
    let column = |j: usize| &rhs.elements[j * rhs.stride..][..steps];
    let blocks = width / BLOCK * BLOCK;
    for j in (0..blocks).step_by(BLOCK) {
        let columns: [&[T]; BLOCK] = std::array::from_fn(|i| column(j + i));
        transpose(columns, j, whole, panel);
    }
    for j in blocks..width {
        for (&x, row) in column(j).iter().zip(panel.chunks_exact_mut(whole)) {
            row[j] = x;
        }
    }
    if width < whole {
        for row in panel.chunks_exact_mut(whole) {
            row[width..].fill(T::default());
        }
    }
}

/// The invariant of [`transpose`].
const WIDE: &str = "a block of columns lies inside of the panel";

/// Transposes `columns` to the columns of `panel` from `first` on.
#[inline(always)]
fn transpose<T: Number>(columns: [&[T]; BLOCK], first: usize, whole: usize, panel: &mut [T]) {
    let columns = columns.map(|column| column.as_chunks::<BLOCK>());
    let mut rows = panel.chunks_exact_mut(whole);
    for i in 0..columns[0].0.len() {
        let block: [&[T; BLOCK]; BLOCK] = std::array::from_fn(|j| &columns[j].0[i]);
        for (k, row) in rows.by_ref().take(BLOCK).enumerate() {
            let row = row[first..].first_chunk_mut::<BLOCK>().expect(WIDE);
            *row = std::array::from_fn(|j| block[j][k]);
        }
    }
    for (k, row) in rows.enumerate() {
        let row = row[first..].first_chunk_mut::<BLOCK>().expect(WIDE);
        *row = std::array::from_fn(|j| columns[j].1[k]);
    }
}
