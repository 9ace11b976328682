//! What a program says at its end. Knows nothing of what was computed.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

/// The exit code of a run of the program `name`, whose error, if there is one,
/// goes to standard error as one line.
pub fn exit_code<E: Display>(name: &str, run: Result<(), E>) -> ExitCode {
    match run {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line, whatever the message quotes.
            let line = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
            let _ = writeln!(io::stderr(), "{name}: {line}");
            ExitCode::FAILURE
        }
    }
}

/// A line on standard output. A reader that closed the pipe has seen what it wanted.
pub fn print(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}
