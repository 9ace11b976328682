//! Birth numbers: when a node was made, and which differentiation it takes part in. Knows no nodes.
//!
//! A node is younger than its operands, on whichever thread it was made. So "made inside of a trace" is "born after the
//! trace began", which needs no flag of a thread.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

thread_local! {
    /// The birth number of the youngest node that this thread has made: a Lamport clock.
    static CLOCK: Cell<u64> = const { Cell::new(0) };
}

/// The birth number of the youngest node of this thread. What this thread makes from now on is younger.
pub(crate) fn now() -> u64 {
    CLOCK.get()
}

/// The birth number of a new node whose youngest operand was born at `youngest_operand`.
pub(crate) fn next(youngest_operand: u64) -> u64 {
    let born = CLOCK.get().max(youngest_operand) + 1;
    CLOCK.set(born);
    born
}

/// The differentiations that are recording, on all threads, by their numbers.
static OPEN: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());
/// The least number in [`OPEN`]; `u64::MAX` if there is none.
static OLDEST: AtomicU64 = AtomicU64::new(u64::MAX);
/// The number of the last differentiation that has begun. 0 is the number of none.
static LAST: AtomicU64 = AtomicU64::new(0);

/// A differentiation that is recording. It ends when this is dropped.
pub(crate) struct Differentiation(u64);

impl Differentiation {
    pub(crate) fn begin() -> Self {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let number = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        open.insert(number);
        OLDEST.store(open.first().copied().unwrap_or(u64::MAX), Ordering::Release);
        Self(number)
    }

    /// The number of the differentiation. A later one has a greater number.
    pub(crate) fn number(&self) -> u64 {
        self.0
    }
}

impl Drop for Differentiation {
    fn drop(&mut self) {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        open.remove(&self.0);
        OLDEST.store(open.first().copied().unwrap_or(u64::MAX), Ordering::Release);
    }
}

/// True if a differentiation is recording that may have to see how a node was computed. `youngest` is the number of the
/// youngest differentiation that the node depends on a variable of: one that began later cannot reach the node.
pub(crate) fn is_differentiated(youngest: u64) -> bool {
    youngest != 0 && OLDEST.load(Ordering::Acquire) <= youngest
}
