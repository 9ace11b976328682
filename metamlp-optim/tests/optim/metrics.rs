//! Metrics give the same result updated batch by batch, at once and merged; errors.

use metamlp_optim::metrics::*;
use metamlp_tensor::{BOOL, F32, I32, Tensor};

fn values() -> (Tensor, Tensor) {
    let first = Tensor::from_vec([2, 3], vec![0.5f32, -1.0, 2.0, 0.0, 3.0, -0.25]);
    (first, Tensor::from_vec([6], vec![1.0f32, -1.0, 0.0, 2.5, 0.5, -4.0]))
}

#[track_caller]
fn near(found: &Tensor, expected: f32) {
    let found = found.item::<f32>().unwrap();
    assert!((found - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{found}, expected {expected}");
}

#[test]
fn averages_add_up() {
    let (first, second) = values();
    let in_a_row = Average::new().update(&first).unwrap().update(&second).unwrap();
    let merged = Average::new().update(&second).unwrap();
    let merged = Average::new().update(&first).unwrap().merge(&merged).unwrap();
    for mean in [&in_a_row, &merged] {
        near(&mean.compute(), 0.2708333);
        assert_eq!(mean.count.item::<i32>().unwrap(), 12);
    }
    let mask = first.greater(0.0);
    near(&Average::new().update_masked(&first, &mask).unwrap().compute(), 5.5 / 3.0);
    near(&Average::new().update(&mask).unwrap().compute(), 0.5);
    assert!(Average::new().compute().item::<f32>().unwrap().is_nan());
    let masked_nan = Tensor::from_vec([2], vec![f32::NAN, 1.0]);
    let mask = Tensor::from_vec([2], vec![0, 1]);
    near(&Average::new().update_masked(&masked_nan, &mask).unwrap().compute(), 1.0);
}

/// The numbers are those of flax 0.12.8's `nnx.metrics.Welford`.
#[test]
fn welford_is_flax_s() {
    let (first, second) = values();
    let in_a_row = Welford::new().update(&first).unwrap().update(&second).unwrap();
    let other = Welford::new().update(&second).unwrap();
    let merged = Welford::new().update(&first).unwrap().merge(&other).unwrap();
    for values in [&in_a_row, &merged, &merged.merge(&Welford::new()).unwrap()] {
        let Statistics { mean, standard_error_of_mean, standard_deviation, .. } = values.compute();
        near(&mean, 0.2708333);
        near(&standard_error_of_mean, 0.5132433);
        near(&standard_deviation, 1.7779269);
    }
    let none = Welford::new().merge(&Welford::new()).unwrap();
    let none = none.update(&Tensor::zeros([0], F32)).unwrap();
    assert!(none.compute().mean.item::<f32>().unwrap().is_nan());
    assert_eq!(none.count.item::<i32>().unwrap(), 0);
}

/// A spread that is small beside the mean keeps its digits.
#[test]
fn welford_keeps_small_spreads() {
    let mut found = Welford::new();
    for _ in 0..100 {
        found = found.update(&Tensor::from_vec([2], vec![1e4f32 - 0.5, 1e4 + 0.5])).unwrap();
    }
    near(&found.compute().standard_deviation, 0.5);
}

fn logits() -> Tensor {
    let rows = [[9.0f32, 1.0, 0.0], [2.0, 3.0, 1.0], [0.0, 5.0, 1.0], [1.0, 2.0, 3.0]];
    Tensor::from_vec([4, 3], rows.concat())
}

#[test]
fn accuracies_count_what_is_right() {
    let labels = Tensor::from_vec([4], vec![0, 1, 2, 2]);
    let accuracy = Accuracy::new().update(&logits(), &labels).unwrap();
    near(&accuracy.compute(), 0.75);
    near(&accuracy.merge(&accuracy).unwrap().compute(), 0.75);
    let mask = Tensor::from_vec([4], vec![true, false, true, false]);
    near(&Accuracy::new().update_masked(&logits(), &labels, &mask).unwrap().compute(), 0.5);

    let answers = Tensor::from_vec([3], vec![0.7f32, 0.5, 0.2]);
    let binary = Accuracy::new().update_binary(&answers, &Tensor::from_vec([3], vec![1, 0, 0]), 0.5).unwrap();
    near(&binary.compute(), 2.0 / 3.0);
}

#[test]
fn confusions_are_counted_by_label_and_prediction() {
    let labels = Tensor::from_vec([2, 2], vec![0, 0, 2, 2]);
    let logits = logits().reshape([2, 2, 3]);
    let matrix = ConfusionMatrix::new(3).update(&logits, &labels).unwrap();
    let matrix = matrix.merge(&matrix).unwrap();
    assert_eq!(matrix.compute().to_vec::<i32>().unwrap(), [2, 2, 0, 0, 0, 0, 0, 2, 2]);
    let recall = matrix.recall().to_vec::<f32>().unwrap();
    assert!(recall[0] == 0.5 && recall[1].is_nan() && recall[2] == 0.5, "{recall:?}");
    assert_eq!(matrix.precision().to_vec::<f32>().unwrap(), [1.0, 0.0, 1.0]);
    let foreign = ConfusionMatrix::new(3).update(&logits, &Tensor::full([2, 2], 7, I32)).unwrap();
    assert_eq!(foreign.compute().to_vec::<i32>().unwrap(), [0; 9]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let labels = Tensor::from_vec([3], vec![0, 1, 2]);
    let mask = Tensor::full([3], true, BOOL);
    let (whole, scalar) = (Tensor::zeros([4], I32), Tensor::scalar(1.0f32));
    let cases = [
        (
            Accuracy::new().update(&logits(), &labels).map(drop),
            "accuracy: labels is i32[3], expected integers of shape [4], as the logits are f32[4, 3]",
        ),
        (Accuracy::new().update(&logits(), &Tensor::zeros([4], F32)).map(drop), "labels is f32[4]"),
        (
            Accuracy::new().update(&scalar, &Tensor::scalar(1)).map(drop),
            "expected a tensor with an axis of classes",
        ),
        (
            Accuracy::new().update_masked(&logits(), &whole, &mask).map(drop),
            "mask is bool[3], expected the shape",
        ),
        (
            Accuracy::new().update_binary(&logits(), &labels, 0.5).map(drop),
            "labels is i32[3], expected the shape",
        ),
        (
            ConfusionMatrix::new(2).update(&logits(), &whole).map(drop),
            "logits is f32[4, 3], expected 2 classes",
        ),
        (
            Average::new().update_masked(&whole, &mask).map(drop),
            "average: mask is bool[3], expected the shape",
        ),
    ];
    for (result, expected) in cases {
        let message = result.expect_err(expected).to_string();
        assert!(message.contains(expected), "{message}\nis not about\n{expected}");
        assert!(message.starts_with(file!()), "not the caller's line: {message}");
    }
}
