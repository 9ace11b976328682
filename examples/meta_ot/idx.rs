//! The gzipped IDX file that MNIST's images come in. Knows the format and the
//! size that is wanted; not what the pixels are for.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;

use crate::error::{Error, Result};
use crate::grid::{PIXELS, SIDE};

/// Fewer images cannot be split, more are not worth holding in memory.
const LEAST_IMAGES: usize = 10;
const MOST_IMAGES: usize = 1_000_000;

/// "IDX, unsigned bytes, three axes".
const MAGIC: u32 = 0x0000_0803;
const HEADER: usize = 16;

/// Grey images of [`SIDE`]×[`SIDE`], one byte a pixel, 0 for the background.
#[derive(Debug)]
pub(crate) struct Images {
    /// The file unpacked, header included.
    bytes: Vec<u8>,
}

impl Images {
    /// Reads a gzipped IDX file.
    ///
    /// The file must be exactly what its header says: neither shorter nor
    /// longer, with gzip's own checksum right.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|source| read_error(path, source))?;
        let mut file = BufReader::new(file);
        expect_gzip(path, &mut file)?;
        let mut data = GzDecoder::new(file);

        let mut bytes = Vec::new();
        unpack(path, &mut data, &mut bytes, HEADER)?;
        let Some(header) = bytes.first_chunk::<HEADER>() else {
            return Err(Error::Length {
                path: path.into(),
                found: bytes.len().to_string(),
                expected: format!("a header of {HEADER} and the images"),
            });
        };
        let word =
            |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let (magic, count, rows, columns) = (word(0), word(4), word(8), word(12));
        if magic != MAGIC {
            return Err(Error::NotImages { path: path.into(), found: magic });
        }
        if (rows as usize, columns as usize) != (SIDE, SIDE) {
            return Err(Error::ImageSize { path: path.into(), rows, columns, side: SIDE });
        }
        let images = count as usize;
        if !(LEAST_IMAGES..=MOST_IMAGES).contains(&images) {
            return Err(Error::ImageCount {
                path: path.into(),
                found: count,
                least: LEAST_IMAGES,
                most: MOST_IMAGES,
            });
        }

        // One byte past the end shows a file that is too long, and reading on
        // to the end is what makes the decoder check its checksum.
        let expected = HEADER + images * PIXELS;
        unpack(path, &mut data, &mut bytes, expected + 1)?;
        if bytes.len() != expected {
            let more = if bytes.len() > expected { " or more" } else { "" };
            return Err(Error::Length {
                path: path.into(),
                found: format!("{}{more}", bytes.len()),
                expected: format!("{expected}: a header of {HEADER} and {images} images of {SIDE}x{SIDE}"),
            });
        }
        Ok(Self { bytes })
    }

    /// The images in the file's order, each row by row.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.bytes[HEADER..].chunks_exact(PIXELS)
    }
}

/// Looks at the first two bytes without consuming them.
fn expect_gzip(path: &Path, file: &mut BufReader<File>) -> Result<()> {
    let start = file.fill_buf().map_err(|source| read_error(path, source))?;
    if start.starts_with(&[0x1f, 0x8b]) {
        return Ok(());
    }
    let found = match start {
        [] => "nothing (0 bytes)".to_owned(),
        [one] => format!("{one:02x}"),
        [one, two, ..] => format!("{one:02x} {two:02x}"),
    };
    Err(Error::NotGzip { path: path.into(), found })
}

/// Fills `bytes` up to `limit` in all; less only at the end of the data.
fn unpack(
    path: &Path,
    data: &mut GzDecoder<BufReader<File>>,
    bytes: &mut Vec<u8>,
    limit: usize,
) -> Result<()> {
    let missing = limit - bytes.len();
    match data.take(missing as u64).read_to_end(bytes) {
        Ok(_) => Ok(()),
        Err(source) => Err(Error::DamagedGzip { path: path.into(), found: bytes.len(), source }),
    }
}

fn read_error(path: &Path, source: std::io::Error) -> Error {
    Error::Read { path: path.into(), source }
}
