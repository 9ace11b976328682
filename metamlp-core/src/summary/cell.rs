//! Inputs, outputs and variables as the lines of a cell, in YAML.

use metamlp_tensor::{DType, Tensor};

use crate::module::inputs::{Input, Inputs};
use crate::variables::entry::Entry;
use crate::variables::map::Map;

/// The arguments: a single one by itself, several as a list.
pub(super) fn inputs(inputs: &Inputs) -> Vec<String> {
    let lines = |input: &Input| match input {
        Input::Tree(entry) => of_entry(entry),
        Input::Value(value) => vec![value.clone()],
    };
    match inputs.iter().len() {
        1 => inputs.iter().flat_map(|(_, input)| lines(input)).collect(),
        _ => inputs.iter().flat_map(|(_, input)| item(lines(input))).collect(),
    }
}

/// An output; no lines if it holds no tensors.
pub(super) fn of_entry(entry: &Entry) -> Vec<String> {
    match entry {
        Entry::Tensor(tensor) => vec![type_of(tensor)],
        Entry::Tuple(entries) => entries.iter().flat_map(|entry| item(inner(entry))).collect(),
        Entry::Map(map) => map.iter().flat_map(|(name, entry)| named(name, entry)).collect(),
    }
}

/// A module's variables, by name, as in Flax.
pub(super) fn variables(map: &Map) -> Vec<String> {
    of_entry(&sorted(map).into())
}

fn sorted(map: &Map) -> Map {
    let mut entries: Vec<(&str, Entry)> = map
        .iter()
        .map(|(name, entry)| match entry {
            Entry::Map(map) => (name, sorted(map).into()),
            other => (name, other.clone()),
        })
        .collect();
    entries.sort_by_key(|(name, _)| *name);
    entries.into_iter().collect()
}

/// A type as `float32[16,9]`, with NumPy's name of the dtype.
pub(super) fn type_of(tensor: &Tensor) -> String {
    let shape: Vec<String> = tensor.shape().iter().map(ToString::to_string).collect();
    format!("{}[{}]", dtype_name(tensor.dtype()), shape.join(","))
}

fn dtype_name(dtype: DType) -> &'static str {
    match dtype {
        DType::Bool => "bool",
        DType::I32 => "int32",
        DType::U32 => "uint32",
        DType::F16 => "float16",
        DType::BF16 => "bfloat16",
        DType::F32 => "float32",
        DType::F64 => "float64",
    }
}

/// Under a name or in a list, empty values are shown too.
fn inner(entry: &Entry) -> Vec<String> {
    match entry {
        Entry::Tuple(entries) if entries.is_empty() => vec!["[]".into()],
        Entry::Map(map) if map.is_empty() => vec!["{}".into()],
        entry => of_entry(entry),
    }
}

fn item(lines: Vec<String>) -> Vec<String> {
    let mark = |(i, line)| format!("{}{line}", if i == 0 { "- " } else { "  " });
    lines.into_iter().enumerate().map(mark).collect()
}

fn named(name: &str, entry: &Entry) -> Vec<String> {
    let below = match entry {
        Entry::Tuple(entries) if !entries.is_empty() => of_entry(entry),
        Entry::Map(map) if !map.is_empty() => {
            of_entry(entry).into_iter().map(|line| format!("  {line}")).collect()
        }
        entry => return vec![format!("{name}: {}", inner(entry).concat())],
    };
    [vec![format!("{name}:")], below].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use metamlp_tensor::{F32, I32};

    #[test]
    fn trees_are_written_as_yaml() {
        let (x, n) = (Tensor::spec([16, 9], F32), Tensor::spec([], I32));
        let pair = Entry::Tuple(vec![(&x).into(), Entry::Tuple(vec![])]);
        let map = Map::new().with("a", pair.clone()).with("b", Map::from([("c", n.clone())]));
        assert_eq!(of_entry(&(&x).into()), ["float32[16,9]"]);
        assert_eq!(of_entry(&map.clone().into()), ["a:", "- float32[16,9]", "- []", "b:", "  c: int32[]"]);
        let list = Entry::Tuple(vec![map.into(), pair]);
        let expected =
            ["- a:", "  - float32[16,9]", "  - []", "  b:", "    c: int32[]", "- - float32[16,9]", "  - []"];
        assert_eq!(of_entry(&list), expected);
        assert!(of_entry(&Entry::Tuple(vec![])).is_empty());
    }

    #[test]
    fn variables_are_in_the_order_of_their_names() {
        let tensor = Tensor::spec([3], F32);
        let map = Map::from([("kernel", &tensor), ("bias", &tensor)]);
        assert_eq!(variables(&map), ["bias: float32[3]", "kernel: float32[3]"]);
    }
}
