//! Containers with one value for each dtype. Both are derived from the list of dtypes in `dtype.rs`.

use std::ops::{Index, IndexMut};

use crate::dtype::{DType, Element};
use crate::memory::Stored;

/// A generic type `Of<T>`, of which [`PerDType`] holds one instance for each dtype.
pub(crate) trait Family {
    type Of<T: Element>;
}

macro_rules! per_dtype {
    ((); $($Variant:ident $name:ident $Type:ty;)*) => {
        /// One `F::Of<T>` for the Rust type `T` of each dtype.
        pub(crate) struct PerDType<F: Family> {
            $(pub(crate) $name: F::Of<$Type>,)*
        }

        impl<F: Family> Default for PerDType<F>
        where
            $(F::Of<$Type>: Default,)*
        {
            fn default() -> Self {
                Self { $($name: Default::default(),)* }
            }
        }
    };
}

dtypes! { per_dtype () }

impl<F: Family> PerDType<F> {
    #[inline]
    pub(crate) fn of<T: Stored>(&self) -> &F::Of<T> {
        T::field(self)
    }

    #[inline]
    pub(crate) fn of_mut<T: Stored>(&mut self) -> &mut F::Of<T> {
        T::field_mut(self)
    }
}

/// One `V` for each dtype, indexed by [`DType`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ByDType<V>([V; DType::COUNT]);

impl<V> Index<DType> for ByDType<V> {
    type Output = V;

    fn index(&self, dtype: DType) -> &V {
        &self.0[dtype as usize]
    }
}

impl<V> IndexMut<DType> for ByDType<V> {
    fn index_mut(&mut self, dtype: DType) -> &mut V {
        &mut self.0[dtype as usize]
    }
}
