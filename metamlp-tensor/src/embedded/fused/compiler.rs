//! Compiles a kernel's body to a program: gives each value a register, a window or a place in an output, and emits one
//! instruction for each job. Knows instructions; nothing of how they run.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::{SmallVec, smallvec};

use crate::dtype::DType;
use crate::embedded::analysis::body::{Body, Value, is_copy};
use crate::embedded::slices::load;
use crate::embedded::slices::view::Strides;
use crate::engine::statistics::count_compile_work;
use crate::graph::class::Class;
use crate::graph::op::{Binary, Literal, Op, Reduction};
use crate::graph::{Graph, Id};
use crate::memory::per_dtype::ByDType;

use super::formulas::{self, Formula, Job};
use super::frame::{Operand, Target};
use super::instruction;
use super::program::{Merged, Output, Program, Reads, Slots, Window};

impl Program {
    /// Compiles `body`. The frame of `slots` has its outputs already. `dies(id)` is true if no later kernel reads `id`.
    pub(crate) fn new(
        graph: &Graph,
        body: &Body,
        merged: Merged,
        slots: &mut Slots,
        dies: &dyn Fn(Id) -> bool,
    ) -> Self {
        let jobs = formulas::jobs(graph, body);
        let tiling = if body.folds.is_empty() { merged.tiling(jobs.len()) } else { merged.one_tile() };
        let only = (tiling.count == 1).then(|| tiling.tile(0));
        let mut program = Self {
            rows: body.rows.clone(),
            tiling,
            only,
            inputs: SmallVec::new(),
            outputs: SmallVec::new(),
            result: None,
            windows: SmallVec::new(),
            registers: slots.registers,
            prologue: Vec::new(),
            instructions: Vec::new(),
        };
        let output = |&id| {
            let slot = slots.output(id).expect("the frame has the outputs of the body");
            Output { id, slot, in_place: None }
        };
        program.outputs = body.stored.iter().map(output).collect();
        let program = Compiler::new(graph, body, program, merged.strides).compile(&jobs, slots, dies);
        slots.registers = program.registers;
        program
    }
}

/// The state of a compilation.
pub(crate) struct Compiler<'a> {
    pub(super) graph: &'a Graph,
    pub(super) body: &'a Body,
    pub(super) program: Program,
    /// The number of each output among the program's outputs.
    outputs: FxHashMap<Id, usize>,
    /// The strides of each load on the axes of the tiling.
    strides: Vec<Strides>,
    /// The window of each load; `None` for a load that reads offsets.
    pub(super) windows: Vec<Option<usize>>,
    /// The current place of each value. A value whose register was freed is not in it.
    places: FxHashMap<Value, Operand>,
    /// The position of the job that uses a value last.
    pub(super) last_uses: FxHashMap<Value, usize>,
    /// The free registers of each dtype.
    free: ByDType<Vec<usize>>,
    /// Values whose register is never freed: they are computed once, before the tiles.
    kept: FxHashSet<Value>,
    /// Nodes that are computed in the output of this number, because the formula that reads them last writes over them
    /// there.
    pub(super) homes: FxHashMap<Id, usize>,
}

impl<'a> Compiler<'a> {
    /// `program` has its tiling and its outputs.
    pub(crate) fn new(graph: &'a Graph, body: &'a Body, program: Program, strides: Vec<Strides>) -> Self {
        Self {
            outputs: program.outputs.iter().map(|output| output.id).zip(0..).collect(),
            graph,
            body,
            program,
            strides,
            windows: Vec::new(),
            places: FxHashMap::default(),
            last_uses: FxHashMap::default(),
            free: Default::default(),
            kept: FxHashSet::default(),
            homes: FxHashMap::default(),
        }
    }

    /// Compiles the jobs. `dies` is true for the buffers that no later kernel reads.
    pub(crate) fn compile(mut self, jobs: &[Job], slots: &mut Slots, dies: &dyn Fn(Id) -> bool) -> Program {
        count_compile_work(jobs.len() + self.body.loads.len() * (1 + self.program.outputs.len()));
        self.open_windows(slots);
        self.take_over(jobs, dies);
        for (position, job) in jobs.iter().enumerate() {
            for &value in &job.operands {
                self.last_uses.insert(value, position);
            }
        }
        if let Some((_, value)) = self.body.reduced {
            self.last_uses.insert(value, usize::MAX);
        }
        // The outputs that are written after everything has been read, because they take over an input's buffer.
        let mut late: SmallVec<[Id; 3]> =
            self.program.outputs.iter().filter(|output| output.in_place.is_some()).map(|o| o.id).collect();
        self.find_homes(jobs, &late);
        late.retain(|id| {
            !jobs.iter().enumerate().any(|(at, job)| job.id == *id && self.writes_over(at, job))
        });
        for &id in &late {
            self.last_uses.insert(self.value_of(id), usize::MAX);
        }
        for (position, job) in jobs.iter().enumerate() {
            self.job(position, job, late.contains(&job.id));
        }
        for &id in &late {
            self.store(id);
        }
        if let Some((id, value)) = self.body.reduced {
            let dtype = self.graph.node(id).ty.dtype;
            let operand = self.operand(value);
            self.program.result = Some((dtype, self.spread(operand, dtype)));
        }
        self.program
    }

    /// Opens a window for each load, on an input or on an output of an earlier program in the frame.
    fn open_windows(&mut self, slots: &mut Slots) {
        let mut inputs: FxHashMap<Id, usize> = FxHashMap::default();
        for (load, strides) in self.body.loads.iter().zip(&self.strides) {
            let Some(base) = load.base else {
                self.windows.push(None);
                continue;
            };
            let reads = match slots.output(base) {
                Some(slot) => Reads::Output(slot.number),
                None => Reads::Input(*inputs.entry(base).or_insert_with(|| {
                    self.program.inputs.push(base);
                    self.program.inputs.len() - 1
                })),
            };
            let count = &mut slots.sources[load.dtype];
            self.windows.push(Some(self.program.windows.len()));
            self.program.windows.push(Window {
                dtype: load.dtype,
                number: *count,
                reads,
                strides: strides.clone(),
                offset: load.offset,
                row_steps: load.row_steps.clone(),
            });
            *count += 1;
        }
    }

    /// The value of a node: its operand's, if the node is a copy.
    fn value_of(&self, id: Id) -> Value {
        match self.body.operands.get(&id).map(|operands| &operands[..]) {
            Some(&[value]) if is_copy(self.graph, id) => value,
            _ => Value::Node(id),
        }
    }

    fn job(&mut self, position: usize, job: &Job, is_in_place: bool) {
        let id = job.id;
        let node = self.graph.node(id);
        let dtype = node.ty.dtype;
        if let (Op::Reduce { kind, .. }, true) = (&node.op, self.body.folds.contains(&id)) {
            self.fold(job, *kind);
            self.release(&job.operands, position);
            return;
        }
        if is_copy(self.graph, id) {
            if !is_in_place {
                self.store(id);
            }
            self.release(&job.operands, position);
            return;
        }
        let is_random = node.op.is_random();
        let (op, values) = match (&node.op, &job.operands[..]) {
            (Op::Binary(Binary::Div), &[x, Value::Literal(divisor)]) if job.formula.is_none() => {
                match divisor.exact_inverse() {
                    Some(inverse) => (&Op::Binary(Binary::Mul), smallvec![x, Value::Literal(inverse)]),
                    None => (&node.op, job.operands.clone()),
                }
            }
            _ => (&node.op, job.operands.clone()),
        };
        let operands: SmallVec<[Operand; 4]> = if is_random {
            SmallVec::new()
        } else {
            values.iter().map(|&value| self.operand(value)).collect()
        };
        let is_same = !is_random && operands.iter().all(|operand| matches!(operand, Operand::Same(_)));
        let output = self.output_of(id);
        let target = match output {
            Some(output) if !is_same && is_in_place => {
                Target::Late { output, register: self.register(dtype) }
            }
            Some(output) if !is_same => Target::Output(output),
            None if !is_same && self.homes.contains_key(&id) => Target::Output(self.homes[&id]),
            _ => Target::Register(self.register(dtype)),
        };
        let is_over = self.writes_over(position, job)
            || matches!(target, Target::Output(output) if operands.first() == Some(&Operand::Output(output)));
        let instruction = match (job.formula, target) {
            (Some(Formula { run, in_place: Some(in_place), .. }), Target::Output(output)) if is_over => {
                instruction::formula_in_place((*run, *in_place), &operands, output)
            }
            (Some(formula), _) => instruction::formula(formula.run, &operands, target),
            (None, _) if is_random => instruction::rng_bits(self.key(job.operands[0]), target),
            (None, _) => {
                let Class::Elementwise(op) = op.class() else {
                    unreachable!("{} is no instruction of a fused kernel", op.name())
                };
                instruction::apply(op, self.dtype(job.operands[0]), dtype, &operands, target)
            }
        };
        self.program.instructions.push(match target {
            Target::Register(register) if is_same => instruction::once(dtype, instruction, register),
            _ => instruction,
        });
        let place = match target {
            Target::Register(register) if is_same => Operand::Same(register),
            Target::Register(register) => Operand::Register(register),
            Target::Output(output) => Operand::Output(output),
            Target::Late { output, register } => Operand::Late { output, register },
        };
        if let (true, false, Some(output)) = (is_same, is_in_place, output) {
            self.put(id, place, output);
        }
        self.places.insert(Value::Node(id), place);
        self.release(&job.operands, position);
    }

    /// Emits the reduction of a row: of one operand, or of the products of two.
    fn fold(&mut self, job: &Job, kind: Reduction) {
        let dtype = self.graph.node(job.id).ty.dtype;
        let mut operand = |value: Value| {
            let operand = self.operand(value);
            self.spread(operand, dtype)
        };
        let operands: SmallVec<[Operand; 2]> = job.operands.iter().map(|&value| operand(value)).collect();
        let registers: SmallVec<[(Id, usize); 2]> =
            std::iter::once(job.id).chain(job.squares).map(|id| (id, self.register(dtype))).collect();
        let target = |number: usize| Target::Register(registers[number].1);
        self.program.instructions.push(match operands[..] {
            [x, y] => instruction::sum_of_products(dtype, x, y, target(0)),
            _ if job.squares.is_some() => instruction::moments(dtype, operands[0], [target(0), target(1)]),
            _ => instruction::fold(dtype, kind, operands[0], target(0)),
        });
        for (id, register) in registers {
            let place = Operand::Same(register);
            if let Some(output) = self.output_of(id) {
                self.put(id, place, output);
            }
            self.places.insert(Value::Node(id), place);
        }
    }

    /// Copies a value that all elements share to an output; the output may have one element a row.
    fn put(&mut self, id: Id, place: Operand, output: usize) {
        let node = &self.graph.node(id).ty;
        let copy = instruction::copy(node.dtype, place, Target::Output(output));
        let is_one =
            !self.body.folds.is_empty() && node.shape.size() == self.body.rows.iter().product::<usize>();
        self.program.instructions.push(if is_one { instruction::shortened(copy, 1) } else { copy });
    }

    /// The source number of the key for random bits.
    fn key(&self, value: Value) -> usize {
        match value {
            Value::Load(load) => {
                let window = self.windows[load].expect("a key is in a buffer");
                self.program.windows[window].number
            }
            Value::Literal(_) | Value::Node(_) => unreachable!("a key is read from a buffer"),
        }
    }

    /// The operand with one element for each element of the tile.
    fn spread(&mut self, operand: Operand, dtype: DType) -> Operand {
        if !matches!(operand, Operand::Same(_)) {
            return operand;
        }
        let register = self.fresh(dtype);
        self.program.instructions.push(instruction::copy(dtype, operand, Target::Register(register)));
        Operand::Register(register)
    }

    /// Copies the node's value to its output.
    fn store(&mut self, id: Id) {
        if let Some(output) = self.output_of(id) {
            let operand = self.operand(self.value_of(id));
            let dtype = self.graph.node(id).ty.dtype;
            self.program.instructions.push(match operand {
                Operand::Late { output, register } => instruction::settle(dtype, output, register),
                _ => instruction::copy(dtype, operand, Target::Output(output)),
            });
        }
    }

    /// The output of the node, if the kernel writes it.
    pub(super) fn output(&self, id: Id) -> Option<&Output> {
        self.outputs.get(&id).map(|&number| &self.program.outputs[number])
    }

    /// The number of the node's output among the outputs of its dtype.
    pub(super) fn output_of(&self, id: Id) -> Option<usize> {
        Some(self.output(id)?.slot.number)
    }

    fn dtype(&self, value: Value) -> DType {
        match value {
            Value::Literal(literal) => literal.dtype(),
            Value::Load(load) => self.body.loads[load].dtype,
            Value::Node(id) => self.graph.node(id).ty.dtype,
        }
    }

    /// The place of the value. Its first use loads a literal or a strided window into a register.
    fn operand(&mut self, value: Value) -> Operand {
        if let Some(&place) = self.places.get(&value) {
            return place;
        }
        let place = match value {
            Value::Literal(literal) => self.literal(literal),
            Value::Load(load) => self.load(load),
            Value::Node(id) => unreachable!("%{id} is used before it is computed"),
        };
        self.places.insert(value, place);
        place
    }

    fn literal(&mut self, literal: Literal) -> Operand {
        let register = self.fresh(literal.dtype());
        self.program.prologue.push(instruction::splat(literal, Target::Register(register)));
        self.kept.insert(Value::Literal(literal));
        Operand::Same(register)
    }

    /// True if the load reads an input, which is complete before the program runs.
    fn reads_input(&self, load: usize) -> bool {
        let window = self.windows[load].map(|window| &self.program.windows[window]);
        window.is_some_and(|window| matches!(window.reads, Reads::Input(_)))
    }

    fn load(&mut self, number: usize) -> Operand {
        let load = &self.body.loads[number];
        let (dtype, offset) = (load.dtype, load.offset);
        let tiling = &self.program.tiling;
        let (strides, split) = (self.strides[number].clone(), tiling.split);
        let mut walked: Strides = strides[split..].into();
        if let (1, Some((&extent, &stride))) =
            (tiling.block, tiling.extents[split + 1..].first().zip(walked.get(1)))
        {
            // One entry per tile on this axis: its stride is never used.
            walked[0] = stride * extent.cast_signed();
        }
        let pattern = load::pattern(&tiling.extents[split + 1..], &walked);
        let window = self.windows[number].map(|window| self.program.windows[window].number);
        if let (Some(window), true) = (window, load::is_run(&pattern)) {
            return Operand::Window(window);
        }
        let is_same = walked.iter().all(|&stride| stride == 0);
        let is_same_row = load.row_steps.iter().all(|&step| step == 0);
        let is_one_row = is_same_row && (window.is_none() || self.reads_input(number));
        let is_same_everywhere = is_one_row
            && strides[..split].iter().all(|&stride| stride == 0)
            && (strides[split] == 0 || tiling.blocks == 1);
        // A value that is loaded before the tiles needs a register that the tiles do not use.
        let register = if is_same_everywhere { self.fresh(dtype) } else { self.register(dtype) };
        let target = Target::Register(register);
        let instruction = match window {
            Some(window) if is_same => instruction::same(dtype, window, target),
            Some(window) => instruction::gather(dtype, window, pattern, target),
            None => instruction::iota(dtype, (offset, strides, load.row_steps.clone()), pattern, target),
        };
        if is_same_everywhere {
            self.program.prologue.push(instruction);
            self.kept.insert(Value::Load(number));
        } else {
            self.program.instructions.push(instruction);
        }
        if is_same && window.is_some() { Operand::Same(register) } else { Operand::Register(register) }
    }

    /// A free register.
    fn register(&mut self, dtype: DType) -> usize {
        match self.free[dtype].pop() {
            Some(register) => register,
            None => self.fresh(dtype),
        }
    }

    /// A register that no value has had.
    fn fresh(&mut self, dtype: DType) -> usize {
        let count = &mut self.program.registers[dtype];
        *count += 1;
        *count - 1
    }

    /// Frees the registers of the values that the job at `position` used last.
    fn release(&mut self, values: &[Value], position: usize) {
        for (i, value) in values.iter().enumerate() {
            let is_last = self.last_uses.get(value).is_none_or(|&last| last <= position);
            if !is_last || values[..i].contains(value) || self.kept.contains(value) {
                continue;
            }
            if let Some(&(Operand::Register(register) | Operand::Same(register))) = self.places.get(value) {
                let dtype = self.dtype(*value);
                self.free[dtype].push(register);
                self.places.remove(value);
            }
        }
    }
}
