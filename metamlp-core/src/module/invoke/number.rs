//! A number that takes the type which a parameter asks for.

use std::any::{Any, TypeId};

/// An integer or a floating-point number.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Integer(i128),
    Float(f64),
}

impl Number {
    /// The number as a value of that type. An integer must be in the type's range
    /// (and exact, if the type is a float); a float is rounded as a literal would
    /// be. `None` if it does not fit.
    pub(super) fn to(self, wanted: TypeId) -> Option<Box<dyn Any>> {
        macro_rules! integers {
            ($($ty:ty)*) => {$(
                if wanted == TypeId::of::<$ty>() {
                    let Self::Integer(value) = self else { return None };
                    return <$ty>::try_from(value).ok().map(|value| Box::new(value) as Box<dyn Any>);
                }
            )*};
        }
        integers!(i32 usize i64 u32 u64 isize i8 i16 i128 u8 u16 u128);
        if wanted == TypeId::of::<f64>() {
            return self.to_f64().map(|value| Box::new(value) as _);
        }
        if wanted == TypeId::of::<f32>() {
            let value = self.to_f64()?;
            let rounded = value as f32;
            let fits = match self {
                Self::Integer(_) => f64::from(rounded) == value,
                Self::Float(_) => rounded.is_finite() || !value.is_finite(),
            };
            return fits.then(|| Box::new(rounded) as _);
        }
        None
    }

    fn to_f64(self) -> Option<f64> {
        match self {
            Self::Integer(value) => Some(value as f64).filter(|float| *float as i128 == value),
            Self::Float(value) => Some(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to<T: Any + Copy>(number: Number) -> Option<T> {
        number.to(TypeId::of::<T>()).and_then(|value| value.downcast_ref().copied())
    }

    #[test]
    fn a_number_becomes_what_holds_it() {
        assert_eq!(to::<usize>(Number::Integer(3)), Some(3));
        assert_eq!(to::<usize>(Number::Integer(-3)), None);
        assert_eq!(to::<u8>(Number::Integer(256)), None);
        assert_eq!(to::<f64>(Number::Integer(1 << 53)), Some(9_007_199_254_740_992.0));
        assert_eq!(to::<f64>(Number::Integer((1 << 53) + 1)), None);
        assert_eq!(to::<f32>(Number::Integer((1 << 24) + 1)), None);
        assert_eq!(to::<f32>(Number::Float(0.1)), Some(0.1));
        assert_eq!(to::<f32>(Number::Float(1e300)), None);
        assert_eq!(to::<f32>(Number::Float(f64::INFINITY)), Some(f32::INFINITY));
        assert_eq!(to::<usize>(Number::Float(2.0)), None);
        assert!(to::<bool>(Number::Integer(1)).is_none());
    }
}
