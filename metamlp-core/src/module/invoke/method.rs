//! The table of a module's methods, which `#[compact]` writes.

use std::fmt;

use super::{BoundArguments, Refusal};
use crate::variables::entry::Entry;

/// What a module's methods are called, and how to call one by its name.
///
/// `#[compact]` implements it for the block of a module that has the method
/// `call` (there is one such block, since a type's method names are unique),
/// and for a function. It is what [`Module::invoke`](crate::Module::invoke) asks.
///
/// ```
/// use metamlp::Methods;
/// use metamlp::prelude::*;
/// let signatures: Vec<_> = Dense::new(3).methods().iter().map(ToString::to_string).collect();
/// assert_eq!(signatures, ["call(x: &Tensor) -> Tensor"]);
/// ```
pub trait Methods {
    /// The methods that enter the module's scope, as they stand in the block.
    fn methods(&self) -> &'static [Method];

    /// Calls a method; the output is `None` where it holds no tensors.
    #[doc(hidden)]
    #[track_caller]
    fn run(&self, given: &BoundArguments<'_>) -> Invoked;
}

/// A module with a table. Apart from it, so that an error does not list every module there is.
#[diagnostic::on_unimplemented(
    message = "the methods of `{Self}` cannot be called by their names",
    label = "`{Self}` has no table of its methods",
    note = "the `#[compact] impl {Self}` block with the method `call` writes the table: give the module a `call`, and \
            move the methods to be called by name into its block"
)]
pub trait Invocable: Methods {}

#[diagnostic::do_not_recommend]
impl<M: Methods + ?Sized> Invocable for M {}

/// What a call by name gives: the output's tensors, if there are any, unless
/// a parameter refused its argument.
pub type Invoked = Result<Option<Entry>, Refusal>;

/// A method of a module; prints as its signature.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    name: &'static str,
    parameters: &'static [(&'static str, &'static str)],
    output: &'static str,
    obstacle: Option<&'static str>,
    takes_all: bool,
}

impl Method {
    /// A method with the names and types of its parameters, and the type of its output.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(
        name: &'static str,
        parameters: &'static [(&'static str, &'static str)],
        output: &'static str,
    ) -> Self {
        Self { name, parameters, output, obstacle: None, takes_all: false }
    }

    /// The same, but for that part of the signature no value can be made at run time.
    #[doc(hidden)]
    #[must_use]
    pub const fn hindered_by(self, obstacle: &'static str) -> Self {
        Self { obstacle: Some(obstacle), ..self }
    }

    /// A method that takes whatever it is given.
    pub(crate) const fn of_any_arguments(name: &'static str) -> Self {
        Self { takes_all: true, ..Self::new(name, &[("..", "")], "..") }
    }

    /// What it is called.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The names and types of its parameters, as they are written.
    #[must_use]
    pub const fn parameters(&self) -> &'static [(&'static str, &'static str)] {
        self.parameters
    }

    /// The type of its output, as it is written.
    #[must_use]
    pub const fn output(&self) -> &'static str {
        self.output
    }

    /// The part of the signature that keeps it from being called by its name.
    pub(super) const fn obstacle(&self) -> Option<&'static str> {
        self.obstacle
    }

    pub(super) const fn takes_all(&self) -> bool {
        self.takes_all
    }

    /// `call(x: &Tensor, train: bool)`.
    pub(super) fn without_output(&self) -> String {
        let parameters: Vec<_> = self.parameters.iter().copied().map(spelled).collect();
        format!("{}({})", self.name, parameters.join(", "))
    }
}

/// `train: bool`.
pub(super) fn spelled((name, ty): (&str, &str)) -> String {
    if ty.is_empty() { name.to_owned() } else { format!("{name}: {ty}") }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.without_output())?;
        if self.output.is_empty() { Ok(()) } else { write!(f, " -> {}", self.output) }
    }
}
