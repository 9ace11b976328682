//! The inverse of the error function. Knows `log1p`.
//!
//! Giles, "Approximating the erfinv function", in the order of operations of XLA's CPU backend.

use super::log1p::{log1p_f32, log1p_f64};
use super::polynomial::{horner_f32, horner_f64};

// Polynomials in w = -ln(1 - x^2), shifted: one for the middle of (-1, 1), the others for its ends.
const CENTRAL_F32: [f32; 9] = [
    2.8102264e-8,
    3.4327394e-7,
    -3.5233877e-6,
    -4.3915065e-6,
    0.00021858087,
    -0.001253725,
    -0.0041776816,
    0.24664073,
    1.5014094,
];
const TAIL_F32: [f32; 9] = [
    -0.00020021426,
    0.00010095056,
    0.0013493432,
    -0.0036734284,
    0.0057395077,
    -0.0076224613,
    0.0094388705,
    1.001674,
    2.8329768,
];
const CENTRAL_F64: [f64; 23] = [
    -3.64441206401782e-21,
    -1.6850591381820166e-19,
    1.28584807152564e-18,
    1.1157877678025181e-17,
    -1.333171662854621e-16,
    2.0972767875968562e-17,
    6.637638134358324e-15,
    -4.054566272975207e-14,
    -8.151934197605472e-14,
    2.6335093153082323e-12,
    -1.2975133253453532e-11,
    -5.415412054294628e-11,
    1.0512122733215323e-9,
    -4.112633980346984e-9,
    -2.9070369957882005e-8,
    4.2347877827932404e-7,
    -1.3654692000834679e-6,
    -1.3882523362786469e-5,
    0.00018673420803405714,
    -0.000740702534166267,
    -0.006033670871430149,
    0.24015818242558962,
    1.6536545626831027,
];
const MIDDLE_F64: [f64; 19] = [
    2.2137376921775787e-9,
    9.075656193888539e-8,
    -2.7517406297064545e-7,
    1.8239629214389228e-8,
    1.5027403968909828e-6,
    -4.013867526981546e-6,
    2.9234449089955446e-6,
    1.2475304481671779e-5,
    -4.7318229009055734e-5,
    6.828485145957318e-5,
    2.4031110387097894e-5,
    -0.0003550375203628475,
    0.0009532893797373805,
    -0.0016882755560235047,
    0.002491442096107851,
    -0.003751208507569241,
    0.005370914553590064,
    1.0052589676941592,
    3.0838856104922208,
];
const TAIL_F64: [f64; 17] = [
    -2.7109920616438573e-11,
    -2.555641816996525e-10,
    1.5076572693500548e-9,
    -3.789465440126737e-9,
    7.61570120807834e-9,
    -1.496002662714924e-8,
    2.914795345090108e-8,
    -6.771199775845234e-8,
    2.2900482228026655e-7,
    -9.9298272942317e-7,
    4.526062597223154e-6,
    -1.968177810553167e-5,
    7.599527703001776e-5,
    -0.00021503011930044477,
    -0.00013871931833623122,
    1.0103004648645344,
    4.849906401408584,
];

/// The `y` with `erf y = x`, bit for bit XLA's. At `x` = ±1 it is infinite, outside NaN.
///
/// The relative error is up to 5e-6. JAX samples normal numbers with this polynomial.
///
/// ```
/// use metamlp_tensor::math::erf_inv::erf_inv_f32;
/// assert!((erf_inv_f32(0.5204999) - 0.5).abs() < 1e-5);
/// assert_eq!(erf_inv_f32(1.0), f32::INFINITY);
/// ```
#[inline(always)]
pub fn erf_inv_f32(x: f32) -> f32 {
    let w = -log1p_f32(-(x * x));
    let central = w < 5.0;
    let t = if central { w - 2.5 } else { w.sqrt() - 3.0 };
    let mut coefficients = [0.0; 9];
    for (c, (&a, &b)) in coefficients.iter_mut().zip(CENTRAL_F32.iter().zip(&TAIL_F32)) {
        *c = if central { a } else { b };
    }
    let y = horner_f32(t, &coefficients) * x;
    if x.abs() == 1.0 { x * f32::INFINITY } else { y }
}

/// [`erf_inv_f32`] in double precision.
///
/// ```
/// use metamlp_tensor::math::erf_inv::erf_inv_f64;
/// assert!((erf_inv_f64(0.520499877813046537) - 0.5).abs() < 1e-14);
/// ```
#[inline(always)]
pub fn erf_inv_f64(x: f64) -> f64 {
    if x.abs() == 1.0 {
        return x * f64::INFINITY;
    }
    let w = -log1p_f64(-(x * x));
    let p = if w < 6.25 {
        horner_f64(w - 3.125, &CENTRAL_F64)
    } else if w < 16.0 {
        horner_f64(w.sqrt() - 3.25, &MIDDLE_F64)
    } else {
        horner_f64(w.sqrt() - 5.0, &TAIL_F64)
    };
    p * x
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::Real;
    use crate::math::ulps::assert_bits;

    /// Pairs from XLA on a CPU with fused multiply-add.
    #[test]
    fn erf_inv_f32_has_the_bits_of_xla() {
        assert_bits(
            erf_inv_f32,
            &[
                (0xbf79_f622, 0xbfcc_e4b5),
                (0xbf1d_7d77, 0xbf1d_51e9),
                (0x3ec4_a411, 0x3eb5_9afa),
                (0xbf19_4a13, 0xbf17_f52f),
                (0xbe85_9846, 0xbe71_2d4b),
                (0xbf7e_168c, 0xbff2_21ac),
                (0x3f7f_ffff, 0x4075_47ca),
                (0xbf7f_fffe, 0xc06f_9c68),
                (0x3f7f_1aa0, 0x4004_253f),
                (0xbf7f_f972, 0xc030_10d3),
                (0x2edb_e6ff, 0x2ec2_e223),
                (0x3f80_0000, 0x7f80_0000),
            ],
        );
    }

    #[test]
    fn erf_inv_f64_has_the_bits_of_xla() {
        for (x, expected) in [
            (0x3fe5_1f80836785ce, 0x3fe5_98354d7253d4),
            (0xbfe6_1d4f4515861e, 0xbfe7_05e8f7982e3d),
            (0xbfdd_bf4e553bac60, 0xbfdc_0fe37d1170b5),
            (0x3fe8_575cacbdc0d8, 0x3fea_9fe0d0a4afad),
            (0x3fef_ff2e48e8a71e, 0x4006_022dcb01eab2),
            (0x3fef_ffffff768fa1, 0x4011_47af7e10db16),
            (0xbfef_ffffffffdcd1, 0xc014_2b0a68f70883),
        ] {
            let found = erf_inv_f64(f64::from_bits(x)).to_bits();
            assert_eq!(found, expected, "of {x:016x}: {found:016x}, not {expected:016x}");
        }
    }

    #[test]
    fn the_kernel_has_the_bits_of_the_function() {
        let x: Vec<f32> = (-1030..=1030).map(|i| i as f32 / 1024.0).collect();
        let (mut out, mut in_place) = (vec![0.0; x.len()], x.clone());
        f32::erf_inv_slice(&x, &mut out);
        f32::erf_inv_in_place(&mut in_place);
        for ((&x, y), z) in x.iter().zip(out).zip(in_place) {
            let expected = erf_inv_f32(x);
            assert!(expected.to_bits() == y.to_bits() || expected.is_nan() && y.is_nan(), "at {x}");
            assert!(y.to_bits() == z.to_bits() || y.is_nan() && z.is_nan(), "at {x}");
        }
    }

    #[test]
    fn erf_inv_of_special_numbers() {
        assert_eq!(erf_inv_f32(-1.0), f32::NEG_INFINITY);
        assert_eq!(erf_inv_f64(-1.0), f64::NEG_INFINITY);
        assert_eq!(erf_inv_f32(-0.0).to_bits(), (-0.0_f32).to_bits());
        assert!(erf_inv_f32(1.5).is_nan() && erf_inv_f32(f32::NAN).is_nan() && erf_inv_f64(-1.5).is_nan());
    }
}
