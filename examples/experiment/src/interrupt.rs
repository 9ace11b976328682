//! Ctrl-C. Knows how far the run has got, and so what a press means; not how
//! training or writing work.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::error::Result;

const TRAINING: u8 = 0;
const EVALUATING: u8 = 1;
const WRITING: u8 = 2;

/// What shells report for a program that Ctrl-C ended.
const EXIT_INTERRUPTED: i32 = 130;

/// Listens for Ctrl-C.
///
/// The first press ends the training; one during the evaluation ends the
/// program with nothing written; while results are written it does nothing.
#[derive(Debug, Clone)]
pub struct Interrupt {
    stage: Arc<AtomicU8>,
}

impl Interrupt {
    /// Starts listening, in the training stage.
    ///
    /// # Errors
    /// [`Error::Interrupt`](crate::Error::Interrupt) if the system refuses.
    pub fn listen() -> Result<Self> {
        let stage = Arc::new(AtomicU8::new(TRAINING));
        let seen = Arc::clone(&stage);
        ctrlc::set_handler(move || {
            let next = seen.compare_exchange(TRAINING, EVALUATING, Ordering::SeqCst, Ordering::SeqCst);
            if next == Err(EVALUATING) {
                std::process::exit(EXIT_INTERRUPTED);
            }
        })?;
        Ok(Self { stage })
    }

    /// Whether the training may go on.
    #[must_use]
    pub fn is_training(&self) -> bool {
        self.stage.load(Ordering::SeqCst) == TRAINING
    }

    /// The training is over, by itself or by a press.
    pub fn evaluating(&self) {
        self.stage.store(EVALUATING, Ordering::SeqCst);
    }

    /// Results are being written; presses are ignored from here on.
    pub fn writing(&self) {
        self.stage.store(WRITING, Ordering::SeqCst);
    }
}
