//! Activations, attention, initializers, pooling and data in wrong calls.

use metamlp::activations::{normalize, one_hot, standardize, standardize_with_epsilon};
use metamlp::data::Batches;
use metamlp::initializers::{self, Distribution, Mode, VarianceScaling};
use metamlp::prelude::*;
use metamlp::{Map, Pooling};

use crate::lines::{WrongCall, wrong};

const NAN: f64 = f64::NAN;

pub(super) fn activations() -> Vec<WrongCall> {
    let (x, b) = (&Tensor::ones([2, 3], F32), &Tensor::ones([3], BOOL));
    vec![
        wrong("glu", || glu(x, 5)),
        wrong("glu", || glu(x, 1)),
        wrong("hard_tanh", || hard_tanh(b)),
        wrong("log_sigmoid", || log_sigmoid(b)),
        wrong("log_softmax", || log_softmax(x, 5)),
        wrong("logsumexp", || logsumexp(x, 5)),
        wrong("normalize", || normalize(x, 5)),
        wrong("one_hot", || one_hot(x, 3)),
        wrong("soft_sign", || soft_sign(b)),
        wrong("softmax", || softmax(x, 5)),
        wrong("standardize", || standardize(x, 5)),
        wrong("standardize_with_epsilon", || standardize_with_epsilon(x, 5, 1e-5)),
    ]
}

pub(super) fn attention() -> Vec<WrongCall> {
    let x = &Tensor::ones([1, 2, 1, 2], F32);
    let (values, flat, odd) =
        (&Tensor::ones([1, 3, 1, 2], F32), &Tensor::ones([2], F32), &Tensor::ones([7; 3], F32));
    let options = AttentionOptions::new;
    let masks = || [Some(x.convert(BOOL)), Some(Tensor::scalar(true))];
    vec![
        wrong("dot_product_attention", || dot_product_attention(x, x, values, &options())),
        wrong("dot_product_attention", || dot_product_attention(flat, x, x, &options())),
        wrong("dot_product_attention", || dot_product_attention(x, x, x, &options().dropout_rate(2.0))),
        wrong("dot_product_attention", || dot_product_attention(x, x, x, &options().dropout_rate(0.5))),
        wrong("dot_product_attention", || dot_product_attention(x, x, x, &options().bias(odd.clone()))),
        wrong("dot_product_attention", || dot_product_attention(x, x, x, &options().mask(odd.clone()))),
        wrong("dot_product_attention", || dot_product_attention(x, x, x, &options().dtype(I32))),
        wrong("dot_product_attention_weights", || dot_product_attention_weights(x, flat, &options())),
        wrong("combine_masks", || combine_masks(masks()).unwrap()),
        wrong("make_causal_mask", || make_causal_mask(&Tensor::scalar(1))),
        wrong("make_attention_mask", || make_attention_mask(flat, &Tensor::scalar(1))),
        wrong("make_attention_mask_with", || {
            make_attention_mask_with(&Tensor::scalar(1), flat, |a, b| a * b)
        }),
    ]
}

/// A tensor that an initializer makes for wrong arguments, with the line that calls this.
#[track_caller]
fn made(initializer: impl Into<Initializer>, shape: &[usize]) -> Tensor {
    initializer.into().initialize(Key::new(0), shape, F32)
}

pub(super) fn initializers() -> Vec<WrongCall> {
    vec![
        wrong("Initializer::initialize", || {
            initializers::zeros().initialize(Key::new(0), &[usize::MAX, 3], F32)
        }),
        wrong("Initializer::new", || {
            made(|_: Key, _: &[usize], _| Tensor::ones([2], F32).reshape([3]), &[3])
        }),
        wrong("Initializer::with_name", || {
            made(Initializer::with_name("odd", |_, _, _| Tensor::ones([2], F32).reshape([3])), &[3])
        }),
        wrong("VarianceScaling::new", || {
            made(VarianceScaling::new(-1.0, Mode::FanIn, Distribution::Normal), &[3, 3])
        }),
        wrong("constant", || made(initializers::constant(1.0), &[usize::MAX, 3])),
        wrong("delta_orthogonal", || made(initializers::delta_orthogonal(1.0, -1), &[3])),
        wrong("glorot_normal", || made(initializers::glorot_normal(), &[3])),
        wrong("glorot_uniform", || made(initializers::glorot_uniform(), &[3])),
        wrong("he_normal", || made(initializers::he_normal(), &[3])),
        wrong("he_uniform", || initializers::he_uniform().initialize(Key::new(0), &[3, 3], I32)),
        wrong("kaiming_normal", || made(initializers::kaiming_normal(), &[3])),
        wrong("kaiming_uniform", || made(initializers::kaiming_uniform(), &[3])),
        wrong("lecun_normal", || made(initializers::lecun_normal(), &[3])),
        wrong("lecun_uniform", || made(initializers::lecun_uniform(), &[3])),
        wrong("normal", || made(initializers::normal(NAN), &[3])),
        wrong("ones", || made(initializers::ones(), &[usize::MAX, 3])),
        wrong("orthogonal", || made(initializers::orthogonal(1.0, -1), &[3])),
        wrong("truncated_normal", || made(initializers::truncated_normal(NAN), &[3])),
        wrong("truncated_normal_within", || {
            made(initializers::truncated_normal_within(1.0, 2.0, -2.0), &[3])
        }),
        wrong("uniform", || made(initializers::uniform(NAN), &[3])),
        wrong("variance_scaling", || {
            made(initializers::variance_scaling(-1.0, Mode::FanIn, Distribution::Normal), &[3, 3])
        }),
        wrong("xavier_normal", || made(initializers::xavier_normal(), &[3])),
        wrong("xavier_uniform", || made(initializers::xavier_uniform(), &[3])),
        wrong("zeros", || made(initializers::zeros(), &[usize::MAX, 3])),
    ]
}

pub(super) fn data() -> Vec<WrongCall> {
    let x = &Tensor::ones([4, 5, 1], F32);
    let batches = Batches::new(Tensor::ones([4], F32), 2).unwrap();
    let state = || TrainState::new(&Dense::new(2), Variables::new(), optim::sgd(0.1));
    vec![
        wrong("avg_pool", || avg_pool(x, &Pooling::new([0]))),
        wrong("max_pool", || max_pool(x, &Pooling::new([0]))),
        wrong("min_pool", || min_pool(x, &Pooling::new([2]).strides([0]))),
        wrong("flip_sequences", || flip_sequences(x, None, 3, false)),
        wrong("flip_sequences", || flip_sequences(x, Some(x), 1, false)),
        wrong("Batches::new", || Batches::new(Tensor::scalar(1), 1)),
        wrong("Batches::new", || Batches::new(Tensor::ones([4], F32), 0)),
        wrong("Batches::new", || Batches::new((Tensor::ones([4], F32), Tensor::ones([3], F32)), 1)),
        wrong("Batches::new", || Batches::new(Tensor::spec([4], F32), 1)),
        wrong("Batches::shuffled", || batches.shuffled(&Key::from_tensor(Tensor::ones([3], U32)))),
        wrong("Batches::shuffled", || batches.shuffled(&Key::from_tensor(Tensor::spec([2], U32)))),
        wrong("TrainState::apply_gradients", || state().apply_gradients(&Map::new().with("w", x.clone()))),
    ]
}
