//! A row of a table, as data.

use super::Size;
use crate::module::inputs::Inputs;
use crate::variables::Variables;
use crate::variables::entry::Entry;

/// A method call, as listed by [`Table::rows`](super::Table::rows).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Row {
    /// The names from the model to the module, joined by `/`; empty for the model itself.
    pub path: String,
    /// The module's class, `Dense` for instance.
    pub class: &'static str,
    /// The method, usually `call`.
    pub method: &'static str,
    /// The arguments; their tensors have shapes but no values.
    pub inputs: Inputs,
    /// The result; `None` if it is not a tree of tensors.
    pub output: Option<Entry>,
    /// The module's own variables by collection, as specs, without those of submodules. Empty for a
    /// repeated call.
    pub variables: Variables,
    /// The size of each collection: the module's own variables, and those of modules hidden by the
    /// table's depth.
    pub sizes: Vec<(String, Size)>,
    /// FLOPs of the forward pass, submodules included. `None` unless the table was asked for them, or
    /// if `apply` does not make the call that `init` makes.
    pub flops: Option<u64>,
    /// FLOPs of the forward and the backward pass, likewise.
    pub vjp_flops: Option<u64>,
}

impl Row {
    /// The size of a collection in this row.
    #[must_use]
    pub fn size(&self, collection: &str) -> Size {
        self.sizes.iter().find(|(name, _)| name == collection).map_or_else(Size::default, |(_, size)| *size)
    }

    /// The size of all collections in this row.
    #[must_use]
    pub fn total(&self) -> Size {
        self.sizes.iter().map(|(_, size)| *size).sum()
    }

    /// The number of modules above this one; 0 for the model.
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
