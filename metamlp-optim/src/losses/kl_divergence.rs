//! Kullback-Leibler divergence.
//!
//! Kullback and Leibler, "On information and sufficiency" (1951).

use metamlp_tensor::Tensor;

use super::{not_float, unlike, widened_pair};

/// `sum(targets · (ln(targets) - log_predictions))` over the last axis: `[.., classes]` to `[..]`
/// (optax's `kl_divergence`).
///
/// The predictions are log-probabilities, the targets probabilities. A target of 0 contributes 0.
///
/// ```
/// use metamlp_optim::losses::kl_divergence;
/// use metamlp_tensor::Tensor;
/// let targets = Tensor::from_vec([3], vec![0.0f32, 0.5, 0.5]);
/// assert_eq!(kl_divergence(&targets.log(), &targets).item::<f32>()?, 0.0);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn kl_divergence(log_predictions: &Tensor, targets: &Tensor) -> Tensor {
    if let Some(refusal) = refusal("kl_divergence", log_predictions, "targets", targets) {
        return refusal;
    }
    let (log_predictions, targets, dtype) = widened_pair(log_predictions, targets);
    divergence(&log_predictions, &targets).convert(dtype)
}

/// [`kl_divergence`] with targets that are log-probabilities.
#[track_caller]
#[must_use]
pub fn kl_divergence_with_log_targets(log_predictions: &Tensor, log_targets: &Tensor) -> Tensor {
    if let Some(refusal) =
        refusal("kl_divergence_with_log_targets", log_predictions, "log_targets", log_targets)
    {
        return refusal;
    }
    let (log_predictions, log_targets, dtype) = widened_pair(log_predictions, log_targets);
    let is_zero = log_targets.equal(f64::NEG_INFINITY);
    let difference = zero_where(&is_zero, &log_targets) - finite_where(&is_zero, &log_predictions);
    (log_targets.exp() * difference).sum([-1]).convert(dtype)
}

/// [`kl_divergence`] plus `sum(exp(log_predictions) - targets)` over the last axis: convex in both
/// arguments even if they do not sum to 1.
#[track_caller]
#[must_use]
pub fn generalized_kl_divergence(log_predictions: &Tensor, targets: &Tensor) -> Tensor {
    if let Some(refusal) = refusal("generalized_kl_divergence", log_predictions, "targets", targets) {
        return refusal;
    }
    let (log_predictions, targets, dtype) = widened_pair(log_predictions, targets);
    let excess = (log_predictions.exp() - &targets).sum([-1]);
    (divergence(&log_predictions, &targets) + excess).convert(dtype)
}

/// [`generalized_kl_divergence`] under its older optax name.
#[track_caller]
#[must_use]
pub fn convex_kl_divergence(log_predictions: &Tensor, targets: &Tensor) -> Tensor {
    generalized_kl_divergence(log_predictions, targets)
}

#[track_caller]
fn refusal(op: &'static str, predictions: &Tensor, name: &'static str, targets: &Tensor) -> Option<Tensor> {
    match unlike(op, ("log_predictions", predictions), (name, targets)) {
        None => not_float(op, name, targets),
        refusal => refusal,
    }
}

#[track_caller]
fn divergence(log_predictions: &Tensor, targets: &Tensor) -> Tensor {
    let is_zero = targets.equal(0.0);
    let log_targets = is_zero.select(Tensor::ones([], targets.dtype()), targets).log();
    (targets * (log_targets - finite_where(&is_zero, log_predictions))).sum([-1])
}

#[track_caller]
fn zero_where(condition: &Tensor, x: &Tensor) -> Tensor {
    condition.select(Tensor::zeros([], x.dtype()), x)
}

/// Replaces -inf by 0 where the target is 0: 0 times infinity is NaN.
#[track_caller]
fn finite_where(has_no_weight: &Tensor, log_predictions: &Tensor) -> Tensor {
    zero_where(&has_no_weight.and(log_predictions.equal(f64::NEG_INFINITY)), log_predictions)
}
