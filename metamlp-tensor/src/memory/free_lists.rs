//! What a thread has done with of buffers and fills again: short vectors,
//! what elements are shared in, and a list of buffers. A program that runs in a loop makes and drops
//! the same of them each time. Knows nothing of nodes.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::thread::LocalKey;

use crate::dtype::Element;
use crate::memory::buffer::Buffer;
use crate::memory::shared::Shared;

/// Elements from which a vector is no short one.
pub(crate) const LONG: usize = 1024;
/// Vectors of a capacity that a thread keeps.
const MOST_VECTORS: usize = 64;
/// Empty places for shared elements that it keeps.
const MOST_PLACES: usize = 256;

/// One element type's, of one thread.
#[derive(Debug)]
#[doc(hidden)]
pub struct SpareBuffers<T: Element> {
    /// By the logarithm of their capacity.
    vectors: [Vec<Vec<T>>; LONG.ilog2() as usize + 1],
    places: Vec<Arc<Shared<T>>>,
}

/// A thread's list.
pub(crate) type List<T> = LocalKey<RefCell<SpareBuffers<T>>>;

impl<T: Element> SpareBuffers<T> {
    pub(crate) const fn new() -> Self {
        Self { vectors: [const { Vec::new() }; _], places: Vec::new() }
    }
}

/// A short vector of `length` elements of arbitrary value.
pub(crate) fn take_vector<T: Element>(length: usize) -> Vec<T> {
    if length == 0 {
        return Vec::new();
    }
    let capacity = length.next_power_of_two();
    let found = with(T::spare(), |spare| spare.vectors.get_mut(capacity.ilog2() as usize)?.pop());
    let mut vector = found.unwrap_or_else(|| Vec::with_capacity(capacity));
    vector.resize(length, T::default());
    vector
}

/// Keeps a short vector.
pub(crate) fn keep_vector<T: Element>(vector: Vec<T>) {
    let Some(class) = vector.capacity().checked_ilog2() else { return };
    // What does not fit is dropped outside of the borrow.
    let mut kept = Some(vector);
    with(T::spare(), |spare| {
        let vectors = spare.vectors.get_mut(class as usize)?;
        if vectors.len() < MOST_VECTORS {
            vectors.extend(kept.take());
        }
        Some(())
    });
}

/// A place for shared elements that nobody else holds, if there is one to spare.
pub(crate) fn take_place<T: Element>() -> Option<Arc<Shared<T>>> {
    with(T::spare(), |spare| spare.places.pop())
}

/// Keeps a place that nobody else holds.
pub(crate) fn keep_place<T: Element>(place: Arc<Shared<T>>) {
    let mut kept = Some(place);
    with(T::spare(), |spare| {
        if spare.places.len() < MOST_PLACES {
            spare.places.extend(kept.take());
        }
        Some(())
    });
}

thread_local! {
    static LIST: Cell<Vec<Buffer>> = const { Cell::new(Vec::new()) };
}

/// An empty list, for the arguments of a program and then its results.
pub(crate) fn take_list() -> Vec<Buffer> {
    LIST.try_with(Cell::take).unwrap_or_default()
}

/// Keeps a list for the next program; what is in it is dropped.
pub(crate) fn keep_list(mut list: Vec<Buffer>) {
    list.clear();
    let _ = LIST.try_with(|kept| kept.set(list));
}

/// What `f` finds; where the thread is ending there is no list any more.
fn with<T: Element, R>(
    list: &'static List<T>,
    f: impl FnOnce(&mut SpareBuffers<T>) -> Option<R>,
) -> Option<R> {
    list.try_with(|spare| f(&mut *spare.try_borrow_mut().ok()?)).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_vector_is_handed_on_to_any_length_that_it_holds() {
        let vector = take_vector::<f32>(100);
        let address = vector.as_ptr();
        keep_vector(vector);
        let (next, other) = (take_vector::<f32>(65), take_vector::<f32>(100));
        assert_eq!((next.as_ptr(), next.len()), (address, 65));
        assert!(other.as_ptr() != address);
        assert!(take_vector::<f32>(0).is_empty());
    }

    #[test]
    fn a_vector_from_elsewhere_goes_where_its_capacity_suffices() {
        let mut vector = Vec::with_capacity(48);
        vector.push(7u32);
        let address = vector.as_ptr();
        keep_vector(vector);
        let (longer, next) = (take_vector::<u32>(33), take_vector::<u32>(32));
        assert!(longer.as_ptr() != address);
        assert_eq!(next.as_ptr(), address);
    }
}
