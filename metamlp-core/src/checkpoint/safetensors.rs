//! The safetensors format: a header with names, types and offsets, and the values.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use metamlp_tensor::{DType, PathSegment, Tensor, Tree, TreePath, bf16, evaluate, f16};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors, View};

use super::problem::CheckpointProblem;
use super::replace::replace;
use crate::error::{Error, Result};
use crate::nearest::Choice;

/// Writes the tensors of `tree` to a safetensors file, replacing an existing one.
///
/// Keys are paths joined by dots: `params.Dense_0.kernel` for [`Variables`](crate::Variables),
/// `Dense_0.kernel` for the params alone, as on Hugging Face. Equal trees give equal bytes. The file is
/// replaced atomically: a reader sees the old file or the whole new one.
///
/// # Errors
/// [`Error::Checkpoint`] if the file cannot be written or a name is empty or contains a dot; an error
/// that a tensor carries.
pub fn save_safetensors(path: impl AsRef<Path>, tree: &impl Tree) -> Result<()> {
    let path = path.as_ref();
    // All tensors in one program.
    evaluate(tree.tensors())?;
    let mut views = BTreeMap::new();
    for (at, tensor) in tree.tensors_with_paths() {
        views.insert(key(path, &at)?, Bytes::of(&tensor)?);
    }
    let file = safetensors::serialize(views, None)
        .map_err(|error| failed(path, CheckpointProblem::NotSafetensors(error.to_string())))?;
    replace(path, &file).map_err(|error| failed(path, CheckpointProblem::Unwritable(Arc::new(error))))
}

/// Reads a tree like `like` from a safetensors file. Only the paths, shapes and dtypes of `like` are
/// used: it may consist of [`Tensor::spec`]s.
///
/// # Errors
/// [`Error::Checkpoint`] if the file cannot be read, has another format or is truncated, and for a
/// missing, an unexpected or a mistyped tensor.
pub fn load_safetensors<T: Tree>(path: impl AsRef<Path>, like: &T) -> Result<T> {
    let path = path.as_ref();
    let file =
        fs::read(path).map_err(|error| failed(path, CheckpointProblem::Unreadable(Arc::new(error))))?;
    let file = SafeTensors::deserialize(&file)
        .map_err(|error| failed(path, CheckpointProblem::NotSafetensors(error.to_string())))?;
    let mut stored: BTreeMap<&str, TensorView<'_>> = file.iter().collect();

    let mut loaded = Vec::new();
    let mut missing = Vec::new();
    for (at, tensor) in like.tensors_with_paths() {
        let key = key(path, &at)?;
        match stored.remove(&*key) {
            Some(view) => loaded.push(read(&key, &view, &tensor).map_err(|problem| failed(path, problem))?),
            None => missing.push(key),
        }
    }
    if let Some(key) = missing.first() {
        let nearest = Choice::new(key, stored.keys().copied()).nearest().map(str::to_owned);
        let (key, others) = (key.clone(), missing.len() - 1);
        return Err(failed(path, CheckpointProblem::Missing { key, nearest, others }));
    }
    if let Some(key) = stored.keys().next() {
        let (key, others) = ((*key).to_owned(), stored.len() - 1);
        return Err(failed(path, CheckpointProblem::Unexpected { key, others }));
    }
    let mut loaded = loaded.into_iter();
    Ok(like.map(&mut |tensor| loaded.next().unwrap_or_else(|| tensor.clone())))
}

fn failed(path: &Path, problem: CheckpointProblem) -> Error {
    Error::Checkpoint { path: path.into(), problem: Box::new(problem) }
}

/// The key of a path: its names joined by dots.
fn key(file: &Path, path: &TreePath) -> Result<String> {
    let mut key = String::new();
    for segment in path.segments() {
        if !key.is_empty() {
            key.push('.');
        }
        match segment {
            PathSegment::Index(index) => key.push_str(&index.to_string()),
            PathSegment::Name(name) if name.is_empty() || name.contains('.') => {
                let (path, name) = (path.to_string(), name.to_string());
                return Err(failed(file, CheckpointProblem::InvalidName { path, name }));
            }
            PathSegment::Name(name) => key.push_str(name),
        }
    }
    // A tree that is a single tensor has an empty path, but a key must not be empty.
    Ok(if key.is_empty() { "tensor".to_owned() } else { key })
}

/// Reads a tensor, which must have the type of `like`.
fn read(key: &str, view: &TensorView<'_>, like: &Tensor) -> Result<Tensor, CheckpointProblem> {
    if view.shape() != like.shape() || view.dtype() != stored_dtype(like.dtype()) {
        return Err(CheckpointProblem::TypeDiffers {
            key: key.to_owned(),
            found: format!("{}{:?}", view.dtype().to_string().to_lowercase(), view.shape()),
            expected: like.ty().to_string(),
        });
    }
    let (shape, data) = (view.shape(), view.data());
    Ok(match like.dtype() {
        DType::Bool => Tensor::from_vec(shape, data.iter().map(|&byte| byte != 0).collect()),
        DType::I32 => Tensor::from_vec(shape, numbers(data, i32::from_le_bytes)),
        DType::U32 => Tensor::from_vec(shape, numbers(data, u32::from_le_bytes)),
        DType::F16 => Tensor::from_vec(shape, numbers(data, f16::from_le_bytes)),
        DType::BF16 => Tensor::from_vec(shape, numbers(data, bf16::from_le_bytes)),
        DType::F32 => Tensor::from_vec(shape, numbers(data, f32::from_le_bytes)),
        DType::F64 => Tensor::from_vec(shape, numbers(data, f64::from_le_bytes)),
    })
}

fn numbers<const N: usize, T>(bytes: &[u8], number: fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks().0.iter().copied().map(number).collect()
}

fn stored_dtype(dtype: DType) -> Dtype {
    match dtype {
        DType::Bool => Dtype::BOOL,
        DType::I32 => Dtype::I32,
        DType::U32 => Dtype::U32,
        DType::F16 => Dtype::F16,
        DType::BF16 => Dtype::BF16,
        DType::F32 => Dtype::F32,
        DType::F64 => Dtype::F64,
    }
}

/// A tensor's values, encoded as in the file.
struct Bytes {
    dtype: Dtype,
    shape: Vec<usize>,
    data: Vec<u8>,
}

impl Bytes {
    fn of(tensor: &Tensor) -> Result<Self> {
        let data = match tensor.dtype() {
            DType::Bool => tensor.to_vec::<bool>()?.into_iter().map(u8::from).collect(),
            DType::I32 => tensor.to_vec::<i32>()?.into_iter().flat_map(i32::to_le_bytes).collect(),
            DType::U32 => tensor.to_vec::<u32>()?.into_iter().flat_map(u32::to_le_bytes).collect(),
            DType::F16 => tensor.to_vec::<f16>()?.into_iter().flat_map(f16::to_le_bytes).collect(),
            DType::BF16 => tensor.to_vec::<bf16>()?.into_iter().flat_map(bf16::to_le_bytes).collect(),
            DType::F32 => tensor.to_vec::<f32>()?.into_iter().flat_map(f32::to_le_bytes).collect(),
            DType::F64 => tensor.to_vec::<f64>()?.into_iter().flat_map(f64::to_le_bytes).collect(),
        };
        Ok(Self { dtype: stored_dtype(tensor.dtype()), shape: tensor.shape().to_vec(), data })
    }
}

impl View for Bytes {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.data)
    }

    fn data_len(&self) -> usize {
        self.data.len()
    }
}
