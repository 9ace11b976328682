//! A matrix in a slice, its rows or its columns each contiguous. Knows no arithmetic.

/// Entry (i, j) is `elements[i * stride + j]`, or `elements[i + j * stride]`.
#[derive(Clone, Copy, Debug)]
pub(in crate::execution) struct Matrix<'a, T> {
    pub(in crate::execution) elements: &'a [T],
    /// From one row to the next; one column, if it is transposed.
    pub(in crate::execution) stride: usize,
    /// Whether its columns are contiguous, not its rows.
    pub(in crate::execution) is_transposed: bool,
}

impl<T> Matrix<'_, T> {
    /// Without the rows and columns before (`row`, `column`).
    pub(in crate::execution) fn from(self, row: usize, column: usize) -> Self {
        let (outer, inner) = if self.is_transposed { (column, row) } else { (row, column) };
        let offset = (outer * self.stride + inner).min(self.elements.len());
        Self { elements: &self.elements[offset..], ..self }
    }

    /// Its columns as rows.
    pub(in crate::execution) fn transposed(self) -> Self {
        Self { is_transposed: !self.is_transposed, ..self }
    }
}
