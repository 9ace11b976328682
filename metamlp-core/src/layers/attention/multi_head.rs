//! Multi-head attention.

use metamlp_macros::{compact, module};
use metamlp_tensor::random::Key;
use metamlp_tensor::{DType, Error, F32, I32, Tensor};

use super::{AttentionOptions, combine_masks, dot_product_attention};
use crate::argument::{invalid, refuse};
use crate::initializers::initializer::Initializer;
use crate::initializers::{lecun_normal, zeros};
use crate::layers::fields::check;
use crate::layers::{DenseGeneral, LayerNorm};
use crate::module::Module;
use crate::variables::variable::Variable;

/// Multi-head dot-product attention (Vaswani et al., "Attention is all you need", 2017; Flax's
/// `MultiHeadDotProductAttention`).
///
/// Submodules: [`DenseGeneral`] `query`, `key` and `value`, kernels `[inputs, heads, depth]`, and `out`,
/// `[heads, depth, out_features]`; with `normalize_qk`, [`LayerNorm`] `query_ln` and `key_ln` without bias.
/// Stream: `dropout`, if `dropout_rate` is not 0.
///
/// ```
/// use metamlp::prelude::*;
/// let layer = MultiHeadDotProductAttention::new(2);
/// let x = Tensor::ones([3, 5, 8], F32);
/// let variables = layer.init(Key::new(0), |m| m.call(&x, None, None, None))?;
/// assert_eq!(variables["params"]["query"]["kernel"].as_tensor().unwrap().shape(), [8, 2, 4]);
/// let causal = make_causal_mask(&Tensor::ones([3, 5], F32));
/// let y = layer.apply(&variables, (), |m| m.call(&x, None, None, Some(&causal)))?;
/// assert_eq!(y.shape(), [3, 5, 8]);
/// # Ok::<(), metamlp::Error>(())
/// ```
///
/// With `decode(true)`, `init` on an input of full length creates a cache of keys and values
/// (collection `cache`: `cached_key`, `cached_value`, `cache_index`). Each later call takes one
/// position, adds it to the cache and attends to all cached positions.
#[module]
pub struct MultiHeadDotProductAttention {
    /// Number of attention heads; it must divide `qkv_features`.
    num_heads: usize,
    /// The dtype of the computation; `None` promotes the inputs and the parameters to a common float
    /// dtype.
    #[default(None)]
    dtype: Option<DType>,
    /// The dtype of the parameters.
    #[default(F32)]
    param_dtype: DType,
    /// Number of features of the query, key and value projections, over all heads; `None` uses those of
    /// `inputs_q`.
    #[default(None)]
    qkv_features: Option<usize>,
    /// Number of output features; `None` uses those of `inputs_q`.
    #[default(None)]
    out_features: Option<usize>,
    /// If true, one dropout mask is shared by all batch elements and heads.
    #[default(true)]
    broadcast_dropout: bool,
    /// Dropout probability of an attention weight.
    #[default(0.0)]
    dropout_rate: f64,
    /// If true, dropout is off. Must be set if `dropout_rate` is not 0.
    #[default(None)]
    deterministic: Option<bool>,
    /// A key to use instead of the random stream.
    #[default(None)]
    dropout_rng: Option<Key>,
    /// Initializer of the kernels of the projections.
    #[default(lecun_normal())]
    kernel_init: Initializer,
    /// Initializer of the kernel of `out`; `None` uses `kernel_init`.
    #[default(None)]
    out_kernel_init: Option<Initializer>,
    /// Initializer of the biases of the projections.
    #[default(zeros())]
    bias_init: Initializer,
    /// Initializer of the bias of `out`; `None` uses `bias_init`.
    #[default(None)]
    out_bias_init: Option<Initializer>,
    /// If true, biases are added.
    #[default(true)]
    use_bias: bool,
    /// The attention function: query, key and value `[batch.., length, heads, depth]` to
    /// `[batch.., queries, heads, depth]`.
    #[default(dot_product_attention)]
    attention_fn: fn(&Tensor, &Tensor, &Tensor, &AttentionOptions) -> Tensor,
    /// If true, keys and values are kept in a cache, for autoregressive decoding.
    #[default(false)]
    decode: bool,
    /// If true, queries and keys are normalized by [`LayerNorm`].
    #[default(false)]
    normalize_qk: bool,
    /// If true, the softmax is computed in `f32`, whatever the dtype.
    #[default(false)]
    force_fp32_for_softmax: bool,
    /// If true, the weights are sown as `intermediates/attention_weights`.
    #[default(false)]
    sow_weights: bool,
}

#[compact]
impl MultiHeadDotProductAttention {
    /// Maps `inputs_q` `[batch.., queries, features]`, with `inputs_k` and `inputs_v`
    /// `[batch.., keys, features]` and a mask that broadcasts to `[batch.., heads, queries, keys]`, to
    /// `[batch.., queries, out_features]`.
    ///
    /// Without keys this is self-attention; without values the keys are used.
    pub fn call(
        &self,
        inputs_q: &Tensor,
        inputs_k: Option<&Tensor>,
        inputs_v: Option<&Tensor>,
        mask: Option<&Tensor>,
    ) -> Tensor {
        let inputs_k = inputs_k.unwrap_or(inputs_q);
        let inputs_v = inputs_v.unwrap_or(inputs_k);
        let (qkv_features, out_features) = match self.features([inputs_q, inputs_k, inputs_v]) {
            Ok(features) => features,
            Err(error) => return refuse(inputs_q, error),
        };
        let projection = |name: &str| {
            DenseGeneral::new([self.num_heads, qkv_features / self.num_heads])
                .named(name)
                .use_bias(self.use_bias)
                .dtype(self.dtype)
                .param_dtype(self.param_dtype)
                .kernel_init(&self.kernel_init)
                .bias_init(&self.bias_init)
        };
        let mut query = projection("query").call(inputs_q);
        let mut key = projection("key").call(inputs_k);
        let mut value = projection("value").call(inputs_v);
        if self.normalize_qk {
            let norm = |name: &str| {
                LayerNorm::new().named(name).use_bias(false).dtype(self.dtype).param_dtype(self.param_dtype)
            };
            query = norm("query_ln").call(&query);
            key = norm("key_ln").call(&key);
        }
        let mut mask = mask.cloned();
        if self.decode {
            let is_initialized = self.has_variable("cache", "cached_key");
            let cache = Cache {
                key: self.variable("cache", "cached_key", || key.zeros_like()),
                value: self.variable("cache", "cached_value", || value.zeros_like()),
                index: self.variable("cache", "cache_index", || Tensor::zeros([], I32)),
            };
            if is_initialized {
                if let Err(error) = cache.check(&query) {
                    return refuse(&query, error);
                }
                let so_far = cache.push(&mut key, &mut value);
                mask = combine_masks([mask, Some(so_far)]);
            }
        }
        let options = AttentionOptions::new()
            .mask(mask)
            .broadcast_dropout(self.broadcast_dropout)
            .dropout_rng(self.dropout_key())
            .dropout_rate(self.dropout_rate)
            .deterministic(self.deterministic.unwrap_or(true))
            .dtype(self.dtype)
            .force_fp32_for_softmax(self.force_fp32_for_softmax)
            .sow_weights(self.sow_weights);
        let heads = (self.attention_fn)(&query, &key, &value, &options);
        DenseGeneral::new(out_features)
            .named("out")
            .axis([-2, -1])
            .use_bias(self.use_bias)
            .dtype(self.dtype)
            .param_dtype(self.param_dtype)
            .kernel_init(self.out_kernel_init.as_ref().unwrap_or(&self.kernel_init))
            .bias_init(self.out_bias_init.as_ref().unwrap_or(&self.bias_init))
            .call(&heads)
    }
}

const NAME: &str = "MultiHeadDotProductAttention";

impl MultiHeadDotProductAttention {
    /// Checks the fields; returns the features of all heads together and those of the result.
    fn features(&self, [inputs_q, inputs_k, inputs_v]: [&Tensor; 3]) -> Result<(usize, usize), Error> {
        check::size(NAME, "num_heads", self.num_heads)?;
        check::fraction(NAME, "dropout_rate", self.dropout_rate)?;
        check::dtypes(NAME, self.dtype, self.param_dtype)?;
        if self.dropout_rate > 0.0 && self.deterministic.is_none() {
            return Err(invalid(
                NAME,
                "deterministic",
                "not set",
                "true or false, where dropout_rate is not 0",
            ));
        }
        for input in [inputs_q, inputs_k, inputs_v] {
            if input.rank() < 2 {
                let expected = "[batch.., length, features]";
                return Err(invalid(NAME, "an input's shape", format!("{:?}", input.shape()), expected));
            }
        }
        let inputs = check::last_axis(NAME, inputs_q)?;
        let qkv_features = self.qkv_features.unwrap_or(inputs);
        let out_features = self.out_features.unwrap_or(inputs);
        check::size(NAME, "qkv_features", qkv_features)?;
        check::size(NAME, "out_features", out_features)?;
        if !qkv_features.is_multiple_of(self.num_heads) {
            let expected = format!("a divisor of the {qkv_features} features of all heads together");
            return Err(invalid(NAME, "num_heads", self.num_heads, expected));
        }
        Ok((qkv_features, out_features))
    }

    fn dropout_key(&self) -> Option<Key> {
        let drops = self.dropout_rate > 0.0 && self.deterministic == Some(false);
        drops.then(|| self.dropout_rng.clone().unwrap_or_else(|| self.make_rng("dropout")))
    }
}

/// The cached keys and values, `[batch.., length, heads, depth]`.
struct Cache {
    key: Variable,
    value: Variable,
    index: Variable,
}

impl Cache {
    /// Checks that the query is one position, of the cache's shape otherwise.
    fn check(&self, query: &Tensor) -> Result<(), Error> {
        let mut expected = self.key.get().shape().to_vec();
        let length = expected.len().saturating_sub(3);
        if let Some(length) = expected.get_mut(length) {
            *length = 1;
        }
        if query.shape() == expected {
            return Ok(());
        }
        let expected = format!("{expected:?}: decode takes one position at a time, in the batch of init");
        Err(invalid(NAME, "the query's shape", format!("{:?}", query.shape()), expected))
    }

    /// Writes the next key and value into the cache. Returns all cached keys and values, and the mask
    /// of the positions written so far, `[batch.., 1, 1, length]`. Past the end, the last position is
    /// overwritten.
    fn push(&self, key: &mut Tensor, value: &mut Tensor) -> Tensor {
        let (cached, index) = (self.key.get(), self.index.get());
        let (batch, length) = (cached.rank() - 3, cached.shape()[cached.rank() - 3]);
        let positions = Tensor::arange(length, I32);
        let place = index.minimum(Tensor::scalar(i32::try_from(length).unwrap_or(i32::MAX) - 1));
        let is_place = positions.equal(&place).reshape([length, 1, 1]);
        *key = is_place.select(&*key, &cached);
        *value = is_place.select(&*value, self.value.get());
        self.key.set(&*key);
        self.value.set(&*value);
        self.index.set(&index + 1);
        let shape = [&cached.shape()[..batch], &[1, 1, length]].concat();
        positions.less_equal(&index).broadcast_to(shape)
    }
}
