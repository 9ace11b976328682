//! An iterator that is run ahead on another thread.

use std::fmt;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};

use crate::error::Result;

/// Most items that are prepared ahead; the places for them are allocated at the start.
const MOST_AHEAD: usize = 4096;

/// Batches prepared on another thread; see [`Epoch::prefetch`](super::Epoch::prefetch). Dropping it
/// ends the thread.
pub struct Prefetch<T> {
    ready: Receiver<Result<T>>,
    /// The thread, until its end has been seen.
    thread: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Prefetch<T> {
    pub(super) fn new(
        items: impl ExactSizeIterator<Item = Result<T>> + Send + 'static,
        ahead: usize,
    ) -> Self {
        let (send, ready) = sync_channel(ahead.min(items.len()).min(MOST_AHEAD));
        let thread = thread::spawn(move || {
            for item in items {
                // The receiver was dropped.
                if send.send(item).is_err() {
                    return;
                }
            }
        });
        Self { ready, thread: Some(thread) }
    }
}

impl<T> Iterator for Prefetch<T> {
    type Item = Result<T>;

    /// The next item; waits for it.
    ///
    /// # Panics
    /// With the panic of the other thread, where that thread would have made the item. There are no
    /// items after it.
    fn next(&mut self) -> Option<Result<T>> {
        if let Ok(item) = self.ready.recv() {
            return Some(item);
        }
        // The thread has ended: after the last item, or by a panic.
        if let Err(panic) = self.thread.take()?.join() {
            resume_unwind(panic);
        }
        None
    }
}

impl<T> fmt::Debug for Prefetch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prefetch(..)")
    }
}
