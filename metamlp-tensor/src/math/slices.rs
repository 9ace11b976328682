//! The functions of this folder over whole slices. Knows nothing of tensors.

use super::simd::simd;

/// A loop over slices for each scalar function. The loop is a macro, because a generic function that takes the scalar
/// function as an argument would be compiled for the base instruction set only.
macro_rules! kernels {
    ($number:ty: $($scalar:path => $name:ident;)*) => {$(
        simd! {
            pub(in crate::math) fn $name(x: &[$number], out: &mut [$number]) {
                for (out, &x) in out.iter_mut().zip(x) {
                    *out = $scalar(x);
                }
            }
        }
    )*};
}

/// Loops over `f32`.
pub(super) mod single {
    use super::*;
    use crate::math::{erf, erf_inv, erfc, exp, log, log1p, logistic, rsqrt, tanh};

    kernels! {
        f32:
        erf::erf_f32 => erf_slice;
        erf_inv::erf_inv_f32 => erf_inv_slice;
        erfc::erfc_f32 => erfc_slice;
        exp::exp_f32 => exp_slice;
        exp::exp_m1_f32 => exp_m1_slice;
        log::log_f32 => log_slice;
        log1p::log1p_f32 => log1p_slice;
        logistic::logistic_f32 => logistic_slice;
        rsqrt::rsqrt_f32 => rsqrt_slice;
        tanh::tanh_f32 => tanh_slice;
    }
}

/// Loops over `f64`.
pub(super) mod double {
    use super::*;
    use crate::math::{erf, erf_inv, erfc, exp, log, log1p, logistic, rsqrt, tanh};

    kernels! {
        f64:
        erf_inv::erf_inv_f64 => erf_inv_slice;
        exp::exp_f64 => exp_slice;
        exp::exp_m1_f64 => exp_m1_slice;
        log1p::log1p_f64 => log1p_slice;
        logistic::logistic_f64 => logistic_slice;
        rsqrt::rsqrt_f64 => rsqrt_slice;
        tanh::tanh_f64 => tanh_slice;
    }

    /// Loops over functions that call a library for each element, which no instruction set makes faster.
    macro_rules! plain {
        ($($scalar:path => $name:ident;)*) => {$(
            pub(in crate::math) fn $name(x: &[f64], out: &mut [f64]) {
                for (out, &x) in out.iter_mut().zip(x) {
                    *out = $scalar(x);
                }
            }
        )*};
    }

    plain! {
        erf::erf_f64 => erf_slice;
        erfc::erfc_f64 => erfc_slice;
        log::log_f64 => log_slice;
    }
}
