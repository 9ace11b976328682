//! The number of threads that kernels may use, a setting of the thread that runs a program. Knows nothing of programs.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::{ThreadPool, ThreadPoolBuilder};

thread_local! {
    static THREADS: Cell<Option<NonZeroUsize>> = const { Cell::new(None) };
}

/// The most threads of [`with_threads`]: about as many cores as help one program on any machine.
pub const MOST_THREADS: NonZeroUsize = NonZeroUsize::new(256).expect("256 is not 0");

/// Most pools that are kept. Beyond it the one with the most threads ends as soon as no program runs in it.
const MOST_POOLS: usize = 16;

/// One pool for each number of threads that has been requested. Idle pools sleep.
static POOLS: Mutex<BTreeMap<NonZeroUsize, Arc<ThreadPool>>> = Mutex::new(BTreeMap::new());

/// Runs `f`. Programs inside it run on `threads` threads instead of one per core. Results have the same bits for any number
/// of threads.
///
/// A number above [`MOST_THREADS`], 256, is taken as that. The threads of up to 16 numbers are kept and sleep until they
/// are needed.
///
/// ```
/// use std::num::NonZeroUsize;
/// use metamlp_tensor::{F32, Tensor, with_threads};
/// let x = Tensor::ones([300, 300], F32);
/// let one = with_threads(NonZeroUsize::MIN, || x.matmul(&x).exp().sum_all().item::<f32>())?;
/// assert_eq!(one, x.matmul(&x).exp().sum_all().item::<f32>()?);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
pub fn with_threads<R>(threads: NonZeroUsize, f: impl FnOnce() -> R) -> R {
    /// Restores the number, also if a panic unwinds.
    struct Before(Option<NonZeroUsize>);
    impl Drop for Before {
        fn drop(&mut self) {
            THREADS.set(self.0);
        }
    }
    let _before = Before(THREADS.replace(Some(threads.min(MOST_THREADS))));
    f()
}

/// Runs `f` in the pool with the number of threads that this thread has set, or in the global pool.
pub(crate) fn enter<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    match THREADS.get().and_then(pool) {
        Some(pool) => pool.install(f),
        None => f(),
    }
}

/// The pool with this number of threads. `None` if the system cannot start it.
fn pool(threads: NonZeroUsize) -> Option<Arc<ThreadPool>> {
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pool) = pools.get(&threads) {
        return Some(Arc::clone(pool));
    }
    let pool = Arc::new(ThreadPoolBuilder::new().num_threads(threads.get()).build().ok()?);
    if pools.len() >= MOST_POOLS {
        pools.pop_last();
    }
    pools.insert(threads, Arc::clone(&pool));
    Some(pool)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: NonZeroUsize = NonZeroUsize::MIN.saturating_add(2);

    #[test]
    fn the_innermost_number_counts_and_ends_with_its_function() {
        let threads = || enter(rayon::current_num_threads);
        let outside = threads();
        let inside = with_threads(THREE, || [threads(), with_threads(NonZeroUsize::MIN, threads), threads()]);
        assert_eq!(inside, [3, 1, 3]);
        assert!(std::panic::catch_unwind(|| with_threads(THREE, || panic!("thrown away"))).is_err());
        assert_eq!(threads(), outside);
    }
}
