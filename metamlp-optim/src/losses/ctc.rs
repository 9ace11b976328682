//! Connectionist temporal classification.

use metamlp_tensor::{BOOL, DType, Error, I32, Tensor};

use super::log_add::log_add;
use super::not_float;
use crate::precision::widened;

/// [`ctc_loss_with_blank_id`] with `blank_id` 0.
#[track_caller]
#[must_use]
pub fn ctc_loss(
    logits: &Tensor,
    logit_paddings: &Tensor,
    labels: &Tensor,
    label_paddings: &Tensor,
) -> Tensor {
    ctc_loss_with_blank_id(logits, logit_paddings, labels, label_paddings, 0)
}

/// Connectionist temporal classification (optax's `ctc_loss`): minus the log-probability that the
/// frames spell the labels, each label for one or more frames, with any number of blanks between. The
/// result is `[batch]`.
///
/// `logits` is `[batch, frames, classes]`; the class `blank_id` is the blank. `labels` is
/// `[batch, labels]`, integers, without blanks. `logit_paddings` `[batch, frames]` and `label_paddings`
/// `[batch, labels]` are 0 for values and 1 for padding at the end. Labels that do not fit into the frames
/// have a loss of about 1e5, which is infinity in `f16`.
///
/// Graves et al., "Connectionist temporal classification: labelling unsegmented
/// sequence data with recurrent neural networks" (2006).
///
/// ```
/// use metamlp_optim::losses::ctc_loss;
/// use metamlp_tensor::{F32, Tensor};
/// let (logits, labels) = (Tensor::zeros([1, 2, 3], F32), Tensor::from_vec([1, 1], vec![2]));
/// let loss = ctc_loss(&logits, &Tensor::zeros([1, 2], F32), &labels, &Tensor::zeros([1, 1], F32));
/// // Of the 9 ways to speak two frames, three say 2: "22", "2-" and "-2".
/// assert!((loss.item::<f32>()? - 3.0f32.ln()).abs() < 1e-6);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn ctc_loss_with_blank_id(
    logits: &Tensor,
    logit_paddings: &Tensor,
    labels: &Tensor,
    label_paddings: &Tensor,
    blank_id: usize,
) -> Tensor {
    let op = "ctc_loss";
    if let Some(refusal) = not_float(op, "logits", logits) {
        return refusal;
    }
    let [batch, frames, classes] = *logits.shape() else {
        return logits.poisoned_like(Error::argument(
            op,
            "logits",
            logits.ty(),
            "shape [batch, frames, classes]",
        ));
    };
    if logit_paddings.shape() != [batch, frames] {
        let expected = format!("shape [{batch}, {frames}], as the logits are {}", logits.ty());
        return logits.poisoned_like(Error::argument(op, "logit_paddings", logit_paddings.ty(), expected));
    }
    let of_batch = labels.rank() == 2 && labels.shape()[0] == batch;
    if !of_batch || !labels.dtype().is_integer() {
        let expected = format!("integers of shape [{batch}, labels], as the logits are {}", logits.ty());
        return logits.poisoned_like(Error::argument(op, "labels", labels.ty(), expected));
    }
    if label_paddings.shape() != labels.shape() {
        let expected = format!("the shape of the labels, {}", labels.ty());
        return logits.poisoned_like(Error::argument(op, "label_paddings", label_paddings.ty(), expected));
    }
    if blank_id >= classes {
        return logits.poisoned_like(Error::argument(
            op,
            "blank_id",
            blank_id,
            format!("less than the classes, {classes}"),
        ));
    }
    Lattice::new(&widened(logits), labels, blank_id)
        .loss(logit_paddings, label_paddings)
        .convert(logits.dtype())
}

/// Stands for `ln(0)`: finite, so that differences are 0 and not NaN.
const LOG_ZERO: f64 = -1e5;

/// The log-probabilities that a step of the forward algorithm needs.
struct Lattice {
    dtype: DType,
    /// Log-probability of each label in each frame, `[batch, frames, labels]`.
    emit: Tensor,
    /// Log-probability of the blank in each frame, `[batch, frames, 1]`.
    blank: Tensor,
    /// `LOG_ZERO` where the next label is equal, so that a blank must stand between, else 0.
    no_repeat: Tensor,
    /// 0 where the next label is equal, else `LOG_ZERO`.
    repeat: Tensor,
}

impl Lattice {
    #[track_caller]
    fn new(logits: &Tensor, labels: &Tensor, blank_id: usize) -> Self {
        let (batch, count) = (labels.shape()[0], labels.shape()[1]);
        let (dtype, classes) = (logits.dtype(), logits.shape()[2]);
        // A logit of -inf would give 0 times infinity in the product.
        let log_p = logits.log_softmax(-1).maximum(LOG_ZERO);
        let one_hot = labels.one_hot(classes).convert(dtype);
        let emit = log_p.matmul(&one_hot.transpose([0, 2, 1]));
        let blank = log_p.slice_axis(2, blank_id, blank_id + 1);

        let next = labels.slice_axis(1, count.min(1), count);
        let last = Tensor::full([batch, count.min(1)], false, BOOL);
        let is_repeat = labels.slice_axis(1, 0, count.saturating_sub(1)).equal(next);
        let is_repeat = Tensor::concatenate(&[is_repeat, last], 1);
        let (zero, log_zero) = (Tensor::zeros([], dtype), Tensor::full([], LOG_ZERO, dtype));
        let no_repeat = is_repeat.select(&log_zero, &zero);
        let repeat = is_repeat.select(zero, log_zero);
        Self { dtype, emit, blank, no_repeat, repeat }
    }

    /// The forward algorithm, frame by frame.
    #[track_caller]
    fn loss(&self, logit_paddings: &Tensor, label_paddings: &Tensor) -> Tensor {
        let &[batch, frames, count] = self.emit.shape() else { unreachable!("`emit` has three axes") };
        // Log-probabilities that the first n labels are complete and the last frame is a blank or a
        // label.
        let impossible = Tensor::full([batch, count], LOG_ZERO, self.dtype);
        let nothing_said = Tensor::zeros([batch, 1], self.dtype);
        let mut blank = Tensor::concatenate(&[&nothing_said, &impossible], 1);
        let mut label = impossible;

        for frame in 0..frames {
            let at = |x: &Tensor| x.slice_axis(1, frame, frame + 1).squeeze(1);
            let (emit, silence) = (at(&self.emit), at(&self.blank));
            let is_padding = logit_paddings.slice_axis(1, frame, frame + 1).convert(self.dtype);

            let before = said(&blank, &(&label + &self.no_repeat));
            let next_label = log_add(&before.slice_axis(1, 0, count), &label) + emit;
            let next_blank = said(&(before + &silence), &(&label + &silence + &self.repeat));
            let kept = |old: &Tensor, new: Tensor| &is_padding * old + (1.0 - &is_padding) * new;
            (blank, label) = (kept(&blank, next_blank), kept(&label, next_label));
        }
        let last = said(&blank, &label);
        let length = (1.0 - label_paddings.convert(self.dtype)).sum([1]).convert(I32);
        -(last * length.one_hot(count + 1).convert(self.dtype)).sum([1])
    }
}

/// Adds both ways to complete the labels: last frame a blank (`[batch, labels + 1]`) or a label
/// (`[batch, labels]`).
#[track_caller]
fn said(blank: &Tensor, label: &Tensor) -> Tensor {
    let count = blank.shape()[1];
    let first = blank.slice_axis(1, 0, 1);
    Tensor::concatenate(&[first, log_add(&blank.slice_axis(1, 1, count), label)], 1)
}
