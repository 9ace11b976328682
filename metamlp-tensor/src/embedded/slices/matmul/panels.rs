//! All columns of a right-hand side in panels, each as a tile's loop walks it,
//! one after the other: for a matrix that is multiplied again and again.

use std::mem::take;

use pulp::{Arch, Simd, WithSimd};

use crate::memory::buffer::Storage;

use super::matrix::Matrix;
use super::number::Number;
use super::panel;

/// What a product multiplies by: a matrix where it lies, or its panels.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RightHandSide<'a, T> {
    Matrix(Matrix<'a, T>),
    Panels(Panels<'a, T>),
}

/// Panels of two vectors of columns, then of one; columns beyond are 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Panels<'a, T> {
    elements: &'a [T],
    /// Steps of each panel.
    depth: usize,
}

impl<T> RightHandSide<'_, T> {
    /// Without the columns before `column`, which begins a panel.
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
    /// The panels of a matrix of `depth` rows, which are `elements`.
    pub(crate) fn new(elements: &'a [T], depth: usize) -> Self {
        Self { elements, depth }
    }

    /// The elements of the panels of `rhs`, a matrix of `depth` rows.
    pub(crate) fn pack(rhs: Matrix<'_, T>, depth: usize, columns: usize) -> Storage<T> {
        Arch::new().dispatch(Pack { rhs, depth, columns })
    }

    /// `steps` rows, the first of which is `step`, of the panel of `width` columns from `column` on.
    #[inline(always)]
    pub(super) fn part(&self, step: usize, steps: usize, column: usize, width: usize) -> &'a [T] {
        &self.elements[column * self.depth + step * width..][..steps * width]
    }
}

/// A matrix that is put into panels.
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
            panel::pack(self.rhs.from(0, column), whole.min(left), whole, panel);
            (rest, column) = (others, column + whole);
        }
        panels
    }
}
