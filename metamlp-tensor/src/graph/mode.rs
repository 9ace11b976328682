//! Flags of this thread: whether a transformation is recording, and whether evaluation is left to an outer boundary.
//! Knows nothing of tensors, so that nodes, recordings and boundaries can all ask.

use std::cell::Cell;

thread_local! {
    static TRACING: Cell<usize> = const { Cell::new(0) };
    static DEFERRED: Cell<usize> = const { Cell::new(0) };
}

/// Increments a thread-local counter while it lives, also if a panic unwinds.
struct Inside(&'static std::thread::LocalKey<Cell<usize>>);

impl Inside {
    fn enter(depth: &'static std::thread::LocalKey<Cell<usize>>) -> Self {
        depth.set(depth.get() + 1);
        Self(depth)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// True while a differentiation or `jit` is recording on this thread.
#[doc(hidden)]
#[must_use]
pub fn is_tracing() -> bool {
    TRACING.get() > 0
}

/// True while boundaries on this thread leave evaluation to an outer one.
pub(crate) fn is_deferred() -> bool {
    DEFERRED.get() > 0 || is_tracing()
}

/// Runs `f` while recording: nodes that get a value keep their operations, so that a differentiation can see them.
pub(crate) fn tracing<R>(f: impl FnOnce() -> R) -> R {
    let _inside = Inside::enter(&TRACING);
    f()
}

/// Runs `f`; boundaries inside it evaluate nothing and leave that to the next boundary after it.
///
/// The module system calls this around a module's `init` and `apply`.
#[doc(hidden)]
pub fn deferred<R>(f: impl FnOnce() -> R) -> R {
    let _inside = Inside::enter(&DEFERRED);
    f()
}
