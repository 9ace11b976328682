//! The state of an optimizer, as a tree of tensors.

use metamlp_tensor::{Error, I32, Result, Segment, Source, Tensor, Tree, TreeVisitor, evaluate};

use crate::hyperparam::{Hyperparam, Range};
use crate::leaves::Leaves;

/// The state of an optimizer: step counts and moving averages, by name.
///
/// A [`Tree`]: it can cross `jit` and be saved with the parameters. The paths are optax's,
/// `0/mu/Dense_0/kernel` for instance.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum State {
    /// One tensor, a step count for instance.
    Tensor(Tensor),
    /// One tensor per parameter.
    Leaves(Leaves),
    /// Named parts; empty for a transformation without state.
    Fields(Vec<(&'static str, State)>),
    /// The states of the transformations of a chain.
    Chain(Vec<State>),
}

impl State {
    /// The state of a transformation without state.
    #[must_use]
    pub fn empty() -> Self {
        Self::Fields(Vec::new())
    }

    /// Named parts.
    #[must_use]
    pub fn fields<const N: usize>(fields: [(&'static str, State); N]) -> Self {
        Self::Fields(fields.into())
    }

    /// A step count before the first step: 0, `i32`, shape `[]`.
    #[must_use]
    pub fn count() -> Self {
        Tensor::zeros([], I32).into()
    }

    /// Zeros, shaped like the parameters.
    #[must_use]
    pub fn zeros_like(params: &Leaves) -> Self {
        params.map(Tensor::zeros_like).into()
    }

    /// The part `name`, a single tensor.
    ///
    /// # Errors
    /// [`Error::TreeMismatch`] if there is none: another optimizer made the state.
    #[track_caller]
    pub fn tensor(&self, name: &str) -> Result<&Tensor> {
        match self.get(name) {
            Some(Self::Tensor(tensor)) => Ok(tensor),
            _ => Err(foreign(format!("there is no tensor `{name}`"))),
        }
    }

    /// The part `name`, with a tensor of the same shape for each of `updates`.
    ///
    /// # Errors
    /// [`Error::TreeMismatch`] if there is none, or a path or shape differs: another optimizer made the
    /// state, or it was made for other parameters.
    #[track_caller]
    pub fn leaves(&self, name: &str, updates: &Leaves) -> Result<&Leaves> {
        let leaves = self.leaves_at(name, updates)?;
        updates.matches("the gradients", leaves, "the optimizer's state", &Source::here())?;
        Ok(leaves)
    }

    /// The part `name`, with a tensor of any shape for each of `updates`.
    ///
    /// # Errors
    /// As [`leaves`](State::leaves), without the check of the shapes.
    #[track_caller]
    pub fn leaves_at(&self, name: &str, updates: &Leaves) -> Result<&Leaves> {
        let Some(Self::Leaves(leaves)) = self.get(name) else {
            return Err(foreign(format!("there are no tensors `{name}`")));
        };
        if leaves.has_paths_of(updates) {
            return Ok(leaves);
        }
        let problem = updates.path_problem("the gradients", leaves, "the optimizer's state");
        Err(Error::TreeMismatch { what: "trees of tensors", problem, source_line: Source::here() })
    }

    /// The part `name`, a nested state.
    ///
    /// # Errors
    /// [`Error::TreeMismatch`] if there is none: another optimizer made the state.
    #[track_caller]
    pub fn inner(&self, name: &str) -> Result<&State> {
        // Not a closure: the error must name the caller's line.
        match self.get(name) {
            Some(part) => Ok(part),
            None => Err(foreign(format!("there is no part `{name}`"))),
        }
    }

    /// The part `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&State> {
        match self {
            Self::Fields(fields) => fields.iter().find(|(own, _)| *own == name).map(|(_, state)| state),
            Self::Tensor(_) | Self::Leaves(_) | Self::Chain(_) => None,
        }
    }

    /// The value of a hyper-parameter of [`inject_hyperparams`](crate::inject_hyperparams), found at
    /// any depth of the state.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is none of that name, or more than one.
    #[track_caller]
    pub fn hyperparam(&self, name: &str) -> Result<Tensor> {
        let mut found = Vec::new();
        self.clone().each_hyperparam(name, &mut |value| found.push(value.clone()));
        match found.as_slice() {
            [only] => Ok(only.clone()),
            _ => Err(not_one("hyperparam", name, found.len())),
        }
    }

    /// Replaces a hyper-parameter of [`inject_hyperparams`](crate::inject_hyperparams). The next step
    /// overwrites one that follows a schedule.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is none of that name, or more than one, and for a value that is not
    /// one finite float.
    ///
    /// ```
    /// use metamlp_tensor::Tensor;
    /// use metamlp_optim::{adam, inject_hyperparams};
    /// let optimizer = inject_hyperparams([("learning_rate", 0.1)], |[rate]| adam(rate));
    /// let state = optimizer.init(&Tensor::scalar(1.0f32));
    /// let slower = state.with_hyperparam("learning_rate", 0.01)?;
    /// assert_eq!(slower.hyperparam("learning_rate")?.item::<f32>()?, 0.01);
    /// # Ok::<(), metamlp_tensor::Error>(())
    /// ```
    #[track_caller]
    pub fn with_hyperparam(&self, name: &str, value: impl Into<Hyperparam>) -> Result<Self> {
        let value = value.into();
        // Not `?`: the error must name the caller's line.
        if let Err(error) = value.check("with_hyperparam", "value", Range::Finite) {
            return Err(error.at(&Source::here()));
        }
        let (mut state, mut found) = (self.clone(), 0);
        state.each_hyperparam(name, &mut |own| {
            *own = value.tensor(own.dtype());
            found += 1;
        });
        if found == 1 { evaluate(state) } else { Err(not_one("with_hyperparam", name, found)) }
    }

    fn each_hyperparam(&mut self, name: &str, f: &mut dyn FnMut(&mut Tensor)) {
        match self {
            Self::Tensor(_) | Self::Leaves(_) => {}
            Self::Chain(parts) => parts.iter_mut().for_each(|part| part.each_hyperparam(name, f)),
            Self::Fields(fields) => {
                for (field, part) in fields {
                    match part {
                        Self::Fields(hyperparams) if *field == HYPERPARAMS => {
                            for (own, value) in hyperparams {
                                if let (true, Self::Tensor(tensor)) = (*own == name, value) {
                                    f(tensor);
                                }
                            }
                        }
                        part => part.each_hyperparam(name, f),
                    }
                }
            }
        }
    }

    /// This state with the dtypes of `before`, the state that a step has turned into this one.
    pub(super) fn with_dtypes_of(self, before: &Self) -> Self {
        let mut dtypes = Vec::new();
        before.for_each(&mut |tensor| dtypes.push(tensor.dtype()));
        let mut own = dtypes.iter();
        let mut is_same = true;
        self.for_each(&mut |tensor| is_same &= own.next() == Some(&tensor.dtype()));
        // A transformation may change the structure of its state; then no dtype is given.
        if is_same || self.tensors().len() != dtypes.len() {
            return self;
        }
        let mut dtypes = dtypes.into_iter();
        self.map(&mut |tensor| dtypes.next().map_or_else(|| tensor.clone(), |dtype| tensor.convert(dtype)))
    }

    /// This state where `condition` (`bool`, shape `[]`) is true, else `other`; both have the same
    /// structure.
    pub(super) fn if_else(&self, condition: &Tensor, other: &Self) -> Result<Self> {
        let others = other.tensors();
        if others.len() != self.tensors().len() {
            return Err(foreign("its structure changed in a step".to_owned()));
        }
        let mut others = others.iter();
        Ok(self.map(&mut |own| match others.next() {
            Some(other) => condition.select(own, other),
            None => own.clone(),
        }))
    }
}

/// The field that holds the values of [`inject_hyperparams`](crate::inject_hyperparams).
pub(super) const HYPERPARAMS: &str = "hyperparams";

/// The error for a state that another optimizer made.
#[track_caller]
pub(super) fn foreign(problem: String) -> Error {
    Error::TreeMismatch { what: "an optimizer and its state", problem, source_line: Source::here() }
}

#[track_caller]
fn not_one(op: &'static str, name: &str, found: usize) -> Error {
    let expected = format!("a hyper-parameter that is injected once; there are {found} of this name");
    Error::argument(op, "name", format!("`{name}`"), expected)
}

impl From<Tensor> for State {
    fn from(tensor: Tensor) -> Self {
        Self::Tensor(tensor)
    }
}

impl From<Leaves> for State {
    fn from(leaves: Leaves) -> Self {
        Self::Leaves(leaves)
    }
}

impl Tree for State {
    fn visit(&self, visitor: &mut dyn TreeVisitor) {
        match self {
            Self::Tensor(tensor) => tensor.visit(visitor),
            Self::Leaves(leaves) => leaves.visit(visitor),
            Self::Fields(fields) => {
                visitor.static_value(&fields.len());
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
