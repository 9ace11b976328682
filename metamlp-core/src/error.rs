//! The errors of models, variables and random streams.

use std::fmt;
use std::panic::Location;
use std::path::PathBuf;
use std::sync::Arc;

use metamlp_tensor::Source;

use crate::checkpoint::CheckpointProblem;
use crate::module::invoke::problem::InvokeProblem;
use crate::nearest::Choice;
pub use crate::nearest::Names;
use crate::variables::filter::Filter;

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a model could not be initialised or applied.
///
/// A [`Source`] gives the module's path and the line of the program. Inside a
/// model nothing returns `Result`: the first error is kept, and `init` or `apply`
/// returns it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An error of a tensor operation.
    #[error(transparent)]
    Tensor(metamlp_tensor::Error),

    /// A request for variables or streams outside of `init` and `apply`.
    #[error(
        "{location}: {class} asked for {what} outside of init and apply: \
         call it as `model.apply(&variables, Options::new(), |model| model.call(..))`"
    )]
    OutsideScope {
        /// The module's class.
        class: &'static str,
        /// The request.
        what: String,
        /// The line of the request.
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
        /// The module and line of the call.
        at: Source,
    },

    /// A [`Scope`](crate::Scope) or [`Variable`](crate::Variable) was used after its `init` or `apply`.
    #[error(
        "{at}: {what} was requested from a scope whose init or apply has ended: \
         make the request before the method returns, and keep its result"
    )]
    EndedScope {
        /// The request.
        what: String,
        /// The scope's module and the line of the request.
        at: Source,
    },

    /// [`Bound::at`](crate::Bound::at) got a module that is not in a field of the bound one.
    #[error(
        "{location}: this {class} is not in a field of the bound {of} or of a module below it: \
         give a module that is in a field, `bound.at(|m| &m.encoder)`"
    )]
    NotAField {
        /// The class of the module.
        class: &'static str,
        /// The class of the bound module.
        of: &'static str,
        /// The line of the call.
        location: Line,
    },

    /// Two things in one module have the same name.
    #[error("{at}: the {wanted} `{name}` needs another name: {first} is a {taken} of that name")]
    NameInUse {
        /// The name.
        name: String,
        /// The kind of the second thing.
        wanted: Kind,
        /// The kind of the first thing.
        taken: Kind,
        /// The line that used the name first.
        first: Line,
        /// The module and line that used it again.
        at: Source,
    },

    /// A name that cannot be part of a path.
    #[error("{at}: `{name}` cannot be the name of a {kind}: {problem}")]
    InvalidName {
        /// The name.
        name: String,
        /// The kind of the named thing.
        kind: Kind,
        /// The reason.
        problem: &'static str,
        /// The module and line that gave the name.
        at: Source,
    },

    /// Two methods, called one after the other, each made a module of this automatic name.
    #[error(
        "{at}: `{name}` of the method `{method}` would share the variables of `{name}` of the method \
         `{first_method}` ({first}): name one with `.named(\"..\")`, make them fields, or call both methods from a third"
    )]
    SharedByMethods {
        /// The name of both.
        name: String,
        /// The method called last.
        method: &'static str,
        /// The method called before it.
        first_method: &'static str,
        /// The line where that method made its module.
        first: Line,
        /// The module and line where the last method made its own.
        at: Source,
    },

    /// Two modules that [`share_scope`](crate::Module::share_scope) cannot put in one scope.
    #[error("{at}: this module cannot share a scope with {class}: {problem}")]
    ShareScope {
        /// The class of the other module.
        class: &'static str,
        /// The reason, and what to do.
        problem: String,
        /// The module and line of the call.
        at: Source,
    },

    /// A random stream that was not given.
    #[error("{at}: there is no random stream `{stream}`: give it as `.rng(\"{stream}\", key)`; {available}")]
    MissingRng {
        /// The stream.
        stream: String,
        /// The streams that were given.
        available: Names,
        /// The module and line that asked for a key.
        at: Source,
    },

    /// A variable was requested whose whole collection is missing or empty.
    #[error(
        "{at}: there is no collection `{collection}` among the variables to find `{variable}` in: \
         pass what `init` returned, or list `{collection}` in `.mutable(..)` to create it; {available}"
    )]
    CollectionNotFound {
        /// The collection.
        collection: String,
        /// The requested variable.
        variable: String,
        /// The collections that exist.
        available: Names,
        /// The module and line of the request.
        at: Source,
    },

    /// A variable that is not in its collection.
    #[error("{at}: `{variable}` is not among the module's variables in `{collection}`: {available}{hint}")]
    VariableNotFound {
        /// The collection.
        collection: String,
        /// The variable.
        variable: String,
        /// The names of the module's variables in the collection.
        available: Names,
        /// A likely cause; may be empty.
        hint: &'static str,
        /// The module and line of the request.
        at: Source,
    },

    /// A stored parameter has another shape than the model asks for.
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
        /// The module and line of the request.
        at: Source,
    },

    /// An initializer returned another shape than requested.
    #[error("{at}: the initializer of `{name}` returned {found:?}, {expected:?} was asked for")]
    InitializerShape {
        /// The parameter.
        name: String,
        /// The shape asked for.
        expected: Vec<usize>,
        /// The shape returned.
        found: Vec<usize>,
        /// The module and line of the request.
        at: Source,
    },

    /// The initial value of a variable depends on an input that has no value.
    #[error(
        "{at}: the first value of `{variable}` depends on this {input}, which has a shape but no value: \
         give `init` the value, or ask `eval_shape` for shapes alone"
    )]
    LazyInit {
        /// The variable: its collection and path, as `params/Dense_0/kernel`.
        variable: String,
        /// The input's type.
        input: String,
        /// The module and line where the input was made.
        at: Source,
    },

    /// A variable of another kind than the operation needs.
    #[error("{at}: `{variable}` in `{collection}` is {found}, {expected} was expected")]
    WrongKind {
        /// The collection.
        collection: String,
        /// The variable.
        variable: String,
        /// The kind that is needed.
        expected: &'static str,
        /// The kind that was found.
        found: String,
        /// The module and line of the request.
        at: Source,
    },

    /// A write to a collection that is not mutable in this call.
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
        /// The mutable collections.
        mutable: Box<Filter>,
        /// The module and line of the write.
        at: Source,
    },

    /// A write to a collection that a lifted transform makes read-only.
    #[error(
        "{at}: `{variable}` cannot be written: the collection `{collection}` is mutable in this call, \
         but not inside the lifted transform around the module; set `.mutable(true)` on the transform"
    )]
    LiftedReadOnly {
        /// The collection.
        collection: String,
        /// The variable.
        variable: String,
        /// The module and line of the write.
        at: Source,
    },

    /// A name in `mutable` that is probably a misspelt collection.
    #[error(
        "{location}: `mutable` names the collection `{collection}`, which is not among the variables \
         and which nothing in the call asked for: {available}"
    )]
    UnknownMutable {
        /// The name given.
        collection: String,
        /// The collections that exist or were requested.
        available: Names,
        /// The line of the call.
        location: Line,
    },

    /// `apply` was given mutable collections, whose updates it could not return.
    #[error("{location}: `apply` returns no variables, but {mutable} is mutable: use `apply_mut`")]
    MutableInApply {
        /// The mutable collections.
        mutable: String,
        /// The line of the call.
        location: Line,
    },

    /// [`invoke`](crate::Module::invoke) could not call a method by its name.
    #[error("{at}: `{class}::{method}` cannot be invoked: {problem}")]
    Invoke {
        /// The module's class.
        class: &'static str,
        /// The name.
        method: String,
        /// The reason.
        problem: Box<InvokeProblem>,
        /// The module and line of the call.
        at: Source,
    },

    /// An entry is not a tensor where one is needed.
    #[error("{at}: the entry is {found}, a tensor was expected: read it with `as_tuple`, `as_map` or `get`")]
    NotATensor {
        /// The kind that was found.
        found: String,
        /// The line that needed a tensor.
        at: Source,
    },

    /// An empty `Sequential` was called.
    #[error("{at}: an empty `Sequential` has no output: add a layer with `.then(..)`")]
    EmptySequential {
        /// The module and line of the call.
        at: Source,
    },

    /// A file of tensors cannot be written, read or used.
    #[error("{location}: {} {problem}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// The reason.
        problem: Box<CheckpointProblem>,
        /// The line of the call.
        location: Line,
    },
}

/// The kind of a named thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// A submodule.
    Module,
    /// A submodule that is a field of the module's struct.
    Field,
    /// A method with a scope of its own name.
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

/// Lets `?` work on `apply` inside `value_and_grad` and `jit`.
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

/// The suggestion for a name in `mutable` that is probably a typo.
struct Near<'a>(&'a str, &'a Filter);

impl fmt::Display for Near<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Choice::new(self.0, self.1.names()).nearest() {
            Some(name) => write!(f, ", did you mean `{name}`?"),
            None => Ok(()),
        }
    }
}
