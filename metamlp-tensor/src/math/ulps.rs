//! Test support: the error of a single-precision loop against a double-precision reference, in ulps.

/// The size of one unit in the last place of `value`; that of the smallest numbers for zero and denormal ones.
fn ulp(value: f32) -> f64 {
    let exponent = (value.abs().to_bits() >> 23).max(1) as i32;
    2.0_f64.powi(exponent - 150)
}

/// Every 9973rd float, of all signs and sizes, and special values.
pub(super) fn sweep() -> Vec<f32> {
    let mut numbers: Vec<f32> = (0..=u32::MAX / 9973).map(|i| f32::from_bits(i * 9973)).collect();
    for special in
        [0.0, 1.0, 1e-45, f32::MIN_POSITIVE, f32::MAX, f32::INFINITY, f32::NAN, 88.7, 88.8, 103.9, 104.1]
    {
        numbers.extend([special, -special]);
    }
    numbers
}

/// The largest error of `kernel` over the numbers of [`sweep`] for which `domain` is true.
///
/// The error is infinite if only one of the result and the rounded reference is infinite or NaN.
pub(super) fn worst_ulps(
    kernel: impl Fn(&[f32], &mut [f32]),
    reference: impl Fn(f64) -> f64,
    domain: impl Fn(f32) -> bool,
) -> f64 {
    let x: Vec<f32> = sweep().into_iter().filter(|&x| domain(x)).collect();
    let mut out = vec![0.0; x.len()];
    kernel(&x, &mut out);
    let mut worst = 0.0;
    for (&x, &found) in x.iter().zip(&out) {
        let exact = reference(f64::from(x));
        let rounded = exact as f32;
        let error = if found.is_nan() && rounded.is_nan() || found.is_infinite() && found == rounded {
            0.0
        } else if found.is_finite() && rounded.is_finite() {
            (f64::from(found) - exact).abs() / ulp(rounded)
        } else {
            f64::INFINITY
        };
        worst = f64::max(worst, error);
    }
    worst
}

/// Asserts that `function` maps each bit pattern on the left to the one on the right.
pub(super) fn assert_bits(function: impl Fn(f32) -> f32, cases: &[(u32, u32)]) {
    for &(x, expected) in cases {
        let found = function(f32::from_bits(x)).to_bits();
        assert_eq!(found, expected, "of {x:08x}: {found:08x}, not {expected:08x}");
    }
}
