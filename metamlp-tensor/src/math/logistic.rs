//! The logistic function (sigmoid) `1 / (1 + e^-x)`. Knows the exponential.

use super::exp::{exp_f32, exp_f64};

/// `1 / (1 + e^-x)`, within 3 ulp, including denormal results.
///
/// ```
/// use metamlp_tensor::math::logistic::logistic_f32;
/// assert_eq!(logistic_f32(0.0), 0.5);
/// assert_eq!(logistic_f32(f32::NEG_INFINITY), 0.0);
/// ```
#[inline(always)]
pub fn logistic_f32(x: f32) -> f32 {
    // e^-|x| cannot overflow.
    let e = exp_f32(-x.abs());
    let numerator = if x < 0.0 { e } else { 1.0 };
    numerator / (1.0 + e)
}

/// [`logistic_f32`] in double precision.
///
/// ```
/// use metamlp_tensor::math::logistic::logistic_f64;
/// assert_eq!(logistic_f64(0.0), 0.5);
/// ```
#[inline(always)]
pub fn logistic_f64(x: f64) -> f64 {
    let e = exp_f64(-x.abs());
    let numerator = if x < 0.0 { e } else { 1.0 };
    numerator / (1.0 + e)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::Real;
    use crate::math::ulps::worst_ulps;

    #[test]
    fn logistic_stays_within_its_ulps() {
        let worst = worst_ulps(f32::logistic_slice, logistic_f64, |_| true);
        assert!(worst <= 3.0, "{worst} ulps");
    }
}
