//! `ln(1 + x)`. Knows the logarithm.
//!
//! A rational function near 0 (Cephes' `log1p`), `ln` of the rounded sum elsewhere: the method of XLA's CPU backend.

use super::log::{log_f32, log_f64};
use super::polynomial::{horner_f32, horner_f64};

const NUMERATOR_F32: [f32; 7] = [4.527e-5, 0.49854103, 6.5787325, 29.911919, 60.94967, 57.112965, 20.039553];
const DENOMINATOR_F32: [f32; 7] = [1.0, 15.062909, 83.04757, 221.7624, 309.09872, 216.42789, 60.11866];

const NUMERATOR_F64: [f64; 7] = [
    4.52700008624452e-5,
    0.49854102823193375,
    6.578732594206104,
    29.911919328553072,
    60.94966798098779,
    57.11296359058554,
    20.039553499201283,
];
const DENOMINATOR_F64: [f64; 7] = [
    1.0,
    15.062909083469192,
    83.04756596796722,
    221.76239823732857,
    309.09872225312057,
    216.42788614495947,
    60.11866049760384,
];

/// `ln(1 + x)`, bit for bit XLA's; within 3 ulp, 1.2 below `|x|` = 0.41.
///
/// ```
/// use metamlp_tensor::math::log1p::log1p_f32;
/// assert_eq!(log1p_f32(1e-20), 1e-20);
/// assert_eq!(log1p_f32(-1.0), f32::NEG_INFINITY);
/// ```
#[inline(always)]
pub fn log1p_f32(x: f32) -> f32 {
    let square = x * x;
    let y = (x * square) * (horner_f32(x, &NUMERATOR_F32) / horner_f32(x, &DENOMINATOR_F32));
    let near_zero = x + square.mul_add(-0.5, y);
    let elsewhere = log_f32(1.0 + x);
    if x.abs() < 0.41421357 { near_zero } else { elsewhere }
}

/// `ln(1 + x)` in double precision, by the same method; within 3 ulp.
///
/// For `-0.4143 < x < -0.35` the error is up to 130 ulp (3e-14), because XLA uses the rational function there, too, and
/// these are the bits of XLA.
///
/// ```
/// use metamlp_tensor::math::log1p::log1p_f64;
/// assert_eq!(log1p_f64(1e-20), 1e-20);
/// ```
#[inline(always)]
pub fn log1p_f64(x: f64) -> f64 {
    if x.abs() < 0.41421356237309503 {
        let square = x * x;
        let y = (x * square) * (horner_f64(x, &NUMERATOR_F64) / horner_f64(x, &DENOMINATOR_F64));
        x + square.mul_add(-0.5, y)
    } else {
        log_f64(1.0 + x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::Real;
    use crate::math::ulps::{assert_bits, worst_ulps};

    /// Pairs from XLA on a CPU with fused multiply-add.
    #[test]
    fn log1p_f32_has_the_bits_of_xla() {
        assert_bits(
            log1p_f32,
            &[
                (0xbe4d_d4c3, 0xbe65_c9e7),
                (0xbd38_792b, 0xbd3c_c1ab),
                (0x3b74_6bd7, 0x3b73_f772),
                (0x3d33_aec1, 0x3d2f_da64),
                (0x3ed0_07e5, 0x3eae_938b),
                (0x3e75_be0b, 0x3e5c_4284),
                (0xbf23_9e6c, 0xbf82_76ed),
                (0xbeda_5182, 0xbf0e_4ac5),
                (0xbf60_07ed, 0xc005_256e),
                (0x4105_d021, 0x400f_27b8),
                (0x41f6_5155, 0x405d_6298),
                (0x4026_5032, 0x3fa3_e94d),
            ],
        );
    }

    #[test]
    fn log1p_stays_within_its_ulps() {
        let worst = worst_ulps(f32::log1p_slice, f64::ln_1p, |_| true);
        assert!(worst <= 2.5, "{worst} ulps");
    }

    #[test]
    fn log1p_near_zero_stays_within_its_ulps() {
        let worst = worst_ulps(f32::log1p_slice, f64::ln_1p, |x| x.abs() < 0.41421357);
        assert!(worst <= 1.2, "{worst} ulps");
    }

    #[test]
    fn log1p_in_double_precision_agrees_with_the_platform() {
        for i in -99..300 {
            let x = f64::from(i) / 100.0;
            let (found, expected) = (log1p_f64(x), x.ln_1p());
            let ulps = if (-0.4143..-0.35).contains(&x) { 130.0 } else { 3.0 };
            assert!(
                (found - expected).abs() <= ulps * f64::EPSILON * expected.abs(),
                "at {x}: {found}, not {expected}"
            );
        }
        assert_eq!(log1p_f64(-1.0), f64::NEG_INFINITY);
        assert!(log1p_f64(-1.5).is_nan());
    }
}
