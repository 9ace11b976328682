//! misclassified.png: the misclassified held-out digits, each with its label and
//! the prediction. Knows logits, not where they come from.

use metamlp::prelude::*;
use metamlp_experiment::{Canvas, Digits, DrawingError, PIXELS, Result, SIDE, tile, write};
use serde::Serialize;

/// Picture pixels per digit pixel.
const SCALE: i32 = 4;
const TILE: i32 = SIDE as i32 * SCALE;
const MARGIN: i32 = 28;
const HEADING: i32 = 92;
const CAPTION: i32 = 66;
const BETWEEN: i32 = 16;
const COLUMNS: usize = 8;

/// The most digits in the picture.
const MOST_SHOWN: usize = 40;

/// A misclassified digit.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Misclassified {
    /// Its index among the held-out digits.
    index: usize,
    /// Its label.
    label: i32,
    /// The prediction.
    read_as: i32,
    /// The probability that the network gave the prediction.
    probability: f32,
    #[serde(skip)]
    image: Vec<f32>,
}

impl Misclassified {
    /// The digits whose largest logit, of `[digits, classes]`, is not at their
    /// label, by decreasing probability of the prediction.
    pub(crate) fn find(digits: &Digits, logits: &Tensor) -> Result<Vec<Self>> {
        let probabilities = softmax(logits, -1).max([-1]).to_vec::<f32>()?;
        let read = logits.argmax(-1).to_vec::<i32>()?;
        let (labels, pixels) = (digits.labels.to_vec::<i32>()?, digits.images.to_vec::<f32>()?);
        let mut found: Vec<Self> = (0..read.len())
            .filter(|&index| read[index] != labels[index])
            .map(|index| Self {
                index,
                label: labels[index],
                read_as: read[index],
                probability: probabilities[index],
                image: pixels[index * PIXELS..(index + 1) * PIXELS].to_vec(),
            })
            .collect();
        found.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        Ok(found)
    }
}

/// Draws the picture and returns the bytes of a PNG file; `of` is the number of
/// classified digits.
pub(crate) fn draw(misclassified: &[Misclassified], of: usize) -> Result<Vec<u8>> {
    let shown = &misclassified[..misclassified.len().min(MOST_SHOWN)];
    let rows = shown.len().div_ceil(COLUMNS) as i32;
    let width = 2 * MARGIN + COLUMNS as i32 * (TILE + BETWEEN) - BETWEEN;
    let height = HEADING + rows * (TILE + CAPTION) + MARGIN / 2;
    let mut canvas = Canvas::new("misclassified.png", width as u32, height as u32);
    canvas.draw(|area| {
        let all = shown.len() == misclassified.len();
        let which = if all { "the surest first" } else { "the 40 surest, the surest first" };
        write(
            area,
            &format!("{} of {of} held-out digits misread", misclassified.len()),
            26,
            (width / 2, 32),
        )?;
        write(area, which, 17, (width / 2, 62))?;
        for (place, digit) in shown.iter().enumerate() {
            let left = MARGIN + (place % COLUMNS) as i32 * (TILE + BETWEEN);
            let top = HEADING + (place / COLUMNS) as i32 * (TILE + CAPTION);
            tile(area, &digit.image, SCALE, (left, top))?;
            let Misclassified { label, read_as, probability, .. } = digit;
            let center = left + TILE / 2;
            write(area, &format!("{label} read as {read_as}"), 18, (center, top + TILE + 14))?;
            write(area, &format!("{:.0} % sure", 100.0 * probability), 15, (center, top + TILE + 35))?;
        }
        Ok::<(), DrawingError>(())
    })?;
    canvas.png()
}
