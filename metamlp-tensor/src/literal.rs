//! Scalars that are part of a program. Knows dtypes only.

use half::{bf16, f16};

use crate::dtype::{DType, Element};

/// A scalar that is part of a program. Compares and hashes by its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Literal {
    dtype: DType,
    bits: u64,
}

impl Literal {
    /// A literal of `value`.
    pub(crate) fn new<T: Element>(value: T) -> Self {
        Self { dtype: T::DTYPE, bits: value.to_bits64() }
    }

    /// `value` rounded to `dtype`, with the rules of Rust's `as`.
    #[must_use]
    pub(crate) fn from_f64(value: f64, dtype: DType) -> Self {
        match dtype {
            DType::Bool => Self::new(value != 0.0),
            // Through `i64`, so that negative numbers wrap as in NumPy.
            DType::I32 => Self::new(value as i64 as i32),
            DType::U32 => Self::new(value as i64 as u32),
            DType::F16 => Self::new(f16::from_f64(value)),
            DType::BF16 => Self::new(bf16::from_f64(value)),
            DType::F32 => Self::new(value as f32),
            DType::F64 => Self::new(value),
        }
    }

    /// The same bits as another dtype of the same size.
    #[must_use]
    pub(crate) const fn bitcast(self, dtype: DType) -> Self {
        Self { dtype, bits: self.bits }
    }

    /// The element type.
    #[must_use]
    pub(crate) const fn dtype(self) -> DType {
        self.dtype
    }

    /// The factor that gives the same bits as a division by this literal: the inverse of a power of two, if the inverse
    /// is a normal float.
    #[must_use]
    pub(crate) fn exact_inverse(self) -> Option<Self> {
        let (value, least, greatest) = match self.dtype {
            DType::F32 => (self.as_f64(), f64::from(f32::MIN_POSITIVE), f64::from(f32::MIN_POSITIVE).recip()),
            DType::F64 => (self.as_f64(), f64::MIN_POSITIVE, f64::MIN_POSITIVE.recip()),
            _ => return None,
        };
        let is_power = value.to_bits().trailing_zeros() >= f64::MANTISSA_DIGITS - 1;
        let is_inside = (least..=greatest).contains(&value.abs());
        (is_power && is_inside).then(|| Self::from_f64(value.recip(), self.dtype))
    }

    /// The value of a `bool` literal.
    #[must_use]
    pub(crate) const fn as_bool(self) -> bool {
        self.bits != 0
    }

    /// The low 32 bits: the value of a `u32`, the pattern of an `i32` or `f32`.
    #[must_use]
    pub(crate) const fn low_bits(self) -> u32 {
        self.bits as u32
    }

    /// The value as `f64`; the conversion is exact.
    #[must_use]
    pub(crate) fn as_f64(self) -> f64 {
        match self.dtype {
            DType::Bool => f64::from(u8::from(self.as_bool())),
            DType::I32 => f64::from(self.low_bits().cast_signed()),
            DType::U32 => f64::from(self.low_bits()),
            DType::F16 => f64::from(f16::from_bits(self.bits as u16)),
            DType::BF16 => f64::from(bf16::from_bits(self.bits as u16)),
            DType::F32 => f64::from(f32::from_bits(self.low_bits())),
            DType::F64 => f64::from_bits(self.bits),
        }
    }
}

impl DType {
    /// `value` rounded to this type, with the rules of Rust's `as`.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_powers_of_two_have_an_exact_inverse() {
        let inverse = |x: f32| Literal::new(x).exact_inverse().map(Literal::as_f64);
        assert_eq!([4.0, -0.5, 1.0].map(inverse), [Some(0.25), Some(-2.0), Some(1.0)]);
        for x in [3.0, 0.0, f32::NAN, f32::INFINITY, 1e-45, f32::MAX] {
            assert_eq!(inverse(x), None, "{x}");
        }
        let (least, greatest) = (f32::MIN_POSITIVE, 1.0 / f32::MIN_POSITIVE);
        assert_eq!(inverse(least), Some(f64::from(greatest)));
        assert_eq!(inverse(greatest), Some(f64::from(least)));
        assert_eq!(Literal::new(4_i32).exact_inverse(), None);
        for x in [1.0_f32, 1e-40, 3.3e38, -7.7] {
            assert_eq!((x / 8.0).to_bits(), (x * 0.125).to_bits());
        }
    }
}
