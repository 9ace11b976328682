//! MNIST digits with their labels, as tensors, split into training and held-out
//! digits. Knows the files in `examples/data`, nothing of networks.

use std::path::Path;

use metamlp::prelude::*;

use crate::error::{Error, Result};
use crate::idx::{Images, Labels, SIDE};

/// One digit in this many is held out.
const HELD_OUT_STRIDE: usize = 5;

const IMAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/mnist-10k-images-idx3-ubyte.gz");
const LABELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/mnist-10k-labels-idx1-ubyte.gz");

/// Handwritten digits and their labels.
///
/// A [`Tree`] of tensors with the same first axis, so that [`metamlp::data::Batches`]
/// splits it into batches.
#[derive(Clone, Debug, Tree)]
pub struct Digits {
    /// `f32[digits, 28, 28, 1]`, from 0 (background) to 1.
    pub images: Tensor,
    /// `i32[digits]`, 0 to 9.
    pub labels: Tensor,
}

impl Digits {
    /// The 10,000 digits in `examples/data`: 8,000 for training, and every fifth,
    /// 2,000 in all, held out. The split is the same for every seed.
    ///
    /// # Errors
    /// If a file is missing or damaged.
    pub fn read() -> Result<(Self, Self)> {
        let (images, labels) = (Images::read(Path::new(IMAGES))?, Labels::read(Path::new(LABELS))?);
        let (found, expected) = (labels.iter().len(), images.iter().len());
        if found != expected {
            return Err(Error::Labels { path: LABELS.into(), found, expected });
        }
        let all = || images.iter().zip(labels.iter()).enumerate();
        let is_held_out = |index: usize| index % HELD_OUT_STRIDE == HELD_OUT_STRIDE - 1;
        let training = all().filter(|(index, _)| !is_held_out(*index)).map(|(_, digit)| digit);
        let held_out = all().filter(|(index, _)| is_held_out(*index)).map(|(_, digit)| digit);
        Ok((Self::gather(training), Self::gather(held_out)))
    }

    fn gather<'a>(digits: impl Iterator<Item = (&'a [u8], u8)>) -> Self {
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for (image, label) in digits {
            pixels.extend(image.iter().map(|&pixel| f32::from(pixel) / 255.0));
            labels.push(i32::from(label));
        }
        let count = labels.len();
        Self {
            images: Tensor::from_vec([count, SIDE, SIDE, 1], pixels),
            labels: Tensor::from_vec([count], labels),
        }
    }

    /// The first `count` digits.
    #[must_use]
    pub fn first(&self, count: usize) -> Self {
        let count = count.min(self.len());
        self.map(&mut |tensor| tensor.slice_axis(0, 0, count))
    }

    /// The number of digits.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.size()
    }

    /// True if there are no digits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
