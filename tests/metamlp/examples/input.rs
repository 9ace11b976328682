//! Input files for `meta_ot`, valid and invalid.

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use safetensors::{Dtype, tensor::TensorView};

/// The pixels of an image.
pub(crate) const PIXELS: usize = 28 * 28;

pub(crate) fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data").join(name)
}

pub(crate) fn idx(magic: u32, count: u32, rows: u32, columns: u32, pixels: &[u8]) -> Vec<u8> {
    let header = [magic, count, rows, columns].into_iter().flat_map(u32::to_be_bytes);
    header.chain(pixels.iter().copied()).collect()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("writing to memory");
    encoder.finish().expect("writing to memory")
}

/// Images with one dark block each, at different places.
pub(crate) fn digits(count: usize) -> Vec<u8> {
    let mut pixels = vec![0; count * PIXELS];
    for (image, pixels) in pixels.chunks_exact_mut(PIXELS).enumerate() {
        for row in 0..8 {
            let start = (5 + image % 11 + row) * 28 + 4 + image % 13;
            for (column, pixel) in pixels[start..start + 6].iter_mut().enumerate() {
                *pixel = (40 * (column + 1)) as u8;
            }
        }
    }
    pixels
}

/// The names and shapes of the network's weights.
pub(crate) fn network() -> Vec<(&'static str, Vec<usize>)> {
    vec![
        ("Dense_0.kernel", vec![2 * PIXELS, 512]),
        ("Dense_0.bias", vec![512]),
        ("Dense_1.kernel", vec![512, 512]),
        ("Dense_1.bias", vec![512]),
        ("Dense_2.kernel", vec![512, 512]),
        ("Dense_2.bias", vec![512]),
        ("Dense_3.bias", vec![PIXELS]),
        ("Dense_3.kernel", vec![512, PIXELS]),
    ]
}

/// A safetensors file in which every element is `value`.
pub(crate) fn weights(network: &[(&'static str, Vec<usize>)], value: f32) -> Vec<u8> {
    let bytes: Vec<Vec<u8>> =
        network.iter().map(|(_, shape)| value.to_le_bytes().repeat(shape.iter().product())).collect();
    let views = network.iter().zip(&bytes).map(|((name, shape), bytes)| {
        (*name, TensorView::new(Dtype::F32, shape.clone(), bytes).expect("shape and bytes fit"))
    });
    safetensors::serialize(views, None).expect("the header is small")
}
