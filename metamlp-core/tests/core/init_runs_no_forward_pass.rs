//! `init` computes only the variables, for any input.

use metamlp::prelude::*;
use metamlp::tensor::statistics::executed_nodes;

#[compact]
fn deep(x: &Tensor, #[field] layers: usize, #[field] width: usize) -> Tensor {
    (0..layers).fold(x.clone(), |x, _| Dense::new(width).call(&x).tanh())
}

/// The number of operations that `f` runs.
fn nodes(f: impl FnOnce()) -> u64 {
    let before = executed_nodes();
    f();
    executed_nodes() - before
}

#[test]
fn a_deep_stack_on_a_large_input_costs_its_random_numbers() {
    let (layers, width) = (100, 32);
    let model = deep(layers, width);
    let mut variables = Variables::new();
    let spec = Tensor::spec([65_536, 1024], F32);
    let init = nodes(|| variables = model.init(Key::new(0), |m| m.call(&spec)).unwrap());

    let kernels = |i: usize| {
        let inputs = if i == 0 { 1024 } else { width };
        let kernel = initializers::lecun_normal().initialize(
            Key::new(i64::try_from(i).unwrap()),
            &[inputs, width],
            F32,
        );
        (kernel, initializers::zeros().initialize(Key::new(0), &[width], F32))
    };
    let drawn = nodes(|| drop(evaluate((0..layers).map(kernels).collect::<Vec<_>>()).unwrap()));
    assert!(init <= drawn, "init ran {init} operations, its parameters take {drawn}");
    assert_eq!(variables.params().size(), 1024 * width + width + (layers - 1) * (width * width + width));

    // Values that no variable needs are not computed either, if the input has values.
    let x = Tensor::ones([8, 1024], F32);
    assert_eq!(nodes(|| drop(model.init(Key::new(0), |m| m.call(&x)).unwrap())), init);
}

#[compact]
fn centred(x: &Tensor) -> Tensor {
    x - metamlp::variable("stats", "mean", || x.mean([0])).get()
}

#[test]
fn a_variable_that_needs_a_value_gets_it() {
    let x = Tensor::from_vec([2, 1], vec![1.0f32, 3.0]);
    let variables = centred().init((), |m| m.call(&x)).unwrap();
    assert_eq!(variables["stats"]["mean"].as_tensor().unwrap().to_vec::<f32>().unwrap(), [2.0]);
    let error = centred().init((), |m| m.call(&Tensor::spec([2, 1], F32))).unwrap_err();
    assert!(error.to_string().contains("has a shape but no value"), "{error}");
}
