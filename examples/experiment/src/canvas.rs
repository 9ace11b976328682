//! A picture in memory: shapes, text and images are drawn on it, and it is encoded
//! as PNG. Knows pixels and the font; nothing of plots and digits.

use std::sync::Once;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, register_font};

use crate::error::{Error, Result};
use crate::idx::SIDE;

/// The name under which the font in `examples/data` is registered.
pub const FONT: &str = "sans-serif";

/// The colour of axes and text.
pub const INK: RGBColor = RGBColor(40, 40, 40);

static FONT_DATA: &[u8] = include_bytes!("../../data/DejaVuSans-subset.ttf");
static REGISTER_FONT: Once = Once::new();

/// The drawing area of a picture.
pub type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;

/// The error of drawing.
pub type DrawingError = DrawingAreaErrorKind<<BitMapBackend<'static> as DrawingBackend>::ErrorType>;

/// An RGB picture named `name`, initially white.
#[derive(Debug)]
pub struct Canvas {
    name: &'static str,
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl Canvas {
    /// A white picture of `width` by `height` pixels.
    #[must_use]
    pub fn new(name: &'static str, width: u32, height: u32) -> Self {
        // Registering fails only for a broken font; drawing text reports that.
        REGISTER_FONT.call_once(|| drop(register_font(FONT, FontStyle::Normal, FONT_DATA)));
        let pixels = vec![0; width as usize * height as usize * 3];
        Self { name, width, height, pixels }
    }

    /// Draws on the picture.
    ///
    /// # Errors
    /// [`Error::Picture`] with the error of `draw`.
    pub fn draw<E: std::fmt::Display>(
        &mut self,
        draw: impl FnOnce(&Area<'_>) -> Result<(), E>,
    ) -> Result<()> {
        let name = self.name;
        let backend = BitMapBackend::with_buffer(&mut self.pixels, (self.width, self.height));
        let area = backend.into_drawing_area();
        area.fill(&WHITE).map_err(|error| Error::Picture { name, reason: error.to_string() })?;
        draw(&area).map_err(|error| Error::Picture { name, reason: error.to_string() })?;
        area.present().map_err(|error| Error::Picture { name, reason: error.to_string() })
    }

    /// The bytes of a PNG file of the picture.
    ///
    /// # Errors
    /// [`Error::Picture`] for a picture without pixels.
    pub fn png(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder
            .write_header()
            .and_then(|mut writer| writer.write_image_data(&self.pixels))
            .map_err(|error| Error::Picture { name: self.name, reason: error.to_string() })?;
        Ok(bytes)
    }
}

/// A line of text centred at a point, `size` pixels high.
///
/// # Errors
/// If the font is broken.
pub fn write(area: &Area<'_>, text: &str, size: i32, center: (i32, i32)) -> Result<(), DrawingError> {
    let style = (FONT, size).into_font().color(&INK).pos(Pos::new(HPos::Center, VPos::Center));
    area.draw(&Text::new(text.to_owned(), center, style))
}

/// An image of [`SIDE`]×[`SIDE`] pixels with its upper left corner at a point. Each
/// pixel is a square of `scale`: white at 0, black at 1 and above.
///
/// # Errors
/// Those of the picture.
pub fn tile(area: &Area<'_>, image: &[f32], scale: i32, corner: (i32, i32)) -> Result<(), DrawingError> {
    for (index, ink) in image.iter().enumerate() {
        let level = 255 - (ink.clamp(0.0, 1.0) * 255.0).round() as u8;
        let left = corner.0 + (index % SIDE) as i32 * scale;
        let top = corner.1 + (index / SIDE) as i32 * scale;
        for x in left..left + scale {
            for y in top..top + scale {
                area.draw_pixel((x, y), &RGBColor(level, level, level))?;
            }
        }
    }
    Ok(())
}
