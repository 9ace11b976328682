//! The pool that recycles long allocations by their length: free memory of one element type, bounded over all types.
//! Knows nothing of buffers' owners.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::dtype::DType;
use crate::memory::Stored;
use crate::memory::buffer::{LINE, Storage};
use crate::memory::free_lists::{self, LONG};
use crate::memory::limits::Limits;

/// Free allocations of one element type, by length.
///
/// A page fault takes about 3 µs and a training step touches thousands of pages, which costs more than the arithmetic
/// on them. Steps repeat their lengths exactly, so memory is recycled instead of returned to the system.
#[derive(Debug)]
pub(crate) struct Pool<T> {
    free: Mutex<BTreeMap<usize, VecDeque<Spare<T>>>>,
}

/// A free allocation.
#[derive(Debug)]
struct Spare<T> {
    values: Vec<T>,
    /// The index in `values` where the elements begin.
    start: usize,
    /// Its position in the order in which memory became free, over all pools.
    number: u64,
    /// When it became free, by [`seconds`].
    since: u64,
}

/// The bytes in all pools.
static BYTES: AtomicUsize = AtomicUsize::new(0);
/// The number of allocations that have become free.
static GIVEN: AtomicU64 = AtomicU64::new(0);
/// The second in which old allocations were last returned to the system.
static SWEPT: AtomicU64 = AtomicU64::new(0);

impl<T: Stored> Pool<T> {
    pub(crate) const fn new() -> Self {
        Self { free: Mutex::new(BTreeMap::new()) }
    }

    /// Exactly `length` elements of arbitrary value.
    pub(crate) fn take(&self, length: usize) -> Storage<T> {
        if length >= LONG
            && let Some(spare) = self.free().get_mut(&length).and_then(VecDeque::pop_back)
        {
            BYTES.fetch_sub(length * size_of::<T>(), Ordering::Relaxed);
            return Storage::after(spare.values, spare.start);
        }
        Storage::new(length)
    }

    /// Recycles the elements of `values` from `start` on. A vector that is not aligned (the user allocated it) is freed,
    /// and so is what the limits leave no room for.
    pub(crate) fn give(&self, values: Vec<T>, start: usize) {
        let length = values.len() - start;
        let bytes = length * size_of::<T>();
        let is_aligned = values[start..].as_ptr().align_offset(LINE) == 0;
        let limits = Limits::current();
        if length < LONG || !is_aligned || bytes > limits.pooled_bytes {
            return;
        }
        let since = seconds();
        if SWEPT.swap(since, Ordering::Relaxed) != since {
            let oldest = since.saturating_sub(limits.pooled_seconds as u64);
            pools().into_iter().for_each(|pool| pool.free_before(oldest));
        }
        make_room(limits.pooled_bytes - bytes);
        BYTES.fetch_add(bytes, Ordering::Relaxed);
        let number = GIVEN.fetch_add(1, Ordering::Relaxed);
        self.free().entry(length).or_default().push_back(Spare { values, start, number, since });
    }

    fn free(&self) -> MutexGuard<'_, BTreeMap<usize, VecDeque<Spare<T>>>> {
        // Usable after a panic: each change is a single call on the map.
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Seconds since the first call.
fn seconds() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed().as_secs()
}

/// Returns the oldest memory of all pools to the system, until they hold no more than `bytes`.
fn make_room(bytes: usize) {
    while BYTES.load(Ordering::Relaxed) > bytes {
        let oldest = pools().into_iter().filter_map(|pool| Some((pool.oldest()?, pool)));
        let Some((_, pool)) = oldest.min_by_key(|(number, _)| *number) else { return };
        pool.free_oldest();
    }
}

/// Empties the pools of all dtypes and the free lists of this thread.
pub(crate) fn trim() {
    pools().into_iter().for_each(|pool| pool.free_before(u64::MAX));
}

/// The pool of some element type.
trait AnyPool {
    /// The number of its oldest allocation.
    fn oldest(&self) -> Option<u64>;
    fn free_oldest(&self);
    /// Returns to the system what became free before this second, and this thread's free lists if that is everything.
    fn free_before(&self, second: u64);
}

impl<T: Stored> AnyPool for Pool<T> {
    fn oldest(&self) -> Option<u64> {
        self.free().values().filter_map(|spares| spares.front()).map(|spare| spare.number).min()
    }

    fn free_oldest(&self) {
        let mut free = self.free();
        let oldest = free.iter_mut().filter(|(_, spares)| !spares.is_empty());
        let Some((&length, spares)) =
            oldest.min_by_key(|(_, spares)| spares.front().map(|spare| spare.number))
        else {
            return;
        };
        let spare = spares.pop_front();
        if spares.is_empty() {
            free.remove(&length);
        }
        BYTES.fetch_sub(length * size_of::<T>(), Ordering::Relaxed);
        // Returned to the system after the lock.
        drop(free);
        drop(spare);
    }

    fn free_before(&self, second: u64) {
        let mut old = Vec::new();
        self.free().retain(|length, spares| {
            while let Some(spare) = spares.pop_front_if(|spare| spare.since < second) {
                BYTES.fetch_sub(length * size_of::<T>(), Ordering::Relaxed);
                old.push(spare.values);
            }
            !spares.is_empty()
        });
        drop(old);
        if second == u64::MAX {
            free_lists::clear::<T>();
        }
    }
}

macro_rules! pools {
    ((); $($Variant:ident $name:ident $Type:ty;)*) => {
        fn pools() -> [&'static dyn AnyPool; DType::COUNT] {
            [$(<$Type>::pool()),*]
        }
    };
}

dtypes! { pools () }
