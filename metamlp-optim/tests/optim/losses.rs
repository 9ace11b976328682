//! Losses against optax 0.2.8, values and gradients; results that stay finite; errors.

mod shapes;
mod sixteen_bits;
mod special_points;

use std::f32::consts::LN_2;

use metamlp_optim::losses::*;
use metamlp_tensor::{F32, Tensor, grad};

type Loss = fn(&Tensor, &Tensor) -> Tensor;

/// A loss, its predictions and targets, its expected value and gradient.
type Case = (Loss, [f32; 6], [f32; 6], &'static [f32], [f32; 6]);

/// Two examples of three elements.
const X: [f32; 6] = [0.5, -1.0, 2.0, 0.0, 3.0, -0.25];
const Y: [f32; 6] = [1.0, -1.0, 0.0, 2.5, 0.5, -4.0];
const BIG: [f32; 6] = [100.0, -200.0, 0.0, 1e-4, -50.0, 50.0];
/// Signs, binary labels and probabilities.
const S: [f32; 6] = [1.0, -1.0, 1.0, -1.0, 1.0, -1.0];
const B: [f32; 6] = [1.0, 0.0, 1.0, 0.0, 1.0, 0.25];
const P: [f32; 6] = [0.2, 0.3, 0.5, 0.0, 0.75, 0.25];
/// `log_softmax` of `X` and of `Y`.
const Q: [f32; 6] = [-1.7413113, -3.2413113, -0.24131133, -3.084857, -0.08485691, -3.334857];
const R: [f32; 6] = [-0.40760604, -2.4076061, -1.407606, -0.12825142, -2.1282513, -6.6282516];

fn pair(values: [f32; 6]) -> Tensor {
    Tensor::from_vec([2, 3], values.to_vec())
}

#[track_caller]
fn near(found: &Tensor, expected: &[f32], what: &str) {
    let found = found.to_vec::<f32>().unwrap();
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let is_near = (found - expected).abs() <= 2e-6 * expected.abs().max(0.5);
        assert!(is_near, "{what}, element {i}: {found}, optax {expected}");
    }
}

#[test]
fn losses_and_gradients_are_optax_s() {
    let cases: &[Case] = &[
        (squared_error, X, Y, &[0.25, 0.0, 4.0, 6.25, 6.25, 14.0625], [-1.0, 0.0, 4.0, -5.0, 5.0, 7.5]),
        (l2_loss, X, Y, &[0.125, 0.0, 2.0, 3.125, 3.125, 7.03125], [-0.5, 0.0, 2.0, -2.5, 2.5, 3.75]),
        (huber_loss, X, Y, &[0.125, 0.0, 1.5, 2.0, 2.0, 3.25], [-0.5, 0.0, 1.0, -1.0, 1.0, 1.0]),
        (
            |x, y| huber_loss_with_delta(x, y, 0.5),
            X,
            Y,
            &[0.125, 0.0, 0.875, 1.125, 1.125, 1.75],
            [-0.5, 0.0, 0.5, -0.5, 0.5, 0.5],
        ),
        (
            log_cosh,
            X,
            Y,
            &[0.120114505, 0.0, 1.3250027, 1.8135681, 1.8135681, 3.0574057],
            [-0.4621172, 0.0, 0.96402764, -0.98661435, 0.98661435, 0.9988945],
        ),
        (
            log_cosh,
            BIG,
            Y,
            &[98.306854, 198.30685, 0.0, 1.8134696, 49.806854, 53.306854],
            [1.0, -1.0, 0.0, -0.9866116, -1.0, 1.0],
        ),
        (
            cosine_similarity,
            X,
            Y,
            &[0.46291003, 0.17507526],
            [0.26452002, -0.22043335, -0.17634667, 0.17507525, -0.022940893, -0.27529073],
        ),
        (
            |x, y| cosine_similarity_with_epsilon(x, y, 10.0),
            X,
            Y,
            &[0.15, 0.16666667],
            [0.1, -0.1, 0.0, 0.16666666, 0.033333335, -0.26666668],
        ),
        (
            cosine_distance,
            X,
            Y,
            &[0.53708994, 0.8249247],
            [-0.26452002, 0.22043335, 0.17634667, -0.17507525, 0.022940893, 0.27529073],
        ),
        (hinge_loss, X, S, &[0.5, 0.0, 0.0, 1.0, 0.0, 0.75], [-1.0, 0.5, -0.0, 1.0, -0.0, 1.0]),
        (
            sigmoid_binary_cross_entropy,
            X,
            B,
            &[0.474077, 0.3132617, 0.126928, LN_2, 0.048587352, 0.6384394],
            [-0.37754068, 0.2689414, -0.11920291, 0.5, -0.047425874, 0.18782349],
        ),
        (
            sigmoid_binary_cross_entropy,
            BIG,
            B,
            &[0.0, 0.0, LN_2, 0.6931972, 50.0, 37.5],
            [0.0, 0.0, -0.5, 0.500025, -1.0, 0.75],
        ),
        (
            softmax_cross_entropy,
            X,
            P,
            &[1.4413114, 0.8973569],
            [-0.024709608, -0.26088744, 0.28559703, 0.045736577, 0.16864371, -0.21438032],
        ),
        (softmax_cross_entropy, BIG, P, &[140.0, 75.0], [0.8, -0.3, -0.5, 1.9289411e-22, -0.75, 0.75]),
        (kl_divergence, Q, P, &[0.41165835, 0.3350218], [-0.2, -0.3, -0.5, -0.0, -0.75, -0.25]),
        (
            kl_divergence_with_log_targets,
            Q,
            R,
            &[0.6768687, 2.3531134],
            [-0.6652409, -0.09003056, -0.24472846, -0.8796322, -0.11904529, -0.0013224734],
        ),
        (
            generalized_kl_divergence,
            X,
            P,
            &[6.576004, 18.114502],
            [1.4487212, 0.06787944, 6.889056, 1.0, 19.335537, 0.5288008],
        ),
        (
            poly_loss_cross_entropy,
            X,
            P,
            &[2.5621307, 1.5015814],
            [0.05928615, -0.24996798, 0.1906817, 0.10957456, 0.07289839, -0.1824731],
        ),
        (
            |x, y| poly_loss_cross_entropy_with_epsilon(x, y, -1.0),
            X,
            P,
            &[0.8809017, 0.59524465],
            [-0.06670749, -0.26634717, 0.3330547, 0.013817586, 0.21651638, -0.23033394],
        ),
    ];
    for (i, &(loss, predictions, targets, expected, gradient)) in cases.iter().enumerate() {
        let (predictions, targets) = (pair(predictions), pair(targets));
        near(&loss(&predictions, &targets), expected, &format!("loss of case {i}"));
        let found = grad(&predictions, |x| loss(x, &targets).sum_all()).unwrap();
        near(&found, &gradient, &format!("gradient of case {i}"));
    }
}

#[test]
fn integer_labels_are_optax_s() {
    let labels = Tensor::from_vec([2], vec![2, 0]);
    let loss = |x: &Tensor| softmax_cross_entropy_with_integer_labels(x, &labels);
    near(&loss(&pair(X)), &[0.24131131, 3.084857], "loss");
    let gradient = grad(&pair(X), |x| loss(x).sum_all()).unwrap();
    near(&gradient, &[0.17529039, 0.03911257, -0.21440297, -0.95426345, 0.9186437, 0.035619684], "gradient");

    let of = |labels: [i32; 2]| {
        let labels = Tensor::from_vec([2], labels.to_vec());
        softmax_cross_entropy_with_integer_labels(&pair(X), &labels).to_vec::<f32>().unwrap()
    };
    assert_eq!(of([-1, -3]), of([2, 0]));
    assert!(of([3, -4]).iter().all(|loss| loss.is_nan()));
}

#[test]
fn smoothed_labels_are_optax_s() {
    near(&smooth_labels(&pair(P), 0.3), &[0.24, 0.31, 0.45, 0.1, 0.625, 0.275], "labels");
}

#[test]
fn gradients_at_kinks_are_optax_s() {
    let of = |loss: Loss, x: f32, y: f32| {
        let y = Tensor::scalar(y);
        grad(&Tensor::scalar(x), |x| loss(x, &y)).unwrap().item::<f32>().unwrap()
    };
    assert_eq!(of(sigmoid_binary_cross_entropy, 0.0, 0.25), 0.25);
    assert_eq!(of(huber_loss, 1.0, 0.0), 1.0);
    assert_eq!(of(hinge_loss, 1.0, 1.0), -0.5);
    assert_eq!(of(log_cosh, 0.0, 0.0), 0.0);
}

#[test]
fn what_has_no_weight_leaves_losses_and_gradients_finite() {
    let void = f32::NEG_INFINITY;
    let (masked, log_p) =
        ([1.0, void, 2.0, 0.0, 0.0, void], [0.0, void, void, 0.5f32.ln(), 0.5f32.ln(), void]);
    let p = [0.5, 0.0, 0.5, 0.5, 0.5, 0.0];
    let certain = [1.0, 0.0, 0.0, 0.5, 0.5, 0.0];
    let cases: &[(&str, Loss, [f32; 6], [f32; 6])] = &[
        ("softmax_cross_entropy", softmax_cross_entropy, masked, p),
        ("poly_loss_cross_entropy", poly_loss_cross_entropy, masked, p),
        ("kl_divergence", kl_divergence, log_p, certain),
        ("kl_divergence_with_log_targets", kl_divergence_with_log_targets, log_p, log_p),
        ("cosine_similarity", cosine_similarity, [0.0; 6], X),
        ("cosine_similarity", cosine_similarity, X, [0.0; 6]),
        ("sigmoid_binary_cross_entropy", sigmoid_binary_cross_entropy, BIG, B),
        ("log_cosh", log_cosh, BIG, Y),
    ];
    for &(name, loss, predictions, targets) in cases {
        let (predictions, targets) = (pair(predictions), pair(targets));
        let both = (predictions.clone(), targets.clone());
        let finite = |x: &Tensor| x.to_vec::<f32>().unwrap().iter().all(|x| x.is_finite());
        assert!(finite(&loss(&predictions, &targets)), "{name}");
        let (of_predictions, _) = grad(&both, |(x, y)| loss(x, y).sum_all()).unwrap();
        assert!(finite(&of_predictions), "{name}: {of_predictions}");
    }
    let labels = Tensor::from_vec([2], vec![2, 0]);
    let loss = |x: &Tensor| softmax_cross_entropy_with_integer_labels(x, &labels).sum_all();
    let gradient = grad(&pair(masked), loss).unwrap().to_vec::<f32>().unwrap();
    assert!(gradient.iter().all(|x| x.is_finite()), "{gradient:?}");
}

/// Three sequences of five frames of four classes.
const LOGITS: [f32; 60] = [
    0.126, -0.132, 0.64, 0.105, -0.536, 0.362, 1.304, 0.947, -0.704, -1.265, -0.623, 0.041, -2.325, -0.219,
    -1.246, -0.732, -0.544, -0.316, 0.412, 1.043, -0.129, 1.366, -0.665, 0.352, 0.903, 0.094, -0.743, -0.922,
    -0.458, 0.22, -1.01, -0.209, -0.159, 0.541, 0.215, 0.355, -0.654, -0.13, 0.784, 1.493, -1.259, 1.514,
    1.346, 0.781, 0.264, -0.314, 1.458, 1.96, 1.802, 1.315, 0.357, -1.208, -0.004, 0.656, -1.288, 0.395,
    0.43, 0.696, -1.184, -0.662,
];
const FRAME_PADDINGS: [i32; 15] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0];
const LABEL_PADDINGS: [i32; 9] = [0, 0, 0, 0, 0, 1, 0, 1, 1];

#[track_caller]
fn check_ctc(labels: [i32; 9], blank_id: usize, expected: [f32; 3], gradient: [f32; 60]) {
    let labels = Tensor::from_vec([3, 3], labels.to_vec());
    let frame_paddings = Tensor::from_vec([3, 5], FRAME_PADDINGS.to_vec());
    let label_paddings = Tensor::from_vec([3, 3], LABEL_PADDINGS.to_vec());
    let loss =
        |logits: &Tensor| ctc_loss_with_blank_id(logits, &frame_paddings, &labels, &label_paddings, blank_id);
    let logits = Tensor::from_vec([3, 5, 4], LOGITS.to_vec());
    near(&loss(&logits), &expected, "loss");
    near(&grad(&logits, |x| loss(x).sum_all()).unwrap(), &gradient, "gradient");
}

#[test]
fn ctc_is_optax_s() {
    check_ctc(
        [1, 2, 3, 2, 2, 0, 3, 0, 0],
        0,
        [3.7985773, 5.260929, 5.0430617],
        [
            0.05331304,
            -0.652616,
            0.3779495,
            0.22135341,
            0.016911278,
            -0.11972384,
            -0.20841363,
            0.3112261,
            -0.004387399,
            0.08034467,
            -0.2421751,
            0.16621777,
            -0.019673571,
            0.48111606,
            -0.07361397,
            -0.38782856,
            -0.021382019,
            0.12887664,
            0.26689512,
            -0.3743897,
            -0.0016119883,
            0.58199835,
            -0.79151505,
            0.21112862,
            -0.23481274,
            0.24748132,
            -0.10226678,
            0.08959818,
            -0.4032356,
            0.4079828,
            -0.27040926,
            0.26566204,
            0.004070788,
            0.32801256,
            -0.6044235,
            0.27234015,
            0.0,
            0.0,
            0.0,
            0.0,
            -0.10911302,
            0.4187091,
            0.3539573,
            -0.66355336,
            -0.06054557,
            0.054397278,
            0.31999785,
            -0.31384957,
            -0.36303103,
            0.32348806,
            0.124109246,
            -0.08456624,
            -0.68292326,
            0.41147822,
            0.058894996,
            0.21255004,
            -0.61637884,
            0.45951587,
            0.07011758,
            0.0867454,
        ],
    );
    check_ctc(
        [1, 2, 0, 2, 2, 0, 0, 0, 0],
        3,
        [4.585848, 5.884059, 4.613973],
        [
            0.22605102,
            -0.70279866,
            0.37794954,
            0.09879812,
            0.07063457,
            -0.020255955,
            -0.2052902,
            0.1549115,
            -0.07779855,
            0.09126425,
            -0.14262743,
            0.12916169,
            -0.27595967,
            0.48111612,
            -0.029899726,
            -0.17525679,
            -0.38848123,
            0.12887664,
            0.26689512,
            -0.007290542,
            0.13051228,
            0.58199817,
            -0.4123818,
            -0.30012867,
            0.555759,
            0.24748124,
            -0.58900654,
            -0.21423364,
            0.20710476,
            0.40798268,
            -0.029976571,
            -0.5851108,
            0.16288614,
            0.3280124,
            -0.6834107,
            0.19251215,
            0.0,
            0.0,
            0.0,
            0.0,
            0.0060326657,
            0.4187091,
            0.3539573,
            -0.778699,
            -0.06616033,
            0.054397278,
            0.31999785,
            -0.30823475,
            -0.41109943,
            0.32348803,
            0.12410923,
            -0.036497843,
            -0.49731505,
            0.41147822,
            0.058894996,
            0.026941841,
            -0.2104975,
            0.45951575,
            0.07011756,
            -0.31913587,
        ],
    );
}

#[test]
fn ctc_of_nothing_is_the_silence() {
    let (logits, none) = (Tensor::zeros([1, 3, 2], F32), Tensor::from_vec([1, 0], Vec::<i32>::new()));
    let loss = ctc_loss(&logits, &Tensor::zeros([1, 3], F32), &none, &Tensor::zeros([1, 0], F32));
    near(&loss, &[3.0 * 2.0f32.ln()], "loss");
}

/// A call through a function pointer does not know its caller's line.
#[track_caller]
fn refused_by_pointer(loss: &Tensor, expected: &str) -> String {
    let message = loss.evaluate().expect_err(expected).to_string();
    assert!(message.contains(expected), "{message}\nis not about\n{expected}");
    message
}

#[track_caller]
fn refused(loss: &Tensor, expected: &str) {
    let message = refused_by_pointer(loss, expected);
    assert!(message.starts_with(file!()), "not the caller's line: {message}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let (x, column, row) = (pair(X), Tensor::ones([3, 1], F32), Tensor::ones([3], F32));
    let whole = Tensor::from_vec([2, 3], vec![1, 2, 3, 4, 5, 6]);
    let alike: [(&str, Loss); 5] = [
        ("squared_error", squared_error),
        ("l2_loss", l2_loss),
        ("huber_loss", huber_loss),
        ("log_cosh", log_cosh),
        ("cosine_similarity", cosine_similarity),
    ];
    for (name, loss) in alike {
        let expected = format!("{name}: targets is f32[3], expected the shape of the predictions, f32[3, 1]");
        refused_by_pointer(&loss(&column, &row), &expected);
        refused_by_pointer(
            &loss(&whole, &x),
            &format!("{name}: predictions is i32[2, 3], expected a tensor of floats"),
        );
    }
    let of_logits: [(&str, Loss); 3] = [
        ("softmax_cross_entropy", softmax_cross_entropy),
        ("poly_loss_cross_entropy", poly_loss_cross_entropy),
        ("sigmoid_binary_cross_entropy", sigmoid_binary_cross_entropy),
    ];
    for (name, loss) in of_logits {
        refused_by_pointer(
            &loss(&whole, &x),
            &format!("{name}: logits is i32[2, 3], expected a tensor of floats"),
        );
    }
    refused(&squared_error(&column, &row), "squared_error: targets is f32[3]");
    refused(&softmax_cross_entropy(&x, &Tensor::ones([2, 4], F32)), "f32[2, 4]");
    refused(&kl_divergence(&x, &whole), "kl_divergence: targets is i32[2, 3], expected a tensor of floats");

    let of_labels = |labels: &Tensor, expected: &str| {
        refused(&softmax_cross_entropy_with_integer_labels(&x, labels), expected);
    };
    of_labels(&x, "labels is f32[2, 3], expected integers of shape [2], as the logits are f32[2, 3]");
    of_labels(&Tensor::from_vec([3], vec![0, 1, 2]), "labels is i32[3], expected integers of shape [2]");
    let scalar = Tensor::scalar(1.0f32);
    refused(
        &softmax_cross_entropy_with_integer_labels(&scalar, &Tensor::scalar(0)),
        "logits is f32[], expected a tensor with an axis of classes",
    );
    for delta in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let expected = format!("huber_loss: delta is {delta}, expected a positive finite number");
        refused(&huber_loss_with_delta(&x, &x, delta), &expected);
    }
    for alpha in [-0.1, 1.5, f64::NAN] {
        refused(&smooth_labels(&x, alpha), &format!("alpha is {alpha}, expected a number in [0, 1]"));
    }
    refused(&cosine_distance_with_epsilon(&x, &x, -1.0), "epsilon is -1, expected a finite number");
    refused(
        &poly_loss_cross_entropy_with_epsilon(&x, &x, f64::NAN),
        "epsilon is NaN, expected a finite number",
    );
}

#[test]
fn sequences_that_do_not_fit_are_refused() {
    let (logits, frames) = (Tensor::zeros([2, 4, 3], F32), Tensor::zeros([2, 4], F32));
    let (labels, said) = (Tensor::from_vec([2, 1], vec![1, 2]), Tensor::zeros([2, 1], F32));
    refused(
        &ctc_loss(&frames, &frames, &labels, &said),
        "logits is f32[2, 4], expected shape [batch, frames",
    );
    refused(&ctc_loss(&logits, &said, &labels, &said), "logit_paddings is f32[2, 1], expected shape [2, 4]");
    refused(
        &ctc_loss(&logits, &frames, &said, &said),
        "labels is f32[2, 1], expected integers of shape [2, labels]",
    );
    refused(
        &ctc_loss(&logits, &frames, &labels, &frames),
        "label_paddings is f32[2, 4], expected the shape of",
    );
    let of_blank = ctc_loss_with_blank_id(&logits, &frames, &labels, &said, 3);
    refused(&of_blank, "blank_id is 3, expected less than the classes, 3");
}
