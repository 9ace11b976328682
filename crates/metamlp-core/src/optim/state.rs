//! What an optimizer remembers from step to step, as a tree of tensors.

use metamlp_tensor::{Error, Result, Segment, Source, Tensor, Tree, TreeVisitor};

use super::leaves::Leaves;

/// The state of an optimizer: counts of steps and averages of gradients, by name.
///
/// A [`Tree`]: it crosses `jit`, and can be saved beside the parameters. The
/// paths in it are optax's, `0/mu/Dense_0/kernel` for instance.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum State {
    /// One tensor, such as a count of steps.
    Tensor(Tensor),
    /// A tensor for each parameter.
    Leaves(Leaves),
    /// Parts by name; none for a transformation that remembers nothing.
    Fields(Vec<(&'static str, State)>),
    /// The states of the parts of a chain.
    Chain(Vec<State>),
}

impl State {
    /// The state of what remembers nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self::Fields(Vec::new())
    }

    /// Parts with names.
    #[must_use]
    pub fn fields<const N: usize>(fields: [(&'static str, State); N]) -> Self {
        Self::Fields(fields.into())
    }

    /// The part called `name`, which is one tensor.
    ///
    /// # Errors
    /// [`Error::TreeMismatch`] if there is none: the state is another optimizer's.
    pub fn tensor(&self, name: &str) -> Result<&Tensor> {
        match self.get(name) {
            Some(Self::Tensor(tensor)) => Ok(tensor),
            _ => Err(foreign(format!("there is no tensor `{name}`"))),
        }
    }

    /// The part called `name`, which has a tensor for each parameter.
    ///
    /// # Errors
    /// [`Error::TreeMismatch`] if there is none: the state is another optimizer's.
    pub fn leaves(&self, name: &str) -> Result<&Leaves> {
        match self.get(name) {
            Some(Self::Leaves(leaves)) => Ok(leaves),
            _ => Err(foreign(format!("there are no tensors `{name}`"))),
        }
    }

    /// The part called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&State> {
        match self {
            Self::Fields(fields) => fields.iter().find(|(own, _)| *own == name).map(|(_, state)| state),
            Self::Tensor(_) | Self::Leaves(_) | Self::Chain(_) => None,
        }
    }

    /// Whether everything that is kept for each parameter fits these leaves.
    pub(crate) fn matches(&self, leaves: &Leaves, name: &str, source: &Source) -> Result<()> {
        match self {
            Self::Tensor(_) => Ok(()),
            Self::Leaves(own) => leaves.matches(name, own, "the optimizer's state", source),
            Self::Fields(fields) => {
                fields.iter().try_for_each(|(_, part)| part.matches(leaves, name, source))
            }
            Self::Chain(parts) => parts.iter().try_for_each(|part| part.matches(leaves, name, source)),
        }
    }
}

/// The state was made by another optimizer.
pub(crate) fn foreign(problem: String) -> Error {
    Error::TreeMismatch { what: "an optimizer and its state", problem, source_line: Source::here() }
}

impl Tree for State {
    fn visit(&self, visitor: &mut dyn TreeVisitor) {
        match self {
            Self::Tensor(tensor) => tensor.visit(visitor),
            Self::Leaves(leaves) => leaves.visit(visitor),
            Self::Fields(fields) => {
                visitor.fixed(&fields.len());
                for (name, part) in fields {
                    visitor.part(Segment::Name(name), part);
                }
            }
            Self::Chain(parts) => parts.visit(visitor),
        }
    }

    fn map(&self, replace: &mut dyn FnMut(&Tensor) -> Tensor) -> Self {
        match self {
            Self::Tensor(tensor) => Self::Tensor(replace(tensor)),
            Self::Leaves(leaves) => Self::Leaves(leaves.map(replace)),
            Self::Fields(fields) => {
                Self::Fields(fields.iter().map(|(name, part)| (*name, part.map(replace))).collect())
            }
            Self::Chain(parts) => Self::Chain(Tree::map(parts, replace)),
        }
    }
}
