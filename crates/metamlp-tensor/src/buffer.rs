//! Where elements live: shared, immutable, contiguous storage, and the pool
//! that gives a dropped allocation to the next tensor of its length.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex};

use half::{bf16, f16};

use crate::dtype::{DType, Element};

/// Row-major elements of a concrete tensor; cloning shares them.
#[derive(Clone, Debug)]
#[doc(hidden)]
pub enum Buffer {
    Bool(Arc<Storage<bool>>),
    I32(Arc<Storage<i32>>),
    U32(Arc<Storage<u32>>),
    F16(Arc<Storage<f16>>),
    BF16(Arc<Storage<bf16>>),
    F32(Arc<Storage<f32>>),
    F64(Arc<Storage<f64>>),
}

impl Buffer {
    pub(crate) fn from_vec<T: Element>(values: Vec<T>) -> Self {
        T::wrap(Arc::new(Storage { values }))
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
        T::unwrap(self).map(|storage| &storage.values[..])
    }

    /// The elements as an owned vector, if nobody else holds them.
    pub(crate) fn try_into_vec<T: Element>(self) -> Result<Vec<T>, Self> {
        let Some(shared) = T::unwrap(&self).map(Arc::clone) else { return Err(self) };
        drop(self);
        Arc::try_unwrap(shared).map(|mut storage| std::mem::take(&mut storage.values)).map_err(T::wrap)
    }

    /// The elements as an owned vector: without a copy if nobody else holds them.
    pub(crate) fn into_vec<T: Element>(self) -> Option<Vec<T>> {
        let shared = Arc::clone(T::unwrap(&self)?);
        drop(self);
        Some(match Arc::try_unwrap(shared) {
            Ok(mut storage) => std::mem::take(&mut storage.values),
            Err(shared) => shared.values.clone(),
        })
    }
}

/// One allocation; dropping it offers the memory to its type's [`Pool`].
#[derive(Debug)]
#[doc(hidden)]
pub struct Storage<T: Element> {
    values: Vec<T>,
}

impl<T: Element> Deref for Storage<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.values
    }
}

impl<T: Element> Drop for Storage<T> {
    fn drop(&mut self) {
        T::pool().give(std::mem::take(&mut self.values));
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
    by_length: BTreeMap<usize, Vec<Vec<T>>>,
    bytes: usize,
}

/// Shorter vectors are cheap for the allocator and would only crowd the map.
const SMALLEST_POOLED: usize = 1024;
/// Past this the pool lets memory go.
const MOST_POOLED_BYTES: usize = 1 << 30;

impl<T: Element> Pool<T> {
    pub(crate) const fn new() -> Self {
        Self { free: Mutex::new(Free { by_length: BTreeMap::new(), bytes: 0 }) }
    }

    /// A vector of exactly `length` elements of arbitrary content.
    pub(crate) fn take(&self, length: usize) -> Vec<T> {
        if length >= SMALLEST_POOLED
            && let Ok(mut free) = self.free.lock()
            && let Some(vector) = free.by_length.get_mut(&length).and_then(Vec::pop)
        {
            free.bytes -= length * size_of::<T>();
            return vector;
        }
        vec![T::default(); length]
    }

    pub(crate) fn give(&self, vector: Vec<T>) {
        let bytes = vector.len() * size_of::<T>();
        if vector.len() >= SMALLEST_POOLED
            && let Ok(mut free) = self.free.lock()
            && free.bytes + bytes <= MOST_POOLED_BYTES
        {
            free.bytes += bytes;
            free.by_length.entry(vector.len()).or_default().push(vector);
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
    fn a_unique_buffer_gives_up_its_vector_without_a_copy() {
        let vector = vec![1i32, 2, 3];
        let address = vector.as_ptr();
        let buffer = Buffer::from_vec(vector);
        assert_eq!(buffer.into_vec::<i32>().map(|v| v.as_ptr()), Some(address));
    }
}
