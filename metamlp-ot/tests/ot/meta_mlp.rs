//! The network: Flax's shapes, names and numbers.

use metamlp_core::prelude::*;
use metamlp_ot::MetaMLP;

use crate::support::*;

fn weights(n: usize, dtype: DType) -> Tensor {
    Tensor::full([n], 1.0 / n as f64, dtype)
}

#[test]
fn shapes_and_names() {
    let model = MetaMLP::new(64);
    let a = Tensor::spec([64], F32);
    let variables = model.init(Key::new(0), |m| m.call(&a, &a)).unwrap();
    let params = variables.params();
    let leaves: Vec<(String, Vec<usize>)> = params
        .tensors_with_paths()
        .into_iter()
        .map(|(path, tensor)| (path.to_string(), tensor.shape().to_vec()))
        .collect();
    let expected = [
        ("Dense_0/kernel", vec![128, 512]),
        ("Dense_0/bias", vec![512]),
        ("Dense_1/kernel", vec![512, 512]),
        ("Dense_1/bias", vec![512]),
        ("Dense_2/kernel", vec![512, 512]),
        ("Dense_2/bias", vec![512]),
        ("Dense_3/kernel", vec![512, 64]),
        ("Dense_3/bias", vec![64]),
    ];
    assert_eq!(leaves, expected.map(|(path, shape)| (path.to_owned(), shape)));
    assert_eq!(params.size(), 624_192);
    let biases = &params["Dense_1"]["bias"];
    assert_eq!(biases.as_tensor().unwrap().abs().max_all().item::<f32>().unwrap(), 0.0);
}

#[test]
fn computes_in_the_dtype_of_the_weights() {
    let model = MetaMLP::new(5).num_hidden_units(4).num_hidden_layers(1);
    for dtype in [F32, F64] {
        let (a, b) = (weights(5, dtype), weights(3, dtype));
        let (f, variables) = model.init_with_output(Key::new(0), |m| m.call(&a, &b)).unwrap();
        assert_eq!((f.shape(), f.dtype()), (&[5][..], dtype));
        assert!(variables.tensors().iter().all(|parameter| parameter.dtype() == F32));
    }
}

#[test]
fn no_hidden_layers_make_an_affine_map() {
    let a = Tensor::spec([3], F32);
    let variables = MetaMLP::new(3).num_hidden_layers(0).init(Key::new(0), |m| m.call(&a, &a)).unwrap();
    assert_eq!(variables.params().size(), 6 * 3 + 3);
}

fn small() -> MetaMLP {
    MetaMLP::new(3).num_hidden_units(4).num_hidden_layers(2)
}

#[test]
fn parameters_are_those_of_flax() {
    let (a, b) = (vector(&[0.5, 0.3, 0.2]).convert(F32), vector(&[0.6, 0.4]).convert(F32));
    let (f, variables) = small().init_with_output(Key::new(0), |m| m.call(&a, &b)).unwrap();
    let row = |layer: &str| variables["params"][layer]["kernel"].as_tensor().unwrap().index(0);
    assert_all_close(&row("Dense_0"), &[-0.7387071, 0.33744565, -0.61614853, -0.38103622], 1e-7);
    assert_all_close(&row("Dense_1"), &[0.00166372, 0.1601259, 0.09040862, -0.42029327], 1e-7);
    assert_all_close(&row("Dense_2"), &[0.7839004, -0.18161774, 0.21575636], 1e-7);
    assert_eq!(variables.params().size(), 59);
    assert_all_close(&f, &[0.13015641, -0.15705678, 0.08356287], 1e-7);
}

#[test]
fn output_of_fixed_weights() {
    let (a, b) = (vector(&[0.5, 0.3, 0.2]), vector(&[0.6, 0.4]));
    let variables = Variables::from_params(fixed_params());
    let f = small().apply(&variables, (), |m| m.call(&a, &b)).unwrap();
    assert_all_close(&f, &[0.0653269537, 0.1473684211, 0.2294098884], TOLERANCE);
}

#[test]
fn a_batch_is_its_pairs() {
    let a = Tensor::from_vec([2, 3], vec![0.5, 0.3, 0.2, 0.2, 0.2, 0.6]);
    let b = Tensor::from_vec([2, 2], vec![0.6, 0.4, 0.1, 0.9]);
    let variables = Variables::from_params(fixed_params());
    let f = small().apply(&variables, (), |m| m.call(&a, &b)).unwrap();
    for i in 0..2 {
        let single = small().apply(&variables, (), |m| m.call(&a.index(i), &b.index(i))).unwrap();
        assert_all_close(&f.index(i), &single.to_vec::<f64>().unwrap(), 1e-15);
    }
}
