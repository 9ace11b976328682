//! Checks that a graph is well-formed: the invariants that every pass and the compiler rely on.
//! Runs after each stage in debug builds. Knows nothing of values.

use crate::graph::infer::infer;
use crate::graph::op::Op;
use crate::graph::{Graph, GraphNode, Id};
use crate::shape::Type;

use smallvec::SmallVec;

impl Graph {
    /// Panics if the graph is not well-formed. `stage` is the step that has produced it and is named in the message.
    ///
    /// - Operands precede their users.
    /// - The type of each node is the one that [`infer`] gives for the types of its operands. This includes the dtype
    ///   of a constant, which is its literal's.
    /// - `inputs` lists all [`Op::Input`] nodes and nothing else, in ascending order. They have no operands.
    /// - The outputs exist.
    ///
    /// Linear in the number of nodes and operands.
    pub(crate) fn verify(&self, stage: &str) {
        let mut inputs = self.inputs.iter();
        for (id, node) in self.nodes.iter().enumerate() {
            let fail = |problem: String| -> ! {
                panic!(
                    "{stage} has left a broken graph: node %{id} ({}, {}): {problem}",
                    node.op.name(),
                    node.ty
                )
            };
            for &operand in &node.operands {
                if operand as usize >= id {
                    fail(format!("found operand %{operand}, expected operands before %{id}"));
                }
            }
            if node.op == Op::Input {
                if !node.operands.is_empty() {
                    fail(format!("found {} operands of an input, expected none", node.operands.len()));
                }
                match inputs.next() {
                    Some(&input) if input as usize == id => {}
                    Some(input) => fail(format!("found %{input} in the list of inputs, expected %{id}")),
                    None => fail("found no entry in the list of inputs, expected one".to_owned()),
                }
                continue;
            }
            match self.inferred(node) {
                Ok(expected) if expected == node.ty => {}
                Ok(expected) => fail(format!("found type {}, expected {expected}", node.ty)),
                Err(problem) => fail(format!("found operands that its shape rule refuses: {problem}")),
            }
        }
        if let Some(extra) = inputs.next() {
            panic!(
                "{stage} has left a broken graph: found %{extra} in the list of inputs, expected an input node"
            );
        }
        for &output in &self.outputs {
            assert!(
                (output as usize) < self.nodes.len(),
                "{stage} has left a broken graph: found output %{output}, expected one of {} nodes",
                self.nodes.len()
            );
        }
    }

    /// Verifies the graph that `stage` has produced in debug builds, and returns it.
    pub(crate) fn verified(self, stage: &str) -> Self {
        if cfg!(debug_assertions) {
            self.verify(stage);
        }
        self
    }

    fn inferred(&self, node: &GraphNode) -> Result<Type, String> {
        let operands: SmallVec<[&Type; 3]> = node.operands.iter().map(|&id: &Id| &self.node(id).ty).collect();
        infer(&node.op, &operands).map_err(|problem| format!("{problem:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::op::{Binary, Literal, Unary};
    use crate::{F32, I32};

    fn node(op: Op, operands: &[Id], ty: Type) -> GraphNode {
        GraphNode { op, operands: operands.into(), ty }
    }

    /// `exp(x) + x` of `f32[3]`.
    fn sound() -> Graph {
        let ty = || Type::new([3], F32);
        let mut graph = Graph::default();
        graph.push(node(Op::Input, &[], ty()));
        graph.push(node(Op::Unary(Unary::Exp), &[0], ty()));
        graph.push(node(Op::Binary(Binary::Add), &[1, 0], ty()));
        graph.outputs = vec![2];
        graph
    }

    /// The message with which `spoil` is caught.
    #[track_caller]
    fn message(spoil: impl FnOnce(&mut Graph)) -> String {
        let mut graph = sound();
        spoil(&mut graph);
        let caught = std::panic::catch_unwind(|| graph.verify("a pass")).expect_err("it is broken");
        caught.downcast_ref::<String>().expect("the message is formatted").clone()
    }

    #[test]
    fn a_sound_graph_passes() {
        sound().verify("a pass");
    }

    #[test]
    fn a_wrong_type_is_caught() {
        let shape = message(|graph| graph.nodes[1].ty = Type::new([4], F32));
        assert!(shape.contains("a pass") && shape.contains("%1 (exponential"), "{shape}");
        assert!(shape.contains("found type f32[4], expected f32[3]"), "{shape}");
        let literal = message(|graph| {
            graph.nodes[1] = node(Op::Constant(Literal::new(1.0f32)), &[], Type::new([], I32));
        });
        assert!(literal.contains("found type i32[], expected f32[]"), "{literal}");
        let operands = message(|graph| graph.nodes[0].ty = Type::new([3], I32));
        assert!(operands.contains("shape rule refuses"), "{operands}");
    }

    #[test]
    fn an_operand_after_its_user_is_caught() {
        let later = message(|graph| graph.nodes[1].operands[0] = 2);
        assert!(later.contains("found operand %2, expected operands before %1"), "{later}");
        let own = message(|graph| graph.nodes[1].operands[0] = 1);
        assert!(own.contains("found operand %1"), "{own}");
    }

    #[test]
    fn a_missing_operand_is_caught() {
        let missing = message(|graph| graph.nodes[2].operands.truncate(1));
        assert!(missing.contains("it takes 2 operands, found 1"), "{missing}");
    }

    #[test]
    fn a_missing_output_is_caught() {
        let missing = message(|graph| graph.outputs.push(3));
        assert!(missing.contains("found output %3, expected one of 3 nodes"), "{missing}");
    }

    #[test]
    fn a_wrong_list_of_inputs_is_caught() {
        let missing = message(|graph| graph.inputs.clear());
        assert!(missing.contains("found no entry in the list of inputs"), "{missing}");
        let extra = message(|graph| graph.inputs.push(1));
        assert!(extra.contains("found %1 in the list of inputs, expected an input node"), "{extra}");
        let other = message(|graph| graph.inputs[0] = 1);
        assert!(other.contains("found %1 in the list of inputs, expected %0"), "{other}");
    }
}
