//! The exponential function and `e^x - 1`. Knows only numbers.
//!
//! Cody and Waite's reduction, `x = n ln 2 + r` with `|r| <= ln 2 / 2`, then a minimax polynomial for
//! `(e^r - 1 - r) / r^2`.

use super::polynomial::{horner_f32, horner_f64};

/// `1.5 * 2^23 + 2 * 127`. Adding it to a number rounds the number to an integer; the low mantissa bits of the sum are
/// that integer plus twice the bias of an exponent.
const ROUND_F32: f32 = 12583166.0;
/// `1.5 * 2^52`. Adding it rounds to an integer, which is in the low mantissa bits of the sum.
const ROUND_F64: f64 = 6755399441055744.0;
// `ln 2` in two parts; `n` times the first one is exact.
const LN_2_HIGH_F32: f32 = 0.69314575;
const LN_2_LOW_F32: f32 = 1.4286068e-6;
const LN_2_HIGH_F64: f64 = 0.6931471805592082;
const LN_2_LOW_F64: f64 = 7.371002565167799e-13;

const REMAINDER_F32: [f32; 6] = [0.00019845882, 0.0013940668, 0.00833339, 0.04166636, 0.16666666, 0.5];
const REMAINDER_F64: [f64; 11] = [
    2.0914717341716378e-9,
    2.5105259538448494e-8,
    2.755727357010214e-7,
    2.7557255297969643e-6,
    2.4801587325605324e-5,
    0.0001984126987490126,
    0.001388888888888373,
    0.008333333333326112,
    0.04166666666666667,
    0.1666666666666667,
    0.5,
];

/// For `x = n ln 2 + r`: `e^r - 1`, and `n` plus the bits of [`ROUND_F32`]. `|x|` is at most 150.
#[inline(always)]
fn reduce_f32(x: f32) -> (f32, u32) {
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND_F32);
    let whole = shifted - ROUND_F32;
    let r = whole.mul_add(-LN_2_LOW_F32, whole.mul_add(-LN_2_HIGH_F32, x));
    ((horner_f32(r, &REMAINDER_F32) * r).mul_add(r, r), shifted.to_bits())
}

/// [`reduce_f32`] in double precision, with `n` in two's complement. `|x|` is at most 750.
#[inline(always)]
fn reduce_f64(x: f64) -> (f64, u64) {
    let shifted = x.mul_add(std::f64::consts::LOG2_E, ROUND_F64);
    let n = shifted.to_bits().wrapping_sub(ROUND_F64.to_bits());
    let whole = shifted - ROUND_F64;
    let r = whole.mul_add(-LN_2_LOW_F64, whole.mul_add(-LN_2_HIGH_F64, x));
    ((horner_f64(r, &REMAINDER_F64) * r).mul_add(r, r), n)
}

/// `2^n` from the low bits of `n + 127`, `n` in `-126..=127`.
#[inline(always)]
fn power_of_two(raised: u32) -> f32 {
    f32::from_bits(raised << 23)
}

/// `e^x`, within 1 ulp everywhere, denormal results included.
///
/// ```
/// use metamlp_tensor::math::exp::exp_f32;
/// assert_eq!(exp_f32(0.0), 1.0);
/// assert_eq!(exp_f32(f32::NEG_INFINITY), 0.0);
/// ```
#[inline(always)]
pub fn exp_f32(x: f32) -> f32 {
    // Beyond these bounds the result is 0 or infinity. The comparisons keep a NaN.
    let x = if x < -104.0 { -104.0 } else { x };
    let x = if x > 89.0 { 89.0 } else { x };
    let (p, raised) = reduce_f32(x);
    // Two factors, because 2^n itself may be out of range where the result is not.
    let half = raised >> 1;
    (1.0 + p) * power_of_two(half) * power_of_two(raised.wrapping_sub(half))
}

/// `e^x` in double precision, within 1 ulp everywhere.
///
/// ```
/// use metamlp_tensor::math::exp::exp_f64;
/// assert!((exp_f64(1.0) - std::f64::consts::E).abs() < 1e-15);
/// assert_eq!(exp_f64(f64::NEG_INFINITY), 0.0);
/// ```
#[inline(always)]
pub fn exp_f64(x: f64) -> f64 {
    let x = if x < -746.0 { -746.0 } else { x };
    let x = if x > 710.0 { 710.0 } else { x };
    let (p, n) = reduce_f64(x);
    // Two factors, as above. AVX2 cannot shift signed 64-bit numbers, so an even number makes n positive first.
    let raised = n.wrapping_add(2 * 1049);
    let half = raised >> 1;
    let power = |raised: u64| f64::from_bits(raised.wrapping_add(1023).wrapping_sub(1049) << 52);
    (1.0 + p) * power(half) * power(raised.wrapping_sub(half))
}

/// `e^x - 1`, within 2 ulp, accurate near 0.
///
/// ```
/// use metamlp_tensor::math::exp::exp_m1_f32;
/// assert_eq!(exp_m1_f32(1e-20), 1e-20);
/// assert_eq!(exp_m1_f32(f32::NEG_INFINITY), -1.0);
/// ```
#[inline(always)]
pub fn exp_m1_f32(x: f32) -> f32 {
    let x = if x < -18.0 { -18.0 } else { x };
    let x = if x > 89.0 { 89.0 } else { x };
    let (p, raised) = reduce_f32(x);
    let n = raised.wrapping_sub(ROUND_F32.to_bits());
    // 2^n p + 2^n - 1, computed at half size because 2^128 is out of range.
    let half = power_of_two(n.wrapping_add(126));
    let sum = half.mul_add(p, half - 0.5) * 2.0;
    // The sign is that of x, also where x is a negative zero.
    (if n == 0 { p } else { sum }).copysign(x)
}

/// `e^x - 1` in double precision, within 2 ulp, accurate near 0.
///
/// ```
/// use metamlp_tensor::math::exp::exp_m1_f64;
/// assert_eq!(exp_m1_f64(1e-20), 1e-20);
/// ```
#[inline(always)]
pub fn exp_m1_f64(x: f64) -> f64 {
    let x = if x < -38.0 { -38.0 } else { x };
    let x = if x > 710.0 { 710.0 } else { x };
    let (p, n) = reduce_f64(x);
    let half = f64::from_bits(n.wrapping_add(1022) << 52);
    let sum = half.mul_add(p, half - 0.5) * 2.0;
    (if n == 0 { p } else { sum }).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::Real;
    use crate::math::ulps::worst_ulps;

    #[test]
    fn exp_stays_within_its_ulps() {
        let worst = worst_ulps(f32::exp_slice, f64::exp, |_| true);
        assert!(worst <= 1.0, "{worst} ulps");
    }

    #[test]
    fn exp_m1_stays_within_its_ulps() {
        let worst = worst_ulps(f32::exp_m1_slice, f64::exp_m1, |_| true);
        assert!(worst <= 1.5, "{worst} ulps");
    }

    #[test]
    fn exp_goes_down_through_the_denormal_numbers() {
        assert_eq!(exp_f32(-103.0).to_bits(), 1);
        assert_eq!(exp_f32(-104.0), 0.0);
        assert!(exp_f32(88.72) < f32::INFINITY);
        assert_eq!(exp_f32(88.73), f32::INFINITY);
    }

    #[test]
    fn exp_m1_keeps_the_sign_of_zero() {
        assert_eq!(exp_m1_f32(-0.0).to_bits(), (-0.0_f32).to_bits());
        assert_eq!(exp_m1_f32(1e-45).to_bits(), 1);
    }

    /// Numbers of every size at which the result is neither 0 nor infinite, and what the platform gives there.
    fn assert_near(function: impl Fn(f64) -> f64, platform: impl Fn(f64) -> f64, ulps: f64) {
        for i in -74_000..=70_900 {
            for x in [f64::from(i) / 100.0, f64::from(i) * 1e-5, f64::from(i) * 1e-14] {
                let (found, expected) = (function(x), platform(x));
                let error = (found - expected).abs() / expected.abs().max(f64::MIN_POSITIVE);
                assert!(error <= ulps * f64::EPSILON, "at {x}: {found}, not {expected}");
            }
        }
    }

    #[test]
    fn doubles_stay_near_the_platform() {
        assert_near(exp_f64, f64::exp, 1.5);
        assert_near(exp_m1_f64, f64::exp_m1, 2.5);
    }

    #[test]
    fn doubles_at_the_ends_of_the_range() {
        assert_eq!(exp_f64(-745.1).to_bits(), 1);
        assert_eq!(exp_f64(-746.0), 0.0);
        assert!(exp_f64(709.78) < f64::INFINITY);
        assert_eq!(exp_f64(709.79), f64::INFINITY);
        assert_eq!(exp_m1_f64(f64::NEG_INFINITY), -1.0);
        assert_eq!(exp_m1_f64(f64::INFINITY), f64::INFINITY);
        assert_eq!(exp_m1_f64(-0.0).to_bits(), (-0.0_f64).to_bits());
        assert!(exp_f64(f64::NAN).is_nan() && exp_m1_f64(f64::NAN).is_nan());
    }
}
