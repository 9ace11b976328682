//! Printing: `Display` evaluates the tensor and prints its numbers, `Debug` evaluates nothing.

use std::fmt;

use crate::dtype::DType;
use crate::graph::node::Tensor;

/// The numbers as `ndarray` prints them, or the error.
impl fmt::Display for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        macro_rules! show {
            ($ty:ty) => {
                match self.view::<$ty>() {
                    Ok(view) => fmt::Display::fmt(&view, f),
                    Err(error) => write!(f, "<{error}>"),
                }
            };
        }
        match self.dtype() {
            DType::Bool => show!(bool),
            DType::I32 => show!(i32),
            DType::U32 => show!(u32),
            DType::F16 => show!(half::f16),
            DType::BF16 => show!(half::bf16),
            DType::F32 => show!(f32),
            DType::F64 => show!(f64),
        }
    }
}

/// The type and, if the tensor has a value of up to 16 elements, its numbers.
impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor({}", self.ty())?;
        match self.error() {
            Some(error) => write!(f, " <{error}>")?,
            None if self.is_concrete() && self.size() <= 16 => write!(f, " {self}")?,
            None => {}
        }
        f.write_str(")")
    }
}
