//! Sorting along one axis. Each element becomes an integer: its key with its position in the low bits. The integers are
//! distinct, so that an unstable sort of them is a stable sort of the elements.

use half::{bf16, f16};
use rayon::prelude::*;

use crate::memory::Stored;
use crate::memory::buffer::Buffer;
use crate::memory::exhausted::reserve;
use crate::shape::Type;

use crate::embedded::slices::view::split_at_axis;

/// Least number of elements of a line that several threads sort together.
const PARALLEL_LINE: usize = 1 << 15;
/// Least number of elements of all lines for which threads sort different lines.
const PARALLEL_LINES: usize = 1 << 13;

/// An integer that holds the key of an element in its high bits and the element's position in the low 32 bits.
pub(crate) trait Keyed: Ord + Copy + Send {
    fn position(self) -> i32;
}

impl Keyed for u64 {
    #[inline]
    fn position(self) -> i32 {
        self as u32 as i32
    }
}

impl Keyed for u128 {
    #[inline]
    fn position(self) -> i32 {
        self as u32 as i32
    }
}

/// An element type that can be sorted by integer keys.
pub(crate) trait SortKey: Stored {
    type Keyed: Keyed;
    /// Keys ascend as the elements do, or descend if `descending`. Both zeros have one key; NaN is the largest.
    fn keyed(self, position: u32, descending: bool) -> Self::Keyed;
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
    // -0 + 0 is 0. Negative numbers ascend as their bits descend.
    let bits = (x + 0.0).to_bits();
    if x.is_nan() {
        u32::MAX
    } else if bits >> 31 == 1 {
        !bits
    } else {
        bits | 1 << 31
    }
}

/// The positions (`i32`) that sort each line along `axis`; or those of the `largest` largest elements, the largest first.
pub(crate) fn positions<T: SortKey>(
    operand: (&Buffer, &Type),
    axis: usize,
    largest: Option<usize>,
) -> Buffer {
    let (outer, extent, inner) = split_at_axis(&operand.1.shape, axis);
    let elements = operand.0.elements::<T>();
    let lines = Lines { outer, extent, inner, count: largest.unwrap_or(extent) };
    lines.sort(&|number: usize, line: usize, keys: &mut Vec<T::Keyed>| {
        let elements = elements[number * extent * inner + line..].iter().step_by(inner).take(extent);
        keys.extend(elements.zip(0u32..).map(|(&x, position)| x.keyed(position, largest.is_some())));
    })
}

/// The lines of a tensor along one axis; the first `count` keys of each line are wanted in order.
struct Lines {
    outer: usize,
    extent: usize,
    inner: usize,
    count: usize,
}

impl Lines {
    /// `fill` appends the keys of line (outer position, inner position). It is a trait object so that this function is
    /// compiled once per key type.
    fn sort<K: Keyed>(&self, fill: &(dyn Fn(usize, usize, &mut Vec<K>) + Sync)) -> Buffer {
        let Self { outer, extent, inner, count } = *self;
        let mut result = i32::pool().take(outer * count * inner);
        if result.is_empty() {
            return Buffer::from_vec(result);
        }
        let lines = |keys: &mut Vec<K>, (number, result): (usize, &mut [i32])| {
            for line in 0..inner {
                keys.clear();
                reserve(keys, extent);
                fill(number, line, keys);
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
                    *slot = key.position();
                }
            }
        };
        if outer * extent * inner < PARALLEL_LINES || outer == 1 {
            let mut keys = Vec::new();
            result.chunks_mut(count * inner).enumerate().for_each(|part| lines(&mut keys, part));
        } else {
            result.par_chunks_mut(count * inner).enumerate().for_each_init(Vec::new, lines);
        }
        Buffer::from_vec(result)
    }
}
