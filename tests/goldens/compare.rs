//! Compares a tensor with a golden array and describes differences. Knows nothing
//! of cases.

use std::fmt::Display;

use libtest_mimic::Failed;
use metamlp_tensor::Tensor;

use crate::case::{Array, Values};

/// The tolerance of values. Shapes and dtypes must be equal, except that the format
/// writes a scalar as `[1]`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tolerance {
    /// Equal bits.
    Bits,
    /// Floats at most this many representable numbers apart.
    Ulps(u64),
    /// `|found - expected| <= absolute + relative * |expected|`.
    Near { relative: f64, absolute: f64 },
}

/// Checks that `found`, called `what` in the message, agrees with `expected`.
pub(crate) fn compare(
    what: &str,
    found: &Tensor,
    expected: &Array,
    tolerance: Tolerance,
) -> Result<(), Failed> {
    let found = Array::of(found).map_err(|error| format!("{what}: {error}"))?;
    if found.shape != expected.shape && !(found.shape.is_empty() && expected.shape == [1]) {
        return Err(format!("{what}: shape is {:?}, expected {:?}", found.shape, expected.shape).into());
    }
    if found.dtype() != expected.dtype() {
        return Err(format!("{what}: dtype is {}, expected {}", found.dtype(), expected.dtype()).into());
    }
    let at = |index| unravel(index, &expected.shape);
    match (&found.values, &expected.values) {
        (Values::Bool(found), Values::Bool(expected)) => equal(what, found, expected, at),
        (Values::I32(found), Values::I32(expected)) => equal(what, found, expected, at),
        (Values::U32(found), Values::U32(expected)) => equal(what, found, expected, at),
        (Values::F32(found), Values::F32(expected)) => near(what, found, expected, tolerance, at),
        (Values::F64(found), Values::F64(expected)) => near(what, found, expected, tolerance, at),
        (found, expected) => Err(format!("{what}: {found:?} is no match for {expected:?}").into()),
    }
}

/// True if two numbers of a description are equal.
pub(crate) fn same<T: PartialEq + Display + Copy>(what: &str, found: T, expected: T) -> Result<(), Failed> {
    if found == expected { Ok(()) } else { Err(format!("{what} is {found}, expected {expected}").into()) }
}

fn equal<T: PartialEq + Display>(
    what: &str,
    found: &[T],
    expected: &[T],
    at: impl Fn(usize) -> Vec<usize>,
) -> Result<(), Failed> {
    let differing: Vec<usize> = (0..expected.len()).filter(|&i| found[i] != expected[i]).collect();
    let Some(&first) = differing.first() else { return Ok(()) };
    let (count, all) = (differing.len(), expected.len());
    let (found, expected) = (&found[first], &expected[first]);
    Err(format!(
        "{what}: {count} of {all} values differ, first at {:?}: {found}, expected {expected}",
        at(first)
    )
    .into())
}

fn near<F: Float>(
    what: &str,
    found: &[F],
    expected: &[F],
    tolerance: Tolerance,
    at: impl Fn(usize) -> Vec<usize>,
) -> Result<(), Failed> {
    let differing: Vec<usize> =
        (0..expected.len()).filter(|&i| !tolerance.allows(found[i], expected[i])).collect();
    let Some(&first) = differing.first() else { return Ok(()) };
    let worst_of = |distance: fn(F, F) -> f64| {
        (0..expected.len()).map(|i| distance(found[i], expected[i])).fold(0.0, f64::max)
    };
    let (count, all) = (differing.len(), expected.len());
    let bits: u32 = (0..all).map(|i| (found[i].bits() ^ expected[i].bits()).count_ones()).sum();
    let ulps = worst_of(|found, expected| ulps(found, expected) as f64);
    let absolute = worst_of(|found, expected| (found.wide() - expected.wide()).abs());
    let (found, expected) = (found[first], expected[first]);
    Err(format!(
        "{what}: {count} of {all} values differ by more than {tolerance:?} ({bits} bits in all; the furthest by {ulps} \
         ulp, {absolute:.3e}), first at {:?}: {found:?} ({:#x}), expected {expected:?} ({:#x})",
        at(first),
        found.bits(),
        expected.bits(),
    )
    .into())
}

impl Tolerance {
    fn allows<F: Float>(self, found: F, expected: F) -> bool {
        match self {
            Tolerance::Bits => found.bits() == expected.bits(),
            Tolerance::Ulps(most) => ulps(found, expected) <= most,
            Tolerance::Near { relative, absolute } => {
                let (found, expected) = (found.wide(), expected.wide());
                let equal = found == expected || (found.is_nan() && expected.is_nan());
                // Relative to infinity, every number would be close.
                equal
                    || (expected.is_finite()
                        && (found - expected).abs() <= absolute + relative * expected.abs())
            }
        }
    }
}

/// The number of representable numbers between two floats, counted across zero.
fn ulps<F: Float>(found: F, expected: F) -> u64 {
    if found.wide().is_nan() || expected.wide().is_nan() {
        return if found.bits() == expected.bits() { 0 } else { u64::MAX };
    }
    found.ordinal().abs_diff(expected.ordinal())
}

/// The multi-index of a row-major position.
fn unravel(mut index: usize, shape: &[usize]) -> Vec<usize> {
    let mut axes: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&size| {
            let axis = index % size;
            index /= size;
            axis
        })
        .collect();
    axes.reverse();
    axes
}

trait Float: Copy + std::fmt::Debug {
    fn wide(self) -> f64;
    fn bits(self) -> u64;
    /// The index among the representable numbers, 0 at both zeros.
    fn ordinal(self) -> i64;
}

impl Float for f32 {
    fn wide(self) -> f64 {
        self.into()
    }
    fn bits(self) -> u64 {
        self.to_bits().into()
    }
    fn ordinal(self) -> i64 {
        let magnitude = i64::from(self.abs().to_bits());
        if self.is_sign_negative() { -magnitude } else { magnitude }
    }
}

impl Float for f64 {
    fn wide(self) -> f64 {
        self
    }
    fn bits(self) -> u64 {
        self.to_bits()
    }
    fn ordinal(self) -> i64 {
        let magnitude = self.abs().to_bits().cast_signed();
        if self.is_sign_negative() { -magnitude } else { magnitude }
    }
}
