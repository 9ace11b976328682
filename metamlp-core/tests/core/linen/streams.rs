//! Random streams in whole models: the keys are Flax's to the bit. More of it
//! is in `tests/core/streams.rs`.

use metamlp::prelude::*;
use metamlp::{Error, make_rng, param, variable};

use super::support::{bits, numbers, tensor};

/// Flax: `test_rng_reuse_after_rewind` and, of scopes, `test_rng_counter_reuse`.
#[test]
fn a_second_call_draws_another_key() {
    #[compact]
    fn c() -> Key {
        make_rng("dropout")
    }
    #[compact]
    fn a() -> Key {
        C::new().call()
    }
    #[compact]
    fn b() -> (Key, Key) {
        let a = A::new();
        (a.call(), a.call())
    }
    let stream = Options::new().rng("dropout", Key::new(0));
    let (first, second) = b().apply(&Variables::new(), stream, B::call).unwrap();
    assert_eq!(first.words().unwrap(), [0xe6c3_6525, 0x6893_4c5d]);
    assert_eq!(second.words().unwrap(), [0xb84f_83dc, 0x4d60_2849]);
}

/// Flax: `test_has_rng`.
#[test]
fn a_module_knows_the_streams_that_were_given() {
    #[compact]
    fn foo() -> Tensor {
        Tensor::scalar(metamlp::has_rng("bar"))
    }
    let given = |stream: &str| {
        let options = Options::new().rng(stream, Key::new(0));
        foo().apply(&Variables::new(), options, Foo::call).unwrap().item::<bool>().unwrap()
    };
    assert!(given("bar") && !given("baz") && !metamlp::has_rng("bar"));
}

fn dropout(x: &Tensor, rate: f64) -> Tensor {
    let kept = random::bernoulli(make_rng("dropout"), 1.0 - rate, x.shape());
    Tensor::select(&kept, x / (1.0 - rate), Tensor::zeros(x.shape(), F32))
}

/// A dropout that is a module, so that its stream has its path.
#[compact]
fn drop(x: &Tensor, #[field] rate: f64, deterministic: bool) -> Tensor {
    if deterministic { x.clone() } else { dropout(x, rate) }
}

#[compact]
fn sub_model(x: &Tensor, apply_dropout: bool) -> Tensor {
    let x = Dense::new(3).call(x);
    let x = Drop::new(0.75).call(&x, !apply_dropout);
    let p = param("parameter", initializers::normal(1.0), x.shape());
    let noise = random::normal(make_rng("noise"), x.shape());
    x * p + noise
}

#[compact]
fn model(x: &Tensor, apply_dropout: bool) -> Tensor {
    let x = Dense::new(4).call(x);
    let x = SubModel::new().call(&x, apply_dropout);
    let x = Drop::new(0.5).call(&x, !apply_dropout);
    let v = variable("var_collection", "variable", || random::normal(make_rng("var_rng"), x.shape()));
    let noise = random::normal(make_rng("noise"), x.shape());
    x * v.get() + noise
}

/// Flax: `test_init_apply_default_rng`, with its numbers.
#[test]
fn params_stands_in_for_every_stream() {
    let keys = Key::new(0).split(3);
    let x = random::normal(keys[0].clone(), [2, 2]);
    let init = |rngs: Rngs| model().init(rngs, |m| m.call(&x, false)).unwrap();
    let default = init(Rngs::from(&keys[1]));
    let value = |variables: &Variables, path: &str| bits(&tensor(variables, path));
    let (parameter, variable) = ("params/SubModel_0/parameter", "var_collection/variable");
    assert_eq!(
        value(&default, "params/Dense_0/kernel"),
        [
            0xbf94_fadf,
            0x3e4a_728c,
            0xbfc1_05b6,
            0x3e9c_1b10,
            0xbf32_8724,
            0x3ed0_fd02,
            0xbfad_441a,
            0xbec8_eb66
        ]
    );
    assert_eq!(
        value(&default, parameter),
        [0xbfbc_62d6, 0xbeae_00d2, 0x3f96_7170, 0x3f05_7529, 0xbf82_e55a, 0xbf98_4ebb]
    );
    assert_eq!(
        value(&default, variable),
        [0xbe9b_01ca, 0xbee1_3adb, 0x3e79_705b, 0xbf71_edb5, 0xbd7c_aede, 0x3f64_182e]
    );

    let streams = |params: usize, var_rng: usize| {
        let streams = [("params", params), ("var_rng", var_rng), ("noise", 1)];
        Rngs::new(streams.map(|(name, key)| (name, keys[key].clone())))
    };
    let explicit = init(streams(1, 1));
    assert_eq!(value(&explicit, parameter), value(&default, parameter));
    assert_eq!(value(&explicit, variable), value(&default, variable));
    assert_ne!(value(&init(streams(2, 1)), parameter), value(&default, parameter));
    assert_ne!(value(&init(streams(1, 2)), variable), value(&default, variable));

    let apply = |rngs: Rngs| numbers(&model().apply(&default, rngs, |m| m.call(&x, true)).unwrap());
    let out = apply(Rngs::from(&keys[1]));
    let expected = [0.823_819_94, -0.439_902_16, 1.763_278_5, -1.930_361, -0.061_690_204, 0.890_993_95f32];
    assert!(out.iter().zip(expected).all(|(out, expected)| (out - expected).abs() < 1e-5), "{out:?}");
    let streams = |dropout: usize, noise: usize| {
        Rngs::new([("dropout", keys[dropout].clone()), ("noise", keys[noise].clone())])
    };
    assert_eq!(apply(streams(1, 1)), out);
    assert_ne!(apply(streams(2, 1)), out);
    assert_ne!(apply(streams(1, 2)), out);
}

/// Flax: `test_default_rng_error`.
#[test]
fn without_params_there_is_no_fallback() {
    #[compact]
    fn model(x: &Tensor) -> Tensor {
        Dense::new(2).call(x)
    }
    let other = || Options::new().rng("other_rng_stream", Key::new(0));
    let x = Tensor::ones([1, 3], F32);
    let error = model().init(other(), |m| m.call(&x)).unwrap_err();
    assert!(matches!(&error, Error::MissingRng { stream, .. } if stream == "params"), "{error}");
    assert!(error.to_string().starts_with("Model/Dense_0 (metamlp-core/"), "{error}");
    #[compact]
    fn noisy(x: &Tensor) -> Tensor {
        x + random::normal(make_rng("params"), x.shape())
    }
    let error = noisy().init(other(), |m| m.call(&x)).unwrap_err();
    assert!(error.to_string().starts_with("Noisy (metamlp-core/"), "{error}");
}

/// Counters beyond a byte, and names beyond ASCII, are hashed as Flax does.
#[test]
fn many_keys_and_odd_names() {
    #[compact]
    fn many() -> Vec<Key> {
        (0..300).map(|_| make_rng("noise")).collect()
    }
    let stream = || Options::new().rng("noise", Key::new(0));
    let keys = many().apply(&Variables::new(), stream(), Many::call).unwrap();
    let words = |i: usize| keys[i].words().unwrap();
    assert_eq!(words(0), [0x5527_b11e, 0xc7be_436d]);
    assert_eq!(words(254), [0x3f4f_7a69, 0xecea_72be]);
    assert_eq!(words(255), [0x7345_4a1a, 0xc461_181f]);
    assert_eq!(words(256), [0xf78c_043e, 0x4d32_faf9]);
    assert_eq!(words(299), [0xd96b_a229, 0x0667_215c]);

    #[compact]
    fn leaf() -> Key {
        make_rng("noise")
    }
    #[compact]
    fn odd() -> Key {
        Leaf::new().named("größe 層").call()
    }
    let key = odd().apply(&Variables::new(), stream(), Odd::call).unwrap();
    assert_eq!(key.words().unwrap(), [0xaac8_b44b, 0x5329_5fe0]);
}
