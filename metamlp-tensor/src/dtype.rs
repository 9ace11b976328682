//! Element types: the run-time [`DType`], JAX's promotion between them, and the Rust types that implement [`Element`].
//! The ground floor of the crate: knows no other file.

use std::fmt;

use half::{bf16, f16};

/// The one list of element types. Calls `$then!($arguments; Variant name Type; ..)`, with a line for each dtype: its
/// variant of [`DType`], its name as a field, and its Rust type.
macro_rules! dtypes {
    ($then:ident $arguments:tt) => {
        $then! {
            $arguments;
            Bool bool bool;
            I32 i32 i32;
            U32 u32 u32;
            F16 f16 ::half::f16;
            BF16 bf16 ::half::bf16;
            F32 f32 f32;
            F64 f64 f64;
        }
    };
}

macro_rules! count {
    ((); $($Variant:ident $name:ident $Type:ty;)*) => {
        [$(DType::$Variant),*].len()
    };
}

/// Evaluates `$body` with `$T` as the Rust type of `$dtype`.
macro_rules! for_dtype {
    ($dtype:expr, $T:ident => $body:expr) => {
        dtypes! { match_dtype ($dtype, $T => $body) }
    };
}

macro_rules! match_dtype {
    (($dtype:expr, $T:ident => $body:expr); $($Variant:ident $name:ident $Type:ty;)*) => {
        match $dtype {$(
            $crate::dtype::DType::$Variant => {
                type $T = $Type;
                $body
            }
        )*}
    };
}

/// Runs `$body` once for each dtype, with `$T` as its Rust type.
macro_rules! each_dtype {
    ($T:ident => $body:expr) => {
        dtypes! { repeat_for_dtypes ($T => $body) }
    };
}

macro_rules! repeat_for_dtypes {
    (($T:ident => $body:expr); $($Variant:ident $name:ident $Type:ty;)*) => {$(
        {
            type $T = $Type;
            $body;
        }
    )*};
}

/// The type of a tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DType {
    /// True or false.
    Bool,
    /// Signed 32-bit integer.
    I32,
    /// Unsigned 32-bit integer.
    U32,
    /// IEEE half precision: 11 bits of mantissa, up to 65504.
    F16,
    /// The upper half of an `f32`: 8 bits of mantissa, the same range.
    BF16,
    /// IEEE single precision, the default dtype of parameters.
    F32,
    /// IEEE double precision.
    F64,
}

/// [`DType::Bool`].
pub const BOOL: DType = DType::Bool;
/// [`DType::I32`].
pub const I32: DType = DType::I32;
/// [`DType::U32`].
pub const U32: DType = DType::U32;
/// [`DType::F16`].
pub const F16: DType = DType::F16;
/// [`DType::BF16`].
pub const BF16: DType = DType::BF16;
/// [`DType::F32`].
pub const F32: DType = DType::F32;
/// [`DType::F64`].
pub const F64: DType = DType::F64;

impl DType {
    /// Number of dtypes.
    pub(crate) const COUNT: usize = dtypes! { count () };

    /// True for floating-point types.
    #[must_use]
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F16 | Self::BF16 | Self::F32 | Self::F64)
    }

    /// True for the 16-bit floating-point types. They are storage types: arithmetic on them runs in `f32` and rounds
    /// the result.
    #[must_use]
    pub const fn is_half(self) -> bool {
        matches!(self, Self::F16 | Self::BF16)
    }

    /// True for signed and unsigned integer types.
    #[must_use]
    pub const fn is_integer(self) -> bool {
        matches!(self, Self::I32 | Self::U32)
    }

    /// Size of an element in bytes.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Bool => 1,
            Self::F16 | Self::BF16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// The dtype of an operation on two dtypes, by JAX's promotion lattice: bool < integers < floats. `i32` and `u32`
    /// give `i32`, because JAX switches 64-bit integers off by default; `f16` and `bf16` give `f32`.
    ///
    /// ```
    /// use metamlp_tensor::{BF16, BOOL, DType, F16, F32, I32};
    /// assert_eq!(I32.promote(F32), F32);
    /// assert_eq!(BOOL.promote(I32), I32);
    /// assert_eq!(BF16.promote(I32), BF16);
    /// assert_eq!(BF16.promote(F16), F32);
    /// ```
    #[must_use]
    pub const fn promote(self, other: Self) -> Self {
        use DType::{BF16, Bool, F16, F32, F64, I32, U32};
        match (self, other) {
            (F64, _) | (_, F64) => F64,
            (F32, _) | (_, F32) | (F16, BF16) | (BF16, F16) => F32,
            (F16, _) | (_, F16) => F16,
            (BF16, _) | (_, BF16) => BF16,
            (I32, _) | (_, I32) => I32,
            (U32, _) | (_, U32) => U32,
            (Bool, Bool) => Bool,
        }
    }

    /// The dtype in which `exp` and similar functions run: floats stay, other dtypes become `f32`.
    #[must_use]
    pub const fn to_inexact(self) -> Self {
        if self.is_float() { self } else { Self::F32 }
    }

    /// The dtype in which means and the like are computed before they are rounded to
    /// [`to_inexact`](DType::to_inexact): `f32` for 16-bit floats.
    pub(crate) const fn to_accumulated(self) -> Self {
        if self.is_half() { Self::F32 } else { self.to_inexact() }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "bool",
            Self::I32 => "i32",
            Self::U32 => "u32",
            Self::F16 => "f16",
            Self::BF16 => "bf16",
            Self::F32 => "f32",
            Self::F64 => "f64",
        })
    }
}

mod sealed {
    pub trait Sealed {}
}

/// A Rust type that can be the element of a tensor: `bool`, `i32`, `u32`, [`f16`](struct@f16), [`bf16`](struct@bf16), `f32`, `f64`.
pub trait Element:
    sealed::Sealed + Copy + Default + PartialEq + PartialOrd + fmt::Debug + fmt::Display + Send + Sync + 'static
{
    /// The run-time name of the type.
    const DTYPE: DType;

    /// The bits of the value, zero-extended, so that literals can be compared and hashed.
    #[doc(hidden)]
    fn to_bits64(self) -> u64;
}

macro_rules! element {
    ($ty:ty, $variant:ident, $to_bits:expr) => {
        impl sealed::Sealed for $ty {}
        impl Element for $ty {
            const DTYPE: DType = DType::$variant;

            fn to_bits64(self) -> u64 {
                let to_bits: fn($ty) -> u64 = $to_bits;
                to_bits(self)
            }
        }
    };
}

element!(bool, Bool, u64::from);
element!(i32, I32, |v| u64::from(v.cast_unsigned()));
element!(u32, U32, u64::from);
element!(f16, F16, |v| u64::from(v.to_bits()));
element!(bf16, BF16, |v| u64::from(v.to_bits()));
element!(f32, F32, |v| u64::from(v.to_bits()));
element!(f64, F64, f64::to_bits);
