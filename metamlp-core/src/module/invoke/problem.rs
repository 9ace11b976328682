//! The errors of calls by name.

use crate::nearest::Names;

/// Why a method could not be called by its name.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvokeProblem {
    /// The module has neither a method nor a field of that name.
    #[error("there is no such method: {available}")]
    UnknownMethod {
        /// The methods, with their arguments, and the fields that hold modules.
        available: Names,
    },

    /// Too many arguments, or too few.
    #[error("it takes {}, `{signature}`, and was given {found}", count(*expected))]
    ArgumentCount {
        /// The method with its arguments.
        signature: String,
        /// The number of parameters.
        expected: usize,
        /// The number of arguments given.
        found: usize,
    },

    /// A named argument that the method does not have.
    #[error("it has no argument `{argument}`: {available}")]
    UnknownArgument {
        /// The name.
        argument: String,
        /// The method's arguments.
        available: Names,
    },

    /// An argument that was left out.
    #[error("the argument `{argument}` is missing")]
    MissingArgument {
        /// The argument and its type.
        argument: String,
    },

    /// An argument that was given more than once.
    #[error("the argument `{argument}` is given twice: leave one out")]
    ArgumentTwice {
        /// The argument.
        argument: &'static str,
    },

    /// A value of another type, or a number that the type does not hold.
    #[error("the argument `{argument}` is `{found}`, `{expected}` was expected")]
    ArgumentType {
        /// The argument.
        argument: &'static str,
        /// The parameter's type.
        expected: &'static str,
        /// The type of the value.
        found: String,
    },

    /// A method whose signature has a type that arguments cannot have at run time.
    #[error("`{obstacle}` is not supported in a call by name: call it as `|model| model.{method}(..)`")]
    NotByName {
        /// The method.
        method: &'static str,
        /// The part of its signature.
        obstacle: String,
    },

    /// An output without tensors.
    #[error("its output, `{output}`, has no tensor: call it as `|model| model.{method}(..)`")]
    NoTensors {
        /// The method.
        method: &'static str,
        /// The output's type.
        output: &'static str,
    },

    /// Other arguments than one tensor, for a function in a `Sequential`.
    #[error("a function takes one tensor and was given {found}: write a `#[compact]` function to take more")]
    NotOneTensor {
        /// The types of the arguments.
        found: String,
    },
}

fn count(arguments: usize) -> String {
    match arguments {
        0 => "no arguments".to_owned(),
        1 => "one argument".to_owned(),
        more => format!("{more} arguments"),
    }
}
