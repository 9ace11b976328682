//! `models`: small models against Flax: initial variables, outputs, updated
//! collections and gradients. `generate.py` has the same models.

use libtest_mimic::Failed;
use metamlp::Pooling;
use metamlp::prelude::*;

use crate::case::Case;
use crate::module::run;

pub(crate) fn check(case: &Case) -> Result<(), Failed> {
    let flag = |field: &str, name: &str| case.field(field)[name].as_bool().unwrap_or_default();
    let (train_init, train) = (flag("kwargs", "train"), flag("apply_kwargs", "train"));
    let deterministic = flag("kwargs", "deterministic");
    match (case.text("model")?, case.field("method").as_str()) {
        ("Foo", None) => {
            run(case, &Foo::new(), |m, x| m.call(&x[0], train_init), |m, x| m.call(&x[0], train))
        }
        ("TwoKeys", None) => run_unary(case, &TwoKeys::new(), TwoKeys::call),
        ("Shared", None) => run_unary(case, &Shared::new(), Shared::call),
        ("NestedCall", None) => run_unary(case, &NestedCall::new(), NestedCall::call),
        ("AutoEncoder", None) => run_unary(case, &autoencoder(), AutoEncoder::call),
        ("AutoEncoder", Some("encode")) => run_unary(case, &autoencoder(), AutoEncoder::encode),
        ("Sower", None) => run_unary(case, &Sower::new(), Sower::call),
        ("Perturbed", None) => run_unary(case, &Perturbed::new(), Perturbed::call),
        ("Counter", None) => run_unary(case, &Counter::new(), Counter::call),
        ("Tied", None) => run_unary(case, &Tied::new(), Tied::call),
        ("Transformer", None) => {
            // The default, except in the case about capture.
            let layers = if case.field("capture_intermediates") == true { 1 } else { 2 };
            run_unary(case, &Transformer::new(layers), |m, ids| m.call(ids, deterministic))
        }
        ("Seq", None) => run_unary(case, &Seq::new(), Seq::call),
        ("WeightNormed", None) => run_unary(case, &WeightNormed::new(), WeightNormed::call),
        ("SpectralNormed", None) => {
            let update_stats = flag("kwargs", "update_stats");
            run_unary(case, &SpectralNormed::new(), |m, x| m.call(x, update_stats))
        }
        ("Cnn", None) => run_unary(case, &Cnn::new(), Cnn::call),
        (model, None) => Err(format!("the harness knows no model `{model}`").into()),
        (model, Some(method)) => Err(format!("the harness knows no method `{method}` of `{model}`").into()),
    }
}

/// A model with one tensor argument.
fn run_unary<M: Module>(case: &Case, model: &M, call: impl Fn(&M, &Tensor) -> Tensor) -> Result<(), Failed> {
    let call = |model: &M, arguments: &[Tensor]| call(model, &arguments[0]);
    run(case, model, call, call)
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

/// A user-defined variable in a user-defined collection.
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

/// A hidden value with a perturbation, whose gradient is that of the value.
#[module]
struct Perturbed {}

#[compact]
impl Perturbed {
    fn call(&self, x: &Tensor) -> Tensor {
        let h = self.perturb("h", &Dense::new(4).call(x));
        Dense::new(2).call(&relu(&h))
    }
}

/// A chain made inline; its layers belong to the model.
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

/// An embedding whose weights are also the output projection.
#[module]
struct Tied {}

#[compact]
impl Tied {
    fn call(&self, ids: &Tensor) -> Tensor {
        let embed = Embed::new(9, 6);
        embed.attend(&Dense::new(6).call(&embed.call(ids)))
    }
}

/// A pre-norm transformer block.
#[module]
struct Block {
    #[default(8)]
    dim: usize,
}

#[compact]
impl Block {
    fn call(&self, x: &Tensor, deterministic: bool) -> Tensor {
        let dropped = |x: &Tensor| Dropout::new(0.1).deterministic(deterministic).call(x);
        let causal = make_causal_mask(&Tensor::ones(&x.shape()[..2], F32));
        let h = LayerNorm::new().call(x);
        let h = MultiHeadDotProductAttention::new(2).dropout_rate(0.1).deterministic(deterministic).call(
            &h,
            None,
            None,
            Some(&causal),
        );
        let x = x + dropped(&h);
        let h = Dense::new(4 * self.dim).call(&LayerNorm::new().call(&x));
        let h = Dense::new(self.dim).call(&gelu(&h));
        &x + dropped(&h)
    }
}

/// Blocks between an embedding and a classifier.
#[module]
struct Transformer {
    layers: usize,
}

#[compact]
impl Transformer {
    fn call(&self, ids: &Tensor, deterministic: bool) -> Tensor {
        let positions = self.param("pos", initializers::normal(0.02), [ids.shape()[1], 8]);
        let mut x = Embed::new(13, 8).call(ids) + positions;
        for _ in 0..self.layers {
            x = Block::new().call(&x, deterministic);
        }
        Dense::new(13).use_bias(false).call(&LayerNorm::new().call(&x))
    }
}

/// A layer whose weights have length 1, times a scale.
#[module]
struct WeightNormed {}

#[compact]
impl WeightNormed {
    fn call(&self, x: &Tensor) -> Tensor {
        WeightNorm::new(Dense::new(4)).call(x)
    }
}

/// A layer whose weights have spectral norm 1.
#[module]
struct SpectralNormed {}

#[compact]
impl SpectralNormed {
    fn call(&self, x: &Tensor, update_stats: bool) -> Tensor {
        SpectralNorm::new(Dense::new(4)).n_steps(2).call(x, update_stats)
    }
}

/// Two convolutions, each with its pooling, and a classifier.
#[module]
struct Cnn {}

#[compact]
impl Cnn {
    fn call(&self, x: &Tensor) -> Tensor {
        let halved = Pooling::new([2, 2]).strides([2, 2]);
        let x = avg_pool(&relu(&Conv::new(4, [3, 3]).call(x)), &halved);
        let x = max_pool(&relu(&Conv::new(6, [3, 3]).call(&x)), &halved);
        Dense::new(10).call(&x.reshape([x.shape()[0], x.shape()[1..].iter().product()]))
    }
}
