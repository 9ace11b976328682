//! A picture in memory: shapes and text go on, PNG comes out. Knows pixels and
//! the font; not what is drawn.

use std::sync::Once;

use plotters::coord::Shift;
use plotters::prelude::{BitMapBackend, DrawingArea, IntoDrawingArea};
use plotters::style::{FontStyle, RGBColor, WHITE, register_font};

use crate::error::{Error, Result};

/// The name under which the font in `examples/data` is registered.
pub(crate) const FONT: &str = "sans-serif";

/// Ink of axes and text.
pub(crate) const INK: RGBColor = RGBColor(40, 40, 40);

static FONT_DATA: &[u8] = include_bytes!("../data/DejaVuSans-subset.ttf");
static REGISTER_FONT: Once = Once::new();

/// Where a picture is drawn.
pub(crate) type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;

/// An RGB picture named `name`, white at first.
#[derive(Debug)]
pub(crate) struct Canvas {
    name: &'static str,
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl Canvas {
    /// A white picture of so many pixels.
    pub(crate) fn new(name: &'static str, width: u32, height: u32) -> Self {
        // Registering fails for a broken font alone, and then drawing text does.
        REGISTER_FONT.call_once(|| drop(register_font(FONT, FontStyle::Normal, FONT_DATA)));
        let pixels = vec![0; width as usize * height as usize * 3];
        Self { name, width, height, pixels }
    }

    /// Draws on the picture.
    pub(crate) fn draw<E: std::fmt::Display>(
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

    /// The picture as a PNG file's bytes.
    pub(crate) fn png(&self) -> Result<Vec<u8>> {
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
