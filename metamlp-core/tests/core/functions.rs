//! What a module asks for through `self`, and a function form through free
//! functions: the same.

use metamlp::prelude::*;
use metamlp::{
    get_variable, has_rng, has_variable, is_initializing, is_mutable_collection, make_rng, name, param, path,
    perturb, put_variable, sow, sow_with, variable, variables,
};

fn x() -> Tensor {
    Tensor::from_vec([3], vec![1.0f32, -2.0, 3.0])
}

/// What the model was told, in words.
type Told = Vec<String>;

#[module]
struct Methods {}

#[compact]
impl Methods {
    fn call(&self, x: &Tensor) -> (Tensor, Told) {
        let w = self.param("w", initializers::normal(1.0), [3]);
        let count = self.variable("stats", "count", || 0i32);
        if self.is_mutable_collection("stats") {
            count.update(|n| n + 1);
            self.put_variable("stats", "last", x);
        }
        self.sow("intermediates", "w", &w);
        self.sow_with("intermediates", "sum", &w, || Tensor::zeros([3], F32), |a, b| a + b);
        let noise = if self.has_rng("noise") { random::normal(self.make_rng("noise"), [3]) } else { x * 0.0 };
        let y = self.perturb("y", &(x * w + noise));
        let told = vec![
            self.is_initializing().to_string(),
            self.has_variable("stats", "last").to_string(),
            format!("{:?}", self.get_variable("stats", "count")),
            self.path(),
            format!("{:?}", self.name()),
            self.variables().to_string(),
        ];
        (y, told)
    }
}

#[compact]
fn functions(x: &Tensor) -> (Tensor, Told) {
    let w = param("w", initializers::normal(1.0), [3]);
    let count = variable("stats", "count", || 0i32);
    if is_mutable_collection("stats") {
        count.update(|n| n + 1);
        put_variable("stats", "last", x);
    }
    sow("intermediates", "w", &w);
    sow_with("intermediates", "sum", &w, || Tensor::zeros([3], F32), |a, b| a + b);
    let noise = if has_rng("noise") { random::normal(make_rng("noise"), [3]) } else { x * 0.0 };
    let y = perturb("y", &(x * w + noise));
    let told = vec![
        is_initializing().to_string(),
        has_variable("stats", "last").to_string(),
        format!("{:?}", get_variable("stats", "count")),
        path(),
        format!("{:?}", name()),
        variables().to_string(),
    ];
    (y, told)
}

#[compact]
fn around_methods(x: &Tensor) -> (Tensor, Told) {
    Methods::new().named("inner").call(x)
}

#[compact]
fn around_functions(x: &Tensor) -> (Tensor, Told) {
    functions().named("inner").call(x)
}

#[test]
fn functions_do_what_methods_do() {
    let rngs = || Rngs::new([("params", Key::new(0)), ("noise", Key::new(1))]);
    let (a, b) = (around_methods(), around_functions());
    let ((y, told), variables) = a.init_with_output(rngs(), |m| m.call(&x())).unwrap();
    let ((same, also_told), same_variables) = b.init_with_output(rngs(), |m| m.call(&x())).unwrap();
    assert_eq!(y.to_vec::<f32>().unwrap(), same.to_vec::<f32>().unwrap());
    assert_eq!(told, also_told);
    assert_eq!(format!("{variables:#}"), format!("{same_variables:#}"));
    assert_eq!(
        told,
        [
            "true",
            "true",
            "Some(i32[])",
            "inner",
            "Some(\"inner\")",
            "params:\n  w: f32[3]\nstats:\n  count: i32[]\n  last: f32[3]\nperturbations:\n  y: f32[3]"
        ]
    );

    let options = || Options::new().rngs(rngs()).mutable(["intermediates"]);
    let (y, sown) = a.apply_mut(&variables, options(), |m| m.call(&x()).0).unwrap();
    let (same, also_sown) = b.apply_mut(&variables, options(), |m| m.call(&x()).0).unwrap();
    assert_eq!(y.to_vec::<f32>().unwrap(), same.to_vec::<f32>().unwrap());
    assert_eq!(format!("{sown:#}"), format!("{also_sown:#}"));
    assert_eq!(sown.to_string(), "intermediates:\n  inner:\n    w:\n      - 0: f32[3]\n    sum: f32[3]");
}

#[compact]
fn names(x: &Tensor) -> (Tensor, Vec<Option<String>>) {
    let (first, second) = (Dense::new(2), Dense::new(3).named("second"));
    let y = second.call(&first.call(x));
    (y, vec![name(), first.name(), second.name()])
}

#[test]
fn the_name_of_a_module() {
    let model = names();
    let ((_, names), _) = model.init_with_output(Key::new(0), |m| m.call(&x())).unwrap();
    assert_eq!(names, [None, Some("Dense_0".to_owned()), Some("second".to_owned())]);
    assert_eq!(model.name(), None);
    assert_eq!(Dense::new(2).named("given").name().as_deref(), Some("given"));
    assert_eq!(name(), None);
}

#[test]
fn outside_of_a_model_there_is_nothing() {
    assert!(variables().is_empty() && names().variables().is_empty());
    assert_eq!((path(), is_mutable_collection("params")), (String::new(), false));
    assert!(!has_variable("params", "w") && get_variable("params", "w").is_none());
}
