//! The second operand of a method or operator: a tensor, or a weakly typed Rust number that takes the tensor's dtype, as
//! in JAX. Also NumPy's broadcasting.

use crate::dtype::DType;
use crate::error::{Error, Problem};
use crate::graph::node::Tensor;
use crate::graph::op::{Literal, Op};
use crate::graph::source::Source;
use crate::shape::{Axes, Shape};

mod sealed {
    pub trait Sealed {}
    impl Sealed for crate::Tensor {}
    impl Sealed for &crate::Tensor {}
    impl Sealed for bool {}
    impl Sealed for i32 {}
    impl Sealed for u32 {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A tensor, or a Rust number in its place.
///
/// A number becomes a constant of the program. It takes the dtype of the tensor beside it, unless its kind is higher
/// (bool < int < float): `x * 2` has the dtype of `x`, but an integer tensor times `0.5` is `f32`.
pub trait Operand: sealed::Sealed {
    /// The operand as a tensor, next to one of dtype `partner`.
    #[doc(hidden)]
    #[track_caller]
    fn into_tensor(self, partner: DType) -> Tensor;
}

impl Operand for Tensor {
    fn into_tensor(self, _partner: DType) -> Tensor {
        self
    }
}

impl Operand for &Tensor {
    fn into_tensor(self, _partner: DType) -> Tensor {
        self.clone()
    }
}

/// A Rust number.
pub trait Scalar: Operand + Copy {
    /// The number as a literal of `dtype`.
    #[doc(hidden)]
    fn literal(self, dtype: DType) -> Literal;
}

macro_rules! scalar {
    ($($ty:ty, $own:ident);* $(;)?) => {$(
        impl Operand for $ty {
            #[track_caller]
            fn into_tensor(self, partner: DType) -> Tensor {
                // A weakly typed scalar takes the tensor's dtype unless its kind is higher.
                let own = DType::$own;
                let kind = |dtype: DType| match dtype {
                    DType::Bool => 0,
                    DType::I32 | DType::U32 => 1,
                    DType::F16 | DType::BF16 | DType::F32 | DType::F64 => 2,
                };
                let dtype = if kind(own) <= kind(partner) {
                    partner
                } else if own.is_float() {
                    DType::F32
                } else {
                    own
                };
                Tensor::constant(Scalar::literal(self, dtype))
            }
        }
        impl Scalar for $ty {
            fn literal(self, dtype: DType) -> Literal {
                Literal::from_f64(f64::from(self), dtype)
            }
        }
    )*};
}

scalar! {
    bool, Bool;
    i32, I32;
    u32, U32;
    f32, F32;
    f64, F64;
}

/// Both operands, converted to their common dtype and broadcast to their common shape.
#[track_caller]
pub(crate) fn promoted(op: &'static str, lhs: &Tensor, rhs: impl Operand) -> (Tensor, Tensor) {
    let rhs = rhs.into_tensor(lhs.dtype());
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
