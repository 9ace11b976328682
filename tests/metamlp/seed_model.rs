//! The first programs of the guide, as they are written there: the model of Flax's
//! documentation of `init`, a model as a function, and a model with fields and
//! several methods.

use metamlp::Map;
use metamlp::prelude::*;

type Outcome = Result<(), metamlp::Error>;

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

#[test]
fn a_model() -> Outcome {
    let x = Tensor::ones([1, 7], F32);

    let model = Foo::new();
    let rngs = Rngs::new([("params", Key::new(0)), ("noise", Key::new(1))]);
    let variables = model.init(rngs, |m| m.call(&Tensor::spec([1, 7], F32), false))?; // shapes are enough

    assert!(format!("{}", variables["params"]["Dense_0"]["kernel"]).contains('['));
    let y = model.apply(&variables, Options::new().rng("noise", Key::new(2)), |m| m.call(&x, false))?;
    assert_eq!(y.shape(), [1, 1]);

    let (y, updates) = model.apply_mut(
        &variables,
        Options::new()
            .rng("noise", Key::new(2))
            .mutable(["batch_stats", "intermediates"])
            .capture_intermediates(true),
        |m| m.call(&x, true),
    )?;
    assert_eq!(updates.names().collect::<Vec<_>>(), ["batch_stats", "intermediates"]);
    let captured = &updates["intermediates"];
    assert_eq!(captured.names().collect::<Vec<_>>(), ["Dense_0", "BatchNorm_0", "Dense_1", "call"]);
    let output = captured["call"][0].as_tensor().map(Tensor::to_vec::<f32>).transpose()?;
    assert_eq!(output, Some(y.to_vec::<f32>()?));
    Ok(())
}

/// A perceptron with two hidden layers.
#[compact]
pub fn mlp(x: &Tensor, #[field] hidden: usize, #[field(default = 10)] classes: usize) -> Tensor {
    let x = relu(&Dense::new(hidden).call(x));
    let x = relu(&Dense::new(hidden).call(&x));
    Dense::new(classes).call(&x)
}

#[test]
fn the_same_thing_as_a_function() -> Outcome {
    let model = Mlp::new(8).classes(3);
    assert_eq!((model.hidden, model.classes, mlp(8).classes), (8, 3, 10));
    let variables = model.init(Key::new(0), |m| m.call(&Tensor::spec([1, 4], F32)))?;
    assert_eq!(variables["params"]["Dense_2"]["kernel"].as_tensor().map(Tensor::shape), Some(&[8, 3][..]));
    let y = model.apply(&variables, Options::new(), |m| m.call(&Tensor::ones([5, 4], F32)))?;
    assert_eq!(y.shape(), [5, 3]);
    Ok(())
}

#[compact]
fn block(x: &Tensor) -> Tensor {
    let features = x.shape().last().copied().unwrap_or(1);
    x + Dense::new(features).call(x).tanh()
}

#[module]
struct AutoEncoder {
    encoder: Dense,
    decoder: Dense,
    blocks: Vec<Block>,
}

#[compact]
impl AutoEncoder {
    pub fn call(&self, x: &Tensor) -> Tensor {
        self.decode(&self.encode(x))
    }
    pub fn encode(&self, x: &Tensor) -> Tensor {
        self.blocks.iter().fold(self.encoder.call(x), |x, block| block.call(&x))
    }
    pub fn decode(&self, z: &Tensor) -> Tensor {
        self.decoder.call(z)
    }
}

#[test]
fn submodules_as_fields() -> Outcome {
    let model = AutoEncoder::new(Dense::new(3), Dense::new(7), vec![block(), block()]);
    let x = Tensor::ones([2, 7], F32);
    let variables = model.init(Key::new(0), |m| m.call(&x))?;
    let names: Vec<_> = variables.params().names().collect();
    assert_eq!(names, ["encoder", "blocks_0", "blocks_1", "decoder"]);
    let z = model.apply(&variables, Options::new(), |m| m.encode(&x))?;
    let y = model.apply(&variables, Options::new(), |m| m.decode(&z))?;
    let whole = model.apply(&variables, Options::new(), |m| m.call(&x))?;
    assert_eq!(y.to_vec::<f32>()?, whole.to_vec::<f32>()?);
    Ok(())
}

#[derive(Clone, Tree)]
struct Batch {
    x: Tensor,
    y: Tensor,
}

#[test]
fn training_lowers_the_loss() -> Outcome {
    let model = mlp(16).classes(1);
    let mut params = model.init(Key::new(0), |m| m.call(&Tensor::spec([1, 2], F32)))?["params"].clone();
    let x = random::normal(Key::new(1), [32, 2]);
    let batch = Batch { y: x.prod([-1]).expand_dims(-1), x };

    let step = jit(move |params: Map, batch: Batch| {
        let (loss, grads) = value_and_grad(&params, |params| {
            let variables = Variables::from_params(params.clone());
            let y = model.apply(&variables, Options::new(), |m| m.call(&batch.x))?;
            Ok((y - &batch.y).square().mean_all())
        })?;
        Ok((optim::apply_updates(&params, &grads.map(&mut |grad| grad * -0.1))?, loss))
    });
    let (_, first) = step(params.clone(), batch.clone())?;
    let mut last = first.clone();
    for _ in 0..100 {
        (params, last) = step(params, batch.clone())?;
    }
    assert!(last.item::<f32>()? < 0.5 * first.item::<f32>()?);
    Ok(())
}
