//! The frame of a program: from its arguments to its exit code.

use std::fmt::Display;
use std::process::ExitCode;

use clap::Parser;

use crate::arguments::parse;
use crate::error::Error;
use crate::terminal::tell;

/// The exit code for a command line that is wrong, as usual on Unix.
const EXIT_USAGE: u8 = 2;

/// Runs the program `name` with the arguments of the command line. The exit code is 0 after success, 2 for a wrong
/// command line, 1 for any other error. An error goes to standard error as one line.
pub fn run<A: Parser, E: Display>(name: &str, experiment: impl FnOnce(&A) -> Result<(), E>) -> ExitCode {
    match parse::<A>() {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(arguments)) => match experiment(&arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                tell(name, &error);
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            tell(name, &error);
            if matches!(error, Error::Arguments(_)) { EXIT_USAGE.into() } else { ExitCode::FAILURE }
        }
    }
}
