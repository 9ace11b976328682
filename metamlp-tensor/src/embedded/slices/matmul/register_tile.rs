//! The innermost loop of a matrix product: a tile of the result stays in registers while the loop runs over the summed
//! axis.

use pulp::Simd;

use super::number::Number;

/// Most rows of a tile.
pub(super) const MOST_ROWS: usize = 12;

/// Repeats `$body` for each row of a tile, unrolled: the compiler may leave an array that a loop indexes in memory.
/// The `const` condition keeps the rows beyond `$rows` out of the generated code.
macro_rules! each_row {
    ($row:ident in $rows:ident, $body:block) => {
        each_row!($row in $rows, $body, 0 1 2 3 4 5 6 7 8 9 10 11)
    };
    ($row:ident in $rows:ident, $body:block, $($number:literal)*) => {$(
        if const { $number < $rows } {
            let $row = $number;
            $body
        }
    )*};
}

/// Sums `lhs · rhs` over the steps, for `R` rows and `V` vectors of columns of `result`, from column `first` on. Adds to
/// the elements that are there if it `accumulates`.
///
/// At each step `lhs` gives a column of `R` elements and `rhs` a row of `V` vectors. The elements of `lhs` are references,
/// so that one load instruction reads an element and broadcasts it.
#[inline(always)]
pub(super) fn sum_tile<'a, T: Number, S: Simd, const R: usize, const V: usize>(
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
