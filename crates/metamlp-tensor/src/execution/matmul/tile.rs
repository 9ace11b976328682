//! The innermost loop of a product: a tile of the result that stays in
//! registers while a row of one operand and a column of the other are walked.

use pulp::Simd;

use super::number::Number;

/// Adds up `lhs · rhs` over their steps for `R` rows of the result and `V`
/// vectors of columns, from column `first` of `result` on; the sums go on from
/// what is there if it `accumulates`. `lhs` has a column of `R` elements at
/// each step, `rhs` a row of `V` vectors.
#[inline(always)]
pub(super) fn tile<'a, T: Number, S: Simd, const R: usize, const V: usize>(
    simd: S,
    lhs: impl Iterator<Item = [T; R]>,
    rhs: impl Iterator<Item = &'a [T::Vector<S>; V]>,
    result: &mut [&mut [T]; R],
    first: usize,
    accumulates: bool,
) where
    T::Vector<S>: 'a,
{
    let width = V * T::lanes::<S>();
    let mut sums = [[T::splat(simd, T::default()); V]; R];
    if accumulates {
        for (sums, result) in sums.iter_mut().zip(&*result) {
            for (sum, &vector) in sums.iter_mut().zip(T::vectors::<S>(&result[first..][..width])) {
                *sum = vector;
            }
        }
    }
    for (lhs, rhs) in lhs.zip(rhs) {
        for (sums, x) in sums.iter_mut().zip(lhs) {
            let x = T::splat(simd, x);
            for (sum, &y) in sums.iter_mut().zip(rhs) {
                *sum = T::mul_add(simd, x, y, *sum);
            }
        }
    }
    for (sums, result) in sums.iter().zip(result) {
        let vectors = T::vectors_mut::<S>(&mut result[first..][..width]);
        for (vector, &sum) in vectors.iter_mut().zip(sums) {
            *vector = sum;
        }
    }
}
