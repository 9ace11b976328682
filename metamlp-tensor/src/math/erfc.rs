//! The complementary error function `1 - erf x`. Knows the exponential.

use super::exp::exp_f32;
use super::polynomial::horner_f32;

/// Minimax polynomial for `e^(x^2) erfc x` over `0 <= x <= 10.1` in `t = (x - 3) / (x + 3)`.
const SCALED: [f32; 12] = [
    5.0665994e-6,
    6.668142e-5,
    3.1040097e-5,
    -0.0006025813,
    0.00071228296,
    0.0042710816,
    -0.024393216,
    0.071665585,
    -0.15011588,
    0.24560381,
    -0.32623357,
    0.17900115,
];

/// `erfc x`, within 5 ulp, down to the denormal results.
///
/// ```
/// use metamlp_tensor::math::erfc::erfc_f32;
/// assert_eq!(erfc_f32(0.0), 1.0);
/// assert_eq!(erfc_f32(f32::NEG_INFINITY), 2.0);
/// ```
#[inline(always)]
pub fn erfc_f32(x: f32) -> f32 {
    let size = x.abs();
    let size = if size > 10.1 { 10.1 } else { size };
    // `rest` is the rounding error of the square, which the exponential would amplify.
    let square = size * size;
    let rest = size.mul_add(size, -square);
    let t = (size - 3.0) / (size + 3.0);
    let scaled = horner_f32(t, &SCALED);
    let tail = exp_f32(-square) * rest.mul_add(-scaled, scaled);
    if x < 0.0 { 2.0 - tail } else { tail }
}

/// `erfc x` in double precision: Sun's `s_erf.c`, within 1 ulp.
///
/// ```
/// use metamlp_tensor::math::erfc::erfc_f64;
/// assert!((erfc_f64(2.0) / 0.004677734981047266 - 1.0).abs() < 1e-14);
/// ```
#[inline(always)]
pub fn erfc_f64(x: f64) -> f64 {
    libm::erfc(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::Real;
    use crate::math::ulps::worst_ulps;

    #[test]
    fn erfc_stays_within_its_ulps() {
        let worst = worst_ulps(f32::erfc_slice, erfc_f64, |_| true);
        assert!(worst <= 5.0, "{worst} ulps");
    }

    #[test]
    fn erfc_goes_down_through_the_denormal_numbers() {
        assert!(erfc_f32(10.0) > 0.0);
        assert_eq!(erfc_f32(10.2), 0.0);
        assert_eq!(erfc_f32(-5.0), 2.0);
    }
}
