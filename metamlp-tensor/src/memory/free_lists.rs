//! Per-thread free lists of short vectors, [`Shared`] cells and lists of buffers. A program that runs in a loop
//! allocates and frees the same ones in each iteration. Knows nothing of nodes.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::thread::LocalKey;

use crate::memory::Stored;
use crate::memory::buffer::Buffer;
use crate::memory::shared::Shared;

/// Least number of elements of a long vector. Long vectors go to the [`Pool`](super::pool::Pool).
pub(crate) const LONG: usize = 1024;
/// Most free vectors of one capacity class, per thread.
const MOST_VECTORS: usize = 64;
/// Most free [`Shared`] cells of one dtype, per thread.
const MOST_CELLS: usize = 256;

/// The free lists of one element type on one thread.
#[derive(Debug)]
pub(crate) struct FreeLists<T: Stored> {
    /// Vectors, indexed by the logarithm of their capacity.
    vectors: [Vec<Vec<T>>; LONG.ilog2() as usize + 1],
    cells: Vec<Arc<Shared<T>>>,
}

impl<T: Stored> FreeLists<T> {
    pub(crate) const fn new() -> Self {
        Self { vectors: [const { Vec::new() }; _], cells: Vec::new() }
    }
}

/// A short vector of `length` elements of arbitrary value.
pub(crate) fn take_vector<T: Stored>(length: usize) -> Vec<T> {
    if length == 0 {
        return Vec::new();
    }
    let capacity = length.next_power_of_two();
    let found = with(T::free_lists(), |lists| lists.vectors.get_mut(capacity.ilog2() as usize)?.pop());
    let mut vector = found.unwrap_or_else(|| Vec::with_capacity(capacity));
    vector.resize(length, T::default());
    vector
}

/// Recycles a short vector.
pub(crate) fn keep_vector<T: Stored>(vector: Vec<T>) {
    let Some(class) = vector.capacity().checked_ilog2() else { return };
    // A vector that does not fit is dropped after the borrow of the lists has ended.
    let mut kept = Some(vector);
    with(T::free_lists(), |lists| {
        let vectors = lists.vectors.get_mut(class as usize)?;
        if vectors.len() < MOST_VECTORS {
            vectors.extend(kept.take());
        }
        Some(())
    });
}

/// A free cell that has no other owner.
pub(crate) fn take_cell<T: Stored>() -> Option<Arc<Shared<T>>> {
    with(T::free_lists(), |lists| lists.cells.pop())
}

/// Recycles a cell that has no other owner.
pub(crate) fn keep_cell<T: Stored>(cell: Arc<Shared<T>>) {
    let mut kept = Some(cell);
    with(T::free_lists(), |lists| {
        if lists.cells.len() < MOST_CELLS {
            lists.cells.extend(kept.take());
        }
        Some(())
    });
}

/// Frees everything on the free lists of this element type on this thread.
pub(crate) fn clear<T: Stored>() {
    let lists = with(T::free_lists(), |lists| Some(std::mem::replace(lists, FreeLists::new())));
    // Dropped after the borrow has ended.
    drop(lists);
}

thread_local! {
    static LIST: Cell<Vec<Buffer>> = const { Cell::new(Vec::new()) };
}

/// An empty list, for the arguments and later the results of a program.
pub(crate) fn take_list() -> Vec<Buffer> {
    LIST.try_with(Cell::take).unwrap_or_default()
}

/// Recycles a list for the next program; its buffers are dropped.
pub(crate) fn keep_list(mut list: Vec<Buffer>) {
    list.clear();
    let _ = LIST.try_with(|kept| kept.set(list));
}

/// The result of `f` on the lists of this thread; `None` while the thread ends, when its lists are gone.
fn with<T: Stored, R>(
    lists: &'static LocalKey<RefCell<FreeLists<T>>>,
    f: impl FnOnce(&mut FreeLists<T>) -> Option<R>,
) -> Option<R> {
    lists.try_with(|lists| f(&mut *lists.try_borrow_mut().ok()?)).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_vector_is_recycled_for_any_length_that_it_holds() {
        let vector = take_vector::<f32>(100);
        let address = vector.as_ptr();
        keep_vector(vector);
        let (next, other) = (take_vector::<f32>(65), take_vector::<f32>(100));
        assert_eq!((next.as_ptr(), next.len()), (address, 65));
        assert!(other.as_ptr() != address);
        assert!(take_vector::<f32>(0).is_empty());
    }

    #[test]
    fn a_vector_of_any_capacity_goes_to_the_class_that_it_can_hold() {
        let mut vector = Vec::with_capacity(48);
        vector.push(7u32);
        let address = vector.as_ptr();
        keep_vector(vector);
        let (longer, next) = (take_vector::<u32>(33), take_vector::<u32>(32));
        assert!(longer.as_ptr() != address);
        assert_eq!(next.as_ptr(), address);
    }
}
