//! The loss of the model, and its mean over the held-out text.

use metamlp::Map;
use metamlp::data::Batches;
use metamlp::prelude::*;
use metamlp::tensor;

use crate::error::Result;
use crate::model::CharTransformer;
use crate::text::{Text, windows};

/// The mean cross-entropy of the next characters in windows `[batch, length + 1]`,
/// in nats per character. The first `length` ids are the model's input.
pub(crate) fn loss(
    model: &CharTransformer,
    variables: &Variables,
    windows: &Tensor,
) -> metamlp::Result<Tensor> {
    let length = windows.shape()[1] - 1;
    let (seen, next) = (windows.slice_axis(1, 0, length), windows.slice_axis(1, 1, length + 1));
    let logits = model.apply(variables, (), |m| m.call(&seen))?;
    Ok(losses::softmax_cross_entropy_with_integer_labels(&logits, &next).mean_all())
}

/// The loss of parameters on windows, compiled.
type Loss = Box<dyn Fn(Map, Tensor) -> tensor::Result<Tensor> + Send + Sync>;

/// The held-out text in adjacent windows.
pub(crate) struct HeldOut {
    windows: Batches<Tensor>,
    loss: Loss,
}

impl HeldOut {
    /// Splits the text into batches of up to `batch` windows.
    pub(crate) fn new(model: &CharTransformer, text: &Text, batch: usize) -> Result<Self> {
        let (held_out, length) = (text.held_out(), model.context + 1);
        let count = held_out.size() / length;
        let starts = Tensor::arange(count, I32) * Tensor::scalar(length as i32);
        let windows = Batches::new(windows(&held_out, &starts, length), batch.min(count))?;
        let model = model.clone();
        let loss = jit(move |params: Map, windows: Tensor| {
            Ok(loss(&model, &Variables::from_params(params), &windows)?)
        });
        Ok(Self { windows, loss })
    }

    /// The mean loss of these parameters, in nats per character. `show` gets the number of batches that are done, after
    /// each.
    pub(crate) fn loss(&self, params: &Map, mut show: impl FnMut(usize)) -> Result<f64> {
        let mut sum = 0.0;
        for (done, windows) in (1..).zip(self.windows.in_order()) {
            sum += f64::from((self.loss)(params.clone(), windows?)?.item::<f32>()?);
            show(done);
        }
        Ok(sum / self.windows.len() as f64)
    }

    /// The number of batches.
    pub(crate) fn batches(&self) -> usize {
        self.windows.len()
    }
}
