//! A matrix in a slice, its rows or its columns each contiguous. Knows no arithmetic.

/// Entry (i, j) is `elements[i * stride + j]`, or `elements[i + j * stride]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matrix<'a, T> {
    pub(crate) elements: &'a [T],
    /// From one row to the next; one column, if it is transposed.
    pub(crate) stride: usize,
    /// Whether its columns are contiguous, not its rows.
    pub(crate) is_transposed: bool,
}

impl<T> Matrix<'_, T> {
    /// Without the rows and columns before (`row`, `column`).
    pub(crate) fn from(self, row: usize, column: usize) -> Self {
        let (outer, inner) = if self.is_transposed { (column, row) } else { (row, column) };
        let offset = (outer * self.stride + inner).min(self.elements.len());
        Self { elements: &self.elements[offset..], ..self }
    }

    /// Its columns as rows.
    pub(crate) fn transposed(self) -> Self {
        Self { is_transposed: !self.is_transposed, ..self }
    }
}
