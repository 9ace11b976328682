//! Random numbers with JAX's bits: keys, and samplers that are functions of a key and a shape.
//!
//! There is no hidden state. The same key gives the same numbers; new numbers need a new key ([`Key::split`],
//! [`Key::fold_in`]). Element `i` of a draw depends on the key and on `i` only, never on threads or the order of
//! execution. The generator is threefry-2x32 with JAX's default counters (`jax_threefry_partitionable`).
//!
//! All samplers draw JAX's bits. On a CPU the floats of [`uniform`], [`normal`] and [`truncated_normal`] equal JAX's too.
//! Those of the other samplers may differ in the last digits, because the logarithm or the tangent differs.
//!
//! Invalid arguments (an empty interval, probabilities of the wrong length) give a poisoned tensor.
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
