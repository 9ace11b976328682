//! Random permutations, built on random bits and sorting.

use super::bits::bits;
use super::key::Key;
use crate::dtype::I32;
use crate::error::argument;
use crate::graph::node::Tensor;
use crate::graph::source::Source;

/// The numbers `0..n` in random order, as `i32[n]`. JAX's `random.permutation` of an integer.
///
/// Poisoned if `n` is larger than 2147483647.
///
/// ```
/// use metamlp_tensor::random::{self, Key};
/// let order = random::permutation(Key::new(42), 10).to_vec::<i32>()?;
/// assert_eq!(order, [7, 4, 2, 5, 3, 6, 8, 9, 0, 1]);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn permutation(key: impl Into<Key>, n: usize) -> Tensor {
    if i32::try_from(n).is_err() {
        let error = argument("permutation", "n", n, "at most 2147483647", Source::here());
        return Tensor::poison(error, [n], I32);
    }
    let mut key = key.into();
    let mut order: Option<Tensor> = None;
    for _ in 0..rounds(n) {
        let (next, sort) = key.split_in_two();
        key = next;
        let sorted = bits(sort, [n]).argsort(0);
        order = Some(match order {
            Some(order) => order.gather(&sorted, 0),
            None => sorted,
        });
    }
    order.unwrap_or_else(|| Tensor::arange(n, I32))
}

/// The rows (axis 0) of `x` in random order. JAX's `random.permutation` of an array.
///
/// Poisoned if `x` is a scalar.
///
/// ```
/// use metamlp_tensor::{Tensor, random::{self, Key}};
/// let x = Tensor::from_vec([3, 2], vec![0, 1, 10, 11, 20, 21]);
/// let rows = random::shuffle(Key::new(1), &x).to_vec::<i32>()?;
/// assert_eq!(rows.chunks(2).map(|row| row[1] - row[0]).collect::<Vec<_>>(), [1, 1, 1]);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn shuffle(key: impl Into<Key>, x: &Tensor) -> Tensor {
    match x.shape().first() {
        Some(&n) => x.gather(&permutation(key, n), 0),
        None => {
            let error = argument("shuffle", "x", x.ty(), "a tensor with at least one axis", Source::here());
            x.poisoned_like(error)
        }
    }
}

/// The number of times that `0..n` is sorted by random 32-bit keys. Two elements with equal keys in all rounds would keep
/// their order, and with this many rounds that is very unlikely. The formula is JAX's.
fn rounds(n: usize) -> usize {
    (3.0 * (n.max(1) as f64).ln() / f64::from(u32::MAX).ln()).ceil() as usize
}
