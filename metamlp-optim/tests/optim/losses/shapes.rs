//! Targets have the shape of the predictions, or `[]`. Any other shape is an error, even if it broadcasts.

use metamlp_optim::losses::*;
use metamlp_tensor::{F32, Tensor};

use super::{Loss, X, Y, pair, refused_by_pointer};

/// Every loss of two tensors, with the names of its arguments.
const LOSSES: &[(&str, Loss, &str, &str)] = &[
    ("squared_error", squared_error, "predictions", "targets"),
    ("l2_loss", l2_loss, "predictions", "targets"),
    ("huber_loss", huber_loss, "predictions", "targets"),
    ("log_cosh", log_cosh, "predictions", "targets"),
    ("cosine_similarity", cosine_similarity, "predictions", "targets"),
    ("hinge_loss", hinge_loss, "predictor_outputs", "targets"),
    ("sigmoid_binary_cross_entropy", sigmoid_binary_cross_entropy, "logits", "labels"),
    ("softmax_cross_entropy", softmax_cross_entropy, "logits", "labels"),
    ("poly_loss_cross_entropy", poly_loss_cross_entropy, "logits", "labels"),
    ("kl_divergence", kl_divergence, "log_predictions", "targets"),
    ("kl_divergence_with_log_targets", kl_divergence_with_log_targets, "log_predictions", "log_targets"),
    ("generalized_kl_divergence", generalized_kl_divergence, "log_predictions", "targets"),
];

#[test]
fn targets_of_another_shape_are_refused() {
    let of = |shape: &[usize]| Tensor::full(shape, 0.25, F32);
    for &(name, loss, predictions, targets) in LOSSES {
        for (left, right) in [
            (&[3, 1][..], &[3][..]),
            (&[3, 1], &[1, 3]),
            (&[2, 3], &[3]),
            (&[2, 3], &[1, 3]),
            (&[2, 3], &[2, 1]),
            (&[3], &[2, 3]),
            (&[1], &[3]),
            (&[3], &[1]),
            (&[2, 3], &[2, 4]),
            (&[], &[3]),
        ] {
            let (left, right) = (of(left), of(right));
            let expected = format!(
                "{name}: {targets} is {}, expected the shape of the {predictions}, {}, or one number",
                right.ty(),
                left.ty()
            );
            refused_by_pointer(&loss(&left, &right), &expected);
        }
    }
}

/// The classes as integers, given to the loss of probabilities.
#[test]
fn integer_classes_are_refused_as_probabilities() {
    let classes = Tensor::from_vec([3], vec![0, 1, 2]);
    let logits = Tensor::zeros([3, 3], F32);
    refused_by_pointer(&softmax_cross_entropy(&logits, &classes), "labels is i32[3]");
    assert!(softmax_cross_entropy_with_integer_labels(&logits, &classes).evaluate().is_ok());
}

#[test]
fn one_number_stands_for_all() {
    let one = Tensor::scalar(0.25f32);
    for &(name, loss, ..) in LOSSES {
        let (found, expected) = (loss(&pair(X), &one), loss(&pair(X), &one.broadcast_to([2, 3])));
        assert_eq!(found.to_vec::<f32>().unwrap(), expected.to_vec::<f32>().unwrap(), "{name}");
        // What broadcasts is allowed if it is asked for.
        let row = pair(Y).slice_axis(0, 0, 1).abs();
        assert!(loss(&pair(X), &row.broadcast_to([2, 3])).evaluate().is_ok(), "{name}");
    }
}
