//! What a cell is, and a cell of any type.

use std::fmt;

use metamlp_tensor::random::Key;
use metamlp_tensor::{DType, Error, Tensor, Tree};

use crate::__private::{Submodules, Visit};
use crate::argument::invalid;
use crate::initializers::initializer::Initializer;
use crate::layers::check;
use crate::module::Module;

/// One step along a sequence: what an [`RNN`](super::RNN) needs of a module
/// (Flax's `RNNCellBase`).
///
/// ```
/// use metamlp::prelude::*;
///
/// /// Adds up what comes, through a layer.
/// #[module]
/// struct Accumulator {
///     features: usize,
/// }
///
/// #[compact]
/// impl Accumulator {
///     fn call(&self, carry: &Tensor, x: &Tensor) -> (Tensor, Tensor) {
///         let sum = carry + Dense::new(self.features).call(x);
///         (sum.clone(), sum)
///     }
/// }
///
/// impl RNNCell for Accumulator {
///     type Carry = Tensor;
///
///     fn step(&self, carry: &Tensor, x: &Tensor) -> (Tensor, Tensor) {
///         self.call(carry, x)
///     }
///
///     fn initialize_carry(&self, _key: &Key, input_shape: &[usize]) -> Tensor {
///         Tensor::zeros([&input_shape[..input_shape.len() - 1], &[self.features]].concat(), F32)
///     }
/// }
///
/// let rnn = RNN::new(Accumulator::new(3));
/// let x = Tensor::ones([2, 4, 5], F32);
/// let variables = rnn.init(Key::new(0), |m| m.call(&x))?;
/// assert_eq!(rnn.apply(&variables, (), |m| m.call(&x))?.shape(), [2, 4, 3]);
/// # Ok::<(), metamlp::Error>(())
/// ```
pub trait RNNCell: Module {
    /// What one step hands to the next.
    type Carry: Tree;

    /// The next carry and the output of one step.
    #[track_caller]
    fn step(&self, carry: &Self::Carry, x: &Tensor) -> (Self::Carry, Tensor);

    /// The carry to begin with, for an input of that shape to one step.
    fn initialize_carry(&self, key: &Key, input_shape: &[usize]) -> Self::Carry;

    /// How many of the last axes of a step's input are not of the batch.
    fn num_feature_axes(&self) -> usize {
        1
    }
}

/// A cell of any type.
///
/// A clone of a cell is another module.
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

    /// What comes of each step. `carry` has the tensors of one of the cell's;
    /// without it the cell makes one from `key`.
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

/// What comes of one step.
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

/// A [`RNNCell`] whose carry has no type.
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

/// `given` in the form of the cell's own carry.
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

/// What a step of a dense cell asks of its fields and inputs.
#[track_caller]
pub(super) fn check_step(
    cell: &'static str,
    features: usize,
    (dtype, param_dtype): (Option<DType>, DType),
    h: &Tensor,
    x: &Tensor,
) -> Result<(), Error> {
    check::size(cell, "features", features)?;
    check::dtypes(cell, dtype, param_dtype)?;
    check::last_axis(cell, x)?;
    let expected = carry_shape(x.shape(), features);
    if h.shape() == expected {
        return Ok(());
    }
    let expected = format!("{expected:?}, the input being {:?}", x.shape());
    Err(invalid(cell, "the carry's shape", format!("{:?}", h.shape()), expected))
}

/// A first carry `[batch.., features]`.
pub(super) fn carry(
    init: &Initializer,
    key: Key,
    input_shape: &[usize],
    features: usize,
    dtype: DType,
) -> Tensor {
    init.initialize(key, &carry_shape(input_shape, features), dtype)
}

/// Two of them, of two keys.
pub(super) fn pair_of_carries(
    init: &Initializer,
    key: &Key,
    input_shape: &[usize],
    features: usize,
    dtype: DType,
) -> (Tensor, Tensor) {
    // Folding in 0 and 1 is splitting in two.
    let of = |half| carry(init, key.fold_in(half), input_shape, features, dtype);
    (of(0), of(1))
}

fn carry_shape(input_shape: &[usize], features: usize) -> Vec<usize> {
    let batch = &input_shape[..input_shape.len().saturating_sub(1)];
    [batch, &[features]].concat()
}
