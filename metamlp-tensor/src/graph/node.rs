//! [`Tensor`] and the node behind it: an operation that has not run yet, or a value. Making a node infers its type and
//! computes nothing.

use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use smallvec::SmallVec;

use crate::error::{Error, Problem, best_guess};
use crate::graph::birth::Differentiation;
use crate::graph::infer::infer;
use crate::graph::op::{Literal, Op};
use crate::graph::source::Source;
use crate::graph::{birth, mode, node_free_list, pending};
use crate::memory::buffer::Buffer;
use crate::shape::{Shape, Type};

/// An immutable multi-dimensional array that is computed when its value is needed.
///
/// A `Tensor` is a cheap handle; clones share the value. Methods and operators record operations. The recorded program
/// runs as a whole when a value is read ([`to_array`](Tensor::to_array), [`item`](Tensor::item), `Display`) or at a
/// boundary ([`evaluate`](crate::evaluate()), [`grad`](crate::grad()), [`jit`](crate::jit()), a module's `init` and
/// `apply`).
///
/// Operators cannot return `Result`. An ill-formed operation gives a *poisoned* tensor, which carries the first error
/// and the caller's line. Every tensor computed from it is poisoned too, and the boundary returns the error as `Err`.
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
    /// When it was made: greater than the numbers of its operands.
    pub(crate) born: u64,
    /// The number of the youngest differentiation that it depends on a variable of; 0 if there is none.
    differentiation: u64,
    /// The number of operations on the longest path to a leaf. Not updated when an operand gets its value.
    depth: u32,
    /// True if it depends on a placeholder, so that it cannot be evaluated.
    is_abstract: bool,
    /// The error of a poisoned tensor. Boxed because it is rare and large.
    pub(crate) poison: Option<Box<Error>>,
    /// Set once, when the node has been evaluated.
    pub(crate) value: OnceLock<Buffer>,
    /// True after a program has computed it for its users and not kept its value. A value that is needed again is kept.
    was_computed: AtomicBool,
    expression: Mutex<Expression>,
}

pub(crate) type Operands = SmallVec<[Tensor; 3]>;

/// How the value of a node is defined.
#[derive(Clone)]
pub(crate) enum Expression {
    /// By an operation. Kept beside the value while a differentiation may need it.
    Operation(Op, Operands),
    /// By the value alone: made from numbers, or evaluated and its operation dropped.
    Concrete,
    /// Not at all, only its type is known: a `spec`, or an argument under a transformation, which the text describes.
    Placeholder(Option<Arc<str>>),
    /// By no value: the node carries an error.
    Poisoned,
}

impl Tensor {
    /// The result of `op`. Poisoned if the shape rule refuses the operands, or one of them is poisoned.
    #[track_caller]
    pub(crate) fn apply(op: Op, operands: impl IntoIterator<Item = Tensor>) -> Tensor {
        let mut list = Operands::new();
        operands.into_iter().for_each(|operand| list.push(operand));
        let operands = list;
        let origin = Origin::of(&operands);
        if origin.is_poisoned {
            return Self::poisoned_by(&op, &operands);
        }
        let ty = match Self::infer(&op, &operands) {
            Ok(ty) => ty,
            Err(problem) => {
                let types = operands.iter().map(|operand| operand.0.ty.clone()).collect();
                let error = problem.at(op.name(), types, Source::here());
                return Self::poisoned(error, Self::guess(&operands));
            }
        };
        if !operands.is_empty() {
            pending::count(1);
        }
        let depth = 1 + origin.depth;
        let is_abstract = origin.is_abstract;
        let tensor =
            Self::node(ty, origin.lineage, depth, is_abstract, None, Expression::Operation(op, operands));
        if depth > pending::deepest() && !is_abstract && !mode::is_deferred() {
            // An error is found again, and returned, when the value is read.
            let _ = tensor.evaluate();
        }
        tensor
    }

    /// The result of an operation one of whose operands is poisoned.
    #[cold]
    #[track_caller]
    fn poisoned_by(op: &Op, operands: &[Tensor]) -> Tensor {
        let poison = operands.iter().find_map(|operand| operand.0.poison.as_deref());
        let poison = poison.expect("one of the operands is poisoned").clone();
        Self::poisoned(poison, Self::infer(op, operands).unwrap_or_else(|_| Self::guess(operands)))
    }

    /// A tensor with a value.
    #[track_caller]
    pub(crate) fn concrete(shape: Shape, value: Buffer) -> Tensor {
        let ty = Type { shape, dtype: value.dtype() };
        let tensor = Self::node(ty, Lineage::default(), 0, false, None, Expression::Concrete);
        assert!(tensor.0.value.set(value).is_ok(), "a new node has no value");
        tensor
    }

    /// A tensor with a type and no value.
    #[track_caller]
    pub(crate) fn placeholder(ty: Type, origin: Option<Arc<str>>) -> Tensor {
        Self::node(ty, Lineage::default(), 0, true, None, Expression::Placeholder(origin))
    }

    #[track_caller]
    pub(crate) fn poisoned(error: Error, ty: Type) -> Tensor {
        Self::node(ty.or_small(), Lineage::default(), 0, false, Some(Box::new(error)), Expression::Poisoned)
    }

    /// A variable of a differentiation, with the value of `tensor`. A use of `tensor` itself is a constant there.
    #[track_caller]
    pub(crate) fn variable(tensor: &Tensor, differentiation: &Differentiation) -> Tensor {
        let mut variable = Self::apply(Op::Identity, [tensor.clone()]);
        let node = Arc::get_mut(&mut variable.0).expect("a new node has one owner");
        node.differentiation = differentiation.number();
        variable
    }

    #[track_caller]
    pub(crate) fn constant(literal: Literal) -> Tensor {
        Self::apply(Op::Constant(literal), [])
    }

    #[track_caller]
    fn node(
        ty: Type,
        lineage: Lineage,
        depth: u32,
        is_abstract: bool,
        poison: Option<Box<Error>>,
        expression: Expression,
    ) -> Tensor {
        debug_assert!(ty.fits(), "sizes are checked where a type is made");
        let location = Location::caller();
        let (born, differentiation) = (birth::next(lineage.youngest_operand), lineage.differentiation);
        if let Some(mut place) = node_free_list::take()
            && let Some(node) = Arc::get_mut(&mut place)
        {
            // A free node has no value. Set field by field: a whole `Node` would be copied twice.
            node.ty = ty;
            node.location = location;
            node.born = born;
            node.differentiation = differentiation;
            *node.was_computed.get_mut() = false;
            node.depth = depth;
            node.is_abstract = is_abstract;
            node.poison = poison;
            *node.expression.get_mut().unwrap_or_else(PoisonError::into_inner) = expression;
            return Tensor(place);
        }
        let (value, was_computed, expression) =
            (OnceLock::new(), AtomicBool::new(false), Mutex::new(expression));
        let node = Node {
            ty,
            location,
            born,
            differentiation,
            depth,
            is_abstract,
            poison,
            value,
            was_computed,
            expression,
        };
        Tensor(Arc::new(node))
    }

    fn infer(op: &Op, operands: &[Tensor]) -> Result<Type, Problem> {
        match operands {
            [x] => infer(op, &[&x.0.ty]),
            [x, y] => infer(op, &[&x.0.ty, &y.0.ty]),
            _ => infer(op, &operands.iter().map(|operand| &operand.0.ty).collect::<SmallVec<[&Type; 3]>>()),
        }
    }

    /// Best-effort shape and dtype for a poisoned result.
    fn guess(operands: &[Tensor]) -> Type {
        let types: Vec<Type> = operands.iter().map(|operand| operand.0.ty.clone()).collect();
        let dtype = types.iter().map(|ty| ty.dtype).reduce(crate::DType::promote);
        Type { shape: best_guess(&types), dtype: dtype.unwrap_or(crate::F32) }
    }

    /// The address of the node, unique while the tensor lives.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

/// The age of a new node, and the differentiation it takes part in, both from its operands.
#[derive(Clone, Copy, Default)]
struct Lineage {
    youngest_operand: u64,
    differentiation: u64,
}

/// The properties of an operation's node that its operands decide.
#[derive(Default)]
struct Origin {
    lineage: Lineage,
    /// The greatest depth of an operand.
    depth: u32,
    is_abstract: bool,
    is_poisoned: bool,
}

impl Origin {
    #[inline]
    fn of(operands: &[Tensor]) -> Self {
        let mut origin = Self::default();
        let lineage = &mut origin.lineage;
        for Tensor(operand) in operands {
            lineage.youngest_operand = lineage.youngest_operand.max(operand.born);
            lineage.differentiation = lineage.differentiation.max(operand.differentiation);
            origin.depth = origin.depth.max(operand.pending_depth());
            origin.is_abstract |= operand.is_abstract;
            origin.is_poisoned |= operand.poison.is_some();
        }
        origin
    }
}

impl Node {
    /// True if it depends on a placeholder, so that it cannot be evaluated.
    pub(crate) fn is_abstract(&self) -> bool {
        self.is_abstract
    }

    /// Remembers that a program has computed the node without keeping its value.
    pub(crate) fn set_computed(&self) {
        self.was_computed.store(true, Ordering::Relaxed);
    }

    /// True if a program has computed the node without keeping its value.
    pub(crate) fn was_computed(&self) -> bool {
        self.was_computed.load(Ordering::Relaxed)
    }

    /// The depth of the operations that still have to run for this node's value.
    fn pending_depth(&self) -> u32 {
        if self.value.get().is_some() { 0 } else { self.depth }
    }

    pub(crate) fn expression(&self) -> MutexGuard<'_, Expression> {
        // A poisoned lock is usable: the expression is only ever replaced as a whole.
        self.expression.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores the value. Drops the operation, unless a differentiation that is recording, on any thread, may need it.
    pub(crate) fn set_value(&self, value: Buffer) {
        // Another thread may have evaluated the same node first; both values are equal.
        let _ = self.value.set(value);
        if !birth::is_differentiated(self.differentiation) {
            let dropped = std::mem::replace(&mut *self.expression(), Expression::Concrete);
            if let Expression::Operation(_, operands) = dropped {
                if !operands.is_empty() {
                    pending::count(-1);
                }
                release(operands);
            }
        }
    }

    /// Moves the operands out of the node.
    fn take_operands(&mut self) -> Operands {
        match self.expression.get_mut().unwrap_or_else(PoisonError::into_inner) {
            Expression::Operation(_, operands) => {
                if !operands.is_empty() {
                    pending::count(-1);
                }
                std::mem::take(operands)
            }
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

/// Drops tensors, by a worklist instead of recursion, since a graph may be deeper than the thread's stack. Nodes
/// without another owner go to the free list.
pub(crate) fn release(tensors: impl IntoIterator<Item = Tensor>) {
    node_free_list::with(|free| {
        let mut pending: SmallVec<[Tensor; 16]> = SmallVec::new();
        for tensor in tensors {
            pending.push(tensor);
            while let Some(Tensor(mut node)) = pending.pop() {
                // The count is read first, since `get_mut` writes to memory that other threads may read.
                if Arc::strong_count(&node) == 1
                    && let Some(last) = Arc::get_mut(&mut node)
                {
                    let mut operands = last.take_operands();
                    while let Some(operand) = operands.pop() {
                        pending.push(operand);
                    }
                    drop(last.value.take());
                    free.keep(node);
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::pending::DEEPEST;

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

    #[test]
    fn only_variables_of_a_differentiation_keep_their_operations() {
        let is_kept = |x: &Tensor| matches!(*x.0.expression(), Expression::Operation(..));
        let (other, mut kept) = (Tensor::ones([3], crate::F32).exp(), None);
        crate::grad(&Tensor::ones([3], crate::F32), |x| {
            let h = x.exp();
            std::thread::scope(|threads| {
                threads.spawn(|| {
                    [h.evaluate(), other.evaluate()].into_iter().collect::<Result<(), _>>().unwrap();
                });
            });
            assert!((is_kept(&h), is_kept(&other)) == (true, false));
            kept = Some(h.clone() + 1.0);
            h.sum_all()
        })
        .unwrap();
        let kept = kept.unwrap();
        kept.evaluate().unwrap();
        assert!(!is_kept(&kept));
    }
}
