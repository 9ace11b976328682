//! The errors of a model and its variables, and their messages: place, found,
//! expected, and what to do.

use metamlp::Map;
use metamlp::prelude::*;
use metamlp::{Error, param};

fn x(features: usize) -> Tensor {
    Tensor::ones([4, features], F32)
}

/// Asserts that the error's text starts with this place in this file and contains `parts`.
#[track_caller]
fn tells(error: &Error, path: &str, parts: &[&str]) {
    let text = error.to_string();
    // Layers of the library are not to blame: the line is this file's.
    assert!(
        text.starts_with(&format!("{path} (metamlp-core/tests/core/errors.rs:")) || path.is_empty(),
        "{text}"
    );
    for part in parts {
        assert!(text.contains(part), "{text}\nlacks {part}");
    }
}

#[compact]
fn foo(x: &Tensor) -> Tensor {
    Dense::new(1).call(&Dense::new(16).call(x))
}

fn foo_variables() -> Variables {
    foo().init(Key::new(0), |m| m.call(&x(7))).unwrap()
}

/// Flax, of scopes: `test_inconsistent_param_shapes`.
#[test]
fn a_parameter_of_another_shape() {
    let error = foo().apply(&foo_variables(), (), |m| m.call(&x(8))).unwrap_err();
    let Error::ParamShape { name, expected, found, .. } = &error else { panic!("{error}") };
    assert_eq!(
        (name.as_str(), expected.as_slice(), found.as_slice()),
        ("kernel", &[8, 16][..], &[7, 16][..])
    );
    tells(
        &error,
        "Foo/Dense_1",
        &["`kernel` is [7, 16] in the variables, [8, 16] was asked for", "the input is f32[4, 8]"],
    );
}

/// Flax, of scopes: `test_empty_col_error`.
#[test]
fn a_collection_that_is_not_there() {
    for variables in [Variables::new(), Variables::from_params(Map::new())] {
        let error = foo().apply(&variables, (), |m| m.call(&x(7))).unwrap_err();
        assert!(matches!(error, Error::CollectionNotFound { .. }), "{error}");
        tells(&error, "Foo/Dense_1", &["no collection `params`", "pass what `init` returned"]);
    }
    let typo = foo_variables().params().clone();
    let error = foo().apply(&Variables::new().with("param", typo), (), |m| m.call(&x(7))).unwrap_err();
    tells(&error, "Foo/Dense_1", &["did you mean `param`?"]);
}

/// Flax, of scopes: `test_undefined_param`, `test_apply_variables_bad_pytree`.
#[test]
fn a_parameter_that_is_not_there() {
    let mut params = foo_variables().params().clone();
    let mut dense = params.remove("Dense_1").unwrap().as_map().unwrap().clone();
    let kernel = dense.remove("kernel").unwrap();
    dense.insert("kernal", kernel);
    params.insert("Dense_1", dense);
    let error = foo().apply(&Variables::from_params(params), (), |m| m.call(&x(7))).unwrap_err();
    assert!(matches!(&error, Error::VariableNotFound { variable, .. } if variable == "kernel"), "{error}");
    tells(&error, "Foo/Dense_1", &["`kernel` is not among", "did you mean `kernal`?"]);

    let doubled = Variables::from_params(Map::new().with("params", foo_variables().params().clone()));
    let error = foo().apply(&doubled, (), |m| m.call(&x(7))).unwrap_err();
    tells(&error, "Foo/Dense_1", &["`params` holds another `params`"]);
}

#[test]
fn a_parameter_that_is_no_tensor() {
    let params = Map::new().with("kernel", Map::new()).with("bias", 1.0f32);
    let error = Dense::new(2).apply(&Variables::from_params(params), (), |m| m.call(&x(7))).unwrap_err();
    assert!(matches!(error, Error::WrongKind { .. }), "{error}");
    tells(&error, "Dense", &["`kernel` in `params` is a map, a tensor was expected"]);
}

#[compact]
fn normalised(x: &Tensor) -> Tensor {
    BatchNorm::new().use_running_average(false).call(x)
}

#[test]
fn a_write_to_an_immutable_collection() {
    let model = normalised();
    let variables = model.init(Key::new(0), |m| m.call(&x(3))).unwrap();
    let error = model.apply(&variables, (), |m| m.call(&x(3))).unwrap_err();
    assert!(
        matches!(&error, Error::ImmutableCollection { collection, .. } if collection == "batch_stats"),
        "{error}"
    );
    tells(&error, "Normalised/BatchNorm_0", &["use `apply_mut` with `.mutable([\"batch_stats\"])`"]);

    let error =
        model.apply_mut(&variables, Options::new().mutable("batch_stat"), |m| m.call(&x(3))).unwrap_err();
    tells(&error, "Normalised/BatchNorm_0", &["mutable is [\"batch_stat\"], did you mean `batch_stat`?"]);
}

#[test]
fn mutable_collections_in_apply() {
    let model = normalised();
    for options in [Options::new().mutable("batch_stats"), Options::new().capture_intermediates(true)] {
        let error = model.apply(&Variables::new(), options, |m| m.call(&x(3))).unwrap_err();
        assert!(matches!(error, Error::MutableInApply { .. }), "{error}");
        tells(&error, "", &["errors.rs:", "use `apply_mut`"]);
    }
    assert!(model.apply(&Variables::new(), Options::new().mutable(false), |_| ()).is_ok());
}

/// Flax: `test_call_unbound_compact_module_methods`, `.._has_variable`, `.._make_rng`, `.._variables`.
#[test]
fn a_call_outside_of_a_scope() {
    let y = foo().call(&x(7));
    assert_eq!(y.shape(), [4, 1]);
    let error = Error::from(y.evaluate().unwrap_err());
    assert!(matches!(error, Error::OutsideScope { class: "Dense", .. }), "{error}");
    tells(
        &error,
        "",
        &[
            "tests/core/errors.rs:",
            "Dense asked for the parameter `kernel` outside of init and apply",
            "model.apply(&variables",
        ],
    );
    assert!(foo().make_rng("noise").words().is_err());
    assert!(!foo().sow("intermediates", "x", 1.0f32));
    assert_eq!(foo().get_variable("params", "w").map(|_| ()), None);
    assert!(param("w", initializers::ones(), [3]).evaluate().is_err());
}

#[test]
fn a_module_called_outside_of_any_method() {
    let model = foo();
    let error = model.init(Key::new(0), |_| Dense::new(2).call(&x(7))).unwrap_err();
    assert!(matches!(error, Error::OutsideMethod { class: "Dense", .. }), "{error}");
    tells(&error, "Foo", &["make it a field"]);
}

#[test]
fn an_initializer_of_another_shape() {
    #[compact]
    fn wrong(x: &Tensor) -> Tensor {
        let first_row = Initializer::new(|_, shape, dtype| Tensor::zeros(&shape[..1], dtype));
        x.matmul(&param("w", first_row, [7, 2]))
    }
    let error = wrong().init(Key::new(0), |m| m.call(&x(7))).unwrap_err();
    assert!(matches!(error, Error::InitializerShape { .. }), "{error}");
    tells(&error, "Wrong", &["returned [7], [7, 2] was asked for"]);
}

#[test]
fn the_first_mistake_is_told_and_an_ill_formed_tensor_before_what_follows_from_it() {
    #[compact]
    fn ill_formed(x: &Tensor) -> Tensor {
        Dense::new(2).call(&x.matmul(&Tensor::zeros([3, 5], F32)))
    }
    let model = ill_formed();
    let variables = model.init(Key::new(0), |m| m.call(&x(3))).unwrap();
    let error = model.apply(&variables, (), |m| m.call(&x(4))).unwrap_err();
    assert!(matches!(error, Error::Tensor(_)), "{error}");
    tells(&error, "IllFormed", &["errors.rs:"]);
    // Also where nothing depends on the tensor: init evaluates no output.
    assert!(matches!(model.init(Key::new(0), |m| m.call(&x(4))), Err(Error::Tensor(_))));
}

#[test]
fn layers_say_what_they_need() {
    let error = BatchNorm::new().init(Key::new(0), |m| m.call(&x(3))).unwrap_err();
    tells(&error, "BatchNorm", &["use_running_average is not set"]);
    let error =
        BatchNorm::new().axis(2).use_running_average(true).init(Key::new(0), |m| m.call(&x(3))).unwrap_err();
    tells(&error, "BatchNorm", &["axis is 2, expected distinct axes of the input, f32[4, 3]"]);
    let error = Dense::new(2).init(Key::new(0), |m| m.call(&Tensor::scalar(1.0f32))).unwrap_err();
    tells(&error, "Dense", &["rank is 0"]);
}

#[test]
fn an_error_inside_of_a_gradient_is_the_same_error() {
    let variables = foo_variables();
    let result = value_and_grad(variables.params(), |params| {
        let variables = Variables::from_params(params.clone());
        Ok(foo().apply(&variables, (), |m| m.call(&x(8)))?.sum_all())
    });
    let error = Error::from(result.unwrap_err());
    assert!(matches!(error, Error::ParamShape { .. }), "{error}");
}

#[test]
#[should_panic(expected = "there is no \"kernal\" here: did you mean `kernel`?")]
fn indexing_by_a_name_that_is_not_there() {
    let _ = &foo_variables()["params"]["Dense_0"]["kernal"];
}

/// The text with `_` for the number of each line.
fn without_lines(error: &Error) -> String {
    let text = error.to_string();
    let mut parts = text.split("tests/core/errors.rs:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + "tests/core/errors.rs:_" + part.trim_start_matches(|digit: char| digit.is_ascii_digit())
    })
}

#[test]
fn whole_messages() {
    let error = foo().apply(&foo_variables(), (), |m| m.call(&x(8))).unwrap_err();
    assert_eq!(
        without_lines(&error),
        "Foo/Dense_1 (metamlp-core/tests/core/errors.rs:_): `kernel` is [7, 16] in the variables, [8, 16] was asked \
         for: the input is f32[4, 8]"
    );
    let error = foo().init((), |m| m.call(&x(7))).unwrap_err();
    assert_eq!(
        without_lines(&error),
        "Foo/Dense_1 (metamlp-core/tests/core/errors.rs:_): there is no random stream `params`: give it as \
         `.rng(\"params\", key)`; there is nothing"
    );
    let error = foo().apply(&Variables::new(), (), |m| m.call(&x(7))).unwrap_err();
    assert_eq!(
        without_lines(&error),
        "Foo/Dense_1 (metamlp-core/tests/core/errors.rs:_): there is no collection `params` among the variables to \
         find `kernel` in: pass what `init` returned, or list `params` in `.mutable(..)` to create it; there is nothing"
    );
}
