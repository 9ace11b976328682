//! Everything that can end an example early, each as one line that names the
//! thing, what was found and what was expected.

use std::io;
use std::path::PathBuf;

/// Why a program stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "a field is what the message calls it")]
pub enum Error {
    /// The command line does not parse; the text is the parser's own.
    #[error("{0} (--help lists the options)")]
    Arguments(String),

    /// A file that should be read cannot be.
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },

    /// A file does not begin like gzip.
    #[error("{} is not gzip: it begins with {found}, expected 1f 8b", path.display())]
    NotGzip { path: PathBuf, found: String },

    /// Gzip that stops early or fails its checksum.
    #[error("{}: the gzip data is truncated or damaged: {found} bytes unpacked, then {source}", path.display())]
    DamagedGzip { path: PathBuf, found: usize, source: io::Error },

    /// Not an IDX file of what was asked for.
    #[error("{}: the magic number is {found:#010x}, expected {expected:#010x} (IDX {items} of bytes)", path.display())]
    MagicNumber { path: PathBuf, found: u32, expected: u32, items: &'static str },

    /// Images of another size.
    #[error("{}: the {items} are {found}, expected {expected}", path.display())]
    Size { path: PathBuf, items: &'static str, found: String, expected: String },

    /// More than is read into memory, or too few to split.
    #[error("{}: the header announces {found} {items}, expected {least} to {most}", path.display())]
    Count { path: PathBuf, found: u32, items: &'static str, least: usize, most: usize },

    /// The header and the data disagree.
    #[error("{}: unpacks to {found} bytes, expected {expected}", path.display())]
    Length { path: PathBuf, found: String, expected: String },

    /// Two files that do not belong together.
    #[error("{} has {found} labels, expected {expected}, one for each image", path.display())]
    Labels { path: PathBuf, found: usize, expected: usize },

    /// The output folder or a file in it cannot be written.
    #[error("cannot write {}: {source}; expected a folder that can be written to (--output)", path.display())]
    Write { path: PathBuf, source: io::Error },

    /// A model that was refused, or saved variables that cannot be read or written.
    #[error(transparent)]
    Model(#[from] metamlp::Error),

    /// A tensor computation that failed.
    #[error(transparent)]
    Tensor(#[from] metamlp::tensor::Error),

    /// A picture could not be drawn.
    #[error("cannot draw {name}: {reason}")]
    Picture { name: &'static str, reason: String },

    /// The report does not fit JSON.
    #[error("cannot write the report: {0}")]
    Report(#[from] serde_json::Error),

    /// Ctrl-C cannot be listened for.
    #[error("cannot listen for Ctrl-C: {0}")]
    Interrupt(#[from] ctrlc::Error),
}

/// What the parts of an example return.
pub type Result<T, E = Error> = std::result::Result<T, E>;
