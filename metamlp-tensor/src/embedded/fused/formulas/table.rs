//! The formulas. The first one that matches a node is used, so a formula stands before the formulas that are parts of it.
//!
//! # How to add a formula
//!
//! 1. Print the plan of a model and find operations that run one after the other on `f32`.
//! 2. Add a line here, with the operations in the order of the graph. Write the leaves with one value for all elements
//!    after `;`. Mark it `in_place` if its first leaf is often a buffer that the result can replace.
//! 3. If it uses an operation that no other formula uses, add that operation to `value!` in `language.rs`.
//! 4. If it has more leaves than `MOST_LEAVES`, raise that number.
//!
//! Nothing else is needed: the tests in `tests.rs` run each formula of the table and compare its bits with those of the
//! single operations.

use std::sync::LazyLock;

use super::language::{formulas, in_place, tree, value};
use super::{Formula, Loop, Tree};
use crate::embedded::slices::lanes::{Lanes, elementwise};
use crate::graph::op::{Binary, Comparison, Unary};
use crate::math::arithmetic::Arithmetic;
use crate::math::simd::simd;

/// The invariant of every loop.
const LEAVES: &str = "a formula is given as many operands as it has leaves";

formulas! {
    gelu(x; bound, zero, cubic, scale, one, half) {
        is_beyond = (AtMost bound (Abs x));
        inside = (Unless is_beyond zero x);
        argument = (Mul inside (Add (Mul (Mul inside inside) cubic) scale));
        gated = (Mul inside (Mul (Add (Tanh argument) one) half));
        => (Select is_beyond (AtLeast x zero) gated)
    }
    silu(x; bound, zero) {
        is_beyond = (AtMost bound (Abs x));
        inside = (Unless is_beyond zero x);
        => (Select is_beyond (AtLeast x zero) (Mul inside (Logistic inside)))
    }
    adamw(before, moment, square; inverse, square_inverse, inside, outside, decay, rate) in_place {
        root = (Add (Sqrt (Add (Mul square square_inverse) inside)) outside);
        direction = (Add (Div (Mul moment inverse) root) (Mul before decay));
        => (Add before (Mul direction rate))
    }
    adam(before, moment, square; inverse, square_inverse, inside, outside, rate) in_place {
        root = (Add (Sqrt (Add (Mul square square_inverse) inside)) outside);
        => (Add before (Mul (Div (Mul moment inverse) root) rate))
    }
    adam_direction(moment, square; inverse, square_inverse, inside, outside) {
        => (Div (Mul moment inverse) (Add (Sqrt (Add (Mul square square_inverse) inside)) outside))
    }
    inverse_deviation(square, mean; zero, epsilon) {
        => (Rsqrt (Add (AtLeast (Sub square (Mul mean mean)) zero) epsilon))
    }
    square_moment(before, x; fresh, decay) in_place { => (Add (Mul fresh (Mul x x)) (Mul decay before)) }
    moment(before, x; fresh, decay) in_place { => (Add (Mul fresh x) (Mul decay before)) }
    descent(before, x; rate) in_place { => (Add before (Mul x rate)) }
    mul_add_square(a, b, c, d) { => (Add (Mul a b) (Mul (Mul c c) d)) }
    layer_norm(x, scale, bias; sum, squares, count, zero, epsilon) in_place {
        mean = (Div sum count);
        square = (Div squares count);
        factor = (Rsqrt (Add (AtLeast (Sub square (Mul mean mean)) zero) epsilon));
        => (Add (Mul (Sub x mean) (Mul factor scale)) bias)
    }
    normalize_row(x, scale, bias; mean, factor) in_place { => (Add (Mul (Sub x mean) (Mul factor scale)) bias) }
    normalize(x, mean, factor, scale, bias) { => (Add (Mul (Sub x mean) (Mul factor scale)) bias) }
    scale_shift(x, mean, factor, bias) { => (Add (Mul (Sub x mean) factor) bias) }
    sum_of_products(a, b, c, d) { => (Add (Mul a b) (Mul c d)) }
    difference_of_products(a, b, c, d) { => (Sub (Mul a b) (Mul c d)) }
    tanh_slope(a, y; one) { => (Mul a (Sub one (Mul y y))) }
    exp_difference_row(x; y) { => (Exp (Sub x y)) }
    exp_difference(x, y) { => (Exp (Sub x y)) }
    difference_scaled_row(x; y, factor) { => (Mul (Sub x y) factor) }
    difference_scaled(x, y, factor) { => (Mul (Sub x y) factor) }
    sum_scaled(x, y, factor) { => (Mul (Add x y) factor) }
    product_of_three(x, y, z) { => (Mul (Mul x y) z) }
    product_plus(x, y, z) { => (Add (Mul x y) z) }
    product_minus(x, y, z) { => (Sub (Mul x y) z) }
    minus_product(x, y, z) { => (Sub z (Mul x y)) }
    sum_of_three(x, y, z) { => (Add (Add x y) z) }
    sum_at_least(x, y; bound) { => (AtLeast (Add x y) bound) }
    relu_of_sum(x, y; zero) {
        sum = (Add x y);
        => (Select (AtMost sum zero) zero sum)
    }
    relu(x; zero) in_place { => (Select (AtMost x zero) zero x) }
    scaled_by_inverse(x; one, divisor) in_place { => (Mul x (Div one divisor)) }
    scaled(x; factor) in_place { => (Mul x factor) }
    at_least(x; bound) { => (AtLeast x bound) }
}
