//! The functions of this folder over whole slices, compiled once per instruction set. Knows nothing of tensors.

/// For each scalar function a kernel that reads one slice and writes another, and one that works in place.
///
/// One macro, since an instruction set is an attribute of a function: a generic function that takes the scalar one as
/// an argument would be compiled for the weakest machine only.
macro_rules! kernels {
    ($number:ty: $($scalar:path => $slice:ident, $in_place:ident;)*) => {
        use crate::math::{erf, erf_inv, erfc, exp, log, log1p, logistic, rsqrt, tanh};
        use multiversion::multiversion;

        $(
            #[multiversion(targets(
                "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma",
                "x86_64+avx2+fma",
            ))]
            pub(in crate::math) fn $slice(x: &[$number], out: &mut [$number]) {
                for (out, &x) in out.iter_mut().zip(x) {
                    *out = $scalar(x);
                }
            }

            #[multiversion(targets(
                "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma",
                "x86_64+avx2+fma",
            ))]
            pub(in crate::math) fn $in_place(x: &mut [$number]) {
                for x in x {
                    *x = $scalar(*x);
                }
            }
        )*
    };
}

/// Kernels over `f32`.
pub(super) mod single {
    kernels! {
        f32:
        erf::erf_f32 => erf_slice, erf_in_place;
        erf_inv::erf_inv_f32 => erf_inv_slice, erf_inv_in_place;
        erfc::erfc_f32 => erfc_slice, erfc_in_place;
        exp::exp_f32 => exp_slice, exp_in_place;
        exp::exp_m1_f32 => exp_m1_slice, exp_m1_in_place;
        log::log_f32 => log_slice, log_in_place;
        log1p::log1p_f32 => log1p_slice, log1p_in_place;
        logistic::logistic_f32 => logistic_slice, logistic_in_place;
        rsqrt::rsqrt_f32 => rsqrt_slice, rsqrt_in_place;
        tanh::tanh_f32 => tanh_slice, tanh_in_place;
    }
}

/// Kernels over `f64`.
pub(super) mod double {
    kernels! {
        f64:
        erf::erf_f64 => erf_slice, erf_in_place;
        erf_inv::erf_inv_f64 => erf_inv_slice, erf_inv_in_place;
        erfc::erfc_f64 => erfc_slice, erfc_in_place;
        exp::exp_f64 => exp_slice, exp_in_place;
        exp::exp_m1_f64 => exp_m1_slice, exp_m1_in_place;
        log::log_f64 => log_slice, log_in_place;
        log1p::log1p_f64 => log1p_slice, log1p_in_place;
        logistic::logistic_f64 => logistic_slice, logistic_in_place;
        rsqrt::rsqrt_f64 => rsqrt_slice, rsqrt_in_place;
        tanh::tanh_f64 => tanh_slice, tanh_in_place;
    }
}
