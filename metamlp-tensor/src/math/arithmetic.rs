//! What the elementwise operations and reductions do to single elements: their
//! definition, for every element type.

use half::{bf16, f16};

use crate::dtype::Element;
use crate::graph::op::{Binary, Comparison, Extremum, Literal, Reduction, Unary};
use crate::math::Real;

impl Comparison {
    /// Whether the comparison holds of `x` and `y`.
    #[inline(always)]
    pub(crate) fn holds<T: PartialOrd + Copy>(self, x: T, y: T) -> bool {
        match self {
            Self::Eq => x == y,
            Self::Ne => x != y,
            Self::Lt => x < y,
            Self::Le => x <= y,
            Self::Gt => x > y,
            Self::Ge => x >= y,
        }
    }
}

/// What the elementwise operations do to one element: their definition.
pub(crate) trait Arithmetic: Element {
    fn from_f64(value: f64) -> Self;
    fn from_literal(literal: Literal) -> Self;
    fn from_bits64(bits: u64) -> Self;
    fn to_f64(self) -> f64;
    fn from_i64(value: i64) -> Self;
    /// The value, if the type is one of integers or flags.
    fn to_i64(self) -> Option<i64>;
    fn unary(self, unary: Unary) -> Self;
    fn binary(self, binary: Binary, other: Self) -> Self;
    fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// The least value, which is the start of a maximum.
    fn least() -> Self;
    fn greatest() -> Self;

    /// By value. Integers wrap around; floats are cut off towards zero and end
    /// at the integer type's limits, NaN becomes 0.
    #[inline(always)]
    fn convert<T: Arithmetic>(self) -> T {
        match self.to_i64() {
            Some(integer) => T::from_i64(integer),
            None => T::from_f64(self.to_f64()),
        }
    }

    /// What a reduction of nothing gives.
    fn start(kind: Reduction) -> Self {
        match kind {
            Reduction::Sum | Reduction::Any => Self::from_f64(0.0),
            Reduction::Prod | Reduction::All => Self::from_f64(1.0),
            Reduction::Max => Self::least(),
            Reduction::Min => Self::greatest(),
        }
    }

    #[inline(always)]
    fn reduce(self, kind: Reduction, x: Self) -> Self {
        match kind {
            Reduction::Sum => self.binary(Binary::Add, x),
            Reduction::Prod => self.binary(Binary::Mul, x),
            Reduction::Max => self.binary(Binary::Max, x),
            Reduction::Min => self.binary(Binary::Min, x),
            Reduction::All => self.binary(Binary::And, x),
            Reduction::Any => self.binary(Binary::Or, x),
        }
    }

    /// Whether `x` takes the place of the extremum `best` so far. The first NaN stays.
    fn beats(kind: Extremum, x: Self, best: Self) -> bool {
        let best_is_nan = best.partial_cmp(&best).is_none();
        let x_is_nan = x.partial_cmp(&x).is_none();
        !best_is_nan
            && (x_is_nan
                || match kind {
                    Extremum::Max => x > best,
                    Extremum::Min => x < best,
                })
    }
}

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
            #[inline(always)]
            fn unary(self, unary: Unary) -> Self {
                match unary {
                    Unary::Abs => self.abs(),
                    Unary::Cos => self.cos(),
                    Unary::Ceil => self.ceil(),
                    Unary::Erf => Real::erf(self),
                    Unary::ErfInv => Real::erf_inv(self),
                    Unary::Erfc => Real::erfc(self),
                    Unary::Exp => Real::exp(self),
                    Unary::ExpM1 => Real::exp_m1(self),
                    Unary::Floor => self.floor(),
                    Unary::Log => Real::log(self),
                    Unary::Log1p => Real::log1p(self),
                    Unary::Logistic => Real::logistic(self),
                    Unary::Neg => -self,
                    Unary::RoundNearestEven => self.round_ties_even(),
                    Unary::Rsqrt => Real::rsqrt(self),
                    Unary::Sign => {
                        if self == 0.0 || self.is_nan() {
                            self
                        } else {
                            self.signum()
                        }
                    }
                    Unary::Sin => self.sin(),
                    Unary::Sqrt => self.sqrt(),
                    Unary::Tan => self.tan(),
                    Unary::Tanh => Real::tanh(self),
                    Unary::IsFinite | Unary::Not => self,
                }
            }
            #[inline(always)]
            fn binary(self, binary: Binary, other: Self) -> Self {
                match binary {
                    Binary::Add => self + other,
                    Binary::Sub => self - other,
                    Binary::Mul => self * other,
                    Binary::Div => self / other,
                    Binary::Rem => self % other,
                    // Each choice is one instruction. They differ where the operands are zeros, whose
                    // signs are joined, and where one is NaN, which stays.
                    Binary::Max => {
                        let (x, y) = (
                            if self > other { self } else { other },
                            if other > self { other } else { self },
                        );
                        let joined = $ty::from_bits(x.to_bits() & y.to_bits());
                        if self.is_nan() || other.is_nan() { self + other } else { joined }
                    }
                    Binary::Min => {
                        let (x, y) = (
                            if self < other { self } else { other },
                            if other < self { other } else { self },
                        );
                        let joined = $ty::from_bits(x.to_bits() | y.to_bits());
                        if self.is_nan() || other.is_nan() { self + other } else { joined }
                    }
                    Binary::Pow => self.powf(other),
                    Binary::Atan2 => self.atan2(other),
                    Binary::And | Binary::Or | Binary::Xor | Binary::ShiftLeft | Binary::ShiftRight => self,
                }
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

/// In `f32`, rounded.
macro_rules! half_arithmetic {
    ($ty:ident) => {
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
            #[inline(always)]
            fn unary(self, unary: Unary) -> Self {
                $ty::from_f32(self.to_f32().unary(unary))
            }
            #[inline(always)]
            fn binary(self, binary: Binary, other: Self) -> Self {
                $ty::from_f32(self.to_f32().binary(binary, other.to_f32()))
            }
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

half_arithmetic!(f16);
half_arithmetic!(bf16);

macro_rules! integer_arithmetic {
    ($ty:ident) => {
        impl Arithmetic for $ty {
            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $ty
            }
            fn from_literal(literal: Literal) -> Self {
                literal.low_bits() as $ty
            }
            #[inline(always)]
            fn from_bits64(bits: u64) -> Self {
                bits as $ty
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
                Some(i64::from(self))
            }
            #[inline(always)]
            fn unary(self, unary: Unary) -> Self {
                match unary {
                    #[allow(unused_comparisons)]
                    Unary::Abs => {
                        if self < 0 {
                            self.wrapping_neg()
                        } else {
                            self
                        }
                    }
                    Unary::Neg => self.wrapping_neg(),
                    #[allow(unused_comparisons)]
                    Unary::Sign => {
                        if self < 0 {
                            (0 as $ty).wrapping_sub(1)
                        } else {
                            (self > 0) as $ty
                        }
                    }
                    Unary::Not => !self,
                    _ => self,
                }
            }
            #[inline(always)]
            fn binary(self, binary: Binary, other: Self) -> Self {
                match binary {
                    Binary::Add => self.wrapping_add(other),
                    Binary::Sub => self.wrapping_sub(other),
                    Binary::Mul => self.wrapping_mul(other),
                    Binary::Div => {
                        if other == 0 {
                            !0
                        } else {
                            self.wrapping_div(other)
                        }
                    }
                    Binary::Rem => {
                        if other == 0 {
                            self
                        } else {
                            self.wrapping_rem(other)
                        }
                    }
                    Binary::Max => Ord::max(self, other),
                    Binary::Min => Ord::min(self, other),
                    Binary::And => self & other,
                    Binary::Or => self | other,
                    Binary::Xor => self ^ other,
                    Binary::ShiftLeft => {
                        u32::try_from(other).ok().and_then(|by| self.checked_shl(by)).unwrap_or(0)
                    }
                    Binary::ShiftRight => {
                        u32::try_from(other).ok().and_then(|by| (self as u32).checked_shr(by)).unwrap_or(0)
                            as $ty
                    }
                    Binary::Pow | Binary::Atan2 => self,
                }
            }
            #[inline(always)]
            fn mul_add(self, factor: Self, addend: Self) -> Self {
                self.wrapping_mul(factor).wrapping_add(addend)
            }
            fn least() -> Self {
                $ty::MIN
            }
            fn greatest() -> Self {
                $ty::MAX
            }
        }
    };
}

integer_arithmetic!(i32);
integer_arithmetic!(u32);

impl Arithmetic for bool {
    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value != 0.0
    }
    fn from_literal(literal: Literal) -> Self {
        literal.as_bool()
    }
    #[inline(always)]
    fn from_bits64(bits: u64) -> Self {
        bits != 0
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(u8::from(self))
    }
    #[inline(always)]
    fn from_i64(value: i64) -> Self {
        value != 0
    }
    #[inline(always)]
    fn to_i64(self) -> Option<i64> {
        Some(i64::from(self))
    }
    #[inline(always)]
    fn unary(self, unary: Unary) -> Self {
        if unary == Unary::Not { !self } else { self }
    }
    #[inline(always)]
    fn binary(self, binary: Binary, other: Self) -> Self {
        match binary {
            Binary::And | Binary::Min | Binary::Mul => self & other,
            Binary::Or | Binary::Max | Binary::Add => self | other,
            Binary::Xor => self ^ other,
            _ => self,
        }
    }
    #[inline(always)]
    fn mul_add(self, _factor: Self, _addend: Self) -> Self {
        self
    }
    fn least() -> Self {
        false
    }
    fn greatest() -> Self {
        true
    }
}
