//! The vectors that a step fills, taken from the pools, and their parts for
//! the threads.

use half::{bf16, f16};
use smallvec::SmallVec;

use crate::dtype::{DType, Element as _};
use crate::memory::buffer::{Buffer, Storage};

use super::frame::Frame;

macro_rules! each {
    ($kind:ident, $value:expr, $bound:ident => $body:expr) => {
        match $value {
            $kind::Bool($bound) => $body,
            $kind::I32($bound) => $body,
            $kind::U32($bound) => $body,
            $kind::F16($bound) => $body,
            $kind::BF16($bound) => $body,
            $kind::F32($bound) => $body,
            $kind::F64($bound) => $body,
        }
    };
}

/// Elements of any type, owned.
pub(crate) enum Allocation {
    Bool(Storage<bool>),
    I32(Storage<i32>),
    U32(Storage<u32>),
    F16(Storage<f16>),
    BF16(Storage<bf16>),
    F32(Storage<f32>),
    F64(Storage<f64>),
}

/// A part of an [`Allocation`].
pub(crate) enum Part<'a> {
    Bool(&'a mut [bool]),
    I32(&'a mut [i32]),
    U32(&'a mut [u32]),
    F16(&'a mut [f16]),
    BF16(&'a mut [bf16]),
    F32(&'a mut [f32]),
    F64(&'a mut [f64]),
}

impl Allocation {
    /// Of arbitrary content.
    pub(crate) fn take(dtype: DType, length: usize) -> Self {
        match dtype {
            DType::Bool => Self::Bool(bool::pool().take(length)),
            DType::I32 => Self::I32(i32::pool().take(length)),
            DType::U32 => Self::U32(u32::pool().take(length)),
            DType::F16 => Self::F16(f16::pool().take(length)),
            DType::BF16 => Self::BF16(bf16::pool().take(length)),
            DType::F32 => Self::F32(f32::pool().take(length)),
            DType::F64 => Self::F64(f64::pool().take(length)),
        }
    }

    /// The buffer's memory if nobody else holds it, else the buffer.
    pub(crate) fn reuse(buffer: Buffer) -> Result<Self, Buffer> {
        Ok(match buffer.dtype() {
            DType::Bool => Self::Bool(buffer.try_into_storage()?),
            DType::I32 => Self::I32(buffer.try_into_storage()?),
            DType::U32 => Self::U32(buffer.try_into_storage()?),
            DType::F16 => Self::F16(buffer.try_into_storage()?),
            DType::BF16 => Self::BF16(buffer.try_into_storage()?),
            DType::F32 => Self::F32(buffer.try_into_storage()?),
            DType::F64 => Self::F64(buffer.try_into_storage()?),
        })
    }

    /// All of it.
    pub(crate) fn whole(&mut self) -> Part<'_> {
        match self {
            Self::Bool(values) => Part::Bool(values),
            Self::I32(values) => Part::I32(values),
            Self::U32(values) => Part::U32(values),
            Self::F16(values) => Part::F16(values),
            Self::BF16(values) => Part::BF16(values),
            Self::F32(values) => Part::F32(values),
            Self::F64(values) => Part::F64(values),
        }
    }

    pub(crate) fn into_buffer(self) -> Buffer {
        each!(Self, self, values => Buffer::from_vec(values))
    }

    /// Its parts of these lengths, one after the other.
    pub(crate) fn parts(&mut self, lengths: impl Iterator<Item = usize>) -> SmallVec<[Part<'_>; 1]> {
        fn split<'a, T, P>(
            values: &'a mut [T],
            lengths: impl Iterator<Item = usize>,
            part: impl Fn(&'a mut [T]) -> P,
        ) -> SmallVec<[P; 1]> {
            let mut rest = values;
            lengths
                .map(|length| {
                    let (now, later) = std::mem::take(&mut rest).split_at_mut(length);
                    rest = later;
                    part(now)
                })
                .collect()
        }
        match self {
            Self::Bool(values) => split(values, lengths, Part::Bool),
            Self::I32(values) => split(values, lengths, Part::I32),
            Self::U32(values) => split(values, lengths, Part::U32),
            Self::F16(values) => split(values, lengths, Part::F16),
            Self::BF16(values) => split(values, lengths, Part::BF16),
            Self::F32(values) => split(values, lengths, Part::F32),
            Self::F64(values) => split(values, lengths, Part::F64),
        }
    }
}

impl<'a> Part<'a> {
    /// The same part, lent for less long.
    pub(crate) fn lend(&mut self) -> Part<'_> {
        match self {
            Self::Bool(values) => Part::Bool(values),
            Self::I32(values) => Part::I32(values),
            Self::U32(values) => Part::U32(values),
            Self::F16(values) => Part::F16(values),
            Self::BF16(values) => Part::BF16(values),
            Self::F32(values) => Part::F32(values),
            Self::F64(values) => Part::F64(values),
        }
    }

    /// Makes it the frame's next output of its element type; `first` is the
    /// position of its first element in the whole.
    pub(crate) fn push_to(self, frame: &mut Frame<'a>, first: usize) {
        match self {
            Self::Bool(values) => frame.bool.push_output(values, first),
            Self::I32(values) => frame.i32.push_output(values, first),
            Self::U32(values) => frame.u32.push_output(values, first),
            Self::F16(values) => frame.f16.push_output(values, first),
            Self::BF16(values) => frame.bf16.push_output(values, first),
            Self::F32(values) => frame.f32.push_output(values, first),
            Self::F64(values) => frame.f64.push_output(values, first),
        }
    }
}
