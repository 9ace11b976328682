//! Reads gzipped IDX files, the format of MNIST. Knows the format and the expected
//! sizes, not the meaning of the bytes.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::error::{Error, Result};

/// Pixels along each side of an image.
pub const SIDE: usize = 28;

/// Pixels of an image.
pub const PIXELS: usize = SIDE * SIDE;

/// The accepted numbers of items: fewer cannot be split, more take too much memory.
const LEAST: usize = 10;
const MOST: usize = 1_000_000;

/// The magic number of IDX files of unsigned bytes, without the number of axes.
const MAGIC: u32 = 0x0000_0800;

/// Grey images of [`SIDE`]×[`SIDE`] pixels, one byte per pixel, 0 for the background.
#[derive(Debug)]
pub struct Images(Vec<u8>);

impl Images {
    /// Reads a gzipped IDX file.
    ///
    /// # Errors
    /// If the file is not as its header says: shorter, longer, with a wrong gzip
    /// checksum, or with other data behind the gzip data.
    pub fn read(path: &Path) -> Result<Self> {
        read(path, "images", &[SIDE, SIDE]).map(Self)
    }

    /// The images in the order of the file, each in row-major order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.0.chunks_exact(PIXELS)
    }
}

/// One label per image, as a byte.
#[derive(Debug)]
pub struct Labels(Vec<u8>);

impl Labels {
    /// Reads a gzipped IDX file.
    ///
    /// # Errors
    /// Those of [`Images::read`].
    pub fn read(path: &Path) -> Result<Self> {
        read(path, "labels", &[]).map(Self)
    }

    /// The labels in the order of the file.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = u8> {
        self.0.iter().copied()
    }
}

/// The bytes of a file of `items` with this shape, without the header.
fn read(path: &Path, items: &'static str, shape: &[usize]) -> Result<Vec<u8>> {
    let file = File::open(path).map_err(|source| read_error(path, source))?;
    let mut file = BufReader::new(file);
    expect_gzip(path, &mut file)?;
    // A file may consist of several gzip members, one after the other.
    let mut data = MultiGzDecoder::new(file);

    let words = 2 + shape.len();
    let header = unpack(path, &mut data, 4 * words, 0)?;
    if header.len() < 4 * words {
        let expected = format!("a header of {} and the {items}", 4 * words);
        return Err(Error::Length { path: path.into(), found: header.len().to_string(), expected });
    }
    let word =
        |at: usize| header[4 * at..4 * at + 4].iter().fold(0, |word, &byte| word << 8 | u32::from(byte));
    let expected = MAGIC + words as u32 - 1;
    if word(0) != expected {
        return Err(Error::MagicNumber { path: path.into(), found: word(0), expected, items });
    }
    if (2..words).any(|axis| word(axis) as usize != shape[axis - 2]) {
        let found = (2..words).map(|axis| word(axis).to_string()).collect::<Vec<_>>().join("x");
        return Err(Error::Size { path: path.into(), items, found, expected: product(shape) });
    }
    let count = word(1) as usize;
    if !(LEAST..=MOST).contains(&count) {
        return Err(Error::Count { path: path.into(), found: word(1), items, least: LEAST, most: MOST });
    }

    // Reading one byte past the end detects a file that is too long, and makes
    // the decoder check the checksum and what follows.
    let bytes = count * shape.iter().product::<usize>();
    let found = unpack(path, &mut data, bytes + 1, header.len())?;
    if found.len() != bytes {
        let more = if found.len() > bytes { " or more" } else { "" };
        let size = if shape.is_empty() { String::new() } else { format!(" of {}", product(shape)) };
        return Err(Error::Length {
            path: path.into(),
            found: format!("{}{more}", header.len() + found.len()),
            expected: format!(
                "{}: a header of {} and {count} {items}{size}",
                header.len() + bytes,
                header.len()
            ),
        });
    }
    Ok(found)
}

/// Formats a shape as `28x28`.
fn product(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x")
}

/// Checks the first two bytes without consuming them.
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

/// The next `length` bytes, fewer only at the end of the data; `before` bytes were read already.
fn unpack(
    path: &Path,
    data: &mut MultiGzDecoder<BufReader<File>>,
    length: usize,
    before: usize,
) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match data.take(length as u64).read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(source) => Err(Error::DamagedGzip { path: path.into(), found: before + bytes.len(), source }),
    }
}

fn read_error(path: &Path, source: std::io::Error) -> Error {
    Error::Read { path: path.into(), source }
}
