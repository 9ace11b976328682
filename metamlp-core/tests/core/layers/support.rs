//! Inputs and comparisons for the tests of layers.

use metamlp::prelude::*;

/// Samples of a normal distribution.
pub(crate) fn normal(seed: i64, shape: impl AsRef<[usize]>) -> Tensor {
    random::normal(Key::new(seed), shape)
}

pub(crate) fn ones(shape: impl AsRef<[usize]>) -> Tensor {
    Tensor::ones(shape, F32)
}

#[track_caller]
pub(crate) fn values(x: &Tensor) -> Vec<f32> {
    x.to_vec().unwrap()
}

/// Checks that two tensors of the same shape differ by at most `tolerance`.
#[track_caller]
pub(crate) fn near(found: &Tensor, expected: &Tensor, tolerance: f32) {
    assert_eq!(found.shape(), expected.shape());
    for (found, expected) in values(found).iter().zip(values(expected)) {
        assert!((found - expected).abs() <= tolerance, "{found} is not {expected}");
    }
}

/// The variables' names and types, one line each.
pub(crate) fn shapes(variables: &Variables) -> String {
    variables.to_string()
}

/// The shape of a parameter.
#[track_caller]
pub(crate) fn shape(variables: &Variables, path: &str) -> Vec<usize> {
    variables.get(path).and_then(Entry::as_tensor).unwrap_or_else(|| panic!("no {path}")).shape().to_vec()
}
