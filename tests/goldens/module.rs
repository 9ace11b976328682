//! The comparisons of every module: initial variables, outputs, updated collections
//! and gradients.

use std::collections::BTreeMap;

use libtest_mimic::Failed;
use metamlp::prelude::*;
use serde_json::Value;

use crate::case::{Array, Case, Values};
use crate::compare::{Tolerance, compare};

/// For sums of tens of terms of order one in another order.
const TOLERANCE: Tolerance = Tolerance::Near { relative: 1e-5, absolute: 1e-5 };

/// Compares all recorded arrays. `init` and `call` call the module
/// with the arguments, as `module.init` and `module.apply` did.
pub(crate) fn run<M: Module, R: Tree>(
    case: &Case,
    module: &M,
    init: impl Fn(&M, &[Tensor]) -> R,
    call: impl Fn(&M, &[Tensor]) -> R,
) -> Result<(), Failed> {
    let arguments = (0..case.count("n_args")?)
        .map(|i| Ok(case.array(&format!("arg/{i}"))?.as_tensor()))
        .collect::<Result<Vec<_>, Failed>>()?;
    let variables = module.init(rngs(case, "init_rngs")?, |m| init(m, &arguments))?;
    compare_leaves(case, "init", &leaves(&variables), |path, _| initial_tolerance(case, path))?;

    let options = options(case)?;
    let output = if case.field("mutable") == false {
        module.apply(&variables, options.clone(), |m| call(m, &arguments))?
    } else {
        let (output, updates) = module.apply_mut(&variables, options.clone(), |m| call(m, &arguments))?;
        compare_leaves(case, "updates", &leaves(&updates), |_, _| TOLERANCE)?;
        output
    };
    for (i, output) in output.tensors().iter().enumerate() {
        let role = format!("out/{i}");
        compare(&role, output, case.array(&role)?, TOLERANCE)?;
    }

    // The gradient of the first output with respect to the parameters and all float arguments.
    let cotangent = case.array("cotangent")?.as_tensor();
    let is_float = |x: &Tensor| x.dtype().is_float();
    let floats: Vec<Tensor> = arguments.iter().filter(|x| is_float(x)).cloned().collect();
    let (params, floats) = grad(&(variables.params().clone(), floats), |(params, floats)| {
        let mut floats = floats.iter();
        let pick = |x: &Tensor| if is_float(x) { floats.next().unwrap_or(x).clone() } else { x.clone() };
        let arguments: Vec<Tensor> = arguments.iter().map(pick).collect();
        let variables = variables.clone().with_params(params.clone());
        let (output, _) = module.apply_mut(&variables, options.clone(), |m| call(m, &arguments))?;
        let weighted = output.tensors().first().map(|first| first * &cotangent);
        metamlp_tensor::Result::Ok(weighted.unwrap_or_else(|| Tensor::zeros([], F32)).sum_all())
    })?;
    compare_leaves(case, "grad", &leaves(&params), |_, expected| of_gradient(expected))?;
    for (i, gradient) in floats.iter().enumerate() {
        let role = format!("grad_arg/{i}");
        let expected = case.array(&role)?;
        compare(&role, gradient, expected, of_gradient(expected))?;
    }
    Ok(())
}

/// An element of a gradient is a sum in which larger terms may cancel. Flax's own
/// gradient of a kernel in `transformer` differs by 9e-5 from double precision; its
/// largest element is 49.
fn of_gradient(expected: &Array) -> Tolerance {
    let Values::F32(values) = &expected.values else { return TOLERANCE };
    let greatest = values.iter().fold(0.0, |greatest: f64, value| greatest.max(f64::from(value.abs())));
    Tolerance::Near { relative: 1e-5, absolute: f64::max(1e-5, 1e-6 * greatest) }
}

/// Initial values are equal to the bit, except where QR or a folded constant differs.
fn initial_tolerance(case: &Case, path: &str) -> Tolerance {
    let is_normed = case.field("model").as_str().is_some_and(|model| model.ends_with("Normed"));
    let of = |part: &str| path.split('/').any(|segment| segment == part);
    match path {
        // Sown values are computed, not drawn.
        path if path.starts_with("losses/") => TOLERANCE,
        // Drawn values are normalised: sums of squares in another order.
        path if is_normed && (path.ends_with("/kernel") || path.starts_with("batch_stats/")) => TOLERANCE,
        path if path.ends_with("/kernel") && RECURRENT.iter().any(|name| of(name)) => TOLERANCE,
        _ => Tolerance::Bits,
    }
}

/// The orthogonal kernels of cells.
const RECURRENT: [&str; 9] = ["h", "hi", "hf", "hg", "ho", "hr", "hz", "hn", "hh"];

/// The keys of the streams in `field` of the description.
fn rngs(case: &Case, field: &str) -> Result<Rngs, Failed> {
    let streams = case.field(field).as_object().ok_or_else(|| format!("`{field}` is not an object"))?;
    let key =
        |seed: &Value| seed.as_i64().map(Key::new).ok_or_else(|| format!("`{field}` holds the seed {seed}"));
    let keys = streams.iter().map(|(name, seed)| Ok((name.as_str(), key(seed)?)));
    Ok(Rngs::new(keys.collect::<Result<Vec<_>, String>>()?))
}

/// The options of `apply`.
fn options(case: &Case) -> Result<Options, Failed> {
    let options = Options::new().rngs(rngs(case, "apply_rngs")?);
    let options = options.capture_intermediates(case.field("capture_intermediates") == true);
    Ok(match case.field("mutable").as_array() {
        None => options,
        Some(names) => {
            options.mutable(names.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>())
        }
    })
}

fn leaves(tree: &impl Tree) -> BTreeMap<String, Tensor> {
    tree.tensors_with_paths().into_iter().map(|(path, tensor)| (path.to_string(), tensor)).collect()
}

/// Checks that the leaves have exactly the paths of the role, and agree.
fn compare_leaves(
    case: &Case,
    role: &str,
    found: &BTreeMap<String, Tensor>,
    tolerance: impl Fn(&str, &Array) -> Tolerance,
) -> Result<(), Failed> {
    let expected: BTreeMap<String, String> =
        case.paths(role).into_iter().map(|path| (path.replace("__call__", "call"), path)).collect();
    if !found.keys().eq(expected.keys()) {
        return Err(format!("{role} has {:?}, expected {:?}", found.keys(), expected.keys()).into());
    }
    for (tensor, path) in found.values().zip(expected.values()) {
        let role = format!("{role}/{path}");
        let expected = case.array(&role)?;
        compare(&role, tensor, expected, tolerance(path, expected))?;
    }
    Ok(())
}
