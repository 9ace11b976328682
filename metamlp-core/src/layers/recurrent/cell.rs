//! A recurrent cell of any type, as a field of `RNN`.

use std::fmt;

use metamlp_tensor::random::Key;
use metamlp_tensor::{Error, Tensor, Tree};

use super::RNNCell;
use crate::__private::{Submodules, Visit};
use crate::argument::invalid;
use crate::module::Module;

/// A cell of any type.
///
/// A clone holds a clone of the cell, which has an identity of its own.
pub struct Cell(Box<dyn AnyCell>);

impl<C: RNNCell + Clone + fmt::Debug + Send + Sync + 'static> From<C> for Cell {
    fn from(cell: C) -> Self {
        Self(Box::new(cell))
    }
}

impl Cell {
    /// See [`RNNCell::num_feature_axes`].
    pub(super) fn num_feature_axes(&self) -> usize {
        self.0.feature_axes()
    }

    /// Runs all steps. `carry` holds the tensors of the first carry; without it the cell creates one
    /// from `key`.
    #[track_caller]
    pub(super) fn unroll(
        &self,
        carry: Option<&[Tensor]>,
        key: &Key,
        steps: &[Tensor],
    ) -> Result<Vec<Step>, Error> {
        self.0.unroll(carry, key, steps)
    }
}

/// The result of one step.
pub(super) struct Step {
    /// The tensors of the next carry.
    pub(super) carry: Vec<Tensor>,
    pub(super) output: Tensor,
}

impl Clone for Cell {
    fn clone(&self) -> Self {
        Self(self.0.boxed())
    }
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Submodules for Cell {
    fn submodules(&self, name: &str, visit: &mut Visit<'_>) {
        visit(name, &*self.0);
    }
}

/// A [`RNNCell`] with the carry's type erased.
trait AnyCell: Module + fmt::Debug + Send + Sync {
    fn feature_axes(&self) -> usize;

    #[track_caller]
    fn unroll(&self, carry: Option<&[Tensor]>, key: &Key, steps: &[Tensor]) -> Result<Vec<Step>, Error>;

    fn boxed(&self) -> Box<dyn AnyCell>;
}

impl<C: RNNCell + Clone + fmt::Debug + Send + Sync + 'static> AnyCell for C {
    fn feature_axes(&self) -> usize {
        self.num_feature_axes()
    }

    #[track_caller]
    fn unroll(&self, given: Option<&[Tensor]>, key: &Key, steps: &[Tensor]) -> Result<Vec<Step>, Error> {
        let Some(first) = steps.first() else { return Ok(Vec::new()) };
        let mut carry = self.initialize_carry(key, first.shape());
        if let Some(given) = given {
            carry = replaced(&carry, given)?;
        }
        let mut unrolled = Vec::with_capacity(steps.len());
        for x in steps {
            let (next, output) = self.step(&carry, x);
            unrolled.push(Step { carry: next.tensors(), output });
            carry = next;
        }
        Ok(unrolled)
    }

    fn boxed(&self) -> Box<dyn AnyCell> {
        Box::new(self.clone())
    }
}

/// Rebuilds the cell's carry from the tensors `given`.
#[track_caller]
fn replaced<C: Tree>(own: &C, given: &[Tensor]) -> Result<C, Error> {
    let shapes =
        |tensors: &[Tensor]| tensors.iter().map(|tensor| tensor.shape().to_vec()).collect::<Vec<_>>();
    let (found, expected) = (shapes(given), shapes(&own.tensors()));
    if found != expected {
        return Err(invalid("RNN", "initial_carry", format!("{found:?}"), format!("{expected:?}")));
    }
    let mut given = given.iter();
    Ok(own.map(&mut |own| given.next().unwrap_or(own).clone()))
}
