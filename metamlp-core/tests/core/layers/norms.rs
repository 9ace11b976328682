//! Normalization layers.

use metamlp::prelude::*;

use super::support::{near, normal, ones, shapes, values};

fn mean_and_var(x: &Tensor, axes: &[isize]) -> (Tensor, Tensor) {
    (x.mean(axes), x.var(axes))
}

#[test]
fn test_batch_norm() {
    let x = normal(1, [4, 3, 2]);
    let layer = BatchNorm::new().momentum(0.9).use_running_average(false);
    let (y, variables) = layer.init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
    let (mean, var) = mean_and_var(&y, &[0, 1]);
    near(&mean, &Tensor::zeros([2], F32), 1e-4);
    near(&var, &ones([2]), 1e-4);
    let stats = &variables["batch_stats"];
    assert_eq!(values(stats["mean"].as_tensor().unwrap()), [0.0, 0.0]);
    assert_eq!(values(stats["var"].as_tensor().unwrap()), [1.0, 1.0]);

    let options = Options::new().mutable("batch_stats");
    let (_, updates) = layer.apply_mut(&variables, options, |m| m.call(&x)).unwrap();
    let (mean, var) = mean_and_var(&x, &[0, 1]);
    near(updates["batch_stats"]["mean"].as_tensor().unwrap(), &(0.1 * mean), 1e-6);
    near(updates["batch_stats"]["var"].as_tensor().unwrap(), &(0.9 + 0.1 * var), 1e-6);
}

#[test]
fn test_batch_norm_with_mask() {
    let x = normal(1, [5, 4]);
    let mask = Tensor::from_vec([5, 1], vec![true, true, false, true, true]);
    let spoiled = mask.select(&x, f64::NAN);
    let layer = BatchNorm::new().use_running_average(false).mask(mask);
    let (y, _) = layer.init_with_output(Key::new(0), |m| m.call(&spoiled)).unwrap();
    let kept = Tensor::concatenate(&[x.slice_axis(0, 0, 2), x.slice_axis(0, 3, 5)], 0);
    let plain = BatchNorm::new().use_running_average(false);
    let (expected, _) = plain.init_with_output(Key::new(0), |m| m.call(&kept)).unwrap();
    near(&y.slice_axis(0, 3, 5), &expected.slice_axis(0, 2, 4), 1e-5);
}

#[test]
fn test_batch_norm_multi_init() {
    #[compact]
    fn multi(x: &Tensor) -> Tensor {
        let norm = BatchNorm::new().named("norm").use_running_average(false);
        let x = norm.call(x);
        norm.call(&x)
    }
    let variables = multi().init(Key::new(0), |m| m.call(&normal(0, [4, 2]))).unwrap();
    assert_eq!(variables.params().names().collect::<Vec<_>>(), ["norm"]);
}

#[test]
fn batch_norm_over_several_feature_axes() {
    let x = normal(1, [6, 3, 2]);
    let layer = BatchNorm::new().axis([1, 2]).use_running_average(false);
    let (y, variables) = layer.init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
    assert_eq!(
        shapes(&variables),
        "batch_stats:\n  mean: f32[3, 2]\n  var: f32[3, 2]\nparams:\n  scale: f32[3, 2]\n  bias: f32[3, 2]"
    );
    near(&y.mean([0]), &Tensor::zeros([3, 2], F32), 1e-5);
}

#[test]
fn test_layer_norm() {
    for use_fast_variance in [true, false] {
        let x = normal(1, [2, 3, 4]) * 2.0 + 1.0;
        let layer = LayerNorm::new()
            .use_bias(false)
            .use_scale(false)
            .use_fast_variance(use_fast_variance)
            .epsilon(1e-3);
        let (y, variables) = layer.init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
        assert!(variables.params().is_empty());
        let expected = (&x - x.mean_keepdims([-1])) / (x.var_keepdims([-1]) + 1e-3).sqrt();
        near(&y, &expected, 1e-5);
    }
}

#[test]
fn the_slow_variance_stands_a_large_mean() {
    let x = normal(1, [2, 64]) + 1e4;
    let spread = |use_fast_variance| {
        let layer = LayerNorm::new().use_fast_variance(use_fast_variance);
        let (y, _) = layer.init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
        (y.var([-1]) - 1.0).abs().max_all().item::<f32>().unwrap()
    };
    assert!(spread(false) < 1e-3, "{}", spread(false));
    assert!(spread(true) > 1e-2, "{}", spread(true));
}

#[test]
fn test_rms_norm() {
    let x = normal(1, [2, 3, 4]);
    let (y, variables) = RMSNorm::new().epsilon(1e-2).init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
    assert_eq!(shapes(&variables), "params:\n  scale: f32[4]");
    near(&y, &(&x * (x.square().mean_keepdims([-1]) + 1e-2).rsqrt()), 1e-6);
}

#[test]
fn test_group_norm() {
    let x = normal(1, [2, 5, 4, 4, 32]);
    let layer = GroupNorm::new().num_groups(8).use_bias(false).use_scale(false).epsilon(1e-3);
    let (y, _) = layer.init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
    let grouped = x.reshape([2, 5, 4, 4, 8, 4]);
    let axes = [1, 2, 3, 5];
    let expected = (&grouped - grouped.mean_keepdims(axes)) / (grouped.var_keepdims(axes) + 1e-3).sqrt();
    near(&y, &expected.reshape(x.shape()), 1e-4);
}

#[test]
fn test_group_norm_unbatched() {
    let x = normal(1, [4, 4, 32]);
    let layer = |axes: Vec<isize>| GroupNorm::new().num_groups(8).reduction_axes(AxisList::from(axes));
    let (alone, _) = layer(vec![0, 1, 2]).init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
    let batch = x.expand_dims(0);
    let (batched, _) = layer(vec![1, 2, 3]).init_with_output(Key::new(0), |m| m.call(&batch)).unwrap();
    near(&alone, &batched.index(0), 1e-5);
}

#[test]
fn test_instance_norm() {
    let x = normal(1, [2, 5, 4, 6]);
    let layer = InstanceNorm::new().use_bias(false).use_scale(false).epsilon(1e-5);
    let (y, _) = layer.init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
    let axes = [1, 2];
    near(&y, &((&x - x.mean_keepdims(axes)) / (x.var_keepdims(axes) + 1e-5).sqrt()), 1e-4);
}

#[test]
fn test_normalization_equivalence() {
    let x = normal(1, [2, 5, 4, 6]);
    // One group is a norm over all axes but the batch.
    let (group, _) = GroupNorm::new().num_groups(1).init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
    let layer_norm = LayerNorm::new().reduction_axes([1, 2, 3]);
    let (layer, _) = layer_norm.init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
    near(&group, &layer, 1e-5);
    // As many groups as channels is instance normalization.
    let (group, _) = GroupNorm::new()
        .num_groups(None)
        .group_size(1)
        .init_with_output(Key::new(0), |m| m.call(&x))
        .unwrap();
    let (instance, _) = InstanceNorm::new().init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
    near(&group, &instance, 1e-5);
    let by_axes = InstanceNorm::new().feature_axes([1, 2, 3]);
    let (same, _) = by_axes.init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
    near(&same, &x.zeros_like(), 1e-5);
}

#[test]
fn masks_hide_nan() {
    let x = normal(1, [2, 4, 6]);
    let mask = Tensor::from_vec([2, 4, 1], vec![true, true, true, false, true, true, false, false]);
    let spoiled = mask.select(&x, f64::NAN);
    let visible = |y: &Tensor| mask.select(y, 0.0);
    let layer_norm = LayerNorm::new().reduction_axes([1, 2]).mask(mask.clone());
    let (y, _) = layer_norm.init_with_output(Key::new(0), |m| m.call(&spoiled)).unwrap();
    let (clean, _) = layer_norm.init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
    near(&visible(&y), &visible(&clean), 0.0);
    let group_norm = GroupNorm::new().num_groups(2).mask(mask.clone());
    let (y, _) = group_norm.init_with_output(Key::new(0), |m| m.call(&spoiled)).unwrap();
    let (clean, _) = group_norm.init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
    near(&visible(&y), &visible(&clean), 0.0);
    assert!(values(&visible(&y)).iter().all(|y| y.is_finite()));
}

#[test]
fn statistics_are_of_the_wider_dtype() {
    let x = normal(1, [4, 3]).convert(F64);
    let (y, _) = LayerNorm::new().init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
    assert_eq!(y.dtype(), F64);
    let (y, _) = LayerNorm::new().dtype(F32).init_with_output(Key::new(0), |m| m.call(&x)).unwrap();
    assert_eq!(y.dtype(), F32);
}
