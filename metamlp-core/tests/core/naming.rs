//! The names and owners of submodules, by Flax's rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use metamlp::Error;
use metamlp::Scope;
use metamlp::error::Kind;
use metamlp::prelude::*;

fn x() -> Tensor {
    Tensor::ones([2, 3], F32)
}

/// The paths of the variables that `f` creates, in order.
fn paths<M: Module>(model: &M, f: impl FnOnce(&M) -> Tensor) -> Vec<String> {
    let variables = model.init(Key::new(0), f).unwrap();
    variables.tensors_with_paths().iter().map(|(path, _)| path.to_string()).collect()
}

fn kernels<M: Module>(model: &M, f: impl FnOnce(&M) -> Tensor) -> Vec<String> {
    let paths = paths(model, f);
    let kernels = paths.iter().filter_map(|path| path.strip_prefix("params/")?.strip_suffix("kernel"));
    kernels.map(|path| path.trim_end_matches('/').to_owned()).collect()
}

#[compact]
fn nested(x: &Tensor) -> Tensor {
    Dense::new(3).call(&Dense::new(5).named("inner").call(&Dense::new(4).call(x)))
}

#[test]
fn numbers_follow_construction_and_skip_named_ones() {
    let model = nested();
    assert_eq!(kernels(&model, |m| m.call(&x())), ["Dense_1", "inner", "Dense_0"]);
    let variables = model.init(Key::new(0), |m| m.call(&x())).unwrap();
    assert_eq!(variables["params"]["Dense_1"]["kernel"].as_tensor().unwrap().shape(), [3, 4]);
}

#[module]
struct Helped {}

#[compact]
impl Helped {
    fn call(&self, x: &Tensor) -> Tensor {
        self.two(&self.two(x))
    }

    fn two(&self, x: &Tensor) -> Tensor {
        layer(4).call(&Dense::new(4).call(x))
    }
}

fn layer(features: usize) -> Dense {
    Dense::new(features)
}

#[test]
fn a_nested_method_goes_on_counting() {
    assert_eq!(kernels(&Helped::new(), |m| m.call(&x())), ["Dense_1", "Dense_0", "Dense_3", "Dense_2"]);
}

#[compact]
fn shared(x: &Tensor) -> Tensor {
    let dense = Dense::new(3);
    dense.call(&dense.call(x).tanh())
}

#[compact]
fn mlp(x: &Tensor, #[field] hidden: usize) -> Tensor {
    Dense::new(3).call(&Dense::new(hidden).call(x))
}

#[compact]
fn same_mlp_twice(x: &Tensor) -> Tensor {
    let mlp = mlp(4);
    mlp.call(&mlp.call(x))
}

#[test]
fn one_instance_called_twice_shares_its_variables() {
    assert_eq!(kernels(&shared(), |m| m.call(&x())), ["Dense_0"]);
    assert_eq!(kernels(&same_mlp_twice(), |m| m.call(&x())), ["Mlp_0/Dense_1", "Mlp_0/Dense_0"]);
    assert_eq!(kernels(&mlp(4), |m| m.call(&m.call(&x()))), ["Dense_1", "Dense_0"]);
}

#[module]
struct Fields {
    encoder: Dense,
    blocks: Vec<Dense>,
    pair: [Dense; 2],
    head: Option<Dense>,
    tail: Option<Dense>,
    by_name: BTreeMap<String, Dense>,
    boxed: Box<Dense>,
    arc: Arc<Dense>,
}

#[compact]
impl Fields {
    fn call(&self, x: &Tensor) -> Tensor {
        let mut x = self.encoder.call(x);
        for layer in self
            .blocks
            .iter()
            .chain(&self.pair)
            .chain(&self.head)
            .chain(&self.tail)
            .chain(self.by_name.values())
        {
            x = layer.call(&x);
        }
        Dense::new(3).call(&self.arc.call(&self.boxed.call(&x)))
    }
}

#[test]
fn fields_name_their_modules() {
    let dense = || Dense::new(3);
    let by_name = BTreeMap::from([("b".to_owned(), dense()), ("a".to_owned(), dense())]);
    let fields = Fields::new(
        dense().named("dropped"),
        vec![dense(); 2],
        [dense(), dense()],
        Some(dense()),
        None,
        by_name,
        Box::new(dense()),
        Arc::new(dense()),
    );
    let names = [
        "encoder",
        "blocks_0",
        "blocks_1",
        "pair_0",
        "pair_1",
        "head",
        "by_name_a",
        "by_name_b",
        "boxed",
        "arc",
        "Dense_0",
    ];
    assert_eq!(kernels(&fields, |m| m.call(&x())), names);
    assert_eq!(kernels(&fields.clone(), |m| m.call(&x())), names);
    assert_eq!(kernels(&fields, |m| m.encoder.call(&x())), ["encoder"]);
}

#[module]
struct Wrap {
    inner: Dense,
}

#[compact]
impl Wrap {
    fn call(&self, x: &Tensor) -> Tensor {
        self.inner.call(x)
    }
}

#[compact]
fn wrap_inside(x: &Tensor) -> Tensor {
    Wrap::new(Dense::new(3)).call(x)
}

#[compact]
fn wrap_outside(x: &Tensor, #[field] wrap: Wrap) -> Tensor {
    wrap.call(x)
}

#[compact]
fn wrap_a_copy(x: &Tensor, #[field] inner: Dense) -> Tensor {
    Wrap::new(inner).call(x)
}

/// Flax: `test_toplevel_submodule_adoption`.
#[test]
fn a_field_belongs_to_the_module_that_made_it() {
    assert_eq!(kernels(&wrap_inside(), |m| m.call(&x())), ["Dense_0"]);
    assert_eq!(kernels(&wrap_outside(Wrap::new(Dense::new(3))), |m| m.call(&x())), ["wrap/inner"]);
    assert_eq!(kernels(&Wrap::new(Dense::new(3)), |m| m.call(&x())), ["inner"]);
    // First owner wins: the model's own field, not the wrapper's.
    assert_eq!(kernels(&wrap_a_copy(Dense::new(3)), |m| m.call(&x())), ["inner"]);
}

#[module]
struct TwoHolders {
    first: Arc<Dense>,
    second: Arc<Dense>,
}

#[compact]
impl TwoHolders {
    fn call(&self, x: &Tensor) -> Tensor {
        self.first.call(&self.second.call(x))
    }
}

#[test]
fn one_instance_in_two_fields_is_adopted_by_the_first() {
    let dense = Arc::new(Dense::new(3));
    assert_eq!(kernels(&TwoHolders::new(dense.clone(), dense), |m| m.call(&x())), ["first"]);
}

#[module]
struct Outside {
    layer: Held,
}

/// Not a module: a module in it is not in a field.
#[derive(Clone, Debug)]
struct Held(Arc<Dense>);

#[compact]
impl Outside {
    fn call(&self, x: &Tensor) -> Tensor {
        let x = Dense::new(3).call(x);
        let x = self.layer.0.call(&x);
        Dense::new(3).call(&self.layer.0.call(&x))
    }
}

#[test]
fn a_module_without_an_owner_is_adopted_where_it_is_first_called() {
    let model = Outside::new(Held(Arc::new(Dense::new(3))));
    assert_eq!(kernels(&model, |m| m.call(&x())), ["Dense_0", "Dense_1", "Dense_2"]);
    assert_eq!(kernels(&model, |m| m.call(&m.call(&x()))), ["Dense_0", "Dense_1", "Dense_2"]);
}

#[compact]
fn copies(x: &Tensor) -> Tensor {
    let dense = Dense::new(3);
    let copy = dense.clone();
    dense.call(&copy.call(x))
}

#[test]
fn a_clone_is_another_module() {
    assert_eq!(kernels(&copies(), |m| m.call(&x())), ["Dense_1", "Dense_0"]);
}

#[module]
struct AutoEncoder {
    encoder: Dense,
    decoder: Dense,
}

#[compact]
impl AutoEncoder {
    fn call(&self, x: &Tensor) -> Tensor {
        self.decode(&self.encode(x))
    }
    fn encode(&self, x: &Tensor) -> Tensor {
        self.encoder.call(x)
    }
    fn decode(&self, z: &Tensor) -> Tensor {
        self.decoder.call(z)
    }
}

/// Flax: `test_module_apply_method`.
#[test]
fn several_methods_share_fields() {
    let model = AutoEncoder::new(Dense::new(2), Dense::new(3));
    let variables = model.init(Key::new(0), |m| m.call(&x())).unwrap();
    assert_eq!(variables["params"].names().collect::<Vec<_>>(), ["encoder", "decoder"]);
    let encoded = model.apply(&variables, (), |m| m.encode(&x())).unwrap();
    let whole = model.apply(&variables, (), |m| m.call(&x())).unwrap();
    let decoded = model.apply(&variables, (), |m| m.decode(&encoded)).unwrap();
    assert_eq!(whole.to_vec::<f32>().unwrap(), decoded.to_vec::<f32>().unwrap());
}

#[module]
struct TwoMethods {}

#[compact]
impl TwoMethods {
    fn encode(&self, x: &Tensor) -> Tensor {
        Dense::new(3).call(x)
    }
    fn decode(&self, x: &Tensor) -> Tensor {
        Dense::new(3).call(x)
    }
    fn encode_again(&self, x: &Tensor) -> Tensor {
        self.encode(x)
    }
    fn call(&self, x: &Tensor) -> Tensor {
        self.decode(&self.encode(x))
    }
}

#[test]
fn two_methods_do_not_share_parameters_unasked() {
    let error = TwoMethods::new().init(Key::new(0), |m| m.decode(&m.encode(&x()))).unwrap_err();
    let Error::SharedByMethods { name, method, first_method, .. } = &error else { panic!("{error}") };
    assert_eq!((name.as_str(), *method, *first_method), ("Dense_0", "decode", "encode"));
    assert!(error.to_string().contains("naming.rs:"), "{error}");
    // Called by a third method they count on; the same line twice is the same layer.
    assert_eq!(kernels(&TwoMethods::new(), |m| m.call(&x())), ["Dense_0", "Dense_1"]);
    assert_eq!(kernels(&TwoMethods::new(), |m| m.encode_again(&m.encode(&x()))), ["Dense_0"]);
}

/// `NameInUse` of these, and the two lines.
fn in_use<M: Module>(model: &M, f: impl FnOnce(&M) -> Tensor, wanted: Kind, taken: Kind) {
    let error = model.init(Key::new(0), f).unwrap_err();
    match &error {
        Error::NameInUse { wanted: w, taken: t, .. } => assert_eq!((*w, *t), (wanted, taken), "{error}"),
        _ => panic!("{error}"),
    }
    assert_eq!(error.to_string().matches("naming.rs:").count(), 2, "{error}");
}

#[compact]
fn named_like_automatic(x: &Tensor) -> Tensor {
    Dense::new(3).call(&Dense::new(3).named("Dense_0").call(x))
}

#[compact]
fn named_twice(x: &Tensor) -> Tensor {
    Dense::new(3).named("a").call(&Dense::new(3).named("a").call(x))
}

#[compact]
fn param_twice(x: &Tensor) -> Tensor {
    metamlp::param("w", initializers::ones(), [3]) + metamlp::param("w", initializers::ones(), [3]) + x
}

#[compact]
fn module_like_param(x: &Tensor) -> Tensor {
    let w = metamlp::param("w", initializers::ones(), [3]);
    Dense::new(3).named("w").call(&(x + w))
}

#[compact]
fn param_like_module(x: &Tensor) -> Tensor {
    Dense::new(3).named("w").call(x) + metamlp::param("w", initializers::ones(), [3])
}

#[compact]
fn param_like_field(x: &Tensor, #[field] inner: Dense) -> Tensor {
    inner.call(x) + metamlp::param("inner", initializers::ones(), [3])
}

#[compact]
fn variable_twice(x: &Tensor) -> Tensor {
    let a = metamlp::variable("stats", "n", || 0.0f32);
    let b = metamlp::variable("stats", "n", || 0.0f32);
    x + a.get() + b.get()
}

#[compact]
fn one_name_in_two_collections(x: &Tensor) -> Tensor {
    x + metamlp::variable("stats", "n", || 0.0f32).get() + metamlp::param("n", initializers::ones(), [])
}

/// Flax: `test_call_var_collision`, `test_submodule_var_collision_with_submodule`, `.._with_params`.
#[test]
fn a_name_is_one_thing() {
    in_use(&named_like_automatic(), |m| m.call(&x()), Kind::Module, Kind::Module);
    in_use(&named_twice(), |m| m.call(&x()), Kind::Module, Kind::Module);
    in_use(&param_twice(), |m| m.call(&x()), Kind::Param, Kind::Param);
    in_use(&module_like_param(), |m| m.call(&x()), Kind::Module, Kind::Param);
    in_use(&param_like_module(), |m| m.call(&x()), Kind::Param, Kind::Module);
    in_use(&param_like_field(Dense::new(3)), |m| m.call(&x()), Kind::Param, Kind::Field);
    in_use(&variable_twice(), |m| m.call(&x()), Kind::Variable, Kind::Variable);
    assert_eq!(paths(&one_name_in_two_collections(), |m| m.call(&x())), ["stats/n", "params/n"]);
}

#[compact]
fn with_a_name(x: &Tensor, #[field] name: String) -> Tensor {
    Dense::new(3).named(name).call(x)
}

#[test]
fn a_name_is_one_part_of_a_path() {
    for name in ["a/b", ""] {
        let error = with_a_name(name.to_owned()).init(Key::new(0), |m| m.call(&x())).unwrap_err();
        assert!(matches!(error, Error::InvalidName { .. }), "{error}");
    }
}

#[compact]
fn tells_paths(x: &Tensor) -> (Tensor, Vec<String>) {
    let dense = Dense::new(3).named("a");
    let deep = Deep::new();
    let y = dense.call(x);
    let (y, path) = deep.call(&y);
    (y, vec![Scope::current().path(), dense.path(), deep.path(), path])
}

#[module]
struct Deep {}

#[compact]
impl Deep {
    fn call(&self, x: &Tensor) -> (Tensor, String) {
        (x.clone(), Dense::new(1).named("x").path())
    }
}

/// Flax: `test_module_path_empty`.
#[test]
fn paths_are_names_from_the_root() {
    let ((_, paths), _) = tells_paths().init_with_output(Key::new(0), |m| m.call(&x())).unwrap();
    assert_eq!(paths, ["", "a", "Deep_0", "Deep_0/x"]);
}

#[test]
fn a_module_with_other_fields_is_the_same_module() {
    #[module]
    struct Twice {
        norm: BatchNorm,
    }

    #[compact]
    impl Twice {
        fn call(&self, x: &Tensor) -> Tensor {
            let x = self.norm.with(|norm| norm.use_running_average(true)).call(x);
            self.norm.with(|norm| norm.use_running_average(true).epsilon(1.0)).call(&x)
        }
    }

    let variables = Twice::new(BatchNorm::new()).init(Key::new(0), |m| m.call(&Tensor::ones([2, 3], F32)));
    assert_eq!(variables.unwrap().params().names().collect::<Vec<_>>(), ["norm"]);
}
