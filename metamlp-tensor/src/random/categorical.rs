//! Samplers of categories: `categorical` and `choice`, built on Gumbel noise, integers and permutations.

use super::continuous::gumbel;
use super::discrete::randint;
use super::key::Key;
use super::permutation::permutation;
use super::uniform::unit;
use crate::dtype::I32;
use crate::error::argument;
use crate::graph::node::Tensor;
use crate::graph::source::Source;
use crate::shape::{Axes, Shape};

/// Draws from categorical distributions, as `i32`, by the Gumbel-max trick. JAX's `random.categorical`.
///
/// `logits` are unnormalised log probabilities along `axis`; the other axes are a batch of distributions. The shape of
/// the batch must broadcast to `shape`, the shape of the result. By default there is one draw from each distribution.
/// Poisoned if the shapes do not fit, or `axis` is empty.
///
/// ```
/// use metamlp_tensor::{Tensor, random::{self, Key}};
/// let logits = Tensor::from_vec([2, 3], vec![0.0_f32, -1e9, -1e9, -1e9, -1e9, 0.0]);
/// let one = random::categorical(Key::new(0), &logits, -1, None);
/// assert_eq!(one.to_vec::<i32>()?, [0, 2]);
/// assert_eq!(random::categorical(Key::new(0), &logits, -1, Some(&[50, 2])).shape(), [50, 2]);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn categorical(key: impl Into<Key>, logits: &Tensor, axis: isize, shape: Option<&[usize]>) -> Tensor {
    let poison = |error| Tensor::poison(error, shape.unwrap_or(&[]), I32);
    let axis = match logits.resolve_axis("categorical", axis) {
        Ok(axis) => axis,
        Err(error) => return poison(error),
    };
    if logits.shape()[axis] == 0 {
        let error = argument(
            "categorical",
            "logits",
            logits.ty(),
            "at least one category along the axis",
            Source::here(),
        );
        return poison(error);
    }
    let mut batch = Axes::from(logits.shape());
    let alternatives = batch.remove(axis);
    let shape = shape.unwrap_or(&batch);
    if !broadcasts(&batch, shape) {
        let expected = format!("a shape to which the batch {} broadcasts", Shape::from(&batch[..]));
        let error = argument("categorical", "shape", Shape::from(shape), expected, Source::here());
        return poison(error);
    }
    let logits = logits.convert(logits.dtype().to_inexact());
    let mut noise = Axes::from(shape);
    let axis = shape.len() - batch.len() + axis;
    noise.insert(axis, alternatives);
    (gumbel(key, &noise, logits.dtype()) + logits).argmax(axis as isize)
}

/// Draws from `0..n`, as `i32`, of `shape`. JAX's `random.choice` of an integer. To choose rows of a tensor,
/// [`take`](Tensor::take) the rows with these numbers.
///
/// With `replace` a number may be drawn several times. `p` are the unnormalised probabilities of the `n` numbers, `[n]`;
/// by default all are equal. Poisoned if `p` has another shape, or if there are more draws than numbers without
/// `replace`.
///
/// ```
/// use metamlp_tensor::{Tensor, random::{self, Key}};
/// let key = Key::new(42);
/// assert_eq!(random::choice(&key, 6, [4], false, None).to_vec::<i32>()?, [4, 2, 5, 3]);
/// let p = Tensor::from_vec([4], vec![0.1_f32, 0.2, 0.3, 0.4]);
/// assert_eq!(random::choice(&key, 4, [3], true, Some(&p)).to_vec::<i32>()?, [2, 2, 2]);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn choice(
    key: impl Into<Key>,
    n: usize,
    shape: impl AsRef<[usize]>,
    replace: bool,
    p: Option<&Tensor>,
) -> Tensor {
    let shape = Shape::from(shape.as_ref());
    let draws = shape.size();
    if draws == 0 {
        return Tensor::zeros(shape, I32);
    }
    let limit = match i32::try_from(n) {
        Ok(limit) if limit > 0 && (replace || draws <= n) => limit,
        _ => {
            let expected = match replace {
                true => "in 1..=2147483647".to_owned(),
                false => format!("in {draws}..=2147483647, at least the number of draws"),
            };
            return Tensor::poison(argument("choice", "n", n, expected, Source::here()), shape, I32);
        }
    };
    if let Some(p) = p.filter(|p| p.shape() != [n]) {
        let expected = format!("probabilities of shape [{n}]");
        return Tensor::poison(argument("choice", "p", p.ty(), expected, Source::here()), shape, I32);
    }
    let key = key.into();
    match (p.map(|p| p.convert(p.dtype().to_inexact())), replace) {
        (None, true) => randint(key, shape, 0, limit),
        (None, false) => permutation(key, n).slice_axis(0, 0, draws).reshape(shape),
        (Some(p), true) => {
            let cumulative = p.cumsum(0);
            let target = cumulative.index(n - 1) * (1.0 - unit(&key, &shape, p.dtype()));
            first_not_below(&cumulative, &target)
        }
        (Some(p), false) => {
            // The numbers with the highest perturbed log probabilities, in order.
            let perturbed = gumbel(key, [n], p.dtype()) + p.log();
            (-perturbed).argsort(0).slice_axis(0, 0, draws).reshape(shape)
        }
    }
}

/// For each element of `targets`, the index of the first number in `sorted` (`[n]`, ascending) that is not below it, or
/// the last index if there is none.
#[track_caller]
fn first_not_below(sorted: &Tensor, targets: &Tensor) -> Tensor {
    let last = sorted.size() - 1;
    let mut found = Tensor::zeros(targets.shape(), I32);
    // Binary search: finds the bits of the index from the highest one.
    let mut step = (last + 1).next_power_of_two();
    while step > 1 {
        step /= 2;
        let next = &found + step as i32;
        let below = sorted.gather(&(&next - 1), 0).less(targets);
        let inside = next.less_equal(last as i32);
        found = below.and(inside).select(next, found);
    }
    found
}

/// True if `from` broadcasts to exactly `to`.
fn broadcasts(from: &[usize], to: &[usize]) -> bool {
    from.len() <= to.len()
        && from.iter().rev().zip(to.iter().rev()).all(|(&own, &extent)| own == extent || own == 1)
}
