//! Random numbers with JAX's bits: keys, and samplers that are functions of a key and a shape.
//!
//! There is no hidden state: the same key gives the same numbers, and new numbers come of a new key
//! ([`Key::split`], [`Key::fold_in`]). Element `i` of a draw depends on the key and on `i` alone, never on a thread
//! or the order of work. The generator is threefry-2x32 as JAX numbers it by default (`jax_threefry_partitionable`).
//!
//! The bits of every sampler are JAX's. So are the floats of [`uniform`], [`normal`] and [`truncated_normal`] on a
//! CPU; the others may differ in the last places where JAX's logarithm or tangent does.
//!
//! A sampler's arguments that no value could satisfy (an empty interval, probabilities of the wrong length) give a
//! poisoned tensor.
//!
//! ```
//! use metamlp_tensor::random::{self, Key};
//! let [weights, noise] = Key::new(42).split(2).try_into().unwrap();
//! let w = random::normal(&weights, [784, 10]);
//! let x = random::uniform(&noise, [32, 784]);
//! assert_eq!(x.matmul(&w).shape(), [32, 10]);
//! ```

mod bits;
mod categorical;
mod continuous;
mod discrete;
mod key;
mod key_rng;
mod normal;
mod permutation;
pub mod threefry;
mod uniform;

pub use bits::bits;
pub use categorical::{categorical, choice};
pub use continuous::{cauchy, exponential, gumbel, laplace, logistic};
pub use discrete::{bernoulli, rademacher, randint};
pub use key::Key;
pub use key_rng::KeyRng;
pub use normal::{normal, normal_dtype, truncated_normal};
pub use permutation::{permutation, shuffle};
pub use uniform::{uniform, uniform_range};
