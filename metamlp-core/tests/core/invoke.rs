//! Calls of methods by name: accepted arguments, outputs, and error
//! messages.

use std::sync::atomic::{AtomicBool, Ordering};

use metamlp::Error;
use metamlp::invoke::{Argument, Arguments, InvokeProblem, Methods};
use metamlp::prelude::*;

/// Neither a tree nor `Clone`.
#[derive(Debug)]
struct Opaque;

#[derive(Clone, Debug)]
struct Settings {
    scale: f64,
}

#[module]
struct Model {
    encoder: Dense,
    blocks: Vec<Dense>,
}

#[compact]
impl Model {
    fn call(&self, x: &Tensor, train: bool) -> Tensor {
        if train { self.encode(x) } else { x.clone() }
    }

    fn encode(&self, x: &Tensor) -> Tensor {
        self.encoder.call(x)
    }

    fn numbers(&self, features: usize, rate: f64, small: f32, level: u8, wide: i64) -> Tensor {
        Tensor::from_vec([5], vec![features as f64, rate, f64::from(small), f64::from(level), wide as f64])
    }

    fn by_reference(&self, settings: &Settings, count: &usize) -> Tensor {
        Tensor::scalar(settings.scale * *count as f64)
    }

    fn by_value(&self, settings: Settings, x: Tensor) -> Tensor {
        x * settings.scale
    }

    fn options(&self, x: Option<&Tensor>, rate: Option<f64>, name: Option<&str>) -> Tensor {
        let given = [x.is_some(), rate.is_some(), name.is_some()];
        Tensor::from_vec([3], given.map(|given| if given { 1.0f64 } else { 0.0 }).to_vec())
    }

    fn owned_options(&self, x: Option<Tensor>, settings: Option<Settings>) -> Tensor {
        Tensor::scalar(f64::from(u8::from(x.is_some())) + settings.map_or(0.0, |settings| settings.scale))
    }

    fn sum(&self, tensors: &[Tensor]) -> Tensor {
        tensors.iter().fold(Tensor::scalar(0.0), |sum, x| sum + x)
    }

    fn sum_owned(&self, tensors: Vec<Tensor>) -> Tensor {
        self.sum(&tensors)
    }

    fn text(&self, text: &str, owned: String, fixed: &'static str) -> Tensor {
        Tensor::scalar((text.len() + owned.len() + fixed.len()) as f64)
    }

    fn lifetime<'a>(&self, x: &'a Tensor) -> &'a Tensor {
        x
    }

    fn pair(&self, x: &Tensor) -> (Tensor, Vec<Tensor>) {
        (x.clone(), vec![x * 2.0, x * 3.0])
    }

    fn nothing(&self) {}

    fn count(&self) -> usize {
        self.blocks.len()
    }

    fn label(&self) -> &str {
        "label"
    }

    fn labels(&self) -> Option<&str> {
        Some("label")
    }

    fn function(&self, f: fn(&Tensor) -> Tensor, x: &Tensor) -> Tensor {
        f(x)
    }

    fn closure(&self, f: impl Fn(f64) -> f64) -> Tensor {
        Tensor::scalar(f(1.0))
    }

    fn any_tree<T: Tree>(&self, x: T) -> T {
        x
    }

    fn in_place(&self, values: &mut Vec<f64>) {
        values.push(1.0);
    }

    fn object(&self, f: &dyn Fn(f64) -> f64) -> Tensor {
        Tensor::scalar(f(1.0))
    }

    fn boxed(&self, f: Box<dyn Fn(f64) -> f64>) -> Tensor {
        Tensor::scalar(f(1.0))
    }

    fn opaque(&self, opaque: Opaque) -> Tensor {
        Tensor::scalar(f64::from(u8::from(matches!(opaque, Opaque))))
    }

    #[cfg(any())]
    fn absent(&self, x: &Missing) -> Tensor {
        x.clone()
    }

    fn r#match(&self, #[cfg(any())] absent: &Missing, r#type: &Tensor) -> Tensor {
        r#type.clone()
    }

    #[nowrap]
    fn plain(&self) -> usize {
        self.blocks.len()
    }
}

fn model() -> Model {
    Model::new(Dense::new(2), vec![Dense::new(4), Dense::new(5)])
}

fn x() -> Tensor {
    Tensor::from_vec([1, 3], vec![1.0f32, 2.0, 3.0])
}

/// The method's output on a model that is initialised in the same call.
fn invoke(method: &str, arguments: Arguments<'_>) -> Result<Entry, Error> {
    model().init_with_output(Key::new(0), |m| m.invoke(method, arguments)).map(|(output, _)| output)
}

#[track_caller]
fn numbers(method: &str, arguments: Arguments<'_>) -> Vec<f64> {
    let output = invoke(method, arguments).unwrap().into_tensor();
    output.convert(F64).to_vec().unwrap()
}

/// The message, without the path and the line before it.
#[track_caller]
fn message(method: &str, arguments: Arguments<'_>) -> String {
    let error = invoke(method, arguments).unwrap_err();
    assert!(matches!(error, Error::Invoke { .. }), "{error}");
    let message = error.to_string();
    message.split_once("): ").map(|(_, message)| message.to_owned()).unwrap_or(message)
}

#[test]
fn a_method_goes_by_its_name() {
    let (model, x) = (model(), x());
    let variables = model.init(Key::new(0), |m| m.invoke("call", args![&x, true])).unwrap();
    assert_eq!(variables.params().names().collect::<Vec<_>>(), ["encoder"]);
    let by_name = model.apply(&variables, (), |m| m.invoke("encode", args![&x])).unwrap();
    let direct = model.apply(&variables, (), |m| m.encode(&x)).unwrap();
    assert_eq!(by_name.into_tensor().to_vec::<f32>().unwrap(), direct.to_vec::<f32>().unwrap());
}

#[test]
fn numbers_become_the_type_that_is_asked_for() {
    assert_eq!(numbers("numbers", args![3, 2, 0.5, 255, -1]), [3.0, 2.0, 0.5, 255.0, -1.0]);
    assert_eq!(numbers("numbers", args![3u8, 2.5f32, 1, 7usize, 1u32]), [3.0, 2.5, 1.0, 7.0, 1.0]);
    assert_eq!(
        message("numbers", args![-3, 2, 0.5, 255, -1]),
        "`Model::numbers` cannot be invoked: the argument `features` is `i32`, `usize` was expected"
    );
    assert!(message("numbers", args![3, 2, 0.5, 256, -1]).contains("`level` is `i32`, `u8` was expected"));
    assert!(message("numbers", args![3.0, 2, 0.5, 255, -1]).contains("`features` is `f64`, `usize`"));
}

#[test]
fn loans_copies_and_options_pass() {
    let (x, settings) = (x(), Settings { scale: 2.0 });
    assert_eq!(numbers("by_reference", args![&settings, &3usize]), [6.0]);
    assert_eq!(numbers("by_reference", args![&settings, 3]), [6.0]);
    assert_eq!(numbers("by_value", args![&settings, &x]), [2.0, 4.0, 6.0]);
    assert_eq!(numbers("by_value", args![&settings, x.clone()]), [2.0, 4.0, 6.0]);

    assert_eq!(numbers("options", args![None, None, None]), [0.0; 3]);
    assert_eq!(numbers("options", args![Some(&x), Some(0.5), Some("name")]), [1.0; 3]);
    assert_eq!(numbers("options", args![&x, 1, "name"]), [1.0; 3]);
    assert_eq!(numbers("options", args![&Some(x.clone()), &Some(0.5), None::<Tensor>]), [1.0, 1.0, 0.0]);
    assert_eq!(numbers("options", args![&None::<Tensor>, &None::<f64>, None]), [0.0; 3]);
    assert_eq!(numbers("owned_options", args![&x, &settings]), [3.0]);
    assert_eq!(numbers("owned_options", args![None, Some(&settings)]), [2.0]);
}

#[test]
fn slices_text_and_functions_pass() {
    let [a, b] = [1.0, 2.0].map(Tensor::scalar);
    let vector = vec![a.clone(), b.clone()];
    assert_eq!(numbers("sum", args![&vector]), [3.0]);
    assert_eq!(numbers("sum", args![vector.clone()]), [3.0]);
    assert_eq!(numbers("sum", args![&vector[..1]]), [1.0]);
    assert_eq!(numbers("sum", args![&[a.clone(), b.clone()]]), [3.0]);
    assert_eq!(numbers("sum", args![[a.clone(), b]]), [3.0]);
    assert_eq!(numbers("sum_owned", args![&vector]), [3.0]);

    let owned = "four".to_owned();
    assert_eq!(numbers("text", args!["a", "b", &"c"]), [3.0]);
    assert_eq!(numbers("text", args![&owned, owned.clone(), &"c"]), [9.0]);
    let f: fn(&Tensor) -> Tensor = Tensor::abs;
    assert_eq!(numbers("function", args![&f, Tensor::scalar(-1.0)]), [1.0]);
    assert_eq!(numbers("lifetime", args![&a]), [1.0]);
    assert_eq!(numbers("match", args![type = &a]), [1.0]);
}

#[test]
fn arguments_go_by_name_too() {
    let x = x();
    assert_eq!(numbers("call", args![&x, train = false]), [1.0, 2.0, 3.0]);
    assert_eq!(numbers("call", args![train = false, x = &x]), [1.0, 2.0, 3.0]);
    assert_eq!(numbers("options", args![rate = None, x = &x, name = "name"]), [1.0, 0.0, 1.0]);
    let made = [Argument::from(false).named("train"), Argument::from(&x).named("x")];
    assert_eq!(numbers("call", made.into()), [1.0, 2.0, 3.0]);
    assert!(
        message("call", args![&x, trian = true])
            .ends_with("it has no argument `trian`: did you mean `train`? there are `x` and `train`")
    );
    assert!(message("call", args![x = &x]).ends_with("the argument `train: bool` is missing"));
    assert!(message("call", args![&x, x = &x, train = true]).ends_with("`x` is given twice: leave one out"));
}

#[test]
fn any_tree_comes_back() {
    let output = invoke("pair", args![&Tensor::scalar(1.0)]).unwrap();
    assert_eq!(output[1][1].as_tensor().unwrap().item::<f64>().unwrap(), 3.0);
    assert!(invoke("nothing", args![]).unwrap().as_tuple().unwrap().is_empty());
    assert_eq!(
        message("count", args![]),
        "`Model::count` cannot be invoked: its output, `usize`, has no tensor: call it as `|model| model.count(..)`"
    );
    assert!(message("label", args![]).contains("its output, `&str`, has no tensor"));
}

/// A parameter that needs a tensor gets one that carries the entry's error.
#[test]
fn an_entry_that_is_no_tensor_says_so() {
    let result = model().init_with_output(Key::new(0), |m| m.invoke("pair", args![&x()]).into_tensor());
    let message = result.unwrap_err().to_string();
    assert!(message.contains("the entry is a tuple of 2, a tensor was expected"), "{message}");
}

#[test]
fn a_wrong_name_lists_what_there_is() {
    let message = message("encod", args![&x()]);
    let head = "`Model::encod` cannot be invoked: there is no such method: did you mean `encode`? there are \
                `call(x: &Tensor, train: bool)`, `encode(x: &Tensor)`, `numbers(features: usize, rate: f64, small: f32";
    assert!(message.starts_with(head), "{message}");
    assert!(message.ends_with("`encoder`, `blocks_0` and `blocks_1`"), "{message}");
    assert!(!message.contains("plain") && !message.contains("absent"), "{message}");
}

#[test]
fn a_mistake_names_the_module_and_the_line() {
    let (model, line) = (model(), line!() + 1);
    let result = model.init(Key::new(0), |m| m.invoke("call", args![&x()]));
    let Err(Error::Invoke { class, method, problem, at }) = result else { panic!("no error") };
    assert_eq!((class, &*method), ("Model", "call"));
    assert_eq!((at.path.as_deref(), at.location.file(), at.location.line()), (Some("Model"), file!(), line));
    assert_eq!(problem.to_string(), "it takes 2 arguments, `call(x: &Tensor, train: bool)`, and was given 1");
    assert!(matches!(*problem, InvokeProblem::ArgumentCount { expected: 2, found: 1, .. }));
    assert!(message("call", args![&x(), true, 1]).ends_with("and was given 3"));
    assert!(message("nothing", args![1]).contains("it takes no arguments, `nothing()`, and was given 1"));
    assert_eq!(
        message("call", args![&x(), 1]),
        "`Model::call` cannot be invoked: the argument `train` is `i32`, `bool` was expected"
    );
    assert!(
        message("call", args![None, true]).contains("the argument `x` is `None`, `&Tensor` was expected")
    );
    assert!(message("sum", args![&vec![1.0]]).contains("`tensors` is `Vec<f64>`, `&[Tensor]` was expected"));
}

/// An error in a submodule has its path, and the tensor that carries it does not stop the model.
#[test]
fn a_mistake_in_a_submodule_has_its_path() {
    #[module]
    struct Outer {
        inner: Model,
    }
    #[compact]
    impl Outer {
        fn call(&self, x: &Tensor) -> Tensor {
            self.inner.invoke("encode", args![x, x]).into_tensor() + 1.0
        }
    }
    let error = Outer::new(model()).init(Key::new(0), |m| m.call(&x())).unwrap_err().to_string();
    assert!(error.starts_with(&format!("Outer/inner ({}:", file!())), "{error}");
}

#[test]
fn what_has_no_value_at_run_time_is_listed_and_refused() {
    for (method, obstacle) in [
        ("closure", "f: impl Fn(f64) -> f64"),
        ("any_tree", "T: Tree"),
        ("in_place", "values: &mut Vec<f64>"),
        ("object", "f: &dyn Fn(f64) -> f64"),
        ("boxed", "f: Box<dyn Fn(f64) -> f64>"),
        ("opaque", "opaque: Opaque"),
        ("labels", "-> Option<&str>"),
    ] {
        let arguments = if method == "labels" { args![] } else { args![Tensor::scalar(1.0)] };
        assert_eq!(
            message(method, arguments),
            format!(
                "`Model::{method}` cannot be invoked: `{obstacle}` is not supported in a call by name: call \
                 it as `|model| model.{method}(..)`"
            )
        );
        assert!(model().methods().iter().any(|listed| listed.name() == method));
    }
}

#[test]
fn outside_of_a_model_a_mistake_is_told_as_well() {
    let error = model().invoke("encod", args![]).into_tensor().evaluate().unwrap_err().to_string();
    assert!(error.contains("`Model::encod` cannot be invoked"), "{error}");
}

#[test]
fn a_method_by_name_is_captured_as_itself() {
    let options = Options::new().capture_intermediates(Capture::only(|_, _| true));
    let (_, updates) =
        model().apply_mut(&Variables::new(), options, |m| m.invoke("call", args![&x(), false])).unwrap();
    assert_eq!(updates["intermediates"].names().collect::<Vec<_>>(), ["call"]);
}

/// A function is a module with one method.
#[test]
fn a_function_goes_by_the_name_call() {
    #[compact]
    fn scale(x: &Tensor, #[field] by: f64) -> Tensor {
        x * by
    }
    let y =
        scale(2.0).apply(&Variables::new(), (), |m| m.invoke("call", args![Tensor::scalar(3.0)])).unwrap();
    assert_eq!(y.into_tensor().item::<f64>().unwrap(), 6.0);
}

/// Flax's `test_module_apply_method`: a method by a closure, or by its name, in `init` as in `apply`.
#[test]
fn module_apply_method() {
    static CALLED: AtomicBool = AtomicBool::new(false);
    #[module]
    struct Foo {
        not_callable: usize,
    }
    #[compact]
    impl Foo {
        fn call(&self) {}
        fn test(&self) {
            CALLED.store(true, Ordering::Relaxed);
        }
    }
    let foo = Foo::new(1);
    let nothing = Variables::new();
    foo.apply(&nothing, (), Foo::test).unwrap();
    assert!(CALLED.swap(false, Ordering::Relaxed));
    foo.apply(&nothing, (), |m| m.invoke("test", args![])).unwrap();
    assert!(CALLED.swap(false, Ordering::Relaxed));
    foo.init((), |m| m.invoke("test", args![])).unwrap();
    assert!(CALLED.load(Ordering::Relaxed));
    assert_eq!(foo.not_callable, 1);
    for name in ["allowed_apply_fn", "not_callable"] {
        let error = foo.apply(&nothing, (), |m| m.invoke(name, args![])).unwrap_err().to_string();
        assert!(error.ends_with("there is no such method: there are `call()` and `test()`"), "{error}");
    }
}

/// Flax's `test_module_apply_method_submodule`: the name of a field is the call of its module.
#[test]
fn module_apply_method_submodule() {
    let (model, x) = (model(), x());
    let variables = model.init(Key::new(0), |m| m.call(&x, true)).unwrap();
    let y = model.apply(&variables, (), |m| m.invoke("encoder", args![&x])).unwrap();
    assert_eq!(y.into_tensor().shape(), [1, 2]);
    let variables = model.init(Key::new(0), |m| m.invoke("blocks_1", args![&x])).unwrap();
    assert_eq!(variables.to_string(), "params:\n  blocks_1:\n    kernel: f32[3, 5]\n    bias: f32[5]");

    let error = model.apply(&variables, (), |m| m.invoke("encoder", args![])).unwrap_err().to_string();
    assert!(error.starts_with(&format!("Model/encoder ({}:{}", file!(), line!() - 1)), "{error}");
    assert!(error.ends_with("it takes one argument, `call(x: &Tensor)`, and was given 0"), "{error}");
}

/// A field whose module has no method `call` has no table.
#[test]
fn a_field_without_call_says_so() {
    #[module]
    struct Helper {}
    #[compact]
    impl Helper {
        fn encode(&self, x: &Tensor) -> Tensor {
            x.clone()
        }
    }
    #[module]
    struct Outer {
        helper: Helper,
    }
    #[compact]
    impl Outer {
        fn call(&self, x: &Tensor) -> Tensor {
            self.helper.encode(x)
        }
    }
    let error = Outer::new(Helper::new())
        .apply(&Variables::new(), (), |m| m.invoke("helper", args![&x()]))
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with("`Helper::call` cannot be invoked: there is no such method: there is nothing"),
        "{error}"
    );
}
