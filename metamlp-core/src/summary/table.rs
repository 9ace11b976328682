//! The table of a model: the recorded calls and the options of what to show.

use super::rows::rows;
use super::{Row, Size};
use crate::module::record::CallRecord;
use crate::variables::Variables;

/// The calls, shapes and variables of a model, made by [`Module::tabulate`](crate::Module::tabulate).
///
/// Prints as Flax's table; [`to_markdown`](Table::to_markdown) and `to_html` (feature `html`) give
/// other formats, [`rows`](Table::rows) the data.
///
/// ```
/// use metamlp::prelude::*;
///
/// #[compact]
/// fn foo(x: &Tensor) -> Tensor {
///     let h = Dense::new(4).call(x);
///     Dense::new(2).call(&h)
/// }
///
/// let table = foo().tabulate(Key::new(0), |m| m.call(&Tensor::spec([16, 9], F32)))?;
/// println!("{}", table.clone().flops(true));
///
/// let rows = table.rows();
/// assert_eq!(rows[1].path, "Dense_0");
/// assert_eq!(rows[1].size("params").to_string(), "40 (160 B)");
/// assert_eq!(table.total().bytes, 200);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Table {
    /// The model's class.
    pub(super) class: &'static str,
    /// The calls of an abstract `init`.
    pub(super) calls: Vec<CallRecord>,
    /// The calls of an abstract `apply` with its variables.
    pub(super) applied: Vec<CallRecord>,
    /// The variables that `init` creates, as specs.
    pub(super) variables: Variables,
    pub(super) depth: Option<usize>,
    pub(super) show_repeated: bool,
    pub(super) flops: bool,
    pub(super) vjp_flops: bool,
}

impl Table {
    /// Hides modules that are more than `depth` levels below the model (level 0). Their variables count
    /// in the row of the nearest visible module.
    pub fn depth(mut self, depth: usize) -> Self {
        self.depth = Some(depth);
        self
    }

    /// Shows every call of a module, not only the first. Its variables count in the first.
    pub fn show_repeated(mut self, show: bool) -> Self {
        self.show_repeated = show;
        self
    }

    /// Shows the FLOPs of each call, submodules included, as counted by [`Cost`](metamlp_tensor::Cost).
    ///
    /// They are those of `apply` with the same mutable collections, so that a `BatchNorm` in training
    /// updates its averages. A module that `apply` calls differently from `init` has none.
    pub fn flops(mut self, show: bool) -> Self {
        self.flops = show;
        self
    }

    /// Shows the FLOPs of each call together with those of the gradient with respect to its inputs and
    /// variables, as in Flax.
    ///
    /// Variables that may be written are outputs of the call as well. The operations recorded by the
    /// gradient rules are counted: one operation per element less than JAX for `tanh`, one more for
    /// `x * x`.
    pub fn vjp_flops(mut self, show: bool) -> Self {
        self.vjp_flops = show;
        self
    }

    /// The rows, in the order of the calls.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        rows(self)
    }

    /// The model's class.
    #[must_use]
    pub fn class(&self) -> &'static str {
        self.class
    }

    /// The variables that `init` would create, as specs.
    #[must_use]
    pub fn variables(&self) -> &Variables {
        &self.variables
    }

    /// The collections, one per column.
    pub fn collections(&self) -> impl Iterator<Item = &str> {
        self.variables.names()
    }

    /// The size of all variables together.
    #[must_use]
    pub fn total(&self) -> Size {
        Size::of(&self.variables)
    }
}
