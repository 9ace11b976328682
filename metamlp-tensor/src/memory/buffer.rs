//! Where elements live: shared, immutable, contiguous storage, and the pool
//! that gives a dropped allocation to the next tensor of its length.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex};

use half::{bf16, f16};

use crate::dtype::{DType, Element};
use crate::memory::free_lists::{self, LONG};
use crate::memory::shared::{Form, Shared};

/// Row-major elements of a concrete tensor; cloning shares them.
#[derive(Clone, Debug)]
#[doc(hidden)]
pub enum Buffer {
    Bool(Arc<Shared<bool>>),
    I32(Arc<Shared<i32>>),
    U32(Arc<Shared<u32>>),
    F16(Arc<Shared<f16>>),
    BF16(Arc<Shared<bf16>>),
    F32(Arc<Shared<f32>>),
    F64(Arc<Shared<f64>>),
}

impl Buffer {
    pub(crate) fn from_vec<T: Element>(values: impl Into<Storage<T>>) -> Self {
        T::wrap(Shared::new(values.into()))
    }

    pub(crate) fn dtype(&self) -> DType {
        match self {
            Self::Bool(_) => DType::Bool,
            Self::I32(_) => DType::I32,
            Self::U32(_) => DType::U32,
            Self::F16(_) => DType::F16,
            Self::BF16(_) => DType::BF16,
            Self::F32(_) => DType::F32,
            Self::F64(_) => DType::F64,
        }
    }

    /// The elements, if they are of type `T`.
    pub(crate) fn as_slice<T: Element>(&self) -> Option<&[T]> {
        T::unwrap(self).map(|shared| &shared[..])
    }

    /// The elements themselves, if nobody else holds them.
    pub(crate) fn try_into_storage<T: Element>(self) -> Result<Storage<T>, Self> {
        let Some(mut shared) = T::unwrap(&self).map(Arc::clone) else { return Err(self) };
        drop(self);
        Shared::take(&mut shared).ok_or_else(|| T::wrap(shared))
    }

    /// The elements in another form, if they are of type `T` and it was asked for before.
    pub(crate) fn form<T: Element>(
        &self,
        form: Form,
        make: impl FnOnce() -> Storage<T>,
    ) -> Option<Arc<Storage<T>>> {
        T::unwrap(self)?.form(form, make)
    }

    /// A vector and where in it the elements begin: without a copy if nobody else holds them.
    pub(crate) fn into_vec<T: Element>(self) -> Option<(Vec<T>, usize)> {
        let shared = Arc::clone(T::unwrap(&self)?);
        drop(self);
        Some(match Arc::try_unwrap(shared) {
            Ok(shared) => {
                let mut storage = shared.into_storage();
                (std::mem::take(&mut storage.values), storage.start)
            }
            Err(shared) => (shared.to_vec(), 0),
        })
    }
}

impl Drop for Buffer {
    /// The last one gives back the memory, and the place that the elements were shared in.
    fn drop(&mut self) {
        match self {
            Self::Bool(shared) => drop(Shared::take(shared)),
            Self::I32(shared) => drop(Shared::take(shared)),
            Self::U32(shared) => drop(Shared::take(shared)),
            Self::F16(shared) => drop(Shared::take(shared)),
            Self::BF16(shared) => drop(Shared::take(shared)),
            Self::F32(shared) => drop(Shared::take(shared)),
            Self::F64(shared) => drop(Shared::take(shared)),
        }
    }
}

/// One allocation; dropping it offers the memory to its type's [`Pool`].
#[derive(Debug)]
#[doc(hidden)]
pub struct Storage<T: Element> {
    /// The elements, perhaps after some that only fill up a cache line.
    values: Vec<T>,
    start: usize,
}

/// Bytes of a cache line, and of the widest vector: one that lies across two lines takes twice as long to read.
const LINE: usize = 64;

impl<T: Element> Storage<T> {
    /// Of `length` elements, the first of which begins a cache line.
    fn new(length: usize) -> Self {
        if length < LONG {
            return free_lists::take_vector(length).into();
        }
        let most = LINE / size_of::<T>();
        let mut values = vec![T::default(); length + most];
        let start = values.as_ptr().align_offset(LINE).min(most);
        values.truncate(start + length);
        Self { values, start }
    }
}

impl<T: Element> Storage<T> {
    /// The elements of `values` from `start` on.
    pub(crate) fn after(values: Vec<T>, start: usize) -> Self {
        Self { start: start.min(values.len()), values }
    }
}

impl<T: Element> Default for Storage<T> {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<T: Element> From<Vec<T>> for Storage<T> {
    fn from(values: Vec<T>) -> Self {
        Self { values, start: 0 }
    }
}

impl<T: Element> Deref for Storage<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.values[self.start..]
    }
}

impl<T: Element> DerefMut for Storage<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.values[self.start..]
    }
}

impl<T: Element> Drop for Storage<T> {
    fn drop(&mut self) {
        let values = std::mem::take(&mut self.values);
        if values.len() >= LONG {
            T::pool().give(values, self.start);
        } else if values.capacity() > 0 {
            free_lists::keep_vector(values);
        }
    }
}

/// Allocations of one element type that wait to be used again, by length.
///
/// Fresh pages cost more than the arithmetic on them (a fault is about 3 µs,
/// a training step touches thousands of pages), and steps repeat their
/// lengths exactly; so memory is handed on, not returned.
#[derive(Debug)]
#[doc(hidden)]
pub struct Pool<T> {
    free: Mutex<Free<T>>,
}

#[derive(Debug)]
struct Free<T> {
    /// Vectors, and where in them the elements begin.
    by_length: BTreeMap<usize, Vec<(Vec<T>, usize)>>,
    bytes: usize,
}

/// Past this the pool lets memory go.
const MOST_POOLED_BYTES: usize = 1 << 30;

impl<T: Element> Pool<T> {
    pub(crate) const fn new() -> Self {
        Self { free: Mutex::new(Free { by_length: BTreeMap::new(), bytes: 0 }) }
    }

    /// Exactly `length` elements of arbitrary content.
    pub(crate) fn take(&self, length: usize) -> Storage<T> {
        if length >= LONG
            && let Ok(mut free) = self.free.lock()
            && let Some((values, start)) = free.by_length.get_mut(&length).and_then(Vec::pop)
        {
            free.bytes -= length * size_of::<T>();
            return Storage { values, start };
        }
        Storage::new(length)
    }

    /// Keeps the elements of `values` from `start` on. Vectors that were made elsewhere do not begin a cache line.
    fn give(&self, values: Vec<T>, start: usize) {
        let length = values.len() - start;
        let bytes = length * size_of::<T>();
        let is_aligned = values[start..].as_ptr().align_offset(LINE) == 0;
        if length >= LONG
            && is_aligned
            && let Ok(mut free) = self.free.lock()
            && free.bytes + bytes <= MOST_POOLED_BYTES
        {
            free.bytes += bytes;
            free.by_length.entry(length).or_default().push((values, start));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropped_storage_is_handed_on() {
        let length = 1_234_567;
        let vector = f64::pool().take(length);
        let address = vector.as_ptr();
        drop(Buffer::from_vec(vector));
        let handed_on = f64::pool().take(length);
        assert_eq!(handed_on.as_ptr(), address);
    }

    #[test]
    fn elements_begin_a_cache_line_and_are_all_there() {
        for length in [LONG, 5000, 1_000_003] {
            assert_eq!(f32::pool().take(length).as_ptr().align_offset(LINE), 0);
            assert_eq!(bool::pool().take(length).as_ptr().align_offset(LINE), 0);
            assert_eq!(f64::pool().take(length).len(), length);
        }
        assert_eq!(f32::pool().take(3).len(), 3);
        assert!(f32::pool().take(0).is_empty());
    }

    #[test]
    fn a_vector_from_elsewhere_is_not_handed_on() {
        let length = 7_654_321;
        let vector: Vec<u32> = (0..=length as u32).collect();
        let odd = Storage { values: vector, start: 1 };
        let is_aligned = odd.as_ptr().align_offset(LINE) == 0;
        let address = odd.as_ptr();
        drop(odd);
        assert_eq!(u32::pool().take(length).as_ptr() == address, is_aligned);
    }

    #[test]
    fn a_unique_buffer_gives_up_its_vector_without_a_copy() {
        let vector = vec![1i32, 2, 3];
        let address = vector.as_ptr();
        let buffer = Buffer::from_vec(vector);
        assert_eq!(buffer.into_vec::<i32>().map(|(vector, start)| vector[start..].as_ptr()), Some(address));
    }
}
