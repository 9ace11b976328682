//! The innermost loop of a product: a tile of the result that stays in
//! registers while a row of one operand and a column of the other are walked.

use pulp::Simd;

use super::number::Number;

/// Rows of a tile at most.
pub(super) const MOST_ROWS: usize = 12;

/// `body` for each `row` of a tile, written out: what a loop indexes, the
/// compiler may leave in memory.
macro_rules! each_row {
    ($row:ident in $rows:ident, $body:block) => {
        each_row!($row in $rows, $body, 0 1 2 3 4 5 6 7 8 9 10 11)
    };
    ($row:ident in $rows:ident, $body:block, $($number:literal)*) => {$(
        if $number < $rows {
            let $row = $number;
            $body
        }
    )*};
}

/// Adds up `lhs · rhs` over their steps for `R` rows of the result and `V`
/// vectors of columns, from column `first` of `result` on; the sums go on from
/// what is there if it `accumulates`. `lhs` has a column of `R` elements at
/// each step, each where it lies: a load can then fill a vector with it.
/// `rhs` has a row of `V` vectors.
#[inline(always)]
pub(super) fn tile<'a, T: Number, S: Simd, const R: usize, const V: usize>(
    simd: S,
    lhs: impl Iterator<Item = [&'a T; R]>,
    rhs: impl Iterator<Item = [T::Vector<S>; V]>,
    result: &mut [&mut [T]; R],
    first: usize,
    accumulates: bool,
) {
    const { assert!(R <= MOST_ROWS) };
    let width = V * T::lanes::<S>();
    let mut sums = [[T::splat(simd, T::default()); V]; R];
    if accumulates {
        each_row!(i in R, {
            sums[i].copy_from_slice(&T::vectors::<S>(&result[i][first..][..width])[..V]);
        });
    }
    for (lhs, rhs) in lhs.zip(rhs) {
        each_row!(i in R, {
            let x = T::splat(simd, *lhs[i]);
            for (sum, y) in sums[i].iter_mut().zip(rhs) {
                *sum = T::mul_add(simd, x, y, *sum);
            }
        });
    }
    each_row!(i in R, {
        T::vectors_mut::<S>(&mut result[i][first..][..width])[..V].copy_from_slice(&sums[i]);
    });
}
