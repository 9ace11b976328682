//! A selection of parameters by their paths.

use std::fmt;
use std::sync::Arc;

use metamlp_tensor::TreePath;

/// A predicate on the path of a parameter.
#[derive(Clone)]
pub(super) struct Mask(Arc<dyn Fn(&TreePath) -> bool + Send + Sync>);

impl Mask {
    pub(super) fn new(mask: impl Fn(&TreePath) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(mask))
    }

    pub(super) fn contains(&self, path: &TreePath) -> bool {
        (self.0)(path)
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("mask")
    }
}
