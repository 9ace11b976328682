//! The second operand of a method or operator: a tensor, or a weakly typed Rust number that takes the tensor's dtype, as
//! in JAX. Also NumPy's broadcasting.

use crate::dtype::DType;
use crate::error::{Error, Problem};
use crate::graph::node::Tensor;
use crate::graph::op::Op;
use crate::graph::source::Source;
use crate::shape::{Axes, Shape};
use crate::tensor::elementwise::number::Number;

mod sealed {
    pub trait Sealed {}
}

/// A tensor, or a Rust number in its place: a `bool`, an integer or a float of any size.
///
/// A number becomes a constant of the program. It takes the dtype of the tensor beside it, unless its kind is higher
/// (bool < int < float): `x * 2` has the dtype of `x`, but an integer tensor times `0.5` is `f32`. A number that an
/// integer dtype does not hold gives a poisoned tensor; a comparison with it is by value.
///
/// ```
/// use metamlp_tensor::Tensor;
/// let x = Tensor::from_vec([1], vec![-5]);
/// assert!(x.less(4_000_000_000_u32).item::<bool>()?);
/// assert!(x.maximum(4_000_000_000_u32).error().is_some());
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
pub trait Operand: sealed::Sealed {
    /// The operand before its dtype is known.
    #[doc(hidden)]
    fn term(self) -> Term;
}

/// An operand before its dtype is known.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub enum Term {
    /// A tensor, which has its own.
    Tensor(Tensor),
    /// A number, which takes the dtype of the tensors beside it.
    Number(Number),
}

impl sealed::Sealed for Tensor {}
impl sealed::Sealed for &Tensor {}

impl Operand for Tensor {
    fn term(self) -> Term {
        Term::Tensor(self)
    }
}

impl Operand for &Tensor {
    fn term(self) -> Term {
        Term::Tensor(self.clone())
    }
}

/// A Rust number.
pub trait Scalar: Operand + Copy {
    /// The number, exact.
    #[doc(hidden)]
    fn number(self) -> Number;
}

macro_rules! scalar {
    ($($ty:ty)*) => {$(
        impl sealed::Sealed for $ty {}
        impl Operand for $ty {
            fn term(self) -> Term {
                Term::Number(self.into())
            }
        }
        impl Scalar for $ty {
            fn number(self) -> Number {
                self.into()
            }
        }
    )*};
}

scalar! { bool i8 i16 i32 i64 isize u8 u16 u32 u64 usize half::f16 half::bf16 f32 f64 }

/// The dtype of an operation on tensors, whose common dtype is `tensors`, and numbers, whose common dtype is `numbers`:
/// the tensors decide, unless the numbers are of a higher kind (bool < int < float).
fn decided(tensors: Option<DType>, numbers: Option<DType>) -> DType {
    let kind = |dtype: DType| match dtype {
        DType::Bool => 0,
        DType::I32 | DType::U32 => 1,
        DType::F16 | DType::BF16 | DType::F32 | DType::F64 => 2,
    };
    match (tensors, numbers) {
        (Some(tensors), Some(numbers)) if kind(numbers) > kind(tensors) => numbers,
        (Some(dtype), _) | (None, Some(dtype)) => dtype,
        (None, None) => DType::F32,
    }
}

impl Number {
    /// The dtype of the number beside tensors of dtype `partner`.
    pub(crate) fn dtype_beside(self, partner: DType) -> DType {
        decided(Some(partner), Some(self.default_dtype()))
    }
}

impl Term {
    /// The operand as a tensor. A number takes `dtype`.
    #[track_caller]
    pub(crate) fn into_tensor(self, op: &'static str, dtype: DType) -> Tensor {
        match self {
            Self::Tensor(tensor) => tensor,
            Self::Number(number) => number.tensor(op, dtype),
        }
    }

    /// The operand as a tensor of `dtype`.
    #[track_caller]
    pub(crate) fn converted(self, op: &'static str, dtype: DType) -> Tensor {
        self.into_tensor(op, dtype).convert(dtype)
    }
}

/// The dtype of an operation on `terms`.
pub(crate) fn common_dtype(terms: &[&Term]) -> DType {
    let (mut tensors, mut numbers) = (None, None);
    let joined = |sum: Option<DType>, own: DType| Some(sum.map_or(own, |sum| sum.promote(own)));
    for term in terms {
        match term {
            Term::Tensor(tensor) => tensors = joined(tensors, tensor.dtype()),
            Term::Number(number) => numbers = joined(numbers, number.default_dtype()),
        }
    }
    decided(tensors, numbers)
}

/// Both operands, converted to their common dtype and broadcast to their common shape.
#[track_caller]
pub(crate) fn promoted(op: &'static str, lhs: &Tensor, rhs: impl Operand) -> (Tensor, Tensor) {
    let rhs = match rhs.term() {
        Term::Tensor(rhs) => rhs,
        Term::Number(rhs) => rhs.tensor(op, rhs.dtype_beside(lhs.dtype())),
    };
    joined(op, lhs, rhs)
}

#[track_caller]
fn joined(op: &'static str, lhs: &Tensor, rhs: Tensor) -> (Tensor, Tensor) {
    if lhs.dtype() == rhs.dtype() {
        // Fast path: equal types, or a scalar on the right.
        if lhs.0.ty.shape == rhs.0.ty.shape {
            return (lhs.clone(), rhs);
        }
        if rhs.rank() == 0 {
            let rhs = rhs.broadcast_to(lhs.shape());
            return (lhs.clone(), rhs);
        }
    }
    let dtype = lhs.dtype().promote(rhs.dtype());
    let (lhs, rhs) = (lhs.convert(dtype), rhs.convert(dtype));
    match broadcast_shapes(op, &[&lhs, &rhs]) {
        Ok(shape) => (lhs.broadcast_to(&shape), rhs.broadcast_to(&shape)),
        Err(error) => (lhs.poisoned_like(error.clone()), rhs.poisoned_like(error)),
    }
}

/// The common shape of the operands by NumPy's rules: axes of extent 1 are repeated, missing leading axes are added.
#[track_caller]
pub(crate) fn broadcast_shapes(op: &'static str, operands: &[&Tensor]) -> Result<Shape, Error> {
    let rank = operands.iter().map(|operand| operand.rank()).max().unwrap_or(0);
    let mut result = Axes::from_elem(1, rank);
    for operand in operands {
        for (extent, &own) in result[rank - operand.rank()..].iter_mut().zip(operand.shape()) {
            if *extent == 1 {
                *extent = own;
            } else if own != 1 && own != *extent {
                let types = operands.iter().map(|operand| operand.0.ty.clone()).collect();
                let problem = "their shapes do not broadcast: aligned at the last axis, \
                               extents must be equal or 1";
                return Err(Problem::Shape(problem.to_owned()).at(op, types, Source::here()));
            }
        }
    }
    Ok(Shape::from(&result[..]))
}

impl Tensor {
    /// The tensor broadcast to `shape` by NumPy's rules: axes of extent 1 are repeated, missing leading axes are added.
    ///
    /// ```
    /// use metamlp_tensor::Tensor;
    /// let row = Tensor::from_vec([3], vec![1, 2, 3]);
    /// assert_eq!(row.broadcast_to([2, 3]).to_vec::<i32>()?, [1, 2, 3, 1, 2, 3]);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn broadcast_to(&self, shape: impl AsRef<[usize]>) -> Tensor {
        let shape = Shape::from(shape.as_ref());
        if self.0.ty.shape == shape {
            return self.clone();
        }
        if shape.len() < self.rank() {
            let problem = format!("it has more axes than the target shape {shape}");
            let error = Problem::Shape(problem).at("broadcast_to", vec![self.0.ty.clone()], Source::here());
            return self.poisoned_like(error);
        }
        let axes = (shape.len() - self.rank()..shape.len()).collect();
        Self::apply(Op::BroadcastInDim { shape, axes }, [self.clone()])
    }
}
