//! Reading variables in a line.

use metamlp::prelude::*;

pub(crate) fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.to_vec().unwrap()
}

/// The numbers' bits, for comparison with Flax's to the last one.
pub(crate) fn bits(tensor: &Tensor) -> Vec<u32> {
    numbers(tensor).into_iter().map(f32::to_bits).collect()
}

#[track_caller]
pub(crate) fn tensor(variables: &Variables, path: &str) -> Tensor {
    let found = variables.get(path).and_then(Entry::as_tensor);
    found.unwrap_or_else(|| panic!("no tensor {path} in\n{variables}")).clone()
}

#[track_caller]
pub(crate) fn at(variables: &Variables, path: &str) -> Vec<f32> {
    numbers(&tensor(variables, path))
}

/// The paths of all variables, sorted: what there is, whatever was asked for first.
pub(crate) fn paths(variables: &Variables) -> Vec<String> {
    let mut paths: Vec<_> = variables.tensors_with_paths().iter().map(|(path, _)| path.to_string()).collect();
    paths.sort_unstable();
    paths
}

/// The variables that `f` creates from key 0.
#[track_caller]
pub(crate) fn created<M: Module, R: Tree>(model: &M, f: impl FnOnce(&M) -> R) -> Variables {
    model.init(Key::new(0), f).unwrap_or_else(|error| panic!("{error}"))
}
