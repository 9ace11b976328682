//! Methods with scopes of their own.

use metamlp::error::Kind;
use metamlp::prelude::*;
use metamlp::{Error, name, param, path};

fn x() -> Tensor {
    Tensor::from_vec([2, 3], vec![1.0f32, 2.0, 3.0, -4.0, 5.0, 0.5])
}

fn paths(variables: &Variables) -> Vec<String> {
    variables.tensors_with_paths().iter().map(|(path, _)| path.to_string()).collect()
}

#[module]
struct UpDown {
    inner: Dense,
}

#[compact]
impl UpDown {
    fn call(&self, x: &Tensor) -> Tensor {
        self.up(x) + self.down(x)
    }

    fn beside(&self, x: &Tensor) -> Tensor {
        let y = self.up(&Dense::new(3).call(x));
        let y = self.up(&self.down(&y));
        Dense::new(2).call(&y)
    }

    #[compact_name_scope]
    fn up(&self, x: &Tensor) -> Tensor {
        Dense::new(3).call(&self.inner.call(x))
    }

    #[compact_name_scope]
    fn down(&self, x: &Tensor) -> Tensor {
        Dense::new(3).call(&Dense::new(3).call(x))
    }

    #[compact_name_scope]
    fn outer(&self, x: &Tensor) -> Tensor {
        self.up(x) + Dense::new(3).call(x)
    }
}

fn model() -> UpDown {
    UpDown::new(Dense::new(3))
}

fn modules(f: impl FnOnce(&UpDown) -> Tensor) -> Vec<String> {
    let kernels = paths(&model().init(Key::new(0), f).unwrap()).into_iter();
    kernels
        .filter_map(|path| Some(path.strip_prefix("params/")?.strip_suffix("/kernel")?.to_owned()))
        .collect()
}

/// Flax: `test_compact_name_scope`.
#[test]
fn submodules_are_under_the_name_of_the_method() {
    assert_eq!(modules(|m| m.call(&x())), ["inner", "up/Dense_0", "down/Dense_1", "down/Dense_0"]);
    // Called from outside.
    assert_eq!(modules(|m| m.down(&x())), ["down/Dense_1", "down/Dense_0"]);
    let variables = model().init(Key::new(0), |m| m.call(&x())).unwrap();
    assert_eq!(model().apply(&variables, (), |m| m.down(&x())).unwrap().shape(), [2, 3]);
}

/// Flax: `test_compact_name_scope_outside_compact`; the other submodules are numbered without them, and a second
/// call is of the same submodules.
#[test]
fn beside_other_submodules() {
    let expected = ["Dense_0", "inner", "up/Dense_0", "down/Dense_1", "down/Dense_0", "Dense_1"];
    assert_eq!(modules(|m| m.beside(&x())), expected);
    // As in Flax, a method's scope is the module's, not that of the method which calls it.
    assert_eq!(modules(|m| m.outer(&x())), ["inner", "up/Dense_0", "outer/Dense_0"]);
}

/// The numbers are those of Flax 0.12.8.
#[test]
fn values_are_drawn_under_that_name() {
    let variables = model().init(Key::new(0), |m| m.call(&x())).unwrap();
    let first = |path: &str| variables.get(path).unwrap().as_tensor().unwrap().to_vec::<f32>().unwrap()[0];
    assert_eq!(first("params/up/Dense_0/kernel"), UP);
    assert_eq!(first("params/down/Dense_1/kernel"), DOWN);
}

const UP: f32 = 0.574_328_96;
const DOWN: f32 = 1.297_013_4;

/// The output is stored where Flax stores that of the method's submodule.
#[test]
fn capture() {
    let variables = model().init(Key::new(0), |m| m.call(&x())).unwrap();
    let options = || Options::new().mutable("intermediates");
    let seen = |capture: Capture| {
        let options = options().capture_intermediates(capture);
        paths(&model().apply_mut(&variables, options, |m| m.call(&x())).unwrap().1)
    };
    let all = [
        "intermediates/inner/call/0",
        "intermediates/up/Dense_0/call/0",
        "intermediates/up/call/0",
        "intermediates/down/Dense_1/call/0",
        "intermediates/down/Dense_0/call/0",
        "intermediates/down/call/0",
        "intermediates/call/0",
    ];
    assert_eq!(seen(true.into()), all);
    assert_eq!(seen(Capture::only(|_, _| true)), all);
    assert_eq!(seen(Capture::only(|module, _| module.path == "up")), ["intermediates/up/call/0"]);
}

#[module]
struct Asking {}

#[compact]
impl Asking {
    #[compact_name_scope]
    fn call(&self, x: &Tensor) -> (Tensor, Vec<String>) {
        let own = self.param("own", initializers::ones(), [3]);
        let below = param("below", initializers::ones(), [3]);
        let told = vec![self.path(), format!("{:?}", self.name()), path(), format!("{:?}", name())];
        (x + own + below, told)
    }
}

#[compact]
fn asking_inside(x: &Tensor) -> (Tensor, Vec<String>) {
    Asking::new().call(x)
}

/// As in Flax: `self` is the module, what is made in the method is below it.
#[test]
fn self_is_the_module() {
    let ((_, told), variables) = asking_inside().init_with_output(Key::new(0), |m| m.call(&x())).unwrap();
    assert_eq!(paths(&variables), ["params/Asking_0/own", "params/Asking_0/call/below"]);
    assert_eq!(told, ["Asking_0", "Some(\"Asking_0\")", "Asking_0/call", "Some(\"call\")"]);
}

#[module]
struct Clashing {}

#[compact]
impl Clashing {
    fn call(&self, x: &Tensor) -> Tensor {
        x.matmul(&self.param("up", initializers::ones(), [3, 3])) + self.up(x)
    }

    #[compact_name_scope]
    fn up(&self, x: &Tensor) -> Tensor {
        Dense::new(3).call(x)
    }
}

#[test]
fn the_name_is_taken() {
    let error = Clashing::new().init(Key::new(0), |m| m.call(&x())).unwrap_err();
    let Error::NameInUse { wanted: Kind::Method, taken: Kind::Param, .. } = &error else { panic!("{error}") };
    assert_eq!(error.to_string().matches("compact_name_scope.rs:").count(), 2, "{error}");
    assert!(error.to_string().contains("the method `up` needs another name"), "{error}");
}

#[test]
fn outside_of_a_model() {
    assert!(model().up(&x()).evaluate().is_err());
}
