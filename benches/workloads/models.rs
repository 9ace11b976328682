//! The timed models, the same as the peers'. Knows nothing of timing.

use metamlp::Pooling;
use metamlp::make_rng;
use metamlp::prelude::*;

/// Dense layers with `relu` between them.
#[compact]
pub(crate) fn mlp(x: &Tensor, #[field] widths: Vec<usize>) -> Tensor {
    let mut x = x.clone();
    for (i, &width) in widths.iter().enumerate() {
        x = Dense::new(width).call(&x);
        if i + 1 < widths.len() {
            x = relu(&x);
        }
    }
    x
}

/// The model of Flax's documentation of `init`, with less noise.
#[compact]
pub(crate) fn seed(x: &Tensor) -> Tensor {
    let x = Dense::new(16).call(x);
    let x = BatchNorm::new().use_running_average(false).call(&x);
    let x = relu(&x);
    let x = &x + random::normal(make_rng("noise"), x.shape()) * 0.1;
    Dense::new(1).call(&x)
}

/// A pre-norm transformer block.
#[compact]
pub(crate) fn block(x: &Tensor, #[field] width: usize, #[field] heads: usize) -> Tensor {
    let y = LayerNorm::new().call(x);
    let x = x + MultiHeadDotProductAttention::new(heads).call(&y, None, None, None);
    let y = LayerNorm::new().call(&x);
    let y = gelu(&Dense::new(4 * width).call(&y));
    x + Dense::new(width).call(&y)
}

/// Blocks of width 256 with 4 heads.
#[compact]
pub(crate) fn transformer(x: &Tensor, #[field] blocks: usize) -> Tensor {
    let x = (0..blocks).fold(x.clone(), |x, _| block(256, 4).call(&x));
    LayerNorm::new().call(&x)
}

/// Two convolutions and two dense layers, for images of `[batch, 28, 28, 1]`.
#[compact]
pub(crate) fn cnn(x: &Tensor) -> Tensor {
    let x = relu(&Conv::new(32, [3, 3]).call(x));
    let x = avg_pool(&x, &Pooling::new([2, 2]).strides([2, 2]));
    let x = relu(&Conv::new(64, [3, 3]).call(&x));
    let x = avg_pool(&x, &Pooling::new([2, 2]).strides([2, 2]));
    let x = x.reshape([x.shape()[0], 7 * 7 * 64]);
    let x = relu(&Dense::new(256).call(&x));
    Dense::new(10).call(&x)
}

/// An activation and a norm.
#[compact]
pub(crate) fn gelu_layer_norm(x: &Tensor) -> Tensor {
    LayerNorm::new().call(&gelu(x))
}
