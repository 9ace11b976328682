//! A right-hand side packed into panels, for a matrix that many products share.

use std::mem::take;

use pulp::{Arch, Simd, WithSimd};

use crate::memory::buffer::Storage;

use super::matrix::Matrix;
use super::number::Number;
use super::pack::pack;

/// The right-hand side of a product: a matrix in memory, or its packed panels.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RightHandSide<'a, T> {
    Matrix(Matrix<'a, T>),
    Panels(Panels<'a, T>),
}

/// Packed panels: two vectors of columns each, then one vector for the columns that remain. Missing columns are 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Panels<'a, T> {
    elements: &'a [T],
    /// Steps (rows of the matrix) of each panel.
    depth: usize,
}

impl<T> RightHandSide<'_, T> {
    /// The columns from `column` on, which starts a panel.
    pub(crate) fn columns_from(self, column: usize) -> Self {
        match self {
            Self::Matrix(matrix) => Self::Matrix(matrix.from(0, column)),
            Self::Panels(Panels { elements, depth }) => {
                let elements = &elements[(column * depth).min(elements.len())..];
                Self::Panels(Panels { elements, depth })
            }
        }
    }
}

impl<'a, T> From<Matrix<'a, T>> for RightHandSide<'a, T> {
    fn from(matrix: Matrix<'a, T>) -> Self {
        Self::Matrix(matrix)
    }
}

impl<'a, T: Number> Panels<'a, T> {
    /// Panels of a matrix of `depth` rows, from elements that [`pack`](Self::pack) has made.
    pub(crate) fn new(elements: &'a [T], depth: usize) -> Self {
        Self { elements, depth }
    }

    /// Packs `rhs`, a matrix of `depth` rows.
    pub(crate) fn pack(rhs: Matrix<'_, T>, depth: usize, columns: usize) -> Storage<T> {
        Arch::new().dispatch(Pack { rhs, depth, columns })
    }

    /// `steps` rows from row `step` on of the panel that starts at `column` and has `width` columns.
    #[inline(always)]
    pub(super) fn part(&self, step: usize, steps: usize, column: usize, width: usize) -> &'a [T] {
        &self.elements[column * self.depth + step * width..][..steps * width]
    }
}

/// The arguments of [`Panels::pack`].
struct Pack<'a, T> {
    rhs: Matrix<'a, T>,
    depth: usize,
    columns: usize,
}

impl<T: Number> WithSimd for Pack<'_, T> {
    type Output = Storage<T>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Storage<T> {
        let lanes = T::lanes::<S>();
        let mut panels = T::pool().take(self.columns.next_multiple_of(lanes) * self.depth);
        let (mut rest, mut column) = (&mut panels[..], 0);
        while column < self.columns {
            let left = self.columns - column;
            let whole = if left < 2 * lanes { lanes } else { 2 * lanes };
            let (panel, others) = take(&mut rest).split_at_mut(whole * self.depth);
            pack(self.rhs.from(0, column), whole.min(left), whole, panel);
            (rest, column) = (others, column + whole);
        }
        panels
    }
}
