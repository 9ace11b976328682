//! Problems with a checkpoint file. A message is short, whatever the file holds.

use std::fmt;
use std::io;
use std::sync::Arc;

/// Most bytes of a header, by the format.
pub(super) const MOST_HEADER: u64 = 100_000_000;

/// The key under which the format stores text.
pub(super) const RESERVED: &str = "__metadata__";

/// A problem with a checkpoint file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CheckpointProblem {
    /// The file cannot be read.
    Unreadable(Arc<io::Error>),
    /// The file cannot be written; its old contents are unchanged.
    Unwritable(Arc<io::Error>),
    /// The file has another format or is truncated; the reader's message, shortened.
    NotSafetensors(String),
    /// The names, dtypes and shapes of all tensors take more than the format's 100,000,000 bytes.
    HeaderTooLarge {
        /// The bytes that they take at least.
        least: u64,
    },
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
    /// Two tensors of the tree have the same key.
    DuplicateKey {
        /// The key.
        key: String,
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
            Self::NotSafetensors(reason) => {
                write!(f, "is not a safetensors file, or is truncated: {}", Brief(reason))
            }
            Self::HeaderTooLarge { least } => {
                write!(
                    f,
                    "has a header of {least} bytes or more for the names and types of all tensors, and the format's \
                     limit is {MOST_HEADER}"
                )
            }
            Self::TypeDiffers { key, found, expected } => {
                let (key, found, expected) = (Brief(key), Brief(found), Brief(expected));
                write!(f, "`{key}` is {found} in the file, {expected} was expected")
            }
            Self::Missing { key, nearest, others } => {
                write!(f, "has no `{}`, which is expected", Brief(key))?;
                if let Some(nearest) = nearest {
                    write!(f, ", but has `{}`, which is not", Brief(nearest))?;
                }
                if *others > 0 { write!(f, "; {others} more are missing") } else { Ok(()) }
            }
            Self::Unexpected { key, others: 0 } => {
                write!(f, "has `{}`, which is not expected", Brief(key))
            }
            Self::Unexpected { key, others } => {
                write!(f, "has `{}`, which is not expected, and {others} more", Brief(key))
            }
            Self::DuplicateKey { key } => write!(f, "cannot hold two tensors called `{}`", Brief(key)),
            Self::InvalidName { path, name } if name == RESERVED => {
                write!(f, "cannot hold `{}`: the format has that name for its own text", Brief(path))
            }
            Self::InvalidName { path, name } => {
                write!(
                    f,
                    "cannot hold `{}`: keys are joined by dots, and the name \"{}\" is empty or contains a dot",
                    Brief(path),
                    Brief(name)
                )
            }
        }
    }
}

/// Most bytes of one text in a message.
const MOST_TEXT: usize = 160;
/// Of a longer text, the bytes of its end.
const END: usize = 40;

/// A text of a file in at most [`MOST_TEXT`] bytes and on one line: the middle of a long one is left out, and line
/// breaks are escaped.
struct Brief<'a>(&'a str);

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text) = *self;
        if text.len() <= MOST_TEXT {
            return write_line(f, text);
        }
        write_line(f, &text[..text.floor_char_boundary(MOST_TEXT - END)])?;
        f.write_str("[..]")?;
        write_line(f, &text[text.ceil_char_boundary(text.len() - END)..])
    }
}

fn write_line(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    text.chars()
        .try_for_each(|c| if c.is_control() { write!(f, "{}", c.escape_debug()) } else { write!(f, "{c}") })
}

/// A text of a file in a line.
#[cfg(feature = "safetensors")]
pub(super) fn brief(text: &str) -> String {
    Brief(text).to_string()
}
