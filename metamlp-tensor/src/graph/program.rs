//! [`Graph`]: a program as a flat list of nodes. An id is an index, and operands precede their users, so that a pass is
//! one loop. Knows no values.

use std::fmt;

use smallvec::SmallVec;

use crate::graph::op::Op;
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

/// A program from inputs to outputs. It compares and hashes by structure and can serve as the key of a cache.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<GraphNode>,
    /// All [`Op::Input`] nodes, in ascending order, in which values are bound to them.
    pub(crate) inputs: Vec<Id>,
    pub(crate) outputs: Vec<Id>,
}

impl Graph {
    /// Adds a node, and lists it among the inputs if it is one. Its operands have been added before.
    pub(crate) fn push(&mut self, node: GraphNode) -> Id {
        let id = Id::try_from(self.nodes.len()).expect("a graph has fewer than 2^32 nodes");
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

/// One line for each node, similar to a jaxpr: `%3 = add %1 %2 : f32[4]`.
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
