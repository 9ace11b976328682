//! The type of initializers. The usual ones are in [`initializers`](crate::initializers).

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use metamlp_tensor::random::Key;
use metamlp_tensor::{DType, Tensor, with_caller};

/// A function from a key, a shape and a dtype to the initial value of a parameter, with a name for
/// printing.
///
/// ```
/// use metamlp::{F32, Initializer, Key, random};
/// let small = Initializer::new(|key, shape, dtype| random::normal_dtype(key, shape, dtype) * 1e-3);
/// assert_eq!(small.initialize(Key::new(0), &[2, 3], F32).shape(), [2, 3]);
/// ```
#[derive(Clone)]
pub struct Initializer {
    function: Arc<Function>,
    name: Cow<'static, str>,
    /// False for a function of the user's, whose errors name its own lines.
    is_built_in: bool,
}

type Function = dyn Fn(Key, &[usize], DType) -> Tensor + Send + Sync;

impl Initializer {
    /// A custom initializer. The tensor that it returns must have the shape and dtype of its arguments.
    pub fn new(function: impl Fn(Key, &[usize], DType) -> Tensor + Send + Sync + 'static) -> Self {
        Self::with_name("initializer", function)
    }

    /// A custom initializer with a name for printing.
    pub fn with_name(
        name: impl Into<Cow<'static, str>>,
        function: impl Fn(Key, &[usize], DType) -> Tensor + Send + Sync + 'static,
    ) -> Self {
        Self { function: Arc::new(function), name: name.into(), is_built_in: false }
    }

    /// An initializer of this library, whose errors name the line that calls [`initialize`](Initializer::initialize).
    pub(super) fn built_in(
        name: impl Into<Cow<'static, str>>,
        function: impl Fn(Key, &[usize], DType) -> Tensor + Send + Sync + 'static,
    ) -> Self {
        Self { is_built_in: true, ..Self::with_name(name, function) }
    }

    /// An initializer with another function and the name of this one.
    pub(crate) fn with_function(
        &self,
        function: impl Fn(Key, &[usize], DType) -> Tensor + Send + Sync + 'static,
    ) -> Self {
        Self { function: Arc::new(function), ..self.clone() }
    }

    /// Returns the initial value for a key, a shape and a dtype.
    #[track_caller]
    #[must_use]
    pub fn initialize(&self, key: Key, shape: &[usize], dtype: DType) -> Tensor {
        if self.is_built_in {
            return with_caller(Location::caller(), || (self.function)(key, shape, dtype));
        }
        (self.function)(key, shape, dtype)
    }

    /// The name for printing.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl From<&Initializer> for Initializer {
    fn from(initializer: &Initializer) -> Self {
        initializer.clone()
    }
}

impl<F> From<F> for Initializer
where
    F: Fn(Key, &[usize], DType) -> Tensor + Send + Sync + 'static,
{
    fn from(function: F) -> Self {
        Self::new(function)
    }
}

impl fmt::Debug for Initializer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
