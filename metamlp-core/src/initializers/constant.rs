//! Constant initializers.

use std::sync::LazyLock;

use metamlp_tensor::Tensor;

use crate::initializers::initializer::Initializer;

/// Zeros.
///
/// ```
/// use metamlp::{F32, Key, initializers::zeros};
/// assert_eq!(zeros().initialize(Key::new(0), &[2], F32).to_vec::<f32>()?, [0.0, 0.0]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[must_use]
pub fn zeros() -> Initializer {
    static ZEROS: LazyLock<Initializer> =
        LazyLock::new(|| Initializer::built_in("zeros", |_, shape, dtype| Tensor::zeros(shape, dtype)));
    ZEROS.clone()
}

/// Ones.
#[must_use]
pub fn ones() -> Initializer {
    static ONES: LazyLock<Initializer> =
        LazyLock::new(|| Initializer::built_in("ones", |_, shape, dtype| Tensor::ones(shape, dtype)));
    ONES.clone()
}

/// The constant `value`, converted to the parameter's dtype.
///
/// ```
/// use metamlp::{F32, Key, initializers::constant};
/// assert_eq!(constant(2.5).initialize(Key::new(0), &[2], F32).to_vec::<f32>()?, [2.5, 2.5]);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[must_use]
pub fn constant(value: f64) -> Initializer {
    Initializer::built_in(format!("constant({value})"), move |_, shape, dtype| {
        Tensor::full(shape, value, dtype)
    })
}
