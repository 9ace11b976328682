//! Dropout and `BatchApply`.

use metamlp::layers::BatchApply;
use metamlp::prelude::*;

use super::support::{near, normal, ones, values};

fn dropped(layer: &Dropout, seed: i64, x: &Tensor) -> Tensor {
    let options = Options::new().rng("dropout", Key::new(seed));
    layer.apply(&Variables::new(), options, |m| m.call(x)).unwrap()
}

#[test]
fn test_dropout() {
    let x = ones([20, 20]);
    let layer = Dropout::new(0.5).deterministic(false);
    let (a, b) = (dropped(&layer, 0, &x), dropped(&layer, 1, &x));
    assert_ne!(values(&a), values(&b));
    near(&a, &dropped(&layer, 0, &x), 0.0);
    near(&dropped(&Dropout::new(0.0).deterministic(false), 0, &x), &x, 0.0);
    let untouched = Dropout::new(0.5).deterministic(true);
    near(&untouched.apply(&Variables::new(), (), |m| m.call(&x)).unwrap(), &x, 0.0);
}

#[test]
fn test_dropout_rate_stats() {
    let n = 1000;
    for rate in [0.1, 0.3, 0.5, 0.7, 0.9] {
        let kept = dropped(&Dropout::new(rate).deterministic(false), 7, &ones([n]));
        let kept = values(&kept).iter().filter(|kept| **kept > 0.0).count() as f64;
        let four_sigma = 4.0 * (n as f64 * rate * (1.0 - rate)).sqrt();
        assert!((kept - n as f64 * (1.0 - rate)).abs() < four_sigma, "{rate}: {kept}");
    }
}

#[test]
fn test_dropout_rate_limits() {
    let x = normal(0, [4, 5]);
    near(&dropped(&Dropout::new(0.0).deterministic(false), 0, &x), &x, 0.0);
    near(&dropped(&Dropout::new(1.0).deterministic(false), 0, &x), &x.zeros_like(), 0.0);
    let gradient = grad(&x, |x| {
        let y = Dropout::new(1.0).deterministic(false).apply(&Variables::new(), (), |m| m.call(x))?;
        metamlp::tensor::Result::Ok(y.sum_all())
    });
    near(&gradient.unwrap(), &x.zeros_like(), 0.0);
}

#[test]
fn test_dropout_broadcast() {
    let layer = Dropout::new(0.5).broadcast_dims([0]).deterministic(false);
    let y = dropped(&layer, 3, &ones([4, 9]));
    for row in 1..4 {
        near(&y.index(row), &y.index(0), 0.0);
    }
}

#[test]
fn test_dropout_manual_rng() {
    let x = ones([3, 7]);
    let by_hand = Dropout::new(0.5).deterministic(false).rng(Key::new(5));
    let y = by_hand.apply(&Variables::new(), (), |m| m.call(&x)).unwrap();
    let mask = random::bernoulli(Key::new(5), 0.5, [3, 7]);
    near(&y, &mask.select(&x / 0.5, 0.0), 0.0);
}

#[test]
fn the_stream_can_have_another_name() {
    let x = ones([3, 7]);
    let layer = Dropout::new(0.5).deterministic(false).rng_collection("noise");
    let options = Options::new().rng("noise", Key::new(5));
    let y = layer.apply(&Variables::new(), options, |m| m.call(&x)).unwrap();
    near(&y, &dropped(&Dropout::new(0.5).deterministic(false), 5, &x), 0.0);
}

#[test]
fn test_batch_apply() {
    let x = normal(0, [2, 3, 4]);
    let y = BatchApply::new(|x: &Tensor| x.cumsum(0)).num_dims(2).call(&x);
    near(&y, &x.reshape([6, 4]).cumsum(0).reshape([2, 3, 4]), 0.0);
    // A tensor with too few axes is passed unchanged.
    let (sum, bias) =
        BatchApply::new(|(x, bias): &(Tensor, Tensor)| (x + bias, x.sum([-1]))).call(&(x.clone(), ones([4])));
    near(&sum, &(&x + 1.0), 0.0);
    assert_eq!(bias.shape(), [2, 3]);
}
