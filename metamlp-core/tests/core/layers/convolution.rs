//! Convolutions.

use metamlp::prelude::*;

use super::support::{near, normal, ones, shape, shapes, values};

fn with_ones(conv: Conv) -> Conv {
    conv.kernel_init(initializers::ones()).bias_init(initializers::ones())
}

#[test]
fn test_conv() {
    let layer = with_ones(Conv::new(4, 3).padding(ConvPadding::Valid));
    let (y, variables) = layer.init_with_output(Key::new(0), |m| m.call(&ones([1, 8, 3]))).unwrap();
    assert_eq!(shapes(&variables), "params:\n  kernel: f32[3, 3, 4]\n  bias: f32[4]");
    near(&y, &(ones([1, 6, 4]) * 10.0), 0.0);
}

#[test]
fn test_multibatch_input_conv() {
    let layer = with_ones(Conv::new(4, 3).padding(ConvPadding::Valid));
    let (y, _) = layer.init_with_output(Key::new(0), |m| m.call(&ones([2, 5, 8, 3]))).unwrap();
    near(&y, &(ones([2, 5, 6, 4]) * 10.0), 0.0);
    // test_single_input_conv
    let (y, _) = layer.init_with_output(Key::new(0), |m| m.call(&ones([8, 3]))).unwrap();
    near(&y, &(ones([6, 4]) * 10.0), 0.0);
}

#[test]
fn test_group_conv() {
    let layer = with_ones(Conv::new(4, 3).feature_group_count(2).padding(ConvPadding::Valid));
    let (y, variables) = layer.init_with_output(Key::new(0), |m| m.call(&ones([1, 8, 4]))).unwrap();
    assert_eq!(shape(&variables, "params/kernel"), [3, 2, 4]);
    near(&y, &(ones([1, 6, 4]) * 7.0), 0.0);
}

#[test]
fn test_single_input_masked_conv() {
    // The mask removes the first of three elements, for all inputs and outputs.
    let mask = Tensor::from_vec([3, 1, 1], vec![1.0f32, 0.0, 0.0]).broadcast_to([3, 3, 4]);
    let layer = with_ones(Conv::new(4, 3).padding(ConvPadding::Valid).mask(mask));
    let (y, _) = layer.init_with_output(Key::new(0), |m| m.call(&ones([1, 8, 3]))).unwrap();
    near(&y, &(ones([1, 6, 4]) * 4.0), 0.0);
}

#[test]
fn test_circular_conv_1d_constant() {
    let layer = with_ones(Conv::new(1, 3).padding(ConvPadding::Circular).use_bias(false));
    let x = Tensor::arange(5, F32).reshape([1, 5, 1]);
    let (y, _) = layer.init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
    assert_eq!(values(&y), [5.0, 3.0, 6.0, 9.0, 7.0]);
}

#[test]
fn test_circular_conv_1d_dilation() {
    let layer = with_ones(Conv::new(1, 3).padding(ConvPadding::Circular).kernel_dilation(2).use_bias(false));
    let x = Tensor::arange(5, F32).reshape([1, 5, 1]);
    let (y, _) = layer.init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
    assert_eq!(values(&y), [5.0, 8.0, 6.0, 4.0, 7.0]);
}

#[test]
fn test_reflect_conv_1d_custom() {
    let kernel = |_, shape: &[usize], _| Tensor::from_vec(shape, vec![1.0f32, 2.0, 1.0]);
    let layer = Conv::new(1, 3).padding(ConvPadding::Reflect).use_bias(false).kernel_init(kernel);
    let x = Tensor::arange(5, F32).reshape([1, 5, 1]) + 1.0;
    let (y, _) = layer.init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
    assert_eq!(values(&y), [6.0, 8.0, 12.0, 16.0, 18.0]);
}

#[test]
fn test_causal_conv1d() {
    let layer = with_ones(Conv::new(1, 4).padding(ConvPadding::Causal).use_bias(false));
    let x = Tensor::arange(8, F32).reshape([1, 8, 1]);
    let (y, _) = layer.init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
    assert_eq!(values(&y), [0.0, 1.0, 3.0, 6.0, 10.0, 14.0, 18.0, 22.0]);
}

#[test]
fn test_canonicalize_padding() {
    let x = ones([1, 6, 6, 1]);
    let shape_with = |padding: ConvPadding| {
        let layer = Conv::new(1, [3, 3]).padding(padding);
        let (y, _) = layer.init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
        y.shape().to_vec()
    };
    assert_eq!(shape_with(2.into()), [1, 8, 8, 1]);
    assert_eq!(shape_with([0, 1].into()), [1, 4, 6, 1]);
    assert_eq!(shape_with([(0, 1), (2, 0)].into()), [1, 5, 6, 1]);
    assert_eq!(shape_with([(-1, 0), (0, 0)].into()), [1, 3, 4, 1]);
    assert_eq!(shape_with(ConvPadding::Same), [1, 6, 6, 1]);
}

#[test]
fn test_conv_local() {
    let layer = ConvLocal::new(4, 3)
        .padding(ConvPadding::Valid)
        .kernel_init(initializers::ones())
        .bias_init(initializers::ones());
    let (y, variables) = layer.init_with_output(Key::new(0), |m| m.call(&ones([1, 8, 3]))).unwrap();
    assert_eq!(shapes(&variables), "params:\n  kernel: f32[6, 9, 4]\n  bias: f32[6, 4]");
    near(&y, &(ones([1, 6, 4]) * 10.0), 0.0);
}

#[test]
fn equal_local_kernels_are_a_convolution() {
    for padding in [ConvPadding::Same, ConvPadding::Circular, [(-1, 2), (1, 0)].into()] {
        let x = normal(0, [2, 7, 6, 3]);
        let conv = Conv::new(4, [3, 2]).strides([2, 1]).kernel_dilation([1, 2]).padding(padding.clone());
        let (y, variables) = conv.init_with_output(Key::new(1), |m| m.call(&x)).unwrap();
        let kernel = variables["params"]["kernel"].as_tensor().unwrap().clone();
        // The inputs come before the kernel's own axes.
        let kernel = kernel.transpose([2, 0, 1, 3]).reshape([18, 4]);
        let local = ConvLocal::new(4, [3, 2])
            .strides([2, 1])
            .kernel_dilation([1, 2])
            .padding(padding)
            .kernel_init(move |_, shape: &[usize], _| kernel.broadcast_to(shape));
        let (z, _) = local.init_with_output(Key::new(1), |m| m.call(&x)).unwrap();
        near(&z, &y, 1e-5);
    }
}

#[test]
fn test_conv_transpose() {
    let layer = ConvTranspose::new(4, 3)
        .padding(ConvPadding::Valid)
        .kernel_init(initializers::ones())
        .bias_init(initializers::ones());
    let (y, variables) = layer.init_with_output(Key::new(0), |m| m.call(&ones([1, 8, 3]))).unwrap();
    assert_eq!(shape(&variables, "params/kernel"), [3, 3, 4]);
    let edge = [4.0, 7.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0, 7.0, 4.0];
    assert_eq!(values(&y.slice_axis(2, 0, 1)), edge);
    let (y, _) = layer.init_with_output(Key::new(0), |m| m.call(&ones([2, 5, 8, 3]))).unwrap();
    assert_eq!(y.shape(), [2, 5, 10, 4]);
}

#[test]
fn test_circular_conv_transpose_1d_constant() {
    let layer = ConvTranspose::new(1, 3)
        .padding(ConvPadding::Circular)
        .use_bias(false)
        .kernel_init(initializers::ones());
    let x = Tensor::arange(5, F32).reshape([1, 5, 1]);
    let (y, _) = layer.init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
    assert_eq!(values(&y), [5.0, 3.0, 6.0, 9.0, 7.0]);
}

#[test]
fn test_circular_conv_transpose_1d_even_kernel_and_stride() {
    for (kernel_size, stride) in [(2, 1), (4, 1), (3, 2), (5, 3)] {
        let layer =
            ConvTranspose::new(1, kernel_size).strides(stride).padding(ConvPadding::Circular).use_bias(false);
        let x = normal(0, [1, 5, 1]);
        let variables = layer.init(Key::new(0), |m| m.call(&x)).unwrap();
        let of = |x: &Tensor| layer.apply(&variables, (), |m| m.call(x)).unwrap();
        let y = of(&x);
        assert_eq!(y.shape(), [1, 5 * stride, 1]);
        // Rotating the input rotates the output.
        let turned = |x: &Tensor, by: usize| {
            let extent = x.shape()[1];
            Tensor::concatenate(&[x.slice_axis(1, extent - by, extent), x.slice_axis(1, 0, extent - by)], 1)
        };
        near(&of(&turned(&x, 1)), &turned(&y, stride), 1e-5);
    }
}

#[test]
fn test_transpose_kernel_conv_transpose() {
    // With a transposed kernel the layer is the gradient of the convolution.
    let x = normal(0, [1, 4, 4, 3]);
    let layer = ConvTranspose::new(2, [3, 3])
        .strides(2)
        .padding(ConvPadding::Valid)
        .transpose_kernel(true)
        .use_bias(false);
    let (y, variables) = layer.init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
    assert_eq!(shape(&variables, "params/kernel"), [3, 3, 2, 3]);
    let kernel = variables["params"]["kernel"].as_tensor().unwrap().clone();
    let conv = Conv::new(3, [3, 3])
        .strides(2)
        .padding(ConvPadding::Valid)
        .use_bias(false)
        .kernel_init(move |_, _: &[usize], _| kernel.clone());
    let expected = grad(&y.zeros_like(), |input| {
        let (convolved, _) = conv.init_with_output(Key::new(0), |m| m.call(input))?;
        metamlp::tensor::Result::Ok((convolved * &x).sum_all())
    });
    near(&y, &expected.unwrap(), 1e-5);
}
