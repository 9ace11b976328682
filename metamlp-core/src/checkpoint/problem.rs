//! Problems with a checkpoint file.

use std::fmt;
use std::io;
use std::sync::Arc;

/// A problem with a checkpoint file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CheckpointProblem {
    /// The file cannot be read.
    Unreadable(Arc<io::Error>),
    /// The file cannot be written; its old contents are unchanged.
    Unwritable(Arc<io::Error>),
    /// The file has another format or is truncated; the reader's message.
    NotSafetensors(String),
    /// A tensor has another shape or dtype in the file.
    TypeDiffers {
        /// The tensor's key.
        key: String,
        /// Its type in the file, as `f32[2, 3]`.
        found: String,
        /// The expected type.
        expected: String,
    },
    /// An expected tensor is not in the file.
    Missing {
        /// The key.
        key: String,
        /// The most similar key in the file that was not expected.
        nearest: Option<String>,
        /// The number of other missing tensors.
        others: usize,
    },
    /// The file has a tensor that was not expected.
    Unexpected {
        /// The key.
        key: String,
        /// The number of other unexpected tensors.
        others: usize,
    },
    /// A name that cannot be part of a key.
    InvalidName {
        /// The tensor's path.
        path: String,
        /// The name.
        name: String,
    },
}

impl fmt::Display for CheckpointProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "cannot be read: {error}"),
            Self::Unwritable(error) => write!(f, "cannot be written: {error}"),
            Self::NotSafetensors(reason) => write!(f, "is not a safetensors file, or is truncated: {reason}"),
            Self::TypeDiffers { key, found, expected } => {
                write!(f, "`{key}` is {found} in the file, {expected} was expected")
            }
            Self::Missing { key, nearest, others } => {
                write!(f, "has no `{key}`, which is expected")?;
                if let Some(nearest) = nearest {
                    write!(f, ", but has `{nearest}`, which is not")?;
                }
                if *others > 0 { write!(f, "; {others} more are missing") } else { Ok(()) }
            }
            Self::Unexpected { key, others: 0 } => write!(f, "has `{key}`, which is not expected"),
            Self::Unexpected { key, others } => {
                write!(f, "has `{key}`, which is not expected, and {others} more")
            }
            Self::InvalidName { path, name } => {
                write!(
                    f,
                    "cannot hold `{path}`: keys are joined by dots, and the name {name:?} is empty or contains a dot"
                )
            }
        }
    }
}
