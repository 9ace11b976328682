//! The arithmetic of integers, which wraps, and of `bool`.

use super::Arithmetic;
use crate::graph::op::Literal;

macro_rules! integer_arithmetic {
    ($ty:ident) => {
        #[allow(unused_comparisons, reason = "`u32` has no negative numbers")]
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
            define! {
                abs(x) = if x < 0 { x.wrapping_neg() } else { x };
                neg(x) = x.wrapping_neg();
                sign(x) = if x < 0 { (0 as $ty).wrapping_sub(1) } else { (x > 0) as $ty };
                not(x) = !x;
                add(x, y) = x.wrapping_add(y);
                sub(x, y) = x.wrapping_sub(y);
                mul(x, y) = x.wrapping_mul(y);
                div(x, y) = if y == 0 { !0 } else { x.wrapping_div(y) };
                rem(x, y) = if y == 0 { x } else { x.wrapping_rem(y) };
                max(x, y) = Ord::max(x, y);
                min(x, y) = Ord::min(x, y);
                and(x, y) = x & y;
                or(x, y) = x | y;
                xor(x, y) = x ^ y;
                shift_left(x, y) = u32::try_from(y).ok().and_then(|by| x.checked_shl(by)).unwrap_or(0);
                shift_right(x, y) = {
                    u32::try_from(y).ok().and_then(|by| (x as u32).checked_shr(by)).unwrap_or(0) as $ty
                };
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
    define! {
        not(x) = !x;
        and(x, y) = x & y;
        min(x, y) = x & y;
        mul(x, y) = x & y;
        or(x, y) = x | y;
        max(x, y) = x | y;
        add(x, y) = x | y;
        xor(x, y) = x ^ y;
    }
    fn least() -> Self {
        false
    }
    fn greatest() -> Self {
        true
    }
}
