//! Attention: the function, the layer and the masks.

mod dot_product;
mod masks;
mod multi_head;

pub use dot_product::{AttentionOptions, dot_product_attention, dot_product_attention_weights};
pub use masks::{combine_masks, make_attention_mask, make_attention_mask_with, make_causal_mask};
pub use multi_head::MultiHeadDotProductAttention;
