//! Items made on a thread, ahead of the one who asks for them.

use std::fmt;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use crate::error::Result;

/// Batches that are made on a thread of their own; see
/// [`Epoch::prefetch`](super::Epoch::prefetch). Dropping it ends the thread.
pub struct Prefetch<T> {
    ready: Receiver<Result<T>>,
}

impl<T: Send + 'static> Prefetch<T> {
    pub(super) fn new(items: impl Iterator<Item = Result<T>> + Send + 'static, ahead: usize) -> Self {
        let (send, ready) = sync_channel(ahead);
        thread::spawn(move || {
            for item in items {
                // Nobody asks any more.
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
