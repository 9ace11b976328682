//! A compiled program: its steps, and the buffers between them, each dropped
//! when it has been read for the last time.

use std::fmt;

use smallvec::SmallVec;

use crate::engine::threads;
use crate::graph::op::Op;
use crate::graph::{Graph, Id};
use crate::memory::buffer::Buffer;

use super::direct;
use super::schedule::{self, Step, Work};
use crate::embedded::analysis::layout::Layout;
use crate::embedded::direct::windows::Windows;
use crate::embedded::schedule::memory::Memory;
use crate::embedded::schedule::places::{Places, Values};
use crate::engine::statistics;

/// A program ready to run.
pub(crate) struct Executable {
    graph: Graph,
    steps: Vec<Step>,
    /// For each output the node whose buffer it is.
    outputs: Vec<Id>,
    places: Places,
    /// The literals that something reads from a buffer.
    constants: Vec<(Id, Buffer)>,
}

impl Executable {
    /// Compiles `graph`, which has been optimised.
    pub(crate) fn new(graph: Graph) -> Self {
        let layout = Layout::new(&graph);
        let steps = schedule::steps(&graph, &layout);
        let outputs: Vec<Id> = graph.outputs.iter().map(|&output| layout.place(output).base).collect();
        let read = steps.iter().flat_map(|step| &step.reads).chain(&outputs);
        let mut constants: Vec<(Id, Buffer)> = Vec::new();
        for &id in read {
            if let Op::Constant(literal) = graph.node(id).op
                && constants.iter().all(|(known, _)| *known != id)
            {
                constants.push((id, direct::constant::buffer(literal)));
            }
        }
        let places = Places::new(&graph, &steps, &outputs);
        Self { graph, steps, outputs, places, constants }
    }

    /// The outputs' values, in the list of the inputs', which are bound in the order of the graph's.
    pub(crate) fn run(&self, inputs: Vec<Buffer>) -> Vec<Buffer> {
        statistics::count_nodes(self.graph.nodes.len() - self.graph.inputs.len());
        threads::enter(|| self.run_steps(inputs))
    }

    fn run_steps(&self, mut list: Vec<Buffer>) -> Vec<Buffer> {
        let mut values = self.places.values();
        for (&id, input) in self.graph.inputs.iter().zip(list.drain(..)) {
            values.put(id, input);
        }
        for (id, buffer) in &self.constants {
            values.put(*id, buffer.clone());
        }
        for step in &self.steps {
            self.step(step, &mut values);
        }
        let empty = || Buffer::from_vec(Vec::<bool>::new());
        list.extend(self.outputs.iter().map(|&id| values.get(id).unwrap_or_else(empty)));
        list
    }

    /// Steps of a run.
    pub(crate) fn kernels(&self) -> usize {
        self.steps.len()
    }

    /// What a run needs.
    pub(crate) fn memory(&self) -> Memory {
        Memory::of(&self.graph, &self.steps, &self.outputs)
    }

    /// How many instructions each elementwise kernel has.
    #[cfg(test)]
    pub(crate) fn instructions(&self) -> Vec<usize> {
        let maps = self.steps.iter().filter_map(|step| match &step.work {
            Work::Map(map) => Some(map.program.instructions.len()),
            _ => None,
        });
        maps.collect()
    }

    fn step(&self, step: &Step, values: &mut Values<'_>) {
        let mut inputs: SmallVec<[Option<Buffer>; 8]> = SmallVec::new();
        for (&id, &dies) in step.reads.iter().zip(&step.frees) {
            inputs.push(if dies { values.take(id) } else { values.get(id) });
        }
        match &step.work {
            Work::Map(map) => values.put_all(&step.writes, map.run(&mut inputs)),
            Work::Reduce(reduce) => values.put(step.writes[0], reduce.run(&inputs)),
            Work::Rows(rows) => values.put_all(&step.writes, rows.run(&inputs)),
            Work::Product(product, None) => {
                let result = both(&inputs).map(|(lhs, rhs)| product.run(lhs, rhs));
                values.put_all(&step.writes, result);
            }
            Work::Attention(attention) => values.put_all(&step.writes, attention.run(inputs.into_iter())),
            Work::Convolution(convolution, None) => {
                let result = both(&inputs).map(|(lhs, rhs)| convolution.run(lhs, rhs));
                values.put_all(&step.writes, result);
            }
            Work::Product(product, Some(epilogue)) => {
                let mut inputs = inputs.into_iter();
                if let (Some(Some(lhs)), Some(Some(rhs))) = (inputs.next(), inputs.next()) {
                    values.put_all(&step.writes, product.run_with(epilogue, &lhs, &rhs, inputs));
                }
            }
            Work::Convolution(convolution, Some(epilogue)) => {
                let mut inputs = inputs.into_iter();
                if let (Some(Some(lhs)), Some(Some(rhs))) = (inputs.next(), inputs.next()) {
                    values.put_all(&step.writes, convolution.run_with(epilogue, &lhs, &rhs, inputs));
                }
            }
            Work::Direct(id) => {
                let node = self.graph.node(*id);
                let types = node.operands.iter().map(|&operand| &self.graph.node(operand).ty);
                let operands = inputs.into_iter().zip(types).filter_map(|(buffer, ty)| Some((buffer?, ty)));
                values.put(step.writes[0], direct::evaluate(&node.op, operands.collect(), &node.ty));
            }
        }
    }
}

fn both(inputs: &[Option<Buffer>]) -> Option<(&Buffer, &Buffer)> {
    match inputs {
        [lhs, .., rhs] => lhs.as_ref().zip(rhs.as_ref()),
        _ => None,
    }
}

/// The plan, one line a step: what runs together, what it reads (`!` for the
/// last time) and what it writes.
impl fmt::Display for Executable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.steps.iter().enumerate() {
            write!(f, "{number}: ")?;
            match &step.work {
                Work::Map(map) => write!(f, "{map}")?,
                Work::Reduce(reduce) => write!(f, "{reduce}")?,
                Work::Rows(rows) => write!(f, "{rows}")?,
                Work::Product(product, epilogue) => {
                    write!(f, "dot {product}")?;
                    if epilogue.is_some() {
                        f.write_str(", and what follows")?;
                    }
                }
                Work::Attention(attention) => write!(f, "{attention}")?,
                Work::Convolution(convolution, epilogue) => {
                    write!(f, "convolution by {convolution}")?;
                    if epilogue.is_some() {
                        f.write_str(", and what follows")?;
                    }
                }
                Work::Direct(id) => match &self.graph.node(*id).op {
                    Op::ReduceWindow { windows, .. } | Op::ArgReduceWindow { windows, .. } => {
                        Windows(windows).fmt(f)?;
                    }
                    _ => f.write_str("direct")?,
                },
            }
            f.write_str(" (")?;
            for (i, &id) in step.nodes.iter().enumerate() {
                let node = self.graph.node(id);
                write!(f, "{}%{id} {}", if i > 0 { ", " } else { "" }, node.op.name())?;
                for operand in &node.operands {
                    write!(f, " %{operand}")?;
                }
            }
            f.write_str(") of")?;
            for (id, dies) in step.reads.iter().zip(&step.frees) {
                write!(f, " %{id}{}", if *dies { "!" } else { "" })?;
            }
            f.write_str(" to")?;
            for &id in &step.writes {
                write!(f, " %{id} {}", self.graph.node(id).ty)?;
            }
            writeln!(f)?;
        }
        f.write_str("return")?;
        for output in &self.outputs {
            write!(f, " %{output}")?;
        }
        Ok(())
    }
}
