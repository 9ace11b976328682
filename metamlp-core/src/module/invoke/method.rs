//! The table of a module's methods, which `#[compact]` generates.

use std::fmt;

use super::{BoundArguments, Refusal};
use crate::variables::entry::Entry;

/// The methods of a module, which can be called by name.
///
/// `#[compact]` implements it on the block with the method `call` (there is only
/// one such block) and on a function. Used by [`Module::invoke`](crate::Module::invoke).
///
/// ```
/// use metamlp::invoke::Methods;
/// use metamlp::prelude::*;
/// let signatures: Vec<_> = Dense::new(3).methods().iter().map(ToString::to_string).collect();
/// assert_eq!(signatures, ["call(x: &Tensor) -> Tensor"]);
/// ```
pub trait Methods {
    /// The methods that enter the module's scope, in the order of the block.
    fn methods(&self) -> &'static [Method];

    /// Calls a method; `None` if the output has no tensors.
    #[doc(hidden)]
    #[track_caller]
    fn run(&self, given: &BoundArguments<'_>) -> Invoked;
}

/// A module with a table of methods. A trait of its own, so that an error does not list all implementations of [`Methods`].
#[diagnostic::on_unimplemented(
    message = "the methods of `{Self}` cannot be called by their names",
    label = "`{Self}` has no table of its methods",
    note = "the `#[compact] impl {Self}` block with the method `call` writes the table: give the module a `call`, and \
            move the methods to be called by name into its block"
)]
pub trait Invocable: Methods {}

#[diagnostic::do_not_recommend]
impl<M: Methods + ?Sized> Invocable for M {}

/// The result of a call by name: the output's tensors, `None` if it has none, or
/// the refusal of a parameter.
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

    /// Marks a method that cannot be called by name because of that part of its signature.
    #[doc(hidden)]
    #[must_use]
    pub const fn hindered_by(self, obstacle: &'static str) -> Self {
        Self { obstacle: Some(obstacle), ..self }
    }

    /// A method that takes any arguments.
    pub(crate) const fn of_any_arguments(name: &'static str) -> Self {
        Self { takes_all: true, ..Self::new(name, &[("..", "")], "..") }
    }

    /// The method's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The names and types of the parameters, as written.
    #[must_use]
    pub const fn parameters(&self) -> &'static [(&'static str, &'static str)] {
        self.parameters
    }

    /// The type of the output, as written.
    #[must_use]
    pub const fn output(&self) -> &'static str {
        self.output
    }

    /// The part of the signature that prevents a call by name.
    pub(super) const fn obstacle(&self) -> Option<&'static str> {
        self.obstacle
    }

    pub(super) const fn takes_all(&self) -> bool {
        self.takes_all
    }

    /// The signature without output: `call(x: &Tensor, train: bool)`.
    pub(super) fn without_output(&self) -> String {
        let parameters: Vec<_> = self.parameters.iter().copied().map(spelled).collect();
        format!("{}({})", self.name, parameters.join(", "))
    }
}

/// A parameter as `train: bool`.
pub(super) fn spelled((name, ty): (&str, &str)) -> String {
    if ty.is_empty() { name.to_owned() } else { format!("{name}: {ty}") }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.without_output())?;
        if self.output.is_empty() { Ok(()) } else { write!(f, " -> {}", self.output) }
    }
}
