//! Horner's rule with fused multiply-add, for any coefficients.

/// `((c0 * t + c1) * t + c2) ..`: the highest power comes first.
#[inline(always)]
pub(super) fn horner_f32<const N: usize>(t: f32, coefficients: &[f32; N]) -> f32 {
    let mut sum = coefficients[0];
    for &c in &coefficients[1..] {
        sum = sum.mul_add(t, c);
    }
    sum
}

/// [`horner_f32`] in double precision.
#[inline(always)]
pub(super) fn horner_f64<const N: usize>(t: f64, coefficients: &[f64; N]) -> f64 {
    let mut sum = coefficients[0];
    for &c in &coefficients[1..] {
        sum = sum.mul_add(t, c);
    }
    sum
}
