//! Every loss, with its first and second derivative, along a line of predictions through special points.
//! `special_points.py` wrote the numbers.

use std::collections::BTreeSet;

use metamlp_optim::losses::*;
use metamlp_tensor::{DType, F32, F64, Tensor, grad};

const TABLE: &str = include_str!("special_points.tsv");

type OfOne = Box<dyn Fn(&Tensor) -> Tensor>;

/// The losses as functions of one number `[]`, in the dtype of the number.
fn losses() -> Vec<(&'static str, OfOne)> {
    fn elementwise(loss: fn(&Tensor, &Tensor) -> Tensor, target: f64) -> OfOne {
        Box::new(move |x| loss(x, &Tensor::full([], target, x.dtype())))
    }
    fn along(loss: fn(&Tensor, &Tensor) -> Tensor, start: [f64; 3], targets: [f64; 3]) -> OfOne {
        let of = |values: [f64; 3], dtype| Tensor::from_vec([3], values.to_vec()).convert(dtype);
        Box::new(move |x| loss(&(x * of(LINE, x.dtype()) + of(start, x.dtype())), &of(targets, x.dtype())))
    }
    fn ctc(labels: [i32; 2]) -> OfOne {
        Box::new(move |x| {
            let steps = (Tensor::arange(4, F32) + 1.0).convert(x.dtype()).reshape([1, 4, 1]);
            let line = Tensor::from_vec([1, 1, 3], LINE.to_vec()).convert(x.dtype());
            let labels = Tensor::from_vec([1, 2], labels.to_vec());
            let none = |count| Tensor::zeros([1, count], F32);
            ctc_loss(&(x * steps * line), &none(4), &labels, &none(2)).sum_all()
        })
    }
    const LINE: [f64; 3] = [1.0, -0.5, 0.25];
    const ZERO: [f64; 3] = [0.0; 3];
    const LABELS: [f64; 3] = [0.2, 0.0, 0.8];
    let log_labels = [0.2, 0.3, 0.5].map(f64::ln);
    let (vector, beside) = ([1.0, 2.0, -2.0], [0.0, 1.0, 0.0]);
    vec![
        ("squared_error", elementwise(squared_error, 1.0)),
        ("l2_loss", elementwise(l2_loss, 1.0)),
        ("huber_loss", elementwise(huber_loss, 1.0)),
        ("huber_loss_with_delta", elementwise(|x, y| huber_loss_with_delta(x, y, 0.5), 1.0)),
        ("log_cosh", elementwise(log_cosh, 1.0)),
        ("hinge_loss", elementwise(hinge_loss, 1.0)),
        ("sigmoid_binary_cross_entropy", elementwise(sigmoid_binary_cross_entropy, 0.25)),
        ("softmax_cross_entropy", along(softmax_cross_entropy, ZERO, LABELS)),
        (
            "softmax_cross_entropy_with_integer_labels",
            along(|x, _| softmax_cross_entropy_with_integer_labels(x, &Tensor::scalar(2)), ZERO, ZERO),
        ),
        ("poly_loss_cross_entropy", along(poly_loss_cross_entropy, ZERO, LABELS)),
        ("kl_divergence", along(kl_divergence, ZERO, LABELS)),
        ("kl_divergence_with_log_targets", along(kl_divergence_with_log_targets, ZERO, log_labels)),
        ("generalized_kl_divergence", along(generalized_kl_divergence, ZERO, LABELS)),
        ("cosine_similarity", along(cosine_similarity, beside, vector)),
        ("cosine_distance", along(cosine_distance, beside, vector)),
        ("ctc_loss", ctc([1, 2])),
        ("ctc_loss, a label twice", ctc([1, 1])),
    ]
}

fn derivatives(f: &OfOne, x: f64, dtype: DType) -> [f64; 3] {
    let x = Tensor::full([], x, dtype);
    let first = |x: &Tensor| grad(x, |x| f(x));
    [f(&x), first(&x).unwrap(), grad(&x, first).unwrap()].map(|found| {
        assert_eq!(found.dtype(), dtype);
        found.convert(F64).item().unwrap()
    })
}

#[test]
fn losses_and_two_derivatives_are_right() {
    let (losses, mut wrong) = (losses(), Vec::new());
    for (dtype, tolerance) in [(F64, 1e-12), (F32, 4e-6)] {
        for line in TABLE.lines().skip(1) {
            let cells: Vec<&str> = line.split('\t').collect();
            let (_, f) = losses.iter().find(|(name, _)| *name == cells[0]).expect("a loss of the table");
            let found = derivatives(f, cells[1].parse().unwrap(), dtype);
            for (order, found) in found.into_iter().enumerate() {
                let Ok(expected) = cells[order + 2].parse::<f64>() else { continue };
                let is_near = (found - expected).abs() <= tolerance * (1.0 + expected.abs());
                if !(is_near || found == expected || found.is_nan() && expected.is_nan()) {
                    wrong.push(format!("{dtype}, derivative {order}: {found} in {line}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_loss_is_in_the_table() {
    let listed: BTreeSet<&str> = losses().iter().map(|(name, _)| *name).collect();
    let in_table: BTreeSet<&str> = TABLE.lines().skip(1).filter_map(|line| line.split('\t').next()).collect();
    assert_eq!(listed, in_table);
}

/// Where a logistic regression starts: the Hessian is `XᵀX / 4`.
#[test]
fn the_hessian_of_logistic_regression_at_zero_weights_is_that_of_the_features() {
    let (x, y) = (Tensor::from_vec([2, 1], vec![1.0f32, 3.0]), Tensor::from_vec([2], vec![1.0f32, 0.0]));
    let loss = |w: &Tensor| sigmoid_binary_cross_entropy(&x.matmul(w), &y).sum_all();
    let slope = |w: &Tensor| grad(w, loss).map(|slope| slope.sum_all());
    assert_eq!(grad(&Tensor::zeros([1], F32), slope).unwrap().to_vec::<f32>().unwrap(), [2.5]);
}

/// Two frames, two classes, all logits 0, label 1: with `p` and `q` the probabilities of the blank in both
/// frames the loss is `-ln(1 - p q)`.
#[test]
fn the_second_derivative_of_ctc_is_exact_at_equal_logits() {
    let none = |count| Tensor::zeros([1, count], F32);
    let loss = |x: &Tensor| ctc_loss(x, &none(2), &Tensor::from_vec([1, 1], vec![1]), &none(1)).sum_all();
    let slope = |x: &Tensor| grad(x, loss).map(|slope| slope.reshape([4]).index(0));
    let second = grad(&Tensor::zeros([1, 2, 2], F32), slope).unwrap().to_vec::<f32>().unwrap()[0];
    assert!((second - 1.0 / 36.0).abs() < 1e-6, "{second}");
}
