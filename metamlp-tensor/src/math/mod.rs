//! Elementary functions over `f32` and `f64`, for single numbers and for slices.
//!
//! Knows numbers and nothing else: no tensors, no shapes, no threads.
//!
//! [`log`], [`log1p`], [`erf`] and [`erf_inv`] repeat the arithmetic of XLA's CPU backend on machines with fused
//! multiply-add, rounding for rounding, because the samplers of [`crate::random`] use them and promise JAX's bits.
//! (One deliberate difference: XLA treats denormal numbers as zero.) The others only state an error bound. The `f32`
//! functions have no branches on data, so that a loop over them vectorises.
//!
//! All use fused multiply-add and give the same bits on every machine, except [`log`] in double precision, which calls the
//! platform's library. On an x86-64 processor without that instruction (before 2013) they are slow.
//!
//! - one number: `math::exp::exp_f32(x)`, or generically `Real::exp(x)`
//! - a slice: `Real::exp_slice(&x, &mut out)` or, in place, `Real::exp_in_place(&mut x)`, compiled for several
//!   instruction sets; the best one is chosen at run time

pub(crate) mod arithmetic;
pub mod erf;
pub mod erf_inv;
pub mod erfc;
pub mod exp;
pub mod log;
pub mod log1p;
pub mod logistic;
mod polynomial;
mod real;
pub mod rsqrt;
pub(crate) mod simd;
mod slices;
pub mod tanh;
#[cfg(test)]
mod ulps;

pub use real::Real;
