//! Ctrl-C. Its effect depends on the stage of the run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::error::Result;

const TRAINING: u8 = 0;
const EVALUATING: u8 = 1;
const WRITING: u8 = 2;

/// The exit code that shells report for a program that Ctrl-C ended.
const EXIT_INTERRUPTED: i32 = 130;

/// The handler of Ctrl-C.
///
/// During training, a press ends the training. During evaluation, it ends the
/// program and nothing is written. While results are written it has no effect.
#[derive(Debug, Clone)]
pub struct Interrupt {
    stage: Arc<AtomicU8>,
}

impl Interrupt {
    /// Installs the handler, in the training stage.
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

    /// True while the training may continue.
    #[must_use]
    pub fn is_training(&self) -> bool {
        self.stage.load(Ordering::SeqCst) == TRAINING
    }

    /// Starts the evaluation stage: the training has ended.
    pub fn evaluating(&self) {
        self.stage.store(EVALUATING, Ordering::SeqCst);
    }

    /// Starts the writing stage: presses are ignored.
    pub fn writing(&self) {
        self.stage.store(WRITING, Ordering::SeqCst);
    }
}
