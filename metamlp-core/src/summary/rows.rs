//! Builds the rows of a table from the recorded calls: selects them, assigns variables and costs.

use std::collections::{BTreeMap, BTreeSet};

use metamlp_tensor::{Cost, Tensor, Tree};

use super::{Row, Size, Table};
use crate::module::inputs::{Input, Inputs};
use crate::module::record::CallRecord;
use crate::variables::Variables;
use crate::variables::entry::Entry;
use crate::variables::map::Map;

pub(super) fn rows(table: &Table) -> Vec<Row> {
    let is_shown = |path: &str| table.depth.is_none_or(|deepest| names(path).count() <= deepest);
    let called: BTreeSet<&str> = table.calls.iter().map(|call| &*call.path).collect();
    let counting: BTreeSet<&str> = called.iter().copied().filter(|path| is_shown(path)).collect();
    let applied: BTreeMap<_, _> = numbered(&table.applied).into_iter().collect();
    let mut seen = BTreeSet::new();
    let mut rows = Vec::new();
    for (number, call) in numbered(&table.calls) {
        let path = &*call.path;
        let is_first = seen.insert(path);
        if !is_shown(path) || !(is_first || table.show_repeated) {
            continue;
        }
        let own = |others| {
            if is_first { without(&table.variables, path, others) } else { Variables::new() }
        };
        let counted = own(&counting);
        let size = |name| counted.collection(name).map_or_else(Size::default, Size::of);
        let [flops, vjp_flops] = costs(table, applied.get(&number).copied());
        rows.push(Row {
            path: path.to_owned(),
            class: call.class,
            method: call.method,
            inputs: call.inputs.clone(),
            output: call.output.clone(),
            variables: own(&called),
            sizes: table.collections().map(|name| (name.to_owned(), size(name))).collect(),
            flops,
            vjp_flops,
        });
    }
    rows
}

/// Identifies each call by module, method and the number of earlier calls of it.
fn numbered(calls: &[CallRecord]) -> Vec<((&str, &str, usize), &CallRecord)> {
    let mut numbered = Vec::with_capacity(calls.len());
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for call in calls {
        let count = counts.entry((&call.path, call.method)).or_default();
        numbered.push(((&*call.path, call.method, *count), call));
        *count += 1;
    }
    numbered
}

/// FLOPs of a call of `apply`: forward, and forward with backward.
fn costs(table: &Table, call: Option<&CallRecord>) -> [Option<u64>; 2] {
    let Some(call) = call else { return [None, None] };
    // The walk ends at variables of other modules, too: one may be shared with them.
    let inputs = (tensors(&call.inputs), call.before.clone());
    let outputs = (call.output.clone(), at_path(&call.after, &call.path));
    [
        table.flops.then(|| Cost::of(&outputs, &inputs).flops),
        table.vjp_flops.then(|| Cost::of_vjp(&outputs, &inputs).flops),
    ]
}

fn tensors(inputs: &Inputs) -> Vec<Tensor> {
    let trees = inputs.iter().filter_map(|(_, input)| match input {
        Input::Tree(entry) => Some(entry.tensors()),
        Input::Value(_) => None,
    });
    trees.flatten().collect()
}

fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty())
}

/// The variables of the module at `path` and of all modules below it.
fn at_path(variables: &Variables, path: &str) -> Variables {
    let mut part = Variables::new();
    for (collection, map) in variables.iter() {
        let found = names(path).try_fold(map, |map, name| map.own(name)?.as_map());
        if let Some(map) = found {
            part.insert(collection, map.clone());
        }
    }
    part
}

/// The variables of the module at `path` without those of `others` below it.
fn without(variables: &Variables, path: &str, others: &BTreeSet<&str>) -> Variables {
    let mut own = Variables::new();
    for (collection, map) in at_path(variables, path).iter() {
        own.insert(collection, pruned(map, path, others));
    }
    own
}

fn pruned(map: &Map, path: &str, others: &BTreeSet<&str>) -> Map {
    let mut kept = Map::new();
    for (name, entry) in map.iter() {
        let below = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        if others.contains(&*below) {
            continue;
        }
        // A map without a module below it stays whole: it may be nested more deeply than modules are.
        let within = format!("{below}/");
        let has_others = others.range(&*within..).next().is_some_and(|other| other.starts_with(&within));
        match entry {
            Entry::Map(map) if has_others => {
                let map = pruned(map, &below, others);
                if !map.is_empty() {
                    kept.insert(name, map);
                }
            }
            entry => {
                kept.insert(name, entry.clone());
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use metamlp_tensor::F32;

    fn call(path: &str, class: &'static str) -> CallRecord {
        CallRecord {
            path: path.to_owned(),
            class,
            method: "call",
            inputs: Inputs::default(),
            output: None,
            before: Variables::new(),
            after: Variables::new(),
        }
    }

    #[test]
    fn a_module_below_one_that_is_not_called_counts_once() {
        // Flax counts `inner/dense` in the model's row, too.
        let dense = Map::from([("kernel", Tensor::spec([2, 3], F32))]);
        let inner = Map::new().with("dense", dense).with("scale", Tensor::spec([5], F32));
        let mut table = Table {
            class: "Outer",
            calls: vec![call("", "Outer"), call("inner/dense", "Dense")],
            applied: Vec::new(),
            variables: Variables::from_params(Map::new().with("inner", inner)),
            depth: None,
            show_repeated: false,
            flops: false,
            vjp_flops: false,
        };
        let sizes = |table: &Table| rows(table).iter().map(|row| row.total().count).collect::<Vec<_>>();
        assert_eq!(sizes(&table), [5, 6]);
        assert_eq!(rows(&table)[0].variables.to_string(), "params:\n  inner:\n    scale: f32[5]");
        // The model's row, a branch for `inner`, and one for `inner/dense`.
        assert_eq!(table.to_html().matches("<details").count(), 3);
        table.depth = Some(1);
        assert_eq!(sizes(&table), [11]);
    }
}
