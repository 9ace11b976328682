//! `models`: what modules do together, against Flax. Initial variables, outputs,
//! updated collections and gradients of small models, which are written here as
//! `generate.py` writes them.

use std::collections::BTreeMap;

use libtest_mimic::Failed;
use metamlp::prelude::*;
use serde_json::Value;

use crate::case::Case;
use crate::compare::{Tolerance, compare};

/// Sums in another order, over tens of terms of order one.
const TOLERANCE: Tolerance = Tolerance::Near { relative: 1e-5, absolute: 1e-5 };

pub(crate) fn check(case: &Case) -> Result<(), Failed> {
    let flag = |field: &str| case.field(field)["train"].as_bool().unwrap_or_default();
    let (train_init, train) = (flag("kwargs"), flag("apply_kwargs"));
    match (case.text("model")?, case.field("method").as_str()) {
        ("Foo", None) => run(case, &Foo::new(), |m, x| m.call(x, train_init), |m, x| m.call(x, train)),
        ("TwoKeys", None) => run(case, &TwoKeys::new(), TwoKeys::call, TwoKeys::call),
        ("Shared", None) => run(case, &Shared::new(), Shared::call, Shared::call),
        ("NestedCall", None) => run(case, &NestedCall::new(), NestedCall::call, NestedCall::call),
        ("AutoEncoder", None) => run(case, &autoencoder(), AutoEncoder::call, AutoEncoder::call),
        ("AutoEncoder", Some("encode")) => {
            run(case, &autoencoder(), AutoEncoder::encode, AutoEncoder::encode)
        }
        ("Sower", None) => run(case, &Sower::new(), Sower::call, Sower::call),
        ("Perturbed", None) => run(case, &Perturbed::new(), Perturbed::call, Perturbed::call),
        ("Seq", None) => run(case, &Seq::new(), Seq::call, Seq::call),
        ("Counter", None) => run(case, &Counter::new(), Counter::call, Counter::call),
        (model, None) => Err(format!("the harness knows no model `{model}`").into()),
        (model, Some(method)) => Err(format!("the harness knows no method `{method}` of `{model}`").into()),
    }
}

/// Everything that the generator recorded of a model of one argument.
fn run<M: Module>(
    case: &Case,
    model: &M,
    init: impl Fn(&M, &Tensor) -> Tensor,
    call: impl Fn(&M, &Tensor) -> Tensor,
) -> Result<(), Failed> {
    let x = case.array("arg/0")?.tensor();
    let variables = model.init(rngs(case, "init_rngs")?, |m| init(m, &x))?;
    compare_leaves(case, "init", &leaves(&variables), |path| match path {
        // What `init` sows, it computes.
        path if path.starts_with("losses/") => TOLERANCE,
        _ => Tolerance::Bits,
    })?;

    let options = options(case)?;
    let output = if case.field("mutable") == false {
        model.apply(&variables, options.clone(), |m| call(m, &x))?
    } else {
        let (output, updates) = model.apply_mut(&variables, options.clone(), |m| call(m, &x))?;
        compare_leaves(case, "updates", &leaves(&updates), |_| TOLERANCE)?;
        output
    };
    compare("out/0", &output, case.array("out/0")?, TOLERANCE)?;

    let cotangent = case.array("cotangent")?.tensor();
    let (params, argument) = grad(&(variables.params().clone(), x), |(params, x)| {
        let variables = variables.clone().with_params(params.clone());
        let (output, _) = model.apply_mut(&variables, options.clone(), |m| call(m, x))?;
        metamlp_tensor::Result::Ok((output * &cotangent).sum_all())
    })?;
    compare_leaves(case, "grad", &leaves(&params), |_| TOLERANCE)?;
    compare("grad_arg/0", &argument, case.array("grad_arg/0")?, TOLERANCE)
}

/// The keys of the streams that a description gives under `field`.
fn rngs(case: &Case, field: &str) -> Result<Rngs, Failed> {
    let streams = case.field(field).as_object().ok_or_else(|| format!("`{field}` is not an object"))?;
    let key =
        |seed: &Value| seed.as_i64().map(Key::new).ok_or_else(|| format!("`{field}` holds the seed {seed}"));
    let keys = streams.iter().map(|(name, seed)| Ok((name.as_str(), key(seed)?)));
    Ok(Rngs::new(keys.collect::<Result<Vec<_>, String>>()?))
}

/// What `apply` is called with.
fn options(case: &Case) -> Result<Apply, Failed> {
    let options = Apply::new().rngs(rngs(case, "apply_rngs")?);
    let options = options.capture_intermediates(case.field("capture_intermediates") == true);
    Ok(match case.field("mutable").as_array() {
        None => options,
        Some(names) => {
            options.mutable(names.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>())
        }
    })
}

fn leaves(tree: &impl Tree) -> BTreeMap<String, Tensor> {
    tree.tensors_with_paths().into_iter().map(|(path, tensor)| (path.to_string(), tensor)).collect()
}

/// Whether there are leaves under the very paths of the role, and they agree.
fn compare_leaves(
    case: &Case,
    role: &str,
    found: &BTreeMap<String, Tensor>,
    tolerance: impl Fn(&str) -> Tolerance,
) -> Result<(), Failed> {
    let expected: BTreeMap<String, String> =
        case.paths(role).into_iter().map(|path| (path.replace("__call__", "call"), path)).collect();
    if !found.keys().eq(expected.keys()) {
        return Err(format!("{role} has {:?}, expected {:?}", found.keys(), expected.keys()).into());
    }
    for (tensor, path) in found.values().zip(expected.values()) {
        let role = format!("{role}/{path}");
        compare(&role, tensor, case.array(&role)?, tolerance(path))?;
    }
    Ok(())
}

/// The model of the documentation of `init`.
#[module]
struct Foo {}

#[compact]
impl Foo {
    fn call(&self, x: &Tensor, train: bool) -> Tensor {
        let x = Dense::new(16).call(x);
        let x = BatchNorm::new().use_running_average(!train).call(&x);
        let x = relu(&x);
        let x = &x + random::normal(self.make_rng("noise"), x.shape());
        Dense::new(1).call(&x)
    }
}

/// Repeated `make_rng` in one scope, and in scopes within it.
#[module]
struct TwoKeys {}

#[compact]
impl TwoKeys {
    fn call(&self, x: &Tensor) -> Tensor {
        let a = random::normal(self.make_rng("noise"), x.shape());
        let b = random::normal(self.make_rng("noise"), x.shape());
        Inner::new().call(x) + a * 2.0 + Inner::new().call(&b) * 3.0
    }
}

#[module]
struct Inner {}

#[compact]
impl Inner {
    fn call(&self, x: &Tensor) -> Tensor {
        x + random::uniform(self.make_rng("noise"), x.shape())
    }
}

/// One instance called twice shares its variables.
#[module]
struct Shared {}

#[compact]
impl Shared {
    fn call(&self, x: &Tensor) -> Tensor {
        let dense = Dense::new(x.shape()[x.rank() - 1]);
        dense.call(&relu(&dense.call(x)))
    }
}

/// Names follow the order of construction, not of call.
#[module]
struct NestedCall {}

#[compact]
impl NestedCall {
    fn call(&self, x: &Tensor) -> Tensor {
        Dense::new(3).call(&Dense::new(5).named("inner").call(&Dense::new(4).call(x)))
    }
}

/// Submodules as fields, several methods.
#[module]
struct AutoEncoder {
    encoder: Dense,
    decoder: Dense,
}

fn autoencoder() -> AutoEncoder {
    AutoEncoder::new(Dense::new(3), Dense::new(7))
}

#[compact]
impl AutoEncoder {
    fn call(&self, x: &Tensor) -> Tensor {
        self.decode(&self.encode(x))
    }

    fn encode(&self, x: &Tensor) -> Tensor {
        self.encoder.call(x).tanh()
    }

    fn decode(&self, z: &Tensor) -> Tensor {
        self.decoder.call(z)
    }
}

/// The user's variables in the user's collection.
#[module]
struct Counter {}

#[compact]
impl Counter {
    fn call(&self, x: &Tensor) -> Tensor {
        let mean = self.variable("stats", "mean", || Tensor::zeros([x.shape()[x.rank() - 1]], F32));
        let n = self.variable("stats", "n", || Tensor::zeros([], I32));
        if !self.is_initializing() {
            n.set(n.get() + 1);
            mean.set(mean.get() + (x.mean([0]) - mean.get()) / n.get());
        }
        x - mean.get()
    }
}

/// Values sown as a tuple, and as a sum.
#[module]
struct Sower {}

#[compact]
impl Sower {
    fn call(&self, x: &Tensor) -> Tensor {
        let mut x = x.clone();
        for _ in 0..2 {
            x = Dense::new(4).call(&x);
            self.sow("intermediates", "h", &x);
        }
        for norm in [x.abs().sum_all(), x.abs().max_all()] {
            self.sow_with("losses", "l1", &norm, || Tensor::zeros([], F32), |sum, value| sum + value);
        }
        x
    }
}

/// A hidden value with a variable added to it, whose gradient is the value's.
#[module]
struct Perturbed {}

#[compact]
impl Perturbed {
    fn call(&self, x: &Tensor) -> Tensor {
        let h = self.perturb("h", &Dense::new(4).call(x));
        Dense::new(2).call(&relu(&h))
    }
}

/// A chain made inline, whose layers are the model's.
#[module]
struct Seq {}

#[compact]
impl Seq {
    fn call(&self, x: &Tensor) -> Tensor {
        Sequential::new()
            .then(Dense::new(6))
            .then_fn(relu)
            .then(Dense::new(4))
            .then_fn(Tensor::tanh)
            .then(Dense::new(2))
            .call(x)
    }
}
