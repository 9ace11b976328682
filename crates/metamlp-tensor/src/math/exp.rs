//! The exponential function and `e^x - 1`. Knows only numbers.
//!
//! Cody and Waite's reduction, `x = n ln 2 + r` with `|r| <= ln 2 / 2`, then a minimax polynomial for
//! `(e^r - 1 - r) / r^2`.

use super::polynomial::horner_f32;

/// `1.5 * 2^23`: adding it rounds to an integer and leaves that integer in the low mantissa bits.
const ROUND: f32 = 12582912.0;
/// `ln 2` in two parts; `n` times the first one is exact.
const LN_2_HIGH: f32 = 0.69314575;
const LN_2_LOW: f32 = 1.4286068e-6;

const REMAINDER: [f32; 6] = [0.00019845882, 0.0013940668, 0.00833339, 0.04166636, 0.16666666, 0.5];

/// `e^r - 1` and the integer `n` of `x = n ln 2 + r`; `|x|` at most 150.
#[inline(always)]
fn reduce(x: f32) -> (f32, i32) {
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = (shifted.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    let whole = shifted - ROUND;
    let r = whole.mul_add(-LN_2_LOW, whole.mul_add(-LN_2_HIGH, x));
    ((horner_f32(r, &REMAINDER) * r).mul_add(r, r), n)
}

/// `2^n` for `n` in `-126..=127`.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) << 23) as u32)
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
    // Past these bounds the result is 0 and infinity; written so that a NaN stays.
    let x = if x < -104.0 { -104.0 } else { x };
    let x = if x > 89.0 { 89.0 } else { x };
    let (p, n) = reduce(x);
    // Two factors, because 2^n itself may be out of range where the result is not.
    let half = n >> 1;
    (1.0 + p) * power_of_two(half) * power_of_two(n.wrapping_sub(half))
}

/// `e^x` in double precision: the platform's.
#[inline(always)]
pub fn exp_f64(x: f64) -> f64 {
    x.exp()
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
    let (p, n) = reduce(x);
    // 2^n p + 2^n - 1, taken at half size since 2^128 is out of range.
    let half = power_of_two(n.wrapping_sub(1));
    let sum = half.mul_add(p, half - 0.5) * 2.0;
    // The sign is that of x, also where x is a negative zero.
    (if n == 0 { p } else { sum }).copysign(x)
}

/// `e^x - 1` in double precision: the platform's.
#[inline(always)]
pub fn exp_m1_f64(x: f64) -> f64 {
    x.exp_m1()
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
}
