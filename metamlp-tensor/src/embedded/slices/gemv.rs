//! Matrix-vector products. They are bound by the memory bandwidth of the matrix, so each of its elements is read once, in
//! memory order.

use crate::memory::Stored;

use super::matmul::Matrix;
use crate::math::simd::simd;

/// Partial sums that are computed side by side.
const LANES: usize = 16;

/// An element type with the loops of a matrix-vector product.
pub(crate) trait Vectors: Stored {
    /// Adds four rows to `sums`, each multiplied by its element of `x`.
    fn add_rows(rows: [&[Self]; 4], x: [Self; 4], sums: &mut [Self]);
    /// Adds `row · x` to `sums`.
    fn add_row(row: &[Self], x: Self, sums: &mut [Self]);
    /// The dot product.
    fn dot(x: &[Self], y: &[Self]) -> Self;
}

macro_rules! vectors {
    ($number:ident in $module:ident) => {
        mod $module {
            use super::*;

            simd! {
                pub(crate) fn add_rows(rows: [&[$number]; 4], x: [$number; 4], sums: &mut [$number]) {
                    let [a, b, c, d] = rows;
                    for ((((sum, &a), &b), &c), &d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                        *sum = d.mul_add(x[3], c.mul_add(x[2], b.mul_add(x[1], a.mul_add(x[0], *sum))));
                    }
                }

                pub(crate) fn add_row(row: &[$number], x: $number, sums: &mut [$number]) {
                    for (sum, &a) in sums.iter_mut().zip(row) {
                        *sum = a.mul_add(x, *sum);
                    }
                }

                pub(crate) fn dot(x: &[$number], y: &[$number]) -> $number {
                    let mut sums = [0.0; LANES];
                    let ((x, x_rest), (y, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
                    for (x, y) in x.iter().zip(y) {
                        for ((sum, &x), &y) in sums.iter_mut().zip(x).zip(y) {
                            *sum = x.mul_add(y, *sum);
                        }
                    }
                    for ((sum, &x), &y) in sums.iter_mut().zip(x_rest).zip(y_rest) {
                        *sum = x.mul_add(y, *sum);
                    }
                    let mut width = LANES / 2;
                    while width > 0 {
                        for i in 0..width {
                            sums[i] += sums[i + width];
                        }
                        width /= 2;
                    }
                    sums[0]
                }
            }
        }

        impl Vectors for $number {
            fn add_rows(rows: [&[Self]; 4], x: [Self; 4], sums: &mut [Self]) {
                $module::add_rows(rows, x, sums);
            }
            fn add_row(row: &[Self], x: Self, sums: &mut [Self]) {
                $module::add_row(row, x, sums);
            }
            fn dot(x: &[Self], y: &[Self]) -> Self {
                $module::dot(x, y)
            }
        }
    };
}

vectors!(f32 in single);
vectors!(f64 in double);

/// `result = matrix · vector`. The matrix has as many columns as `vector` has elements.
pub(crate) fn multiply<T: Vectors>(matrix: Matrix<'_, T>, vector: &[T], result: &mut [T]) {
    let Matrix { elements, stride, is_transposed } = matrix;
    if !is_transposed {
        for (number, result) in result.iter_mut().enumerate() {
            *result = T::dot(&elements[number * stride..][..vector.len()], vector);
        }
        return;
    }
    result.fill(T::default());
    let rows = result.len();
    let column = |i: usize| &elements[i * stride..][..rows];
    let (fours, rest) = vector.as_chunks::<4>();
    for (number, &x) in fours.iter().enumerate() {
        let columns = std::array::from_fn(|i| column(4 * number + i));
        T::add_rows(columns, x, result);
    }
    for (number, &x) in rest.iter().enumerate() {
        T::add_row(column(4 * fours.len() + number), x, result);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_layouts_give_the_product() {
        for (rows, columns) in [(1, 1), (1, 7), (5, 3), (33, 70), (16, 4)] {
            let entry = |i: usize, j: usize| ((i * 31 + j * 17) % 13) as f64 - 6.0;
            let vector: Vec<f64> = (0..columns).map(|i| i as f64 * 0.5 - 1.0).collect();
            let sum = |i: usize| (0..columns).map(|j| entry(i, j) * vector[j]).sum();
            let expected: Vec<f64> = (0..rows).map(sum).collect();
            for is_transposed in [false, true] {
                let (outer, inner) = if is_transposed { (columns, rows) } else { (rows, columns) };
                let stride = inner + 2;
                let mut elements = vec![f64::NAN; outer * stride];
                for i in 0..rows {
                    for j in 0..columns {
                        elements[if is_transposed { j * stride + i } else { i * stride + j }] = entry(i, j);
                    }
                }
                let matrix = Matrix { elements: &elements, stride, is_transposed };
                let mut result = vec![f64::NAN; rows];
                multiply(matrix, &vector, &mut result);
                assert_eq!(result, expected);
            }
        }
    }
}
