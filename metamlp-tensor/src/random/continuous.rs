//! Continuous samplers that apply one formula to a uniform number.

use super::key::Key;
use super::uniform::{affine, epsilon, tiny, unit};
use crate::dtype::DType;
use crate::graph::node::Tensor;

/// Numbers from the standard Gumbel distribution, `-ln(-ln u)`, of `shape`. JAX's `random.gumbel`.
/// `dtype` is `F32` or `F64`.
///
/// ```
/// use metamlp_tensor::{F32, random::{self, Key}};
/// let g = random::gumbel(Key::new(42), [2], F32).to_vec::<f32>()?;
/// assert_eq!(g, [0.3340934, 0.95201945]);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn gumbel(key: impl Into<Key>, shape: impl AsRef<[usize]>, dtype: DType) -> Tensor {
    -(-positive_unit(&key.into(), shape.as_ref(), dtype).log()).log()
}

/// Numbers from the exponential distribution with rate 1, `-ln(1 - u)`, of `shape`. JAX's `random.exponential`.
/// `dtype` is `F32` or `F64`.
///
/// ```
/// use metamlp_tensor::{F32, random::{self, Key}};
/// let x = random::exponential(Key::new(42), [100], F32);
/// assert!(x.min_all().item::<f32>()? >= 0.0);
/// # Ok::<(), metamlp_tensor::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn exponential(key: impl Into<Key>, shape: impl AsRef<[usize]>, dtype: DType) -> Tensor {
    -(-unit(&key.into(), shape.as_ref(), dtype)).log1p()
}

/// Numbers from the standard Laplace distribution, `sign(u) ln(1 - |u|)` with `u` in (-1, 1), of `shape`. JAX's
/// `random.laplace`. `dtype` is `F32` or `F64`.
///
/// ```
/// use metamlp_tensor::{F64, random::{self, Key}};
/// let x = random::laplace(Key::new(42), [3, 2], F64);
/// assert_eq!((x.shape(), x.dtype()), (&[3, 2][..], F64));
/// ```
#[track_caller]
#[must_use]
pub fn laplace(key: impl Into<Key>, shape: impl AsRef<[usize]>, dtype: DType) -> Tensor {
    let above_minus_one = -1.0 + epsilon(dtype) / 2.0;
    let u = affine(&unit(&key.into(), shape.as_ref(), dtype), above_minus_one, 1.0);
    u.sign() * (-u.abs()).log1p()
}

/// Numbers from the standard Cauchy distribution, `tan(pi (u - 1/2))`, of `shape`. JAX's `random.cauchy`.
/// `dtype` is `F32` or `F64`.
///
/// ```
/// use metamlp_tensor::{F32, random::{self, Key}};
/// assert_eq!(random::cauchy(Key::new(42), [3, 2], F32).shape(), [3, 2]);
/// ```
#[track_caller]
#[must_use]
pub fn cauchy(key: impl Into<Key>, shape: impl AsRef<[usize]>, dtype: DType) -> Tensor {
    let u = affine(&unit(&key.into(), shape.as_ref(), dtype), epsilon(dtype), 1.0);
    ((u - 0.5) * std::f64::consts::PI).tan()
}

/// Numbers from the standard logistic distribution, `ln u - ln(1 - u)`, of `shape`. JAX's `random.logistic`.
/// `dtype` is `F32` or `F64`.
///
/// ```
/// use metamlp_tensor::{F32, random::{self, Key}};
/// assert_eq!(random::logistic(Key::new(42), [3, 2], F32).shape(), [3, 2]);
/// ```
#[track_caller]
#[must_use]
pub fn logistic(key: impl Into<Key>, shape: impl AsRef<[usize]>, dtype: DType) -> Tensor {
    let u = positive_unit(&key.into(), shape.as_ref(), dtype);
    u.log() - (-u).log1p()
}

/// Uniform numbers in `[0, 1)`, with 0 replaced by the smallest positive normal number.
#[track_caller]
fn positive_unit(key: &Key, shape: &[usize], dtype: DType) -> Tensor {
    unit(key, shape, dtype).maximum(tiny(dtype))
}
