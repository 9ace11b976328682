//! `#[compact]` on an `impl` block: which methods enter the scope, and that their bodies run as written.

#![warn(clippy::pedantic, unused_qualifications)]

use metamlp::prelude::*;

/// No tree, and so never captured.
#[derive(Debug, PartialEq)]
struct Opaque;

#[module]
struct Model {
    scale: f64,
    name: String,
}

#[compact]
impl Model {
    /// The usual one.
    fn call(&self, x: &Tensor, train: bool) -> Tensor {
        if train {
            return self.double(x);
        }
        x * self.scale
    }

    #[allow(clippy::needless_arbitrary_self_type)]
    fn double(self: &Self, x: &Tensor) -> Tensor {
        x * Self::FACTOR
    }

    const FACTOR: f64 = 2.0;

    fn fallible(&self, x: Option<&Tensor>) -> Option<Tensor> {
        let x = x?;
        Some(x + self.scale)
    }

    fn in_place(&self, values: &mut Vec<f64>) {
        values.push(self.scale);
    }

    fn first<'a>(&self, values: &'a mut [usize]) -> &'a mut usize {
        &mut values[0]
    }

    fn label(&self) -> &str {
        &self.name
    }

    fn labels(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn label_or(&self, other: Option<&str>) -> String {
        other.unwrap_or(&self.name).to_owned()
    }

    fn fixed(&self) -> &'static str {
        "fixed"
    }

    fn borrowed<'a>(&self, x: &'a Tensor) -> &'a Tensor {
        x
    }

    fn borrowed_mutably<'a>(&self, x: &'a mut Tensor) -> &'a mut Tensor {
        x
    }

    fn consume(&self, mut x: Tensor) -> Tensor {
        x = x + self.scale;
        x
    }

    fn with<F: Fn(f64) -> f64>(&self, x: &Tensor, f: F) -> Vec<Tensor> {
        vec![x.clone(), Tensor::scalar(f(self.scale))]
    }

    fn numbers(&self) -> impl Iterator<Item = usize> {
        vec![self.name.len(), 2].into_iter()
    }

    fn generic<T: Tree>(&self, x: T) -> T {
        x
    }

    fn opaque(&self) -> Result<Opaque, ()> {
        Ok(Opaque)
    }

    #[allow(clippy::unused_self)]
    #[nowrap]
    fn plain(&self) -> usize {
        1
    }

    #[nowrap]
    fn scaled(mut self, scale: f64) -> Self {
        self.scale = scale;
        self
    }

    fn unit() -> Self {
        Self::new(1.0, "unit".to_owned())
    }

    fn inner_attribute(&self) -> usize {
        #![allow(unused_variables)]
        let unused = 1;
        self.name.len()
    }

    #[must_use]
    #[track_caller]
    fn attributed(&self) -> usize {
        self.name.len()
    }
}

fn model() -> Model {
    Model::new(3.0, "model".to_owned())
}

fn number(value: f64) -> Tensor {
    Tensor::scalar(value)
}

#[track_caller]
fn assert_number(x: &Tensor, expected: f64) {
    assert_eq!(x.item::<f64>().unwrap().to_bits(), expected.to_bits());
}

/// The methods that entered the scope while `f` ran and gave a tree.
fn captured<R: Tree>(f: impl FnOnce(&Model) -> R) -> Vec<String> {
    let options = Options::new().capture_intermediates(Capture::only(|_, _| true));
    let (_, updates) = model().apply_mut(&Variables::new(), options, f).unwrap();
    updates
        .collection("intermediates")
        .map(|map| map.names().map(str::to_owned).collect())
        .unwrap_or_default()
}

#[test]
fn bodies_run_as_written() {
    let model = model();
    assert_number(&model.call(&number(5.0), false), 15.0);
    assert_number(&model.call(&number(5.0), true), 10.0);

    assert!(model.fallible(None).is_none());
    assert_number(&model.fallible(Some(&number(1.0))).unwrap(), 4.0);

    let mut values = vec![];
    model.in_place(&mut values);
    assert_eq!(values.len(), 1);

    let mut values = [1, 2];
    *model.first(&mut values) = 7;
    assert_eq!(values, [7, 2]);

    assert_eq!((model.label(), model.labels(), model.fixed()), ("model", Some("model"), "fixed"));
    assert_eq!(
        (model.label_or(None), model.label_or(Some("other"))),
        ("model".to_owned(), "other".to_owned())
    );
    assert_number(&model.consume(number(1.0)), 4.0);
    assert_number(&model.with(&number(1.0), |x| x + 1.0)[1], 4.0);
    assert_eq!(model.numbers().sum::<usize>(), 7);
    assert_number(&model.generic(number(1.0)), 1.0);
    assert_eq!(model.opaque(), Ok(Opaque));
    assert_eq!(model.inner_attribute(), 5);
    assert_eq!(model.attributed(), 5);
}

#[test]
fn each_method_enters_and_is_captured() {
    assert_eq!(captured(|m| m.call(&number(1.0), false)), ["call"]);
    assert_eq!(captured(|m| m.call(&number(1.0), true)), ["double", "call"]);
    assert_eq!(captured(|m| m.consume(number(1.0))), ["consume"]);
}

#[test]
fn any_tree_is_captured_and_nothing_else() {
    assert_eq!(captured(|m| m.with(&number(1.0), |x| x)), ["with"]);
    assert_eq!(captured(|m| m.fallible(Some(&number(1.0)))), ["fallible"]);
    assert_eq!(captured(|m| m.generic(number(1.0))), ["generic"]);
    assert_eq!(captured(|m| m.borrowed(&number(1.0)).clone()), ["borrowed"]);
    assert_eq!(captured(|m| m.borrowed_mutably(&mut number(1.0)).clone()), ["borrowed_mutably"]);
    assert!(captured(|m| m.label().len() + m.labels().map_or(0, str::len) + m.fixed().len()).is_empty());
    assert!(captured(|m| m.opaque().map_or(0, |_| 1)).is_empty());
    assert!(captured(|m| m.numbers().sum::<usize>()).is_empty());
}

#[test]
fn other_methods_are_left_alone() {
    let unit = Model::unit().scaled(4.0);
    assert_number(&unit.call(&number(1.0), false), 4.0);
    assert!(captured(Model::plain).is_empty());
}

#[test]
fn a_mistake_in_a_body_is_told_with_its_line_and_its_module() {
    thread_local!(static LINE: std::cell::Cell<u32> = const { std::cell::Cell::new(0) });
    #[module]
    struct Outer {
        inner: Inner,
    }
    #[module]
    struct Inner {}
    #[compact]
    impl Inner {
        fn call(&self, x: &Tensor) -> Tensor {
            LINE.set(line!() + 1);
            x.reshape([2, 2])
        }
    }
    #[compact]
    impl Outer {
        fn call(&self, x: &Tensor) -> Tensor {
            self.inner.call(x)
        }
    }
    let model = Outer::new(Inner::new());
    let error =
        model.apply(&Variables::new(), Options::new(), |m| m.call(&Tensor::ones([3], F32))).unwrap_err();
    let (message, line) = (error.to_string(), LINE.get());
    assert!(message.starts_with(&format!("Outer/inner ({}:{line})", file!())), "{message}");
}

#[test]
fn a_block_can_come_from_a_macro() {
    macro_rules! double {
        ($name:ident, $x:ident, $body:expr) => {
            #[module]
            struct $name {}
            #[compact]
            impl $name {
                fn call(&self, $x: &Tensor) -> Tensor {
                    let _ = self;
                    $body
                }
            }
        };
    }
    double!(Double, x, x * 2.0);
    assert_number(&Double::new().call(&number(2.0)), 4.0);
    assert_number(&Double::new().invoke("call", args![x = number(2.0)]).into_tensor(), 4.0);
}

#[test]
fn a_function_can_come_from_a_macro() {
    macro_rules! scaling {
        ($name:ident, $x:ident: $ty:ty, $by:ident = $default:expr) => {
            #[compact]
            fn $name($x: $ty, #[field(default = $default)] $by: f64) -> Tensor {
                $x * $by
            }
        };
    }
    scaling!(scale, x: &Tensor, by = 3.0);
    assert_number(&scale().call(&number(2.0)), 6.0);
    assert_number(&scale().by(2.0).invoke("call", args![&number(2.0)]).into_tensor(), 4.0);
}
