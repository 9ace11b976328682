//! [`Stored`]: the storage of each element type, and the conversions from the public functions, which know only
//! [`Element`].

use std::any::Any;
use std::cell::RefCell;
use std::sync::{Arc, LazyLock};
use std::thread::LocalKey;

use crate::dtype::Element;
use crate::memory::buffer::{Buffer, Storage};
use crate::memory::free_lists::FreeLists;
use crate::memory::per_dtype::{Family, PerDType};
use crate::memory::pool::Pool;
use crate::memory::shared::Shared;

/// An element type with its variant of [`Buffer`], its memory pool and its free lists. Implemented by every
/// [`Element`].
pub(crate) trait Stored: Element {
    fn wrap(values: Arc<Shared<Self>>) -> Buffer;
    /// `None` for a buffer of another dtype.
    fn unwrap(buffer: &Buffer) -> Option<&Arc<Shared<Self>>>;
    fn pool() -> &'static Pool<Self>;
    /// The free lists of this thread.
    fn free_lists() -> &'static LocalKey<RefCell<FreeLists<Self>>>;
    /// Shared storage without elements. It replaces the storage that a dropped buffer gives back.
    fn empty() -> &'static Arc<Shared<Self>>;
    fn field<F: Family>(values: &PerDType<F>) -> &F::Of<Self>;
    fn field_mut<F: Family>(values: &mut PerDType<F>) -> &mut F::Of<Self>;
}

macro_rules! stored {
    ((); $($Variant:ident $name:ident $Type:ty;)*) => {$(
        impl Stored for $Type {
            #[inline]
            fn wrap(values: Arc<Shared<Self>>) -> Buffer {
                Buffer::$Variant(values)
            }

            #[inline]
            fn unwrap(buffer: &Buffer) -> Option<&Arc<Shared<Self>>> {
                match buffer {
                    Buffer::$Variant(values) => Some(values),
                    _ => None,
                }
            }

            fn pool() -> &'static Pool<Self> {
                static POOL: Pool<$Type> = Pool::new();
                &POOL
            }

            fn free_lists() -> &'static LocalKey<RefCell<FreeLists<Self>>> {
                thread_local! {
                    static LISTS: RefCell<FreeLists<$Type>> = const { RefCell::new(FreeLists::new()) };
                }
                &LISTS
            }

            fn empty() -> &'static Arc<Shared<Self>> {
                static EMPTY: LazyLock<Arc<Shared<$Type>>> = LazyLock::new(Arc::default);
                &EMPTY
            }

            #[inline]
            fn field<F: Family>(values: &PerDType<F>) -> &F::Of<Self> {
                &values.$name
            }

            #[inline]
            fn field_mut<F: Family>(values: &mut PerDType<F>) -> &mut F::Of<Self> {
                &mut values.$name
            }
        }
    )*};
}

dtypes! { stored () }

/// A buffer of the elements of `values` from `start` on.
pub(crate) fn buffer_of<T: Element>(values: Vec<T>, start: usize) -> Buffer {
    let mut values = values;
    for_dtype!(T::DTYPE, U => {
        let values = std::mem::take(same_type::<Vec<T>, Vec<U>>(&mut values));
        Buffer::from_vec(Storage::after(values, start))
    })
}

/// The elements of `buffer`, or `None` if it has another dtype than `T`.
pub(crate) fn elements_of<T: Element>(buffer: &Buffer) -> Option<&[T]> {
    for_dtype!(T::DTYPE, U => {
        let (values, start) = U::unwrap(buffer)?.storage().parts();
        let values: &dyn Any = values;
        values.downcast_ref::<Vec<T>>().map(|values| &values[start..])
    })
}

/// A vector and the index in it where the elements of `buffer` begin; see [`Buffer::into_vec`].
pub(crate) fn vector_of<T: Element>(buffer: Buffer) -> Option<Result<(Vec<T>, usize), usize>> {
    for_dtype!(T::DTYPE, U => {
        Some(buffer.into_vec::<U>()?.map(|(mut values, start)| {
            (std::mem::take(same_type::<Vec<U>, Vec<T>>(&mut values)), start)
        }))
    })
}

/// `value` as the type it has: `A` and `B` are the same type, because an [`Element`] is the Rust type of its dtype.
fn same_type<A: Any, B: Any>(value: &mut A) -> &mut B {
    let value: &mut dyn Any = value;
    value.downcast_mut().expect("each dtype is the dtype of one element type")
}
