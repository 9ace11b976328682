//! The keys of a tree's tensors: the names of their paths joined by dots.

use std::collections::BTreeSet;

use metamlp_tensor::{Segment, Tensor, Tree, TreeVisitor};

use super::problem::{CheckpointProblem, MOST_HEADER, RESERVED};

/// The tensors of `tree` with their keys, in order.
pub(super) fn keyed(tree: &impl Tree) -> Result<Vec<(String, Tensor)>, CheckpointProblem> {
    let mut keys = Keys { at: Vec::new(), found: Vec::new(), bytes: 0, problem: None };
    tree.visit(&mut keys);
    if let Some(problem) = keys.problem {
        return Err(problem);
    }
    let mut seen = BTreeSet::new();
    if let Some((key, _)) = keys.found.iter().find(|(key, _)| !seen.insert(key)) {
        return Err(CheckpointProblem::DuplicateKey { key: key.clone() });
    }
    Ok(keys.found)
}

struct Keys {
    /// The names on the way to the part that is visited.
    at: Vec<String>,
    found: Vec<(String, Tensor)>,
    /// The length of all keys. It ends the collection: the paths of a deep tree can be far longer than the tree.
    bytes: u64,
    problem: Option<CheckpointProblem>,
}

impl Keys {
    /// The key of the part that is visited.
    fn key(&self) -> Result<String, CheckpointProblem> {
        let is_invalid = |name: &&String| name.is_empty() || name.contains('.');
        let reserved = self.at.first().filter(|name| self.at.len() == 1 && *name == RESERVED);
        if let Some(name) = self.at.iter().find(is_invalid).or(reserved) {
            let (path, name) = (self.at.join("/"), name.clone());
            return Err(CheckpointProblem::InvalidName { path, name });
        }
        // A tree that is a single tensor has an empty path, but a key must not be empty.
        Ok(if self.at.is_empty() { "tensor".to_owned() } else { self.at.join(".") })
    }
}

impl TreeVisitor for Keys {
    fn tensor(&mut self, tensor: &Tensor) {
        if self.problem.is_some() {
            return;
        }
        match self.key() {
            Ok(key) => {
                self.bytes += key.len() as u64;
                self.found.push((key, tensor.clone()));
                if self.bytes > MOST_HEADER {
                    self.problem = Some(CheckpointProblem::HeaderTooLarge { least: self.bytes });
                }
            }
            Err(problem) => self.problem = Some(problem),
        }
    }

    fn enter(&mut self, segment: Segment<'_>) {
        self.at.push(match segment {
            Segment::Name(name) => name.to_owned(),
            Segment::Index(index) => index.to_string(),
        });
    }

    fn leave(&mut self) {
        self.at.pop();
    }
}
