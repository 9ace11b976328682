//! A program as a flat list: operands precede their users, an id is an index,
//! so that every pass over it is one loop. Knows no values.

use std::fmt;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::node::{Expression, Operands, Tensor};
use crate::op::Op;
use crate::shape::Type;

/// The index of a node in its graph.
pub(crate) type Id = u32;

/// One operation of a graph.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GraphNode {
    pub(crate) op: Op,
    pub(crate) operands: SmallVec<[Id; 3]>,
    pub(crate) ty: Type,
}

/// A program: inputs in, outputs out. Compares and hashes by structure, so it
/// is its own key in the cache of plans.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<GraphNode>,
    /// The [`Op::Input`] nodes, in the order in which values are bound to them.
    pub(crate) inputs: Vec<Id>,
    pub(crate) outputs: Vec<Id>,
}

impl Graph {
    pub(crate) fn push(&mut self, node: GraphNode) -> Id {
        let id = Id::try_from(self.nodes.len()).unwrap_or(Id::MAX);
        if node.op == Op::Input {
            self.inputs.push(id);
        }
        self.nodes.push(node);
        id
    }

    pub(crate) fn node(&self, id: Id) -> &GraphNode {
        &self.nodes[id as usize]
    }
}

/// One line a node, in the manner of a jaxpr: `%3 = add %1 %2 : f32[4]`.
impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (id, node) in self.nodes.iter().enumerate() {
            write!(f, "%{id} = {}", node.op.name())?;
            for operand in &node.operands {
                write!(f, " %{operand}")?;
            }
            writeln!(f, " : {}", node.ty)?;
        }
        f.write_str("return")?;
        for output in &self.outputs {
            write!(f, " %{output}")?;
        }
        Ok(())
    }
}

/// A graph and the tensors that its inputs stand for.
pub(crate) struct Linearized {
    pub(crate) graph: Graph,
    pub(crate) leaves: Vec<Tensor>,
}

impl Linearized {
    /// The program that computes `outputs` from the tensors that have values
    /// (or are placeholders), which become its inputs.
    pub(crate) fn from_outputs(outputs: &[Tensor]) -> Self {
        Self::build(outputs, FxHashMap::default(), Graph::default(), Vec::new())
    }

    /// The same with `arguments` as its first inputs, used or not.
    pub(crate) fn from_function(arguments: &[Tensor], outputs: &[Tensor]) -> Self {
        let mut graph = Graph::default();
        let mut ids = FxHashMap::default();
        for argument in arguments {
            ids.insert(argument.address(), graph.push(input(argument)));
        }
        Self::build(outputs, ids, graph, arguments.to_vec())
    }

    fn build(
        outputs: &[Tensor],
        mut ids: FxHashMap<usize, Id>,
        mut graph: Graph,
        mut leaves: Vec<Tensor>,
    ) -> Self {
        // A node is met twice: first it puts its operands before itself.
        #[allow(clippy::large_enum_variant)] // a short-lived stack
        enum Visit {
            First(Tensor),
            Last(usize, Op, Operands, Type),
        }
        let mut pending: Vec<Visit> = outputs.iter().rev().cloned().map(Visit::First).collect();
        while let Some(visit) = pending.pop() {
            match visit {
                Visit::First(tensor) => {
                    if ids.contains_key(&tensor.address()) {
                        continue;
                    }
                    let expression = match tensor.0.value.get() {
                        Some(_) => Expression::Concrete,
                        None => tensor.0.expression().clone(),
                    };
                    if let Expression::Apply(op, operands) = expression {
                        let operands_first = operands.clone();
                        pending.push(Visit::Last(tensor.address(), op, operands, tensor.0.ty.clone()));
                        pending.extend(operands_first.into_iter().rev().map(Visit::First));
                    } else {
                        ids.insert(tensor.address(), graph.push(input(&tensor)));
                        leaves.push(tensor);
                    }
                }
                Visit::Last(address, op, operands, ty) => {
                    if ids.contains_key(&address) {
                        continue;
                    }
                    let operands = operands.iter().map(|operand| ids[&operand.address()]).collect();
                    ids.insert(address, graph.push(GraphNode { op, operands, ty }));
                }
            }
        }
        graph.outputs = outputs.iter().map(|output| ids[&output.address()]).collect();
        Self { graph, leaves }
    }
}

fn input(tensor: &Tensor) -> GraphNode {
    GraphNode { op: Op::Input, operands: SmallVec::new(), ty: tensor.0.ty.clone() }
}
