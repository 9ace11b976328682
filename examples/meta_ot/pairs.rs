//! Random pairs of digits. Knows indices, not digits.

use metamlp::prelude::*;

use crate::error::Result;

/// Independent uniform draws of pairs of digits.
#[derive(Debug)]
pub(crate) struct Pairs {
    key: Key,
    draws: u32,
    digits: usize,
}

impl Pairs {
    /// The draws of one random stream of a seed, from `digits` digits.
    pub(crate) fn new(seed: i64, stream: u32, digits: usize) -> Self {
        Self { key: Key::new(seed).fold_in(stream), draws: 0, digits }
    }

    /// The next pairs; each call draws new ones.
    pub(crate) fn draw(&mut self, count: usize) -> Result<Vec<(usize, usize)>> {
        let key = self.key.fold_in(self.draws);
        self.draws += 1;
        let end = i32::try_from(self.digits).unwrap_or(i32::MAX);
        let drawn = random::randint(key, [count, 2], 0, end).to_vec::<i32>()?;
        // The indices are at least 0 and below the number of digits.
        let index = |drawn: i32| usize::try_from(drawn).unwrap_or(0);
        Ok(drawn.chunks_exact(2).map(|pair| (index(pair[0]), index(pair[1]))).collect())
    }
}
