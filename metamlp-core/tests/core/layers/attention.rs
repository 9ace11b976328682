//! Attention and its masks.

use metamlp::prelude::*;

use super::support::{near, normal, ones, shape, values};

fn attend(m: &MultiHeadDotProductAttention, x: &Tensor) -> Tensor {
    m.call(x, None, None, None)
}

#[test]
fn test_multihead_self_attention() {
    let layer = MultiHeadDotProductAttention::new(8)
        .qkv_features(16)
        .kernel_init(initializers::ones())
        .bias_init(initializers::zeros());
    let x = ones([4, 6, 5]);
    let (y, variables) = layer.init_with_output(Key::new(0), |m| attend(m, &x)).unwrap();
    assert_eq!(y.shape(), [4, 6, 5]);
    near(&y, &(ones([4, 6, 5]) * 80.0), 1e-3);
    assert_eq!(shape(&variables, "params/query/kernel"), [5, 8, 2]);
    assert_eq!(shape(&variables, "params/out/kernel"), [8, 2, 5]);
}

#[test]
fn test_multihead_kv_args() {
    let layer = MultiHeadDotProductAttention::new(2);
    let (q, k, v) = (normal(0, [2, 3, 8]), normal(1, [2, 5, 8]), normal(2, [2, 5, 8]));
    let variables = layer.init(Key::new(0), |m| m.call(&q, Some(&k), Some(&v), None)).unwrap();
    let call = |q: &Tensor, k: Option<&Tensor>, v: Option<&Tensor>| {
        layer.apply(&variables, (), |m| m.call(q, k, v, None)).unwrap()
    };
    near(&call(&q, Some(&k), None), &call(&q, Some(&k), Some(&k)), 0.0);
    near(&call(&q, None, None), &call(&q, Some(&q), Some(&q)), 0.0);
    assert_ne!(values(&call(&q, Some(&k), Some(&v))), values(&call(&q, Some(&k), None)));
}

#[test]
fn test_multihead_self_attention_explicit_dropout() {
    let x = normal(0, [2, 5, 8]);
    let layer = MultiHeadDotProductAttention::new(2).dropout_rate(0.5).deterministic(false);
    let rngs = Rngs::new([("params", Key::new(0)), ("dropout", Key::new(1))]);
    let variables = layer.init(rngs, |m| attend(m, &x)).unwrap();
    let by_hand = |seed: i64| {
        let layer = layer.clone().dropout_rng(Key::new(seed));
        layer.apply(&variables, (), |m| attend(m, &x)).unwrap()
    };
    near(&by_hand(3), &by_hand(3), 0.0);
    assert_ne!(values(&by_hand(3)), values(&by_hand(4)));
    let none = layer.clone().deterministic(true);
    let plain = MultiHeadDotProductAttention::new(2);
    near(
        &none.apply(&variables, (), |m| attend(m, &x)).unwrap(),
        &plain.apply(&variables, (), |m| attend(m, &x)).unwrap(),
        0.0,
    );
}

#[test]
fn test_multihead_sow_attention_weights() {
    let x = ones([4, 6, 5]);
    let layer = MultiHeadDotProductAttention::new(1).sow_weights(true);
    let variables = layer.init(Key::new(0), |m| attend(m, &x)).unwrap();
    let options = Options::new().mutable("intermediates");
    let (_, updates) = layer.apply_mut(&variables, options, |m| attend(m, &x)).unwrap();
    let weights = updates["intermediates"]["attention_weights"][0].as_tensor().unwrap();
    assert_eq!(weights.shape(), [4, 1, 6, 6]);
    near(&weights.sum([-1]), &ones([4, 1, 6]), 1e-5);
    let silent = MultiHeadDotProductAttention::new(1);
    let options = Options::new().mutable("intermediates");
    let (_, updates) = silent.apply_mut(&variables, options, |m| attend(m, &x)).unwrap();
    assert!(updates.get("intermediates/attention_weights").is_none());
}

#[test]
fn test_causal_mask_1d() {
    let ids = Tensor::from_vec([2, 4], vec![5, 4, 0, 3, 1, 0, 0, 2]);
    let causal = make_causal_mask(&ids);
    assert_eq!(causal.shape(), [2, 1, 4, 4]);
    let lower: Vec<bool> = (0..16).map(|i| i / 4 >= i % 4).collect();
    assert_eq!(causal.index(1).to_vec::<bool>().unwrap(), lower);
}

#[test]
fn masks_combine() {
    assert!(combine_masks([None, None]).is_none());
    let ids = Tensor::from_vec([1, 3], vec![1, 2, 0]);
    let both = combine_masks([Some(make_causal_mask(&ids)), None, Some(make_attention_mask(&ids, &ids))]);
    let expected = [true, false, false, true, true, false, false, false, false];
    assert_eq!(both.unwrap().to_vec::<bool>().unwrap(), expected);
    let wrong = combine_masks([Some(make_causal_mask(&ids)), Some(Tensor::ones([3], BOOL))]).unwrap();
    assert!(wrong.evaluate().unwrap_err().to_string().contains("the rank of a mask is 1"));
}

#[test]
fn test_decoding() {
    let x = normal(0, [2, 5, 8]);
    let layer = MultiHeadDotProductAttention::new(2).qkv_features(6).decode(true);
    let variables = layer.init(Key::new(0), |m| attend(m, &x)).unwrap();
    assert_eq!(shape(&variables, "cache/cached_key"), [2, 5, 2, 3]);
    let plain = layer.clone().decode(false);
    let causal = make_causal_mask(&ones([2, 5]));
    let params = Variables::from_params(variables.params().clone());
    let expected = plain.apply(&params, (), |m| m.call(&x, None, None, Some(&causal))).unwrap();

    let mut state = variables;
    for position in 0..5 {
        let token = x.slice_axis(1, position, position + 1);
        let options = Options::new().mutable("cache");
        let (y, cache) = layer.apply_mut(&state, options, |m| attend(m, &token)).unwrap();
        near(&y, &expected.slice_axis(1, position, position + 1), 1e-5);
        state = state.updated(cache);
    }
    assert_eq!(state["cache"]["cache_index"].as_tensor().unwrap().item::<i32>().unwrap(), 5);
    let error = layer.apply_mut(&state, Options::new().mutable("cache"), |m| attend(m, &x)).unwrap_err();
    assert!(error.to_string().contains("one position at a time"), "{error}");
}

#[test]
fn test_autoregressive_receptive_field_1d() {
    let layer = MultiHeadDotProductAttention::new(2);
    let x = normal(0, [1, 5, 4]);
    let causal = make_causal_mask(&ones([1, 5]));
    let variables = layer.init(Key::new(0), |m| m.call(&x, None, None, Some(&causal))).unwrap();
    for position in 0..5 {
        let gradient = grad(&x, |x| {
            let y = layer.apply(&variables, (), |m| m.call(x, None, None, Some(&causal)))?;
            metamlp::tensor::Result::Ok(y.slice_axis(1, position, position + 1).sum_all())
        });
        let reached = values(&gradient.unwrap().abs().sum([0, 2]));
        for (other, reached) in reached.iter().enumerate() {
            assert_eq!(*reached > 0.0, other <= position, "{position} {other}");
        }
    }
}

#[test]
fn a_query_that_sees_nothing_sees_everything_alike() {
    let x = normal(0, [1, 3, 1, 4]);
    let options = AttentionOptions::new().mask(Tensor::zeros([1, 1, 3, 3], BOOL));
    let weights = dot_product_attention_weights(&x, &x, &options);
    near(&weights, &(ones([1, 1, 3, 3]) / 3.0), 1e-6);
}

#[test]
fn bias_and_wide_softmax() {
    let x = normal(0, [2, 3, 1, 4]);
    let bias = normal(1, [1, 1, 3, 3]);
    let plain = dot_product_attention_weights(&x, &x, &AttentionOptions::new());
    let biased = dot_product_attention_weights(&x, &x, &AttentionOptions::new().bias(bias.clone()));
    near(&biased, &(plain.log() + bias).softmax(-1), 1e-5);
    let wide = AttentionOptions::new().dtype(F64).force_fp32_for_softmax(true);
    assert_eq!(dot_product_attention_weights(&x, &x, &wide).dtype(), F32);
}

#[test]
fn dropout_is_shared_by_batch_and_heads() {
    let x = ones([2, 3, 2, 4]);
    let options = AttentionOptions::new().dropout_rate(0.5).dropout_rng(Key::new(1));
    let shared = dot_product_attention_weights(&x, &x, &options);
    near(&shared.index(0), &shared.index(1), 0.0);
    let each = dot_product_attention_weights(&x, &x, &options.broadcast_dropout(false));
    assert_ne!(values(&each.index(0)), values(&each.index(1)));
}

#[test]
fn a_function_of_ones_own() {
    fn first_value(_: &Tensor, _: &Tensor, value: &Tensor, _: &AttentionOptions) -> Tensor {
        value.slice_axis(1, 0, 1).broadcast_to(value.shape())
    }
    let x = normal(0, [2, 3, 4]);
    let layer = MultiHeadDotProductAttention::new(2).attention_fn(first_value);
    let (y, _) = layer.init_with_output(Key::new(0), |m| attend(m, &x)).unwrap();
    near(&y.slice_axis(1, 0, 1), &y.slice_axis(1, 2, 3), 0.0);
}
