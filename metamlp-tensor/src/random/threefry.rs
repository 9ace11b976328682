//! Threefry-2x32 with 20 rounds, with JAX's ("partitionable") counters. Knows neither keys nor tensors.
//!
//! Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). Element `i` of a draw is made
//! from the block with counter `(i >> 32, i & 0xffffffff)`, so that any range of elements can be computed independently.

use crate::math::simd::simd;

pub(super) const ROTATIONS: [[u32; 4]; 2] = [[13, 15, 26, 6], [17, 29, 16, 24]];
pub(super) const PARITY: u32 = 0x1bd1_1bda;

/// The block function: maps two words of key and two of counter to two random words.
///
/// ```
/// use metamlp_tensor::random::threefry::block;
/// assert_eq!(block([0, 0], [0, 0]), [0x6b200159, 0x99ba4efe]);
/// ```
#[inline(always)]
pub fn block(key: [u32; 2], counter: [u32; 2]) -> [u32; 2] {
    let schedule = [key[0], key[1], key[0] ^ key[1] ^ PARITY];
    let mut x = [counter[0].wrapping_add(schedule[0]), counter[1].wrapping_add(schedule[1])];
    for group in 0..5 {
        for rotation in ROTATIONS[group % 2] {
            x[0] = x[0].wrapping_add(x[1]);
            x[1] = x[1].rotate_left(rotation) ^ x[0];
        }
        x[0] = x[0].wrapping_add(schedule[(group + 1) % 3]);
        x[1] = x[1].wrapping_add(schedule[(group + 2) % 3]).wrapping_add(group as u32 + 1);
    }
    x
}

/// Defines a kernel that fills a slice from consecutive counters, compiled once per instruction set.
macro_rules! fill {
    ($(#[$doc:meta])* $name:ident, $kernel:ident, $word:ty, |$x:ident| $combine:expr) => {
        $(#[$doc])*
        pub fn $name(key: [u32; 2], start: u64, out: &mut [$word]) {
            simd! {
                fn $kernel(key: [u32; 2], high: u32, low: u32, out: &mut [$word]) {
                    let mut low = low;
                    for out in out {
                        let $x = block(key, [high, low]);
                        *out = $combine;
                        low = low.wrapping_add(1);
                    }
                }
            }
            // The upper word of the counter is constant within a run of 2^32 elements.
            let mut start = start;
            let mut rest = out;
            while !rest.is_empty() {
                let run = (1 << 32) - (start & 0xffff_ffff);
                let length = usize::try_from(run).map_or(rest.len(), |run| run.min(rest.len()));
                let (now, later) = rest.split_at_mut(length);
                $kernel(key, (start >> 32) as u32, start as u32, now);
                start = start.wrapping_add(length as u64);
                rest = later;
            }
        }
    };
}

fill! {
    /// Fills `out` with the 32-bit draws of the elements `start..start + out.len()`.
    ///
    /// ```
    /// use metamlp_tensor::random::threefry::fill_bits;
    /// let mut bits = [0; 4];
    /// fill_bits([0, 42], 0, &mut bits);
    /// assert_eq!(bits, [0x7d1c13a2, 0xae0730d9, 0x9dc3f9f9, 0x8f9ec1d7]);
    /// ```
    fill_bits, fill_bits_kernel, u32, |x| x[0] ^ x[1]
}

fill! {
    /// Fills `out` with the 64-bit draws of the elements `start..start + out.len()`.
    ///
    /// ```
    /// use metamlp_tensor::random::threefry::fill_bits64;
    /// let mut bits = [0; 2];
    /// fill_bits64([0, 42], 0, &mut bits);
    /// assert_eq!(bits, [0x6d3e048f1022172d, 0x03d7b32dadd083f4]);
    /// ```
    fill_bits64, fill_bits64_kernel, u64, |x| u64::from(x[0]) << 32 | u64::from(x[1])
}

fill! {
    /// Fills `out` with the keys number `start..start + out.len()` of a split of `key`.
    ///
    /// ```
    /// use metamlp_tensor::random::threefry::fill_split;
    /// let mut keys = [[0; 2]; 2];
    /// fill_split([0, 42], 0, &mut keys);
    /// assert_eq!(keys, [[0x6d3e048f, 0x1022172d], [0x03d7b32d, 0xadd083f4]]);
    /// ```
    fill_split, fill_split_kernel, [u32; 2], |x| x
}

/// The key that `data` folded into `key` gives. JAX's `fold_in`.
///
/// ```
/// use metamlp_tensor::random::threefry::fold_in;
/// assert_eq!(fold_in([0, 42], 7), [0x97d0552f, 0x51bf719f]);
/// ```
#[inline]
pub fn fold_in(key: [u32; 2], data: u32) -> [u32; 2] {
    block(key, [0, data])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_function_has_the_published_values() {
        assert_eq!(block([0; 2], [0; 2]), [0x6b20_0159, 0x99ba_4efe]);
        assert_eq!(block([u32::MAX; 2], [u32::MAX; 2]), [0x1cb9_96fc, 0xbb00_2be7]);
        assert_eq!(block([0x1319_8a2e, 0x0370_7344], [0x243f_6a88, 0x85a3_08d3]), [0xc492_3a9c, 0x483d_f7a0]);
    }

    #[test]
    fn split_and_fold_in_have_the_values_of_jax() {
        let mut keys = [[0; 2]; 4];
        fill_split([0, 42], 0, &mut keys);
        assert_eq!(
            keys,
            [
                [0x6d3e_048f, 0x1022_172d],
                [0x03d7_b32d, 0xadd0_83f4],
                [0x92fb_20ea, 0x0f38_d913],
                [0xbad5_6946, 0x354b_a891]
            ]
        );
        assert_eq!(fold_in([0, 42], 0), keys[0]);
        assert_eq!(fold_in([0, 42], 1), keys[1]);
        assert_eq!(fold_in([0, 42], 0xdead_beef), [0x620b_66ab, 0xd15d_e6fc]);
    }

    #[test]
    fn wide_draws_have_the_values_of_jax() {
        let mut bits = [0; 3];
        fill_bits64([0, 42], 0, &mut bits);
        assert_eq!(bits, [0x6d3e_048f_1022_172d, 0x03d7_b32d_add0_83f4, 0x92fb_20ea_0f38_d913]);
    }

    #[test]
    fn any_range_can_be_made_by_itself() {
        let mut whole = vec![0; 1000];
        fill_bits([1, 2], 0, &mut whole);
        for (start, length) in [(0, 0), (0, 1), (1, 33), (517, 483), (999, 1)] {
            let mut part = vec![0; length];
            fill_bits([1, 2], start as u64, &mut part);
            assert_eq!(part, whole[start..start + length], "{start}, {length}");
        }
    }

    #[test]
    fn the_counter_carries_into_its_upper_word() {
        let mut bits = [0; 40];
        fill_bits([1, 2], (1 << 32) - 20, &mut bits);
        for (i, &found) in bits.iter().enumerate() {
            let counter = (1_u64 << 32) - 20 + i as u64;
            let [a, b] = block([1, 2], [(counter >> 32) as u32, counter as u32]);
            assert_eq!(found, a ^ b, "element {counter}");
        }
    }
}
