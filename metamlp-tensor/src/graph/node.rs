//! The node behind a [`Tensor`] handle: an operation that has not run yet, or
//! its value. Building one infers its type; nothing is computed here.

use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use smallvec::SmallVec;

use crate::error::{Error, Problem, best_guess};
use crate::graph::infer::infer;
use crate::graph::{mode, node_free_list};
use crate::graph::op::{Literal, Op};
use crate::graph::source::Source;
use crate::memory::buffer::Buffer;
use crate::shape::{Shape, Type};

/// An immutable multi-dimensional array that is computed when it is needed.
///
/// A `Tensor` is a cheap handle; cloning it shares the value. Methods and
/// operators record what to do; the recorded program runs, as a whole, when a
/// value is read ([`to_array`](Tensor::to_array), [`item`](Tensor::item),
/// `Display`) or a boundary is reached ([`evaluate`](crate::evaluate()),
/// [`grad`](crate::transform::grad()), [`jit`](crate::transform::jit()), a module's `init` and `apply`).
///
/// Operators cannot return `Result`: an ill-formed operation gives a *poisoned*
/// tensor that carries the first error and the caller's line through everything
/// computed from it, and the boundary returns it as `Err`.
///
/// ```
/// use metamlp_tensor::{F32, Tensor};
/// let x = Tensor::from_vec([2, 2], vec![1.0f32, 2.0, 3.0, 4.0]);
/// let y = (&x * 2.0 + 1.0).sum([-1]);
/// assert_eq!(y.to_vec::<f32>()?, [8.0, 16.0]);
///
/// let bad = x.matmul(&Tensor::zeros([3, 1], F32)).exp();
/// assert!(bad.evaluate().is_err());
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[derive(Clone)]
pub struct Tensor(pub(crate) Arc<Node>);

pub(crate) struct Node {
    pub(crate) ty: Type,
    pub(crate) location: &'static Location<'static>,
    /// Operations to the farthest leaf.
    depth: u32,
    /// Whether it depends on a tensor that has no value yet.
    is_abstract: bool,
    /// Boxed, as it is rare and large.
    pub(crate) poison: Option<Box<Error>>,
    pub(crate) value: OnceLock<Buffer>,
    expression: Mutex<Expression>,
}

pub(crate) type Operands = SmallVec<[Tensor; 3]>;

/// What a node stands for while, or although, it has no value.
#[derive(Clone)]
pub(crate) enum Expression {
    /// To be computed.
    Operation(Op, Operands),
    /// The value is all there is.
    Concrete,
    /// A shape and no value: a `spec`, or an argument under `jit`.
    Placeholder,
    /// An error.
    Poisoned,
}

/// A chain of operations that grows outside of any boundary, in a loop that
/// never reads, is computed when it gets this long.
const DEEPEST: u32 = 2048;

impl Tensor {
    /// The result of `op`, poisoned if the operands don't fit or are poisoned.
    #[track_caller]
    pub(crate) fn apply(op: Op, operands: impl IntoIterator<Item = Tensor>) -> Tensor {
        let mut list = Operands::new();
        operands.into_iter().for_each(|operand| list.push(operand));
        let operands = list;
        if let Some(poison) = operands.iter().find_map(|operand| operand.0.poison.as_deref()) {
            let ty = Self::infer(&op, &operands).unwrap_or_else(|_| Self::guess(&operands));
            return Self::poisoned(poison.clone(), ty);
        }
        let ty = match Self::infer(&op, &operands) {
            Ok(ty) => ty,
            Err(problem) => {
                let types = operands.iter().map(|operand| operand.0.ty.clone()).collect();
                let error = problem.at(op.name(), types, Source::here());
                return Self::poisoned(error, Self::guess(&operands));
            }
        };
        let depth = 1 + operands.iter().map(|operand| operand.0.pending_depth()).max().unwrap_or(0);
        let is_abstract = operands.iter().any(|operand| operand.0.is_abstract);
        let tensor = Self::node(ty, depth, is_abstract, None, Expression::Operation(op, operands));
        if depth > DEEPEST && !is_abstract && !mode::is_deferred() {
            // What fails here fails again, and is reported, when the value is read.
            let _ = tensor.evaluate();
        }
        tensor
    }

    /// A tensor that has its value.
    #[track_caller]
    pub(crate) fn concrete(shape: Shape, value: Buffer) -> Tensor {
        let ty = Type { shape, dtype: value.dtype() };
        let tensor = Self::node(ty, 0, false, None, Expression::Concrete);
        // The cell is new, so it is empty.
        let _ = tensor.0.value.set(value);
        tensor
    }

    /// A tensor of a shape without a value.
    #[track_caller]
    pub(crate) fn placeholder(ty: Type) -> Tensor {
        Self::node(ty, 0, true, None, Expression::Placeholder)
    }

    #[track_caller]
    pub(crate) fn poisoned(error: Error, ty: Type) -> Tensor {
        Self::node(ty, 0, false, Some(Box::new(error)), Expression::Poisoned)
    }

    #[track_caller]
    pub(crate) fn constant(literal: Literal) -> Tensor {
        Self::apply(Op::Constant(literal), [])
    }

    #[track_caller]
    fn node(
        ty: Type,
        depth: u32,
        is_abstract: bool,
        poison: Option<Box<Error>>,
        expression: Expression,
    ) -> Tensor {
        let location = Location::caller();
        if let Some(mut place) = node_free_list::take()
            && let Some(node) = Arc::get_mut(&mut place)
        {
            // It has no value. Field by field, as a whole one would be copied twice.
            node.ty = ty;
            node.location = location;
            node.depth = depth;
            node.is_abstract = is_abstract;
            node.poison = poison;
            *node.expression.get_mut().unwrap_or_else(PoisonError::into_inner) = expression;
            return Tensor(place);
        }
        let (value, expression) = (OnceLock::new(), Mutex::new(expression));
        Tensor(Arc::new(Node { ty, location, depth, is_abstract, poison, value, expression }))
    }

    fn infer(op: &Op, operands: &[Tensor]) -> Result<Type, Problem> {
        match operands {
            [x] => infer(op, &[&x.0.ty]),
            [x, y] => infer(op, &[&x.0.ty, &y.0.ty]),
            _ => infer(op, &operands.iter().map(|operand| &operand.0.ty).collect::<SmallVec<[&Type; 3]>>()),
        }
    }

    /// The likeliest type of what could not be computed.
    fn guess(operands: &[Tensor]) -> Type {
        let types: Vec<Type> = operands.iter().map(|operand| operand.0.ty.clone()).collect();
        let dtype = types.iter().map(|ty| ty.dtype).reduce(crate::DType::promote);
        Type { shape: best_guess(&types), dtype: dtype.unwrap_or(crate::F32) }
    }

    /// An address that is this node's while the tensor lives.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

impl Node {
    /// Operations that have yet to run for this one's value.
    fn pending_depth(&self) -> u32 {
        if self.value.get().is_some() { 0 } else { self.depth }
    }

    pub(crate) fn expression(&self) -> MutexGuard<'_, Expression> {
        // The guarded value is only ever replaced whole.
        self.expression.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores the value; unless a differentiation still needs to see how it
    /// was computed, forgets that.
    pub(crate) fn set_value(&self, value: Buffer) {
        let _ = self.value.set(value);
        if !mode::is_tracing() {
            let forgotten = std::mem::replace(&mut *self.expression(), Expression::Concrete);
            if let Expression::Operation(_, operands) = forgotten {
                release(operands);
            }
        }
    }

    /// Its operands, which it has no longer.
    fn take_operands(&mut self) -> Operands {
        match self.expression.get_mut().unwrap_or_else(PoisonError::into_inner) {
            Expression::Operation(_, operands) => std::mem::take(operands),
            _ => Operands::new(),
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let operands = self.take_operands();
        if !operands.is_empty() {
            release(operands);
        }
    }
}

/// Drops operands with a worklist: a graph may be deeper than the stack.
fn release(mut operands: Operands) {
    let mut pending: SmallVec<[Tensor; 16]> = SmallVec::new();
    loop {
        while let Some(operand) = operands.pop() {
            pending.push(operand);
        }
        let Some(Tensor(mut node)) = pending.pop() else { return };
        if let Some(last) = Arc::get_mut(&mut node) {
            operands = last.take_operands();
            node_free_list::keep(node);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deep_graph_is_dropped_without_recursion() {
        let mut x = Tensor::spec([3], crate::F32);
        for _ in 0..200_000 {
            x = x + 1.0;
        }
        drop(x);
    }

    #[test]
    fn a_chain_outside_of_any_boundary_stays_bounded() {
        let mut x = Tensor::zeros([3], crate::F32);
        for _ in 0..5 * DEEPEST {
            x = x + 1.0;
            assert!(x.0.depth <= DEEPEST + 1);
        }
        assert_eq!(x.to_vec::<f32>().unwrap(), [5.0 * DEEPEST as f32; 3]);
    }
}
