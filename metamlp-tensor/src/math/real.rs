//! [`Real`]: the elementary functions, generic over the two float types. Knows the functions of this folder only.

use super::slices::{double, single};
use super::{erf, erf_inv, erfc, exp, log, log1p, logistic, rsqrt, tanh};

/// Generates the trait and its two implementations from one list: name, loops, `f32` function, `f64` function.
macro_rules! real {
    ($($(#[$doc:meta])* $name:ident, $slice:ident, $in_place:ident: $single:path, $double:path;)*) => {
        /// `f32` or `f64`, with the functions of [`crate::math`] for one number, for a slice, and for a slice in place.
        ///
        /// They are associated functions, called as `T::exp(x)`: as methods they would be hidden by the standard
        /// library's. A loop over two slices of different lengths stops at the end of the shorter one.
        ///
        /// ```
        /// use metamlp_tensor::math::Real;
        /// let mut out = [0.0_f32; 3];
        /// Real::exp_slice(&[0.0, f32::NEG_INFINITY, f32::INFINITY], &mut out);
        /// assert_eq!(out, [1.0, 0.0, f32::INFINITY]);
        /// ```
        pub trait Real: Copy + Send + Sync + 'static {
            $(
                $(#[$doc])*
                fn $name(x: Self) -> Self;
                #[doc = concat!("[`", stringify!($name), "`](Self::", stringify!($name), ") of every element of `x`, into `out`.")]
                fn $slice(x: &[Self], out: &mut [Self]);
                #[doc = concat!("[`", stringify!($name), "`](Self::", stringify!($name), ") of every element, in place.")]
                fn $in_place(x: &mut [Self]);
            )*
        }

        impl Real for f32 {
            $(
                #[inline(always)]
                fn $name(x: Self) -> Self {
                    $single(x)
                }
                fn $slice(x: &[Self], out: &mut [Self]) {
                    single::$slice(x, out);
                }
                fn $in_place(x: &mut [Self]) {
                    in_place(x, Self::$slice);
                }
            )*
        }

        impl Real for f64 {
            $(
                #[inline(always)]
                fn $name(x: Self) -> Self {
                    $double(x)
                }
                fn $slice(x: &[Self], out: &mut [Self]) {
                    double::$slice(x, out);
                }
                fn $in_place(x: &mut [Self]) {
                    in_place(x, Self::$slice);
                }
            )*
        }
    };
}

/// Elements that are copied at once by [`in_place`].
const BLOCK: usize = 256;

/// Applies a loop from slice to slice in place, by copying a block of elements at a time.
fn in_place<T: Copy + Default>(x: &mut [T], run: fn(&[T], &mut [T])) {
    let mut copy = [T::default(); BLOCK];
    for block in x.chunks_mut(BLOCK) {
        let copy = &mut copy[..block.len()];
        copy.copy_from_slice(block);
        run(copy, block);
    }
}

real! {
    /// The error function.
    erf, erf_slice, erf_in_place: erf::erf_f32, erf::erf_f64;
    /// The inverse of the error function.
    erf_inv, erf_inv_slice, erf_inv_in_place: erf_inv::erf_inv_f32, erf_inv::erf_inv_f64;
    /// `1 - erf x`.
    erfc, erfc_slice, erfc_in_place: erfc::erfc_f32, erfc::erfc_f64;
    /// `e^x`.
    exp, exp_slice, exp_in_place: exp::exp_f32, exp::exp_f64;
    /// `e^x - 1`.
    exp_m1, exp_m1_slice, exp_m1_in_place: exp::exp_m1_f32, exp::exp_m1_f64;
    /// The natural logarithm.
    log, log_slice, log_in_place: log::log_f32, log::log_f64;
    /// `ln(1 + x)`.
    log1p, log1p_slice, log1p_in_place: log1p::log1p_f32, log1p::log1p_f64;
    /// `1 / (1 + e^-x)`.
    logistic, logistic_slice, logistic_in_place: logistic::logistic_f32, logistic::logistic_f64;
    /// `1 / sqrt x`.
    rsqrt, rsqrt_slice, rsqrt_in_place: rsqrt::rsqrt_f32, rsqrt::rsqrt_f64;
    /// The hyperbolic tangent.
    tanh, tanh_slice, tanh_in_place: tanh::tanh_f32, tanh::tanh_f64;
}
