//! Command lines. Knows how a wrong one is told; not what options there are.

use clap::Parser;
use clap::error::ErrorKind;

use crate::error::{Error, Result};

/// Parses the command line; `None` after `--help` and `--version`, which have
/// then been printed.
///
/// # Errors
/// [`Error::Arguments`], with the first line of what the parser says.
pub fn parse<A: Parser>() -> Result<Option<A>> {
    match A::try_parse() {
        Ok(arguments) => Ok(Some(arguments)),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            // A reader that closed the pipe has seen what it wanted.
            let _ = error.print();
            Ok(None)
        }
        Err(error) => {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            Err(Error::Arguments(line.trim_start_matches("error: ").to_owned()))
        }
    }
}

/// A whole number in these bounds, for clap's `value_parser`.
///
/// # Errors
/// What was expected, if `text` is something else.
pub fn between(text: &str, least: usize, most: usize) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(value) if (least..=most).contains(&value) => Ok(value),
        _ => Err(format!("expected a whole number from {least} to {most}")),
    }
}
