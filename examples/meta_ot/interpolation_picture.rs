//! interpolation.png: the displacement interpolation of pairs of digits, by the
//! predicted potentials and by the converged ones. Knows frames, not how they were
//! computed.

use metamlp_experiment::{Canvas, DrawingError, INK, SIDE, tile, write};
use plotters::prelude::*;

use crate::displacement::Frame;
use crate::error::Result;

/// Picture pixels per digit pixel.
const SCALE: i32 = 3;
const TILE: i32 = SIDE as i32 * SCALE;
const MARGIN: i32 = 24;
const HEADING: i32 = 76;
const BETWEEN: i32 = 6;

/// The frames of one pair, from source to target, by two sets of potentials.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// By the network's prediction alone.
    pub(crate) predicted: Vec<Frame>,
    /// By the converged potentials.
    pub(crate) converged: Vec<Frame>,
}

/// Draws the picture and returns the bytes of a PNG file. `times` are the times of
/// the frames.
pub(crate) fn draw(rows: &[Row], times: &[f32]) -> Result<Vec<u8>> {
    let columns = times.len() as i32;
    let strip = columns * (TILE + BETWEEN) - BETWEEN;
    let width = 2 * strip + 4 * MARGIN;
    let height = HEADING + rows.len() as i32 * (TILE + BETWEEN) - BETWEEN + MARGIN;
    let mut canvas = Canvas::new("interpolation.png", width as u32, height as u32);
    canvas.draw(|area| {
        let strips = [(MARGIN, "predicted, no iteration"), (3 * MARGIN + strip, "converged")];
        for (left, title) in strips {
            write(area, title, 24, (left + strip / 2, MARGIN))?;
            for (column, time) in times.iter().enumerate() {
                let center = left + column as i32 * (TILE + BETWEEN) + TILE / 2;
                write(area, &format!("t = {time:.2}"), 15, (center, HEADING - 16))?;
            }
        }
        let middle = width / 2;
        let rule = [(middle, MARGIN), (middle, height - MARGIN)];
        area.draw(&PathElement::new(rule, INK.mix(0.3)))?;
        for (index, row) in rows.iter().enumerate() {
            let top = HEADING + index as i32 * (TILE + BETWEEN);
            for (frames, (left, _)) in [&row.predicted, &row.converged].into_iter().zip(strips) {
                for (column, frame) in frames.iter().enumerate() {
                    tile(area, &ink(frame), SCALE, (left + column as i32 * (TILE + BETWEEN), top))?;
                }
            }
        }
        Ok::<(), DrawingError>(())
    })?;
    Ok(canvas.png()?)
}

/// A frame scaled so that its largest pixel is 1.
fn ink(frame: &[f32]) -> Vec<f32> {
    let most = frame.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    frame.iter().map(|mass| mass / most).collect()
}
