//! Compares a gradient with finite differences in f64. Also included by the unit tests, so it uses the names of the
//! including module.

use super::{Tensor, grad};

const STEP: f64 = 1e-6;

/// Checks the gradient of `f` in every coordinate of a tensor with this shape and these values, from about 0 to 2.
#[track_caller]
pub(crate) fn check(shape: &[usize], values: &[f64], f: impl Fn(&Tensor) -> Tensor) {
    let loss = |x: &Tensor| {
        // With `sin` before the operation, coefficients after it, and two uses of its result.
        let y = f(&(x.sin() * 0.9 + x * 0.4));
        let count = y.size();
        let coefficients: Vec<f64> = (0..count).map(|i| 0.3 + ((i * 7) % 5) as f64 * 0.21).collect();
        let coefficients = Tensor::from_vec(y.shape(), coefficients);
        (&y * &coefficients + y.square() * 0.5).sum_all()
    };
    let x = Tensor::from_vec(shape, values.to_vec());
    let gradient = grad(&x, |x| loss(x)).unwrap().to_vec::<f64>().unwrap();
    for i in 0..values.len() {
        let at = |sign: f64| {
            let mut moved = values.to_vec();
            moved[i] += sign * STEP;
            loss(&Tensor::from_vec(shape, moved)).item::<f64>().unwrap()
        };
        let expected = (at(1.0) - at(-1.0)) / (2.0 * STEP);
        let error = (gradient[i] - expected).abs() / (1.0 + expected.abs());
        assert!(error < 2e-7, "coordinate {i}: {} but differences give {expected}", gradient[i]);
    }
}
