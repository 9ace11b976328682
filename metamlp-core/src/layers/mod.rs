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
mod batch_norm;
mod check;
mod convolution;
mod dense;
mod dense_general;
mod dropout;
mod einsum;
mod embed;
mod group_norm;
mod instance_norm;
mod layer;
mod layer_instance;
mod layer_norm;
mod pooling;
mod prelu;
mod promote;
mod recurrent;
mod rms_norm;
mod sequential;
mod sizes;
mod spectral_norm;
mod statistics;
mod weight_norm;

pub use attention::{
    AttentionOptions, MultiHeadDotProductAttention, combine_masks, dot_product_attention,
    dot_product_attention_weights, make_attention_mask, make_attention_mask_with, make_causal_mask,
};
pub use axis_list::AxisList;
pub use batch_apply::BatchApply;
pub use batch_norm::BatchNorm;
pub use convolution::{Conv, ConvLocal, ConvPadding, ConvTranspose};
pub use dense::Dense;
pub use dense_general::DenseGeneral;
pub use dropout::Dropout;
pub use einsum::Einsum;
pub use embed::Embed;
pub use group_norm::GroupNorm;
pub use instance_norm::InstanceNorm;
pub use layer::{Chained, Layer};
pub use layer_instance::LayerInstance;
pub use layer_norm::LayerNorm;
pub use pooling::{Pooling, avg_pool, max_pool, min_pool};
pub use prelu::PReLU;
pub use recurrent::{
    Bidirectional, Cell, ConvLSTMCell, GRUCell, LSTMCell, MGUCell, OptimizedLSTMCell, RNN, RNNCell,
    SimpleCell, flip_sequences,
};
pub use rms_norm::RMSNorm;
pub use sequential::Sequential;
pub use sizes::Sizes;
pub use spectral_norm::SpectralNorm;
pub use weight_norm::WeightNorm;
