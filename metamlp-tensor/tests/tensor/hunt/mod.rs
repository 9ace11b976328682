//! The hunt for panics: random calls of every public function of tensors. Whatever the arguments are, a call gives a tensor
//! or an error, in a build that checks arithmetic for overflow.
//!
//! `METAMLP_HUNT_CALLS=10000000 cargo test -p metamlp-tensor --test tensor hunt` makes more calls.

mod calls;
mod choices;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use metamlp_tensor::{Error, Tensor, grad};

use calls::calls;
use choices::Choices;

/// The calls that each run makes.
const CALLS: u64 = 20_000;
/// Results of more elements are not computed: the hunt is for odd arguments, not for large ones.
const MOST_ELEMENTS: usize = 1 << 16;

/// One call, and the evaluation of its result and of a gradient.
fn call(number: u64) {
    let calls: Vec<_> = calls().collect();
    let mut choices = Choices(number.wrapping_mul(0xd134_2543_de82_ef95));
    let (_, function) = calls[choices.below(calls.len())];
    let result = function(&mut choices);
    let _ = result.to_string().len() + result.shape().len();
    if result.size() > MOST_ELEMENTS {
        return;
    }
    let value = result.evaluate();
    if let Err(error) = &value {
        assert!(!error.to_string().is_empty());
    }
    if value.is_ok() && result.dtype().is_float() && choices.below(4) == 0 {
        // Of the same function once more, through its first operand.
        let gradient = grad(&result, |x: &Tensor| x.square().sum_all());
        assert!(gradient.is_ok() || matches!(gradient, Err(Error::NoValue { .. })));
    }
}

#[test]
fn no_call_panics() {
    let most = std::env::var("METAMLP_HUNT_CALLS").ok().and_then(|calls| calls.parse().ok()).unwrap_or(CALLS);
    let panicked: Vec<u64> = (0..most)
        .filter(|&number| catch_unwind(AssertUnwindSafe(|| call(number))).is_err())
        .take(20)
        .collect();
    assert!(panicked.is_empty(), "these calls panicked: {panicked:?}");
}

/// Names of functions that take no part: they read, configure or only wrap others.
const NOT_CALLED: &[&str] = &[
    "base_dilation",
    "block",
    "dtype",
    "error",
    "evaluate",
    "feature_group_count",
    "from_rng",
    "from_words",
    "is_concrete",
    "item",
    "lhs_dilation",
    "new",
    "padding",
    "poison",
    "rank",
    "rhs_dilation",
    "rng",
    "shape",
    "size",
    "strides",
    "to_array",
    "to_tensor",
    "to_vec",
    "ty",
    "view",
    "window_dilation",
    "window_strides",
    "words",
    "fill_split",
    "fill",
];

#[test]
fn every_public_function_is_called() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut names = BTreeSet::new();
    let mut folders = vec![source.join("tensor"), source.join("random")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                names.extend(public_functions(&std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    let called: BTreeSet<String> = calls().map(|(name, _)| (*name).to_owned()).collect();
    names.retain(|name| !called.contains(name) && !NOT_CALLED.contains(&name.as_str()));
    assert!(names.is_empty(), "add these functions to the hunt, or to NOT_CALLED: {names:?}");
}

/// The names after `pub fn`, and those that the macros of functions are given.
fn public_functions(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    for line in source.lines() {
        let line = line.trim();
        let name = |text: &str| -> String {
            text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
        };
        if let Some(rest) = line.strip_prefix("pub fn ") {
            names.push(name(rest));
        } else if line.ends_with(';') && line.contains(" => ") && !line.contains('(') {
            names.push(name(line));
        } else if line.ends_with(';') && line.contains("_keepdims, ") {
            names.extend(line.trim_end_matches(';').split(", ").map(str::to_owned));
        }
    }
    names.retain(|name| !name.is_empty());
    names
}
