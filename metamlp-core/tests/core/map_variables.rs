//! `map_variables`: the variables that a module reads, those stored, and those unchanged.

use std::cell::Cell;

use metamlp::Error;
use metamlp::Map;
use metamlp::lift::{MapVariables, map_variables};
use metamlp::prelude::*;

fn x() -> Tensor {
    Tensor::from_vec([2, 4], (0..8u8).map(|i| f32::from(i) / 3.0 - 1.0).collect())
}

fn values(x: &Tensor) -> Vec<f32> {
    x.to_vec().unwrap()
}

/// The mapped variables of a module, each tensor doubled.
#[allow(clippy::needless_pass_by_value)] // As `trans_in` takes it.
fn doubled(variables: Variables) -> Variables {
    variables.map(&mut |tensor| tensor * 2.0)
}

#[allow(clippy::needless_pass_by_value)]
fn halved(variables: Variables) -> Variables {
    variables.map(&mut |tensor| tensor / 2.0)
}

/// A module around one that reads its parameters doubled and stores them by `mapping`.
#[module]
struct Doubled {
    dense: Dense,
    #[default(|mapping| mapping)]
    mapping: fn(MapVariables<'static>) -> MapVariables<'static>,
}

#[compact]
impl Doubled {
    fn call(&self, x: &Tensor) -> Tensor {
        let mapping = map_variables("params").trans_in(doubled).init(self.is_initializing());
        (self.mapping)(mapping).run(&self.dense, |dense| dense.call(x))
    }
}

fn dense() -> Dense {
    Dense::new(3).bias_init(initializers::ones())
}

/// The variables of a `Dense` in the field `dense`.
fn stored() -> Variables {
    let params = dense().init(Key::new(0), |m| m.call(&x())).unwrap().params().clone();
    Variables::from_params(Map::new().with("dense", params))
}

/// Flax: `test_map_variables_tied_autoencoder`.
#[test]
fn test_map_variables_tied_autoencoder() {
    #[module]
    struct TiedAutoencoder {
        features: usize,
        latents: usize,
    }

    #[compact]
    impl TiedAutoencoder {
        fn call(&self, x: &Tensor) -> Tensor {
            self.decode(&self.encode(x))
        }
        fn encode(&self, x: &Tensor) -> Tensor {
            self.half(x, false)
        }
        fn decode(&self, x: &Tensor) -> Tensor {
            self.half(x, true)
        }
    }

    impl TiedAutoencoder {
        fn half(&self, x: &Tensor, decode: bool) -> Tensor {
            let transposed = |variables: Variables| {
                if decode { variables.map(&mut |kernel| kernel.t()) } else { variables }
            };
            let features = if decode { self.features } else { self.latents };
            map_variables("params")
                .trans_in(transposed)
                .trans_out(transposed)
                .mutable(self.is_mutable_collection("params"))
                .run(self, |_| Dense::new(features).use_bias(false).named("tied").call(x))
        }
    }

    let model = TiedAutoencoder::new(4, 5);
    type Method = fn(&TiedAutoencoder, &Tensor) -> Tensor;
    for (method, features) in [(TiedAutoencoder::encode as Method, 4), (TiedAutoencoder::decode, 5)] {
        let x = Tensor::ones([2, features], F32);
        let variables = model.init(Key::new(0), |m| method(m, &x)).unwrap();
        assert_eq!(variables.to_string(), "params:\n  tied:\n    kernel: f32[4, 5]");
    }
    let variables = model.init(Key::new(0), |m| m.encode(&x())).unwrap();
    let kernel = variables["params"]["tied"]["kernel"].as_tensor().unwrap();
    let y = model.apply(&variables, (), |m| m.decode(&m.encode(&x()))).unwrap();
    let expected = x().matmul(kernel).matmul(&kernel.t());
    assert!((y - expected).abs().max_all().item::<f32>().unwrap() < 1e-5);
}

/// Flax: `test_map_variables_bit_weights`.
#[test]
fn test_map_variables_bit_weights() {
    #[compact]
    fn bit_weights(x: &Tensor) -> Tensor {
        let dense = Dense::new(4);
        map_variables("params")
            .trans_in(|variables| variables.map(&mut Tensor::sign))
            .init(true)
            .run(&dense, |dense| dense.call(x))
    }
    let (y, variables) = bit_weights().init_with_output(Key::new(0), |m| m.call(&x())).unwrap();
    assert_eq!(values(&y), values(&bit_weights().apply(&variables, (), |m| m.call(&x())).unwrap()));
    let kernel = variables["params"]["Dense_0"]["kernel"].as_tensor().unwrap();
    assert!(values(kernel).iter().all(|weight| weight.abs() == 1.0));
}

/// Flax, of the core: `test_weight_std`.
#[test]
fn test_weight_std() {
    fn standardized(x: &Tensor, layer: &Dense) -> Tensor {
        map_variables("params")
            .trans_in(|variables| {
                variables.map_with_path(|path, value| match path.to_string().ends_with("kernel") {
                    true => value / (value.square().sum_keepdims([0]) + 1e-8).sqrt(),
                    false => value.clone(),
                })
            })
            .init(true)
            .run(layer, |layer| layer.call(x))
    }
    #[compact]
    fn mlp(x: &Tensor) -> Tensor {
        let x = standardized(x, &Dense::new(3).named("hidden"));
        standardized(&relu(&x), &Dense::new(1).named("out"))
    }
    let (y, variables) = mlp().init_with_output(Key::new(0), |m| m.call(&x())).unwrap();
    let types = "params:\n  hidden:\n    kernel: f32[4, 3]\n    bias: f32[3]\n  out:\n    kernel: f32[3, 1]\n    bias: f32[1]";
    assert_eq!(variables.to_string(), types);
    let near = |a: &Tensor, b: &Tensor| (a - b).abs().max_all().item::<f32>().unwrap() < 1e-6;
    assert!(near(&y, &mlp().apply(&variables, (), |m| m.call(&x())).unwrap()));
}

#[test]
fn a_module_reads_what_trans_in_makes() {
    let model = Doubled::new(dense());
    let variables = stored();
    let plain = dense().apply(&Variables::from_params(inner(&variables)), (), |m| m.call(&x())).unwrap();
    let y = model.apply(&variables, (), |m| m.call(&x())).unwrap();
    assert_eq!(values(&y), values(&(plain * 2.0)));
    // A second call, and what is around, see the stored ones.
    let twice =
        model.apply(&variables, (), |m| (m.call(&x()), m.dense.call(&x()))).map(|(a, b)| (a - b * 2.0).abs());
    assert_eq!(values(&twice.unwrap().max_all()), [0.0]);
}

fn inner(variables: &Variables) -> Map {
    variables["params"]["dense"].as_map().unwrap().clone()
}

#[test]
fn init_stores_what_trans_out_makes() {
    // As in Flax: of the mapped values, if nothing is said.
    for (mapping, factor) in [
        ((|mapping| mapping) as fn(MapVariables<'static>) -> MapVariables<'static>, 2.0),
        (|mapping| mapping.trans_out(halved), 0.5),
    ] {
        let model = Doubled::new(dense()).mapping(mapping);
        let variables = model.init(Key::new(0), |m| m.call(&x())).unwrap();
        let bias = inner(&variables)["bias"].as_tensor().unwrap().clone();
        assert_eq!(values(&bias), [factor; 3]);
        let expected = model.eval_shape(Key::new(0), |m| m.call(&x())).unwrap();
        assert_eq!(expected.to_string(), variables.to_string());
        let from_shapes = model.init(Key::new(0), |m| m.call(&Tensor::spec([2, 4], F32))).unwrap();
        assert_eq!(
            from_shapes.tensors().iter().map(values).collect::<Vec<_>>(),
            variables.tensors().iter().map(values).collect::<Vec<_>>()
        );
    }
}

#[test]
fn without_init_nothing_is_made() {
    let model = Doubled::new(dense()).mapping(|mapping| mapping.init(false));
    let error = model.init(Key::new(0), |m| m.call(&x())).unwrap_err();
    assert!(matches!(error, Error::VariableNotFound { .. }), "{error}");
    assert!(error.to_string().contains("set `.init(true)` or `.mutable(true)`"), "{error}");
    // What is missing in `apply` is missing, and is told from the module's own place.
    let error = model.apply(&Variables::from_params(Map::new().with("w", 1.0f32)), (), |m| m.call(&x()));
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("Doubled/dense ("), "{error}");
}

/// Writes a variable in each of two collections.
#[module]
struct Counting {}

#[compact]
impl Counting {
    fn call(&self) -> Tensor {
        let counts = ["a", "b"].map(|collection| {
            let count = self.variable(collection, "count", || Tensor::zeros([], F32));
            if !self.is_initializing() {
                count.update(|count| count + 1);
            }
            count.get()
        });
        &counts[0] + &counts[1]
    }
}

#[module]
struct CountingDoubled {
    counting: Counting,
    mutable: bool,
}

#[compact]
impl CountingDoubled {
    fn call(&self) -> Tensor {
        map_variables("a")
            .trans_in(doubled)
            .trans_out(halved)
            .init(self.is_initializing())
            .mutable(self.mutable)
            .run(&self.counting, Counting::call)
    }
}

#[test]
fn what_is_written_goes_through_trans_out() {
    let counts = |count: f32| Map::new().with("counting", Map::new().with("count", count));
    let variables = Variables::from([("a", counts(3.0)), ("b", counts(3.0))]);
    let model = CountingDoubled::new(Counting::new(), true);
    let (y, updates) =
        model.apply_mut(&variables, Options::new().mutable(["a", "b"]), CountingDoubled::call).unwrap();
    // 2 · 3 + 1 of the mapped collection, 3 + 1 of the other.
    assert_eq!(y.item::<f32>().unwrap(), 11.0);
    let count = |collection: &str| {
        updates[collection]["counting"]["count"].as_tensor().unwrap().item::<f32>().unwrap()
    };
    assert_eq!([count("a"), count("b")], [3.5, 4.0]);

    let model = CountingDoubled::new(Counting::new(), false);
    let error =
        model.apply_mut(&variables, Options::new().mutable(["a", "b"]), CountingDoubled::call).unwrap_err();
    assert!(matches!(error, Error::LiftedReadOnly { .. }), "{error}");
    // What the call itself does not let be written is another matter.
    let error =
        model.apply_mut(&variables, Options::new().mutable(["b"]), CountingDoubled::call).unwrap_err();
    assert!(matches!(error, Error::ImmutableCollection { .. }), "{error}");
}

#[test]
fn the_module_sees_the_collections_and_streams_that_it_is_let_see() {
    #[compact]
    fn inner(x: &Tensor) -> Tensor {
        assert!(!metamlp::has_rng("noise") && metamlp::has_rng("params"));
        assert!(!metamlp::has_variable("stats", "mean"));
        x + random::uniform(metamlp::make_rng("params"), [2, 4])
    }
    #[module]
    struct Outer {
        inner: Inner,
    }
    #[compact]
    impl Outer {
        fn call(&self, x: &Tensor) -> Tensor {
            map_variables("params").rngs("params").variables(false).run(&self.inner, |inner| inner.call(x))
        }
    }
    let stats = Map::new().with("inner", Map::new().with("mean", 1.0f32));
    let options = Options::new().rng("params", Key::new(0)).rng("noise", Key::new(1));
    Outer::new(inner()).apply(&Variables::from([("stats", stats)]), options, |m| m.call(&x())).unwrap();

    #[compact]
    fn blind(x: &Tensor) -> Tensor {
        map_variables("params").rngs(false).run(&Dropout::new(0.5).deterministic(false), |drop| drop.call(x))
    }
    let error = blind().init(Key::new(0), |m| m.call(&x())).unwrap_err();
    assert!(matches!(error, Error::MissingRng { .. }), "{error}");
}

#[test]
fn other_collections_are_the_modules_own() {
    #[compact]
    fn inner(x: &Tensor) -> Tensor {
        let x = BatchNorm::new().use_running_average(false).call(&Dense::new(3).call(x));
        metamlp::sow("intermediates", "normed", &x);
        x
    }
    #[compact]
    fn outer(x: &Tensor) -> Tensor {
        let inner = inner();
        map_variables("params").trans_in(doubled).init(metamlp::is_initializing()).run(&inner, |m| m.call(x))
    }
    let variables = outer().init(Key::new(0), |m| m.call(&x())).unwrap();
    let options = Options::new().mutable(["batch_stats", "intermediates"]).capture_intermediates(true);
    let (_, updates) = outer().apply_mut(&variables, options, |m| m.call(&x())).unwrap();
    let stats = |variables: &Variables| {
        values(variables["batch_stats"]["Inner_0"]["BatchNorm_0"]["mean"].as_tensor().unwrap())
    };
    assert_ne!(stats(&updates), stats(&variables));
    let captured = &updates["intermediates"]["Inner_0"];
    assert_eq!(
        captured.as_map().unwrap().names().collect::<Vec<_>>(),
        ["Dense_0", "BatchNorm_0", "normed", "call"]
    );
    assert_eq!(captured["normed"].as_tuple().unwrap().len(), 1);
}

#[test]
fn a_module_from_elsewhere_is_mapped_in_its_own_place() {
    #[module]
    struct Around {
        first: Dense,
    }
    #[compact]
    impl Around {
        fn call(&self, x: &Tensor) -> Tensor {
            Dense::new(2).call(&self.first.call(x))
        }
    }
    #[compact]
    fn outer(x: &Tensor, #[field] calls: std::rc::Rc<Cell<usize>>) -> Tensor {
        let around = Around::new(dense());
        map_variables("params")
            .trans_in(|variables| {
                calls.set(calls.get() + 1);
                doubled(variables)
            })
            .init(metamlp::is_initializing())
            .run(&around, |around| around.call(x))
    }
    let calls = std::rc::Rc::new(Cell::new(0));
    let variables = outer(calls.clone()).init(Key::new(0), |m| m.call(&x())).unwrap();
    // Flax: of the field's module first.
    assert_eq!(calls.get(), 2);
    assert_eq!(variables.params().names().collect::<Vec<_>>(), ["Dense_0", "Around_0"]);
    assert_eq!(values(variables["params"]["Dense_0"]["bias"].as_tensor().unwrap()), [2.0; 3]);
}

#[test]
fn mappings_nest() {
    #[compact]
    fn inner(x: &Tensor) -> Tensor {
        let dense = dense();
        map_variables("params").trans_in(doubled).run(&dense, |dense| dense.call(x))
    }
    #[compact]
    fn outer(x: &Tensor) -> Tensor {
        let inner = inner();
        map_variables("params").trans_in(doubled).run(&inner, |inner| inner.call(x))
    }
    let params = inner_params();
    let variables =
        Variables::from_params(Map::new().with("Inner_0", Map::new().with("Dense_0", params.clone())));
    let y = outer().apply(&variables, (), |m| m.call(&x())).unwrap();
    let plain = dense().apply(&Variables::from_params(params), (), |m| m.call(&x())).unwrap();
    assert_eq!(values(&y), values(&(plain * 4.0)));
    assert!(outer().unused_variables(&variables, (), |m| m.call(&x())).unwrap().is_empty());
}

fn inner_params() -> Map {
    inner(&stored())
}

#[test]
fn gradients_and_jit_go_through() {
    let (model, variables) = (Doubled::new(dense()), stored());
    let loss = |params: &Map| {
        let variables = Variables::from_params(params.clone());
        Ok(model.apply(&variables, (), |m| m.call(&x()))?.sum_all())
    };
    let gradient = grad(variables.params(), loss).unwrap();
    // 2 of each of the two examples.
    assert_eq!(values(gradient["dense"]["bias"].as_tensor().unwrap()), [4.0; 3]);

    let eager = model.apply(&variables, (), |m| m.call(&x())).unwrap();
    let compiled = jit(|(variables, x): (Variables, Tensor)| {
        Ok(Doubled::new(dense()).apply(&variables, (), |m| m.call(&x))?)
    });
    assert_eq!(values(&compiled((variables, x())).unwrap()), values(&eager));
}

#[test]
fn tables_show_the_stored_variables_and_the_modules_own_cost() {
    let table = Doubled::new(dense()).tabulate(Key::new(0), |m| m.call(&x())).unwrap();
    let rows = |table: &metamlp::summary::Table| table.rows();
    let plain = dense().tabulate(Key::new(0), |m| m.call(&x())).unwrap().flops(true);
    let (rows, plain) = (rows(&table.flops(true)), rows(&plain));
    assert_eq!(rows.iter().map(|row| &*row.path).collect::<Vec<_>>(), ["", "dense"]);
    assert_eq!(rows[1].variables.to_string(), plain[0].variables.to_string());
    assert_eq!(rows[1].flops, plain[0].flops);
    assert!(rows[0].flops > rows[1].flops);
}

#[test]
fn a_bound_model_is_as_before() {
    let (model, variables) = (Doubled::new(dense()), stored());
    let bound = model.bind(&variables, Options::new().mutable("params"));
    let before = bound.run(|m| m.dense.call(&x())).unwrap();
    bound.run(|m| m.call(&x())).unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        bound.run(|m| {
            map_variables("params")
                .trans_in(doubled)
                .run(&m.dense, |_| -> Tensor { panic!("in a mapped module") })
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(values(&bound.run(|m| m.dense.call(&x())).unwrap()), values(&before));
    assert_eq!(values(&bound.run(|m| m.call(&x())).unwrap()), values(&(before * 2.0)));
}

#[test]
fn outside_of_init_and_apply_the_module_says_so() {
    let y = map_variables("params").trans_in(doubled).run(&dense(), |dense| dense.call(&x()));
    let error = Error::from(y.evaluate().unwrap_err());
    assert!(matches!(error, Error::OutsideScope { .. }), "{error}");
}
