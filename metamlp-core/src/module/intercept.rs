//! Interceptors: user callbacks around every method call of a model, which see
//! the arguments and the output and may change their tensors.

use std::fmt;
use std::sync::Arc;

use metamlp_tensor::{Tensor, Tree};

use crate::module::capture::ModuleInfo;
use crate::module::inputs::{Given, Inputs};
use crate::variables::entry::Entry;

/// An intercepted method call that has not reached the method yet.
///
/// The interceptor that was set first is outermost: it is called first, and
/// [`proceed`](MethodCall::proceed) calls the next one or, after the last, the
/// method. An interceptor must return an [`Output`], which only a call gives, so
/// no call can be skipped. An output that is replaced is not computed.
pub struct MethodCall<'a> {
    module: ModuleInfo<'a>,
    method: &'static str,
    inputs: Inputs,
    inner: &'a [Interceptor],
    body: &'a mut dyn FnMut(Given) -> Option<Entry>,
}

impl<'a> MethodCall<'a> {
    pub(crate) fn new(
        module: ModuleInfo<'a>,
        method: &'static str,
        inputs: Inputs,
        interceptors: &'a [Interceptor],
        body: &'a mut dyn FnMut(Given) -> Option<Entry>,
    ) -> Self {
        Self { module, method, inputs, inner: interceptors, body }
    }

    /// The module whose method is called.
    #[must_use]
    pub fn module(&self) -> ModuleInfo<'a> {
        self.module
    }

    /// The method's name.
    #[must_use]
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// The arguments, as passed by the next outer interceptor.
    #[must_use]
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// Continues with the same arguments.
    pub fn proceed(self) -> Output {
        let inputs = self.inputs.clone();
        self.proceed_with(inputs)
    }

    /// Continues with other tensors among the arguments: those of
    /// [`inputs`](MethodCall::inputs) after an [`Inputs::map`].
    pub fn proceed_with(self, inputs: Inputs) -> Output {
        match self.inner.split_first() {
            None => self.call_method(inputs),
            Some((next, inner)) => (next.0)(MethodCall { inputs, inner, ..self }),
        }
    }

    /// Calls the method itself and skips the inner interceptors.
    pub fn call_method(self, inputs: Inputs) -> Output {
        Output::of((self.body)(Given::new(inputs)))
    }
}

impl fmt::Debug for MethodCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { module, method, inputs, .. } = self;
        f.debug_struct("MethodCall")
            .field("module", module)
            .field("method", method)
            .field("inputs", inputs)
            .finish_non_exhaustive()
    }
}

/// The output of a method call.
#[derive(Debug)]
pub struct Output {
    entry: Option<Entry>,
    is_changed: bool,
}

impl Output {
    /// An output that is not changed.
    pub(crate) fn of(entry: Option<Entry>) -> Self {
        Self { entry, is_changed: false }
    }

    /// The output's tensors, if it is a tree of tensors.
    #[must_use]
    pub fn entry(&self) -> Option<&Entry> {
        self.entry.as_ref()
    }

    /// Replaces each tensor of the output by the result of `f`. Outputs that borrow
    /// and outputs that are not trees do not change.
    #[must_use]
    pub fn map(mut self, mut f: impl FnMut(&Tensor) -> Tensor) -> Self {
        if let Some(entry) = &mut self.entry {
            *entry = entry.map(&mut f);
            self.is_changed = true;
        }
        self
    }

    /// The tensors, if they were replaced.
    pub(crate) fn changed(&self) -> Option<Vec<Tensor>> {
        self.entry.as_ref().filter(|_| self.is_changed).map(Tree::tensors)
    }
}

/// A user's function around method calls.
#[derive(Clone)]
pub(crate) struct Interceptor(Arc<dyn Fn(MethodCall<'_>) -> Output + Send + Sync>);

/// The active interceptors, shared by stack frames.
#[derive(Clone, Default)]
pub(crate) struct Interceptors(Option<Arc<[Interceptor]>>);

impl Interceptor {
    pub(crate) fn new(function: impl Fn(MethodCall<'_>) -> Output + Send + Sync + 'static) -> Self {
        Self(Arc::new(function))
    }
}

impl Interceptors {
    /// Adds an interceptor, which is called after the others.
    pub(crate) fn with(&self, interceptor: Interceptor) -> Self {
        Self(Some(self.list().iter().cloned().chain([interceptor]).collect()))
    }

    /// The interceptors, outermost first.
    pub(crate) fn list(&self) -> &[Interceptor] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl fmt::Debug for Interceptors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Interceptors({})", self.list().len())
    }
}
