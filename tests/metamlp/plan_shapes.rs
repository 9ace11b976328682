//! The numbers of kernels and of loops per row in the programs of common models, so
//! that a lost fusion is seen without a benchmark.

use metamlp::prelude::*;
use metamlp::{Error, Plan};

fn spec(shape: &[usize]) -> Tensor {
    Tensor::spec(shape, F32)
}

fn plan<M: Module>(model: &M, x: &Tensor, call: impl Fn(&M, &Tensor) -> Tensor) -> Result<Plan, Error> {
    let variables = model.eval_shape(Key::new(0), |m| call(m, x))?;
    let apply = |(variables, x): (Variables, Tensor)| model.apply(&variables, (), |m| call(m, &x));
    Plan::of(apply, &(variables, x.clone()))
}

/// Checks that the plan is one kernel with this many instructions per row.
#[track_caller]
fn assert_rows(plan: &Plan, instructions: usize) {
    let told = plan.to_string();
    assert!(plan.kernels() == 1 && told.contains(&format!(": {instructions} instructions, ")), "{told}");
}

#[compact]
fn mlp(x: &Tensor) -> Tensor {
    let x = relu(&Dense::new(512).call(x));
    let x = relu(&Dense::new(512).call(&x));
    Dense::new(784).call(&x)
}

#[compact]
fn gelu_layer_norm(x: &Tensor) -> Tensor {
    LayerNorm::new().call(&gelu(x))
}

#[test]
fn a_dense_layer_with_its_activation_is_one_kernel() -> Result<(), Error> {
    assert_eq!(plan(&mlp(), &spec(&[128, 1568]), Mlp::call)?.kernels(), 3);
    Ok(())
}

#[test]
fn softmax_and_norms_are_a_few_loops_a_row() -> Result<(), Error> {
    // The maximum, the exponentials, their sum, the quotients.
    let softmax = Plan::of(|x: Tensor| Ok::<_, Error>(softmax(&x, -1)), &spec(&[512, 4096]))?;
    assert_rows(&softmax, 4);
    // Both moments, and the result.
    let x = spec(&[4096, 768]);
    assert_rows(&plan(&LayerNorm::new(), &x, |m, x| m.call(x))?, 2);
    assert_rows(&plan(&gelu_layer_norm(), &x, GeluLayerNorm::call)?, 3);
    Ok(())
}

#[test]
fn what_lies_across_rows_is_put_in_order_first() -> Result<(), Error> {
    let transposed = |x: Tensor| Ok::<_, Error>(x.transpose([1, 0]) * 2.0);
    let plan = Plan::of(transposed, &spec(&[2048, 1024]))?;
    assert!(plan.kernels() == 1 && plan.to_string().contains(", 1 rearranged"), "{plan}");
    Ok(())
}

#[test]
fn a_training_step_is_products_and_one_kernel_for_each_update() -> Result<(), Error> {
    let model = mlp();
    let x = spec(&[128, 1568]);
    let variables = model.eval_shape(Key::new(0), |m| m.call(&x))?;
    let state = TrainState::new(&model, variables, optim::adam(1e-3));
    let step = |(state, x, y): (TrainState, Tensor, Tensor)| {
        let (loss, grads) = value_and_grad(&state.params, |params| {
            let found = model.apply(&state.variables(params), (), |m| m.call(&x))?;
            Ok((found - &y).square().mean_all())
        })?;
        Ok::<_, Error>((state.apply_gradients(&grads)?, loss))
    };
    let plan = Plan::of(step, &(state, x, spec(&[128, 784])))?;
    // Three products forwards and five backwards; a sum and an update for each
    // of six parameters; the loss, and the step count of Adam.
    assert!(plan.kernels() <= 24, "{plan}");
    Ok(())
}
