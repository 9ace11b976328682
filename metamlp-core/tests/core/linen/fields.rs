//! Modules in fields: their names, also in containers, and their owner if
//! several fields hold them. Flax's `setup` corresponds to fields here.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use metamlp::prelude::*;

use super::support::{at, bits, created, numbers, paths, tensor};

fn x() -> Tensor {
    Tensor::ones([2, 3], F32)
}

fn dense(features: usize) -> Dense {
    Dense::new(features).use_bias(false)
}

/// Flax: `test_setup_dict_assignment`.
#[test]
fn a_map_names_its_modules_by_key_and_what_is_not_called_has_no_variables() {
    #[module]
    struct Mlp {
        lyrs1: BTreeMap<&'static str, Dense>,
        lyrs2: Vec<Dense>,
    }
    #[compact]
    impl Mlp {
        fn call(&self, x: &Tensor) -> Tensor {
            let _ = self.lyrs2.len();
            self.lyrs1["b"].call(&self.lyrs1["a"].call(x))
        }
    }
    let mlp = Mlp::new(BTreeMap::from([("a", dense(3)), ("b", dense(3))]), vec![dense(3), dense(3)]);
    assert_eq!(paths(&created(&mlp, |m| m.call(&x()))), ["params/lyrs1_a/kernel", "params/lyrs1_b/kernel"]);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Pair(u8, u8);

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({}, {})", self.0, self.1)
    }
}

/// Flax: `test_setup_dict_nonstring_keys`, `test_nonstring_keys_in_dict_on_module`.
#[test]
fn a_key_of_any_type_is_printed_into_the_name() {
    #[module]
    struct Foo {
        a: BTreeMap<Pair, Dense>,
        by_number: HashMap<i32, Dense>,
        plain: BTreeMap<u8, u8>,
    }
    #[compact]
    impl Foo {
        fn call(&self, x: &Tensor) -> Tensor {
            let _ = self.plain.len();
            self.by_number[&-7].call(&self.a[&Pair(1, 2)].call(x))
        }
    }
    let foo = Foo::new(
        BTreeMap::from([(Pair(1, 2), dense(2))]),
        HashMap::from([(-7, dense(2)), (4, dense(2))]),
        BTreeMap::from([(1, 2)]),
    );
    assert_eq!(
        paths(&created(&foo, |m| m.call(&x()))),
        ["params/a_(1, 2)/kernel", "params/by_number_-7/kernel"]
    );
}

/// Flax: `test_mixed_list_assignment_in_setup`.
#[test]
fn an_empty_place_in_a_list_keeps_its_number() {
    #[module]
    struct Test {
        layers: Vec<Option<Dense>>,
    }
    #[compact]
    impl Test {
        fn call(&self, x: &Tensor) -> Tensor {
            self.layers.iter().fold(x.clone(), |x, layer| match layer {
                Some(layer) => layer.call(&x),
                None => relu(&x),
            })
        }
    }
    let test = Test::new(vec![Some(dense(10)), None, Some(dense(10))]);
    let x = random::uniform(Key::new(0), [5, 5]);
    let variables = created(&test, |m| m.call(&x));
    assert_eq!(paths(&variables), ["params/layers_0/kernel", "params/layers_2/kernel"]);
    let y = test.apply(&variables, (), |m| m.call(&x)).unwrap();
    let (first, second) =
        (tensor(&variables, "params/layers_0/kernel"), tensor(&variables, "params/layers_2/kernel"));
    assert_eq!(numbers(&y), numbers(&relu(&x.matmul(&first)).matmul(&second)));
}

/// Containers in containers: the places are joined, as Flax does.
#[test]
fn every_container_is_looked_into() {
    #[module]
    struct Deep {
        grid: Vec<Vec<Dense>>,
        pair: (Dense, Arc<Dense>),
        by_name: BTreeMap<String, (Dense, [Dense; 1])>,
        counted: Rc<Dense>,
        slice: Box<[Dense]>,
        nested: Option<Box<Dense>>,
        shared: Arc<[Dense]>,
    }
    #[compact]
    impl Deep {
        fn call(&self, x: &Tensor) -> Tensor {
            let (left, right) = &self.pair;
            let inner = &self.by_name["k"];
            let layers = self.grid.iter().flatten().chain([left, right, &inner.0, &inner.1[0]]);
            let layers = layers.chain([&*self.counted]).chain(self.slice.iter());
            let layers = layers.chain(self.nested.as_deref()).chain(self.shared.iter());
            layers.fold(x.clone(), |x, layer| layer.call(&x))
        }
    }
    let model = Deep::new(
        vec![vec![dense(3)], vec![dense(3), dense(3)]],
        (dense(3), Arc::new(dense(3))),
        BTreeMap::from([("k".to_owned(), (dense(3), [dense(3)]))]),
        Rc::new(dense(3)),
        Box::new([dense(3)]),
        Some(Box::new(dense(3))),
        Arc::new([dense(3)]),
    );
    let names = [
        "grid_0_0",
        "grid_1_0",
        "grid_1_1",
        "pair_0",
        "pair_1",
        "by_name_k_0",
        "by_name_k_1_0",
        "counted",
        "slice_0",
        "nested",
        "shared_0",
    ];
    let variables = created(&model, |m| m.call(&x()));
    assert_eq!(variables.params().names().collect::<Vec<_>>(), names);
    let variables = created(&model.clone(), |m| m.call(&x()));
    assert_eq!(variables.params().names().collect::<Vec<_>>(), names);
}

#[module]
struct Inner {}

#[compact]
impl Inner {
    fn call(&self) -> Tensor {
        self.param("x", initializers::constant(40.0), [])
    }
}

#[module]
struct Outer {
    inner: Arc<Inner>,
}

#[compact]
impl Outer {
    fn call(&self) -> Tensor {
        self.inner.call()
    }
}

/// Flax: `test_submodule_attr`: the first that holds a module is its owner.
#[test]
fn a_module_handed_to_a_sibling_stays_where_it_was() {
    #[module]
    struct Wrapper {
        inner: Arc<Inner>,
        outer: Outer,
    }
    #[compact]
    impl Wrapper {
        fn call(&self) -> Tensor {
            let _ = &self.inner;
            self.outer.call()
        }
    }
    let inner = Arc::new(Inner::new());
    let variables = created(&Wrapper::new(inner.clone(), Outer::new(inner)), Wrapper::call);
    assert_eq!(at(&variables, "params/inner/x"), [40.0]);
    assert_eq!(variables.params().size(), 1);
}

#[module]
struct A {
    d: Dense,
}

#[compact]
impl A {
    fn call(&self, x: &Tensor) -> Tensor {
        self.d.call(x)
    }
}

/// Flax: `test_module_lazy_getattr_setup`, `test_nested_external_modules`, `test_getattribute_triggers_setup`.
#[test]
fn a_field_of_a_field_is_itself_before_its_holder_is_called() {
    #[module]
    struct B {
        a: A,
    }
    #[compact]
    impl B {
        fn call(&self, x: &Tensor) -> (Tensor, Tensor) {
            let first = self.a.d.call(x);
            (first, self.a.call(x))
        }
    }
    let model = B::new(A::new(dense(2)));
    let ((first, second), variables) = model.init_with_output(Key::new(0), |m| m.call(&x())).unwrap();
    assert_eq!(paths(&variables), ["params/a/d/kernel"]);
    assert_eq!(numbers(&first), numbers(&second));
    // From the closure as well.
    assert_eq!(paths(&created(&model, |m| m.a.d.call(&x()))), ["params/a/d/kernel"]);
}

/// Flax: `test_module_pass_as_attr`, with its values.
#[test]
fn a_field_of_a_field_is_named_by_both() {
    #[module]
    struct Holder {
        b: B,
    }
    #[compact]
    impl Holder {
        fn call(&self, x: &Tensor) -> Tensor {
            self.b.call(x)
        }
    }
    #[module]
    struct B {
        foo: Dense,
    }
    #[compact]
    impl B {
        fn call(&self, x: &Tensor) -> Tensor {
            self.foo.call(x)
        }
    }
    let variables = created(&Holder::new(B::new(Dense::new(2))), |m| m.call(&x()));
    assert_eq!(variables.to_string(), "params:\n  b:\n    foo:\n      kernel: f32[3, 2]\n      bias: f32[2]");
    assert_eq!(bits(&tensor(&variables, "params/b/foo/kernel"))[..2], [0xbe92_e10c, 0xbe35_4673]);
}

/// Flax: `test_module_pass_in_closure`.
#[test]
fn a_module_from_outside_is_not_changed_by_its_holder() {
    let outside = Arc::new(dense(2));
    let model = Single::new(outside.clone());
    assert_eq!(paths(&created(&model, |m| m.call(&x()))), ["params/part/kernel"]);
    // By itself it is a model of its own, and another holder has it under another name.
    assert_eq!(paths(&created(&*outside, |m| m.call(&x()))), ["params/kernel"]);
    assert_eq!(outside.path(), "");
    let other = Holders::new(Single::new(outside.clone()), Arc::new(dense(3)));
    assert_eq!(paths(&created(&other, |m| m.first.call(&x()))), ["params/first/part/kernel"]);
}

#[module]
struct Single {
    part: Arc<Dense>,
}

#[compact]
impl Single {
    fn call(&self, x: &Tensor) -> Tensor {
        self.part.call(x)
    }
}

#[module]
struct Holders {
    first: Single,
    second: Arc<Dense>,
}

#[compact]
impl Holders {
    fn call(&self, x: &Tensor) -> Tensor {
        self.second.call(x) + self.first.call(x)
    }
}

/// Flax gives `params/first/part/kernel` too: fields are gone through in their order, each to the end.
#[test]
fn the_first_holder_in_the_order_of_fields_is_the_owner_whoever_is_called_first() {
    let shared = Arc::new(dense(3));
    let model = Holders::new(Single::new(shared.clone()), shared);
    assert_eq!(paths(&created(&model, |m| m.call(&x()))), ["params/first/part/kernel"]);
}

/// Flax: `test_toplevel_submodule_adoption`, `test_toplevel_named_submodule_adoption`.
#[test]
fn a_model_given_to_a_model() {
    #[module]
    struct Encoder {
        layers: Vec<Dense>,
    }
    #[compact]
    impl Encoder {
        fn call(&self, x: &Tensor) -> Tensor {
            self.layers.iter().fold(x.clone(), |x, layer| relu(&layer.call(&x)))
        }
    }
    #[module]
    struct Model {
        encoder: Encoder,
        dense_out: Dense,
    }
    #[compact]
    impl Model {
        fn call(&self, x: &Tensor) -> Tensor {
            self.dense_out.call(&self.encoder.call(x))
        }
    }
    let model = Model::new(Encoder::new(vec![Dense::new(8)]).named("foo"), Dense::new(5));
    let x = random::uniform(Key::new(0), [4, 4]);
    let variables = created(&model, |m| m.call(&x));
    assert_eq!(
        variables.to_string(),
        "params:\n  \
           encoder:\n    layers_0:\n      kernel: f32[4, 8]\n      bias: f32[8]\n  \
           dense_out:\n    kernel: f32[8, 5]\n    bias: f32[5]"
    );
    assert_eq!(model.apply(&variables, (), |m| m.call(&x)).unwrap().shape(), [4, 5]);
}

/// Counts its calls.
#[module]
struct Counted {}

#[compact]
impl Counted {
    fn call(&self, x: &Tensor) -> Tensor {
        let counter = self.variable("counter", "i", || 0.0f32);
        counter.update(|i| i + 1.0);
        dense(1).call(x)
    }
}

#[module]
struct ByName {
    a: BTreeMap<&'static str, Arc<Counted>>,
}

#[compact]
impl ByName {
    fn call(&self, x: &Tensor) -> Tensor {
        let parts: Vec<_> = self.a.values().map(|part| part.call(x)).collect();
        parts.into_iter().reduce(|sum, part| sum + part).unwrap_or_else(|| x.clone())
    }
}

/// Flax: `test_toplevel_submodule_adoption_pytree`, `test_toplevel_submodule_pytree_adoption_sharing`.
#[test]
fn modules_in_a_map_are_each_themselves_and_one_in_several_places_is_one() {
    let each = |a: [(&'static str, Arc<Counted>); 2]| ByName::new(BTreeMap::from(a));
    let model = each(["foo", "bar"].map(|name| (name, Arc::new(Counted::new()))));
    let variables = created(&model, |m| m.call(&x()));
    let options = || Options::new().mutable("counter");
    let (_, updates) = model.apply_mut(&variables, options(), |m| m.call(&x())).unwrap();
    assert_eq!(paths(&updates), ["counter/a_bar/i", "counter/a_foo/i"]);
    assert_eq!((at(&updates, "counter/a_bar/i"), at(&updates, "counter/a_foo/i")), (vec![2.0], vec![2.0]));

    let a = Arc::new(Counted::new());
    let model = ByName::new(["foo", "bar", "baz"].map(|name| (name, a.clone())).into());
    let variables = created(&model, |m| m.call(&x()));
    let (_, updates) = model.apply_mut(&variables, options(), |m| m.call(&x())).unwrap();
    assert_eq!(paths(&updates), ["counter/a_bar/i"]);
    assert_eq!(at(&updates, "counter/a_bar/i"), [6.0]);
}

/// Flax: `test_toplevel_submodule_adoption_sharing`.
#[test]
fn a_module_shared_between_a_model_and_its_part() {
    #[module]
    struct Leaf {}
    #[compact]
    impl Leaf {
        fn call(&self, x: &Tensor) -> Tensor {
            dense(2).call(x)
        }
    }
    #[module]
    struct B {
        a: Arc<Leaf>,
    }
    #[compact]
    impl B {
        fn call(&self, x: &Tensor) -> Tensor {
            dense(2).call(x) + self.a.call(x)
        }
    }
    #[module]
    struct C {
        a: Arc<Leaf>,
        b: B,
    }
    #[compact]
    impl C {
        fn call(&self, x: &Tensor) -> Tensor {
            dense(2).call(x) + self.b.call(x) + self.a.call(x)
        }
    }
    let a = Arc::new(Leaf::new());
    let variables = created(&C::new(a.clone(), B::new(a)), |m| m.call(&x()));
    assert_eq!(
        paths(&variables),
        ["params/Dense_0/kernel", "params/a/Dense_0/kernel", "params/b/Dense_0/kernel"]
    );
}

/// Flax: `test_nested_shared`.
#[test]
fn a_shared_part_of_parts_is_found_from_either() {
    #[module]
    struct Unshared {
        shared: Arc<Dense>,
    }
    #[compact]
    impl Unshared {
        fn call(&self, x: &Tensor) -> Tensor {
            self.shared.call(x)
        }
    }
    #[module]
    struct Super {
        a: Unshared,
        b: Unshared,
    }
    #[compact]
    impl Super {
        fn run_a(&self, x: &Tensor) -> Tensor {
            self.a.call(x)
        }
        fn run_b(&self, x: &Tensor) -> Tensor {
            self.b.call(x)
        }
        fn call(&self, x: &Tensor) -> Tensor {
            self.a.call(x) + self.b.call(x)
        }
    }
    let shared = Arc::new(dense(1));
    let model = Super::new(Unshared::new(shared.clone()), Unshared::new(shared));
    let variables = created(&model, |m| m.call(&x()));
    assert_eq!(paths(&variables), ["params/a/shared/kernel"]);
    let a = model.apply(&variables, (), |m| m.run_a(&x())).unwrap();
    let b = model.apply(&variables, (), |m| m.run_b(&x())).unwrap();
    assert_eq!(numbers(&a), numbers(&b));
    assert_eq!(paths(&created(&model, |m| m.run_b(&x()))), ["params/a/shared/kernel"]);
}

/// A module whose field was made in the same method belongs to that method's module.
#[test]
fn a_field_made_inside_of_a_method_is_the_callers_before_any_call() {
    #[compact]
    fn outer(x: &Tensor) -> Tensor {
        let a = A::new(dense(2));
        a.d.call(x) + a.call(x)
    }
    assert_eq!(paths(&created(&outer(), |m| m.call(&x()))), ["params/Dense_0/kernel"]);
}

/// A recursive struct.
#[test]
fn a_tree_of_modules() {
    #[module]
    struct Node {
        children: Vec<Node>,
    }
    #[compact]
    impl Node {
        fn call(&self, x: &Tensor) -> Tensor {
            let x = x + self.param("w", initializers::ones(), []);
            self.children.iter().fold(x, |x, child| child.call(&x))
        }
    }
    let leaf = || Node::new(vec![]);
    let tree = Node::new(vec![Node::new(vec![leaf(), leaf()]), leaf()]);
    assert_eq!(
        paths(&created(&tree, |m| m.call(&Tensor::zeros([], F32)))),
        [
            "params/children_0/children_0/w",
            "params/children_0/children_1/w",
            "params/children_0/w",
            "params/children_1/w",
            "params/w"
        ]
    );
}

/// A model is never changed, and what is renamed is another module.
#[test]
fn a_field_that_is_renamed_in_a_function_is_a_module_of_its_own() {
    #[compact]
    fn renames(x: &Tensor, #[field] inner: Dense) -> Tensor {
        let renamed = inner.clone().named("copy").call(x);
        inner.named("foo").call(&renamed)
    }
    let model = renames(dense(3));
    for _ in 0..2 {
        assert_eq!(paths(&created(&model, |m| m.call(&x()))), ["params/copy/kernel", "params/foo/kernel"]);
    }
}
