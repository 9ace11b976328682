//! The keys that modules draw are those of Flax, bit for bit.

use metamlp::Scope;
use metamlp::prelude::*;
use metamlp::{Error, make_rng, param};

fn x() -> Tensor {
    Tensor::ones([1, 2], F32)
}

fn words(key: &Key) -> [u32; 2] {
    key.words().unwrap()
}

/// The words of keys drawn at the root and in a submodule, whose parameter is drawn too.
#[compact]
fn draws(x: &Tensor) -> (Tensor, Vec<Key>) {
    let inner = Inner::new();
    let (x, a) = inner.call(x);
    let (x, b) = inner.call(&x);
    (x, vec![make_rng("noise"), make_rng("noise"), a, b])
}

#[module]
struct Inner {}

#[compact]
impl Inner {
    fn call(&self, x: &Tensor) -> (Tensor, Key) {
        let key = self.make_rng("noise");
        (x + self.param("w", initializers::zeros(), []), key)
    }
}

fn keys(rngs: Rngs) -> Vec<[u32; 2]> {
    let ((_, keys), _) = draws().init_with_output(rngs, |m| m.call(&x())).unwrap();
    keys.iter().map(words).collect()
}

/// Flax, of scopes: `test_rng`, `test_rng_counter_reuse`.
#[test]
fn counters_are_per_scope_and_stream_and_survive_a_second_call() {
    let given = keys(Rngs::new([("params", Key::new(1)), ("noise", Key::new(0))]));
    assert_eq!(given[..2], [[0x5527_b11e, 0xc7be_436d], [0xce09_0f83, 0xe6db_bec3]]);
    let alone = keys(Rngs::from(Key::new(0)));
    assert_eq!(given[..3], alone[..3]);
    // Without a stream of its own the noise counts with the parameter, which was drawn in between.
    assert_ne!(given[3], alone[3]);
    assert_ne!(given[2], given[3]);
}

#[test]
fn the_path_is_hashed() {
    #[compact]
    fn outer(x: &Tensor) -> (Tensor, Vec<Key>) {
        let (x, a) = Leaf::new().named("Dense_0").call(x);
        let (x, b) = Leaf::new().named("Dense_1").call(&x);
        (x, vec![a, b])
    }
    #[module]
    struct Leaf {}
    #[compact]
    impl Leaf {
        fn call(&self, x: &Tensor) -> (Tensor, Key) {
            (x.clone(), self.make_rng("dropout"))
        }
    }
    let model = outer();
    let options = Options::new().rng("dropout", Key::new(0));
    let (_, keys) = model.apply(&Variables::new(), options, |m| m.call(&x())).unwrap();
    assert_eq!(words(&keys[0]), [0xb567_2c9f, 0xda53_0980]);
    assert_eq!(words(&keys[1]), [0xd1da_cb12, 0xf851_ba60]);
    let strict = Rngs::new([("dropout", Key::new(0))]).strict();
    let (_, keys) = model.apply(&Variables::new(), strict, |m| m.call(&x())).unwrap();
    assert_ne!(words(&keys[0]), [0xb567_2c9f, 0xda53_0980]);
}

#[compact]
fn one_dense(x: &Tensor) -> Tensor {
    Dense::new(3).call(x)
}

#[test]
fn initial_values_are_those_of_flax() {
    let variables = one_dense().init(Key::new(0), |m| m.call(&x())).unwrap();
    let kernel = variables["params"]["Dense_0"]["kernel"].as_tensor().unwrap().to_vec::<f32>().unwrap();
    let bits = [0xbf95_80fa, 0x3f08_96a1, 0xbf79_6640, 0xbf1a_3b8e, 0x3f26_6d6d, 0x3f68_5c41];
    assert_eq!(kernel.iter().map(|x| x.to_bits()).collect::<Vec<u32>>(), bits);
}

#[test]
fn stored_parameters_draw_nothing() {
    #[compact]
    fn noisy(x: &Tensor) -> (Tensor, Key) {
        let x = x + param("w", initializers::zeros(), []);
        (x, make_rng("params"))
    }
    let model = noisy();
    let ((_, at_init), variables) = model.init_with_output(Key::new(0), |m| m.call(&x())).unwrap();
    let (_, at_apply) = model.apply(&variables, Key::new(0), |m| m.call(&x())).unwrap();
    assert_eq!(words(&at_init), [0xce09_0f83, 0xe6db_bec3]);
    assert_eq!(words(&at_apply), [0x5527_b11e, 0xc7be_436d]);
}

#[compact]
fn asks_twice(x: &Tensor) -> (Tensor, bool, bool) {
    let noise = Scope::current().has_rng("noise");
    (x.clone(), noise, Scope::current().has_rng("params"))
}

/// Flax, of scopes: `test_rng`.
#[test]
fn has_rng_ignores_the_fallback() {
    let (_, noise, params) = asks_twice().apply(&Variables::new(), Key::new(0), |m| m.call(&x())).unwrap();
    assert!(!noise && params);
}

/// Flax: `test_default_rng_error`.
#[test]
fn a_missing_stream_is_an_error_that_names_the_near_one() {
    #[compact]
    fn noisy(x: &Tensor) -> Tensor {
        x + random::normal(make_rng("noise"), x.shape())
    }
    let model = noisy();
    let error = model
        .apply(&Variables::new(), Options::new().rng("nosie", Key::new(0)), |m| m.call(&x()))
        .unwrap_err();
    assert!(matches!(&error, Error::MissingRng { stream, .. } if stream == "noise"), "{error}");
    let text = error.to_string();
    assert!(text.starts_with("Noisy (metamlp-core/tests/core/streams.rs:"), "{text}");
    assert!(text.contains("did you mean `nosie`?"), "{text}");

    let strict = Rngs::from(Key::new(0)).strict();
    assert!(matches!(model.init(strict, |m| m.call(&x())), Err(Error::MissingRng { .. })));
    assert!(model.init(Key::new(0), |m| m.call(&x())).is_ok());
    // No stream at all to draw a parameter from.
    assert!(matches!(one_dense().init((), |m| m.call(&x())), Err(Error::MissingRng { .. })));
}
