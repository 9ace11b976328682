//! The last output of a program: its exit code and its error line.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

/// The exit code of a run of the program `name`. An error goes to standard error
/// as one line.
pub fn exit_code<E: Display>(name: &str, run: Result<(), E>) -> ExitCode {
    match run {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Line breaks in the message are replaced.
            let line = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
            let _ = writeln!(io::stderr(), "{name}: {line}");
            ExitCode::FAILURE
        }
    }
}

/// A line on standard output. A closed pipe is not an error.
pub fn print(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}
