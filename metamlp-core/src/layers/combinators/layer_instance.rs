//! The module inside a wrapping layer: of any type, called by its method `call`.

use std::fmt;

use super::layer::Chained;
use crate::__private::{Submodules, Visit};

/// A module of any type with a method `call`, wrapped by another layer,
/// [`WeightNorm`](crate::layers::WeightNorm) for instance.
///
/// A clone holds a clone of the module, which has an identity of its own.
#[derive(Clone)]
pub struct LayerInstance(Box<dyn Chained>);

impl<M: Chained + 'static> From<M> for LayerInstance {
    fn from(module: M) -> Self {
        Self(Box::new(module))
    }
}

impl LayerInstance {
    pub(in crate::layers) fn module(&self) -> &dyn Chained {
        &*self.0
    }
}

impl Submodules for LayerInstance {
    fn submodules(&self, name: &str, visit: &mut Visit<'_>) {
        visit(name, &*self.0);
    }
}

impl fmt::Debug for LayerInstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
