//! The elements of a tensor as bytes of a file, little-endian and a block at a time, so that there is no second copy.

use std::io::{self, Read, Write};

use metamlp_tensor::{DType, Element, Tensor, bf16, f16};
use safetensors::Dtype;

/// Bytes of a block.
const BLOCK: usize = 1 << 16;

/// The name of a dtype in the format.
pub(super) fn stored_dtype(dtype: DType) -> Dtype {
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

/// Writes the elements of a tensor that has been evaluated.
pub(super) fn write(tensor: &Tensor, to: &mut impl Write) -> io::Result<()> {
    match tensor.dtype() {
        DType::Bool => write_elements(tensor, to, |flag: bool| [u8::from(flag)]),
        DType::I32 => write_elements(tensor, to, i32::to_le_bytes),
        DType::U32 => write_elements(tensor, to, u32::to_le_bytes),
        DType::F16 => write_elements(tensor, to, f16::to_le_bytes),
        DType::BF16 => write_elements(tensor, to, bf16::to_le_bytes),
        DType::F32 => write_elements(tensor, to, f32::to_le_bytes),
        DType::F64 => write_elements(tensor, to, f64::to_le_bytes),
    }
}

fn write_elements<T: Element, const N: usize>(
    tensor: &Tensor,
    to: &mut impl Write,
    encode: fn(T) -> [u8; N],
) -> io::Result<()> {
    if tensor.size() == 0 {
        return Ok(());
    }
    let view = tensor.view::<T>().expect("the tensor has been evaluated and has this dtype");
    let elements = view.as_slice().expect("a view is row-major");
    let mut block = vec![0; BLOCK.min(elements.len() * N)];
    for elements in elements.chunks(BLOCK / N) {
        let bytes = &mut block[..elements.len() * N];
        for (bytes, &element) in bytes.as_chunks_mut().0.iter_mut().zip(elements) {
            *bytes = encode(element);
        }
        to.write_all(bytes)?;
    }
    Ok(())
}

/// Reads a tensor of the shape and dtype of `like`.
pub(super) fn read(like: &Tensor, from: &mut impl Read) -> io::Result<Tensor> {
    match like.dtype() {
        DType::Bool => read_elements(like, from, |[byte]| byte != 0),
        DType::I32 => read_elements(like, from, i32::from_le_bytes),
        DType::U32 => read_elements(like, from, u32::from_le_bytes),
        DType::F16 => read_elements(like, from, f16::from_le_bytes),
        DType::BF16 => read_elements(like, from, bf16::from_le_bytes),
        DType::F32 => read_elements(like, from, f32::from_le_bytes),
        DType::F64 => read_elements(like, from, f64::from_le_bytes),
    }
}

fn read_elements<T: Element, const N: usize>(
    like: &Tensor,
    from: &mut impl Read,
    decode: fn([u8; N]) -> T,
) -> io::Result<Tensor> {
    let mut elements = Vec::new();
    elements.try_reserve_exact(like.size()).map_err(|_| {
        let text = format!("there is no memory for {} bytes", like.size().saturating_mul(N));
        io::Error::new(io::ErrorKind::OutOfMemory, text)
    })?;
    let mut block = vec![0; BLOCK.min(like.size().saturating_mul(N))];
    let mut left = like.size();
    while left > 0 {
        let count = left.min(BLOCK / N);
        let bytes = &mut block[..count * N];
        from.read_exact(bytes)?;
        elements.extend(bytes.as_chunks().0.iter().copied().map(decode));
        left -= count;
    }
    Ok(Tensor::from_vec(like.shape(), elements))
}
