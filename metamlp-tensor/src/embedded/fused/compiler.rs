//! From a body to a program: which operand is where, which register is free,
//! and one instruction for each job.

use rustc_hash::FxHashMap;
use smallvec::{SmallVec, smallvec};

use crate::dtype::DType;
use crate::graph::op::{Binary, Literal, Op, Reduction};
use crate::graph::{Graph, Id};
use crate::memory::per_dtype::ByDType;

use super::formulas::{Formula, Job};
use super::frame::{Operand, Target};
use super::instruction;
use super::program::{InPlace, Program, Reads, Slots, Window};
use crate::embedded::analysis::body::{Body, Value, is_copy};
use crate::embedded::slices::load;
use crate::embedded::slices::view::Strides;

/// The work in progress.
pub(crate) struct Compiler<'a> {
    graph: &'a Graph,
    body: &'a Body,
    program: Program,
    /// The strides of each load on the axes of the tiling.
    strides: Vec<Strides>,
    /// The window of each load; none counts offsets.
    windows: Vec<Option<usize>>,
    places: FxHashMap<Value, Operand>,
    /// The position of the node that uses a value last.
    last_uses: FxHashMap<Value, usize>,
    free: ByDType<Vec<usize>>,
    /// Values whose register is never given to another.
    kept: Vec<Value>,
    /// Nodes that are computed where the output of this number will be written over them.
    homes: FxHashMap<Id, usize>,
}

impl<'a> Compiler<'a> {
    /// `program` has its tiling and its outputs.
    pub(crate) fn new(graph: &'a Graph, body: &'a Body, program: Program, strides: Vec<Strides>) -> Self {
        Self {
            graph,
            body,
            program,
            strides,
            windows: Vec::new(),
            places: FxHashMap::default(),
            last_uses: FxHashMap::default(),
            free: Default::default(),
            kept: Vec::new(),
            homes: FxHashMap::default(),
        }
    }

    /// `dies` tells of the buffers that nobody reads after this kernel.
    pub(crate) fn compile(mut self, jobs: &[Job], slots: &mut Slots, dies: &dyn Fn(Id) -> bool) -> Program {
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
        // What takes a buffer over gets there when everything has been read.
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

    fn open_windows(&mut self, slots: &mut Slots) {
        for (load, strides) in self.body.loads.iter().zip(&self.strides) {
            let Some(base) = load.base else {
                self.windows.push(None);
                continue;
            };
            let reads = match slots.output(base) {
                Some(slot) => Reads::Output(slot.number),
                None => {
                    let known = self.program.inputs.iter().position(|&input| input == base);
                    if known.is_none() {
                        self.program.inputs.push(base);
                    }
                    Reads::Input(known.unwrap_or(self.program.inputs.len() - 1))
                }
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

    /// Lets outputs have the buffers of whole inputs that die here, if possible those that they can be written over.
    fn take_over(&mut self, jobs: &[Job], dies: &dyn Fn(Id) -> bool) {
        let copies = |id: Id, load: usize| {
            is_copy(self.graph, id) && self.body.operands[&id][..] == [Value::Load(load)]
        };
        let first = |id: Id| match jobs.iter().find(|job| job.id == id)?.operands.first() {
            Some(&Value::Load(load)) => Some(load),
            _ => None,
        };
        let mut taken: SmallVec<[Id; 3]> = SmallVec::new();
        for is_first in [true, false] {
            for output in self.program.outputs.iter_mut().filter(|output| output.in_place.is_none()) {
                for (number, load) in self.body.loads.iter().enumerate() {
                    let (Some(base), Some(window)) = (load.base, self.windows[number]) else { continue };
                    let Reads::Input(input) = self.program.windows[window].reads else { continue };
                    let only = self.body.loads.iter().filter(|other| other.base == load.base).count() == 1;
                    if load.is_whole
                        && load.dtype == output.slot.dtype
                        && only
                        && (!is_first || first(output.id) == Some(number))
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

    /// Lets what a formula reads last and writes its output over be computed there to begin with.
    fn find_homes(&mut self, jobs: &[Job], late: &[Id]) {
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

    /// Whether the job's formula can be written over its first operand, which nobody reads otherwise or later.
    fn reads_last(&self, position: usize, job: &Job) -> bool {
        let first = job.operands[0];
        job.formula.is_some_and(|formula| formula.in_place.is_some())
            && self.last_uses.get(&first) == Some(&position)
            && !job.operands[1..].contains(&first)
    }

    /// Whether the job's output may take over the buffer that its formula can be written over.
    fn writes_over(&self, position: usize, job: &Job) -> bool {
        let output = self.program.outputs.iter().find(|output| output.id == job.id);
        let window = output.and_then(|output| output.in_place).map(|in_place| in_place.window);
        matches!(job.operands.first(), Some(&Value::Load(load)) if self.windows[load] == window)
            && window.is_some()
            && self.reads_last(position, job)
    }

    /// The value of a node: a copy has its operand's.
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
        let is_random = matches!(node.op, Op::RngBits(_));
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
            (None, _) => instruction::apply(op, self.dtype(job.operands[0]), dtype, &operands, target),
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

    /// Reduces a row of the operand, or of the products of two.
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

    /// Brings what all elements have in common to an output, which has perhaps one element a row.
    fn put(&mut self, id: Id, place: Operand, output: usize) {
        let node = &self.graph.node(id).ty;
        let copy = instruction::copy(node.dtype, place, Target::Output(output));
        let is_one =
            !self.body.folds.is_empty() && node.shape.size() == self.body.rows.iter().product::<usize>();
        self.program.instructions.push(if is_one { instruction::shortened(copy, 1) } else { copy });
    }

    /// The source number of the key of random bits.
    fn key(&self, value: Value) -> usize {
        match value {
            Value::Load(load) => self.windows[load].map_or(0, |window| self.program.windows[window].number),
            _ => 0,
        }
    }

    /// The operand with an element for each of the tile's.
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

    /// The number of the node's output among those of its dtype.
    fn output_of(&self, id: Id) -> Option<usize> {
        let output = self.program.outputs.iter().find(|output| output.id == id)?;
        Some(output.slot.number)
    }

    fn dtype(&self, value: Value) -> DType {
        match value {
            Value::Literal(literal) => literal.dtype(),
            Value::Load(load) => self.body.loads[load].dtype,
            Value::Node(id) => self.graph.node(id).ty.dtype,
        }
    }

    /// Where the value is; a load or a literal is put into a register by its first use.
    fn operand(&mut self, value: Value) -> Operand {
        if let Some(&place) = self.places.get(&value) {
            return place;
        }
        let place = match value {
            Value::Literal(literal) => self.literal(literal),
            Value::Load(load) => self.load(load),
            // Operands precede their users.
            Value::Node(_) => Operand::Register(0),
        };
        self.places.insert(value, place);
        place
    }

    fn literal(&mut self, literal: Literal) -> Operand {
        let register = self.fresh(literal.dtype());
        self.program.prologue.push(instruction::splat(literal, Target::Register(register)));
        self.kept.push(Value::Literal(literal));
        Operand::Same(register)
    }

    /// Whether the load is of something that is there before the program runs.
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
            // One entry a tile: its stride is nobody's.
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
        // What is read before the tiles must not meet a register that the tiles use.
        let register = if is_same_everywhere { self.fresh(dtype) } else { self.register(dtype) };
        let target = Target::Register(register);
        let instruction = match window {
            Some(window) if is_same => instruction::same(dtype, window, target),
            Some(window) => instruction::gather(dtype, window, pattern, target),
            None => instruction::iota(dtype, (offset, strides, load.row_steps.clone()), pattern, target),
        };
        if is_same_everywhere {
            self.program.prologue.push(instruction);
            self.kept.push(Value::Load(number));
        } else {
            self.program.instructions.push(instruction);
        }
        if is_same && window.is_some() { Operand::Same(register) } else { Operand::Register(register) }
    }

    /// A register that nothing holds.
    fn register(&mut self, dtype: DType) -> usize {
        match self.free[dtype].pop() {
            Some(register) => register,
            None => self.fresh(dtype),
        }
    }

    /// A register that nothing has held.
    fn fresh(&mut self, dtype: DType) -> usize {
        let count = &mut self.program.registers[dtype];
        *count += 1;
        *count - 1
    }

    /// Frees the registers of the values that the node at `position` was the last to use.
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
