//! Pooling.

use metamlp::Pooling;
use metamlp::prelude::*;
use metamlp::tensor::Padding;

use super::support::{near, normal, ones, values};

#[test]
fn test_avg_pool() {
    let x = Tensor::arange(9, F32).reshape([1, 3, 3, 1]);
    let y = avg_pool(&x, &Pooling::new([2, 2]));
    assert_eq!(values(&y), [2.0, 3.0, 5.0, 6.0]);
    // test_avg_pool_no_batch
    near(&avg_pool(&x.index(0), &Pooling::new([2, 2])), &y.index(0), 0.0);
    let twice = avg_pool(&Tensor::stack(&[&x, &x], 0), &Pooling::new([2, 2]));
    near(&twice.index(1), &y, 0.0);
}

#[test]
fn test_avg_pool_padding_same() {
    let x = Tensor::from_vec([1, 2, 2, 1], vec![1.0f32, 2.0, 3.0, 4.0]);
    let same = Pooling::new([2, 2]).padding(Padding::Same);
    assert_eq!(values(&avg_pool(&x, &same)), [10.0 / 4.0, 6.0 / 4.0, 7.0 / 4.0, 4.0 / 4.0]);
    let uncounted = same.count_include_pad(false);
    assert_eq!(values(&avg_pool(&x, &uncounted)), [10.0 / 4.0, 6.0 / 2.0, 7.0 / 2.0, 4.0]);
}

#[test]
fn test_max_pool() {
    let x = Tensor::arange(9, F32).reshape([1, 3, 3, 1]);
    assert_eq!(values(&max_pool(&x, &Pooling::new([2, 2]))), [4.0, 5.0, 7.0, 8.0]);
    assert_eq!(values(&min_pool(&x, &Pooling::new([2, 2]))), [0.0, 1.0, 3.0, 4.0]);
    // The gradient goes to the largest element of each window.
    let gradient = grad(&x, |x| max_pool(x, &Pooling::new([2, 2])).sum_all()).unwrap();
    assert_eq!(values(&gradient), [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
}

#[test]
fn test_pool_custom_padding() {
    let x = normal(0, [2, 5, 4]);
    let padded = max_pool(&x, &Pooling::new(3).padding([(1, 1)]));
    assert_eq!(padded.shape(), [2, 5, 4]);
    let by_hand = max_pool(&x.pad([0, 1, 0], [0, 1, 0], f64::NEG_INFINITY), &Pooling::new(3));
    near(&padded, &by_hand, 0.0);
}

#[test]
fn what_pooling_refuses() {
    let x = ones([1, 4, 4, 2]);
    for (field, pooling, x) in [
        ("window_shape", Pooling::new([2, 0]), &x),
        ("window_shape", Pooling::new(Vec::new()), &x),
        ("window_shape", Pooling::new([2, usize::MAX]), &x),
        ("strides", Pooling::new([2, 2]).strides([1, 1, 1]), &x),
        ("strides", Pooling::new([2, 2]).strides(0), &x),
        ("padding", Pooling::new([2, 2]).padding([(1, 1)]), &x),
        ("the input's shape", Pooling::new([2, 2]), &ones([4, 2])),
    ] {
        for pool in [avg_pool, max_pool, min_pool] {
            let error = pool(x, &pooling).evaluate().unwrap_err().to_string();
            assert!(error.contains(&format!("_pool: {field} is ")), "{error}");
        }
    }
}

/// Neither a sum nor a count of 16-bit floats is rounded before the quotient.
#[test]
fn averages_of_16_bit_floats_are_those_of_single_precision() {
    for dtype in [F16, BF16] {
        let numbers: Vec<f32> = (0..256 * 256).map(|i| 0.1 + (i % 7) as f32).collect();
        let x = Tensor::from_vec([1, 256, 256, 1], numbers).convert(dtype);
        for pooling in [
            Pooling::new([256, 256]),
            Pooling::new([255, 256]).padding(Padding::Same),
            Pooling::new([255, 256]).padding(Padding::Same).count_include_pad(false),
        ] {
            let right = avg_pool(&x.convert(F32), &pooling).convert(dtype);
            let found = avg_pool(&x, &pooling);
            assert_eq!(found.dtype(), dtype);
            let is_same = found.equal(&right).all_all().item::<bool>().unwrap();
            assert!(is_same, "{dtype}");
        }
    }
}
