//! The operations behind some tensors, listed with operands before their users. A recording finds the program that was
//! compiled for equal operations, or is written out as the graph of a new one. Knows no compiled programs.

use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHasher};

use crate::graph::node::{Expression, Tensor, release};
use crate::graph::op::Op;
use crate::graph::post_order::{Pending, Walk, walk};
use crate::graph::{Graph, GraphNode, Id};

/// The operations behind some tensors. It copies no operation: comparing it with a graph reads the nodes themselves, so
/// that a model applied in a loop is looked up without building a graph.
pub(crate) struct Recording {
    lists: Lists,
    hash: u64,
}

/// The lists of a recording. The thread keeps them between recordings for their memory.
#[derive(Default)]
struct Lists {
    nodes: Vec<Recorded>,
    /// The operands of all nodes, one node after the other.
    operands: Vec<Id>,
    inputs: Vec<Id>,
    outputs: Vec<Id>,
    /// The id of each node, by its address.
    ids: FxHashMap<usize, Id>,
    pending: Pending<Tensor>,
    /// True if a program has computed one of the nodes before.
    has_computed: bool,
    /// Tensors that a program has computed before and that are computed again for a new one.
    repeated: Vec<Tensor>,
}

struct Recorded {
    tensor: Tensor,
    is_input: bool,
    /// The end of its operands in [`Lists::operands`]; they begin where those of the node before it end.
    operands_end: usize,
}

thread_local! {
    static SPARE: Cell<Option<Lists>> = const { Cell::new(None) };
}

impl Recording {
    /// Records the operations that compute `outputs`. The inputs are first the `arguments`, used or not, and then the
    /// other tensors with a value and placeholders, in the order in which the walk meets them.
    pub(crate) fn of(arguments: &[Tensor], outputs: &[Tensor]) -> Self {
        Self::since(0, arguments, outputs)
    }

    /// As [`of`](Recording::of). Tensors that were born at `since` or before are inputs, too, unless they depend on a
    /// placeholder or are literals.
    pub(crate) fn since(since: u64, arguments: &[Tensor], outputs: &[Tensor]) -> Self {
        let mut lists = SPARE.take().unwrap_or_default();
        let mut hasher = FxHasher::default();
        for argument in arguments {
            lists.input(argument.clone(), &mut hasher);
        }
        let mut pending = std::mem::take(&mut lists.pending);
        outputs.iter().rev().cloned().for_each(|output| pending.push(output));
        walk(&mut Recorder { lists: &mut lists, hasher: &mut hasher, since }, &mut pending);
        lists.pending = pending;
        if lists.has_computed {
            lists.find_repeated();
        }
        lists.outputs.extend(outputs.iter().map(|output| lists.ids[&output.address()]));
        lists.outputs.hash(&mut hasher);
        Self { lists, hash: hasher.finish() }
    }

    /// The hash of the program. Equal for equal programs.
    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    /// The tensors whose values are bound to the inputs, in order.
    pub(crate) fn inputs(&self) -> impl ExactSizeIterator<Item = &Tensor> {
        self.lists.inputs.iter().map(|&id| &self.lists.nodes[id as usize].tensor)
    }

    /// The tensors that a program has computed before without keeping their values, and that this one computes again for
    /// a tensor that is computed for the first time.
    pub(crate) fn repeated(&self) -> &[Tensor] {
        &self.lists.repeated
    }

    /// Remembers that the program has run: its tensors have been computed.
    pub(crate) fn set_computed(&self) {
        for Recorded { tensor: Tensor(node), is_input, .. } in &self.lists.nodes {
            // A node without another owner ends with the recording.
            if !is_input && Arc::strong_count(node) > 1 {
                node.set_computed();
            }
        }
    }

    /// True if `graph` is this program.
    pub(crate) fn is(&self, graph: &Graph) -> bool {
        let lists = &self.lists;
        lists.nodes.len() == graph.nodes.len()
            && lists.outputs == graph.outputs
            && lists.inputs == graph.inputs
            && self.nodes().zip(&graph.nodes).all(|((recorded, operands), node)| {
                recorded.tensor.0.ty == node.ty
                    && operands == &node.operands[..]
                    && recorded.op(|op| *op == node.op) == Some(true)
            })
    }

    /// The program as a graph. `None` if the recording is stale: another thread has evaluated one of the tensors since,
    /// and so dropped its operation.
    pub(crate) fn graph(&self) -> Option<Graph> {
        let mut graph = Graph::default();
        for (recorded, operands) in self.nodes() {
            let op = recorded.op(Op::clone)?;
            graph.nodes.push(GraphNode { op, operands: operands.into(), ty: recorded.tensor.0.ty.clone() });
        }
        graph.inputs.clone_from(&self.lists.inputs);
        graph.outputs.clone_from(&self.lists.outputs);
        Some(graph.verified("recording"))
    }

    fn nodes(&self) -> impl Iterator<Item = (&Recorded, &[Id])> {
        let mut begin = 0;
        self.lists.nodes.iter().map(move |recorded| {
            let operands = &self.lists.operands[begin..recorded.operands_end];
            begin = recorded.operands_end;
            (recorded, operands)
        })
    }
}

impl Graph {
    /// The graph of the [`Recording`] of `outputs`.
    pub(crate) fn of(arguments: &[Tensor], outputs: &[Tensor]) -> Self {
        loop {
            if let Some(graph) = Recording::of(arguments, outputs).graph() {
                return graph;
            }
        }
    }
}

/// The walk that fills the lists and hashes the program.
struct Recorder<'a> {
    lists: &'a mut Lists,
    hasher: &'a mut FxHasher,
    since: u64,
}

impl Recorder<'_> {
    /// True if the recording contains the operation of `tensor`; otherwise `tensor` is an input.
    fn is_inside(&self, tensor: &Tensor, op: &Op, operands: &[Tensor]) -> bool {
        let is_literal = || match op {
            Op::Constant(_) => true,
            Op::BroadcastInDim { .. } => operands
                .iter()
                .all(|x| matches!(&*x.0.expression(), Expression::Operation(Op::Constant(_), _))),
            _ => false,
        };
        tensor.0.born > self.since || tensor.0.is_abstract() || is_literal()
    }
}

impl Walk for Recorder<'_> {
    type Node = Tensor;

    #[inline]
    fn first(&mut self, tensor: Tensor, pending: &mut Pending<Tensor>) -> Option<Tensor> {
        let ids = &self.lists.ids;
        if ids.contains_key(&tensor.address()) {
            return None;
        }
        let is_inside = tensor.0.value.get().is_none()
            && match &*tensor.0.expression() {
                Expression::Operation(op, operands) if self.is_inside(&tensor, op, operands) => {
                    for operand in operands.iter().rev() {
                        if !ids.contains_key(&operand.address()) {
                            pending.push(operand.clone());
                        }
                    }
                    true
                }
                _ => false,
            };
        if is_inside {
            Some(tensor)
        } else {
            self.lists.input(tensor, self.hasher);
            None
        }
    }

    fn is_done(&self, tensor: &Tensor) -> bool {
        self.lists.ids.contains_key(&tensor.address())
    }

    #[inline]
    fn last(&mut self, tensor: Tensor) {
        let is_recorded = tensor.0.value.get().is_none()
            && match &*tensor.0.expression() {
                Expression::Operation(op, operands) if self.is_inside(&tensor, op, operands) => {
                    self.lists.has_computed |= tensor.0.was_computed();
                    self.lists.operation(op, operands, self.hasher);
                    true
                }
                _ => false,
            };
        if is_recorded {
            self.lists.push(tensor, false, self.hasher);
        } else {
            // Another thread has evaluated it since its first visit.
            self.lists.input(tensor, self.hasher);
        }
    }
}

impl Lists {
    /// Lists and hashes the operands of the node that is pushed next. All of them have been visited.
    #[inline]
    fn operation(&mut self, op: &Op, operands: &[Tensor], hasher: &mut FxHasher) {
        let begin = self.operands.len();
        let ids = &self.ids;
        self.operands.extend(operands.iter().map(|operand| ids[&operand.address()]));
        op.hash(hasher);
        self.operands[begin..].hash(hasher);
    }

    /// The tensors that have been computed before and are operands of one that has not. A view is cheap to repeat: it
    /// counts as a part of its users.
    fn find_repeated(&mut self) {
        let mut begin = 0;
        for user in &self.nodes {
            let operands = &self.operands[begin..user.operands_end];
            begin = user.operands_end;
            let is_new = || !user.tensor.0.was_computed() || user.op(Op::is_view) == Some(true);
            let computed = |&&operand: &&Id| {
                let Recorded { tensor, is_input, .. } = &self.nodes[operand as usize];
                !is_input && tensor.0.was_computed()
            };
            if user.is_input || !is_new() {
                continue;
            }
            for &operand in operands.iter().filter(computed) {
                let operand = &self.nodes[operand as usize];
                let is_cheap = |op: &Op| op.is_view() || matches!(op, Op::Constant(_) | Op::Iota { .. });
                if operand.op(is_cheap) == Some(false) {
                    self.repeated.push(operand.tensor.clone());
                }
            }
        }
    }

    fn input(&mut self, tensor: Tensor, hasher: &mut FxHasher) {
        Op::Input.hash(hasher);
        let id = self.push(tensor, true, hasher);
        self.inputs.push(id);
    }

    fn push(&mut self, tensor: Tensor, is_input: bool, hasher: &mut FxHasher) -> Id {
        tensor.0.ty.hash(hasher);
        let id = Id::try_from(self.nodes.len()).expect("a recording has fewer than 2^32 nodes");
        self.ids.insert(tensor.address(), id);
        self.nodes.push(Recorded { tensor, is_input, operands_end: self.operands.len() });
        id
    }
}

impl Recorded {
    /// Calls `f` with the operation. `None` if the node has been evaluated since, and the operation dropped.
    fn op<R>(&self, f: impl FnOnce(&Op) -> R) -> Option<R> {
        if self.is_input {
            return Some(f(&Op::Input));
        }
        match &*self.tensor.0.expression() {
            Expression::Operation(op, _) => Some(f(op)),
            _ => None,
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let mut lists = std::mem::take(&mut self.lists);
        release(lists.nodes.drain(..).map(|recorded| recorded.tensor));
        lists.operands.clear();
        lists.inputs.clear();
        lists.outputs.clear();
        lists.ids.clear();
        lists.repeated.clear();
        lists.has_computed = false;
        SPARE.set(Some(lists));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::F32;

    #[test]
    fn equal_programs_are_one_and_others_are_not() {
        let program = |shape: [usize; 2], factor: f64| {
            let x = Tensor::ones(shape, F32);
            Recording::of(&[], &[&x * factor + &x])
        };
        let first = program([2, 3], 2.0);
        let graph = first.graph().unwrap_or_default();
        assert_eq!(graph.outputs.len(), 1);
        for (shape, factor, is_equal) in [([2, 3], 2.0, true), ([3, 2], 2.0, false), ([2, 3], 3.0, false)] {
            let other = program(shape, factor);
            assert_eq!((other.is(&graph), other.hash() == first.hash()), (is_equal, is_equal));
        }
    }

    #[test]
    fn what_has_been_computed_meanwhile_is_recorded_anew() {
        let y = Tensor::ones([2], F32).exp();
        let z = &y + 1.0;
        let recording = Recording::of(&[], std::slice::from_ref(&z));
        assert!(y.evaluate().is_ok());
        assert!(recording.graph().is_none());
        assert_eq!(Recording::of(&[], &[z]).graph().map(|graph| graph.inputs.len()), Some(1));
    }

    #[test]
    fn arguments_are_inputs_used_or_not() {
        let (x, unused) = (Tensor::spec([2], F32), Tensor::spec([3], F32));
        let recording = Recording::of(&[unused.clone(), x.clone()], &[x.exp()]);
        let addresses: Vec<usize> = recording.inputs().map(Tensor::address).collect();
        assert_eq!(addresses, [unused.address(), x.address()]);
    }
}
