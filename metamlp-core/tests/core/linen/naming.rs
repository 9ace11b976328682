//! What submodules made in a method are called, with the values that Flax
//! draws for them.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Mutex;

use metamlp::Error;
use metamlp::prelude::*;

use super::support::{bits, created, numbers, paths, tensor};

fn x() -> Tensor {
    Tensor::ones([2, 3], F32)
}

#[module]
struct Mlp {}

#[compact]
impl Mlp {
    fn call(&self, x: &Tensor) -> Tensor {
        self.dense(&self.dense(x))
    }
    fn dense(&self, x: &Tensor) -> Tensor {
        Dense::new(3).call(x)
    }
}

/// Flax: `test_init_module`.
#[test]
fn a_second_call_gives_what_the_first_gave() {
    #[compact]
    fn dummy(x: &Tensor) -> Tensor {
        x + metamlp::param("bias", initializers::ones(), x.shape())
    }
    let one = Tensor::ones([1], F32);
    let ((y, again), variables) =
        dummy().init_with_output(Key::new(0), |m| (m.call(&one), m.call(&one))).unwrap();
    assert_eq!((numbers(&y), numbers(&again)), (vec![2.0], vec![2.0]));
    assert_eq!(variables.to_string(), "params:\n  bias: f32[1]");
    assert_eq!(numbers(&tensor(&variables, "params/bias")), [1.0]);
}

/// Flax: `test_util_fun`.
#[test]
fn a_helper_method_makes_other_layers_each_time() {
    let variables = created(&Mlp::new(), |m| m.call(&x()));
    let kernel = |layer: &str| bits(&tensor(&variables, &format!("params/{layer}/kernel")));
    assert_eq!(variables.params().len(), 2);
    assert_eq!(
        kernel("Dense_0"),
        [
            0xbf74_2383,
            0x3edf_0c44,
            0xbf4b_a23e,
            0xbefb_dc5f,
            0x3f07_e32f,
            0x3f3d_b8b1,
            0x3f1a_5024,
            0xbcdb_e93f,
            0x3e79_f5b1
        ]
    );
    assert_eq!(
        kernel("Dense_1"),
        [
            0x3afb_cd67,
            0x3e3d_55c1,
            0x3dd5_ccfc,
            0xbef8_7aec,
            0x3ebe_4e5a,
            0x3f01_250f,
            0xbf24_f2ea,
            0xbed5_04ac,
            0x3edc_700d
        ]
    );
}

/// Flax: `test_nested_module_reuse`.
#[test]
fn a_model_called_twice_is_one_model() {
    #[compact]
    fn top(x: &Tensor) -> Tensor {
        let mlp = Mlp::new();
        mlp.call(x) + mlp.call(x)
    }
    let (y, variables) = top().init_with_output(Key::new(0), |m| m.call(&x())).unwrap();
    assert_eq!(
        paths(&variables),
        [
            "params/Mlp_0/Dense_0/bias",
            "params/Mlp_0/Dense_0/kernel",
            "params/Mlp_0/Dense_1/bias",
            "params/Mlp_0/Dense_1/kernel"
        ]
    );
    let mlp = Variables::from_params(variables["params"]["Mlp_0"].as_map().unwrap().clone());
    let once = Mlp::new().apply(&mlp, (), |m| m.call(&x())).unwrap();
    assert_eq!(numbers(&y), numbers(&(&once + &once)));
}

/// Flax: `test_multiple_compact_methods`; a third call goes on counting too.
#[test]
fn a_method_called_by_another_counts_on() {
    #[module]
    struct Several {}
    #[compact]
    impl Several {
        fn call(&self, x: &Tensor) -> Tensor {
            let dense = Dense::new(3);
            self.method(&self.method(&dense.call(x)))
        }
        fn method(&self, x: &Tensor) -> Tensor {
            Dense::new(3).call(x)
        }
    }
    let names = created(&Several::new(), |m| m.call(&x()));
    assert_eq!(names.params().names().collect::<Vec<_>>(), ["Dense_0", "Dense_1", "Dense_2"]);
}

/// Flax: `test_only_one_compact_method_subclass`: a method that calls itself
/// is one call of the module. The initial values are Flax's.
#[test]
fn a_method_that_calls_itself_counts_on() {
    #[module]
    struct Recursive {}
    #[compact]
    impl Recursive {
        fn call(&self, x: &Tensor, depth: usize) -> Tensor {
            let x = Dense::new(2).call(x);
            if depth == 0 { x } else { self.call(&x, depth - 1) }
        }
    }
    let names = created(&Recursive::new(), |m| m.call(&x(), 3));
    assert_eq!(names.params().names().collect::<Vec<_>>(), ["Dense_0", "Dense_1", "Dense_2", "Dense_3"]);

    #[compact]
    fn r(x: &Tensor, #[field] depth: usize) -> Tensor {
        let x = Dense::new(2).use_bias(false).call(x);
        if depth == 0 { x } else { R::new(depth - 1).call(&x) }
    }
    let variables = created(&r(3), |m| m.call(&Tensor::ones([1, 2], F32)));
    assert_eq!(
        paths(&variables),
        [
            "params/Dense_0/kernel",
            "params/R_0/Dense_0/kernel",
            "params/R_0/R_0/Dense_0/kernel",
            "params/R_0/R_0/R_0/Dense_0/kernel"
        ]
    );
    assert_eq!(
        bits(&tensor(&variables, "params/R_0/R_0/R_0/Dense_0/kernel")),
        [0x3e8a_f157, 0x3f08_1d36, 0xbf54_1d9f, 0xbe3a_b16d]
    );
}

/// Flax: `test_forgotten_compact_annotation`, which is an `AssignSubModuleError` there.
/// Without `#[compact]` a method is none of the module's: what it makes belongs to its caller.
#[test]
fn a_plain_method_makes_modules_for_its_caller() {
    #[module]
    struct Forgot {}
    impl Forgot {
        fn call(&self, x: &Tensor) -> Tensor {
            let _ = self;
            Dense::new(3).call(x)
        }
    }
    let error = Forgot::new().init(Key::new(0), |m| m.call(&x())).unwrap_err();
    assert!(matches!(error, Error::OutsideMethod { class: "Dense", .. }), "{error}");

    #[compact]
    fn caller(x: &Tensor) -> Tensor {
        let forgot = Forgot::new();
        forgot.call(&forgot.call(x))
    }
    let names = created(&caller(), |m| m.call(&x()));
    assert_eq!(names.params().names().collect::<Vec<_>>(), ["Dense_0", "Dense_1"]);
}

/// A layer with one drawn weight.
#[module]
struct Child {}

#[compact]
impl Child {
    fn call(&self, x: &Tensor) -> Tensor {
        x + self.param("w", initializers::normal(1.0), [2])
    }
}

/// Flax: `test_copy_method`.
#[test]
fn a_copy_is_another_module_of_the_caller() {
    #[compact]
    fn parent(x: &Tensor) -> Tensor {
        let child = Child::new();
        let x = child.call(x);
        child.clone().call(&x)
    }
    let variables = created(&parent(), |m| m.call(&Tensor::zeros([2], F32)));
    assert_eq!(paths(&variables), ["params/Child_0/w", "params/Child_1/w"]);
}

/// Flax: `test_copy_from_template` and `test_internal_deep_clone`.
#[test]
fn copies_of_a_template_are_named_where_they_are_called() {
    #[module]
    struct Parent {
        template: Child,
    }
    #[compact]
    impl Parent {
        fn call(&self, x: &Tensor) -> Tensor {
            let x = (0..2).fold(x.clone(), |x, _| self.template.clone().call(&x));
            (0..2).fold(x, |x, i| self.template.clone().named(format!("next_layer_{i}")).call(&x))
        }
    }
    let variables = created(&Parent::new(Child::new()), |m| m.call(&Tensor::zeros([2], F32)));
    let expected = [
        ("params/Child_0/w", [0x3f5d_cac7, 0x3e94_28f5]),
        ("params/Child_1/w", [0xbe96_d59f, 0xbfcd_a21b]),
        ("params/next_layer_0/w", [0x3ea5_ae6d, 0xbf31_c38e]),
        ("params/next_layer_1/w", [0x3d3c_4a96, 0xbf8a_8ddd]),
    ];
    assert_eq!(paths(&variables), expected.map(|(path, _)| path));
    for (path, value) in expected {
        assert_eq!(bits(&tensor(&variables, path)), value, "{path}");
    }
}

/// A module that is made and never called has its number all the same, as in Flax.
#[test]
fn a_module_that_is_not_called_takes_a_number() {
    #[compact]
    fn wasteful(x: &Tensor) -> Tensor {
        drop(Dense::new(9));
        Dense::new(2).call(x)
    }
    assert_eq!(created(&wasteful(), |m| m.call(&x())).params().names().collect::<Vec<_>>(), ["Dense_1"]);
}

#[module]
struct Maker {}

#[compact]
impl Maker {
    fn make(&self) -> Dense {
        Dense::new(2).use_bias(false)
    }
    fn other(&self, x: &Tensor) -> Tensor {
        x.clone()
    }
}

/// As in Flax, where two calls of `make` give two instances of one name.
#[test]
fn a_module_belongs_to_the_one_that_made_it_though_another_calls_it() {
    #[compact]
    fn user(x: &Tensor, #[field] maker: Maker) -> Tensor {
        let first = maker.make();
        let second = maker.make();
        let x = maker.other(x);
        first.call(&x) + second.call(&x) + Dense::new(2).use_bias(false).call(&x)
    }
    let variables = created(&user(Maker::new()), |m| m.call(&x()));
    assert_eq!(paths(&variables), ["params/Dense_0/kernel", "params/maker/Dense_0/kernel"]);
}

/// The name given last counts, and the one before it is free.
#[test]
fn a_module_named_twice_has_the_last_name() {
    #[compact]
    fn renamed(x: &Tensor) -> Tensor {
        let x = Dense::new(2).named("a").named("b").call(x);
        Dense::new(2).named("a").call(&x)
    }
    let names = created(&renamed(), |m| m.call(&x()));
    assert_eq!(names.params().names().collect::<Vec<_>>(), ["b", "a"]);
}

/// Flax: `test_module_path_in_nested_module`. Modules are there from their call on, not from a `setup`.
#[test]
fn paths_in_the_order_of_calls() {
    static PATHS: Mutex<Vec<String>> = Mutex::new(Vec::new());
    fn note(path: String) {
        PATHS.lock().unwrap().push(path);
    }
    #[module]
    struct A {
        b1: B,
        b2: B,
        c1: C,
    }
    #[compact]
    impl A {
        fn call(&self, x: &Tensor) -> Tensor {
            note(self.path());
            self.b1.call(x) + self.b2.call(x) + self.c1.call(x)
        }
    }
    #[module]
    struct B {
        c1: C,
        c2: C,
    }
    #[compact]
    impl B {
        fn call(&self, x: &Tensor) -> Tensor {
            note(self.path());
            self.c1.call(x) + self.c2.call(x)
        }
    }
    #[module]
    struct C {}
    #[compact]
    impl C {
        fn call(&self, x: &Tensor) -> Tensor {
            note(self.path());
            x.clone()
        }
    }
    let b = || B::new(C::new(), C::new());
    created(&A::new(b(), b(), C::new()), |m| m.call(&x()));
    assert_eq!(*PATHS.lock().unwrap(), ["", "b1", "b1/c1", "b1/c2", "b2", "b2/c1", "b2/c2", "c1"]);
    // Flax: `test_module_path_unbound_module_error`; here an unbound module has no path.
    assert_eq!(C::new().path(), "");
}

/// Flax: `test_repr`, `test_module_trace`: the fields, of submodules too.
#[test]
fn a_module_prints_its_fields() {
    #[module]
    struct Foo {
        a: i32,
        #[default("ok")]
        b: &'static str,
        inner: Inner,
    }
    #[module]
    struct Inner {
        c: f64,
    }
    let foo = Foo::new(1, Inner::new(3.0));
    assert_eq!(format!("{foo:?}"), r#"Foo { a: 1, b: "ok", inner: Inner { c: 3.0 } }"#);
}

/// Flax: `test_module_is_hashable`.
#[test]
fn modules_compare_by_their_fields() {
    #[module]
    #[derive(PartialEq, Eq, Hash)]
    struct Plain {
        features: usize,
    }
    let hash = |plain: &Plain| BuildHasherDefault::<DefaultHasher>::default().hash_one(plain);
    assert_eq!(hash(&Plain::new(10)), hash(&Plain::new(10)));
    assert_ne!(hash(&Plain::new(10)), hash(&Plain::new(5)));
    assert_eq!(Plain::new(10), Plain::new(10));
    assert_ne!(Plain::new(10), Plain::new(10).named("other"));
}
