//! `activations`: values against `flax.linen`'s functions.

use libtest_mimic::Failed;
use metamlp_core::activations::*;

use crate::case::Case;
use crate::compare::{Tolerance, compare};

pub(crate) fn check(case: &Case) -> Result<(), Failed> {
    let name = case.text("fn")?;
    let x = if name == "glu" { case.array("arg/0") } else { case.shared("x/arg/0") }?.as_tensor();
    let found = match name {
        "relu" => relu(&x),
        "relu6" => relu6(&x),
        "sigmoid" => sigmoid(&x),
        "silu" => silu(&x),
        "swish" => swish(&x),
        "softplus" => softplus(&x),
        "soft_sign" => soft_sign(&x),
        "tanh" => tanh(&x),
        "elu" => elu(&x),
        "celu" => celu(&x),
        "selu" => selu(&x),
        "leaky_relu" => leaky_relu(&x),
        "log_sigmoid" => log_sigmoid(&x),
        "hard_sigmoid" => hard_sigmoid(&x),
        "hard_silu" => hard_silu(&x),
        "hard_swish" => hard_swish(&x),
        "hard_tanh" => hard_tanh(&x),
        "softmax" => softmax(&x, -1),
        "log_softmax" => log_softmax(&x, -1),
        "standardize" => standardize(&x, -1),
        "gelu" if case.field("approximate") == true => gelu(&x),
        "gelu" => gelu_exact(&x),
        "glu" => glu(&x, -1),
        _ => return Err(format!("the harness knows no activation `{name}`").into()),
    };
    compare("out/0", &found, case.array("out/0")?, tolerance(name))
}

/// A few units in the last place of exponentials and logarithms. The absolute part
/// is for cancellation: `gelu` multiplies x by 1 + tanh, a difference of nearly
/// equal numbers.
fn tolerance(name: &str) -> Tolerance {
    Tolerance::Near { relative: 1e-6, absolute: if name == "gelu" { 1e-6 } else { 1e-7 } }
}
