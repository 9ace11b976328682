//! Dense, DenseGeneral, Einsum, Embed, `PReLU`.

use metamlp::prelude::*;

use super::support::{near, normal, ones, shape, shapes, values};

#[test]
fn test_dense() {
    let layer = Dense::new(4).kernel_init(initializers::ones()).bias_init(initializers::ones());
    let (y, variables) = layer.init_with_output(Key::new(0), |m| m.call(&ones([1, 3]))).unwrap();
    assert_eq!(y.shape(), [1, 4]);
    assert_eq!(values(&y), [4.0; 4]);
    assert_eq!(shapes(&variables), "params:\n  kernel: f32[3, 4]\n  bias: f32[4]");
}

#[test]
fn test_dense_no_bias() {
    let layer = Dense::new(4).use_bias(false).kernel_init(initializers::ones());
    let (y, variables) = layer.init_with_output(Key::new(0), |m| m.call(&ones([1, 3]))).unwrap();
    assert_eq!(values(&y), [3.0; 4]);
    assert_eq!(shapes(&variables), "params:\n  kernel: f32[3, 4]");
}

#[test]
fn test_dense_is_dense_general() {
    let x = normal(0, [5, 3]);
    let dense = Dense::new(4).bias_init(initializers::normal(1.0));
    let general = DenseGeneral::new(4).bias_init(initializers::normal(1.0));
    let (y, _) = dense.init_with_output(Key::new(1), |m| m.call(&x)).unwrap();
    let (z, _) = general.init_with_output(Key::new(1), |m| m.call(&x)).unwrap();
    near(&y, &z, 0.0);
}

#[test]
fn test_dense_dtypes() {
    let x = ones([2, 3]);
    let (y, variables) = Dense::new(4).dtype(F64).init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
    assert_eq!(y.dtype(), F64);
    assert_eq!(shapes(&variables), "params:\n  kernel: f32[3, 4]\n  bias: f32[4]");
    let (y, variables) =
        Dense::new(4).param_dtype(F64).init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
    assert_eq!(y.dtype(), F64);
    assert_eq!(shapes(&variables), "params:\n  kernel: f64[3, 4]\n  bias: f64[4]");
    // Integers count as f32, the rule of `linen_dtypes`.
    let ids = Tensor::ones([2, 3], I32);
    let (y, _) = Dense::new(4).init_with_output(Key::new(0), |m| m.call(&ids)).unwrap();
    assert_eq!(y.dtype(), F32);
}

#[test]
fn test_dense_general_two_features() {
    let layer = DenseGeneral::new([2, 2]).kernel_init(initializers::ones()).bias_init(initializers::ones());
    let (y, variables) = layer.init_with_output(Key::new(0), |m| m.call(&ones([1, 3]))).unwrap();
    assert_eq!(y.shape(), [1, 2, 2]);
    assert_eq!(values(&y), [4.0; 4]);
    assert_eq!(shape(&variables, "params/kernel"), [3, 2, 2]);
}

#[test]
fn test_dense_general_two_axes() {
    let layer =
        DenseGeneral::new(3).axis([-2, 2]).kernel_init(initializers::ones()).bias_init(initializers::ones());
    let (y, variables) = layer.init_with_output(Key::new(0), |m| m.call(&ones([1, 2, 2]))).unwrap();
    assert_eq!(values(&y), [5.0; 3]);
    assert_eq!(shape(&variables, "params/kernel"), [2, 2, 3]);
}

#[test]
fn test_dense_general_batch_dim() {
    let x = ones([2, 1, 3, 5]);
    // Kernels of 0 and of 1 for the two places of the batch.
    let by_place = |_, shape: &[usize], dtype| {
        Tensor::arange(2, dtype).reshape([2, 1]).broadcast_to([2, shape[0] * shape[1] / 2]).reshape(shape)
    };
    let layer = DenseGeneral::new(7).axis([0, 3]).kernel_init(initializers::ones());
    assert_eq!(layer.init_with_output(Key::new(0), |m| m.call(&x)).unwrap().0.shape(), [1, 3, 7]);
    let layer = DenseGeneral::new(7).batch_dims(0).axis(3).kernel_init(by_place);
    let (y, variables) = layer.init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
    assert_eq!(shapes(&variables), "params:\n  kernel: f32[2, 5, 7]\n  bias: f32[2, 7]");
    near(&y.index(0), &Tensor::zeros([1, 3, 7], F32), 0.0);
    near(&y.index(1), &(ones([1, 3, 7]) * 5.0), 0.0);
}

#[test]
fn test_dense_general_vs_numpy() {
    for axis in [vec![-2], vec![0, 1], vec![-3, -1]] {
        let x = normal(0, [3, 4, 5]);
        let layer = DenseGeneral::new([2, 6]).axis(axis.clone()).use_bias(false);
        let (y, variables) = layer.init_with_output(Key::new(1), |m| m.call(&x)).unwrap();
        let kernel = variables["params"]["kernel"].as_tensor().unwrap().clone();
        let equation = match axis.len() {
            1 => "abc,bxy->acxy",
            _ if axis[0] == 0 => "abc,abxy->cxy",
            _ => "abc,acxy->bxy",
        };
        near(&y, &Tensor::einsum(equation, &[x, kernel]), 1e-5);
    }
}

#[test]
fn test_einsum_init_call() {
    let x = normal(0, [5, 4]);
    let layer = Einsum::new([4, 2, 3], "...a,abc->...bc").bias_init(initializers::ones());
    let (y, variables) = layer.init_with_output(Key::new(1), |m| m.call(&x)).unwrap();
    assert_eq!(shapes(&variables), "params:\n  kernel: f32[4, 2, 3]\n  bias: f32[2, 3]");
    let kernel = variables["params"]["kernel"].as_tensor().unwrap().clone();
    near(&y, &(Tensor::einsum("za,abc->zbc", &[x, kernel]) + 1.0), 1e-6);
}

#[test]
fn test_einsum_str_bias_shapes() {
    let bias_of = |shape: &[usize], equation: &str, x: &[usize]| {
        let layer = Einsum::new(shape, equation);
        let variables = layer.init(Key::new(0), |m| m.call(&ones(x))).unwrap();
        super::support::shape(&variables, "params/bias")
    };
    assert_eq!(bias_of(&[6, 7], "bd, df -> bf", &[5, 6]), [7]);
    assert_eq!(bias_of(&[2, 6, 7], "nbd,ndf->nbf", &[2, 5, 6]), [2, 7]);
    assert_eq!(bias_of(&[6, 7], "...d,df->f...", &[5, 4, 6]), [7]);
    // The ellipsis of the kernel covers the last axes of that of the input.
    assert_eq!(bias_of(&[4, 6, 7], "...d,...df->...f", &[5, 4, 6]), [4, 7]);
}

#[test]
fn test_embed() {
    let table = |_, _: &[usize], dtype| Tensor::arange(12, dtype).reshape([4, 3]);
    let layer = Embed::new(4, 3).embedding_init(table);
    let ids = Tensor::from_vec([2], vec![3, 1]);
    let (y, variables) = layer.init_with_output(Key::new(0), |m| m.call(&ids)).unwrap();
    assert_eq!(values(&y), [9.0, 10.0, 11.0, 3.0, 4.0, 5.0]);
    let z = layer.apply(&variables, (), |m| m.attend(&ones([1, 3]))).unwrap();
    assert_eq!(values(&z), [3.0, 12.0, 21.0, 30.0]);
}

#[test]
fn test_embed_out_of_range() {
    let layer =
        Embed::new(3, 2).embedding_init(|_, _: &[usize], dtype| Tensor::arange(6, dtype).reshape([3, 2]));
    let call = |ids: Tensor| {
        let (y, _) = layer.init_with_output(Key::new(0), |m| m.call(&ids)).unwrap();
        values(&y)
    };
    // A negative index counts from the end, one that is out of range gives NaN.
    assert_eq!(call(Tensor::from_vec([1], vec![-1])), [4.0, 5.0]);
    assert_eq!(call(Tensor::from_vec([1], vec![-3])), [0.0, 1.0]);
    for outside in [3, -4, i32::MAX, i32::MIN] {
        assert!(call(Tensor::from_vec([1], vec![outside])).iter().all(|y| y.is_nan()), "{outside}");
    }
    assert!(call(Tensor::from_vec([1], vec![u32::MAX])).iter().all(|y| y.is_nan()));
    assert_eq!(call(Tensor::from_vec([1], vec![2u32])), [4.0, 5.0]);
}

#[test]
fn one_embedding_is_for_every_index() {
    let ids = Tensor::from_vec([2, 2], vec![0, 7, -3, 1]);
    let (y, _) = Embed::new(1, 3).init_with_output(Key::new(0), |m| m.call(&ids)).unwrap();
    assert_eq!(y.shape(), [2, 2, 3]);
    near(&y.index(0), &y.index(1), 0.0);
}

#[test]
fn the_gradient_of_an_embedding_counts_its_uses() {
    let layer = Embed::new(4, 2);
    let ids = Tensor::from_vec([4], vec![1, 1, -1, 9]);
    let variables = layer.init(Key::new(0), |m| m.call(&ids)).unwrap();
    let counts = grad(variables.params(), |params| {
        let variables = Variables::from_params(params.clone());
        let y = layer.apply(&variables, (), |m| m.call(&ids))?;
        metamlp::tensor::Result::Ok(y.slice_axis(0, 0, 3).sum_all())
    });
    let counts = counts.unwrap();
    let counts = counts["embedding"].as_tensor().unwrap();
    assert_eq!(values(counts), [0.0, 0.0, 2.0, 2.0, 0.0, 0.0, 1.0, 1.0]);
}

#[test]
fn test_prelu() {
    let layer = PReLU::new();
    let x = normal(0, [2, 5]);
    let (y, variables) = layer.init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
    assert_eq!(shapes(&variables), "params:\n  negative_slope: f32[]");
    near(&y, &leaky_relu(&x), 0.0);
}
