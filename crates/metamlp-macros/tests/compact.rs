//! `#[compact]` on an `impl` block: which methods enter the scope, and that their bodies run as written.

#![warn(clippy::pedantic, unused_qualifications)]
#![allow(clippy::float_cmp)]

mod fake;

use fake::__private::events;
use fake::Tensor;
use metamlp_macros::{compact, module};

#[module(crate = crate::fake)]
struct Model {
    scale: f64,
    name: String,
}

#[compact(crate = crate::fake)]
impl Model {
    /// The usual one.
    fn call(&self, x: &Tensor, train: bool) -> Tensor {
        if train {
            return self.double(x);
        }
        Tensor(x.0 * self.scale)
    }

    #[allow(clippy::needless_arbitrary_self_type)]
    fn double(self: &Self, x: &Tensor) -> Tensor {
        Tensor(x.0 * Self::FACTOR)
    }

    const FACTOR: f64 = 2.0;

    fn fallible(&self, x: Option<&Tensor>) -> Option<Tensor> {
        let x = x?;
        Some(Tensor(x.0 + self.scale))
    }

    fn in_place(&self, values: &mut Vec<f64>) {
        values.push(self.scale);
    }

    fn first<'a>(&self, values: &'a mut [Tensor]) -> &'a mut Tensor {
        &mut values[0]
    }

    fn label(&self) -> &str {
        &self.name
    }

    fn consume(&self, mut x: Tensor) -> Tensor {
        x.0 += self.scale;
        x
    }

    fn with<F: Fn(f64) -> f64>(&self, x: &Tensor, f: F) -> Vec<Tensor> {
        vec![Tensor(f(x.0)), Tensor(f(self.scale))]
    }

    fn numbers(&self) -> impl Iterator<Item = f64> {
        vec![self.scale, 2.0].into_iter()
    }

    #[allow(clippy::unused_self)]
    #[nowrap]
    fn plain(&self) -> f64 {
        1.0
    }

    #[nowrap]
    fn scaled(mut self, scale: f64) -> Self {
        self.scale = scale;
        self
    }

    fn unit() -> Self {
        Self::new(1.0, "unit".to_owned())
    }

    fn inner_attribute(&self) -> f64 {
        #![allow(unused_variables)]
        let unused = 1;
        self.scale
    }

    #[must_use]
    #[track_caller]
    fn attributed(&self) -> u32 {
        std::panic::Location::caller().line()
    }
}

fn model() -> Model {
    Model::new(3.0, "model".to_owned())
}

/// The events without their line numbers.
fn calls() -> Vec<String> {
    let calls = events();
    calls.iter().map(|call| call.split(':').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn each_method_enters_and_shows_its_output() {
    let line = line!() + 1;
    assert_eq!(model().call(&Tensor(5.0), false), Tensor(15.0));
    assert_eq!(events(), [format!("Model.call:{line}"), "-> 15".to_owned()]);

    assert_eq!(model().call(&Tensor(5.0), true), Tensor(10.0));
    assert_eq!(calls(), ["Model.call", "Model.double", "-> 10", "-> 10"]);
}

#[test]
fn bodies_run_as_written() {
    assert_eq!(model().fallible(None), None);
    assert_eq!(model().fallible(Some(&Tensor(1.0))), Some(Tensor(4.0)));

    let mut values = vec![];
    model().in_place(&mut values);
    assert_eq!(values, [3.0]);

    let mut tensors = [Tensor(1.0), Tensor(2.0)];
    model().first(&mut tensors).0 = 7.0;
    assert_eq!(tensors[0], Tensor(7.0));

    assert_eq!(model().label(), "model");
    assert_eq!(model().consume(Tensor(1.0)), Tensor(4.0));
    assert_eq!(model().with(&Tensor(1.0), |x| x + 1.0), [Tensor(2.0), Tensor(4.0)]);
    assert_eq!(model().numbers().sum::<f64>(), 5.0);
    assert_eq!(model().inner_attribute(), 3.0);
    assert!(model().attributed() > 0);
}

#[test]
fn what_is_no_tree_is_not_shown() {
    model().fallible(None);
    model().in_place(&mut vec![]);
    model().with(&Tensor(1.0), |x| x);
    assert_eq!(calls(), ["Model.fallible", "Model.in_place", "Model.with", "-> 0=(1) 1=(3)"]);
}

#[test]
fn a_generic_output_that_is_a_tree_is_shown() {
    #[module(crate = crate::fake)]
    struct Identity {}
    #[compact(crate = crate::fake)]
    impl Identity {
        fn call<T: fake::Tree>(&self, x: T) -> T {
            x
        }
    }
    Identity::new().call(vec![Tensor(1.0)]);
    assert_eq!(calls(), ["Identity.call", "-> 0=(1)"]);
}

#[test]
fn other_methods_are_left_alone() {
    let unit = Model::unit().scaled(4.0);
    assert_eq!((unit.plain(), unit.scale), (1.0, 4.0));
    assert!(events().is_empty());
}

#[test]
fn a_block_can_come_from_a_macro() {
    macro_rules! double {
        ($name:ident, $x:ident, $body:expr) => {
            #[module(crate = crate::fake)]
            struct $name {}
            #[compact(crate = crate::fake)]
            impl $name {
                fn call(&self, $x: &Tensor) -> Tensor {
                    let _ = self;
                    $body
                }
            }
        };
    }
    double!(Double, x, Tensor(x.0 * 2.0));
    assert_eq!(Double::new().call(&Tensor(2.0)), Tensor(4.0));
}
