//! Wrong calls, and the line that their errors name: the one of the call, not one of the library.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::panic::Location;
use std::path::Path;

use metamlp_tensor::Tensor;

use super::public_functions::public_functions;

/// A call that must be refused, and what its error says.
#[derive(Clone)]
pub(super) struct WrongCall {
    function: &'static str,
    at: &'static Location<'static>,
    message: Option<String>,
}

/// Calls `function` by `call`, which must stand below this call and above the next one.
#[track_caller]
pub(super) fn wrong<R: Refused>(function: &'static str, call: impl FnOnce() -> R) -> WrongCall {
    WrongCall { function, at: Location::caller(), message: call().refusal() }
}

/// The result of a call that may be refused.
pub(super) trait Refused {
    fn refusal(self) -> Option<String>;
}

impl<T, E: Display> Refused for Result<T, E> {
    fn refusal(self) -> Option<String> {
        self.err().map(|error| error.to_string())
    }
}

impl Refused for Tensor {
    fn refusal(self) -> Option<String> {
        self.evaluate().refusal()
    }
}

/// The calls whose errors do not name their line. A topic's calls stand in one file, in the order of `calls`.
pub(super) fn misplaced(calls: &[WrongCall]) -> Vec<String> {
    let mut misplaced = Vec::new();
    for (i, call) in calls.iter().enumerate() {
        let end = match calls.get(i + 1) {
            Some(next) if next.at.file() == call.at.file() && next.at.line() > call.at.line() => {
                next.at.line()
            }
            _ => u32::MAX,
        };
        match &call.message {
            None => misplaced.push(format!("{} ({}): no error", call.function, call.at.line())),
            Some(message) => {
                let is_named = first_line(message).is_some_and(|(file, line)| {
                    file == call.at.file() && (call.at.line()..end).contains(&line)
                });
                if !is_named {
                    misplaced.push(format!("{} ({}): {message}", call.function, call.at.line()));
                }
            }
        }
    }
    misplaced
}

/// The file and the line that a message names first.
fn first_line(message: &str) -> Option<(&str, u32)> {
    let end = message.find(".rs:")? + ".rs".len();
    let start = message[..end].rfind([' ', '(']).map_or(0, |space| space + 1);
    let line: String = message[end + 1..].chars().take_while(char::is_ascii_digit).collect();
    Some((&message[start..end], line.parse().ok()?))
}

/// The public functions below `folder` that are neither among the calls nor in one of the groups of functions that
/// cannot fail, and the names that fit none. `Map::*` are all functions of `Map`.
pub(super) fn forgotten(folder: &Path, calls: &[WrongCall], cannot_fail: &[(&str, &[&str])]) -> Vec<String> {
    let functions = public_functions(folder);
    let called: BTreeSet<&str> = calls.iter().map(|call| call.function).collect();
    let listed: Vec<&str> = cannot_fail.iter().flat_map(|(_, group)| group.iter().copied()).collect();
    let fits = |listed: &str, function: &str| match listed.strip_suffix('*') {
        Some(of) => function.starts_with(of),
        None => function == listed,
    };
    let mut problems = Vec::new();
    for function in &functions {
        let is_listed = listed.iter().any(|listed| fits(listed, function));
        match (called.contains(function.as_str()), is_listed) {
            (false, false) => problems.push(format!("{function} has no wrong call")),
            (true, true) => problems.push(format!("{function} is listed as one that cannot fail, and fails")),
            _ => {}
        }
    }
    let is_unknown = |name: &&str| !functions.iter().any(|function| fits(name, function));
    let unknown = listed.iter().chain(&called).copied().filter(is_unknown);
    problems.extend(unknown.map(|name| format!("{name} is no public function")));
    problems
}
