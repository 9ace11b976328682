//! Timing of a call: a warm-up, then blocks much longer than the clock resolution.

use std::time::{Duration, Instant};

use crate::cases::Call;

/// The number of calls per block.
pub(crate) struct Block(pub(crate) usize);

/// Warms `call` up and finds how many calls take 0.2 ms.
pub(crate) fn prepare(call: &mut Call) -> metamlp::Result<Block> {
    call()?;
    let begin = Instant::now();
    let mut calls = 0;
    while calls < 3 || (begin.elapsed() < Duration::from_millis(50) && calls < 20_000) {
        call()?;
        calls += 1;
    }
    let each = begin.elapsed().as_secs_f64() / f64::from(calls);
    Ok(Block(((200e-6 / each) as usize).clamp(1, 1000)))
}

impl Block {
    /// The microseconds per call of each block within `seconds`, at least three.
    pub(crate) fn measure(&self, call: &mut Call, seconds: f64) -> metamlp::Result<Vec<f64>> {
        let begin = Instant::now();
        let mut times = Vec::new();
        while times.len() < 3 || begin.elapsed().as_secs_f64() < seconds {
            let start = Instant::now();
            for _ in 0..self.0 {
                call()?;
            }
            times.push(start.elapsed().as_secs_f64() * 1e6 / self.0 as f64);
        }
        Ok(times)
    }
}
