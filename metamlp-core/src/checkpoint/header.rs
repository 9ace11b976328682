//! The header of a safetensors file: its length in 8 bytes, then names, dtypes, shapes and offsets as JSON.

use std::io::{self, Read};
use std::sync::Arc;

use metamlp_tensor::Tensor;
use safetensors::tensor::{Metadata, TensorInfo};

use super::problem::{CheckpointProblem, MOST_HEADER, brief};
use super::values::stored_dtype;

/// Bytes of the length in front of the header, and its alignment.
const LENGTH: usize = 8;

/// The header of a file with these tensors, its length included. Puts them into the order of the file: by
/// decreasing width, then by key.
pub(super) fn encode(tensors: &mut [(String, Tensor)]) -> Result<Vec<u8>, CheckpointProblem> {
    let dtype = |tensor: &Tensor| stored_dtype(tensor.dtype());
    tensors.sort_by(|(a, left), (b, right)| dtype(right).cmp(&dtype(left)).then_with(|| a.cmp(b)));
    let mut end = 0;
    let infos = tensors.iter().map(|(key, tensor)| {
        let start = end;
        end += tensor.size() * dtype(tensor).bitsize() / 8;
        let shape = tensor.shape().to_vec();
        (key.clone(), TensorInfo { dtype: dtype(tensor), shape, data_offsets: (start, end) })
    });
    let metadata =
        Metadata::new(None, infos.collect()).map_err(|error| not_safetensors(&error.to_string()))?;
    let mut header = vec![0; LENGTH];
    serde_json::to_writer(&mut header, &metadata).map_err(|error| not_safetensors(&error.to_string()))?;
    header.resize(header.len().next_multiple_of(LENGTH), b' ');
    let length = (header.len() - LENGTH) as u64;
    if length > MOST_HEADER {
        return Err(CheckpointProblem::HeaderTooLarge { least: length });
    }
    header[..LENGTH].copy_from_slice(&length.to_le_bytes());
    Ok(header)
}

/// Reads and checks the header of a file of `size` bytes. Returns it with the position of the values, which fill the
/// rest of the file without a gap.
pub(super) fn read(from: &mut impl Read, size: u64) -> Result<(Metadata, u64), CheckpointProblem> {
    let mut length = [0; LENGTH];
    let Some(most) = size.checked_sub(LENGTH as u64) else {
        return Err(not_safetensors("the file has fewer than 8 bytes"));
    };
    from.read_exact(&mut length).map_err(unreadable)?;
    let length = u64::from_le_bytes(length);
    if length > most {
        return Err(not_safetensors("the length of the header is above that of the file"));
    }
    if length > MOST_HEADER {
        return Err(CheckpointProblem::HeaderTooLarge { least: length });
    }
    let mut header = vec![0; length as usize];
    from.read_exact(&mut header).map_err(unreadable)?;
    let metadata: Metadata =
        serde_json::from_slice(&header).map_err(|error| not_safetensors(&error.to_string()))?;
    let values = most - length;
    if metadata.data_len() as u64 != values {
        let text = format!("the header tells of {} bytes of values, there are {values}", metadata.data_len());
        return Err(not_safetensors(&text));
    }
    Ok((metadata, LENGTH as u64 + length))
}

pub(super) fn unreadable(error: io::Error) -> CheckpointProblem {
    CheckpointProblem::Unreadable(Arc::new(error))
}

fn not_safetensors(reason: &str) -> CheckpointProblem {
    CheckpointProblem::NotSafetensors(brief(reason))
}
