//! The workloads by name: the preparation and the timed call of each. Knows the
//! models, not the timing.

use std::hint::black_box;

use metamlp::prelude::*;

use crate::models::{Cnn, Transformer, cnn, gelu_layer_norm, mlp, seed, transformer};

/// One call of a workload.
pub(crate) type Call = Box<dyn FnMut() -> metamlp::Result<()>>;

/// The workloads that `cargo bench` times: all but the matrix products.
pub(crate) const NAMES: [&str; 20] = [
    "W1_b1",
    "W1_b32",
    "W1_b128",
    "W2_b128",
    "W3_1",
    "W3_256",
    "W3_1_eager",
    "W3_256_eager",
    "W4_mlp_eager",
    "W4_tf_eager",
    "W4_mlp_shape",
    "W4_tf_shape",
    "W6_geluln",
    "W6_gelu",
    "W6_ln",
    "W6_softmax",
    "W7_fwd",
    "W7_train",
    "TF_fwd_b8",
    "W8_128x1568x512",
];

const WIDTHS: [usize; 4] = [512, 512, 512, 784];

/// The workload called `name`, if there is one.
pub(crate) fn case(name: &str) -> metamlp::Result<Option<Call>> {
    let parts: Vec<&str> = name.split('_').collect();
    Ok(Some(match parts[..] {
        ["W1", batch] => match batch.trim_start_matches('b').parse() {
            Ok(batch) => forward(mlp(WIDTHS.to_vec()), &normal([batch, 1568])?, |m, x| m.call(x))?,
            Err(_) => return Ok(None),
        },
        ["W2", "b128"] => {
            let (x, y) = (normal([128, 1568])?, normal([128, 784])?);
            let loss = |found: &Tensor, y: &Tensor| (found - y).square().mean_all();
            train(mlp(WIDTHS.to_vec()), x, y, |m, x| m.call(x), loss)?
        }
        ["W3", "1"] => noisy(1)?,
        ["W3", "256"] => noisy(256)?,
        ["W3", "1", "eager"] => noisy_without_jit(1)?,
        ["W3", "256", "eager"] => noisy_without_jit(256)?,
        ["W4", "mlp", how] => init(mlp(WIDTHS.to_vec()), &[1, 1568], how, |m, x| m.call(x)),
        ["W4", "tf", how] => init(transformer(12), &[1, 64, 256], how, |m, x| m.call(x)),
        ["TF", "fwd", "b8"] => forward(transformer(12), &normal([8, 64, 256])?, Transformer::call)?,
        ["W6", "geluln"] => forward(gelu_layer_norm(), &normal([4096, 768])?, |m, x| m.call(x))?,
        ["W6", "gelu"] => function(&normal([4096, 768])?, gelu),
        ["W6", "ln"] => forward(LayerNorm::new(), &normal([4096, 768])?, |m, x| m.call(x))?,
        ["W6", "softmax"] => function(&normal([512, 4096])?, |x| softmax(x, -1)),
        ["W7", "fwd"] => forward(cnn(), &normal([64, 28, 28, 1])?, Cnn::call)?,
        ["W7", "train"] => {
            let labels = Tensor::from_vec([64], (0..64).map(|i| i % 10).collect::<Vec<i32>>());
            let loss = |found: &Tensor, labels: &Tensor| {
                losses::softmax_cross_entropy_with_integer_labels(found, labels).mean_all()
            };
            train(cnn(), normal([64, 28, 28, 1])?, labels, Cnn::call, loss)?
        }
        ["W8", shape] => match shape.split('x').map(str::parse).collect::<Result<Vec<usize>, _>>().as_deref()
        {
            Ok(&[rows, depth, columns]) => {
                let (lhs, rhs) = (normal([rows, depth])?, normal([depth, columns])?);
                function(&lhs, move |lhs| lhs.matmul(&rhs))
            }
            _ => return Ok(None),
        },
        _ => return Ok(None),
    }))
}

/// Drops a result and keeps the compiler from removing its computation.
fn done<T>(result: T) -> metamlp::Result<()> {
    black_box(result);
    Ok(())
}

fn normal<const RANK: usize>(shape: [usize; RANK]) -> metamlp::Result<Tensor> {
    Ok(evaluate(random::normal(Key::new(1), shape))?)
}

/// A compiled function of one tensor.
fn function(x: &Tensor, f: impl Fn(&Tensor) -> Tensor + Send + Sync + 'static) -> Call {
    let compiled = jit(move |x: Tensor| Ok(f(&x)));
    let x = x.clone();
    Box::new(move || done(compiled(x.clone())?))
}

/// A model applied under `jit`, its variables an argument.
fn forward<M: Module + Send + Sync + 'static>(
    model: M,
    x: &Tensor,
    call: impl Fn(&M, &Tensor) -> Tensor + Send + Sync + 'static,
) -> metamlp::Result<Call> {
    let x = x.clone();
    let variables = model.init(Key::new(0), |m| call(m, &x))?;
    let apply = jit(move |variables: Variables, x: Tensor| {
        Ok(model.apply(&variables, Options::new(), |m| call(m, &x))?)
    });
    Ok(Box::new(move || done(apply(variables.clone(), x.clone())?)))
}

/// A training step with Adam; the state is donated to the next one.
fn train<M: Module + Clone + Send + Sync + 'static>(
    model: M,
    x: Tensor,
    y: Tensor,
    call: impl Fn(&M, &Tensor) -> Tensor + Send + Sync + 'static,
    loss: impl Fn(&Tensor, &Tensor) -> Tensor + Send + Sync + 'static,
) -> metamlp::Result<Call> {
    let variables = model.init(Key::new(0), |m| call(m, &x))?;
    let mut state = Some(TrainState::new(&model, variables, optim::adam(1e-3)));
    let step = jit(move |state: TrainState, (x, y): (Tensor, Tensor)| {
        let (loss, grads) = value_and_grad(&state.params, |params| {
            let found = model.apply(&state.variables(params), Options::new(), |m| call(m, &x))?;
            Ok(loss(&found, &y))
        })?;
        Ok((state.apply_gradients(&grads)?, loss))
    });
    Ok(Box::new(move || {
        if let Some(before) = state.take() {
            let (next, loss) = step(before, (x.clone(), y.clone()))?;
            black_box(loss);
            state = Some(next);
        }
        Ok(())
    }))
}

/// The model with noise and running statistics, compiled.
fn noisy(batch: usize) -> metamlp::Result<Call> {
    let (model, x) = (seed(), normal([batch, 7])?);
    let rngs = Rngs::new([("params", Key::new(0)), ("noise", Key::new(1))]);
    let variables = model.init(rngs, |m| m.call(&x))?;
    let apply = jit(move |variables: Variables, x: Tensor, key: Key| {
        let options = Options::new().rng("noise", key).mutable("batch_stats");
        Ok(model.apply_mut(&variables, options, |m| m.call(&x))?)
    });
    let key = Key::new(2);
    Ok(Box::new(move || done(apply(variables.clone(), x.clone(), key.clone())?)))
}

/// The same model without `jit`: each call makes scopes, names and streams.
fn noisy_without_jit(batch: usize) -> metamlp::Result<Call> {
    let (model, x) = (seed(), normal([batch, 7])?);
    let rngs = Rngs::new([("params", Key::new(0)), ("noise", Key::new(1))]);
    let variables = model.init(rngs, |m| m.call(&x))?;
    let key = Key::new(2);
    Ok(Box::new(move || {
        let options = Options::new().rng("noise", key.clone()).mutable("batch_stats");
        done(model.apply_mut(&variables, options, |m| m.call(&x))?)
    }))
}

/// `init`, or `eval_shape`.
fn init<M: Module + 'static>(
    model: M,
    shape: &[usize],
    how: &str,
    call: impl Fn(&M, &Tensor) -> Tensor + 'static,
) -> Call {
    let x = Tensor::spec(shape, F32);
    let shapes_only = how == "shape";
    Box::new(move || {
        let variables = if shapes_only {
            model.eval_shape(Key::new(0), |m| call(m, &x))?
        } else {
            model.init(Key::new(0), |m| call(m, &x))?
        };
        done(variables)
    })
}
