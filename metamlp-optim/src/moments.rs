//! Exponential moving averages of gradients and of their squares, and the correction of their bias.

use metamlp_tensor::{DType, F32, F64, Tensor};

use crate::hyperparam::Hyperparam;
use crate::leaves::Leaves;
use crate::precision::widened;

/// `(1 - decay) · g + decay · mean`.
pub(super) fn updated_mean(updates: &Leaves, mean: &Leaves, decay: &Hyperparam) -> Leaves {
    let rest = decay.complement();
    updates.zip_map(mean, |g, mean| g * &rest + mean * decay)
}

/// `(1 - decay) · g² + decay · mean`.
pub(super) fn updated_mean_square(updates: &Leaves, mean: &Leaves, decay: &Hyperparam) -> Leaves {
    let rest = decay.complement();
    updates.zip_map(mean, |g, mean| g.square() * &rest + mean * decay)
}

/// The bias of a moving average that started at 0, `1 - decay^count`, and its inverse. Multiplying by
/// the inverse is about three times faster than one division per element.
pub(super) struct Bias {
    f32: Tensor,
    inverse_f32: Tensor,
    inverse_f64: Tensor,
}

impl Bias {
    pub(super) fn new(decay: &Hyperparam, count: &Tensor) -> Self {
        let of = |dtype: DType| 1.0 - decay.tensor(dtype).power(count);
        let (f32, f64) = (of(F32), of(F64));
        Self { inverse_f32: 1.0 / &f32, inverse_f64: 1.0 / f64, f32 }
    }

    pub(super) fn corrected(&self, mean: &Tensor) -> Tensor {
        match mean.dtype() {
            F64 => mean * &self.inverse_f64,
            F32 => mean * &self.inverse_f32,
            dtype => mean / self.f32.convert(dtype),
        }
    }

    pub(super) fn corrected_all(&self, mean: &Leaves) -> Leaves {
        mean.map(|mean| self.corrected(mean))
    }
}

/// The bias-corrected mean of the gradients. With `nesterov`, that of the next step (Dozat,
/// "Incorporating Nesterov momentum into Adam", 2016).
pub(super) fn corrected_mean(
    updates: &Leaves,
    mean: &Leaves,
    decay: &Hyperparam,
    count: &Tensor,
    nesterov: bool,
) -> Leaves {
    let bias = Bias::new(decay, count);
    if !nesterov {
        return bias.corrected_all(mean);
    }
    let (ahead, rest) = (Bias::new(decay, &incremented(count)), decay.complement());
    mean.zip_map(updates, |mean, g| ahead.corrected(mean) * decay + bias.corrected(g) * &rest)
}

/// `mean / (√(square + eps_root) + eps)`. In `f16` a small `eps` would be 0, and a gradient of 0 NaN.
pub(super) fn normalized(mean: &Tensor, square: &Tensor, eps_root: &Hyperparam, eps: &Hyperparam) -> Tensor {
    let dtype = mean.dtype().promote(square.dtype());
    (widened(mean) / ((widened(square) + eps_root).sqrt() + eps)).convert(dtype)
}

/// `count + 1`, saturating at `i32::MAX`.
pub(super) fn incremented(count: &Tensor) -> Tensor {
    count.minimum(i32::MAX - 1) + 1
}
