//! Parsing of command lines and the reporting of wrong ones. Knows no options.

use std::io::{self, Write as _};

use clap::Parser;
use clap::error::ErrorKind;

use crate::error::{Error, Result};
use crate::terminal::printed;

/// Parses the command line; `None` after `--help` and `--version`, which have
/// then been printed.
///
/// # Errors
/// [`Error::Arguments`], with the first line of the parser's message; [`Error::Print`] if the help cannot be printed.
pub(crate) fn parse<A: Parser>() -> Result<Option<A>> {
    match A::try_parse() {
        Ok(arguments) => Ok(Some(arguments)),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            printed(error.print().and_then(|()| io::stdout().flush()))?;
            Ok(None)
        }
        Err(error) => {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            Err(Error::Arguments(line.trim_start_matches("error: ").to_owned()))
        }
    }
}

/// Parses a whole number in these bounds, for clap's `value_parser`.
///
/// # Errors
/// The accepted range, if `text` is not a number in it.
pub fn between(text: &str, least: usize, most: usize) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(value) if (least..=most).contains(&value) => Ok(value),
        _ => Err(format!("expected a whole number from {least} to {most}")),
    }
}
