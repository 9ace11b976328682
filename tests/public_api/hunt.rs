//! A hunt for panics: random calls of public functions. Whatever the arguments are, a call gives a result or an error, in a
//! build that checks arithmetic for overflow. `METAMLP_HUNT_CALLS=10000000` makes more calls than each run does.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use metamlp_tensor::{Tensor, Tree};

use super::choices::Choices;
use super::public_functions::public_functions;

/// A call with random arguments, and the tensors of its result.
pub(super) type Call = fn(&mut Choices) -> Vec<Tensor>;

/// Results of more elements are not computed: the hunt is for odd arguments, not for large ones.
pub(super) const MOST_ELEMENTS: usize = 1 << 16;

/// The tensors of a result. An error has a message.
pub(super) fn tensors<T: Tree, E: Display>(result: Result<T, E>) -> Vec<Tensor> {
    match result {
        Ok(tree) => tree.tensors(),
        Err(error) => {
            assert!(!error.to_string().is_empty());
            Vec::new()
        }
    }
}

/// Makes the calls number 0, 1, .. and returns the ones in which something panicked, with their functions.
pub(super) fn panicked(calls: &[(&'static str, Call)], most: u64) -> Vec<String> {
    let given = std::env::var("METAMLP_HUNT_CALLS").ok().and_then(|calls| calls.parse().ok());
    let numbers = 0..given.unwrap_or(most);
    let panicked = numbers.filter_map(|number: u64| {
        let mut choices = Choices(number.wrapping_mul(0xd134_2543_de82_ef95));
        let (function, call) = calls[choices.below(calls.len())];
        let run = AssertUnwindSafe(|| call(&mut choices).iter().for_each(evaluate));
        catch_unwind(run).is_err().then(|| format!("{function} in the call {number}"))
    });
    panicked.take(20).collect()
}

fn evaluate(result: &Tensor) {
    let size = result.shape().iter().try_fold(1usize, |size, &extent| size.checked_mul(extent));
    if size.is_none_or(|size| size > MOST_ELEMENTS) {
        return;
    }
    // Shows the values, or the error.
    assert!(!result.to_string().is_empty());
    if let Err(error) = result.evaluate() {
        assert!(!error.to_string().is_empty());
    }
}

/// The public functions below `folder` that are neither called nor listed, and the listed names that fit none.
/// `Map::*` are all functions of `Map`.
pub(super) fn not_hunted(folder: &Path, calls: &[(&'static str, Call)], not_called: &[&str]) -> Vec<String> {
    let functions = public_functions(folder);
    let fits = |listed: &str, function: &str| match listed.strip_suffix('*') {
        Some(of) => function.starts_with(of),
        None => function == listed,
    };
    let is_hunted = |function: &str| {
        calls.iter().any(|(called, _)| *called == function)
            || not_called.iter().any(|listed| fits(listed, function))
    };
    let mut problems: Vec<String> =
        functions.iter().filter(|function| !is_hunted(function)).cloned().collect();
    let named = calls.iter().map(|(called, _)| *called).chain(not_called.iter().copied());
    let unknown = named.filter(|name| !functions.iter().any(|function| fits(name, function)));
    problems.extend(unknown.map(|name| format!("{name} is no public function")));
    problems
}
