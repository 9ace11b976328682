//! convergence.png: the marginal error against the Sinkhorn iteration, on a
//! logarithmic axis, one curve per start.

use metamlp_experiment::{Area, Canvas, FONT, INK};
use plotters::prelude::*;

use crate::curve::Curve;
use crate::error::Result;
use crate::start::Start;

const SIZE: (u32, u32) = (1200, 760);

/// The smallest error in the picture.
const LEAST_ERROR: f32 = 1e-5;

/// Draws the picture and returns the bytes of a PNG file.
pub(crate) fn draw(curves: &[(Start, Curve)], pairs: usize, epsilon: f32) -> Result<Vec<u8>> {
    let mut canvas = Canvas::new("convergence.png", SIZE.0, SIZE.1);
    canvas.draw(|area| plot(area, curves, pairs, epsilon))?;
    Ok(canvas.png()?)
}

fn color(start: Start) -> RGBColor {
    // Distinct for colour-blind readers, and in lightness for grey prints.
    match start {
        Start::Zeros => RGBColor(213, 94, 0),
        Start::Gaussian => RGBColor(0, 114, 178),
        Start::Meta => RGBColor(0, 158, 115),
    }
}

fn plot(
    area: &Area<'_>,
    curves: &[(Start, Curve)],
    pairs: usize,
    epsilon: f32,
) -> Result<(), Box<dyn std::error::Error>> {
    let iterations = curves.iter().map(|(_, curve)| curve.mean.len()).max().unwrap_or(0).max(2);
    let all = || curves.iter().flat_map(|(_, curve)| curve.low.iter().chain(&curve.high).chain(&curve.mean));
    let least = all().copied().filter(|error| error.is_finite()).fold(1e-2, f32::min);
    let most = all().copied().filter(|error| error.is_finite()).fold(1e-1, f32::max);
    let decade = |error: f32, round: fn(f32) -> f32| 10f32.powf(round(error.log10()));
    let (bottom, top) = (decade(least.max(LEAST_ERROR), f32::floor), (most * 1.3).max(1.0));

    let text = (FONT, 24).into_font().color(&INK);
    let mut chart = ChartBuilder::on(area)
        .caption(
            format!("{pairs} held-out pairs of digits, ε = {epsilon}: mean, and 10 % to 90 % of the pairs"),
            (FONT, 26).into_font().color(&INK),
        )
        .margin(24)
        .x_label_area_size(70)
        .y_label_area_size(110)
        .build_cartesian_2d(1f32..iterations as f32, (bottom..top).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(INK.mix(0.12))
        .axis_style(INK.mix(0.6))
        .label_style(text.clone())
        .axis_desc_style(text.clone())
        .x_desc("iteration")
        .y_desc("marginal error (L1)")
        .x_labels(10)
        .y_labels(6)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| format!("{y:.0e}"))
        .draw()?;

    for (start, curve) in curves {
        let edge = |errors: &[f32]| -> Vec<(f32, f32)> {
            (1u16..).zip(errors).map(|(k, error)| (f32::from(k), error.clamp(bottom, top))).collect()
        };
        let mut band = edge(&curve.high);
        band.extend(edge(&curve.low).into_iter().rev());
        chart.draw_series([Polygon::new(band, color(*start).mix(0.15))])?;
    }
    for (start, curve) in curves {
        let points = (1u16..).zip(&curve.mean).map(|(k, &error)| (f32::from(k), error));
        let points = points.take_while(|(_, error)| *error > bottom);
        let style = color(*start).stroke_width(4);
        chart
            .draw_series(LineSeries::new(points, style))?
            .label(start.name())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 36, y)], style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .legend_area_size(44)
        .margin(18)
        .background_style(WHITE.mix(0.85))
        .border_style(INK.mix(0.3))
        .label_font(text)
        .draw()?;
    Ok(())
}
