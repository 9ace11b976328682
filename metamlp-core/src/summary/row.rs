//! One line of a table, as data.

use super::Size;
use crate::module::inputs::Inputs;
use crate::variables::Variables;
use crate::variables::entry::Entry;

/// A call of a module's method, as [`Table::rows`](super::Table::rows) lists them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Row {
    /// The names from the model to the module, joined by `/`; empty at the model itself.
    pub path: String,
    /// The module's class: `Dense`.
    pub class: &'static str,
    /// The method that was called, `call` mostly.
    pub method: &'static str,
    /// What it was called with; the tensors have shapes and no values.
    pub inputs: Inputs,
    /// What it returned; none of what is no tree of tensors.
    pub output: Option<Entry>,
    /// The module's own variables by collection, as specs, without its
    /// submodules'. Empty in a repeated call.
    pub variables: Variables,
    /// What counts in this row by collection: the variables, and those of the
    /// modules that the table's depth hides.
    pub sizes: Vec<(String, Size)>,
    /// The forward pass, its submodules included; none unless the table was
    /// asked for it, or if `apply` does not make the call that `init` makes.
    pub flops: Option<u64>,
    /// The forward and the backward pass, likewise.
    pub vjp_flops: Option<u64>,
}

impl Row {
    /// What counts in this row of a collection.
    #[must_use]
    pub fn size(&self, collection: &str) -> Size {
        self.sizes.iter().find(|(name, _)| name == collection).map_or_else(Size::default, |(_, size)| *size)
    }

    /// What counts in this row of all collections.
    #[must_use]
    pub fn total(&self) -> Size {
        self.sizes.iter().map(|(_, size)| *size).sum()
    }

    /// How many modules it is below the model.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.path.split('/').filter(|name| !name.is_empty()).count()
    }

    /// The class, and the method if it is not `call`: `AutoEncoder (encode)`.
    #[must_use]
    pub fn title(&self) -> String {
        match self.method {
            "call" => self.class.to_owned(),
            method => format!("{} ({method})", self.class),
        }
    }
}
