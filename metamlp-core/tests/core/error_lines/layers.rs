//! Each layer in wrong calls.

use metamlp::prelude::*;
use metamlp::{Layer, Result};

use crate::lines::{WrongCall, wrong};

/// Calls `layer` in `init`.
#[expect(clippy::needless_pass_by_value, reason = "the table of layers passes temporaries")]
fn init<M: Module>(layer: M, call: impl FnOnce(&M) -> Tensor) -> Result<Variables> {
    let rngs = Options::new().rng("params", Key::new(0)).rng("dropout", Key::new(1));
    layer.init(rngs, call)
}

pub(super) fn layers() -> Vec<WrongCall> {
    let (s, x, integers) = (&Tensor::scalar(1f32), &Tensor::ones([2, 4, 3], F32), &Tensor::ones([2, 3], I32));
    let pair = &(x.clone(), x.clone());
    vec![
        wrong("Dense::call", || init(Dense::new(2), |m| m.call(s))),
        wrong("DenseGeneral::call", || init(DenseGeneral::new([2]).axis([7]), |m| m.call(x))),
        wrong("Einsum::call", || init(Einsum::new([2], "ab"), |m| m.call(x))),
        wrong("Embed::call", || init(Embed::new(2, 2), |m| m.call(x))),
        wrong("Embed::attend", || init(Embed::new(2, 2), |m| m.attend(x))),
        wrong("PReLU::call", || init(PReLU::new().param_dtype(I32), |m| m.call(&Tensor::ones([2], BOOL)))),
        wrong("Conv::call", || init(Conv::new(2, [3]), |m| m.call(s))),
        wrong("Conv::call", || init(Conv::new(2, [0]), |m| m.call(x))),
        wrong("ConvLocal::call", || init(ConvLocal::new(2, [3]), |m| m.call(s))),
        wrong("ConvTranspose::call", || init(ConvTranspose::new(2, [3]), |m| m.call(s))),
        wrong("BatchNorm::call", || init(BatchNorm::new(), |m| m.call(x))),
        wrong("LayerNorm::call", || init(LayerNorm::new().reduction_axes([7]), |m| m.call(x))),
        wrong("RMSNorm::call", || init(RMSNorm::new().reduction_axes([7]), |m| m.call(x))),
        wrong("GroupNorm::call", || init(GroupNorm::new().num_groups(2), |m| m.call(x))),
        wrong("InstanceNorm::call", || init(InstanceNorm::new().feature_axes([7]), |m| m.call(x))),
        wrong("SpectralNorm::call", || init(SpectralNorm::new(Dense::new(2)), |m| m.call(s, true))),
        wrong("SpectralNorm::call_with", || {
            init(SpectralNorm::new(Dense::new(2)), |m| m.call_with(&args![s], true).into_tensor())
        }),
        wrong("WeightNorm::call", || init(WeightNorm::new(Dense::new(2)), |m| m.call(s))),
        wrong("WeightNorm::call_with", || {
            init(WeightNorm::new(Dense::new(2)), |m| m.call_with(&args![s]).into_tensor())
        }),
        wrong("Dropout::call", || init(Dropout::new(2.0).deterministic(false), |m| m.call(x))),
        wrong("Dropout::call", || {
            Dropout::new(0.5).deterministic(false).apply(&Variables::new(), (), |m| m.call(x))
        }),
        wrong("MultiHeadDotProductAttention::call", || {
            init(MultiHeadDotProductAttention::new(0), |m| m.call(x, None, None, None))
        }),
        wrong("LSTMCell::call", || init(LSTMCell::new(2), |m| m.call(pair, s).1)),
        wrong("LSTMCell::call", || init(LSTMCell::new(2), |m| m.call(pair, x).1)),
        wrong("OptimizedLSTMCell::call", || init(OptimizedLSTMCell::new(2), |m| m.call(pair, x).1)),
        wrong("GRUCell::call", || init(GRUCell::new(2), |m| m.call(x, x).1)),
        wrong("MGUCell::call", || init(MGUCell::new(2), |m| m.call(x, x).1)),
        wrong("SimpleCell::call", || init(SimpleCell::new(2), |m| m.call(x, x).1)),
        wrong("ConvLSTMCell::call", || init(ConvLSTMCell::new(2, [3]), |m| m.call(pair, s).1)),
        wrong("RNNCell::step", || init(GRUCell::new(2), |m| m.step(x, x).1)),
        wrong("RNNCell::initialize_carry", || {
            let cell = GRUCell::new(2).carry_init(initializers::normal(f64::NAN));
            cell.initialize_carry(&Key::new(0), &[1, 2])
        }),
        wrong("RNN::call", || init(RNN::new(GRUCell::new(2)), |m| m.call(s))),
        wrong("RNN::call", || init(RNN::new(GRUCell::new(2)).seq_lengths(x.clone()), |m| m.call(x))),
        wrong("RNN::call_with_carry", || init(RNN::new(GRUCell::new(2)), |m| m.call_with_carry(s).1)),
        wrong("Bidirectional::call", || {
            init(Bidirectional::new(RNN::new(GRUCell::new(2)), RNN::new(GRUCell::new(2))), |m| m.call(s))
        }),
        wrong("Bidirectional::call_with_carry", || {
            let (one, other) = (RNN::new(GRUCell::new(2)), RNN::new(GRUCell::new(2)));
            init(Bidirectional::new(one, other), |m| m.call_with_carry(s).1)
        }),
        wrong("Sequential::call", || init(Sequential::new(), |m| m.call(x))),
        wrong("Sequential::call", || init(Sequential::new().then(Dense::new(2)), |m| m.call(s))),
        wrong("Sequential::call_with", || init(Sequential::new(), |m| m.call_with(args![x]).into_tensor())),
        wrong("Sequential::call_with", || {
            init(Sequential::new().then(Dense::new(2)), |m| m.call_with(args![x, x]).into_tensor())
        }),
        wrong("Layer::function", || {
            let layers = Sequential::new().layers(vec![Layer::function(|x: &Tensor| x.reshape([7]))]);
            init(layers, |m| m.call(integers))
        }),
        wrong("BatchApply::call", || {
            BatchApply::new(|x: &Tensor| x.clone()).num_dims(0).call::<_, Tensor>(x)
        }),
        wrong("BatchApply::call", || BatchApply::new(Tensor::sum_all).call::<_, Tensor>(x)),
    ]
}
