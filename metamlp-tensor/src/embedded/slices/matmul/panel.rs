//! Columns of a right-hand side, copied together so that a tile's loop walks
//! neighbours.

use super::matrix::Matrix;
use super::number::Number;

/// Columns and steps that are transposed at once.
const BLOCK: usize = 8;

/// Copies `width` columns and as many steps as `panel` has rows of `whole`
/// elements; columns beyond are 0.
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

/// Writes `columns` to the columns of `panel` from `first` on.
#[inline(always)]
fn transpose<T: Number>(columns: [&[T]; BLOCK], first: usize, whole: usize, panel: &mut [T]) {
    let columns = columns.map(|column| column.as_chunks::<BLOCK>());
    let mut rows = panel.chunks_exact_mut(whole);
    for i in 0..columns[0].0.len() {
        let block: [&[T; BLOCK]; BLOCK] = std::array::from_fn(|j| &columns[j].0[i]);
        for (k, row) in rows.by_ref().take(BLOCK).enumerate() {
            if let Some(row) = row[first..].first_chunk_mut::<BLOCK>() {
                *row = std::array::from_fn(|j| block[j][k]);
            }
        }
    }
    for (k, row) in rows.enumerate() {
        if let Some(row) = row[first..].first_chunk_mut::<BLOCK>() {
            *row = std::array::from_fn(|j| columns[j].1[k]);
        }
    }
}
