//! Dot-product attention as a function.

use std::panic::Location;

use metamlp_tensor::random::{self, Key};
use metamlp_tensor::{BF16, BOOL, DType, Error, F16, F32, F64, Tensor, with_caller};

use crate::argument::{invalid, refuse};
use crate::layers::fields::check;
use crate::layers::fields::promote::promote;
use crate::module::functions::sow;

/// The options of [`dot_product_attention`], with Flax's names.
///
/// ```
/// use metamlp::prelude::*;
/// let x = Tensor::ones([2, 5, 3, 4], F32);
/// let options = AttentionOptions::new().mask(make_causal_mask(&Tensor::ones([2, 5], F32)));
/// assert_eq!(dot_product_attention(&x, &x, &x, &options).shape(), [2, 5, 3, 4]);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct AttentionOptions {
    bias: Option<Tensor>,
    mask: Option<Tensor>,
    broadcast_dropout: bool,
    dropout_rng: Option<Key>,
    dropout_rate: f64,
    deterministic: bool,
    dtype: Option<DType>,
    force_fp32_for_softmax: bool,
    sow_weights: bool,
}

impl AttentionOptions {
    /// No bias, no mask, no dropout.
    pub fn new() -> Self {
        Self {
            bias: None,
            mask: None,
            broadcast_dropout: true,
            dropout_rng: None,
            dropout_rate: 0.0,
            deterministic: false,
            dtype: None,
            force_fp32_for_softmax: false,
            sow_weights: false,
        }
    }

    /// Bias added to the attention logits; broadcasts to `[batch.., heads, queries, keys]`.
    pub fn bias(mut self, bias: impl Into<Option<Tensor>>) -> Self {
        self.bias = bias.into();
        self
    }

    /// Mask, `bool`: false excludes a key from a query. Broadcasts to `[batch.., heads, queries, keys]`.
    pub fn mask(mut self, mask: impl Into<Option<Tensor>>) -> Self {
        self.mask = mask.into();
        self
    }

    /// If true, one dropout mask is shared by all batch elements and heads. Default: `true`.
    pub fn broadcast_dropout(mut self, broadcast_dropout: bool) -> Self {
        self.broadcast_dropout = broadcast_dropout;
        self
    }

    /// The key of the dropout mask; required unless dropout is off.
    pub fn dropout_rng(mut self, dropout_rng: impl Into<Option<Key>>) -> Self {
        self.dropout_rng = dropout_rng.into();
        self
    }

    /// Dropout probability of an attention weight. Default: 0.
    pub fn dropout_rate(mut self, dropout_rate: f64) -> Self {
        self.dropout_rate = dropout_rate;
        self
    }

    /// If true, dropout is off. Default: `false`.
    pub fn deterministic(mut self, deterministic: bool) -> Self {
        self.deterministic = deterministic;
        self
    }

    /// The dtype of the computation. Default: the widest of the inputs.
    pub fn dtype(mut self, dtype: impl Into<Option<DType>>) -> Self {
        self.dtype = dtype.into();
        self
    }

    /// If true, the softmax is computed in `f32`, whatever the dtype. Default: `false`.
    pub fn force_fp32_for_softmax(mut self, force_fp32_for_softmax: bool) -> Self {
        self.force_fp32_for_softmax = force_fp32_for_softmax;
        self
    }

    /// If true, the running module [sows](crate::sow) the weights, before dropout, as
    /// `intermediates/attention_weights`. Default: `false`.
    pub fn sow_weights(mut self, sow_weights: bool) -> Self {
        self.sow_weights = sow_weights;
        self
    }
}

impl Default for AttentionOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// The attention weights `softmax(query · keyᵀ / √depth)`: `query` `[batch.., queries, heads, depth]`
/// and `key` `[batch.., keys, heads, depth]` to `[batch.., heads, queries, keys]`. They sum to 1 over
/// the keys.
///
/// A query for which every key is masked gets equal weights. Vaswani et al., "Attention is all you
/// need" (2017); Flax's `dot_product_attention_weights`.
#[track_caller]
#[must_use]
pub fn dot_product_attention_weights(query: &Tensor, key: &Tensor, options: &AttentionOptions) -> Tensor {
    with_caller(Location::caller(), || weights(query, key, options))
}

fn weights(query: &Tensor, key: &Tensor, options: &AttentionOptions) -> Tensor {
    if let Err(error) = check_inputs(query, key, options) {
        return refuse(query, error);
    }
    let [query, key] = promote([query, key], options.dtype);
    let dtype = query.dtype();
    let depth = query.shape()[query.rank() - 1];
    let query = query / (depth as f64).sqrt();
    let mut scores = Tensor::einsum("...qhd,...khd->...hqk", &[&query, &key]);
    if let Some(bias) = &options.bias {
        scores = scores + bias;
    }
    if let Some(mask) = &options.mask {
        // Not minus infinity: the softmax of a row of -inf is NaN.
        scores = mask.convert(BOOL).select(&scores, lowest(scores.dtype()));
    }
    if options.force_fp32_for_softmax {
        scores = scores.convert(F32);
    }
    let mut weights = scores.softmax(-1);
    if !options.force_fp32_for_softmax {
        weights = weights.convert(dtype);
    }
    if options.sow_weights {
        sow("intermediates", "attention_weights", &weights);
    }
    if options.deterministic || options.dropout_rate == 0.0 {
        return weights;
    }
    let Some(rng) = &options.dropout_rng else {
        let expected = "a key, where dropout_rate is not 0 and deterministic is false";
        return refuse(&weights, invalid(NAME, "dropout_rng", "not set", expected));
    };
    let mut shape = weights.shape().to_vec();
    if options.broadcast_dropout {
        let batch_and_heads = shape.len() - 2;
        shape[..batch_and_heads].fill(1);
    }
    let keep_prob = 1.0 - options.dropout_rate;
    weights * (random::bernoulli(rng, keep_prob, shape).convert(dtype) / keep_prob)
}

/// Attention: `query` `[batch.., queries, heads, depth]`, `key` `[batch.., keys, heads, depth]` and
/// `value` `[batch.., keys, heads, value_depth]` to `[batch.., queries, heads, value_depth]`.
///
/// The values are summed with the weights of [`dot_product_attention_weights`]. Flax's
/// `dot_product_attention`.
#[track_caller]
#[must_use]
pub fn dot_product_attention(
    query: &Tensor,
    key: &Tensor,
    value: &Tensor,
    options: &AttentionOptions,
) -> Tensor {
    with_caller(Location::caller(), || {
        if let Err(error) = check_inputs(query, key, options).and_then(|()| check_value(key, value)) {
            return refuse(query, error);
        }
        let [query, key, value] = promote([query, key, value], options.dtype);
        let weights = weights(&query, &key, options);
        Tensor::einsum("...hqk,...khd->...qhd", &[&weights, &value])
    })
}

/// The most negative finite number of a float dtype.
fn lowest(dtype: DType) -> f64 {
    match dtype {
        F64 => f64::MIN,
        F16 => -65504.0,
        BF16 => -f64::from(f32::from_bits(0x7f7f_0000)),
        _ => f64::from(f32::MIN),
    }
}

const NAME: &str = "dot_product_attention";

fn check_inputs(query: &Tensor, key: &Tensor, options: &AttentionOptions) -> Result<(), Error> {
    check::fraction(NAME, "dropout_rate", options.dropout_rate)?;
    if options.dropout_rate == 1.0 && !options.deterministic {
        return Err(invalid(NAME, "dropout_rate", 1, "less than 1"));
    }
    check::dtypes(NAME, options.dtype, F32)?;
    let Some(batch) = query.rank().checked_sub(3) else {
        return Err(wrong_shape("the query's shape", query, "[batch.., queries, heads, depth]".to_owned()));
    };
    let (leading, rest) = (&query.shape()[..batch], &query.shape()[batch + 1..]);
    if rest.contains(&0) {
        return Err(wrong_shape("the query's shape", query, "at least one head and a depth of 1".to_owned()));
    }
    let fits =
        key.rank() == query.rank() && &key.shape()[..batch] == leading && &key.shape()[batch + 1..] == rest;
    if !fits {
        let expected = format!("{:?} (the query's shape), except for the length", query.shape());
        return Err(wrong_shape("the key's shape", key, expected));
    }
    Ok(())
}

fn check_value(key: &Tensor, value: &Tensor) -> Result<(), Error> {
    let last = key.rank() - 1;
    if value.rank() != key.rank() || value.shape()[..last] != key.shape()[..last] {
        let expected = format!("{:?} (the key's shape), except for the depth", key.shape());
        return Err(wrong_shape("the value's shape", value, expected));
    }
    Ok(())
}

fn wrong_shape(name: &'static str, found: &Tensor, expected: String) -> Error {
    invalid(NAME, name, format!("{:?}", found.shape()), expected)
}
