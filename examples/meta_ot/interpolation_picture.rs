//! interpolation.png: pairs of digits, each carried into the other by the
//! predicted potentials and, beside it, by the converged ones. Knows frames; not
//! how they were computed.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::canvas::{Area, Canvas, FONT, INK};
use crate::displacement::Frame;
use crate::error::Result;
use crate::grid::SIDE;

/// Picture pixels a digit pixel.
const SCALE: i32 = 3;
const TILE: i32 = SIDE as i32 * SCALE;
const MARGIN: i32 = 24;
const HEADING: i32 = 76;
const BETWEEN: i32 = 6;

/// The frames of one pair, from source to target, by two sets of potentials.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// From the network's prediction alone.
    pub(crate) predicted: Vec<Frame>,
    /// From Sinkhorn run to its end.
    pub(crate) converged: Vec<Frame>,
}

/// Draws the picture and returns it as a PNG file's bytes. `times` are those of
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
                    tile(area, frame, (left + column as i32 * (TILE + BETWEEN), top))?;
                }
            }
        }
        Ok::<(), DrawingError>(())
    })?;
    canvas.png()
}

type DrawingError = DrawingAreaErrorKind<<BitMapBackend<'static> as DrawingBackend>::ErrorType>;

fn write(area: &Area<'_>, text: &str, size: i32, center: (i32, i32)) -> Result<(), DrawingError> {
    let style = (FONT, size).into_font().color(&INK).pos(Pos::new(HPos::Center, VPos::Center));
    area.draw(&Text::new(text.to_owned(), center, style))
}

/// One frame, dark where there is mass; its heaviest pixel is black.
fn tile(area: &Area<'_>, frame: &[f32], corner: (i32, i32)) -> Result<(), DrawingError> {
    let most = frame.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    for (index, mass) in frame.iter().enumerate() {
        let level = 255 - (mass / most * 255.0).round() as u8;
        let left = corner.0 + (index % SIDE) as i32 * SCALE;
        let top = corner.1 + (index / SIDE) as i32 * SCALE;
        for x in left..left + SCALE {
            for y in top..top + SCALE {
                area.draw_pixel((x, y), &RGBColor(level, level, level))?;
            }
        }
    }
    Ok(())
}
