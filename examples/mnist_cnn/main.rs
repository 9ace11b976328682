//! Classifies handwritten digits with a convolutional network.
//!
//! ```text
//! cargo run --release --example mnist_cnn             # about 10 seconds on two cores
//! cargo run --release --example mnist_cnn -- --quick  # a few seconds
//! cargo run --release --example mnist_cnn -- --help
//! ```
//!
//! It trains on 8,000 digits of a sample of MNIST (`examples/data`) and is
//! evaluated on 2,000 others. A table of the epochs and the confusion matrix go to
//! the terminal; the figures, the weights and a picture of the misclassified
//! digits go to `target/mnist_cnn`.

mod arguments;
mod misclassified;
mod report;

use std::process::ExitCode;
use std::time::Instant;

use metamlp::Pooling;
use metamlp::checkpoint::save_safetensors;
use metamlp::data::Batches;
use metamlp::metrics::{Accuracy, Average, ConfusionMatrix};
use metamlp::optim::WarmupCosineDecay;
use metamlp::prelude::*;
use metamlp_experiment::{Digits, Interrupt, Output, Progress, Result, print};

use arguments::Arguments;
use misclassified::Misclassified;
use report::{Epoch, Report};

const CLASSES: usize = 10;
const BATCH: usize = 64;
const HELD_OUT_BATCH: usize = 200;
const LEARNING_RATE: f64 = 2e-3;

/// Two convolutions, each followed by pooling, and two dense layers. Maps
/// `[batch, 28, 28, 1]` to logits `[batch, 10]`.
#[compact]
fn cnn(x: &Tensor, train: bool) -> Tensor {
    let x = relu(&Conv::new(16, [3, 3]).call(x));
    let x = max_pool(&x, &Pooling::new([2, 2]).strides([2, 2]));
    let x = relu(&Conv::new(32, [3, 3]).call(&x));
    let x = max_pool(&x, &Pooling::new([2, 2]).strides([2, 2]));
    let x = x.reshape([x.shape()[0], 7 * 7 * 32]);
    let x = relu(&Dense::new(128).call(&x));
    let x = Dropout::new(0.4).deterministic(!train).call(&x);
    Dense::new(CLASSES).call(&x)
}

/// Loss and accuracy over the digits of an epoch so far.
#[derive(Clone, Debug, Tree)]
struct Metrics {
    loss: Average,
    accuracy: Accuracy,
    confusion: ConfusionMatrix,
}

impl Metrics {
    fn new() -> Self {
        Self { loss: Average::new(), accuracy: Accuracy::new(), confusion: ConfusionMatrix::new(CLASSES) }
    }

    fn update(&self, logits: &Tensor, labels: &Tensor) -> metamlp::tensor::Result<Self> {
        Ok(Self {
            loss: self.loss.update(&loss(logits, labels))?,
            accuracy: self.accuracy.update(logits, labels)?,
            confusion: self.confusion.update(logits, labels)?,
        })
    }
}

/// The cross-entropy of each digit, `[batch]`.
fn loss(logits: &Tensor, labels: &Tensor) -> Tensor {
    losses::softmax_cross_entropy_with_integer_labels(logits, labels)
}

/// The names of the results.
const FILES: [&str; 3] = ["report.json", "misclassified.png", "weights.safetensors"];

fn main() -> ExitCode {
    metamlp_experiment::run("mnist_cnn", run)
}

fn run(arguments: &Arguments) -> Result<()> {
    let (training, held_out) = Digits::read()?;
    let (training, held_out) = (training.first(arguments.digits().0), held_out.first(arguments.digits().1));
    let mut output = Output::open(&arguments.output, &FILES)?;
    let interrupt = Interrupt::listen()?;

    // All random numbers come from one key; each use gets a key split from it.
    let [init, order, dropout] = [1, 2, 3].map(|stream| Key::new(arguments.seed).fold_in(stream));
    let batches = Batches::new(training.clone(), BATCH)?;
    let held_out_batches = Batches::new(held_out.clone(), HELD_OUT_BATCH)?;
    let steps = arguments.epochs() * batches.len();

    // The parameters depend on the shape of an image only.
    let model = cnn();
    let variables = model.init(init, |m| m.call(&Tensor::spec([1, 28, 28, 1], F32), false))?;
    let schedule = WarmupCosineDecay::new(0.0, LEARNING_RATE, steps / 10, steps);
    let tx = optim::adamw(schedule);
    let mut state = TrainState::new(&model, variables, tx);

    // A training step maps the network's state and the metrics to the next ones.
    let reader = model.clone();
    let train = jit(move |state: TrainState, metrics: Metrics, digits: Digits, dropout: Key| {
        let ((_, logits), grads) = value_and_grad_with_aux(&state.params, |params| {
            let options = Options::new().rng("dropout", dropout.fold_in_tensor(&state.step));
            let variables = state.variables(params);
            let logits = model.apply(&variables, options, |m| m.call(&digits.images, true))?;
            Ok((loss(&logits, &digits.labels).mean_all(), logits))
        })?;
        Ok((state.apply_gradients(&grads)?, metrics.update(&logits, &digits.labels)?))
    });
    // An evaluation step has no dropout and needs no key.
    let judge = jit(move |variables: Variables, metrics: Metrics, digits: Digits| {
        let logits = reader.apply(&variables, (), |m| m.call(&digits.images, false))?;
        Ok((metrics.update(&logits, &digits.labels)?, logits))
    });

    print(Epoch::HEADING)?;
    let start = Instant::now();
    let mut epochs = Vec::new();
    let mut progress = Progress::new("training", steps);
    let (metrics, logits) = loop {
        let mut seen = Metrics::new();
        let number = epochs.len() + 1;
        for digits in batches.shuffled(&order.fold_in(number as u32))?.prefetch(2) {
            if !interrupt.is_training() {
                break;
            }
            (state, seen) = train(state, seen, digits?, dropout.clone())?;
            let done = state.step.item::<i32>()? as usize;
            let rate = progress.rate(done);
            progress.show(done, || format!("epoch {number}  {rate:.0} steps/s"));
        }
        let (mut metrics, mut logits) = (Metrics::new(), Vec::new());
        for digits in held_out_batches.in_order() {
            let (next, found) = judge(state.variables(&state.params), metrics, digits?)?;
            metrics = next;
            logits.push(found);
        }
        let epoch = Epoch::new(number, &seen, &metrics)?;
        progress.print(&epoch)?;
        epochs.push(epoch);
        if number == arguments.epochs() || !interrupt.is_training() {
            break (metrics, Tensor::concatenate(&logits, 0));
        }
    };
    let seconds = start.elapsed().as_secs_f64();
    let interrupted = !interrupt.is_training();
    interrupt.evaluating();
    drop(progress);

    let misclassified = Misclassified::find(&held_out, &logits)?;
    let picture = misclassified::draw(&misclassified, held_out.len())?;
    let report = Report {
        epochs,
        accuracy: metrics.accuracy.compute().item()?,
        confusion: metrics.confusion.compute().to_vec()?.chunks(CLASSES).map(<[i32]>::to_vec).collect(),
        recall: metrics.confusion.recall().to_vec()?,
        precision: metrics.confusion.precision().to_vec()?,
        misclassified,
        training_digits: training.len(),
        held_out_digits: held_out.len(),
        parameters: state.params.tensors().iter().map(Tensor::size).sum(),
        seconds,
        seed: arguments.seed,
        interrupted,
    };

    interrupt.writing();
    output.stage_json("report.json", &report)?;
    output.stage("misclassified.png", &picture)?;
    output.stage_with("weights.safetensors", |path| save_safetensors(path, &state.params))?;
    let written = output.publish()?;
    print(format_args!("\n{report}"))?;
    for path in written {
        print(format_args!("wrote {}", path.display()))?;
    }
    Ok(())
}
