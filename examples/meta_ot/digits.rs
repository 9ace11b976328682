//! Images as probability weights on the pixel grid, split into those to train
//! on and those held out. Knows nothing of files or networks.

use std::path::Path;

use metamlp_experiment::Images;

use crate::error::{Error, Result};

/// One image in this many is held out.
const HELD_OUT_STRIDE: usize = 10;

/// Probability weights on the 28×28 grid, in row-major order.
pub(crate) type Measure = Vec<f32>;

/// The training images and the held-out images.
///
/// Every tenth image of the file is held out, for every seed, so that weights
/// trained with one seed are never evaluated on their training images under
/// another seed.
#[derive(Debug)]
pub(crate) struct Digits {
    /// Nine tenths of the images.
    pub(crate) training: Vec<Measure>,
    /// The last one of every ten.
    pub(crate) held_out: Vec<Measure>,
}

impl Digits {
    /// Normalises and splits `images`, read from `path`.
    ///
    /// Zero pixels stay exactly zero: the problems have zero weights, as in
    /// the paper. An image of zeros is an error, because leaving it out would
    /// change the split.
    pub(crate) fn new(path: &Path, images: &Images) -> Result<Self> {
        let (mut training, mut held_out) = (Vec::new(), Vec::new());
        for (index, pixels) in images.iter().enumerate() {
            let Some(measure) = normalise(pixels) else {
                return Err(Error::EmptyImage { path: path.into(), index });
            };
            if index % HELD_OUT_STRIDE == HELD_OUT_STRIDE - 1 {
                held_out.push(measure);
            } else {
                training.push(measure);
            }
        }
        Ok(Self { training, held_out })
    }
}

/// The pixels divided by their sum; `None` for an image of zeros.
fn normalise(pixels: &[u8]) -> Option<Measure> {
    let sum: u32 = pixels.iter().map(|&pixel| u32::from(pixel)).sum();
    (sum > 0).then(|| pixels.iter().map(|&pixel| f32::from(pixel) / sum as f32).collect())
}
