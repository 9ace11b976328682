//! Element types: the run-time [`DType`], JAX's promotion between them, and
//! the Rust types ([`Element`]) that stand for them.

use std::fmt;

use half::{bf16, f16};

use crate::graph::op::Literal;

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
    /// The upper half of an `f32`: 8 bits of mantissa, its whole range.
    BF16,
    /// IEEE single precision, the default of everything that is trained.
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
    /// Whether this is a floating-point type.
    #[must_use]
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F16 | Self::BF16 | Self::F32 | Self::F64)
    }

    /// Whether this is a floating-point type of 16 bits. Numbers are stored in
    /// it; what is computed is computed in `f32` and rounded.
    #[must_use]
    pub const fn is_half(self) -> bool {
        matches!(self, Self::F16 | Self::BF16)
    }

    /// Whether this is a signed or unsigned integer type.
    #[must_use]
    pub const fn is_integer(self) -> bool {
        matches!(self, Self::I32 | Self::U32)
    }

    /// Bytes an element takes in memory.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Bool => 1,
            Self::F16 | Self::BF16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// The type in which two operands meet, after JAX's lattice
    /// (bool < integers < floats; `i32` and `u32` meet in `i32`, 64-bit
    /// integers being switched off there by default; `f16` and `bf16` in `f32`).
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

    /// The type in which `exp` and its like are computed: floats stay, the
    /// rest becomes `f32`.
    #[must_use]
    pub const fn to_inexact(self) -> Self {
        if self.is_float() { self } else { Self::F32 }
    }

    /// The number of this type nearest to `value`, as Rust's `as` converts.
    ///
    /// ```
    /// use metamlp_tensor::{BF16, F32};
    /// assert_eq!(BF16.round(0.1), 0.10009765625);
    /// assert_eq!(F32.round(0.5), 0.5);
    /// ```
    #[must_use]
    pub fn round(self, value: f64) -> f64 {
        Literal::from_f64(value, self).as_f64()
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

/// Runs `$body` with `$T` standing for the Rust type of `$dtype`.
macro_rules! for_dtype {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $crate::dtype::DType::Bool => {
                type $T = bool;
                $body
            }
            $crate::dtype::DType::I32 => {
                type $T = i32;
                $body
            }
            $crate::dtype::DType::U32 => {
                type $T = u32;
                $body
            }
            $crate::dtype::DType::F16 => {
                type $T = ::half::f16;
                $body
            }
            $crate::dtype::DType::BF16 => {
                type $T = ::half::bf16;
                $body
            }
            $crate::dtype::DType::F32 => {
                type $T = f32;
                $body
            }
            $crate::dtype::DType::F64 => {
                type $T = f64;
                $body
            }
        }
    };
}

mod sealed {
    pub trait Sealed {}
}

/// A Rust type that tensors are made of: `bool`, `i32`, `u32`, [`f16`](struct@f16), [`bf16`](struct@bf16), `f32`, `f64`.
pub trait Element:
    sealed::Sealed + Copy + Default + PartialEq + PartialOrd + fmt::Debug + fmt::Display + Send + Sync + 'static
{
    /// The type's name at run time.
    const DTYPE: DType;

    #[doc(hidden)]
    fn wrap(values: std::sync::Arc<crate::memory::shared::Shared<Self>>) -> crate::memory::buffer::Buffer;
    #[doc(hidden)]
    fn unwrap(
        buffer: &crate::memory::buffer::Buffer,
    ) -> Option<&std::sync::Arc<crate::memory::shared::Shared<Self>>>;
    #[doc(hidden)]
    fn pool() -> &'static crate::memory::buffer::Pool<Self>;
    #[doc(hidden)]
    fn spare()
    -> &'static std::thread::LocalKey<std::cell::RefCell<crate::memory::free_lists::SpareBuffers<Self>>>;
    /// No elements, shared by all who had some.
    #[doc(hidden)]
    fn none() -> &'static std::sync::Arc<crate::memory::shared::Shared<Self>>;
    /// The value as a 64-bit pattern, for literals that must compare and hash.
    #[doc(hidden)]
    fn to_bits64(self) -> u64;
}

macro_rules! element {
    ($ty:ty, $variant:ident, $to_bits:expr) => {
        impl sealed::Sealed for $ty {}
        impl Element for $ty {
            const DTYPE: DType = DType::$variant;

            fn wrap(
                values: std::sync::Arc<crate::memory::shared::Shared<Self>>,
            ) -> crate::memory::buffer::Buffer {
                crate::memory::buffer::Buffer::$variant(values)
            }

            fn unwrap(
                buffer: &crate::memory::buffer::Buffer,
            ) -> Option<&std::sync::Arc<crate::memory::shared::Shared<Self>>> {
                match buffer {
                    crate::memory::buffer::Buffer::$variant(values) => Some(values),
                    _ => None,
                }
            }

            fn pool() -> &'static crate::memory::buffer::Pool<Self> {
                static POOL: crate::memory::buffer::Pool<$ty> = crate::memory::buffer::Pool::new();
                &POOL
            }

            fn spare() -> &'static crate::memory::free_lists::List<Self> {
                thread_local! {
                    static SPARE: std::cell::RefCell<crate::memory::free_lists::SpareBuffers<$ty>> =
                        const { std::cell::RefCell::new(crate::memory::free_lists::SpareBuffers::new()) };
                }
                &SPARE
            }

            fn none() -> &'static std::sync::Arc<crate::memory::shared::Shared<Self>> {
                static NONE: std::sync::LazyLock<std::sync::Arc<crate::memory::shared::Shared<$ty>>> =
                    std::sync::LazyLock::new(std::sync::Arc::default);
                &NONE
            }

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
