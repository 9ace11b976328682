//! Pictures of many images in rows. Knows pixels, not where the images come from.

use metamlp::prelude::*;
use metamlp_experiment::{Canvas, DrawingError, PIXELS, Result, SIDE, tile, write};

/// Picture pixels per digit pixel.
const SCALE: i32 = 3;
const TILE: i32 = SIDE as i32 * SCALE;
const MARGIN: i32 = 24;
const HEADING: i32 = 72;
const BETWEEN: i32 = 6;

/// The labels of the rows, repeated in turn; none if empty.
type Names<'a> = &'a [&'a str];

/// Draws `images`, `[count, 28, 28, 1]` from 0 (white) to 1 (black), in `columns`
/// columns and returns the bytes of a PNG file.
pub(crate) fn draw(
    name: &'static str,
    title: &str,
    names: Names<'_>,
    columns: usize,
    images: &Tensor,
) -> Result<Vec<u8>> {
    let pixels = images.to_vec::<f32>()?;
    let rows = images.shape()[0].div_ceil(columns);
    let left = if names.is_empty() { MARGIN } else { 4 * MARGIN };
    let width = left + columns as i32 * (TILE + BETWEEN) - BETWEEN + MARGIN;
    let height = HEADING + rows as i32 * (TILE + BETWEEN) - BETWEEN + MARGIN;
    let mut canvas = Canvas::new(name, width as u32, height as u32);
    canvas.draw(|area| {
        write(area, title, 22, (width / 2, HEADING / 2))?;
        for (row, images) in pixels.chunks(columns * PIXELS).enumerate() {
            let top = HEADING + row as i32 * (TILE + BETWEEN);
            if let Some(name) = names.get(row % names.len().max(1)) {
                write(area, name, 18, (left / 2, top + TILE / 2))?;
            }
            for (column, image) in images.chunks(PIXELS).enumerate() {
                tile(area, image, SCALE, (left + column as i32 * (TILE + BETWEEN), top))?;
            }
        }
        Ok::<(), DrawingError>(())
    })?;
    canvas.png()
}
