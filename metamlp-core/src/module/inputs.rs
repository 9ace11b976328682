//! What a module's method was called with: of each argument its name and its
//! tensors, or its value as text. Knows nothing of scopes.

use std::fmt::Display;

use metamlp_tensor::{Tensor, Tree};

use crate::variables::entry::Entry;

/// The arguments of a method call, in their order.
///
/// Tensors, and trees of them, are there as an [`Entry`]; numbers, flags and
/// strings as text. What is neither is left out.
#[derive(Clone, Debug, Default)]
pub struct Inputs(Vec<(&'static str, Input)>);

/// One argument.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Input {
    /// A tensor or a tree of tensors.
    Tree(Entry),
    /// A number, a flag or a string, as it prints.
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

    /// The same arguments with each tensor replaced by what `f` makes of it.
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

/// For the macros' expansion, which describes a call's arguments with these.
impl Inputs {
    /// One more argument, unless it is no tree.
    #[doc(hidden)]
    pub fn add(&mut self, name: &'static str, entry: Option<Entry>) {
        self.0.extend(entry.map(|entry| (name, Input::Tree(entry))));
    }

    /// One more argument that prints.
    #[doc(hidden)]
    pub fn add_value(&mut self, name: &'static str, value: impl Display) {
        self.0.push((name, Input::Value(value.to_string())));
    }
}

/// The arguments that a body is to run with in the place of its own, if any.
#[doc(hidden)]
#[derive(Clone, Debug, Default)]
pub struct Given(Option<Inputs>);

impl Given {
    /// Every argument is the call's own.
    pub(crate) const OWN: Self = Self(None);

    pub(crate) fn new(inputs: Inputs) -> Self {
        Self(Some(inputs))
    }

    /// `own` with the tensors that were given for the argument.
    pub(crate) fn replace<T: Tree>(&self, name: &str, own: &T) -> Option<T> {
        let mut tensors = self.0.as_ref()?.tree(name)?.tensors().into_iter();
        Some(own.map(&mut |tensor| tensors.next().unwrap_or_else(|| tensor.clone())))
    }
}
