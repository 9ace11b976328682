//! SIMD vectors of both float types, as wide as the registers of the instruction set.

use std::ops::Add;

use pulp::Simd;

use crate::memory::Stored;

/// A float type with SIMD vectors.
pub(crate) trait Number: Stored + Add<Output = Self> {
    /// The elements of a register.
    type Vector<S: Simd>: Copy;
    /// A vector of equal elements.
    fn splat<S: Simd>(simd: S, x: Self) -> Self::Vector<S>;
    /// `x · y + sum`, rounded once if the instruction set has a fused multiply-add.
    fn mul_add<S: Simd>(
        simd: S,
        x: Self::Vector<S>,
        y: Self::Vector<S>,
        sum: Self::Vector<S>,
    ) -> Self::Vector<S>;
    /// The whole vectors in `elements`, from the first element on.
    fn vectors<S: Simd>(elements: &[Self]) -> &[Self::Vector<S>];
    /// The same as [`vectors`](Self::vectors), mutable.
    fn vectors_mut<S: Simd>(elements: &mut [Self]) -> &mut [Self::Vector<S>];
    /// Elements of a vector.
    fn lanes<S: Simd>() -> usize {
        size_of::<Self::Vector<S>>() / size_of::<Self>()
    }
}

macro_rules! number {
    ($number:ident, $vector:ident, $splat:ident, $mul_add:ident, $vectors:ident, $vectors_mut:ident) => {
        impl Number for $number {
            type Vector<S: Simd> = S::$vector;

            #[inline(always)]
            fn splat<S: Simd>(simd: S, x: Self) -> S::$vector {
                simd.$splat(x)
            }
            #[inline(always)]
            fn mul_add<S: Simd>(simd: S, x: S::$vector, y: S::$vector, sum: S::$vector) -> S::$vector {
                simd.$mul_add(x, y, sum)
            }
            #[inline(always)]
            fn vectors<S: Simd>(elements: &[Self]) -> &[S::$vector] {
                S::$vectors(elements).0
            }
            #[inline(always)]
            fn vectors_mut<S: Simd>(elements: &mut [Self]) -> &mut [S::$vector] {
                S::$vectors_mut(elements).0
            }
        }
    };
}

number!(f32, f32s, splat_f32s, mul_add_e_f32s, as_simd_f32s, as_mut_simd_f32s);
number!(f64, f64s, splat_f64s, mul_add_e_f64s, as_simd_f64s, as_mut_simd_f64s);
