//! `random`: keys and samplers against `jax.random`.

use libtest_mimic::Failed;
use metamlp_tensor::random::{self, Key};
use metamlp_tensor::{DType, Tensor};

use crate::case::Case;
use crate::compare::{Tolerance, compare};

pub(crate) fn check(case: &Case) -> Result<(), Failed> {
    let key = Key::new(case.integer("key_seed")?);
    let expected = case.array("out/0")?;
    let op = case.text("op")?;
    let found = match op {
        "key" => words(&[key])?,
        "split" => words(&key.split(case.count("num")?))?,
        "fold_in" => words(&[key.fold_in(u32::try_from(case.integer("data")?)?)])?,
        "permutation" => random::permutation(&key, case.count("n")?),
        _ => sample(case, op, &key)?,
    };
    let found = if op == "key" || op == "fold_in" { found.index(0) } else { found };
    compare("out/0", &found, expected, tolerance(op))
}

fn sample(case: &Case, op: &str, key: &Key) -> Result<Tensor, Failed> {
    let shape = case.shape("shape")?;
    Ok(match op {
        "bits" => random::bits(key, &shape),
        "uniform" if case.field("minval").is_null() => random::uniform(key, &shape),
        "uniform" => {
            random::uniform_range(key, &shape, DType::F32, case.number("minval")?, case.number("maxval")?)
        }
        "normal" => random::normal(key, &shape),
        "truncated_normal" => {
            random::truncated_normal(key, &shape, DType::F32, case.number("lower")?, case.number("upper")?)
        }
        "bernoulli" => random::bernoulli(key, case.number("p")?, &shape),
        "randint" => random::randint(
            key,
            &shape,
            i32::try_from(case.integer("minval")?)?,
            i32::try_from(case.integer("maxval")?)?,
        ),
        "gumbel" => random::gumbel(key, &shape, DType::F32),
        "exponential" => random::exponential(key, &shape, DType::F32),
        "laplace" => random::laplace(key, &shape, DType::F32),
        "cauchy" => random::cauchy(key, &shape, DType::F32),
        "logistic" => random::logistic(key, &shape, DType::F32),
        "rademacher" => random::rademacher(key, &shape, DType::F32),
        "categorical" => random::categorical(key, &case.array("arg/0")?.as_tensor(), -1, Some(&shape)),
        _ => return Err(format!("the harness knows no sampler `{op}`").into()),
    })
}

/// Keys as in the golden arrays, `[keys, 2]`.
fn words(keys: &[Key]) -> Result<Tensor, Failed> {
    let words = keys.iter().map(Key::words).collect::<Result<Vec<_>, _>>()?;
    Ok(Tensor::from_vec([keys.len(), 2], words.concat()))
}

/// The logarithms and tangents of these samplers differ from XLA's in the last bit.
fn tolerance(op: &str) -> Tolerance {
    match op {
        "gumbel" | "exponential" | "laplace" | "cauchy" | "logistic" => Tolerance::Ulps(2),
        _ => Tolerance::Bits,
    }
}
