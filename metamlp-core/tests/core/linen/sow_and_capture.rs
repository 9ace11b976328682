//! `sow` and `capture_intermediates`. More of it is in `tests/core/capture.rs`.

use metamlp::prelude::*;

use super::support::{at, created};

fn one() -> Tensor {
    Tensor::scalar(1.0f32)
}

#[module]
struct Foo {}

#[compact]
impl Foo {
    fn call(&self, x: &Tensor) -> Tensor {
        self.sow("intermediates", "h", x);
        self.sow("intermediates", "h", x * 2.0);
        x * 3.0
    }
    fn summed(&self, x: &Tensor) -> Tensor {
        for value in [x, &(x * 2.0)] {
            self.sow_with("intermediates", "h", value, || Tensor::zeros([], F32), |a, b| a + b);
        }
        x * 3.0
    }
}

/// Flax: `test_sow`.
#[test]
fn sown_values_are_collected_or_reduced_where_asked_for() {
    let foo = Foo::new();
    assert!(foo.init(Key::new(0), |m| m.call(&one())).unwrap().is_empty());
    let both = |variables: &Variables| {
        assert_eq!(variables.to_string(), "intermediates:\n  h:\n    - 0: f32[]\n    - 1: f32[]");
        let values = ["intermediates/h/0", "intermediates/h/1"].map(|path| at(variables, path)[0]);
        assert_eq!(values, [1.0, 2.0]);
    };
    both(&foo.init(Options::from(Key::new(0)).mutable(true), |m| m.call(&one())).unwrap());
    let options = || Options::new().mutable(["intermediates"]);
    both(&foo.apply_mut(&Variables::new(), options(), |m| m.call(&one())).unwrap().1);
    let (_, state) = foo.apply_mut(&Variables::new(), options(), |m| m.summed(&one())).unwrap();
    assert_eq!(at(&state, "intermediates/h"), [3.0]);
    assert_eq!(foo.apply(&Variables::new(), (), |m| m.call(&one())).unwrap().item::<f32>().unwrap(), 3.0);
}

#[module]
struct Bar {}

#[compact]
impl Bar {
    fn test(&self, x: &Tensor) -> Tensor {
        let _ = self;
        x + 1.0
    }
}

#[compact]
fn calls_bar(x: &Tensor) -> Tensor {
    Bar::new().test(x) + 1.0
}

/// Flax: `test_capture_intermediates`.
#[test]
fn calls_are_captured_or_what_a_filter_takes() {
    let captured = |capture: Capture| {
        let options = Options::new().capture_intermediates(capture);
        calls_bar().apply_mut(&Variables::new(), options, |m| m.call(&one())).unwrap().1
    };
    let calls = captured(true.into());
    assert_eq!(calls.to_string(), "intermediates:\n  call:\n    - 0: f32[]");
    assert_eq!(at(&calls, "intermediates/call/0"), [3.0]);
    let bar = captured(Capture::only(|module, _| module.class == "Bar"));
    assert_eq!(bar.to_string(), "intermediates:\n  Bar_0:\n    test:\n      - 0: f32[]");
    assert_eq!(at(&bar, "intermediates/Bar_0/test/0"), [2.0]);
}

/// Flax: `test_perturb`, `test_perturb_setup`: the gradient is that of the value. The numbers are Flax's.
#[test]
fn a_perturbation_has_the_gradient_of_the_value() {
    #[compact]
    fn foo(x: &Tensor) -> Tensor {
        let x = Dense::new(10).call(x);
        let x = metamlp::perturb("before_multiply", &x);
        metamlp::perturb("after_multiply", &(x * 4.0))
    }
    let x = random::uniform(Key::new(1), [10]);
    let target = random::uniform(Key::new(2), [10]);
    let model = foo();
    let variables = created(&model, |m| m.call(&x));
    let gradient = grad(&variables["perturbations"], |perturbations| {
        let variables = variables.clone().with("perturbations", perturbations.clone());
        let y = model.apply(&variables, (), |m| m.call(&x))?;
        Ok((y - &target).square().mean_all())
    })
    .unwrap();
    let numbers = |name: &str| gradient[name].as_tensor().unwrap().to_vec::<f32>().unwrap();
    let expected: [f32; 10] = [
        -1.265_541_6,
        0.042_550_422,
        -0.121_318_36,
        0.145_273_4,
        0.758_315_26,
        0.283_067_46,
        0.036_070_673,
        -0.088_505_86,
        0.065_139_89,
        -0.622_270_3,
    ];
    for ((after, before), expected) in
        numbers("after_multiply").iter().zip(numbers("before_multiply")).zip(expected)
    {
        assert_eq!(after * 4.0, before);
        assert!((after - expected).abs() < 1e-6, "{after} is not {expected}");
    }
}
