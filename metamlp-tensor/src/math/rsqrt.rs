//! The reciprocal square root. Knows only numbers.

/// `1 / sqrt x`, within 1.5 ulp. Zero gives infinity of its sign, a negative number NaN.
///
/// ```
/// use metamlp_tensor::math::rsqrt::rsqrt_f32;
/// assert_eq!(rsqrt_f32(4.0), 0.5);
/// ```
#[inline(always)]
pub fn rsqrt_f32(x: f32) -> f32 {
    1.0 / x.sqrt()
}

/// [`rsqrt_f32`] in double precision.
///
/// ```
/// use metamlp_tensor::math::rsqrt::rsqrt_f64;
/// assert_eq!(rsqrt_f64(4.0), 0.5);
/// ```
#[inline(always)]
pub fn rsqrt_f64(x: f64) -> f64 {
    1.0 / x.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::Real;
    use crate::math::ulps::worst_ulps;

    #[test]
    fn rsqrt_stays_within_its_ulps() {
        let worst = worst_ulps(f32::rsqrt_slice, rsqrt_f64, |_| true);
        assert!(worst <= 1.5, "{worst} ulps");
    }
}
