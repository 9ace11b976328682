//! The layers of `flax.linen`, under their Flax names, written with the same macros as a user's layers.
//!
//! Flax's keyword arguments of a call (`mask`, `deterministic`, `use_running_average`) are setters
//! here; for a submodule in a field, [`with`](crate::Module::with) sets them for one call. A field out
//! of range or an input of the wrong shape is an error that names the layer's path and the field.

mod attention;
mod combinators;
mod convolution;
mod dropout;
mod fields;
mod linear;
mod normalization;
mod pooling;
mod prelu;
mod recurrent;

pub use attention::{
    AttentionOptions, MultiHeadDotProductAttention, combine_masks, dot_product_attention,
    dot_product_attention_weights, make_attention_mask, make_attention_mask_with, make_causal_mask,
};
pub use combinators::{BatchApply, Chained, Layer, LayerInstance, Sequential};
pub use convolution::{Conv, ConvLocal, ConvPadding, ConvTranspose};
pub use dropout::Dropout;
pub use fields::{AxisList, Sizes};
pub use linear::{Dense, DenseGeneral, Einsum, Embed};
pub use normalization::{BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm, SpectralNorm, WeightNorm};
pub use pooling::{Pooling, avg_pool, max_pool, min_pool};
pub use prelu::PReLU;
pub use recurrent::{
    Bidirectional, Cell, ConvLSTMCell, GRUCell, LSTMCell, MGUCell, OptimizedLSTMCell, RNN, RNNCell,
    SimpleCell, flip_sequences,
};
