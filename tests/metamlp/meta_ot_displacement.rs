//! The displacement interpolation of the example: its ends, and that mass is
//! conserved between them.

#[path = "../../examples/meta_ot/displacement.rs"]
mod displacement;

use displacement::{Potentials, interpolate};
use metamlp_experiment::{PIXELS, SIDE};

const EPSILON: f32 = 1e-2;

/// The squared distance of two pixels on the grid of [0, 1]².
fn cost(i: usize, j: usize) -> f32 {
    let step = 1.0 / (SIDE - 1) as f32;
    let rows = (i / SIDE) as f32 - (j / SIDE) as f32;
    let columns = (i % SIDE) as f32 - (j % SIDE) as f32;
    (rows * rows + columns * columns) * step * step
}

/// Potentials under which only pixel `i` sends mass, `mass` to pixel `j`.
fn between(i: usize, j: usize, mass: f32) -> Potentials {
    let mut potentials =
        Potentials { f: vec![f32::NEG_INFINITY; PIXELS], g: vec![f32::NEG_INFINITY; PIXELS] };
    potentials.f[i] = cost(i, j) + EPSILON * mass.ln();
    potentials.g[j] = 0.0;
    potentials
}

fn assert_close(found: f32, expected: f32) {
    assert!((found - expected).abs() < 1e-5, "{found}, expected {expected}");
}

#[test]
fn mass_goes_straight_from_source_to_target() {
    let (source, target) = (3 * SIDE + 4, 7 * SIDE + 20);
    let frames = interpolate(&between(source, target, 0.25), EPSILON, &[0.0, 0.5, 1.0]);
    for (frame, place) in frames.iter().zip([source, 5 * SIDE + 12, target]) {
        assert_close(frame[place], 0.25);
        assert_close(frame.iter().sum(), 0.25);
    }
}

#[test]
fn mass_between_pixels_is_shared_by_the_nearest_four() {
    let frames = interpolate(&between(0, SIDE + 1, 1.0), EPSILON, &[0.25]);
    assert_close(frames[0][0], 0.75 * 0.75);
    assert_close(frames[0][1], 0.75 * 0.25);
    assert_close(frames[0][SIDE], 0.25 * 0.75);
    assert_close(frames[0][SIDE + 1], 0.25 * 0.25);
}

#[test]
fn the_last_pixel_is_reached() {
    let frames = interpolate(&between(PIXELS - 1, PIXELS - 1, 1.0), EPSILON, &[0.0, 0.5, 1.0]);
    for frame in frames {
        assert_close(frame[PIXELS - 1], 1.0);
    }
}

#[test]
fn the_ends_are_the_plan_s_marginals() {
    let mut potentials = between(0, 0, 1.0);
    for (index, (f, g)) in potentials.f.iter_mut().zip(&mut potentials.g).enumerate() {
        if index % 31 == 5 {
            *f = -0.05;
        }
        if index % 37 == 11 {
            *g = -0.04 + 1e-5 * index as f32;
        }
    }
    let plan = |i: usize, j: usize| ((potentials.f[i] + potentials.g[j] - cost(i, j)) / EPSILON).exp();
    let frames = interpolate(&potentials, EPSILON, &[0.0, 1.0]);
    for (place, (&start, &end)) in frames[0].iter().zip(&frames[1]).enumerate() {
        assert_close(start, (0..PIXELS).map(|j| plan(place, j)).sum());
        assert_close(end, (0..PIXELS).map(|i| plan(i, place)).sum());
    }
}

#[test]
fn potentials_that_overflow_move_nothing() {
    let mut potentials = between(0, 1, 1.0);
    potentials.f[0] = f32::INFINITY;
    potentials.f[5] = f32::NAN;
    let frames = interpolate(&potentials, EPSILON, &[0.5]);
    assert!(frames[0].iter().all(|&mass| mass == 0.0));
}
