//! `initializers`: initial values against `jax.nn.initializers`.

use libtest_mimic::Failed;
use metamlp_core::Initializer;
use metamlp_core::initializers::{self, Distribution, Mode};
use metamlp_tensor::DType;
use metamlp_tensor::random::Key;

use crate::case::Case;
use crate::compare::{Tolerance, compare};

pub(crate) fn check(case: &Case) -> Result<(), Failed> {
    let key = Key::new(case.integer("key_seed")?);
    let found = initializer(case)?.initialize(key, &case.shape("shape")?, DType::F32);
    compare("out/0", &found, case.array("out/0")?, tolerance(case)?)
}

fn initializer(case: &Case) -> Result<Initializer, Failed> {
    Ok(match case.text("init")? {
        "lecun_normal" => initializers::lecun_normal(),
        "lecun_uniform" => initializers::lecun_uniform(),
        "glorot_normal" => initializers::glorot_normal(),
        "glorot_uniform" => initializers::glorot_uniform(),
        "he_normal" => initializers::he_normal(),
        "he_uniform" => initializers::he_uniform(),
        "zeros" => initializers::zeros(),
        "ones" => initializers::ones(),
        "constant" => initializers::constant(case.number("value")?),
        "normal" => initializers::normal(case.number("stddev")?),
        "uniform" => initializers::uniform(case.number("scale")?),
        "truncated_normal" => initializers::truncated_normal(case.number("stddev")?),
        "variance_scaling" => {
            initializers::variance_scaling(case.number("scale")?, mode(case)?, distribution(case)?)
        }
        "orthogonal" => initializers::orthogonal(case.number("scale")?, -1),
        "delta_orthogonal" => initializers::delta_orthogonal(case.number("scale")?, -1),
        other => return Err(format!("the harness knows no initializer `{other}`").into()),
    })
}

fn mode(case: &Case) -> Result<Mode, Failed> {
    Ok(match case.text("mode")? {
        "fan_in" => Mode::FanIn,
        "fan_out" => Mode::FanOut,
        "fan_avg" => Mode::FanAvg,
        other => return Err(format!("the harness knows no mode `{other}`").into()),
    })
}

fn distribution(case: &Case) -> Result<Distribution, Failed> {
    Ok(match case.text("distribution")? {
        "truncated_normal" => Distribution::TruncatedNormal,
        "normal" => Distribution::Normal,
        "uniform" => Distribution::Uniform,
        other => return Err(format!("the harness knows no distribution `{other}`").into()),
    })
}

fn tolerance(case: &Case) -> Result<Tolerance, Failed> {
    Ok(match case.text("init")? {
        // Another QR decomposition than LAPACK's.
        "orthogonal" | "delta_orthogonal" => Tolerance::Near { relative: 1e-5, absolute: 1e-6 },
        // XLA may fold sqrt(2) and the deviation into one factor, or multiply twice.
        "normal" => Tolerance::Ulps(2),
        "variance_scaling" if case.text("distribution")? == "normal" => Tolerance::Ulps(2),
        _ => Tolerance::Bits,
    })
}
