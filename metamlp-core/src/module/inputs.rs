//! The arguments of a method call as observers see them: the name of each, and
//! its tensors or its value as text. Knows nothing of scopes.

use std::fmt::Display;

use metamlp_tensor::{Tensor, Tree};

use crate::variables::entry::Entry;

/// The arguments of a method call, in their order.
///
/// Tensors and trees of tensors are kept as an [`Entry`]; numbers, `bool`s and
/// strings as text. Other arguments are left out.
#[derive(Clone, Debug, Default)]
pub struct Inputs(Vec<(&'static str, Input)>);

/// One argument.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Input {
    /// A tensor or a tree of tensors.
    Tree(Entry),
    /// A number, a `bool` or a string, as text.
    Value(String),
}

impl Inputs {
    /// The names and the arguments.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&'static str, &Input)> {
        self.0.iter().map(|(name, input)| (*name, input))
    }

    /// The argument of that name, if it is a tree.
    #[must_use]
    pub fn tree(&self, name: &str) -> Option<&Entry> {
        self.0.iter().find_map(|(known, input)| match input {
            Input::Tree(entry) if *known == name => Some(entry),
            _ => None,
        })
    }

    /// Replaces each tensor by the result of `f`, which also gets the argument's name.
    #[must_use]
    pub fn map(mut self, mut f: impl FnMut(&'static str, &Tensor) -> Tensor) -> Self {
        for (name, input) in &mut self.0 {
            if let Input::Tree(entry) = input {
                *entry = entry.map(&mut |tensor| f(name, tensor));
            }
        }
        self
    }
}

/// For the macros' expansion, which describes the arguments of a call.
impl Inputs {
    /// Adds an argument, if it is a `Tree`.
    #[doc(hidden)]
    pub fn add(&mut self, name: &'static str, entry: Option<Entry>) {
        self.0.extend(entry.map(|entry| (name, Input::Tree(entry))));
    }

    /// Adds an argument as text.
    #[doc(hidden)]
    pub fn add_value(&mut self, name: &'static str, value: impl Display) {
        self.0.push((name, Input::Value(value.to_string())));
    }
}

/// The arguments with which observers replace those of the call; none if the call keeps its own.
#[doc(hidden)]
#[derive(Clone, Debug, Default)]
pub struct Given(Option<Inputs>);

impl Given {
    /// The call keeps its own arguments.
    pub(crate) const OWN: Self = Self(None);

    pub(crate) fn new(inputs: Inputs) -> Self {
        Self(Some(inputs))
    }

    /// `own` with the tensors that replace the argument's; `None` if it is not replaced.
    pub(crate) fn replace<T: Tree>(&self, name: &str, own: &T) -> Option<T> {
        let mut tensors = self.0.as_ref()?.tree(name)?.tensors().into_iter();
        Some(own.map(&mut |tensor| tensors.next().unwrap_or_else(|| tensor.clone())))
    }
}
