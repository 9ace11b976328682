//! The vectors that a product's kernel works on: as wide as the machine has
//! them, for both types of floats.

use std::ops::Add;

use pulp::Simd;

use crate::dtype::Element;

/// An element type with vectors.
pub(crate) trait Number: Element + Add<Output = Self> {
    /// As many as a register holds.
    type Vector<S: Simd>: Copy;
    /// `x` everywhere.
    fn splat<S: Simd>(simd: S, x: Self) -> Self::Vector<S>;
    /// `x · y + sum`, rounded once where the machine can.
    fn mul_add<S: Simd>(
        simd: S,
        x: Self::Vector<S>,
        y: Self::Vector<S>,
        sum: Self::Vector<S>,
    ) -> Self::Vector<S>;
    /// The vectors that lie in `elements`, from the first on.
    fn vectors<S: Simd>(elements: &[Self]) -> &[Self::Vector<S>];
    /// The same, to be written.
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
