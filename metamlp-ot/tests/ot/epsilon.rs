//! The regularisation: defaults, relative values and schedules.

use crate::support::*;
use metamlp_ot::{Epsilon, Geometry, Grid, PointCloud, Sinkhorn, Statistic};
use metamlp_tensor::{F32, F64};

#[test]
fn values() {
    let cases = [
        (Epsilon::default(), 0.0745355992),
        (Epsilon::new(0.1), 0.1),
        (Epsilon::new(0.1).relative_to(Statistic::Mean), 0.1333333333),
        (Epsilon::new(0.1).relative_to(Statistic::Std), 0.1490711985),
    ];
    for (epsilon, expected) in cases {
        assert_close(three_points(epsilon).epsilon(), expected, TOLERANCE);
    }
}

#[test]
fn schedule() {
    let geometry = three_points(Epsilon::new(0.1).init(10.0).decay(0.9));
    for (k, expected) in [(0, 1.0), (1, 0.9), (10, 0.34867844), (21, 0.10941899), (22, 0.1)] {
        assert_close(geometry.epsilon_at(k), expected, 5e-9);
    }
    assert_close(geometry.epsilon(), 0.1, 0.0);
}

#[test]
fn annealed_iterations() {
    let problem = three_point_problem(Epsilon::new(0.5).init(8.0).decay(0.5));
    let expected = [0.9999978524, 0.9951661757, 0.8150511593, 0.0840828205, 0.0596403573, 0.0430726964];
    let solver = Sinkhorn::new().threshold(-1.0).max_iterations(6);
    let output = solver.clone().inner_iterations(1).solve(&problem).unwrap();
    assert_errors(output.errors(), &expected, TOLERANCE);
    // The schedule changes ε within a block, too.
    let output = solver.inner_iterations(3).solve(&problem).unwrap();
    assert_errors(output.errors(), &[expected[2], expected[5]], TOLERANCE);
}

#[test]
fn annealed_scalings_end_where_potentials_do() {
    let problem = three_point_problem(Epsilon::new(0.5).init(8.0).decay(0.5));
    let solver = Sinkhorn::new().threshold(1e-11);
    let potentials = solver.solve(&problem).unwrap();
    let scalings = solver.lse_mode(false).solve(&problem).unwrap();
    assert!(potentials.converged() && scalings.converged());
    assert_close(potentials.reg_ot_cost().unwrap(), scalings.reg_ot_cost().unwrap(), TOLERANCE);
}

#[test]
fn the_default_of_a_grid_is_that_of_its_points() {
    let axes = [vector(&[0.0, 0.5, 1.0]), vector(&[0.0, 0.3])];
    let grid = Grid::new(&axes, Epsilon::default()).unwrap();
    let points = grid.points();
    let cloud = Geometry::from(PointCloud::new(&points, &points, Epsilon::default()).unwrap());
    assert_close(Geometry::from(grid).epsilon(), 0.0187692494, TOLERANCE);
    assert_close(cloud.epsilon(), 0.0187692494, TOLERANCE);
}

#[test]
fn the_default_of_a_grid_of_equal_steps() {
    for dtype in [F32, F64] {
        let grid = Geometry::from(Grid::from_size([4, 5], dtype, Epsilon::default()).unwrap());
        assert_close(grid.epsilon(), 0.02158, 5e-6);
    }
}
