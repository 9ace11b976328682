//! McCann's displacement interpolation along an entropic transport plan. Knows
//! dual potentials on the pixel grid, not where they come from.

use metamlp_experiment::{PIXELS, SIDE};

/// Mass on the pixel grid, in row-major order.
pub(crate) type Frame = Vec<f32>;

/// Masses below this are invisible and skipped.
const LEAST_MASS: f32 = 1e-9;

/// The dual potentials of one pair of digits, -inf at pixels without mass.
#[derive(Debug, Clone)]
pub(crate) struct Potentials {
    /// The potential of the source.
    pub(crate) f: Vec<f32>,
    /// The potential of the target.
    pub(crate) g: Vec<f32>,
}

/// The interpolated mass between source and target, at each of `times` in [0, 1].
///
/// The plan `P[i, j] = exp((f[i] + g[j] - c(i, j)) / epsilon)`, `c` the squared
/// distance on the grid of [0, 1]², sends the mass `P[i, j]` along the straight
/// line from pixel `i` to pixel `j`; between pixels it is distributed bilinearly.
pub(crate) fn interpolate(potentials: &Potentials, epsilon: f32, times: &[f32]) -> Vec<Frame> {
    let mut frames = vec![vec![0.0; PIXELS]; times.len()];
    let step = 1.0 / (SIDE - 1) as f32;
    for (i, &f) in potentials.f.iter().enumerate() {
        for (j, &g) in potentials.g.iter().enumerate() {
            let (from, to) = (place(i), place(j));
            let (rows, columns) = ((from.0 - to.0) * step, (from.1 - to.1) * step);
            let mass = ((f + g - rows * rows - columns * columns) / epsilon).exp();
            if !(mass > LEAST_MASS && mass.is_finite()) {
                continue;
            }
            for (frame, &t) in frames.iter_mut().zip(times) {
                let row = (1.0 - t) * from.0 + t * to.0;
                let column = (1.0 - t) * from.1 + t * to.1;
                share(frame, row, column, mass);
            }
        }
    }
    frames
}

/// The row and column of a pixel.
fn place(index: usize) -> (f32, f32) {
    ((index / SIDE) as f32, (index % SIDE) as f32)
}

/// Adds `mass` at a point to the four nearest pixels, bilinearly.
fn share(frame: &mut [f32], row: f32, column: f32, mass: f32) {
    // The last pixel has no neighbour beyond it; there the fraction is 1.
    let top = (row as usize).min(SIDE - 2);
    let left = (column as usize).min(SIDE - 2);
    let (down, right) = (row - top as f32, column - left as f32);
    let at = top * SIDE + left;
    frame[at] += mass * (1.0 - down) * (1.0 - right);
    frame[at + 1] += mass * (1.0 - down) * right;
    frame[at + SIDE] += mass * down * (1.0 - right);
    frame[at + SIDE + 1] += mass * down * right;
}
