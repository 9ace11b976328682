//! The definition of the elementwise operations and reductions on single elements, for every element type.

use crate::dtype::{DType, Element};
use crate::graph::op::{Binary, Comparison, Extremum, Literal, Reduction, Unary};

/// Defines methods of one operand and of two operands, each by the value of an expression.
macro_rules! define {
    ($($name:ident($x:ident $(, $y:ident)?) = $value:expr;)*) => {$(
        #[inline(always)]
        fn $name(self $(, $y: Self)?) -> Self {
            let $x = self;
            $value
        }
    )*};
}

mod float;
mod integer;

impl Comparison {
    /// True if the comparison holds for `x` and `y`.
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

/// Declares a method for each operation, and the method that picks one of them by the enum.
macro_rules! operations {
    (
        unary { $($unary:ident $Unary:ident),* }
        binary { $($binary:ident $Binary:ident),* }
        $($rest:tt)*
    ) => {
        /// The elementwise operations and reductions on single elements: their definition. Loops call the method of one
        /// operation, which compiles to that operation alone.
        ///
        /// An operation that a type does not define is one that type inference rejects for its dtype.
        pub(crate) trait Arithmetic: Element {
            $(
                #[inline(always)]
                fn $unary(self) -> Self {
                    undefined(stringify!($unary), Self::DTYPE)
                }
            )*
            $(
                #[inline(always)]
                fn $binary(self, _other: Self) -> Self {
                    undefined(stringify!($binary), Self::DTYPE)
                }
            )*

            #[inline(always)]
            fn unary(self, unary: Unary) -> Self {
                match unary {
                    $(Unary::$Unary => Arithmetic::$unary(self),)*
                    Unary::IsFinite => undefined("is_finite", Self::DTYPE),
                }
            }

            #[inline(always)]
            fn binary(self, binary: Binary, other: Self) -> Self {
                match binary {
                    $(Binary::$Binary => Arithmetic::$binary(self, other),)*
                }
            }

            $($rest)*
        }
    };
}

#[cold]
#[inline(never)]
fn undefined(operation: &str, dtype: DType) -> ! {
    unreachable!("{operation} is not defined for {dtype}: type inference rejects it")
}

operations! {
    unary {
        abs Abs, cos Cos, ceil Ceil, erf Erf, erf_inv ErfInv, erfc Erfc, exp Exp, exp_m1 ExpM1, floor Floor, log Log,
        log1p Log1p, logistic Logistic, neg Neg, not Not, round_nearest_even RoundNearestEven, rsqrt Rsqrt, sign Sign,
        sin Sin, sqrt Sqrt, tan Tan, tanh Tanh
    }
    binary {
        add Add, sub Sub, mul Mul, div Div, rem Rem, max Max, min Min, pow Pow, atan2 Atan2, and And, or Or, xor Xor,
        shift_left ShiftLeft, shift_right ShiftRight
    }

    fn from_f64(value: f64) -> Self;
    fn from_literal(literal: Literal) -> Self;
    fn from_bits64(bits: u64) -> Self;
    fn to_f64(self) -> f64;
    fn from_i64(value: i64) -> Self;
    /// The value of an integer or a `bool`; `None` for floats.
    fn to_i64(self) -> Option<i64>;
    /// `self * factor + addend`, rounded once for floats.
    #[inline(always)]
    fn mul_add(self, _factor: Self, _addend: Self) -> Self {
        undefined("mul_add", Self::DTYPE)
    }
    /// The least value, the start of a maximum.
    fn least() -> Self;
    /// The greatest value, the start of a minimum.
    fn greatest() -> Self;

    /// Conversion by value. Integers wrap around. Floats are truncated towards zero and saturate at the limits of the
    /// integer type; NaN becomes 0.
    #[inline(always)]
    fn convert<T: Arithmetic>(self) -> T {
        match self.to_i64() {
            Some(integer) => T::from_i64(integer),
            None => T::from_f64(self.to_f64()),
        }
    }

    /// The result of a reduction of no elements.
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
            Reduction::Sum => Arithmetic::add(self, x),
            Reduction::Prod => Arithmetic::mul(self, x),
            Reduction::Max => Arithmetic::max(self, x),
            Reduction::Min => Arithmetic::min(self, x),
            Reduction::All => Arithmetic::and(self, x),
            Reduction::Any => Arithmetic::or(self, x),
        }
    }

    /// True if `x` replaces `best`, the extremum so far. The first NaN is never replaced.
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
