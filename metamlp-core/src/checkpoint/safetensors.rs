//! The safetensors format: a header with names, types and offsets, and the values.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Seek as _, SeekFrom, Write as _};
use std::panic::Location;
use std::path::Path;
use std::sync::Arc;

use metamlp_tensor::{Tensor, Tree, evaluate};
use safetensors::tensor::TensorInfo;

use super::header::{self, unreadable};
use super::keys::keyed;
use super::problem::CheckpointProblem;
use super::regular::expect_regular;
use super::replace::replace;
use super::values::{self, stored_dtype};
use crate::error::{Error, Line, Result};
use crate::nearest::Choice;

/// Writes the tensors of `tree` to a safetensors file, replacing an existing one.
///
/// Keys are paths joined by dots: `params.Dense_0.kernel` for [`Variables`](crate::Variables),
/// `Dense_0.kernel` for the params alone, as on Hugging Face. Equal trees give equal bytes. The tensors are
/// written one after the other, without a copy of them all.
///
/// # What a reader, a crash and another process see
/// - The file is replaced atomically: everyone sees the old file or the whole new one, also after an error,
///   a kill or a loss of power. Two processes may save to one path, on one machine or on two: the last one
///   stays.
/// - The new file is written beside the old one, as `.metamlp-SYSTEM-RANDOM.partial`. It is removed after an
///   error. What a killed process left is removed by the next save into that folder on the same machine, or
///   by any save a day later.
/// - A symbolic link stays, and the file that it points to is replaced. Other hard links keep the old file.
/// - An existing file keeps its mode, a new one has the default mode. Both belong to the user who saves.
/// - A directory, pipe, socket or device is refused.
///
/// # Errors
/// [`Error::Checkpoint`] if the file cannot be written, if a name is empty, contains a dot or is
/// `__metadata__`, and if the header would be longer than the format allows; an error that a tensor carries.
#[track_caller]
pub fn save_safetensors(path: impl AsRef<Path>, tree: &impl Tree) -> Result<()> {
    let (path, location) = (path.as_ref(), Line(Location::caller()));
    // All tensors in one program.
    evaluate(tree.tensors())?;
    let mut tensors = keyed(tree).map_err(|problem| failed(path, problem, location))?;
    let header = header::encode(&mut tensors).map_err(|problem| failed(path, problem, location))?;
    let written = replace(path, |file| {
        let mut file = BufWriter::new(file);
        file.write_all(&header)?;
        for (_, tensor) in &tensors {
            values::write(tensor, &mut file)?;
        }
        file.flush()
    });
    written.map_err(|error| failed(path, CheckpointProblem::Unwritable(Arc::new(error)), location))
}

/// Reads a tree like `like` from a safetensors file. Only the paths, shapes and dtypes of `like` are
/// used: it may consist of [`Tensor::spec`]s.
///
/// The header is checked first; then each tensor is read into its own memory. A load takes the memory of the
/// tensors and little more. The path must lead to a regular file, through links or not.
///
/// # Errors
/// [`Error::Checkpoint`] if the file cannot be read, has another format or is truncated, and for a
/// missing, an unexpected or a mistyped tensor.
#[track_caller]
pub fn load_safetensors<T: Tree>(path: impl AsRef<Path>, like: &T) -> Result<T> {
    let (path, location) = (path.as_ref(), Line(Location::caller()));
    let mut loaded = load(path, like).map_err(|problem| failed(path, problem, location))?.into_iter();
    Ok(like.map(&mut |tensor| loaded.next().unwrap_or_else(|| tensor.clone())))
}

/// The tensors of the file, in the order of `like`.
fn load(path: &Path, like: &impl Tree) -> Result<Vec<Tensor>, CheckpointProblem> {
    let wanted = keyed(like)?;
    // A pipe is refused before it is opened, which may wait for ever.
    fs::metadata(path).and_then(|found| expect_regular(&found)).map_err(unreadable)?;
    let mut file = File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    let (metadata, start) = header::read(&mut file, size)?;

    let stored = metadata.tensors();
    let mut stored: BTreeMap<&str, &TensorInfo> =
        stored.iter().map(|(key, info)| (key.as_str(), *info)).collect();
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for (key, tensor) in &wanted {
        match stored.remove(key.as_str()) {
            Some(info) => {
                expect_type(key, info, tensor)?;
                found.push((info.data_offsets.0, tensor));
            }
            None => missing.push(key),
        }
    }
    if let Some(key) = missing.first() {
        let nearest = Choice::new(key, stored.keys().copied()).nearest().map(str::to_owned);
        let (key, others) = ((*key).clone(), missing.len() - 1);
        return Err(CheckpointProblem::Missing { key, nearest, others });
    }
    if let Some(key) = stored.keys().next() {
        let (key, others) = ((*key).to_owned(), stored.len() - 1);
        return Err(CheckpointProblem::Unexpected { key, others });
    }
    let mut read = |(offset, like): (usize, &Tensor)| {
        file.seek(SeekFrom::Start(start + offset as u64))?;
        values::read(like, &mut file)
    };
    found.into_iter().map(|tensor| read(tensor).map_err(unreadable)).collect()
}

fn failed(path: &Path, problem: CheckpointProblem, location: Line) -> Error {
    Error::Checkpoint { path: path.into(), problem: Box::new(problem), location }
}

/// An error if a stored tensor has another type than `like`.
fn expect_type(key: &str, stored: &TensorInfo, like: &Tensor) -> Result<(), CheckpointProblem> {
    if stored.shape == like.shape() && stored.dtype == stored_dtype(like.dtype()) {
        return Ok(());
    }
    /// Most axes in a message.
    const MOST_AXES: usize = 16;
    let dtype = stored.dtype.to_string().to_lowercase();
    let found = match stored.shape.get(..MOST_AXES) {
        Some(first) if stored.shape.len() > MOST_AXES => {
            format!("{dtype}{first:?}, the first of {} axes,", stored.shape.len())
        }
        _ => format!("{dtype}{:?}", stored.shape),
    };
    Err(CheckpointProblem::TypeDiffers { key: key.to_owned(), found, expected: like.ty().to_string() })
}
