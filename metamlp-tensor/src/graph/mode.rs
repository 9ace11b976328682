//! A flag of this thread: whether evaluation is left to an outer boundary. Knows nothing of tensors, so that nodes,
//! recordings and boundaries can all ask.

use std::cell::Cell;

thread_local! {
    static DEFERRED: Cell<usize> = const { Cell::new(0) };
    static RUNS: Cell<usize> = const { Cell::new(0) };
}

/// Restores a counter of this thread when it is dropped, also if a panic unwinds.
struct Restore(&'static std::thread::LocalKey<Cell<usize>>, usize);

impl Restore {
    fn after_setting(counter: &'static std::thread::LocalKey<Cell<usize>>, value: usize) -> Self {
        Self(counter, counter.replace(value))
    }
}

impl Drop for Restore {
    fn drop(&mut self) {
        self.0.set(self.1);
    }
}

/// True while boundaries on this thread leave evaluation to an outer one.
pub(crate) fn is_deferred() -> bool {
    DEFERRED.get() > 0
}

/// Runs `f`; boundaries inside it evaluate nothing and leave that to the next boundary after it.
///
/// Transformations call it while they record. The module system calls it around a module's `init` and `apply`.
#[doc(hidden)]
pub fn deferred<R>(f: impl FnOnce() -> R) -> R {
    let _restore = Restore::after_setting(&DEFERRED, DEFERRED.get() + 1);
    f()
}

/// Runs `f`, which runs a program. While this thread waits for other threads it may be given an unrelated task of the
/// user's, which must not find the mode of the code that waits.
pub(crate) fn running<R>(f: impl FnOnce() -> R) -> R {
    let _deferred = Restore::after_setting(&DEFERRED, 0);
    let _runs = Restore::after_setting(&RUNS, RUNS.get() + 1);
    f()
}

/// The number of programs that this thread is running, one inside of a task that another has given it. What a thread
/// keeps for the code that runs on it, such as the modules that are being called, belongs to one such number.
#[doc(hidden)]
#[must_use]
pub fn runs() -> usize {
    RUNS.get()
}
