//! The model: predicts the next character. Knows characters as ids.

use metamlp::prelude::*;

/// A causal transformer with normalisation before each part (Radford et al.,
/// "Language models are unsupervised multitask learners", 2019). Maps ids
/// `[batch, length]` to logits `[batch, length, vocabulary]`; the logits at a
/// position predict the next character.
///
/// With `decode` the attention keeps a cache: each call takes the next id of each
/// text, `[batch, 1]`.
#[module]
pub(crate) struct CharTransformer {
    /// The number of different characters.
    vocabulary: usize,
    /// The largest length of a text, in characters.
    pub(crate) context: usize,
    /// The width of the activations between the blocks.
    #[default(128)]
    features: usize,
    /// The number of blocks.
    #[default(3)]
    layers: usize,
    /// The number of attention heads per block.
    #[default(4)]
    heads: usize,
    /// True for one character per call with a cache of the earlier ones.
    #[default(false)]
    decode: bool,
}

#[compact]
impl CharTransformer {
    pub(crate) fn call(&self, ids: &Tensor) -> Tensor {
        let characters = Embed::new(self.vocabulary, self.features).named("characters");
        let places = Embed::new(self.context, self.features).named("places");

        // The cache has no later positions to mask.
        let mask = (!self.decode).then(|| make_causal_mask(ids));
        let mut x = characters.call(ids) + places.call(&self.positions(ids));
        for _ in 0..self.layers {
            x = Block::new(self.heads).decode(self.decode).call(&x, mask.as_ref());
        }
        // The embedding table is also the output projection.
        characters.attend(&LayerNorm::new().call(&x))
    }

    /// The position of each id in its text. While decoding it counts the calls.
    fn positions(&self, ids: &Tensor) -> Tensor {
        let all = Tensor::arange(ids.shape().last().copied().unwrap_or_default(), I32);
        if !self.decode {
            return all;
        }
        let has_begun = self.has_variable("cache", "position");
        let position = self.variable("cache", "position", || Tensor::zeros([1], I32));
        if !has_begun {
            return all;
        }
        let here = position.get();
        position.set(&here + 1);
        here
    }
}

/// Causal attention, then a perceptron at each position, both with a residual
/// connection. `x` is `[batch, length, features]`.
#[compact]
fn block(
    x: &Tensor,
    mask: Option<&Tensor>,
    #[field] heads: usize,
    #[field(default = false)] decode: bool,
) -> Tensor {
    let features = x.shape().last().copied().unwrap_or_default();
    let attention = MultiHeadDotProductAttention::new(heads).decode(decode);
    let x = x + attention.call(&LayerNorm::new().call(x), None, None, mask);
    let hidden = gelu(&Dense::new(4 * features).call(&LayerNorm::new().call(&x)));
    &x + Dense::new(features).call(&hidden)
}
