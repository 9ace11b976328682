//! In-place writes of a fused kernel: which outputs take over the buffers of inputs that die, and which values are
//! computed directly in an output. Part of the compiler.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::dtype::DType;
use crate::embedded::analysis::body::{Value, is_copy};
use crate::graph::Id;

use super::compiler::Compiler;
use super::formulas::Job;
use super::program::{InPlace, Reads};

impl Compiler<'_> {
    /// Gives outputs the buffers of whole inputs that die here; first to outputs whose formula can write over the input.
    pub(super) fn take_over(&mut self, jobs: &[Job], dies: &dyn Fn(Id) -> bool) {
        let copies = |id: Id, load: usize| {
            is_copy(self.graph, id) && self.body.operands[&id][..] == [Value::Load(load)]
        };
        let firsts: FxHashMap<Id, usize> = jobs
            .iter()
            .filter_map(|job| match job.operands.first() {
                Some(&Value::Load(load)) => Some((job.id, load)),
                _ => None,
            })
            .collect();
        let mut taken: SmallVec<[Id; 3]> = SmallVec::new();
        for is_first in [true, false] {
            for output in self.program.outputs.iter_mut().filter(|output| output.in_place.is_none()) {
                for (number, load) in self.body.loads.iter().enumerate() {
                    let (Some(base), Some(window)) = (load.base, self.windows[number]) else { continue };
                    let Reads::Input(input) = self.program.windows[window].reads else { continue };
                    let only = self.body.loads.is_only_one_of(load.base);
                    if load.is_whole
                        && load.dtype == output.slot.dtype
                        && only
                        && (!is_first || firsts.get(&output.id) == Some(&number))
                        && !copies(output.id, number)
                        && !taken.contains(&base)
                        && dies(base)
                    {
                        output.in_place = Some(InPlace { input, window });
                        taken.push(base);
                        break;
                    }
                }
            }
        }
    }

    /// If a formula overwrites its first operand, which dies there, computes that operand in the output buffer.
    pub(super) fn find_homes(&mut self, jobs: &[Job], late: &[Id]) {
        for (position, job) in jobs.iter().enumerate().rev() {
            let output = self.homes.get(&job.id).copied().or_else(|| self.output_of(job.id));
            let (Some(output), Some(Value::Node(first))) = (output, job.operands.first().copied()) else {
                continue;
            };
            let is_here = self.graph.node(first).ty.dtype == DType::F32 && self.output_of(first).is_none();
            if is_here && !late.contains(&job.id) && self.reads_last(position, job) {
                self.homes.insert(first, output);
            }
        }
    }

    /// True if the job's formula can write over its first operand, which it reads once and last.
    fn reads_last(&self, position: usize, job: &Job) -> bool {
        let first = job.operands[0];
        job.formula.is_some_and(|formula| formula.in_place.is_some())
            && self.last_uses.get(&first) == Some(&position)
            && !job.operands[1..].contains(&first)
    }

    /// True if the job writes its output over its first operand, whose buffer the output takes over.
    pub(super) fn writes_over(&self, position: usize, job: &Job) -> bool {
        let in_place = self.output(job.id).and_then(|output| output.in_place);
        let window = in_place.map(|in_place| in_place.window);
        matches!(job.operands.first(), Some(&Value::Load(load)) if self.windows[load] == window)
            && window.is_some()
            && self.reads_last(position, job)
    }
}
