//! The choice of method calls whose outputs are stored in `intermediates`.

use std::fmt;
use std::sync::Arc;

/// The collection that captured outputs are stored in.
pub(crate) const INTERMEDIATES: &str = "intermediates";

/// A choice of method calls; see
/// [`Options::capture_intermediates`](crate::Options::capture_intermediates).
///
/// `true` chooses every method called `call`; [`Capture::only`] chooses by module and method.
#[derive(Clone)]
pub struct Capture(Option<Arc<Choose>>);

type Choose = dyn Fn(&ModuleInfo<'_>, &str) -> bool + Send + Sync;

/// The module whose method was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModuleInfo<'a> {
    /// The struct's name: `Dense`.
    pub class: &'static str,
    /// The names from the root to the module, joined by `/`: `encoder/Dense_0`; empty at the root.
    pub path: &'a str,
}

impl Capture {
    /// The calls for which `choose(module, method)` is true, helper methods included.
    ///
    /// ```
    /// use metamlp::{Options, Capture};
    /// let apply = Options::new().capture_intermediates(Capture::only(|module, _| module.class == "Dense"));
    /// ```
    pub fn only(choose: impl Fn(&ModuleInfo<'_>, &str) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(choose)))
    }

    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn takes(&self, module: &ModuleInfo<'_>, method: &str) -> bool {
        self.0.as_ref().is_some_and(|choose| choose(module, method))
    }
}

impl From<bool> for Capture {
    fn from(on: bool) -> Self {
        if on { Self::only(|_, method| method == "call") } else { Self(None) }
    }
}

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_on() { "Capture(some)" } else { "Capture(none)" })
    }
}
