//! The options of `init` and `apply`: random streams, mutable collections, capture, interceptors.

use metamlp_tensor::random::Key;

use crate::module::capture::{Capture, INTERMEDIATES};
use crate::module::intercept::{Interceptor, Interceptors, MethodCall, Output};
use crate::module::record::Record;
use crate::scope::rngs::Rngs;
use crate::variables::filter::Filter;

/// The options of [`apply`](crate::Module::apply) and its family, `init` included.
///
/// ```
/// use metamlp::{Options, Key};
/// let options = Options::new()
///     .rng("dropout", Key::new(1))
///     .mutable(["batch_stats"])
///     .capture_intermediates(true);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Options {
    rngs: Rngs,
    mutable: Option<Filter>,
    capture: Option<Capture>,
    interceptors: Interceptors,
    record: Option<Record>,
    preserve_adopted_names: bool,
}

impl Options {
    /// No streams and no capture. By default no collection is mutable in `apply`,
    /// and all but `intermediates` are in `init`.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a random stream.
    #[must_use]
    pub fn rng(mut self, stream: impl Into<String>, key: impl Into<Key>) -> Self {
        self.rngs = self.rngs.with(stream, key);
        self
    }

    /// Adds random streams.
    #[must_use]
    pub fn rngs(mut self, rngs: impl Into<Rngs>) -> Self {
        self.rngs.merge(&rngs.into());
        self
    }

    /// The collections that may be written and are returned.
    #[must_use]
    pub fn mutable(mut self, collections: impl Into<Filter>) -> Self {
        self.mutable = Some(collections.into());
        self
    }

    /// Stores the outputs of module calls in the collection `intermediates`,
    /// under the module's path and the method's name, as a tuple with one entry per
    /// call. The collection becomes mutable.
    #[must_use]
    pub fn capture_intermediates(mut self, capture: impl Into<Capture>) -> Self {
        self.capture = Some(capture.into()).filter(Capture::is_on);
        self
    }

    /// Passes every method call to `interceptor`, which runs inside the
    /// interceptors given before (Flax's `intercept_methods`). It can observe the
    /// call and change the tensors of the arguments and of the output.
    ///
    /// ```
    /// use metamlp::prelude::*;
    ///
    /// let model = Dense::new(3);
    /// let x = Tensor::ones([1, 2], F32);
    /// let variables = model.init(Key::new(0), |m| m.call(&x))?;
    /// let doubling = Options::new().intercept_methods(|call| call.proceed().map(|y| y * 2.0));
    /// let twice = model.apply(&variables, doubling, |m| m.call(&x))?;
    /// let once = model.apply(&variables, Options::new(), |m| m.call(&x))?;
    /// assert_eq!(twice.to_vec::<f32>()?, (once * 2.0).to_vec::<f32>()?);
    /// # Ok::<(), metamlp::Error>(())
    /// ```
    #[must_use]
    pub fn intercept_methods(
        mut self,
        interceptor: impl Fn(MethodCall<'_>) -> Output + Send + Sync + 'static,
    ) -> Self {
        self.interceptors = self.interceptors.with(Interceptor::new(interceptor));
        self
    }

    /// The mutable collections, or `default` if none were set.
    pub(crate) fn mutable_or(&self, default: impl Into<Filter>) -> Filter {
        let mutable = self.mutable.clone().unwrap_or_else(|| default.into());
        match self.capture {
            Some(_) => mutable.union(&INTERMEDIATES.into()),
            None => mutable,
        }
    }

    /// Keeps the name that a module in a field was [`named`] by, instead of the
    /// field's: for checkpoints written under Flax's `flax_preserve_adopted_names`.
    ///
    /// [`named`]: macro@crate::module
    #[must_use]
    pub fn preserve_adopted_names(mut self) -> Self {
        self.preserve_adopted_names = true;
        self
    }

    pub(crate) fn preserves_adopted_names(&self) -> bool {
        self.preserve_adopted_names
    }

    /// Records every method call in `record`.
    pub(crate) fn recorded(mut self, record: &Record) -> Self {
        self.record = Some(record.clone());
        self
    }

    pub(crate) fn interceptors(&self) -> &Interceptors {
        &self.interceptors
    }

    pub(crate) fn into_parts(self) -> (Rngs, Option<Capture>, Option<Record>) {
        (self.rngs, self.capture, self.record)
    }
}

impl From<Rngs> for Options {
    fn from(rngs: Rngs) -> Self {
        Self::new().rngs(rngs)
    }
}

impl From<Key> for Options {
    fn from(key: Key) -> Self {
        Rngs::from(key).into()
    }
}

impl From<&Key> for Options {
    fn from(key: &Key) -> Self {
        Rngs::from(key).into()
    }
}

impl<N: Into<String>, const LEN: usize> From<[(N, Key); LEN]> for Options {
    fn from(streams: [(N, Key); LEN]) -> Self {
        Rngs::from(streams).into()
    }
}

/// No options.
impl From<()> for Options {
    fn from((): ()) -> Self {
        Self::new()
    }
}
