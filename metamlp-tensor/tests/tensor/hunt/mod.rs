//! The hunt for panics: random calls of every public function. Whatever the arguments are, a call gives a result or an
//! error, in a build that checks arithmetic for overflow.
//!
//! `METAMLP_HUNT_CALLS=10000000 cargo test -p metamlp-tensor --test tensor hunt` makes more calls. They begin with the
//! number `METAMLP_HUNT_FIRST`. With `METAMLP_HUNT_SHOW=1` each call is printed before its result is computed.

mod calls;
mod choices;
mod list;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use metamlp_tensor::{
    BF16, BOOL, Cost, DType, Element, F16, F32, F64, I32, Plan, Result, Tensor, U32, bf16, evaluate, f16,
    grad, jit, value_and_grad, value_and_grad_with_aux,
};
use ndarray::ArrayD;

use choices::Choices;

/// The calls that each run makes.
const CALLS: u64 = 20_000;
/// Results of more elements are not computed: the hunt is for odd arguments, not for large ones.
const MOST_ELEMENTS: usize = 1 << 16;
/// A call that takes longer is a fault. It is far more than a call needs on a busy machine.
const LONGEST: Duration = Duration::from_secs(10);

/// One call with all that can be done with its result. True if it has a value.
#[expect(clippy::print_stderr, reason = "the environment variable asks for it")]
fn call(number: u64, shows: bool) -> bool {
    let mut choices = Choices::new(number, None);
    let result = choices.result();
    if shows {
        eprintln!("call {number}: {} gives {result:?}", choices.called.join(", "));
    }
    let shown = format!("{result:?} {}", result.ty());
    assert!(!shown.is_empty());
    if result.size() > MOST_ELEMENTS {
        if result.error().is_none() {
            describe(&result);
        }
        return false;
    }
    let value = result.evaluate();
    match &value {
        Ok(()) => assert!(read(&result, &mut choices).is_ok(), "{shown}"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if choices.below(64) == 0 {
        describe(&result);
    }
    let first = choices.first.clone().filter(|first| first.is_concrete() && first.size() <= MOST_ELEMENTS);
    let Some(first) = first else { return value.is_ok() };
    // The same call once more, as a function of its first tensor.
    let again = move |x: &Tensor| Choices::new(number, Some(x.clone())).result();
    match choices.below(16) {
        0 | 1 => differentiate(&first, &again, &mut choices),
        2 => {
            let compiled = jit(move |x: Tensor| Ok(again(&x)));
            if let Ok(computed) = compiled(first) {
                assert_eq!(computed.ty(), result.ty());
            }
        }
        _ => {}
    }
    value.is_ok()
}

/// The cost and the plan of a tensor, which need no value.
fn describe(result: &Tensor) {
    let _ = (Cost::of(result, &()), Cost::of_vjp(result, &()));
    if let Ok(plan) = Plan::of(|()| Ok::<_, metamlp_tensor::Error>(result.clone()), &()) {
        assert!(plan.output_bytes() <= plan.peak_bytes().saturating_add(plan.input_bytes()));
        let _ = (plan.kernels(), plan.panel_bytes(), plan.to_string());
    }
}

/// The gradient of the sum of squares of `f` at `x`. It has the type of `x`.
fn differentiate(x: &Tensor, f: &dyn Fn(&Tensor) -> Tensor, choices: &mut Choices) {
    let loss = |x: &Tensor| f(x).convert(F32).square().sum_all();
    let gradient = match choices.below(3) {
        0 => grad(x, loss),
        1 => value_and_grad(x, loss).map(|(_, gradient)| gradient),
        _ => value_and_grad_with_aux(x, |x| Ok((loss(x), x.clone()))).map(|(_, gradient)| gradient),
    };
    if let Ok(gradient) = gradient {
        assert_eq!(gradient.ty(), x.ty());
    }
}

/// Reads the elements of a tensor that has been evaluated, in one of the ways.
fn read(x: &Tensor, choices: &mut Choices) -> Result<()> {
    match x.dtype() {
        DType::Bool => read_as::<bool>(x, choices),
        DType::I32 => read_as::<i32>(x, choices),
        DType::U32 => read_as::<u32>(x, choices),
        DType::F16 => read_as::<f16>(x, choices),
        DType::BF16 => read_as::<bf16>(x, choices),
        DType::F32 => read_as::<f32>(x, choices),
        DType::F64 => read_as::<f64>(x, choices),
    }
}

fn read_as<T: Element>(x: &Tensor, choices: &mut Choices) -> Result<()> {
    assert!(x.is_concrete());
    let count = match choices.below(8) {
        0 => x.to_array::<T>()?.len(),
        1 => x.view::<T>()?.len(),
        2 => ArrayD::<T>::try_from(x.clone())?.len(),
        3 => {
            let text = x.to_string();
            assert!(!text.is_empty());
            x.size()
        }
        4 => x.item::<T>().map_or(x.size(), |_| 1),
        5 => evaluate(x.clone())?.size(),
        _ => x.to_vec::<T>()?.len(),
    };
    assert_eq!(count, x.size());
    Ok(())
}

/// The value of an environment variable that is a number.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn no_call_panics() {
    let first = number("METAMLP_HUNT_FIRST").unwrap_or(0);
    let calls = number("METAMLP_HUNT_CALLS").unwrap_or(CALLS);
    let shows = number("METAMLP_HUNT_SHOW") == Some(1);
    let (mut values, mut panicked, mut slow) = (0, Vec::new(), Vec::new());
    for number in first..first + calls {
        let start = Instant::now();
        match catch_unwind(AssertUnwindSafe(|| call(number, shows))) {
            Ok(has_value) => values += u64::from(has_value),
            Err(_) => panicked.push(number),
        }
        if start.elapsed() > LONGEST {
            slow.push(number);
        }
        assert!(panicked.len() < 20, "these calls panicked: {panicked:?}");
    }
    assert!(panicked.is_empty(), "these calls panicked: {panicked:?}");
    assert!(slow.is_empty(), "these calls took more than {LONGEST:?}: {slow:?}");
    // The arguments are odd, but not so odd that nothing is computed.
    assert!(values >= calls / 3, "only {values} of {calls} calls have a value");
}

#[test]
fn the_hunt_reads_every_dtype() -> Result<()> {
    let mut choices = Choices::new(0, None);
    for dtype in [BOOL, I32, U32, F16, BF16, F32, F64] {
        for _ in 0..32 {
            let x = Tensor::ones([2, 3], dtype);
            x.evaluate()?;
            read(&x, &mut choices)?;
        }
    }
    Ok(())
}
