//! The model: what character comes next? Knows characters as numbers.

use metamlp::prelude::*;

/// A causal transformer with normalisation before each part (Radford et al.,
/// "Language models are unsupervised multitask learners", 2019): ids
/// `[batch, length]` to logits `[batch, length, vocabulary]`, of which those at
/// a position are for the character after it.
///
/// With `decode` the attention keeps a cache: each call takes the one next id
/// of each text, `[batch, 1]`, and remembers those before it.
#[module]
pub(crate) struct CharTransformer {
    /// How many characters there are.
    vocabulary: usize,
    /// The longest text, in characters.
    pub(crate) context: usize,
    /// The width of everything between the blocks.
    #[default(128)]
    features: usize,
    /// How many blocks there are.
    #[default(3)]
    layers: usize,
    /// How many heads each attention has.
    #[default(4)]
    heads: usize,
    /// Whether it reads one character a call and remembers those before.
    #[default(false)]
    decode: bool,
}

#[compact]
impl CharTransformer {
    pub(crate) fn call(&self, ids: &Tensor) -> Tensor {
        let characters = Embed::new(self.vocabulary, self.features).named("characters");
        let places = Embed::new(self.context, self.features).named("places");

        // The cache holds nothing that comes later.
        let mask = (!self.decode).then(|| make_causal_mask(ids));
        let mut x = characters.call(ids) + places.call(&self.positions(ids));
        for _ in 0..self.layers {
            x = Block::new(self.heads).decode(self.decode).call(&x, mask.as_ref());
        }
        // The table that characters came in by is the one that they leave by.
        characters.attend(&LayerNorm::new().call(&x))
    }

    /// The place of each id in its text. One that decodes counts its calls.
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

/// Attention to what came before, then a perceptron at each position; both add
/// to `x`, which is `[batch, length, features]` throughout.
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
