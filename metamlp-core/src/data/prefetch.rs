//! An iterator that is run ahead on another thread.

use std::fmt;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use crate::error::Result;

/// Batches prepared on another thread; see [`Epoch::prefetch`](super::Epoch::prefetch). Dropping it
/// ends the thread.
pub struct Prefetch<T> {
    ready: Receiver<Result<T>>,
}

impl<T: Send + 'static> Prefetch<T> {
    pub(super) fn new(items: impl Iterator<Item = Result<T>> + Send + 'static, ahead: usize) -> Self {
        let (send, ready) = sync_channel(ahead);
        thread::spawn(move || {
            for item in items {
                // The receiver was dropped.
                if send.send(item).is_err() {
                    return;
                }
            }
        });
        Self { ready }
    }
}

impl<T> Iterator for Prefetch<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        self.ready.recv().ok()
    }
}

impl<T> fmt::Debug for Prefetch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prefetch(..)")
    }
}
