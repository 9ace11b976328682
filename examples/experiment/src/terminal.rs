//! The lines of a program on standard output, and its error line.

use std::fmt::Display;
use std::io::{self, Write};

use crate::error::{Error, Result};

/// Writes an error to standard error, as one line.
pub(crate) fn tell(name: &str, error: &impl Display) {
    // Line breaks in the message are replaced.
    let line = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    // A failure cannot be told anywhere.
    let _ = writeln!(io::stderr(), "{name}: {line}");
}

/// A line on standard output. A closed pipe is not an error.
///
/// # Errors
/// [`Error::Print`] if the line cannot be written, to a full disk for instance.
pub fn print(line: impl Display) -> Result<()> {
    printed(writeln!(io::stdout(), "{line}"))
}

/// The result of writing to standard output.
pub(crate) fn printed(result: io::Result<()>) -> Result<()> {
    match result {
        // The reader has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(Error::Print),
    }
}
