//! Cycles of imports among the files of a crate. The remaining ones are
//! listed with their reasons in `ARCHITECTURE.md`, and nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use super::modules::Crate;
use super::sources::{source, sources};

/// The heading of the list in `ARCHITECTURE.md`. A line of it is
/// "- `crate/src`: `a.rs`, `b/c.rs`. The reason."
const HEADING: &str = "## Cycles of imports";

/// Cycles that are not listed, and listed ones that are gone.
pub(super) fn unexpected_cycles() -> Vec<String> {
    let listed = listed();
    let crates = sources().iter().filter_map(|source| source.path.strip_suffix("/lib.rs"));
    let found: BTreeSet<String> = crates.flat_map(cycles).collect();
    let new = found.iter().filter(|cycle| !listed.contains_key(*cycle));
    let gone = listed.iter().filter(|(cycle, _)| !found.contains(*cycle));
    let mut problems: Vec<String> = new
        .map(|cycle| {
            format!("cut this cycle of imports, or list it in ARCHITECTURE.md:\n    - {cycle}. <reason>")
        })
        .collect();
    problems.extend(
        gone.map(|(cycle, _)| format!("no cycle any more, remove it from ARCHITECTURE.md:\n    - {cycle}")),
    );
    let unexplained = listed.iter().filter(|(_, reason)| reason.is_empty());
    problems
        .extend(unexplained.map(|(cycle, _)| format!("ARCHITECTURE.md gives no reason for\n    - {cycle}")));
    problems
}

/// The cycles that `ARCHITECTURE.md` lists, each with its reason.
fn listed() -> BTreeMap<String, String> {
    let text = &source("ARCHITECTURE.md").text;
    let (_, section) = text.split_once(HEADING).expect("ARCHITECTURE.md lists the cycles");
    let section = section.split("\n## ").next().expect("a split has a first part");
    let entry = |entry: &str| {
        let entry = entry.split_whitespace().collect::<Vec<_>>().join(" ");
        let (files, reason) = entry.split_once(". ").unwrap_or((&entry, ""));
        (files.to_owned(), reason.to_owned())
    };
    section.split("\n- ").skip(1).map(entry).collect()
}

/// The cycles of one crate as `ARCHITECTURE.md` writes them.
fn cycles(folder: &str) -> Vec<String> {
    let read = Crate::read(folder);
    let components = components(&read.imports());
    let name =
        |file: &&str| format!("`{}`", file.strip_prefix(folder).unwrap_or(file).trim_start_matches('/'));
    let line = |files: &Vec<&str>| {
        let files: Vec<_> = files.iter().map(name).collect();
        format!("`{folder}`: {}", files.join(", "))
    };
    components.iter().filter(|files| files.len() > 1).map(line).collect()
}

/// The strongly connected components of a graph (Tarjan 1972), each sorted.
fn components<'a>(graph: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Vec<Vec<&'a str>> {
    let mut search =
        Search { graph, number: BTreeMap::new(), low: BTreeMap::new(), stack: Vec::new(), found: Vec::new() };
    for node in graph.keys() {
        if !search.number.contains_key(node) {
            search.visit(node);
        }
    }
    search.found.sort();
    search.found
}

struct Search<'g, 'a> {
    graph: &'g BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// The order of the first visits.
    number: BTreeMap<&'a str, usize>,
    /// The least number on the stack that a node reaches; none once it is in a component.
    low: BTreeMap<&'a str, usize>,
    stack: Vec<&'a str>,
    found: Vec<Vec<&'a str>>,
}

impl<'a> Search<'_, 'a> {
    fn visit(&mut self, node: &'a str) {
        let number = self.number.len();
        self.number.insert(node, number);
        self.low.insert(node, number);
        self.stack.push(node);
        for next in self.graph.get(node).into_iter().flatten() {
            if !self.number.contains_key(next) {
                self.visit(next);
            }
            if let Some(&reached) = self.low.get(next) {
                let low = self.low.get_mut(node).expect("a node is left after its successors");
                *low = reached.min(*low);
            }
        }
        if self.low[node] == number {
            let start = self.stack.iter().position(|&other| other == node).expect("it is on the stack");
            let mut component = self.stack.split_off(start);
            component.iter().for_each(|done| _ = self.low.remove(done));
            component.sort_unstable();
            self.found.push(component);
        }
    }
}

#[test]
fn a_component_is_what_reaches_itself() {
    let edges =
        [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "e"), ("f", "e"), ("e", "f"), ("g", "a")];
    let mut graph = BTreeMap::<&str, BTreeSet<&str>>::new();
    for (from, to) in edges {
        graph.entry(from).or_default().insert(to);
    }
    assert_eq!(components(&graph), [vec!["a", "b", "c"], vec!["d"], vec!["e", "f"], vec!["g"]]);
}
