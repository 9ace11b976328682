//! Trains a character-level language model and samples from it.
//!
//! ```text
//! cargo run --release --example transformer_char             # about a minute on two cores
//! cargo run --release --example transformer_char -- --quick  # a few seconds
//! cargo run --release --example transformer_char -- --help
//! ```
//!
//! A small causal transformer (`model.rs`) is trained on *Alice's Adventures in
//! Wonderland* (`examples/data`) to predict the next character. Then it generates
//! text: each character is sampled from the model's prediction, with the earlier
//! ones in the cache of its attention (`sample.rs`). The losses and the sample go
//! to the terminal; figures, sample and weights go to `target/transformer_char`.

mod arguments;
mod error;
mod held_out;
mod model;
mod report;
mod sample;
mod text;
mod train;

use std::process::ExitCode;
use std::time::Instant;

use metamlp::checkpoint;
use metamlp::prelude::*;
use metamlp_experiment::{Interrupt, Output, Progress, print};

use arguments::Arguments;
use error::Result;
use held_out::HeldOut;
use model::CharTransformer;
use report::Report;
use sample::sample;
use text::Text;
use train::Training;

/// The context length of the model, in characters.
const CONTEXT: usize = 64;

/// The largest learning rate.
const LEARNING_RATE: f64 = 3e-3;

/// The names of the results.
const FILES: [&str; 3] = ["report.json", "sample.txt", "weights.safetensors"];

fn main() -> ExitCode {
    metamlp_experiment::run("transformer_char", run)
}

fn run(arguments: &Arguments) -> Result<()> {
    // The text as ids.
    let text = Text::read(&arguments.text, CONTEXT)?;
    let prompt = text.encode(&arguments.prompt)?;

    // A model has no parameters; a shape is enough to initialise them.
    let key = Key::new(arguments.seed);
    let [init_key, batch_key, sample_key] = [0, 1, 2].map(|stream| key.fold_in(stream));
    let model = CharTransformer::new(text.vocabulary(), CONTEXT);
    let mut variables = model.init(init_key, |m| m.call(&Tensor::spec([1, CONTEXT], I32)))?;
    if let Some(path) = &arguments.load {
        let params = checkpoint::load_safetensors(path, variables.params())?;
        variables = variables.with_params(params);
    }

    // AdamW with a warm-up over the first tenth of the steps, then decay. Weight
    // decay applies to kernels, not to biases and scales.
    let steps = arguments.steps();
    let rate = optim::WarmupCosineDecay::new(0.0, LEARNING_RATE, steps / 10, steps.max(1));
    let adamw = optim::AdamW::new(rate).weight_decay(0.1).mask(|path| path.to_string().ends_with("kernel"));
    let tx = optim::chain([optim::clip_by_global_norm(1.0), adamw.into()]);
    let state = TrainState::new(&model, variables, tx);

    // All inputs are checked before the training starts.
    let mut output = Output::open(&arguments.output, &FILES)?;
    let interrupt = Interrupt::listen()?;
    let held_out = HeldOut::new(&model, &text, arguments.batch)?;
    let training =
        Training { model: &model, text: &text, held_out: &held_out, batch: arguments.batch, steps };
    let (state, rows) = training.run(state, &batch_key, &interrupt)?;
    let interrupted = !interrupt.is_training();
    interrupt.evaluating();

    let start = Instant::now();
    let written =
        sample(&model, &state.params, prompt, arguments.length, arguments.temperature, &sample_key)?;
    let seconds = start.elapsed().as_secs_f64();
    let mut progress = Progress::new("held out", held_out.batches());
    let held_out_loss = held_out.loss(&state.params, |done| progress.show(done, String::new))?;
    drop(progress);
    let report = Report {
        held_out_loss,
        rows,
        parameters: state.params.size(),
        context: CONTEXT,
        batch: arguments.batch,
        text: arguments.text.display().to_string(),
        vocabulary: text.vocabulary(),
        training_characters: text.training().size(),
        held_out_characters: text.held_out().size(),
        sampled_characters: written.len(),
        sampled_characters_per_second: written.len() as f64 / seconds,
        temperature: arguments.temperature,
        seed: arguments.seed,
        loaded: arguments.load.as_ref().map(|path| path.display().to_string()),
        interrupted,
    };
    let written = text.decode(&written);

    interrupt.writing();
    output.stage_json("report.json", &report)?;
    output.stage("sample.txt", format!("{written}\n").as_bytes())?;
    output.stage_with("weights.safetensors", |path| checkpoint::save_safetensors(path, &state.params))?;
    let files = output.publish()?;

    print(format_args!("\n{report}\n{written}\n"))?;
    for path in files {
        print(format_args!("wrote {}", path.display()))?;
    }
    Ok(())
}
