//! Errors of every layer: each names the path of the layer and the field, in `init` and in `apply`, and
//! never panics.

use metamlp::prelude::*;

use super::support::ones;

/// Checks that the layer returns an error for that field.
#[allow(clippy::needless_pass_by_value)] // So that the layers are written in the table.
fn refused<M: Module>(field: &str, layer: M, call: impl Fn(&M) -> Tensor) {
    let (output, initialised) = (layer.init_with_output(Key::new(0), &call), layer.init(Key::new(0), &call));
    let class = std::any::type_name::<M>().rsplit("::").next().unwrap_or_default();
    for error in [output.map(|_| ()), initialised.map(|_| ())] {
        let error = error.expect_err(&format!("{class} takes a bad {field}")).to_string();
        assert!(error.starts_with(&format!("{class} (metamlp-core/tests/core/layers/")), "{error}");
        assert!(error.contains(&format!("{class}: {field} is ")), "{class} {field}: {error}");
    }
}

const NAN: f64 = f64::NAN;
const HUGE: usize = usize::MAX;
const FAR: isize = isize::MIN;

#[test]
fn linear_layers() {
    let x = ones([2, 3]);
    for features in [0, HUGE] {
        refused("features", Dense::new(features), |m| m.call(&x));
        refused("features", DenseGeneral::new(features), |m| m.call(&x));
        refused("features", DenseGeneral::new([2, features]), |m| m.call(&x));
        refused("features", Embed::new(3, features), |m| m.call(&Tensor::zeros([2], I32)));
        refused("num_embeddings", Embed::new(features, 3), |m| m.call(&Tensor::zeros([2], I32)));
        refused("shape", Einsum::new([3, features], "ab,bc->ac"), |m| m.call(&x));
    }
    refused("the input's rank", Dense::new(3), |m| m.call(&ones([])));
    refused("the input's last axis", Dense::new(3), |m| m.call(&ones([2, 0])));
    refused("dtype", Dense::new(3).dtype(I32), |m| m.call(&x));
    refused("param_dtype", Dense::new(3).param_dtype(BOOL), |m| m.call(&x));

    refused("features", DenseGeneral::new(Vec::new()), |m| m.call(&x));
    for axis in [2, -3, FAR, isize::MAX] {
        refused("axis", DenseGeneral::new(3).axis(axis), |m| m.call(&x));
        refused("batch_dims", DenseGeneral::new(3).batch_dims(axis), |m| m.call(&x));
    }
    refused("axis", DenseGeneral::new(3).axis([1, -1]), |m| m.call(&x));
    refused("axis", DenseGeneral::new(3).axis(0).batch_dims(0), |m| m.call(&x));
    refused("batch_dims", DenseGeneral::new(3).batch_dims(1), |m| m.call(&ones([2, 3, 4])));
    refused("the input's shape", DenseGeneral::new(3), |m| m.call(&ones([2, 0])));
    refused("dtype", DenseGeneral::new(3).dtype(U32), |m| m.call(&x));

    for equation in ["ab,bc", "ab->ac", "ab,bc,cd->ad", "abc,bc->ac", "ab,bcd->ac", ""] {
        refused("einsum_str", Einsum::new([3, 4], equation), |m| m.call(&x));
    }
    refused("dtype", Einsum::new([3, 4], "ab,bc->ac").dtype(I32), |m| m.call(&x));

    refused("the dtype of the indices", Embed::new(3, 2), |m| m.call(&x));
    refused("the query's shape", Embed::new(3, 2), |m| m.attend(&ones([5, 3])));
    refused("the query's shape", Embed::new(3, 2), |m| m.attend(&ones([])));
    refused("dtype", Embed::new(3, 2).dtype(I32), |m| m.call(&Tensor::zeros([2], I32)));

    refused("negative_slope_init", PReLU::new().negative_slope_init(NAN), |m| m.call(&x));
    refused("the input's dtype", PReLU::new(), |m| m.call(&Tensor::ones([2], I32)));
    refused("param_dtype", PReLU::new().param_dtype(I32), |m| m.call(&x));
}

#[test]
fn norms() {
    let x = ones([2, 4, 6]);
    for epsilon in [-1.0, NAN, f64::INFINITY] {
        refused("epsilon", BatchNorm::new().use_running_average(true).epsilon(epsilon), |m| m.call(&x));
        refused("epsilon", LayerNorm::new().epsilon(epsilon), |m| m.call(&x));
        refused("epsilon", RMSNorm::new().epsilon(epsilon), |m| m.call(&x));
        refused("epsilon", GroupNorm::new().num_groups(2).epsilon(epsilon), |m| m.call(&x));
        refused("epsilon", InstanceNorm::new().epsilon(epsilon), |m| m.call(&x));
    }
    refused("use_running_average", BatchNorm::new(), |m| m.call(&x));
    for momentum in [-0.1, 1.1, NAN] {
        let layer = BatchNorm::new().use_running_average(false).momentum(momentum);
        refused("momentum", layer, |m| m.call(&x));
    }
    for axis in [3, -4, FAR] {
        refused("axis", BatchNorm::new().use_running_average(false).axis(axis), |m| m.call(&x));
        refused("reduction_axes", LayerNorm::new().reduction_axes(axis), |m| m.call(&x));
        refused("feature_axes", LayerNorm::new().feature_axes(axis), |m| m.call(&x));
        refused("reduction_axes", RMSNorm::new().reduction_axes(axis), |m| m.call(&x));
        refused("feature_axes", RMSNorm::new().feature_axes(axis), |m| m.call(&x));
        let layer = GroupNorm::new().num_groups(2).reduction_axes(AxisList::from(axis));
        refused("reduction_axes", layer, |m| m.call(&x));
        refused("feature_axes", InstanceNorm::new().feature_axes(axis), |m| m.call(&x));
    }
    refused("axis", BatchNorm::new().use_running_average(true), |m| m.call(&ones([])));
    refused("reduction_axes", LayerNorm::new(), |m| m.call(&ones([])));
    refused("dtype", LayerNorm::new().dtype(BOOL), |m| m.call(&x));
    refused("param_dtype", BatchNorm::new().use_running_average(true).param_dtype(I32), |m| m.call(&x));

    // test_group_norm_raises and its like
    for groups in [0, 4, HUGE] {
        refused("num_groups", GroupNorm::new().num_groups(groups), |m| m.call(&x));
        refused("group_size", GroupNorm::new().num_groups(None).group_size(groups), |m| m.call(&x));
    }
    refused("num_groups", GroupNorm::new().num_groups(None), |m| m.call(&x));
    refused("num_groups", GroupNorm::new().num_groups(2).group_size(3), |m| m.call(&x));
    let first = GroupNorm::new().num_groups(2).reduction_axes(AxisList::from([0, 1]));
    refused("reduction_axes", first, |m| m.call(&x));
    refused("the input's last axis", GroupNorm::new(), |m| m.call(&ones([2, 0])));
    refused("mask", GroupNorm::new().num_groups(2).mask(ones([4, 6])), |m| m.call(&x));
    refused("feature_axes", InstanceNorm::new().feature_axes(0), |m| m.call(&x));
}

#[test]
fn norms_around_a_layer() {
    let x = ones([2, 3]);
    for epsilon in [-1.0, NAN, f64::INFINITY] {
        refused("epsilon", WeightNorm::new(Dense::new(4)).epsilon(epsilon), |m| m.call(&x));
        refused("epsilon", SpectralNorm::new(Dense::new(4)).epsilon(epsilon), |m| m.call(&x, true));
    }
    for axis in [2, -3, FAR] {
        let layer = WeightNorm::new(Dense::new(4)).feature_axes(AxisList::from(axis));
        refused("feature_axes", layer, |m| m.call(&x));
    }
    // A vector has no second axis.
    let of_all = WeightNorm::new(Dense::new(4)).variable_filter([]).feature_axes(AxisList::from(1));
    refused("feature_axes", of_all, |m| m.call(&x));
    refused("dtype", WeightNorm::new(Dense::new(4)).dtype(I32), |m| m.call(&x));
    refused("param_dtype", SpectralNorm::new(Dense::new(4)).param_dtype(I32), |m| m.call(&x, true));
    refused("n_steps", SpectralNorm::new(Dense::new(4)).n_steps(HUGE), |m| m.call(&x, true));
    let strict = SpectralNorm::new(Conv::new(2, [1])).error_on_non_matrix(true);
    refused("error_on_non_matrix", strict, |m| m.call(&ones([1, 4, 3]), true));
}

#[test]
fn dropout() {
    let x = ones([2, 3]);
    for rate in [-0.1, 1.1, NAN, f64::INFINITY] {
        refused("rate", Dropout::new(rate).deterministic(true), |m| m.call(&x));
    }
    refused("deterministic", Dropout::new(0.5), |m| m.call(&x));
    for axis in [2, -3, FAR] {
        let layer = Dropout::new(0.5).deterministic(false).broadcast_dims(axis);
        refused("broadcast_dims", layer, |m| m.call(&x));
    }
}

#[test]
fn attention() {
    type Attention = MultiHeadDotProductAttention;
    let x = ones([2, 3, 8]);
    let attend = |m: &Attention| m.call(&x, None, None, None);
    for heads in [0, 3, HUGE] {
        refused("num_heads", Attention::new(heads), attend);
    }
    refused("qkv_features", Attention::new(2).qkv_features(0), attend);
    refused("out_features", Attention::new(2).out_features(HUGE), attend);
    for rate in [-0.5, 1.5, NAN] {
        refused("dropout_rate", Attention::new(2).dropout_rate(rate), attend);
    }
    refused("deterministic", Attention::new(2).dropout_rate(0.5), attend);
    refused("dtype", Attention::new(2).dtype(I32), attend);
    refused("an input's shape", Attention::new(2), |m| m.call(&ones([8]), None, None, None));
    refused("an input's shape", Attention::new(2), |m| m.call(&x, Some(&ones([8])), None, None));
    refused("the input's last axis", Attention::new(2), |m| m.call(&ones([2, 3, 0]), None, None, None));

    // Errors of the function have its name and the layer's path.
    for (key, value, field) in [
        (ones([3, 5, 8]), ones([3, 5, 8]), "the key's shape"),
        (ones([2, 5, 8]), ones([2, 4, 8]), "the value's shape"),
    ] {
        let layer = Attention::new(2);
        let error = layer.init(Key::new(0), |m| m.call(&x, Some(&key), Some(&value), None)).unwrap_err();
        let error = error.to_string();
        assert!(error.starts_with("MultiHeadDotProductAttention ("), "{error}");
        assert!(error.contains(&format!("dot_product_attention: {field} is ")), "{error}");
    }
    let mask = Tensor::ones([2, 1, 7, 7], BOOL);
    let error = Attention::new(2).init(Key::new(0), |m| m.call(&x, None, None, Some(&mask))).unwrap_err();
    assert!(error.to_string().starts_with("MultiHeadDotProductAttention ("), "{error}");
}

#[test]
fn recurrent_layers() {
    let (x, h) = (ones([2, 3]), ones([2, 4]));
    for features in [0, HUGE] {
        refused("features", LSTMCell::new(features), |m| m.call(&(h.clone(), h.clone()), &x).1);
        refused("features", OptimizedLSTMCell::new(features), |m| m.call(&(h.clone(), h.clone()), &x).1);
        refused("features", GRUCell::new(features), |m| m.call(&h, &x).1);
        refused("features", SimpleCell::new(features), |m| m.call(&h, &x).1);
        refused("features", MGUCell::new(features), |m| m.call(&h, &x).1);
    }
    for (carry, x) in [(ones([2, 5]), &x), (ones([3, 4]), &x), (ones([]), &x)] {
        refused("the carry's shape", GRUCell::new(4), |m| m.call(&carry, x).1);
        refused("the carry's shape", SimpleCell::new(4), |m| m.call(&carry, x).1);
        refused("the carry's shape", MGUCell::new(4), |m| m.call(&carry, x).1);
        refused("the carry's shape", LSTMCell::new(4), |m| m.call(&(h.clone(), carry.clone()), x).1);
    }
    refused("the input's rank", GRUCell::new(4), |m| m.call(&h, &ones([])).1);
    refused("the input's last axis", GRUCell::new(4), |m| m.call(&h, &ones([2, 0])).1);
    refused("dtype", GRUCell::new(4).dtype(I32), |m| m.call(&h, &x).1);

    let (film, h) = (ones([2, 4, 4, 3]), ones([2, 4, 4, 5]));
    let films = |m: &ConvLSTMCell| m.call(&(h.clone(), h.clone()), &film).1;
    for size in [0, HUGE] {
        refused("features", ConvLSTMCell::new(size, [3, 3]), films);
        refused("kernel_size", ConvLSTMCell::new(5, [3, size]), films);
    }
    refused("the carry's shape", ConvLSTMCell::new(4, [3, 3]), films);
    refused("the input's shape", ConvLSTMCell::new(5, [3, 3, 3, 3]), films);

    let rnn = || RNN::new(GRUCell::new(4));
    refused("the input's rank", rnn(), |m| m.call(&ones([3])));
    refused("the input's time axis", rnn(), |m| m.call(&ones([2, 0, 3])));
    refused("initial_carry", rnn().initial_carry(vec![ones([2, 5])]), |m| m.call(&ones([2, 3, 3])));
    refused("initial_carry", rnn().initial_carry(Vec::new()), |m| m.call(&ones([2, 3, 3])));
    refused("seq_lengths", rnn().seq_lengths(Tensor::ones([3], I32)), |m| m.call(&ones([2, 3, 3])));
    refused("seq_lengths", rnn().seq_lengths(ones([2])), |m| m.call(&ones([2, 3, 3])));
}

#[test]
fn convolutions() {
    let x = ones([1, 6, 6, 4]);
    for size in [0, HUGE] {
        refused("features", Conv::new(size, [3, 3]), |m| m.call(&x));
        refused("kernel_size", Conv::new(2, [3, size]), |m| m.call(&x));
        refused("strides", Conv::new(2, [3, 3]).strides(size), |m| m.call(&x));
        refused("input_dilation", Conv::new(2, [3, 3]).input_dilation([size, 1]), |m| m.call(&x));
        refused("kernel_dilation", Conv::new(2, [3, 3]).kernel_dilation(size), |m| m.call(&x));
        refused("feature_group_count", Conv::new(2, [3, 3]).feature_group_count(size), |m| m.call(&x));
        refused("features", ConvLocal::new(size, [3, 3]), |m| m.call(&x));
        refused("kernel_size", ConvLocal::new(2, [3, size]), |m| m.call(&x));
        refused("strides", ConvLocal::new(2, [3, 3]).strides([size, 1]), |m| m.call(&x));
        refused("features", ConvTranspose::new(size, [3, 3]), |m| m.call(&x));
        refused("kernel_size", ConvTranspose::new(2, [size, 3]), |m| m.call(&x));
        refused("strides", ConvTranspose::new(2, [3, 3]).strides(size), |m| m.call(&x));
        refused("kernel_dilation", ConvTranspose::new(2, [3, 3]).kernel_dilation(size), |m| m.call(&x));
    }
    refused("kernel_size", Conv::new(2, Vec::new()), |m| m.call(&x));
    refused("kernel_size", Conv::new(2, [7, 3]).padding(ConvPadding::Valid), |m| m.call(&x));
    refused("strides", Conv::new(2, [3, 3]).strides([1, 1, 1]), |m| m.call(&x));
    refused("feature_group_count", Conv::new(2, [3, 3]).feature_group_count(3), |m| m.call(&x));
    refused("the input's shape", Conv::new(2, [3, 3]), |m| m.call(&ones([6, 4])));
    refused("the input's shape", Conv::new(2, [3, 3]), |m| m.call(&ones([1, 0, 6, 4])));
    refused("the input's shape", ConvTranspose::new(2, [3, 3]), |m| m.call(&ones([1, 6, 6, 0])));
    refused("padding", Conv::new(2, [3, 3]).padding([1, 1, 1]), |m| m.call(&x));
    refused("padding", Conv::new(2, [3, 3]).padding(FAR), |m| m.call(&x));
    refused("padding", Conv::new(2, [3, 3]).padding(ConvPadding::Causal), |m| m.call(&x));
    refused("padding", Conv::new(2, [3, 3]).input_dilation(2), |m| m.call(&x));
    refused("padding", ConvTranspose::new(2, [3, 3]).padding(ConvPadding::Causal), |m| m.call(&x));
    refused("padding", ConvTranspose::new(2, [3, 3]).padding(-9), |m| m.call(&x));
    refused("kernel_size", Conv::new(2, [3, 3]).padding(-3), |m| m.call(&x));
    refused("mask", Conv::new(2, [3, 3]).mask(ones([3, 3])), |m| m.call(&x));
    refused("mask", ConvLocal::new(2, [3, 3]).mask(ones([3, 3])), |m| m.call(&x));
    refused("mask", ConvTranspose::new(2, [3, 3]).mask(ones([3, 3])), |m| m.call(&x));
    refused("dtype", Conv::new(2, [3, 3]).dtype(I32), |m| m.call(&x));
}
