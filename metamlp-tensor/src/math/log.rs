//! The natural logarithm. Knows only numbers.
//!
//! The single-precision form is the one of Cephes (`logf`) in the order of operations of XLA's CPU backend.

use super::polynomial::horner_f32;

const LOW: [f32; 3] = [0.20000714, -0.24999994, 0.3333333];
const MIDDLE: [f32; 3] = [-0.12420141, 0.14249323, -0.16668057];
const HIGH: [f32; 3] = [0.070376836, -0.1151461, 0.116769984];
/// `ln 2` in two parts; an exponent times the first one is exact.
const LN_2_HIGH: f32 = 0.6933594;
const LN_2_LOW: f32 = -0.00021219444;
/// Below the smallest normal number: scaled by `2^23` first.
const DENORMAL_SCALE: f32 = 8388608.0;

/// `ln x`, bit for bit XLA's on normal numbers; within 1.2 ulp.
///
/// Zero gives minus infinity, a negative number NaN. Denormal numbers get their logarithm (XLA takes them for zero).
///
/// ```
/// use metamlp_tensor::math::log::log_f32;
/// assert_eq!(log_f32(1.0), 0.0);
/// assert_eq!(log_f32(0.0), f32::NEG_INFINITY);
/// ```
#[inline(always)]
pub fn log_f32(x: f32) -> f32 {
    let denormal = x < f32::MIN_POSITIVE;
    let scaled = if denormal { x * DENORMAL_SCALE } else { x };
    let bias = if denormal { 126.0 + 23.0 } else { 126.0 };
    let bits = scaled.to_bits();
    let exponent = (bits >> 23) as i32 as f32 - bias;
    // In [0.5, 1), then in [sqrt(1/2), sqrt(2)) with 1 taken off.
    let mantissa = f32::from_bits((bits & 0x007f_ffff) | 0x3f00_0000);
    let low = mantissa < std::f32::consts::FRAC_1_SQRT_2;
    let e = if low { exponent - 1.0 } else { exponent };
    let z = mantissa - 1.0 + if low { mantissa } else { 0.0 };

    let z2 = z * z;
    let z3 = z2 * z;
    let p = horner_f32(z, &HIGH);
    let p = p.mul_add(z3, horner_f32(z, &MIDDLE));
    let p = p.mul_add(z3, horner_f32(z, &LOW));
    let p = p.mul_add(z3, e * LN_2_LOW);
    let sum = (-z2).mul_add(0.5, z) + p;
    let result = e.mul_add(LN_2_HIGH, sum);

    let at_zero = if x == 0.0 { f32::NEG_INFINITY } else { f32::NAN };
    let positive = if x < f32::INFINITY { result } else { x };
    if x > 0.0 { positive } else { at_zero }
}

/// `ln x` in double precision: the platform's.
#[inline(always)]
pub fn log_f64(x: f64) -> f64 {
    x.ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::Real;
    use crate::math::ulps::{assert_bits, worst_ulps};

    /// Pairs from XLA on a CPU with fused multiply-add.
    #[test]
    fn log_f32_has_the_bits_of_xla() {
        assert_bits(
            log_f32,
            &[
                (0x4dea_e7d7, 0x41a0_1f48),
                (0x6d4e_67ee, 0x427e_3782),
                (0x5f47_0855, 0x4230_7058),
                (0x1fbd_eb63, 0xc22f_de0e),
                (0x286a_49dc, 0xc1ff_c983),
                (0x6a95_e4b2, 0x426f_12ff),
                (0x3ed1_1d04, 0xbf65_3c18),
                (0x3fdb_6338, 0x3f09_ef6e),
                (0x3fd6_7098, 0x3f04_1880),
                (0x3f93_0878, 0x3e0d_f453),
                (0x3f62_85a7, 0xbdfa_8ac9),
                (0x3f58_7171, 0xbe2b_e0c5),
            ],
        );
    }

    #[test]
    fn log_stays_within_its_ulps() {
        let worst = worst_ulps(f32::log_slice, f64::ln, |_| true);
        assert!(worst <= 1.2, "{worst} ulps");
    }

    #[test]
    fn log_of_special_numbers() {
        assert_eq!(log_f32(-0.0), f32::NEG_INFINITY);
        assert_eq!(log_f32(f32::INFINITY), f32::INFINITY);
        assert!(
            log_f32(-1e-40).is_nan() && log_f32(f32::NEG_INFINITY).is_nan() && log_f32(f32::NAN).is_nan()
        );
    }
}
