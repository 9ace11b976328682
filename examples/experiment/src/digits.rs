//! MNIST's digits with their labels, as tensors, split into those to train on
//! and those held out. Knows the files in `examples/data`; nothing of networks.

use std::path::Path;

use metamlp::prelude::*;

use crate::error::{Error, Result};
use crate::idx::{Images, Labels, SIDE};

/// Every so manyth digit is held out.
const HELD_OUT_STRIDE: usize = 5;

const IMAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/mnist-10k-images-idx3-ubyte.gz");
const LABELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/mnist-10k-labels-idx1-ubyte.gz");

/// Handwritten digits and what they are.
///
/// A [`Tree`] of tensors with one first axis, so that [`metamlp::data::Batches`] cuts
/// it into smaller ones of its kind.
#[derive(Clone, Debug, Tree)]
pub struct Digits {
    /// `f32[digits, 28, 28, 1]`, from 0, the background, to 1, full ink.
    pub images: Tensor,
    /// `i32[digits]`, 0 to 9.
    pub labels: Tensor,
}

impl Digits {
    /// The 10,000 digits in `examples/data`: 8,000 to train on, and every fifth,
    /// 2,000 in all, to judge by. The split depends on no seed.
    ///
    /// # Errors
    /// Files that are missing or damaged.
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

    /// The first so many of them.
    #[must_use]
    pub fn first(&self, count: usize) -> Self {
        let count = count.min(self.len());
        self.map(&mut |tensor| tensor.slice_axis(0, 0, count))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.size()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
