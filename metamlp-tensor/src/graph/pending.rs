//! The number of operations that have been recorded and not evaluated, over all threads, and the depth at which a chain
//! of them is evaluated. Knows no nodes.

use std::cell::Cell;
use std::sync::atomic::{AtomicIsize, AtomicU32, Ordering};

use crate::memory::limits::Limits;

/// A chain of operations that grows outside of any boundary, in a loop that reads no value, is evaluated at this depth.
pub(crate) const DEEPEST: u32 = 2048;
/// The depth at which chains are evaluated while as many operations are pending as the limit allows.
const DEEPEST_AT_LIMIT: usize = 32;
/// The least such depth: a shorter chain saves little memory.
const SHALLOWEST: usize = 4;
/// A thread adds its own count to [`PENDING`] when the count reaches this number.
const BATCH: isize = 1024;

static PENDING: AtomicIsize = AtomicIsize::new(0);
static DEPTH: AtomicU32 = AtomicU32::new(DEEPEST);

thread_local! {
    /// Operations of this thread that are not in [`PENDING`] yet.
    static UNCOUNTED: Cell<isize> = const { Cell::new(0) };
}

/// The depth at which a chain is evaluated now.
pub(crate) fn deepest() -> u32 {
    DEPTH.load(Ordering::Relaxed)
}

/// Counts operations that were recorded, or that were evaluated or dropped if the number is negative.
pub(crate) fn count(operations: isize) {
    // The count is gone while the thread ends.
    let _ = UNCOUNTED.try_with(|uncounted| {
        let sum = uncounted.get() + operations;
        if sum.abs() < BATCH {
            uncounted.set(sum);
            return;
        }
        uncounted.set(0);
        let pending = PENDING.fetch_add(sum, Ordering::Relaxed) + sum;
        DEPTH.store(
            depth(pending.max(0).unsigned_abs(), Limits::current().pending_operations),
            Ordering::Relaxed,
        );
    });
}

fn depth(pending: usize, limit: usize) -> u32 {
    if pending <= limit {
        return DEEPEST;
    }
    let depth = limit.saturating_mul(DEEPEST_AT_LIMIT) / pending;
    u32::try_from(depth.max(SHALLOWEST)).unwrap_or(DEEPEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_are_evaluated_earlier_the_more_is_pending() {
        assert_eq!([0, 1000].map(|pending| depth(pending, 1000)), [DEEPEST; 2]);
        assert_eq!([1001, 2000, 100_000].map(|pending| depth(pending, 1000)), [31, 16, 4]);
        assert_eq!(depth(1, 0), 4);
    }
}
