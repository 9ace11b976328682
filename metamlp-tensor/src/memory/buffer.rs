//! Buffers: shared, immutable, contiguous storage of a tensor's elements.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::dtype::DType;
use crate::memory::Stored;
use crate::memory::exhausted;
use crate::memory::free_lists::{self, LONG};
use crate::memory::shared::{Form, Shared};

macro_rules! buffer {
    ((); $($Variant:ident $name:ident $Type:ty;)*) => {
        /// Row-major elements of a concrete tensor; cloning shares them.
        #[derive(Clone, Debug)]
        pub(crate) enum Buffer {
            $($Variant(Arc<Shared<$Type>>),)*
        }

        impl Buffer {
            pub(crate) fn dtype(&self) -> DType {
                match self {
                    $(Self::$Variant(_) => DType::$Variant,)*
                }
            }
        }

        impl Drop for Buffer {
            /// The last owner gives the memory to the pool and the shared cell to the free list.
            fn drop(&mut self) {
                match self {
                    $(Self::$Variant(shared) => drop(Shared::take(shared)),)*
                }
            }
        }
    };
}

dtypes! { buffer () }

impl Buffer {
    pub(crate) fn from_vec<T: Stored>(values: impl Into<Storage<T>>) -> Self {
        T::wrap(Shared::new(values.into()))
    }

    /// The elements. Panics if the dtype is not that of `T`: the graph fixes the dtype of every buffer.
    pub(crate) fn elements<T: Stored>(&self) -> &[T] {
        self.as_slice().expect("a buffer has the dtype of the node that it is the value of")
    }

    /// The elements, or `None` if the dtype is not that of `T`.
    pub(crate) fn as_slice<T: Stored>(&self) -> Option<&[T]> {
        T::unwrap(self).map(|shared| &shared[..])
    }

    /// The storage, to be written, if this is its only owner; else the buffer.
    pub(crate) fn try_into_storage<T: Stored>(self) -> Result<Storage<T>, Self> {
        let mut shared = Arc::clone(T::unwrap(&self).expect("the storage has the dtype of the buffer"));
        drop(self);
        Shared::take(&mut shared).ok_or_else(|| T::wrap(shared))
    }

    /// The packed panels of the matrix `form`, if they were requested before; see [`Shared::form`].
    pub(crate) fn form<T: Stored>(
        &self,
        form: Form,
        make: impl FnOnce() -> Storage<T>,
    ) -> Option<Arc<Storage<T>>> {
        T::unwrap(self)?.form(form, make)
    }

    /// A vector and the index in it where the elements begin, without a copy if this is the only owner. If the system
    /// refuses the memory of a copy, the error is the number of bytes that were asked. `None` if `T` is another dtype.
    pub(crate) fn into_vec<T: Stored>(self) -> Option<Result<(Vec<T>, usize), usize>> {
        let shared = Arc::clone(T::unwrap(&self)?);
        drop(self);
        Some(match Arc::try_unwrap(shared) {
            Ok(shared) => {
                let mut storage = shared.into_storage();
                Ok((std::mem::take(&mut storage.values), storage.start))
            }
            Err(shared) => exhausted::copied(&shared).map(|values| (values, 0)),
        })
    }
}

/// One allocation. Dropping it returns the memory to the [`Pool`](super::pool::Pool) of its type, or to this thread's free list if it is
/// short.
#[derive(Debug)]
pub(crate) struct Storage<T: Stored> {
    /// The elements, after up to a cache line of padding.
    values: Vec<T>,
    /// Index of the first element.
    start: usize,
}

/// Bytes of a cache line and of the widest SIMD vector. A vector load that crosses two lines takes twice as long.
pub(crate) const LINE: usize = 64;

impl<T: Stored> Storage<T> {
    /// `length` elements of arbitrary value. Long storage is aligned to a cache line. Unwinds, see
    /// [`exhausted`](crate::memory::exhausted), if the system refuses the memory.
    pub(crate) fn new(length: usize) -> Self {
        if length < LONG {
            return free_lists::take_vector(length).into();
        }
        let most = LINE / size_of::<T>();
        let mut values = exhausted::vector::<T>(length + most);
        let start = values.as_ptr().align_offset(LINE).min(most);
        values.truncate(start + length);
        Self { values, start }
    }

    /// The elements of `values` from `start` on.
    pub(crate) fn after(values: Vec<T>, start: usize) -> Self {
        Self { start: start.min(values.len()), values }
    }

    /// The vector and the index in it where the elements begin.
    pub(crate) fn parts(&self) -> (&Vec<T>, usize) {
        (&self.values, self.start)
    }
}

impl<T: Stored> Default for Storage<T> {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<T: Stored> From<Vec<T>> for Storage<T> {
    fn from(values: Vec<T>) -> Self {
        Self { values, start: 0 }
    }
}

impl<T: Stored> Deref for Storage<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.values[self.start..]
    }
}

impl<T: Stored> DerefMut for Storage<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.values[self.start..]
    }
}

impl<T: Stored> Drop for Storage<T> {
    fn drop(&mut self) {
        let values = std::mem::take(&mut self.values);
        if values.len() >= LONG {
            T::pool().give(values, self.start);
        } else if values.capacity() > 0 {
            free_lists::keep_vector(values);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropped_storage_is_recycled() {
        let length = 1_234_567;
        let vector = f64::pool().take(length);
        let address = vector.as_ptr();
        drop(Buffer::from_vec(vector));
        let recycled = f64::pool().take(length);
        assert_eq!(recycled.as_ptr(), address);
    }

    #[test]
    fn long_storage_is_aligned_and_has_all_elements() {
        for length in [LONG, 5000, 1_000_003] {
            assert_eq!(f32::pool().take(length).as_ptr().align_offset(LINE), 0);
            assert_eq!(bool::pool().take(length).as_ptr().align_offset(LINE), 0);
            assert_eq!(f64::pool().take(length).len(), length);
        }
        assert_eq!(f32::pool().take(3).len(), 3);
        assert!(f32::pool().take(0).is_empty());
    }

    #[test]
    fn a_vector_of_the_user_is_recycled_only_if_it_is_aligned() {
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
        let (vector, start) = buffer.into_vec::<i32>().unwrap().unwrap();
        assert_eq!(vector[start..].as_ptr(), address);
    }
}
