//! Losses of `f16` and `bf16`: the dtype stays, the numbers are those of `f64`, rounded once.

use metamlp_optim::losses::*;
use metamlp_tensor::{BF16, DType, F16, F32, F64, Tensor, grad};

use super::{B, Loss, P, Q, R, S, X, Y, pair};

/// Every loss of two tensors, with predictions and targets.
const LOSSES: &[(&str, Loss, [f32; 6], [f32; 6])] = &[
    ("squared_error", squared_error, X, Y),
    ("l2_loss", l2_loss, X, Y),
    ("huber_loss", huber_loss, X, Y),
    ("log_cosh", log_cosh, X, Y),
    ("cosine_similarity", cosine_similarity, X, Y),
    ("cosine_distance", cosine_distance, X, Y),
    ("hinge_loss", hinge_loss, X, S),
    ("sigmoid_binary_cross_entropy", sigmoid_binary_cross_entropy, X, B),
    ("softmax_cross_entropy", softmax_cross_entropy, X, P),
    ("poly_loss_cross_entropy", poly_loss_cross_entropy, X, P),
    ("kl_divergence", kl_divergence, Q, P),
    ("kl_divergence_with_log_targets", kl_divergence_with_log_targets, Q, R),
    ("generalized_kl_divergence", generalized_kl_divergence, X, P),
    ("convex_kl_divergence", convex_kl_divergence, X, P),
    ("smooth_labels", |x, _| smooth_labels(x, 0.3), P, P),
    (
        "softmax_cross_entropy_with_integer_labels",
        |x, _| softmax_cross_entropy_with_integer_labels(x, &Tensor::from_vec([2], vec![2, 0])),
        X,
        Y,
    ),
    ("ctc_loss", |x, _| of_frames(x), X, Y),
];

/// Two frames of three classes, label 2.
fn of_frames(logits: &Tensor) -> Tensor {
    let none = |count| Tensor::zeros([1, count], logits.dtype());
    ctc_loss(&logits.reshape([1, 2, 3]), &none(2), &Tensor::from_vec([1, 1], vec![2]), &none(1))
}

fn numbers(x: &Tensor) -> Vec<f64> {
    x.convert(F64).to_vec().unwrap()
}

#[track_caller]
fn near(found: &Tensor, expected: &Tensor, units: f64, what: &str) {
    let unit = if found.dtype() == F16 { 1e-3 } else { 8e-3 };
    for (found, expected) in numbers(found).into_iter().zip(numbers(expected)) {
        let is_near = (found - expected).abs() <= units * unit * (0.1 + expected.abs());
        assert!(is_near, "{what}: {found}, not {expected}");
    }
}

#[test]
fn losses_and_gradients_keep_the_dtype() {
    for dtype in [F16, BF16] {
        for &(name, loss, predictions, targets) in LOSSES {
            let (x, y) = (pair(predictions).convert(dtype), pair(targets).convert(dtype));
            let (wide_x, wide_y) = (x.convert(F64), y.convert(F64));
            let (found, what) = (loss(&x, &y), format!("{name} of {dtype}"));
            assert_eq!(found.dtype(), dtype, "{what}");
            near(&found, &loss(&wide_x, &wide_y), 4.0, &what);
            let slopes = |x: &Tensor, y: &Tensor| grad(x, |x| loss(x, y).sum_all()).unwrap();
            let found = slopes(&x, &y);
            assert_eq!(found.dtype(), dtype, "gradient of {what}");
            near(&found, &slopes(&wide_x, &wide_y), 4.0, &format!("gradient of {what}"));
        }
    }
}

#[test]
fn wider_targets_widen_a_loss_and_whole_ones_do_not() {
    let x = pair(X).convert(BF16);
    for (loss, targets) in [(squared_error as Loss, Y), (softmax_cross_entropy, P), (cosine_similarity, Y)] {
        assert_eq!(loss(&x, &pair(targets)).dtype(), F32);
    }
    let whole = Tensor::from_vec([2, 3], vec![1, 0, 0, 0, 1, 0]);
    assert_eq!(softmax_cross_entropy(&x, &whole).dtype(), BF16);
    assert_eq!(hinge_loss(&x, &whole).dtype(), BF16);
}

/// 300 times 300 is no `f16`, and 3,000 equal classes are more than `bf16` can count.
#[test]
fn sums_over_classes_are_those_of_f32() {
    for dtype in [F16, BF16] {
        let large = Tensor::full([4], 300.0, dtype);
        near(&cosine_similarity(&large, &large), &Tensor::scalar(1.0f64), 1.0, "cosine_similarity");
        let (many, labels) = (Tensor::zeros([3000], dtype), Tensor::full([3000], 1.0 / 3000.0, dtype));
        let expected = Tensor::scalar(3000f64.ln());
        near(&softmax_cross_entropy(&many, &labels), &expected, 1.0, "softmax_cross_entropy");
        let of_class = softmax_cross_entropy_with_integer_labels(&many, &Tensor::scalar(7));
        near(&of_class, &expected, 1.0, "softmax_cross_entropy_with_integer_labels");
    }
}

/// 300 frames and 100 labels: the loss is a sum of many logarithms. optax 0.2.8 gives 231.6.
#[test]
fn ctc_of_long_sequences_is_that_of_f32() {
    let wide = (Tensor::arange(1500, F32) * 0.7).sin().reshape([1, 300, 5]);
    let labels = Tensor::from_vec([1, 100], (0..100).map(|k| k % 4 + 1).collect::<Vec<i32>>());
    let none = |count| Tensor::zeros([1, count], F32);
    let loss = |logits: &Tensor| ctc_loss(logits, &none(300), &labels, &none(100));
    for dtype in [F16, BF16] {
        let logits = wide.convert(dtype);
        near(&loss(&logits), &loss(&logits.convert(F32)), 1.0, "ctc_loss");
    }
}

#[test]
fn ctc_is_finite_for_classes_without_weight_and_large_for_impossible_labels() {
    let none = |count| Tensor::zeros([1, count], F32);
    for dtype in [F16, BF16, F32, F64] {
        let of = |logits: &Tensor, labels: Vec<i32>| {
            let count = labels.len();
            ctc_loss(logits, &none(2), &Tensor::from_vec([1, count], labels), &none(count))
        };
        let check = |dtype: DType, logits: &Tensor, label: i32, expected: f64| {
            near(&of(logits, vec![label]), &Tensor::full([1], expected, F64), 1.0, "loss");
            let slopes = grad(logits, |x| of(x, vec![label]).sum_all()).unwrap();
            assert!(numbers(&slopes).iter().all(|slope| slope.is_finite()), "{dtype}: {slopes}");
        };
        check(dtype, &Tensor::zeros([1, 2, 3], dtype), 2, 3f64.ln());
        let void = f64::NEG_INFINITY;
        let masked = Tensor::from_vec([1, 2, 3], vec![0.0, void, 0.0, 0.0, void, 0.0]).convert(dtype);
        check(dtype, &masked, 2, (4.0f64 / 3.0).ln());
        let too_long = numbers(&of(&Tensor::zeros([1, 2, 3], dtype), vec![1, 2, 1]))[0];
        assert!(if dtype == F16 { too_long == f64::INFINITY } else { too_long > 9e4 }, "{too_long}");
    }
}
