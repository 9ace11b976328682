//! Rust numbers as operands beside tensors: their default dtypes, and the literals that they become.

use half::{bf16, f16};

use crate::dtype::DType;
use crate::error::{Error, argument};
use crate::graph::node::Tensor;
use crate::graph::op::{Comparison, Literal};
use crate::graph::source::Source;
use crate::shape::Type;

/// A number of any Rust type, exact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A flag.
    Bool(bool),
    /// A signed integer, or one that every signed type of its size or the next larger one holds.
    Signed(i64),
    /// An `u32`, the only type whose dtype beside flags is `u32`.
    U32(u32),
    /// An `u64` or `usize`.
    Unsigned(u64),
    /// A float.
    Float(f64),
}

impl Number {
    /// The dtype beside a tensor of a lower kind, and beside other numbers.
    pub(crate) const fn default_dtype(self) -> DType {
        match self {
            Self::Bool(_) => DType::Bool,
            Self::Signed(_) | Self::Unsigned(_) => DType::I32,
            Self::U32(_) => DType::U32,
            Self::Float(_) => DType::F32,
        }
    }

    /// The number rounded to a float dtype, or the integer of it without its fraction. `None` if an integer dtype does
    /// not hold it.
    pub(crate) fn literal(self, dtype: DType) -> Option<Literal> {
        match (dtype, self) {
            (DType::I32, _) => self.whole().and_then(|whole| i32::try_from(whole).ok()).map(Literal::new),
            (DType::U32, _) => self.whole().and_then(|whole| u32::try_from(whole).ok()).map(Literal::new),
            // Rounded once: through `f64` a large integer would be rounded twice.
            (DType::F32, Self::Signed(value)) => Some(Literal::new(value as f32)),
            (DType::F32, Self::Unsigned(value)) => Some(Literal::new(value as f32)),
            _ => Some(Literal::from_f64(self.as_f64(), dtype)),
        }
    }

    /// The number as a tensor of shape `[]`. Poisoned if an integer `dtype` does not hold it.
    #[track_caller]
    pub(crate) fn tensor(self, op: &'static str, dtype: DType) -> Tensor {
        match self.literal(dtype) {
            Some(literal) => Tensor::constant(literal),
            None => Tensor::poisoned(self.outside(op, dtype), Type::new([], dtype)),
        }
    }

    /// The result of comparing any element of `dtype` with the number. `None` if `dtype` holds the number, so that it
    /// depends on the element.
    pub(crate) fn compared(self, comparison: Comparison, dtype: DType) -> Option<bool> {
        if self.literal(dtype).is_some() {
            return None;
        }
        // Every element is less than a number above the range, and greater than one below it.
        let is_less = self.whole().is_none_or(|whole| whole > 0);
        Some(match comparison {
            Comparison::Eq => false,
            Comparison::Ne => true,
            Comparison::Lt | Comparison::Le => is_less,
            Comparison::Gt | Comparison::Ge => !is_less,
        })
    }

    /// The integer without the fraction. `None` for NaN and infinities.
    fn whole(self) -> Option<i128> {
        match self {
            Self::Bool(value) => Some(i128::from(value)),
            Self::Signed(value) => Some(i128::from(value)),
            Self::U32(value) => Some(i128::from(value)),
            Self::Unsigned(value) => Some(i128::from(value)),
            // Beyond `i128` the cast stays at its ends, which no dtype holds either.
            Self::Float(value) => value.is_finite().then_some(value as i128),
        }
    }

    fn as_f64(self) -> f64 {
        match self {
            Self::Bool(value) => f64::from(u8::from(value)),
            Self::Signed(value) => value as f64,
            Self::U32(value) => f64::from(value),
            Self::Unsigned(value) => value as f64,
            Self::Float(value) => value,
        }
    }

    #[track_caller]
    fn outside(self, op: &'static str, dtype: DType) -> Error {
        let found = match self {
            Self::Float(value) => value.to_string(),
            integer => integer.whole().unwrap_or_default().to_string(),
        };
        let range = match dtype {
            DType::U32 => format!("{}..={}", u32::MIN, u32::MAX),
            _ => format!("{}..={}", i32::MIN, i32::MAX),
        };
        let expected = format!("a number that {dtype} holds, in {range}");
        argument(op, "a number", found, expected, Source::here())
    }
}

macro_rules! number {
    ($($ty:ty => $variant:ident($value:expr);)*) => {$(
        impl From<$ty> for Number {
            fn from(value: $ty) -> Self {
                let exact: fn($ty) -> _ = $value;
                Self::$variant(exact(value))
            }
        }
    )*};
}

number! {
    bool => Bool(|value| value);
    i8 => Signed(i64::from);
    i16 => Signed(i64::from);
    i32 => Signed(i64::from);
    i64 => Signed(|value| value);
    isize => Signed(|value| value as i64);
    u8 => Signed(i64::from);
    u16 => Signed(i64::from);
    u32 => U32(|value| value);
    u64 => Unsigned(|value| value);
    usize => Unsigned(|value| value as u64);
    f16 => Float(f64::from);
    bf16 => Float(f64::from);
    f32 => Float(f64::from);
    f64 => Float(|value| value);
}
