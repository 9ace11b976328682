//! The layers of `flax.linen`, under their names there, written with the same
//! two macros as a user's own.
//!
//! What Flax takes as a keyword of a layer's call (`mask`, `deterministic`,
//! `use_running_average`) is a setter here; on a submodule that is a field,
//! [`with`](crate::Module::with) sets it for one call. A field out of range, or
//! an input of the wrong shape, is an error that names the layer's path and the
//! field.

mod attention;
mod axis_list;
mod batch_apply;
mod check;
mod convolution;
mod dropout;
mod layer;
mod layer_instance;
mod linear;
mod normalization;
mod pooling;
mod prelu;
mod promote;
mod recurrent;
mod sequential;
mod sizes;

pub use attention::{
    AttentionOptions, MultiHeadDotProductAttention, combine_masks, dot_product_attention,
    dot_product_attention_weights, make_attention_mask, make_attention_mask_with, make_causal_mask,
};
pub use axis_list::AxisList;
pub use batch_apply::BatchApply;
pub use convolution::{Conv, ConvLocal, ConvPadding, ConvTranspose};
pub use dropout::Dropout;
pub use layer::{Chained, Layer};
pub use layer_instance::LayerInstance;
pub use linear::{Dense, DenseGeneral, Einsum, Embed};
pub use normalization::{BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm, SpectralNorm, WeightNorm};
pub use pooling::{Pooling, avg_pool, max_pool, min_pool};
pub use prelu::PReLU;
pub use recurrent::{
    Bidirectional, Cell, ConvLSTMCell, GRUCell, LSTMCell, MGUCell, OptimizedLSTMCell, RNN, RNNCell,
    SimpleCell, flip_sequences,
};
pub use sequential::Sequential;
pub use sizes::Sizes;
