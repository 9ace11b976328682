//! Everything that can end the program early, each as one line that names the
//! thing, what was found and what was expected.

use std::io;
use std::path::PathBuf;

/// Why the program stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
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

    /// Not an IDX file of images.
    #[error("{}: the magic number is {found:#010x}, expected 0x00000803 (IDX images of one byte a pixel)", path.display())]
    NotImages { path: PathBuf, found: u32 },

    /// Images of another size.
    #[error("{}: the images are {rows}x{columns}, expected {side}x{side}", path.display())]
    ImageSize { path: PathBuf, rows: u32, columns: u32, side: usize },

    /// More images than are read into memory, or too few to split.
    #[error("{}: the header announces {found} images, expected {least} to {most}", path.display())]
    ImageCount { path: PathBuf, found: u32, least: usize, most: usize },

    /// The header and the data disagree.
    #[error("{}: unpacks to {found} bytes, expected {expected}", path.display())]
    Length { path: PathBuf, found: String, expected: String },

    /// An image without mass has no place in a transport problem.
    #[error("{}: image {index} (counted from 0) is all zeros, expected some mass to transport", path.display())]
    EmptyImage { path: PathBuf, index: usize },

    /// The output folder or a file in it cannot be written.
    #[error("cannot write {}: {source}; expected a folder that can be written to (--output)", path.display())]
    Write { path: PathBuf, source: io::Error },

    /// A NaN or an infinity among the weights.
    #[error("{}: {name} holds a NaN or an infinity, expected finite numbers", path.display())]
    WeightNotFinite { path: PathBuf, name: String },

    /// Weights that cannot be read or written, or are of another network.
    #[error(transparent)]
    Model(#[from] metamlp::Error),

    /// A tensor computation that failed.
    #[error(transparent)]
    Tensor(#[from] metamlp::tensor::Error),

    /// A transport problem that was refused or not solved.
    #[error(transparent)]
    Transport(#[from] metamlp::ot::Error),

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

/// What the parts of this program return.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;
