//! Matrix-vector products, which are bound by reading the matrix: each of its
//! elements is read once, in the order in which it lies.

use multiversion::multiversion;
use ndarray::{ArrayView1, ArrayView2};

use crate::dtype::Element;

/// Partial sums that are carried side by side.
const LANES: usize = 16;

/// An element type with vector loops.
pub(super) trait Vectors: Element {
    /// `sums += a · x` for four rows `a` at once.
    fn add_rows(rows: [&[Self]; 4], x: [Self; 4], sums: &mut [Self]);
    /// `sums += a · x` for one row `a`.
    fn add_row(row: &[Self], x: Self, sums: &mut [Self]);
    /// The sum of products.
    fn dot(x: &[Self], y: &[Self]) -> Self;
}

macro_rules! vectors {
    ($number:ident in $module:ident) => {
        mod $module {
            use super::*;

            #[multiversion(targets(
                "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma",
                "x86_64+avx2+fma",
            ))]
            pub(super) fn add_rows(rows: [&[$number]; 4], x: [$number; 4], sums: &mut [$number]) {
                let [a, b, c, d] = rows;
                for ((((sum, &a), &b), &c), &d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                    *sum = d.mul_add(x[3], c.mul_add(x[2], b.mul_add(x[1], a.mul_add(x[0], *sum))));
                }
            }

            #[multiversion(targets(
                "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma",
                "x86_64+avx2+fma",
            ))]
            pub(super) fn add_row(row: &[$number], x: $number, sums: &mut [$number]) {
                for (sum, &a) in sums.iter_mut().zip(row) {
                    *sum = a.mul_add(x, *sum);
                }
            }

            #[multiversion(targets(
                "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma",
                "x86_64+avx2+fma",
            ))]
            pub(super) fn dot(x: &[$number], y: &[$number]) -> $number {
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

/// `result = matrix · vector`, for a matrix whose rows or columns are contiguous; else does nothing and says so.
pub(super) fn multiply<T: Vectors>(
    matrix: &ArrayView2<'_, T>,
    vector: &ArrayView1<'_, T>,
    result: &mut [T],
) -> bool {
    let gathered;
    let vector = match vector.as_slice() {
        Some(vector) => vector,
        None => {
            gathered = vector.to_vec();
            &gathered[..]
        }
    };
    let (rows, columns) = matrix.dim();
    let strides = matrix.strides();
    if rows == 1 || strides[1] == 1 {
        for (result, row) in result.iter_mut().zip(matrix.rows()) {
            match row.as_slice() {
                Some(row) => *result = T::dot(row, vector),
                None => return false,
            }
        }
        return true;
    }
    if strides[0] != 1 {
        return false;
    }
    result.fill(T::default());
    let column = |i: usize| matrix.column(i).to_slice();
    let fours = columns / 4 * 4;
    for i in (0..fours).step_by(4) {
        let (Some(a), Some(b), Some(c), Some(d)) = (column(i), column(i + 1), column(i + 2), column(i + 3))
        else {
            return false;
        };
        T::add_rows([a, b, c, d], [vector[i], vector[i + 1], vector[i + 2], vector[i + 3]], result);
    }
    for (i, &x) in vector.iter().enumerate().skip(fours) {
        let Some(column) = column(i) else { return false };
        T::add_row(column, x, result);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, Array2, ShapeBuilder};

    #[test]
    fn both_layouts_give_the_product() {
        for (rows, columns) in [(1, 1), (1, 7), (5, 3), (33, 70), (16, 4)] {
            let entry = |(i, j): (usize, usize)| ((i * 31 + j * 17) % 13) as f64 - 6.0;
            let by_rows = Array2::from_shape_fn((rows, columns), entry);
            let by_columns = Array2::from_shape_fn((rows, columns).f(), entry);
            let x = Array1::from_shape_fn(columns, |i| i as f64 * 0.5 - 1.0);
            let expected = by_rows.dot(&x);
            for matrix in [by_rows, by_columns] {
                let mut result = vec![f64::NAN; rows];
                assert!(multiply(&matrix.view(), &x.view(), &mut result));
                assert_eq!(result, expected.to_vec());
            }
        }
    }
}
