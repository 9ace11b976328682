//! [`KeyRng`]: a key as a generator with `rand`'s traits. Knows threefry, not tensors.

use std::convert::Infallible;

use rand_core::block::{BlockRng, Generator};
use rand_core::{SeedableRng, TryRng};

use super::threefry::fill_bits;

/// A generator with `rand`'s traits. Its words are the 32-bit draws of a key, in order.
///
/// It is made by [`Key::rng`](super::Key::rng), or from a seed of eight bytes (the key's two words, little endian).
///
/// ```
/// use metamlp_tensor::random::Key;
/// use rand::{Rng, RngExt};
/// let mut rng = Key::new(42).rng()?;
/// assert_eq!(rng.next_u32(), 0x7d1c13a2);
/// let die: u8 = rng.random_range(1..=6);
/// assert!((1..=6).contains(&die));
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[derive(Debug)]
pub struct KeyRng(BlockRng<Blocks>);

impl KeyRng {
    /// The generator for the key with these words.
    #[must_use]
    pub fn from_words(key: [u32; 2]) -> Self {
        Self(BlockRng::new(Blocks { key, start: 0 }))
    }
}

impl SeedableRng for KeyRng {
    type Seed = [u8; 8];

    fn from_seed([a, b, c, d, e, f, g, h]: Self::Seed) -> Self {
        Self::from_words([u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])])
    }
}

impl TryRng for KeyRng {
    type Error = Infallible;

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next_word())
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64_from_u32())
    }

    #[inline]
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

/// The draws are made in blocks: long enough for a vectorised kernel, and cheap enough to be dropped half-used.
#[derive(Debug)]
struct Blocks {
    key: [u32; 2],
    start: u64,
}

impl Generator for Blocks {
    type Output = [u32; 64];

    fn generate(&mut self, output: &mut Self::Output) {
        fill_bits(self.key, self.start, output);
        self.start = self.start.wrapping_add(output.len() as u64);
    }
}

#[cfg(test)]
mod tests {
    use rand_core::Rng;

    use super::*;

    #[test]
    fn words_are_the_draws_of_the_key_in_order() {
        let mut expected = vec![0; 150];
        fill_bits([3, 5], 0, &mut expected);
        let mut rng = KeyRng::from_words([3, 5]);
        let words: Vec<u32> = (0..150).map(|_| rng.next_u32()).collect();
        assert_eq!(words, expected);
    }

    #[test]
    fn bytes_and_wide_words_are_the_same_stream() {
        let mut words = KeyRng::from_words([3, 5]);
        let (low, high) = (words.next_u32(), words.next_u32());
        assert_eq!(KeyRng::from_words([3, 5]).next_u64(), u64::from(high) << 32 | u64::from(low));
        let mut bytes = [0; 8];
        KeyRng::from_seed([3, 0, 0, 0, 5, 0, 0, 0]).fill_bytes(&mut bytes);
        assert_eq!(bytes, (u64::from(high) << 32 | u64::from(low)).to_le_bytes());
    }
}
