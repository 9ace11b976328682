//! Everything that can go wrong between a model, its variables and its streams.

use std::fmt;
use std::panic::Location;
use std::path::PathBuf;
use std::sync::Arc;

use metamlp_tensor::Source;

use crate::checkpoint::CheckpointProblem;
use crate::module::invoke::InvokeProblem;
use crate::nearest::Choice;
use crate::variables::filter::Filter;

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a model could not be initialised or applied.
///
/// Where it happened is told by a [`Source`]: the module's path and the line of
/// the program. Inside of a model nothing returns `Result`; the first error is
/// kept and `init` or `apply` returns it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A tensor computation that does not fit together.
    #[error(transparent)]
    Tensor(metamlp_tensor::Error),

    /// Variables or streams were asked for where no model is being initialised or applied.
    #[error(
        "{location}: {class} asked for {what} outside of init and apply: \
         call it as `model.apply(&variables, Options::new(), |model| model.call(..))`"
    )]
    OutsideScope {
        /// The module's class.
        class: &'static str,
        /// What it asked for.
        what: String,
        /// The line that asked.
        location: Line,
    },

    /// A module was called in the closure of `init` or `apply` itself.
    #[error(
        "{at}: {class} was called in the closure given to init or apply, outside of any method of the model: \
         make it a field of the model or call it in a #[compact] method"
    )]
    OutsideMethod {
        /// The class of the module that was called.
        class: &'static str,
        /// Where.
        at: Source,
    },

    /// A [`Scope`](crate::Scope) or [`Variable`](crate::Variable) was kept for longer than its call.
    #[error(
        "{at}: {what} was asked of a scope whose init or apply has ended: \
         keep what the scope gave, and ask before the method returns"
    )]
    EndedScope {
        /// What was asked for.
        what: String,
        /// The module that the scope was of, and the line that asked.
        at: Source,
    },

    /// [`Bound::at`](crate::Bound::at) was given a module that is not in a field of the bound one.
    #[error(
        "{location}: this {class} is in no field of the bound {of}, nor in one of the modules there: \
         give a module that has a field, `bound.at(|m| &m.encoder)`"
    )]
    NotAField {
        /// The class of what was given.
        class: &'static str,
        /// The class of the bound module.
        of: &'static str,
        /// The line of the call.
        location: Line,
    },

    /// A name that two things in one module want.
    #[error("{at}: the {wanted} `{name}` needs another name: {first} is a {taken} of that name")]
    NameInUse {
        /// The name.
        name: String,
        /// What wants it.
        wanted: Kind,
        /// What has it.
        taken: Kind,
        /// Where the name was first used.
        first: Line,
        /// Where it was used again.
        at: Source,
    },

    /// A name that cannot be part of a path.
    #[error("{at}: `{name}` cannot be the name of a {kind}: {problem}")]
    InvalidName {
        /// The name.
        name: String,
        /// What it was to name.
        kind: Kind,
        /// What is wrong with it.
        problem: &'static str,
        /// Where it was given.
        at: Source,
    },

    /// Two methods, called one after the other, each made a module of this automatic name.
    #[error(
        "{at}: `{name}` of the method `{method}` would share the variables of `{name}` of the method \
         `{first_method}` ({first}): name one with `.named(\"..\")`, make them fields, or call both methods from a third"
    )]
    SharedByMethods {
        /// The name that both got.
        name: String,
        /// The method called last.
        method: &'static str,
        /// The method called before it.
        first_method: &'static str,
        /// Where that one made its module.
        first: Line,
        /// Where the last one made its own.
        at: Source,
    },

    /// Two modules that [`share_scope`](crate::Module::share_scope) cannot put in one scope.
    #[error("{at}: this module cannot share a scope with {class}: {problem}")]
    ShareScope {
        /// The class of the other module.
        class: &'static str,
        /// What is in the way, and what to do.
        problem: String,
        /// Where they were to share.
        at: Source,
    },

    /// A random stream that was not given.
    #[error("{at}: there is no random stream `{stream}`: give it as `.rng(\"{stream}\", key)`; {available}")]
    MissingRng {
        /// The stream.
        stream: String,
        /// The streams that were given.
        available: Names,
        /// Where a key was asked for.
        at: Source,
    },

    /// A variable was asked for whose whole collection is missing or empty.
    #[error(
        "{at}: there is no collection `{collection}` among the variables to find `{variable}` in: \
         pass what `init` returned, or list `{collection}` in `.mutable(..)` to create it; {available}"
    )]
    CollectionNotFound {
        /// The collection.
        collection: String,
        /// The variable that was looked for.
        variable: String,
        /// The collections that there are.
        available: Names,
        /// Where it was asked for.
        at: Source,
    },

    /// A variable that is not in its collection.
    #[error("{at}: `{variable}` is not among the module's variables in `{collection}`: {available}{hint}")]
    VariableNotFound {
        /// The collection.
        collection: String,
        /// The variable.
        variable: String,
        /// The names at that place of the collection.
        available: Names,
        /// More about a likely cause; may be empty.
        hint: &'static str,
        /// Where it was asked for.
        at: Source,
    },

    /// A stored parameter of another shape than the model asks for.
    #[error("{at}: `{name}` is {found:?} in the variables, {expected:?} was asked for{}", Because(input))]
    ParamShape {
        /// The parameter.
        name: String,
        /// The shape asked for.
        expected: Vec<usize>,
        /// The shape stored.
        found: Vec<usize>,
        /// The input that implied the shape asked for, as `f32[4, 8]`.
        input: Option<Box<str>>,
        /// Where it was asked for.
        at: Source,
    },

    /// An initializer's result of another shape than it was asked for.
    #[error("{at}: the initializer of `{name}` returned {found:?}, {expected:?} was asked for")]
    InitializerShape {
        /// The parameter.
        name: String,
        /// The shape asked for.
        expected: Vec<usize>,
        /// The shape returned.
        found: Vec<usize>,
        /// Where the parameter was asked for.
        at: Source,
    },

    /// A variable's first value depends on that of an input that is only a shape.
    #[error(
        "{at}: the first value of `{variable}` depends on this {input}, which has a shape but no value: \
         give `init` the value, or ask `eval_shape` for shapes alone"
    )]
    LazyInit {
        /// The variable: its collection and path, as `params/Dense_0/kernel`.
        variable: String,
        /// The input's type.
        input: String,
        /// Where the input was made.
        at: Source,
    },

    /// A variable of another kind than the operation needs.
    #[error("{at}: `{variable}` in `{collection}` is {found}, {expected} was expected")]
    WrongKind {
        /// The collection.
        collection: String,
        /// The variable.
        variable: String,
        /// What would do.
        expected: &'static str,
        /// What it is.
        found: String,
        /// Where it was asked for.
        at: Source,
    },

    /// A collection was written that is not mutable in this call.
    #[error(
        "{at}: `{variable}` cannot be written: the collection `{collection}` is not mutable here; \
         use `apply_mut` with `.mutable([\"{collection}\"])`; mutable is {mutable}{}",
        Near(collection, mutable)
    )]
    ImmutableCollection {
        /// The collection.
        collection: String,
        /// The variable.
        variable: String,
        /// What is mutable.
        mutable: Box<Filter>,
        /// Where it was written.
        at: Source,
    },

    /// A collection was written inside of a lifted transform that gives it to read only.
    #[error(
        "{at}: `{variable}` cannot be written: the collection `{collection}` is mutable in this call, \
         but not inside of the lifted transform around the module; say `.mutable(true)` to the transform"
    )]
    LiftedReadOnly {
        /// The collection.
        collection: String,
        /// The variable.
        variable: String,
        /// Where it was written.
        at: Source,
    },

    /// A name in `mutable` that is probably another one misspelt.
    #[error(
        "{location}: `mutable` names the collection `{collection}`, which is not among the variables \
         and which nothing in the call asked for: {available}"
    )]
    UnknownMutable {
        /// The name given.
        collection: String,
        /// The collections that there are, or that were asked for.
        available: Names,
        /// The line of the call.
        location: Line,
    },

    /// `apply` was given mutable collections, whose updates it could not return.
    #[error("{location}: `apply` returns no variables, but {mutable} is mutable: use `apply_mut`")]
    MutableInApply {
        /// What was given as mutable.
        mutable: String,
        /// The line of the call.
        location: Line,
    },

    /// A method that could not be called by its name, as [`invoke`](crate::Module::invoke) does.
    #[error("{at}: `{class}::{method}` cannot be invoked: {problem}")]
    Invoke {
        /// The module's class.
        class: &'static str,
        /// The name.
        method: String,
        /// Why it could not be called.
        problem: Box<InvokeProblem>,
        /// Where it was called.
        at: Source,
    },

    /// An entry that is no tensor where one was needed.
    #[error(
        "{at}: the entry is {found}, a tensor was expected: take it apart with `tuple`, `as_map` or `get`"
    )]
    NotATensor {
        /// What it is.
        found: String,
        /// Where a tensor was needed.
        at: Source,
    },

    /// A `Sequential` without a layer.
    #[error("{at}: an empty `Sequential` has no output: add a layer with `.then(..)`")]
    EmptySequential {
        /// Where it was called.
        at: Source,
    },

    /// A file of saved tensors that cannot be written, read or used.
    #[error("{} {problem}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: Box<CheckpointProblem>,
    },
}

/// What a name is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// A submodule.
    Module,
    /// A submodule that is a field of the module's struct.
    Field,
    /// A method whose submodules are under its name.
    Method,
    /// A parameter.
    Param,
    /// Any other variable.
    Variable,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Module => "module",
            Self::Field => "field",
            Self::Method => "method",
            Self::Param => "parameter",
            Self::Variable => "variable",
        })
    }
}

/// A line of the user's program; prints as `src/model.rs:14`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Line(pub &'static Location<'static>);

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0.file(), self.0.line())
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The names that there are, the nearest to the one that was wanted first.
#[derive(Clone, Debug)]
pub struct Names(Box<Choice>);

impl Names {
    pub(crate) fn new<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(Box::new(Choice::new(wanted, names)))
    }

    /// Of names that are listed as something longer: each with what is shown for it.
    pub(crate) fn shown<'a>(wanted: &str, names: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(Box::new(Choice::shown(wanted, names)))
    }

    /// The name that was probably meant.
    #[must_use]
    pub fn nearest(&self) -> Option<&str> {
        self.0.nearest()
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<metamlp_tensor::Error> for Error {
    fn from(error: metamlp_tensor::Error) -> Self {
        if let metamlp_tensor::Error::Other(other) = &error
            && let Some(own) = other.downcast_ref::<Self>()
        {
            return own.clone();
        }
        Self::Tensor(error)
    }
}

/// So that `?` works on `apply` inside of `value_and_grad` and `jit`.
impl From<Error> for metamlp_tensor::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Tensor(error) => error,
            own => Self::Other(Arc::new(own)),
        }
    }
}

struct Because<'a>(&'a Option<Box<str>>);

impl fmt::Display for Because<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(input) => write!(f, ": the input is {input}"),
            None => Ok(()),
        }
    }
}

/// A name given as mutable that may be a slip of the pen.
struct Near<'a>(&'a str, &'a Filter);

impl fmt::Display for Near<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Choice::new(self.0, self.1.names()).nearest() {
            Some(name) => write!(f, ", did you mean `{name}`?"),
            None => Ok(()),
        }
    }
}
