//! A strided matrix in a slice, with contiguous rows or contiguous columns. Knows no arithmetic.

/// Entry (i, j) is `elements[i * stride + j]`, or `elements[i + j * stride]` if it is transposed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matrix<'a, T> {
    pub(crate) elements: &'a [T],
    /// Elements from one row to the next, or from one column to the next if it is transposed.
    pub(crate) stride: usize,
    /// True if its columns are contiguous instead of its rows.
    pub(crate) is_transposed: bool,
}

impl<T> Matrix<'_, T> {
    /// The part from (`row`, `column`) on; empty beyond the end.
    pub(crate) fn from(self, row: usize, column: usize) -> Self {
        let (outer, inner) = if self.is_transposed { (column, row) } else { (row, column) };
        let offset = (outer * self.stride + inner).min(self.elements.len());
        Self { elements: &self.elements[offset..], ..self }
    }

    /// The transpose.
    pub(crate) fn transposed(self) -> Self {
        Self { is_transposed: !self.is_transposed, ..self }
    }
}
