//! Layers that wrap another one: weight and spectral normalization.

use metamlp::Map;
use metamlp::prelude::*;

use super::support::{near, normal, ones, shape, values};

fn tensor<'a>(variables: &'a Variables, path: &str) -> &'a Tensor {
    variables.get(path).and_then(Entry::as_tensor).unwrap_or_else(|| panic!("no {path} in {variables}"))
}

#[compact]
fn foo(x: &Tensor, train: bool) -> Tensor {
    let x = Dense::new(8).call(x);
    let x = SpectralNorm::new(Dense::new(6)).call(&x, train);
    Dense::new(4).call(&x)
}

/// Flax: `test_spectral_norm_train`.
#[test]
fn test_spectral_norm_train() {
    let x = normal(0, [3, 4]);
    let variables = foo().init(Key::new(0), |m| m.call(&x, false)).unwrap();
    let paths =
        ["batch_stats/SpectralNorm_0/Dense_1/kernel/u", "batch_stats/SpectralNorm_0/Dense_1/kernel/sigma"];
    assert_eq!(variables["batch_stats"].tensors_with_paths().len(), 2);
    assert_eq!(paths.map(|path| shape(&variables, path)), [vec![1, 6], vec![]]);
    assert_eq!(values(tensor(&variables, paths[1])), [1.0]);

    let train = |variables: &Variables, update: bool| {
        foo().apply_mut(variables, Options::new().mutable("batch_stats"), |m| m.call(&x, update)).unwrap()
    };
    let (_, updates) = train(&variables, true);
    for path in paths {
        assert_ne!(values(tensor(&updates, path)), values(tensor(&variables, path)), "{path}");
    }
    let (_, kept) = train(&variables, false);
    for path in paths {
        assert_eq!(values(tensor(&kept, path)), values(tensor(&variables, path)), "{path}");
    }
    // If the collection is not mutable, the statistics are used but not updated.
    foo().apply(&variables, (), |m| m.call(&x, false)).unwrap();
    let error = foo().apply(&variables, (), |m| m.call(&x, true)).unwrap_err();
    assert!(matches!(error, metamlp::Error::ImmutableCollection { .. }), "{error}");
}

/// The largest singular value, by many steps of power iteration.
fn sigma(matrix: &Tensor) -> f32 {
    let mut v = ones([matrix.shape()[1], 1]) + normal(9, [matrix.shape()[1], 1]) * 0.1;
    for _ in 0..200 {
        v = matrix.t().matmul(&matrix.matmul(&v));
        v = evaluate(&v / v.square().sum_all().sqrt()).unwrap();
    }
    matrix.matmul(&v).square().sum_all().sqrt().item().unwrap()
}

/// Flax: `test_spectral_norm_sigma`, for several numbers of steps.
#[test]
fn test_spectral_norm_sigma() {
    let x = normal(0, [3, 7]);
    for n_steps in [1, 5, 100] {
        let layer = SpectralNorm::new(Dense::new(5)).n_steps(n_steps);
        let kernel = dense_kernel(7, 5);
        let params = Map::new()
            .with("layer_instance", Map::new().with("kernel", &kernel).with("bias", Tensor::zeros([5], F32)));
        let drawn = layer.init(Key::new(3), |m| m.call(&x, false)).unwrap();
        let variables = drawn.with_params(params);
        let (y, updates) =
            layer.apply_mut(&variables, Options::new().mutable("batch_stats"), |m| m.call(&x, true)).unwrap();
        let found = values(tensor(&updates, "batch_stats/layer_instance/kernel/sigma"))[0];
        // Power iteration approaches it from below.
        let greatest = sigma(&kernel);
        let least = if n_steps == 100 { greatest - 1e-4 } else { 0.0 };
        assert!((least..greatest + 1e-4).contains(&found), "{n_steps}: {found}, {greatest}");
        near(&y, &x.matmul(&(kernel / f64::from(found))), 1e-5);
    }
}

fn dense_kernel(inputs: usize, outputs: usize) -> Tensor {
    normal(5, [inputs, outputs])
}

/// Flax: `test_spectral_norm_3d_tensor`.
#[test]
fn test_spectral_norm_3d_tensor() {
    let x = normal(0, [2, 4, 8]);
    let layer = SpectralNorm::new(DenseGeneral::new([2, 3])).n_steps(50);
    let variables = layer.init(Key::new(0), |m| m.call(&x, false)).unwrap();
    assert_eq!(shape(&variables, "batch_stats/layer_instance/kernel/u"), [1, 3]);
    assert_eq!(shape(&variables, "params/layer_instance/kernel"), [8, 2, 3]);
    let kernel = tensor(&variables, "params/layer_instance/kernel").reshape([16, 3]);
    assert!((sigma(&kernel) - 1.0).abs() < 1e-4);
    let strict = layer.error_on_non_matrix(true);
    let error = strict.init(Key::new(0), |m| m.call(&x, false)).unwrap_err().to_string();
    assert!(
        error.contains("SpectralNorm: error_on_non_matrix is set, and `layer_instance/kernel` is [8, 2, 3]"),
        "{error}"
    );
}

#[test]
fn spectral_norm_of_a_zero_matrix_and_of_no_steps_is_the_matrix() {
    let x = ones([1, 3]);
    let zero = SpectralNorm::new(Dense::new(2).kernel_init(initializers::zeros()));
    let (y, _) = zero.init_with_output(Key::new(0), |m| m.call(&x, true)).unwrap();
    assert_eq!(values(&y), [0.0, 0.0]);
    let plain = SpectralNorm::new(Dense::new(2).kernel_init(initializers::ones())).n_steps(0);
    let (y, variables) = plain.init_with_output(Key::new(0), |m| m.call(&x, true)).unwrap();
    assert_eq!(values(&y), [3.0, 3.0]);
    assert_eq!(variables.names().collect::<Vec<_>>(), ["params"]);
}

/// Flax: `test_manual_weight_norm`.
#[test]
fn test_manual_weight_norm() {
    let x = normal(0, [3, 4]);
    let layer = WeightNorm::new(Dense::new(5).bias_init(initializers::normal(1.0)));
    let kernel = dense_kernel(4, 5);
    let scale = normal(6, [5]);
    let mut variables = layer.init(Key::new(0), |m| m.call(&x)).unwrap();
    let bias = tensor(&variables, "params/layer_instance/bias").clone();
    let dense = Map::new().with("kernel", &kernel).with("bias", &bias);
    variables = variables
        .with_params(Map::new().with("layer_instance", dense).with("layer_instance/kernel/scale", &scale));
    let y = layer.apply(&variables, (), |m| m.call(&x)).unwrap();
    let unit = &kernel / kernel.square().sum_keepdims([0]).sqrt();
    near(&y, &(x.matmul(&(unit * scale)) + bias), 1e-5);
}

/// Flax: `test_weight_norm_variable_filter`, and the axes.
#[test]
fn test_weight_norm_variable_filter() {
    let x = ones([1, 2]);
    let scales = |layer: WeightNorm| {
        let variables = layer.init(Key::new(0), |m| m.call(&x)).unwrap();
        let paths = variables.tensors_with_paths().into_iter();
        let scales = paths.filter(|(path, _)| path.to_string().ends_with("scale"));
        scales.map(|(path, scale)| format!("{path}: {:?}", scale.shape())).collect::<Vec<_>>()
    };
    let norm = || WeightNorm::new(Dense::new(4));
    let (kernel, bias) = ("params/layer_instance/kernel/scale: [4]", "params/layer_instance/bias/scale: [4]");
    assert_eq!(scales(norm()), [kernel]);
    assert_eq!(scales(norm().variable_filter([])), [kernel, bias]);
    assert_eq!(scales(norm().variable_filter(["bias"])), [bias]);
    assert_eq!(scales(norm().variable_filter(["layer_inst"])).len(), 2);
    assert_eq!(scales(norm().variable_filter(["none"])).len(), 0);
    assert_eq!(scales(norm().use_scale(false)).len(), 0);
    assert_eq!(scales(norm().feature_axes(None)), ["params/layer_instance/kernel/scale: []"]);
    assert_eq!(scales(norm().feature_axes(AxisList::from(0))), ["params/layer_instance/kernel/scale: [2]"]);
    assert_eq!(
        scales(norm().feature_axes(AxisList::from([0, 1]))),
        ["params/layer_instance/kernel/scale: [2, 4]"]
    );
}

#[test]
fn norms_nest_and_chain_and_take_any_module() {
    let x = normal(0, [3, 4]);
    #[compact]
    fn nested(x: &Tensor) -> Tensor {
        WeightNorm::new(WeightNorm::new(Dense::new(2))).call(x)
    }
    let variables = nested().init(Key::new(0), |m| m.call(&x)).unwrap();
    assert_eq!(shape(&variables, "params/WeightNorm_0/Dense_0/kernel/scale"), [2]);

    let chain = Sequential::new().then(WeightNorm::new(Dense::new(4))).then_fn(relu).then(Dense::new(2));
    let variables = chain.init(Key::new(0), |m| m.call(&x)).unwrap();
    assert_eq!(shape(&variables, "params/layers_0/layer_instance/kernel/scale"), [4]);

    #[compact]
    fn summed(a: &Tensor, b: &Tensor) -> Tensor {
        Dense::new(3).call(a) + b
    }
    let layer = WeightNorm::new(summed());
    let b = ones([3, 3]);
    let (y, variables) = layer.init_with_output(Key::new(0), |m| m.call_with(&args![&x, &b])).unwrap();
    assert_eq!(y.as_tensor().unwrap().shape(), [3, 3]);
    assert_eq!(shape(&variables, "params/layer_instance/Dense_0/kernel/scale"), [3]);
    let layer = SpectralNorm::new(summed());
    let y = layer.init_with_output(Key::new(0), |m| m.call_with(&args![&x, &b], false)).unwrap().0;
    assert_eq!(y.as_tensor().unwrap().shape(), [3, 3]);
}

/// In Flax the `BatchNorm` could not write its averages and nothing could be captured.
#[test]
fn what_is_inside_trains_and_is_captured() {
    #[compact]
    fn inside(x: &Tensor) -> Tensor {
        BatchNorm::new().use_running_average(false).call(&Dense::new(3).call(x))
    }
    let (x, layer) = (normal(0, [5, 4]), WeightNorm::new(inside()));
    let variables = layer.init(Key::new(0), |m| m.call(&x)).unwrap();
    let options = Options::new().mutable("batch_stats").capture_intermediates(true);
    let (_, updates) = layer.apply_mut(&variables, options, |m| m.call(&x)).unwrap();
    let mean = "batch_stats/layer_instance/BatchNorm_0/mean";
    assert_ne!(values(tensor(&updates, mean)), values(tensor(&variables, mean)));
    assert_eq!(shape(&updates, "intermediates/layer_instance/Dense_0/call/0"), [5, 3]);
}

#[test]
fn dtypes_of_normalised_parameters() {
    let x = normal(0, [2, 4]);
    let norm = WeightNorm::new(Dense::new(3)).dtype(BF16);
    let variables = norm.init(Key::new(0), |m| m.call(&x)).unwrap();
    // As in Flax, `init` stores the parameters that the module saw.
    assert_eq!(tensor(&variables, "params/layer_instance/kernel").dtype(), BF16);
    assert_eq!(tensor(&variables, "params/layer_instance/kernel/scale").dtype(), F32);
    let norm = SpectralNorm::new(Dense::new(3)).dtype(BF16);
    let variables = norm.init(Key::new(0), |m| m.call(&x, true)).unwrap();
    assert_eq!(tensor(&variables, "params/layer_instance/kernel").dtype(), BF16);
}

#[test]
fn a_checkpoint_keeps_names_with_slashes() {
    let layer = WeightNorm::new(Dense::new(3));
    let variables = layer.init(Key::new(0), |m| m.call(&ones([1, 2]))).unwrap();
    let folder = std::env::temp_dir().join(format!("metamlp-norms-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("weights.safetensors");
    metamlp::checkpoint::save_safetensors(&file, &variables).unwrap();
    let loaded = metamlp::checkpoint::load_safetensors(&file, &variables).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(loaded.to_string(), variables.to_string());
}
