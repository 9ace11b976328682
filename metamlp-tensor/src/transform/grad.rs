//! Reverse-mode differentiation. It walks back over the recorded operations and records the gradient as further
//! operations, which can be differentiated again.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::error::{Error, Result};
use crate::graph::birth::Differentiation;
use crate::graph::mode;
use crate::graph::node::{Expression, Operands, Tensor};
use crate::graph::op::Op;
use crate::graph::post_order::{Pending, Walk, walk};
use crate::graph::source::Source;
use crate::transform::boundary;
use crate::transform::vjp::vjp;
use crate::tree::Tree;

/// The result of a function to be differentiated: a float tensor of one element, or a `Result` of one.
#[diagnostic::on_unimplemented(
    message = "the gradient of a function that returns `{Self}` is not defined: it must return one number",
    note = "return a `Tensor` of shape [] or a `Result<Tensor, _>`; with more results use `value_and_grad_with_aux`"
)]
pub trait Loss {
    #[doc(hidden)]
    fn into_loss(self) -> Result<Tensor>;
}

impl Loss for Tensor {
    fn into_loss(self) -> Result<Tensor> {
        Ok(self)
    }
}

impl Loss for Result<Tensor> {
    fn into_loss(self) -> Result<Tensor> {
        self
    }
}

/// The gradient of `loss` with respect to all float tensors of `params`. JAX's `grad`.
///
/// # Errors
/// As [`value_and_grad`].
///
/// ```
/// use metamlp_tensor::{Tensor, grad};
/// let x = Tensor::scalar(3.0f32);
/// let second = grad(&x, |x| grad(x, |x| x.integer_pow(3)))?;   // the second derivative
/// assert_eq!(second.item::<f32>()?, 18.0);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
pub fn grad<P: Tree, L: Loss>(params: &P, loss: impl FnOnce(&P) -> L) -> Result<P> {
    value_and_grad(params, loss).map(|(_, grads)| grads)
}

/// `loss(params)` and its gradient with respect to all float tensors of `params`. JAX's `value_and_grad`.
///
/// The gradient is a tree of the structure of `params`. The gradient of a tensor of integers or flags, or of one that
/// does not influence the loss, is 0.
///
/// # Errors
/// An error that `loss` returns or that its value carries, and
/// [`Error::NotAScalar`] if the value is not one float.
///
/// ```
/// use metamlp_tensor::{Tensor, value_and_grad};
/// let (w, b) = (Tensor::scalar(2.0f32), Tensor::scalar(1.0f32));
/// let (loss, (dw, db)) = value_and_grad(&(w, b), |(w, b)| (w * 3.0 + b).square())?;
/// assert_eq!(loss.item::<f32>()?, 49.0);
/// assert_eq!((dw.item::<f32>()?, db.item::<f32>()?), (42.0, 14.0));
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
pub fn value_and_grad<P: Tree, L: Loss>(params: &P, loss: impl FnOnce(&P) -> L) -> Result<(Tensor, P)> {
    let source_line = Source::here();
    let with_aux = |params: &P| loss(params).into_loss().map(|loss| (loss, ()));
    differentiate(params, with_aux, &source_line).map(|((loss, ()), grads)| (loss, grads))
}

/// [`value_and_grad`] of a function that returns further results beside the loss. Returns `((loss, aux), gradient)`.
///
/// # Errors
/// As [`value_and_grad`].
///
/// ```
/// use metamlp_tensor::{Tensor, value_and_grad_with_aux};
/// let w = Tensor::scalar(2.0f32);
/// let ((loss, double), _grad) = value_and_grad_with_aux(&w, |w| Ok((w.square(), w * 2.0)))?;
/// assert_eq!((loss.item::<f32>()?, double.item::<f32>()?), (4.0, 4.0));
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
pub fn value_and_grad_with_aux<P: Tree, A: Tree>(
    params: &P,
    loss: impl FnOnce(&P) -> Result<(Tensor, A)>,
) -> Result<((Tensor, A), P)> {
    differentiate(params, loss, &Source::here())
}

fn differentiate<P: Tree, A: Tree>(
    params: &P,
    loss: impl FnOnce(&P) -> Result<(Tensor, A)>,
    source_line: &Source,
) -> Result<((Tensor, A), P)> {
    let recorded = mode::deferred(|| {
        let differentiation = Differentiation::begin();
        let mut variables = Vec::new();
        let traced = params.map(&mut |tensor| {
            let variable = Tensor::variable(tensor, &differentiation);
            variables.push(variable.clone());
            variable
        });
        let (loss, aux) = loss(&traced)?;
        if let Some(error) = loss.error() {
            return Err(error.clone());
        }
        if !loss.dtype().is_float() || loss.size() != 1 {
            return Err(Error::NotAScalar { ty: loss.ty().clone(), source_line: source_line.clone() });
        }
        let cotangent = loss.ones_like();
        let mut gradients = backward(&[(loss.clone(), cotangent)], &variables).into_iter();
        let gradients = params.map(&mut |_| gradients.next().expect("one gradient for each variable"));
        Ok(((loss, aux), gradients))
    })?;
    // The parameters are computed on the way: their values are kept, so that the next gradient does not compute them again.
    boundary::evaluate_for((recorded, params.tensors()), source_line.location).map(|(recorded, _)| recorded)
}

/// A recorded operation that an output depends on.
struct Recorded {
    tensor: Tensor,
    op: Op,
    operands: Operands,
}

/// The gradients with respect to `variables`. `outputs` are pairs of an output and its cotangent.
pub(crate) fn backward(outputs: &[(Tensor, Tensor)], variables: &[Tensor]) -> Vec<Tensor> {
    let tape = depending_on(outputs.iter().map(|(output, _)| output), variables);
    let dependent: FxHashSet<usize> = tape.iter().map(|recorded| recorded.tensor.address()).collect();
    let is_variable: FxHashSet<usize> = variables.iter().map(Tensor::address).collect();
    let mut cotangents: FxHashMap<usize, Tensor> = FxHashMap::default();
    let add = |cotangents: &mut FxHashMap<usize, Tensor>, to: &Tensor, contribution: Tensor| {
        let sum = match cotangents.remove(&to.address()) {
            Some(so_far) => so_far + contribution,
            None => contribution,
        };
        cotangents.insert(to.address(), sum);
    };
    for (output, cotangent) in outputs {
        add(&mut cotangents, output, cotangent.clone());
    }
    for Recorded { tensor, op, operands } in tape.into_iter().rev() {
        let address = tensor.address();
        if is_variable.contains(&address) {
            continue;
        }
        // All users of this operation have been handled, so its cotangent is complete and not needed again.
        let Some(cotangent) = cotangents.remove(&address) else { continue };
        let wanted = |operand: &Tensor| dependent.contains(&operand.address());
        let contributions = vjp(&op, &operands, &tensor, &cotangent, &wanted);
        for (operand, contribution) in operands.iter().zip(contributions) {
            let Some(contribution) = contribution.filter(|_| wanted(operand)) else { continue };
            add(&mut cotangents, operand, contribution);
        }
    }
    variables
        .iter()
        .map(|variable| cotangents.remove(&variable.address()).unwrap_or_else(|| variable.zeros_like()))
        .collect()
}

/// The float operations on the paths from `variables` to `outputs`, operands first.
fn depending_on<'a>(
    outputs: impl DoubleEndedIterator<Item = &'a Tensor>,
    variables: &[Tensor],
) -> Vec<Recorded> {
    // Operands are older than their users: what is older than all variables depends on none of them.
    let oldest = variables.iter().map(|variable| variable.0.born).min().unwrap_or(u64::MAX);
    let mut tape = Tape { oldest, ..Tape::default() };
    for variable in variables {
        let is_float = variable.dtype().is_float();
        tape.dependent.insert(variable.address(), is_float);
        if is_float {
            let operands = Operands::new();
            tape.recorded.push(Recorded { tensor: variable.clone(), op: Op::Identity, operands });
        }
    }
    let mut pending = Pending::default();
    outputs.rev().cloned().for_each(|output| pending.push(output));
    walk(&mut tape, &mut pending);
    tape.recorded
}

/// The walk that collects the operations that depend on variables.
#[derive(Default)]
struct Tape {
    recorded: Vec<Recorded>,
    /// For each visited node, by its address: true if it depends on a variable.
    dependent: FxHashMap<usize, bool>,
    /// The birth number of the oldest variable.
    oldest: u64,
}

impl Walk for Tape {
    type Node = Recorded;

    fn first(&mut self, tensor: Tensor, pending: &mut Pending<Recorded>) -> Option<Recorded> {
        if self.dependent.contains_key(&tensor.address()) {
            return None;
        }
        // Integers and flags carry no gradient.
        if tensor.dtype().is_float() && tensor.0.born > self.oldest {
            let expression = tensor.0.expression().clone();
            if let Expression::Operation(op, operands) = expression
                && op != Op::StopGradient
            {
                operands.iter().cloned().for_each(|operand| pending.push(operand));
                return Some(Recorded { tensor, op, operands });
            }
        }
        self.dependent.insert(tensor.address(), false);
        None
    }

    fn is_done(&self, node: &Recorded) -> bool {
        self.dependent.contains_key(&node.tensor.address())
    }

    fn last(&mut self, node: Recorded) {
        let depends =
            node.operands.iter().any(|operand| self.dependent.get(&operand.address()) == Some(&true));
        self.dependent.insert(node.tensor.address(), depends);
        if depends {
            self.recorded.push(node);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walk_stops_at_tensors_that_are_older_than_the_variables() {
        let past = (0..2000).fold(Tensor::scalar(1.0f32), |x, _| x + 1.0);
        let variable = Tensor::variable(&Tensor::scalar(2.0f32), &Differentiation::begin());
        let mut tape = Tape { oldest: variable.0.born, ..Tape::default() };
        tape.dependent.insert(variable.address(), true);
        let mut pending = Pending::default();
        pending.push(&variable * &past);
        walk(&mut tape, &mut pending);
        assert_eq!((tape.recorded.len(), tape.dependent.len()), (1, 3));
    }
}
