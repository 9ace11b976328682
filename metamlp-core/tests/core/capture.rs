//! `sow` and `capture_intermediates`: stored values and their places.

use metamlp::prelude::*;

fn x() -> Tensor {
    Tensor::ones([2, 4], F32)
}

#[module]
struct Twice {}

#[compact]
impl Twice {
    fn call(&self, x: &Tensor) -> Tensor {
        let dense = Dense::new(4);
        self.double(&dense.call(&dense.call(x)))
    }
    fn double(&self, x: &Tensor) -> Tensor {
        x * 2.0
    }
}

#[test]
fn captures_the_output_of_every_call() {
    let model = Twice::new();
    let variables = model.init(Key::new(0), |m| m.call(&x())).unwrap();
    assert_eq!(variables.names().collect::<Vec<_>>(), ["params"]);
    let options = Options::new().capture_intermediates(true);
    let (y, updates) = model.apply_mut(&variables, options, |m| m.call(&x())).unwrap();
    assert_eq!(
        updates.to_string(),
        "intermediates:\n  \
           Dense_0:\n    call:\n      - 0: f32[2, 4]\n      - 1: f32[2, 4]\n  \
           call:\n    - 0: f32[2, 4]"
    );
    let captured = updates["intermediates"]["call"][0].as_tensor().unwrap();
    assert_eq!(captured.to_vec::<f32>().unwrap(), y.to_vec::<f32>().unwrap());
}

/// Flax: `test_capture_intermediates`.
#[test]
fn captures_what_a_choice_of_module_and_method_takes() {
    let model = Twice::new();
    let variables = model.init(Key::new(0), |m| m.call(&x())).unwrap();
    let stored = |capture: Capture| {
        let options = Options::new().capture_intermediates(capture);
        let (_, updates) = model.apply_mut(&variables, options, |m| m.call(&x())).unwrap();
        updates.to_string()
    };
    let dense = stored(Capture::only(|module, _| module.class == "Dense" && module.path == "Dense_0"));
    assert!(dense.contains("Dense_0") && !dense.contains("\n  call"), "{dense}");
    let double = stored(Capture::only(|_, method| method == "double"));
    assert_eq!(double, "intermediates:\n  double:\n    - 0: f32[2, 4]");
    let none = model.apply(&variables, Options::new().capture_intermediates(false), |m| m.call(&x()));
    assert!(none.is_ok());
}

#[derive(Tree)]
struct Moments {
    mean: Tensor,
    others: (Tensor, Option<Tensor>),
}

#[module]
struct TellsMoments {}

#[compact]
impl TellsMoments {
    fn call(&self, x: &Tensor) -> Moments {
        let _ = self.named_nothing();
        Moments { mean: x.mean_all(), others: (x.max_all(), None) }
    }
    fn named_nothing(&self) -> &'static str {
        "not a tree of tensors"
    }
}

#[test]
fn captures_any_tree_by_its_structure() {
    let options = Options::new().capture_intermediates(Capture::only(|_, _| true));
    let (_, updates) = TellsMoments::new().apply_mut(&Variables::new(), options, |m| m.call(&x())).unwrap();
    assert_eq!(
        updates.to_string(),
        "intermediates:\n  call:\n    - 0:\n        mean: f32[]\n        others:\n          - 0: f32[]"
    );
}

#[test]
fn captures_under_init_where_asked_and_inside_of_a_gradient() {
    let model = Twice::new();
    let variables =
        model.init(Options::from(Key::new(0)).capture_intermediates(true), |m| m.call(&x())).unwrap();
    assert_eq!(variables.names().collect::<Vec<_>>(), ["params", "intermediates"]);

    let ((_, captured), grads) = value_and_grad_with_aux(variables.params(), |params| {
        let variables = Variables::from_params(params.clone());
        let options = Options::new().capture_intermediates(true);
        let (y, updates) = model.apply_mut(&variables, options, |m| m.call(&x()))?;
        Ok((y.sum_all(), updates))
    })
    .unwrap();
    assert_eq!(captured["intermediates"]["Dense_0"]["call"].as_tuple().unwrap().len(), 2);
    assert_eq!(grads["Dense_0"]["bias"].as_tensor().unwrap().shape(), [4]);
}

#[module]
struct Sower {}

#[compact]
impl Sower {
    fn call(&self, x: &Tensor) -> Tensor {
        let sum = |sown: &Tensor, value: &Tensor| sown + value;
        for value in [x.sum_all(), x.max_all()] {
            self.sow("intermediates", "h", &value);
            self.sow_with("losses", "l1", &value, || Tensor::zeros([], F32), sum);
        }
        x.clone()
    }
}

/// Flax: `test_sow`.
#[test]
fn sow_appends_or_reduces_where_the_collection_is_mutable() {
    let model = Sower::new();
    assert_eq!(model.init((), |m| m.call(&x())).unwrap().to_string(), "losses:\n  l1: f32[]");
    let options = || Options::new().mutable(["intermediates", "losses"]);
    let (_, updates) = model.apply_mut(&Variables::new(), options(), |m| m.call(&x())).unwrap();
    let number = |entry: &Entry| entry.as_tensor().unwrap().item::<f32>().unwrap();
    assert_eq!(number(&updates["losses"]["l1"]), 9.0);
    assert_eq!(
        updates["intermediates"]["h"].as_tuple().unwrap().iter().map(number).collect::<Vec<_>>(),
        [8.0, 1.0]
    );
    // What is passed in again goes on growing.
    let (_, updates) = model.apply_mut(&updates, options(), |m| m.call(&x())).unwrap();
    assert_eq!(updates["intermediates"]["h"].as_tuple().unwrap().len(), 4);
    assert_eq!(number(&updates["losses"]["l1"]), 18.0);
    model.apply(&Variables::new(), (), |m| m.call(&x())).unwrap();
}
