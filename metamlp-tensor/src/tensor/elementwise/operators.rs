//! The operators `+ - * /` between tensors, references to tensors and Rust numbers, and unary `-`. `/` of integers is the
//! float quotient, as in Python. Of Rust's float types only `f64` is an operand: with two of them, the type of `0.5` in
//! `x * 0.5` could not be inferred.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::graph::node::Tensor;
use crate::graph::op::Binary;
use crate::tensor::elementwise::number::Number;

macro_rules! operator {
    ($trait:ident, $method:ident, $op:ident) => {
        operator!(@tensor $trait, $method, $op, Tensor, Tensor);
        operator!(@tensor $trait, $method, $op, Tensor, &Tensor);
        operator!(@tensor $trait, $method, $op, &Tensor, Tensor);
        operator!(@tensor $trait, $method, $op, &Tensor, &Tensor);
        operator!(@number $trait, $method, $op, i32);
        operator!(@number $trait, $method, $op, f64);
    };
    (@tensor $trait:ident, $method:ident, $op:ident, $lhs:ty, $rhs:ty) => {
        impl $trait<$rhs> for $lhs {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, rhs: $rhs) -> Tensor {
                self.binary(Binary::$op, rhs)
            }
        }
    };
    (@number $trait:ident, $method:ident, $op:ident, $number:ty) => {
        operator!(@tensor $trait, $method, $op, Tensor, $number);
        operator!(@tensor $trait, $method, $op, &Tensor, $number);
        operator!(@reversed $trait, $method, $op, $number, Tensor);
        operator!(@reversed $trait, $method, $op, $number, &Tensor);
    };
    (@reversed $trait:ident, $method:ident, $op:ident, $number:ty, $rhs:ty) => {
        impl $trait<$rhs> for $number {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, rhs: $rhs) -> Tensor {
                let number = Number::from(self);
                number.tensor(Binary::$op.name(), number.dtype_beside(rhs.dtype())).binary(Binary::$op, rhs)
            }
        }
    };
}

operator!(Add, add, Add);
operator!(Sub, sub, Sub);
operator!(Mul, mul, Mul);
operator!(Div, div, Div);

impl Neg for Tensor {
    type Output = Tensor;
    #[track_caller]
    fn neg(self) -> Tensor {
        self.negate()
    }
}

impl Neg for &Tensor {
    type Output = Tensor;
    #[track_caller]
    fn neg(self) -> Tensor {
        self.negate()
    }
}
