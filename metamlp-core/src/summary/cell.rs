//! Inputs, outputs and variables as the lines of a cell, in YAML.

use metamlp_tensor::{DType, Tensor};

use crate::module::inputs::{Input, Inputs};
use crate::variables::entry::{Entry, MOST_SHOWN};
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

/// An output; no lines if it holds no tensors. What is below the hundredth level is shown as `..`.
pub(super) fn of_entry(entry: &Entry) -> Vec<String> {
    at_level(0, entry)
}

fn at_level(level: usize, entry: &Entry) -> Vec<String> {
    match entry {
        Entry::Tensor(tensor) => vec![type_of(tensor)],
        _ if level == MOST_SHOWN => vec!["..".into()],
        Entry::Tuple(entries) => entries.iter().flat_map(|entry| item(inner(level + 1, entry))).collect(),
        Entry::Map(map) => map.iter().flat_map(|(name, entry)| named(level + 1, name, entry)).collect(),
    }
}

/// A module's variables, by name, as in Flax.
pub(super) fn variables(map: &Map) -> Vec<String> {
    of_entry(&sorted(0, map).into())
}

/// The map with its names in order, as far as it is shown.
fn sorted(level: usize, map: &Map) -> Map {
    if level == MOST_SHOWN {
        return map.clone();
    }
    let mut entries: Vec<(&str, Entry)> = map
        .iter()
        .map(|(name, entry)| match entry {
            Entry::Map(map) => (name, sorted(level + 1, map).into()),
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
fn inner(level: usize, entry: &Entry) -> Vec<String> {
    match entry {
        Entry::Tuple(entries) if entries.is_empty() => vec!["[]".into()],
        Entry::Map(map) if map.is_empty() => vec!["{}".into()],
        entry => at_level(level, entry),
    }
}

fn item(lines: Vec<String>) -> Vec<String> {
    let mark = |(i, line)| format!("{}{line}", if i == 0 { "- " } else { "  " });
    lines.into_iter().enumerate().map(mark).collect()
}

fn named(level: usize, name: &str, entry: &Entry) -> Vec<String> {
    let below = match entry {
        Entry::Tuple(entries) if !entries.is_empty() => at_level(level, entry),
        Entry::Map(map) if !map.is_empty() => {
            at_level(level, entry).into_iter().map(|line| format!("  {line}")).collect()
        }
        entry => return vec![format!("{name}: {}", inner(level, entry).concat())],
    };
    [vec![format!("{name}:")], below].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::tuple::Tuple;
    use metamlp_tensor::{F32, I32};

    #[test]
    fn trees_are_written_as_yaml() {
        let (x, n) = (Tensor::spec([16, 9], F32), Tensor::spec([], I32));
        let pair = Entry::from(vec![(&x).into(), Tuple::new().into()]);
        let map = Map::new().with("a", pair.clone()).with("b", Map::from([("c", n.clone())]));
        assert_eq!(of_entry(&(&x).into()), ["float32[16,9]"]);
        assert_eq!(of_entry(&map.clone().into()), ["a:", "- float32[16,9]", "- []", "b:", "  c: int32[]"]);
        let list = Entry::from(vec![map.into(), pair]);
        let expected =
            ["- a:", "  - float32[16,9]", "  - []", "  b:", "    c: int32[]", "- - float32[16,9]", "  - []"];
        assert_eq!(of_entry(&list), expected);
        assert!(of_entry(&Tuple::new().into()).is_empty());
    }

    #[test]
    fn deep_entries_are_cut_off() {
        let leaf = || Entry::from(Tensor::spec([2], F32));
        let map = (0..100_000).fold(Map::new().with("w", leaf()), |map, _| Map::new().with("m", map));
        let lines = variables(&map);
        assert_eq!((lines.len(), lines[MOST_SHOWN].trim()), (MOST_SHOWN + 1, ".."));
        let tuple = (0..100_000).fold(leaf(), |entry, _| vec![entry].into());
        assert_eq!(of_entry(&tuple), ["- ".repeat(MOST_SHOWN) + ".."]);
    }

    #[test]
    fn variables_are_in_the_order_of_their_names() {
        let tensor = Tensor::spec([3], F32);
        let map = Map::from([("kernel", &tensor), ("bias", &tensor)]);
        assert_eq!(variables(&map), ["bias: float32[3]", "kernel: float32[3]"]);
    }
}
