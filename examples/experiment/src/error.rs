//! The errors that end an example; a message is one line that names the thing,
//! what was found and what was expected.

use std::io;
use std::path::PathBuf;

/// The error that ends an example.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "a field is what the message calls it")]
pub enum Error {
    /// The command line does not parse; the text is the parser's own.
    #[error("{0} (--help lists the options)")]
    Arguments(String),

    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },

    /// A file is not gzipped.
    #[error("{} is not gzip: it begins with {found}, expected 1f 8b", path.display())]
    NotGzip { path: PathBuf, found: String },

    /// A gzipped file is cut short, has a wrong checksum, or goes on with other data.
    #[error("{}: the gzip data is truncated or damaged: {found} bytes unpacked, then {source}", path.display())]
    DamagedGzip { path: PathBuf, found: usize, source: io::Error },

    /// A file is not an IDX file of the expected kind.
    #[error("{}: the magic number is {found:#010x}, expected {expected:#010x} (IDX {items} of bytes)", path.display())]
    MagicNumber { path: PathBuf, found: u32, expected: u32, items: &'static str },

    /// Images have the wrong size.
    #[error("{}: the {items} are {found}, expected {expected}", path.display())]
    Size { path: PathBuf, items: &'static str, found: String, expected: String },

    /// A file has too many items for memory, or too few to split.
    #[error("{}: the header announces {found} {items}, expected {least} to {most}", path.display())]
    Count { path: PathBuf, found: u32, items: &'static str, least: usize, most: usize },

    /// The header and the data of a file disagree.
    #[error("{}: unpacks to {found} bytes, expected {expected}", path.display())]
    Length { path: PathBuf, found: String, expected: String },

    /// Two files have different numbers of items.
    #[error("{} has {found} labels, expected {expected}, one for each image", path.display())]
    Labels { path: PathBuf, found: usize, expected: usize },

    /// The output folder or a file in it cannot be written.
    #[error("cannot write {}: {source}; expected a folder that can be written to (--output)", path.display())]
    Write { path: PathBuf, source: io::Error },

    /// Standard output cannot be written.
    #[error("cannot write to standard output: {0}")]
    Print(io::Error),

    /// A model was refused, or saved variables cannot be read or written.
    #[error(transparent)]
    Model(#[from] metamlp::Error),

    /// A tensor computation failed.
    #[error(transparent)]
    Tensor(#[from] metamlp::tensor::Error),

    /// A picture could not be drawn.
    #[error("cannot draw {name}: {reason}")]
    Picture { name: &'static str, reason: String },

    /// The report cannot be written as JSON.
    #[error("cannot write the report: {0}")]
    Report(#[from] serde_json::Error),

    /// The handler of Ctrl-C cannot be installed.
    #[error("cannot listen for Ctrl-C: {0}")]
    Interrupt(#[from] ctrlc::Error),
}

/// The result type of the examples.
pub type Result<T, E = Error> = std::result::Result<T, E>;
