//! The arithmetic of floats.

use half::{bf16, f16};

use super::Arithmetic;
use crate::graph::op::Literal;
use crate::math::Real;

macro_rules! float_arithmetic {
    ($ty:ident, $bits:ty) => {
        impl Arithmetic for $ty {
            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $ty
            }
            fn from_literal(literal: Literal) -> Self {
                literal.as_f64() as $ty
            }
            #[inline(always)]
            fn from_bits64(bits: u64) -> Self {
                $ty::from_bits(bits as $bits)
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn from_i64(value: i64) -> Self {
                value as $ty
            }
            #[inline(always)]
            fn to_i64(self) -> Option<i64> {
                None
            }
            define! {
                abs(x) = x.abs();
                cos(x) = x.cos();
                ceil(x) = x.ceil();
                erf(x) = Real::erf(x);
                erf_inv(x) = Real::erf_inv(x);
                erfc(x) = Real::erfc(x);
                exp(x) = Real::exp(x);
                exp_m1(x) = Real::exp_m1(x);
                floor(x) = x.floor();
                log(x) = Real::log(x);
                log1p(x) = Real::log1p(x);
                logistic(x) = Real::logistic(x);
                neg(x) = -x;
                round_nearest_even(x) = x.round_ties_even();
                rsqrt(x) = Real::rsqrt(x);
                sign(x) = if x == 0.0 || x.is_nan() { x } else { x.signum() };
                sin(x) = x.sin();
                sqrt(x) = x.sqrt();
                tan(x) = x.tan();
                tanh(x) = Real::tanh(x);
                add(x, y) = x + y;
                sub(x, y) = x - y;
                mul(x, y) = x * y;
                div(x, y) = x / y;
                rem(x, y) = x % y;
                // Each choice is one instruction. The two choices differ if both operands are zeros, whose signs are
                // joined, or if one is NaN, which is the result.
                max(x, y) = {
                    let (one, other) = (if x > y { x } else { y }, if y > x { y } else { x });
                    let joined = $ty::from_bits(one.to_bits() & other.to_bits());
                    if x.is_nan() || y.is_nan() { x + y } else { joined }
                };
                min(x, y) = {
                    let (one, other) = (if x < y { x } else { y }, if y < x { y } else { x });
                    let joined = $ty::from_bits(one.to_bits() | other.to_bits());
                    if x.is_nan() || y.is_nan() { x + y } else { joined }
                };
                pow(x, y) = x.powf(y);
                atan2(x, y) = x.atan2(y);
            }
            #[inline(always)]
            fn mul_add(self, factor: Self, addend: Self) -> Self {
                $ty::mul_add(self, factor, addend)
            }
            fn least() -> Self {
                $ty::NEG_INFINITY
            }
            fn greatest() -> Self {
                $ty::INFINITY
            }
        }
    };
}

float_arithmetic!(f32, u32);
float_arithmetic!(f64, u64);

/// Half-precision arithmetic: computed in `f32`, then rounded.
macro_rules! half_arithmetic {
    ($ty:ident: $($unary:ident)*; $($binary:ident)*) => {
        impl Arithmetic for $ty {
            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                $ty::from_f64(value)
            }
            fn from_literal(literal: Literal) -> Self {
                $ty::from_f64(literal.as_f64())
            }
            #[inline(always)]
            fn from_bits64(bits: u64) -> Self {
                $ty::from_bits(bits as u16)
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                $ty::to_f64(self)
            }
            #[inline(always)]
            fn from_i64(value: i64) -> Self {
                $ty::from_f64(value as f64)
            }
            #[inline(always)]
            fn to_i64(self) -> Option<i64> {
                None
            }
            $(
                #[inline(always)]
                fn $unary(self) -> Self {
                    $ty::from_f32(Arithmetic::$unary(self.to_f32()))
                }
            )*
            $(
                #[inline(always)]
                fn $binary(self, other: Self) -> Self {
                    $ty::from_f32(Arithmetic::$binary(self.to_f32(), other.to_f32()))
                }
            )*
            #[inline(always)]
            fn mul_add(self, factor: Self, addend: Self) -> Self {
                $ty::from_f32(self.to_f32().mul_add(factor.to_f32(), addend.to_f32()))
            }
            fn least() -> Self {
                $ty::NEG_INFINITY
            }
            fn greatest() -> Self {
                $ty::INFINITY
            }
        }
    };
}

half_arithmetic! { f16:
    abs cos ceil erf erf_inv erfc exp exp_m1 floor log log1p logistic neg round_nearest_even rsqrt sign sin sqrt tan tanh;
    add sub mul div rem max min pow atan2
}
half_arithmetic! { bf16:
    abs cos ceil erf erf_inv erfc exp exp_m1 floor log log1p logistic neg round_nearest_even rsqrt sign sin sqrt tan tanh;
    add sub mul div rem max min pow atan2
}
