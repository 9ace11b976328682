//! Generates handwritten digits with a variational autoencoder.
//!
//! ```text
//! cargo run --release --example vae             # about 10 seconds on two cores
//! cargo run --release --example vae -- --quick  # a few seconds
//! cargo run --release --example vae -- --help
//! ```
//!
//! An encoder maps an image to a Gaussian in a latent space of a few dimensions; a
//! decoder maps a sample of it to an image. Both are trained on the evidence lower
//! bound (Kingma and Welling, *Auto-encoding variational Bayes*, 2014) with 8,000
//! digits of a sample of MNIST (`examples/data`). A table of the bound goes to the
//! terminal; samples from the prior, reconstructions of held-out digits and
//! interpolations between digits go to `target/vae`.

mod arguments;
mod gallery;
mod report;

use std::process::ExitCode;
use std::time::Instant;

use metamlp::checkpoint::save_safetensors;
use metamlp::data::Batches;
use metamlp::metrics::Average;
use metamlp::optim::CosineDecay;
use metamlp::prelude::*;
use metamlp_experiment::{Digits, Interrupt, Output, Progress, Result, SIDE, print};

use arguments::Arguments;
use report::{Epoch, Report};

const HIDDEN: [usize; 2] = [512, 256];
const BATCH: usize = 64;
const HELD_OUT_BATCH: usize = 200;
const LEARNING_RATE: f64 = 2e-3;

/// The contents of the pictures: the samples, the images from one digit to the
/// next, and the classes.
const SAMPLES: usize = 96;
const BETWEEN: usize = 12;
const CLASSES: usize = 10;

/// The autoencoder. Its parts are fields, so that every method can use them.
#[module]
struct Vae {
    encoder: Encoder,
    decoder: Decoder,
}

#[compact]
impl Vae {
    /// Maps images `[batch, 28, 28, 1]` from 0 to 1 to the logits of their
    /// reconstructions and to their latent Gaussians.
    fn call(&self, images: &Tensor) -> (Tensor, Gaussian) {
        let description = self.encode(images);
        let latents = description.sample(self.make_rng("sample"));
        (self.decode(&latents), description)
    }

    /// The latent Gaussian of each image, `[batch, latents]`.
    fn encode(&self, images: &Tensor) -> Gaussian {
        self.encoder.call(images)
    }

    /// The images of latents `[batch, latents]`, as logits.
    fn decode(&self, latents: &Tensor) -> Tensor {
        self.decoder.call(latents)
    }

    /// `count` images sampled from the prior, from 0 to 1.
    fn generate(&self, count: usize) -> Tensor {
        let latents = random::normal(self.make_rng("sample"), [count, self.encoder.latents]);
        sigmoid(&self.decode(&latents))
    }
}

/// Maps images to latent Gaussians.
#[module]
struct Encoder {
    latents: usize,
}

#[compact]
impl Encoder {
    fn call(&self, images: &Tensor) -> Gaussian {
        let mut x = images.reshape([images.shape()[0], SIDE * SIDE]);
        for features in HIDDEN {
            x = relu(&Dense::new(features).call(&x));
        }
        Gaussian {
            mean: Dense::new(self.latents).named("mean").call(&x),
            log_variance: Dense::new(self.latents).named("log_variance").call(&x),
        }
    }
}

/// Maps latents to images.
#[module]
struct Decoder {}

#[compact]
impl Decoder {
    fn call(&self, latents: &Tensor) -> Tensor {
        let mut x = latents.clone();
        for features in HIDDEN.into_iter().rev() {
            x = relu(&Dense::new(features).call(&x));
        }
        let x = Dense::new(SIDE * SIDE).call(&x);
        x.reshape([latents.shape()[0], SIDE, SIDE, 1])
    }
}

/// Independent normal distributions, each tensor `[batch, latents]`.
#[derive(Clone, Debug, Tree)]
struct Gaussian {
    mean: Tensor,
    log_variance: Tensor,
}

impl Gaussian {
    /// A reparameterised sample: gradients pass to mean and variance.
    fn sample(&self, key: Key) -> Tensor {
        &self.mean + (&self.log_variance * 0.5).exp() * random::normal(key, self.mean.shape())
    }

    /// The Kullback-Leibler divergence from the standard normal distribution, in
    /// nats: `[batch]`.
    fn kl_from_standard(&self) -> Tensor {
        (self.mean.square() + self.log_variance.exp() - 1.0 - &self.log_variance).sum([-1]) * 0.5
    }
}

/// The two terms of the evidence lower bound, in nats, over the digits of an epoch so far.
#[derive(Clone, Debug, Default, Tree)]
struct Metrics {
    reconstruction: Average,
    kl: Average,
}

impl Metrics {
    /// The evidence lower bound of each image, `[batch]`, and the updated metrics.
    fn elbo(
        &self,
        images: &Tensor,
        (logits, description): &(Tensor, Gaussian),
    ) -> metamlp::tensor::Result<(Tensor, Self)> {
        let losses = losses::sigmoid_binary_cross_entropy(logits, images);
        let (reconstruction, kl) = (-losses.sum([1, 2, 3]), description.kl_from_standard());
        let metrics =
            Self { reconstruction: self.reconstruction.update(&reconstruction)?, kl: self.kl.update(&kl)? };
        Ok((reconstruction - kl, metrics))
    }
}

/// The names of the results.
const FILES: [&str; 5] =
    ["report.json", "samples.png", "reconstructions.png", "interpolations.png", "weights.safetensors"];

fn main() -> ExitCode {
    metamlp_experiment::run("vae", run)
}

fn run(arguments: &Arguments) -> Result<()> {
    let (training, held_out) = Digits::read()?;
    let (training, held_out) = (training.first(arguments.digits().0), held_out.first(arguments.digits().1));
    let mut output = Output::open(&arguments.output, &FILES)?;
    let interrupt = Interrupt::listen()?;

    // All random numbers come from one key; each use gets a key split from it.
    let key = Key::new(arguments.seed);
    let [init, order, sample, judging, generating] = [1, 2, 3, 4, 5].map(|stream| key.fold_in(stream));
    let batches = Batches::new(training.images.clone(), BATCH)?;
    let held_out_batches = Batches::new(held_out.images.clone(), HELD_OUT_BATCH)?;
    let steps = arguments.epochs() * batches.len();

    let model = Vae::new(Encoder::new(arguments.latents), Decoder::new());
    let variables = model.init(init, |m| m.call(&Tensor::spec([1, SIDE, SIDE, 1], F32)))?;
    let tx = optim::adam(CosineDecay::new(LEARNING_RATE, steps));
    let mut state = TrainState::new(&model, variables, tx);

    // A training step maps the autoencoder's state and the metrics to the next ones.
    let trained = model.clone();
    let train = jit(move |state: TrainState, metrics: Metrics, images: Tensor, sample: Key| {
        let ((_, metrics), grads) = value_and_grad_with_aux(&state.params, |params| {
            let options = Options::new().rng("sample", sample.fold_in_tensor(&state.step));
            let drawn = trained.apply(&state.variables(params), options, |m| m.call(&images))?;
            let (elbo, metrics) = metrics.elbo(&images, &drawn)?;
            Ok((-elbo.mean_all(), metrics))
        })?;
        Ok((state.apply_gradients(&grads)?, metrics))
    });
    // An evaluation step.
    let judged = model.clone();
    let judge = jit(move |variables: Variables, metrics: Metrics, images: Tensor, sample: Key| {
        let drawn = judged.apply(&variables, Options::new().rng("sample", sample), |m| m.call(&images))?;
        Ok(metrics.elbo(&images, &drawn)?.1)
    });

    print(Epoch::HEADING)?;
    let start = Instant::now();
    let mut epochs = Vec::new();
    let mut progress = Progress::new("training", steps);
    for number in 1..=arguments.epochs() {
        let mut seen = Metrics::default();
        for images in batches.shuffled(&order.fold_in(number as u32))?.prefetch(2) {
            if !interrupt.is_training() {
                break;
            }
            (state, seen) = train(state, seen, images?, sample.clone())?;
            let done = state.step.item::<i32>()? as usize;
            let rate = progress.rate(done);
            progress.show(done, || format!("epoch {number}  {rate:.0} steps/s"));
        }
        let mut metrics = Metrics::default();
        for (batch, images) in (0..).zip(held_out_batches.in_order()) {
            metrics = judge(state.variables(&state.params), metrics, images?, judging.fold_in(batch))?;
        }
        let epoch = Epoch::new(number, &seen, &metrics)?;
        progress.print(&epoch)?;
        epochs.push(epoch);
        if !interrupt.is_training() {
            break;
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let interrupted = !interrupt.is_training();
    interrupt.evaluating();
    drop(progress);

    // A bound model has its variables: any of its methods can be called.
    let vae = model.bind(&state.variables(&state.params), Options::new().rng("sample", generating));
    let samples = vae.run(|m| m.generate(SAMPLES))?;

    let shown = two_of_each(&held_out)?;
    let means = vae.run(|m| m.encode(&shown).mean)?;
    let drawn = vae.run(|m| sigmoid(&m.decode(&means)))?;
    let row = |of: &Tensor, row: usize| of.slice_axis(0, row * CLASSES, (row + 1) * CLASSES);
    let rows = [row(&shown, 0), row(&drawn, 0), row(&shown, 1), row(&drawn, 1)];
    let reconstructions = Tensor::concatenate(&rows, 0);

    // The line from each digit to the next, `[digits, steps, latents]`.
    let from = row(&means, 0).expand_dims(1);
    let to = Tensor::concatenate(&[from.slice_axis(0, 1, CLASSES), from.slice_axis(0, 0, 1)], 0);
    let t = Tensor::arange(BETWEEN, F32).expand_dims(-1) / (BETWEEN - 1) as f64;
    let way = (&from + (to - &from) * t).reshape([CLASSES * BETWEEN, arguments.latents]);
    let interpolations = vae.run(|m| sigmoid(&m.decode(&way)))?;

    let report = Report {
        epochs,
        latents: arguments.latents,
        training_digits: training.len(),
        held_out_digits: held_out.len(),
        parameters: state.params.tensors().iter().map(Tensor::size).sum(),
        seconds,
        seed: arguments.seed,
        interrupted,
    };

    interrupt.writing();
    output.stage_json("report.json", &report)?;
    for (name, title, names, columns, images) in [
        ("samples.png", "digits that nobody wrote: samples from the prior", &[][..], 12, samples),
        (
            "reconstructions.png",
            "held-out digits, and what is drawn from their description",
            &["written", "drawn"],
            CLASSES,
            reconstructions,
        ),
        ("interpolations.png", "on the way from one digit to the next", &[], BETWEEN, interpolations),
    ] {
        output.stage(name, &gallery::draw(name, title, names, columns, &images)?)?;
    }
    output.stage_with("weights.safetensors", |path| save_safetensors(path, &state.params))?;
    let written = output.publish()?;
    print(format_args!("\n{report}"))?;
    for path in written {
        print(format_args!("wrote {}", path.display()))?;
    }
    Ok(())
}

/// The first two images of each digit, `[20, 28, 28, 1]`: 0 to 9 twice.
fn two_of_each(digits: &Digits) -> Result<Tensor> {
    let labels = digits.labels.to_vec::<i32>()?;
    let place = |place: usize| {
        let (nth, digit) = (place / CLASSES, (place % CLASSES) as i32);
        (0..).zip(&labels).filter(|(_, label)| **label == digit).nth(nth).map(|(place, _)| place)
    };
    let places: Vec<i32> = (0..2 * CLASSES).filter_map(place).collect();
    Ok(digits.images.take(&Tensor::from_vec([places.len()], places), 0))
}
