//! The memory of a kernel's outputs, taken from the pools, and the parts of it that threads write.

use std::mem::take;

use smallvec::SmallVec;

use crate::dtype::DType;
use crate::memory::Stored;
use crate::memory::buffer::{Buffer, Storage};

use super::frame::Frame;

macro_rules! allocation {
    ((); $($Variant:ident $name:ident $Type:ty;)*) => {
        /// Owned elements of any dtype.
        pub(crate) enum Allocation {
            $($Variant(Storage<$Type>),)*
        }

        /// A part of an [`Allocation`].
        pub(crate) enum Part<'a> {
            $($Variant(&'a mut [$Type]),)*
        }

        impl Allocation {
            /// `length` elements of arbitrary value.
            pub(crate) fn take(dtype: DType, length: usize) -> Self {
                match dtype {
                    $(DType::$Variant => Self::$Variant(<$Type>::pool().take(length)),)*
                }
            }

            /// The memory of `buffer` if this is its only owner; else the buffer.
            pub(crate) fn reuse(buffer: Buffer) -> Result<Self, Buffer> {
                Ok(match buffer.dtype() {
                    $(DType::$Variant => Self::$Variant(buffer.try_into_storage()?),)*
                })
            }

            /// All elements as one part.
            pub(crate) fn whole(&mut self) -> Part<'_> {
                match self {
                    $(Self::$Variant(values) => Part::$Variant(values),)*
                }
            }

            pub(crate) fn into_buffer(self) -> Buffer {
                match self {
                    $(Self::$Variant(values) => Buffer::from_vec(values),)*
                }
            }
        }

        impl<'a> Part<'a> {
            /// The first `length` elements; the others stay in `self`.
            fn split_off(&mut self, length: usize) -> Self {
                match self {$(
                    Self::$Variant(values) => {
                        let (first, rest) = take(values).split_at_mut(length);
                        *values = rest;
                        Self::$Variant(first)
                    }
                )*}
            }

            /// The same part, borrowed for a shorter time.
            pub(crate) fn reborrow(&mut self) -> Part<'_> {
                match self {
                    $(Self::$Variant(values) => Part::$Variant(values),)*
                }
            }

            /// Makes it the next output of its dtype in the frame. `first` is the position of its first element in
            /// the whole output.
            pub(crate) fn push_to(self, frame: &mut Frame<'a>, first: usize) {
                match self {
                    $(Self::$Variant(values) => frame.banks.$name.push_output(values, first),)*
                }
            }
        }
    };
}

dtypes! { allocation () }

impl Allocation {
    /// Consecutive parts of these lengths.
    pub(crate) fn parts(&mut self, lengths: impl Iterator<Item = usize>) -> SmallVec<[Part<'_>; 1]> {
        let mut rest = self.whole();
        lengths.map(|length| rest.split_off(length)).collect()
    }
}
