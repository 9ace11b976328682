//! `eval_shape`: the variables' types without values, and the error of `init`
//! if a value is missing.

use metamlp::prelude::*;
use metamlp::tensor::statistics::executed_nodes;
use metamlp::{Error, make_rng, param, variable};

#[compact]
fn mlp(x: &Tensor, #[field] hidden: usize) -> Tensor {
    let x = BatchNorm::new().use_running_average(false).call(&Dense::new(hidden).call(x));
    Dense::new(2).call(&x.tanh())
}

/// The line of the `Tensor::spec` below.
const SPEC_LINE: u32 = line!() + 3;

fn spec(shape: [usize; 2]) -> Tensor {
    Tensor::spec(shape, F32)
}

#[test]
fn names_shapes_and_dtypes_are_those_of_init() {
    let before = executed_nodes();
    let types = mlp(16).eval_shape(Key::new(0), |m| m.call(&spec([4, 7]))).unwrap();
    assert_eq!(executed_nodes(), before);
    let variables = mlp(16).init(Key::new(0), |m| m.call(&spec([4, 7]))).unwrap();
    assert_eq!(types.to_string(), variables.to_string());
    types.for_each(&mut |tensor| assert!(!tensor.is_concrete() && tensor.to_array::<f32>().is_err()));
}

/// Flax: `test_lazy_init`.
#[test]
fn a_gigantic_input_costs_nothing() {
    let model = Dense::new(1 << 20);
    let variables = model.eval_shape(Key::new(0), |m| m.call(&spec([1 << 40, 1 << 20]))).unwrap();
    assert_eq!(variables["params"]["kernel"].as_tensor().unwrap().shape(), [1 << 20, 1 << 20]);
    // `init` of a model whose parameters are small.
    let model = Dense::new(3);
    let variables = model.init(Key::new(0), |m| m.call(&spec([1 << 40, 2]))).unwrap();
    assert_eq!(variables["params"]["kernel"].as_tensor().unwrap().to_vec::<f32>().unwrap().len(), 6);
}

#[compact]
fn centred(x: &Tensor) -> Tensor {
    x - variable("stats", "mean", || x.mean([0])).get()
}

/// Flax: `test_lazy_init_fails_on_data_dependence`.
#[test]
fn a_first_value_that_depends_on_a_shape_alone() {
    let error = centred().init((), |m| m.call(&spec([8, 4]))).unwrap_err();
    let Error::LazyInit { variable, input, .. } = &error else { panic!("{error}") };
    assert_eq!((variable.as_str(), input.as_str()), ("stats/mean", "f32[8, 4]"));
    assert_eq!(
        error.to_string(),
        format!(
            "metamlp-core/tests/core/eval_shape.rs:{SPEC_LINE}: the first value of `stats/mean` depends on this \
             f32[8, 4], which has a shape but no value: give `init` the value, or ask `eval_shape` for shapes alone"
        )
    );
    let types = centred().eval_shape((), |m| m.call(&spec([8, 4]))).unwrap();
    assert_eq!(types.to_string(), "stats:\n  mean: f32[4]");
}

#[test]
fn no_initializer_runs() {
    #[compact]
    fn refuses(x: &Tensor) -> Tensor {
        let init = Initializer::new(|_, _, _| panic!("an initializer ran"));
        x + param("w", init, ([3], F64))
    }
    let types = refuses().eval_shape(Key::new(0), |m| m.call(&Tensor::spec([3], F32))).unwrap();
    assert_eq!(types.to_string(), "params:\n  w: f64[3]");
}

#[test]
fn mistakes_are_those_of_init() {
    let keyless = mlp(16).eval_shape((), |m| m.call(&spec([4, 7]))).unwrap_err();
    assert!(matches!(keyless, Error::MissingRng { .. }), "{keyless}");
    #[compact]
    fn ill_formed(x: &Tensor) -> Tensor {
        x.matmul(&param("w", initializers::ones(), [3, 5]))
    }
    let error = ill_formed().eval_shape(Key::new(0), |m| m.call(&spec([4, 7]))).unwrap_err();
    assert!(matches!(error, Error::Tensor(_)), "{error}");
}

#[test]
fn what_is_written_and_sown_is_abstract_too() {
    #[compact]
    fn busy(x: &Tensor) -> Tensor {
        let count = variable("stats", "count", || 0i32);
        count.update(|n| n + 1);
        let noise = random::normal(make_rng("noise"), x.shape());
        metamlp::sow("intermediates", "noise", noise);
        x * count.get().convert(F32)
    }
    let options = Options::new().rng("params", Key::new(0)).mutable(true).capture_intermediates(true);
    let types = busy().eval_shape(options, |m| m.call(&Tensor::ones([3], F32))).unwrap();
    assert_eq!(
        types.to_string(),
        "stats:\n  count: i32[]\nintermediates:\n  noise:\n    - 0: f32[3]\n  call:\n    - 0: f32[3]"
    );
    types.for_each(&mut |tensor| assert!(!tensor.is_concrete()));
}
