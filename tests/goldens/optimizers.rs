//! `optimizers`: the parameters after each step, against optax.

use std::collections::BTreeMap;

use libtest_mimic::Failed;
use metamlp_core::optim::{self, Optimizer, Sgd};
use metamlp_tensor::Tensor;

use crate::case::Case;
use crate::compare::{Tolerance, compare};

/// For sums, square roots and divisions in another order, over five steps.
const TOLERANCE: Tolerance = Tolerance::Near { relative: 1e-6, absolute: 1e-7 };

pub(crate) fn check(case: &Case) -> Result<(), Failed> {
    let optimizer = optimizer(case.name())?;
    let mut params = tree(case, "init")?;
    let mut state = optimizer.init(&params);
    for step in 0..case.count("steps")? {
        let grads = tree(case, &format!("grad/{step}"))?;
        let (updates, next) = optimizer.update(&grads, &state, Some(&params))?;
        (params, state) = (optim::apply_updates(&params, &updates)?, next);
        for (name, param) in &params {
            let role = format!("step/{step}/{name}");
            compare(&role, param, case.array(&role)?, TOLERANCE)?;
        }
    }
    Ok(())
}

/// The optimizer with this name in `generate.py`.
fn optimizer(name: &str) -> Result<Optimizer, Failed> {
    Ok(match name {
        "sgd" => optim::sgd(0.1),
        "sgd_momentum" => Sgd::new(0.1).momentum(0.9).into(),
        "nesterov" => Sgd::new(0.1).momentum(0.9).nesterov(true).into(),
        "adam" => optim::adam(1e-2),
        "adamw" => optim::AdamW::new(1e-2).weight_decay(0.1).into(),
        "rmsprop" => optim::rmsprop(1e-2),
        "adagrad" => optim::adagrad(1e-1),
        "lion" => optim::lion(1e-2),
        "lamb" => optim::lamb(1e-2),
        "warmup_cosine" => optim::adam(optim::WarmupCosineDecay::new(0.0, 1e-1, 3, 10).end_value(1e-3)),
        "clip_adam" => optim::chain([optim::clip_by_global_norm(0.5), optim::adam(1e-2)]),
        _ => return Err(format!("the harness knows no optimizer `{name}`").into()),
    })
}

/// The arrays below a role, by name.
fn tree(case: &Case, role: &str) -> Result<BTreeMap<String, Tensor>, Failed> {
    let named = |name: String| Ok((name.clone(), case.array(&format!("{role}/{name}"))?.as_tensor()));
    case.paths(role).into_iter().map(named).collect()
}
