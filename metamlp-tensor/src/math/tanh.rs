//! The hyperbolic tangent. Knows `e^x - 1`.

use super::exp::exp_m1_f64;
use super::polynomial::horner_f32;

/// From here on the single-precision result is 1.
const SATURATION: f32 = 9.02;
/// Minimax rational function for `tanh x / x` in `x^2`, up to the saturation.
const NUMERATOR: [f32; 6] = [-1.2203445e-11, 3.0584996e-8, 2.800745e-5, 0.0038683272, 0.13679914, 1.0];
const DENOMINATOR: [f32; 5] = [1.2873659e-6, 0.00039386304, 0.027245836, 0.47013247, 1.0];

/// `tanh x`, within 5 ulp, never past 1.
///
/// ```
/// use metamlp_tensor::math::tanh::tanh_f32;
/// assert_eq!(tanh_f32(1e-20), 1e-20);
/// assert_eq!(tanh_f32(f32::INFINITY), 1.0);
/// ```
#[inline(always)]
pub fn tanh_f32(x: f32) -> f32 {
    let clamped = if x > SATURATION { SATURATION } else { x };
    let clamped = if clamped < -SATURATION { -SATURATION } else { clamped };
    let square = clamped * clamped;
    let ratio = clamped * horner_f32(square, &NUMERATOR) / horner_f32(square, &DENOMINATOR);
    let ratio = if ratio > 1.0 { 1.0 } else { ratio };
    if ratio < -1.0 { -1.0 } else { ratio }
}

/// `tanh x` in double precision, by way of `e^2x - 1`, within 3 ulp.
///
/// ```
/// use metamlp_tensor::math::tanh::tanh_f64;
/// assert_eq!(tanh_f64(1e-20), 1e-20);
/// assert_eq!(tanh_f64(f64::NEG_INFINITY), -1.0);
/// ```
#[inline(always)]
pub fn tanh_f64(x: f64) -> f64 {
    let size = x.abs();
    let size = if size > 20.0 { 20.0 } else { size };
    let e = exp_m1_f64(2.0 * size);
    (e / (e + 2.0)).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::Real;
    use crate::math::ulps::worst_ulps;

    #[test]
    fn tanh_stays_within_its_ulps() {
        let worst = worst_ulps(f32::tanh_slice, f64::tanh, |_| true);
        assert!(worst <= 5.0, "{worst} ulps");
    }

    #[test]
    fn tanh_is_never_past_one() {
        for i in 0..30_000 {
            let x = 7.0 + i as f32 * 1e-4;
            assert!(tanh_f32(x) <= 1.0 && tanh_f32(-x) >= -1.0, "at {x}");
        }
    }

    #[test]
    fn tanh_in_double_precision_stays_near_the_platform() {
        for i in -25_000..=25_000 {
            for x in [f64::from(i) * 1e-3, f64::from(i) * 1e-9] {
                let (found, expected) = (tanh_f64(x), x.tanh());
                assert!((found - expected).abs() <= 3.0 * f64::EPSILON * expected.abs(), "at {x}: {found}");
            }
        }
        assert!(tanh_f64(f64::NAN).is_nan());
    }
}
