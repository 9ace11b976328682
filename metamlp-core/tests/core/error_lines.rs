//! An error names the line of the user's that caused it, not one of the library's.

use metamlp::initializers::{self, VarianceScaling};
use metamlp::prelude::*;
use metamlp::{combine_masks, optim};

/// The errors of wrong calls, by their names.
fn wrong_calls() -> Vec<(&'static str, String)> {
    let x = Tensor::ones([1, 2, 1, 2], F32);
    let values = Tensor::ones([1, 3, 1, 2], F32);
    let flat = Tensor::ones([2], F32);
    let options = AttentionOptions::new;
    let mut calls = Vec::new();
    let mut check = |name, error: String| calls.push((name, error));
    macro_rules! poisoned {
        ($($name:literal: $call:expr;)*) => {$(
            check($name, $call.evaluate().unwrap_err().to_string());
        )*};
    }
    poisoned! {
        "the value's shape": dot_product_attention(&x, &x, &values, &options());
        "the query's shape": dot_product_attention(&flat, &x, &x, &options());
        "the key's shape": dot_product_attention_weights(&x, &flat, &options());
        "dropout_rate": dot_product_attention(&x, &x, &x, &options().dropout_rate(2.0));
        "dropout_rng": dot_product_attention(&x, &x, &x, &options().dropout_rate(0.5));
        "bias": dot_product_attention(&x, &x, &x, &options().bias(Tensor::ones([7, 7, 7], F32)));
        "mask": dot_product_attention(&x, &x, &x, &options().mask(Tensor::ones([7, 7, 7], F32)));
        "dtype": dot_product_attention(&x, &x, &x, &options().dtype(I32));
        "combine_masks": combine_masks([Some(x.convert(BOOL)), Some(Tensor::scalar(true))]).unwrap();
        "make_causal_mask": make_causal_mask(&Tensor::scalar(1));
        "make_attention_mask": make_attention_mask(&flat, &Tensor::scalar(1));
        "lecun_normal": initializers::lecun_normal().initialize(Key::new(0), &[3], F32);
        "he_uniform": initializers::he_uniform().initialize(Key::new(0), &[3, 3], I32);
        "orthogonal": initializers::orthogonal(1.0, -1).initialize(Key::new(0), &[3], F32);
        "delta_orthogonal": initializers::delta_orthogonal(1.0, -1).initialize(Key::new(0), &[3], F32);
        "uniform": initializers::uniform(f64::NAN).initialize(Key::new(0), &[3], F32);
        "normal": initializers::normal(f64::NAN).initialize(Key::new(0), &[3], F32);
        "truncated_normal": initializers::truncated_normal(f64::NAN).initialize(Key::new(0), &[3], F32);
        "constant": initializers::constant(1.0).initialize(Key::new(0), &[usize::MAX, 3], F32);
        "variance_scaling": Initializer::from(VarianceScaling::new(
            -1.0, initializers::Mode::FanIn, initializers::Distribution::Normal
        )).initialize(Key::new(0), &[3, 3], F32);
    }
    macro_rules! refused {
        ($($name:literal: $call:expr;)*) => {$(
            check($name, $call.map(|_| ()).unwrap_err().to_string());
        )*};
    }
    let step = Tensor::scalar(0);
    let count = &step;
    refused! {
        "cosine_decay_schedule": optim::cosine_decay_schedule(1.0, 0).at(count);
        "exponential_decay": optim::exponential_decay(f64::NAN, 1, 0.5).at(count);
        "polynomial_schedule": optim::polynomial_schedule(f64::NAN, 1.0, 1.0, 1).at(count);
        "linear_schedule": optim::linear_schedule(f64::NAN, 1.0, 1).at(count);
        "warmup_cosine_decay_schedule": optim::warmup_cosine_decay_schedule(f64::NAN, 1.0, 1, 2).at(count);
        "of the user's": optim::Schedule::new(|_| Tensor::ones([2], F32)).at(count);
        "item": jit(|x: Tensor| Ok(&x * f64::from(x.item::<f32>()?)))(Tensor::scalar(1f32));
        "to_vec": jit(|x: Tensor| Ok(&x * f64::from(x.to_vec::<f32>()?[0])))(Tensor::scalar(1f32));
        "to_array": jit(|x: Tensor| Ok(&x * x.to_array::<f32>()?.sum() as f64))(Tensor::scalar(1f32));
        "evaluate": jit(|x: Tensor| { x.evaluate()?; Ok(x) })(Tensor::scalar(1f32));
        "Key::words": jit(|key: Key| { key.words()?; Ok(Tensor::scalar(1)) })(Key::new(0));
        "Key::rng": jit(|key: Key| { key.rng()?; Ok(Tensor::scalar(1)) })(Key::new(0));
    }
    calls
}

#[test]
fn an_error_names_the_callers_line() {
    let wrong: Vec<_> =
        wrong_calls().into_iter().filter(|(_, message)| !message.contains("error_lines.rs:")).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
