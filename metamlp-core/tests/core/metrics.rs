//! A struct of metrics with `#[derive(Tree)]` crosses `jit`.

use metamlp::metrics::{Accuracy, Average, Welford};
use metamlp::{F32, I32, Tensor, Tree, jit};

#[track_caller]
fn near(found: &Tensor, expected: f32) {
    let found = found.item::<f32>().unwrap();
    assert!((found - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{found}, expected {expected}");
}

fn logits() -> Tensor {
    let rows = [[9.0f32, 1.0, 0.0], [2.0, 3.0, 1.0], [0.0, 5.0, 1.0], [1.0, 2.0, 3.0]];
    Tensor::from_vec([4, 3], rows.concat())
}

#[derive(Clone, Debug, Default, Tree)]
struct Metrics {
    loss: Average,
    spread: Welford,
    accuracy: Accuracy,
}

#[test]
fn metrics_cross_jit_and_come_back_computed() {
    let step = |metrics: Metrics, x: Tensor, labels: Tensor| {
        Ok(Metrics {
            loss: metrics.loss.update(&x)?,
            spread: metrics.spread.update(&x)?,
            accuracy: metrics.accuracy.update(&x, &labels)?,
        })
    };
    let compiled = jit(step);
    let (mut one, mut other) = (Metrics::default(), Metrics::default());
    for label in 0..3 {
        let labels = Tensor::full([4], label, I32);
        one = step(one, logits(), labels.clone()).unwrap();
        other = compiled(other, logits(), labels).unwrap();
    }
    assert!(one.tensors().iter().all(Tensor::is_concrete));
    near(&one.accuracy.compute(), 1.0 / 3.0);
    for (one, other) in one.tensors().iter().zip(other.tensors()) {
        let (one, other) =
            (one.convert(F32).item::<f32>().unwrap(), other.convert(F32).item::<f32>().unwrap());
        assert!((one - other).abs() <= 1e-6 * one.abs(), "{one} {other}");
    }
}
