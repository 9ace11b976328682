//! Sorting: each element becomes an integer key with its position in the low
//! bits, so that keys are distinct and any sort of them is stable.

use half::{bf16, f16};
use rayon::prelude::*;

use crate::dtype::Element;
use crate::math::arithmetic::Arithmetic;
use crate::memory::buffer::Buffer;
use crate::shape::Type;

use super::lanes::split;

/// Elements from which one line is sorted by several threads.
const PARALLEL_LINE: usize = 1 << 15;
/// Elements from which lines are sorted side by side.
const PARALLEL_LINES: usize = 1 << 13;

/// An element type whose order integers can show.
pub(crate) trait SortKey: Arithmetic {
    /// A key and a position.
    type Keyed: Ord + Copy + Send + Default;
    /// Keys ascend as the elements do: both zeros are equal, NaN is last.
    fn keyed(self, position: u32, descending: bool) -> Self::Keyed;
    fn position(keyed: Self::Keyed) -> i32;
}

macro_rules! sort_key {
    ($($number:ident: $keyed:ident, $key:expr;)*) => {$(
        impl SortKey for $number {
            type Keyed = $keyed;

            #[inline]
            fn keyed(self, position: u32, descending: bool) -> $keyed {
                let key = ($key)(self);
                let key = if descending { !key } else { key };
                $keyed::from(key) << 32 | $keyed::from(position)
            }

            #[inline]
            fn position(keyed: $keyed) -> i32 {
                keyed as u32 as i32
            }
        }
    )*};
}

sort_key! {
    bool: u64, u32::from;
    i32: u64, |x: i32| x.cast_unsigned() ^ 1 << 31;
    u32: u64, |x: u32| x;
    f16: u64, |x: f16| single(x.to_f32());
    bf16: u64, |x: bf16| single(x.to_f32());
    f32: u64, single;
    f64: u128, |x: f64| {
        let bits = (x + 0.0).to_bits();
        if x.is_nan() { u64::MAX } else if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
    };
}

fn single(x: f32) -> u32 {
    // -0 + 0 is 0. Of negative numbers all bits count downwards.
    let bits = (x + 0.0).to_bits();
    if x.is_nan() {
        u32::MAX
    } else if bits >> 31 == 1 {
        !bits
    } else {
        bits | 1 << 31
    }
}

/// The positions that sort each line along `axis`; or those of the `largest`
/// elements, from the largest on.
pub(crate) fn positions<T: SortKey>(
    operand: (&Buffer, &Type),
    axis: usize,
    largest: Option<usize>,
) -> Buffer {
    let (outer, extent, inner) = split(operand.1, axis);
    let count = largest.unwrap_or(extent);
    let elements = operand.0.as_slice::<T>().unwrap_or(&[]);
    let mut result = i32::pool().take(outer * count * inner);
    if result.is_empty() {
        return Buffer::from_vec(result);
    }
    let lines = |keys: &mut Vec<T::Keyed>, (number, result): (usize, &mut [i32])| {
        for line in 0..inner {
            let elements = elements[number * extent * inner + line..].iter().step_by(inner).take(extent);
            keys.clear();
            keys.extend(elements.zip(0u32..).map(|(&x, position)| x.keyed(position, largest.is_some())));
            if count < extent {
                keys.select_nth_unstable(count);
                keys.truncate(count);
            }
            if outer * inner == 1 && keys.len() >= PARALLEL_LINE {
                keys.par_sort_unstable();
            } else {
                keys.sort_unstable();
            }
            for (slot, &key) in result[line..].iter_mut().step_by(inner).zip(keys.iter()) {
                *slot = T::position(key);
            }
        }
    };
    if elements.len() < PARALLEL_LINES || outer == 1 {
        let mut keys = Vec::with_capacity(extent);
        result.chunks_mut(count * inner).enumerate().for_each(|part| lines(&mut keys, part));
    } else {
        result.par_chunks_mut(count * inner).enumerate().for_each_init(Vec::new, lines);
    }
    Buffer::from_vec(result)
}
