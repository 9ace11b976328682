//! The loss and its closed-form gradient.

use metamlp_ot::{DualObjective, Grid, Sinkhorn, ZeroWeights};
use metamlp_tensor::{F64, Tensor, grad, value_and_grad};

use crate::support::*;

const F: [f64; 3] = [0.3, -0.2, 0.1];
const A: [f64; 3] = [0.5, 0.3, 0.2];
const B: [f64; 3] = [0.2, 0.3, 0.5];
/// Weights with an atom without mass.
const HOLED_A: [f64; 3] = [0.6, 0.0, 0.4];
const HOLED_B: [f64; 3] = [0.2, 0.8, 0.0];

fn objective(zero_weights: ZeroWeights) -> DualObjective {
    DualObjective::new(three_points(1.0)).zero_weights(zero_weights)
}

#[track_caller]
fn check(zero_weights: ZeroWeights, a: &[f64], b: &[f64], loss: f64, gradient: &[f64]) {
    let objective = objective(zero_weights);
    let (found, residual) = objective.loss_and_residual(&vector(&F), &vector(a), &vector(b));
    assert_close(found.item().unwrap(), loss, TOLERANCE);
    assert_all_close(&residual, gradient, TOLERANCE);
    let general = value_and_grad(&vector(&F), |f| objective.loss(f, &vector(a), &vector(b))).unwrap();
    assert_close(general.0.item().unwrap(), loss, TOLERANCE);
    assert_all_close(&general.1, gradient, TOLERANCE);
}

#[test]
fn positive_weights() {
    let gradient = [-0.2433086430, -0.0160787503, 0.2593873933];
    for zero_weights in [ZeroWeights::Masked, ZeroWeights::AsOtt] {
        check(zero_weights, &A, &B, -0.6946895298, &gradient);
    }
}

#[test]
fn zero_weights_as_in_ott() {
    let gradient = [-0.343308643, 0.2839212497, 0.0593873933];
    check(ZeroWeights::AsOtt, &HOLED_A, &B, -0.4480481827, &gradient);
    let gradient = [-0.0830250283, 0.4176253911, 1.0964882936];
    check(ZeroWeights::AsOtt, &A, &HOLED_B, 0.8288914188, &gradient);
}

#[test]
fn general_differentiation_agrees_where_weights_are_zero() {
    let objective = objective(ZeroWeights::Masked);
    for (a, b) in [(A, HOLED_B), (HOLED_A, B), (HOLED_A, HOLED_B)] {
        let (a, b) = (vector(&a), vector(&b));
        let general = grad(&vector(&F), |f| objective.loss(f, &a, &b)).unwrap();
        let (_, residual) = objective.loss_and_residual(&vector(&F), &a, &b);
        assert_all_close(&residual, &general.to_vec::<f64>().unwrap(), 1e-14);
        assert_close(residual.sum_all().item().unwrap(), 0.0, 1e-14);
        // The gradient at an atom without mass is zero.
        let pull = a.equal(0.0).select(&residual, 0.0);
        assert_all_close(&pull, &[0.0; 3], 0.0);
    }
}

#[test]
fn the_masked_loss_does_not_see_shifts() {
    let shifted = |zero_weights, shift: f64| {
        let (loss, residual) =
            objective(zero_weights).loss_and_residual(&(vector(&F) + shift), &vector(&A), &vector(&HOLED_B));
        (loss.item::<f64>().unwrap(), residual.to_vec::<f64>().unwrap())
    };
    let (loss, residual) = shifted(ZeroWeights::Masked, 0.0);
    for shift in [10.0, -10.0, 300.0] {
        let (other, same) = shifted(ZeroWeights::Masked, shift);
        assert_close(other, loss, 1e-12);
        assert_all_close(&vector(&same), &residual, 1e-12);
    }
    // OTT's loss with the same weights.
    assert_close(shifted(ZeroWeights::AsOtt, 10.0).0, 31_521.0, 0.5);
    assert_close(shifted(ZeroWeights::AsOtt, -10.0).0, -0.602, 5e-4);
}

#[test]
fn the_masked_loss_is_that_of_the_atoms_with_mass() {
    // The same without the second row and the third column.
    let cost = Tensor::from_vec([2, 2], vec![0.0, 1.0, 4.0, 1.0]);
    let smaller = DualObjective::new(metamlp_ot::CostMatrix::new(&cost, 1.0).unwrap());
    let expected = smaller.loss(&vector(&[0.3, 0.1]), &vector(&[0.6, 0.4]), &vector(&[0.2, 0.8]));
    let found = objective(ZeroWeights::Masked).loss(&vector(&F), &vector(&HOLED_A), &vector(&HOLED_B));
    assert_close(found.item().unwrap(), expected.item().unwrap(), 1e-15);
}

#[test]
fn the_least_loss_is_the_cost() {
    for (a, b) in [(A, B), (HOLED_A, HOLED_B)] {
        let solver = Sinkhorn::new().inner_iterations(1).threshold(1e-13).max_iterations(5000);
        let output = solver.solve(&problem(three_points(1.0), &a, &b)).unwrap();
        let (loss, residual) =
            objective(ZeroWeights::Masked).loss_and_residual(output.f(), &vector(&a), &vector(&b));
        assert_close(loss.item().unwrap(), -output.reg_ot_cost().unwrap(), 1e-12);
        assert_all_close(&residual, &[0.0; 3], 1e-12);
    }
    let f = vector(&[1.5787694012, -0.5280993316, -1.6634485492]);
    let loss = objective(ZeroWeights::Masked).loss(&f, &vector(&A), &vector(&B));
    assert_close(loss.item().unwrap(), -1.0866239622, TOLERANCE);
}

#[test]
fn a_batch_is_its_pairs() {
    let stack = |rows: [[f64; 3]; 2]| Tensor::from_vec([2, 3], rows.concat());
    let (f, a, b) = (stack([F, [0.0, 1.0, -1.0]]), stack([A, HOLED_A]), stack([HOLED_B, B]));
    for zero_weights in [ZeroWeights::Masked, ZeroWeights::AsOtt] {
        let objective = objective(zero_weights);
        let (losses, residuals) = objective.loss_and_residual(&f, &a, &b);
        assert_eq!((losses.shape(), residuals.shape()), (&[2][..], &[2, 3][..]));
        for i in 0..2 {
            let (loss, residual) = objective.loss_and_residual(&f.index(i), &a.index(i), &b.index(i));
            assert_close(losses.index(i).item().unwrap(), loss.item().unwrap(), 1e-14);
            assert_all_close(&residuals.index(i), &residual.to_vec::<f64>().unwrap(), 1e-14);
        }
    }
}

#[test]
fn gradients_on_a_grid_agree() {
    // With matrix products, and pairwise.
    for epsilon in [0.05, 0.0005] {
        let objective = DualObjective::new(Grid::from_size([4, 3], F64, epsilon).unwrap());
        let wave = |k: f64| ((Tensor::arange(24, F64) + 1.0) * k).sin().reshape([2, 12]);
        let weights = |k: f64| {
            let raw = (wave(k) + 0.3).maximum(0.0);
            &raw / raw.sum_keepdims([-1])
        };
        let (a, b, f) = (weights(0.9), weights(1.7), wave(0.4) * 0.2);
        let general = grad(&f, |f| objective.loss(f, &a, &b).sum_all()).unwrap();
        let (_, residual) = objective.loss_and_residual(&f, &a, &b);
        assert_all_close(&general, &residual.to_vec::<f64>().unwrap(), 1e-12);
    }
}

/// OTT differentiates `reg_ot_cost`, whose gradients at the optimum are `f − ε log a` and `g − ε log b`.
#[test]
fn gradients_by_the_weights_are_ott_s() {
    for epsilon in [1.0, 0.3] {
        let problem = three_point_problem(epsilon);
        let (a, b) = (problem.a(), problem.b());
        let solution = Sinkhorn::new().threshold(1e-13).solve(&problem).unwrap();
        let objective = DualObjective::new(problem.geometry());
        let by_a = grad(a, |a| objective.loss(solution.f(), a, b)).unwrap();
        let by_b = grad(b, |b| objective.loss(solution.f(), a, b)).unwrap();
        for (gradient, potential, weights) in [(by_a, solution.f(), a), (by_b, solution.g(), b)] {
            let expected = (potential - weights.log() * epsilon).to_vec::<f64>().unwrap();
            assert_all_close(&-gradient, &expected, 1e-9);
        }
    }
}
