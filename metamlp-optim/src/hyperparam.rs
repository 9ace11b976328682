//! Hyper-parameters of optimizers, and the ranges that they must lie in.

use std::fmt;
use std::ops::{Add, Div, Mul, Sub};

use metamlp_tensor::{DType, Error, Result, Tensor};

/// A hyper-parameter: a number, compiled into the program as a constant, or a tensor of shape `[]`, an
/// argument of the program (see [`inject_hyperparams`](crate::inject_hyperparams)).
///
/// A number is checked against its range before each step; a tensor is not.
///
/// ```
/// use metamlp_tensor::Tensor;
/// use metamlp_optim::Adam;
/// let by_number = Adam::new(1e-3).b1(0.95);
/// let by_tensor = Adam::new(1e-3).b1(Tensor::scalar(0.95f32));
/// ```
#[derive(Clone)]
pub struct Hyperparam(Value);

#[derive(Clone)]
enum Value {
    Number(f64),
    Tensor(Tensor),
}

impl Hyperparam {
    /// The number, or `None` for a tensor.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self.0 {
            Value::Number(number) => Some(number),
            Value::Tensor(_) => None,
        }
    }

    /// The value as a tensor of `dtype`, shape `[]`.
    pub(super) fn tensor(&self, dtype: DType) -> Tensor {
        match &self.0 {
            Value::Number(number) => Tensor::full([], *number, dtype),
            Value::Tensor(tensor) => tensor.convert(dtype),
        }
    }

    /// `1 - self`.
    pub(super) fn complement(&self) -> Self {
        match &self.0 {
            Value::Number(number) => (1.0 - number).into(),
            Value::Tensor(tensor) => (1.0 - tensor).into(),
        }
    }

    /// `-self`.
    pub(super) fn negated(&self) -> Self {
        match &self.0 {
            Value::Number(number) => (-number).into(),
            Value::Tensor(tensor) => tensor.negate().into(),
        }
    }

    /// Returns an error for a number out of `range` and for a tensor that is not one float.
    pub(super) fn check(&self, op: &'static str, name: &'static str, range: Range) -> Result<()> {
        match &self.0 {
            Value::Number(number) => range.check(op, name, *number),
            Value::Tensor(tensor) if tensor.rank() == 0 && tensor.dtype().is_float() => Ok(()),
            Value::Tensor(tensor) => Err(Error::argument(op, name, tensor.ty(), "a float of shape []")),
        }
    }
}

impl From<f64> for Hyperparam {
    fn from(number: f64) -> Self {
        Self(Value::Number(number))
    }
}

impl From<f32> for Hyperparam {
    fn from(number: f32) -> Self {
        f64::from(number).into()
    }
}

impl From<Tensor> for Hyperparam {
    fn from(tensor: Tensor) -> Self {
        Self(Value::Tensor(tensor))
    }
}

impl fmt::Debug for Hyperparam {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Value::Number(number) => number.fmt(f),
            Value::Tensor(tensor) => tensor.ty().fmt(f),
        }
    }
}

macro_rules! operator {
    ($($Operator:ident $method:ident),*) => {$(
        /// Converts the hyper-parameter to the tensor's dtype.
        impl $Operator<&Hyperparam> for &Tensor {
            type Output = Tensor;

            #[track_caller]
            fn $method(self, hyperparam: &Hyperparam) -> Tensor {
                match &hyperparam.0 {
                    Value::Number(number) => self.$method(*number),
                    Value::Tensor(tensor) => self.$method(tensor.convert(self.dtype())),
                }
            }
        }

        /// Converts the hyper-parameter to the tensor's dtype.
        impl $Operator<&Hyperparam> for Tensor {
            type Output = Tensor;

            #[track_caller]
            fn $method(self, hyperparam: &Hyperparam) -> Tensor {
                (&self).$method(hyperparam)
            }
        }
    )*};
}

operator!(Add add, Sub sub, Mul mul, Div div);

/// The range of a hyper-parameter. "Finite" means finite in `f32`, the dtype of most parameters.
#[derive(Clone, Copy, Debug)]
pub(super) enum Range {
    /// Any number.
    Finite,
    /// 0 or more.
    NotNegative,
    /// More than 0; infinity is allowed.
    Positive,
    /// A decay rate: `[0, 1)`.
    Decay,
    /// A fraction: `[0, 1]`.
    Unit,
    /// A number of steps: 1 to `i32::MAX`.
    Steps,
}

impl Range {
    #[expect(clippy::cast_possible_truncation, reason = "asks if the number is finite as an `f32`")]
    fn contains(self, number: f64) -> bool {
        let is_finite = (number as f32).is_finite();
        match self {
            Self::Finite => is_finite,
            Self::NotNegative => is_finite && number >= 0.0,
            Self::Positive => number > 0.0,
            Self::Decay => (0.0..1.0).contains(&number),
            Self::Unit => (0.0..=1.0).contains(&number),
            Self::Steps => (1.0..=f64::from(i32::MAX)).contains(&number),
        }
    }

    /// Returns an error for a number out of this range.
    pub(super) fn check(self, op: &'static str, name: &'static str, number: f64) -> Result<()> {
        if self.contains(number) { Ok(()) } else { Err(Error::argument(op, name, number, self.to_string())) }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Finite => "a finite f32",
            Self::NotNegative => "a finite f32, not negative",
            Self::Positive => "a positive number",
            Self::Decay => "a number in [0, 1)",
            Self::Unit => "a number in [0, 1]",
            Self::Steps => "a number of steps, 1 to 2147483647",
        })
    }
}
