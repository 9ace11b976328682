//! The arguments of one call, matched to the method's parameters.

use super::method::spelled;
use super::{Argument, Arguments, InvokeProblem, Method, Refusal};
use crate::error::Names;

/// A method and the argument for each of its parameters.
#[derive(Debug)]
pub struct BoundArguments<'a> {
    method: &'static Method,
    arguments: Vec<&'a Argument<'a>>,
}

impl<'a> BoundArguments<'a> {
    /// Puts the arguments in the order of the method's parameters.
    pub(super) fn new(method: &'static Method, arguments: &'a Arguments<'a>) -> Result<Self, InvokeProblem> {
        if let Some(obstacle) = method.obstacle() {
            return Err(InvokeProblem::NotByName { method: method.name(), obstacle: obstacle.to_owned() });
        }
        if method.takes_all() {
            return Ok(Self { method, arguments: arguments.iter().collect() });
        }
        let parameters = method.parameters();
        let count = || InvokeProblem::ArgumentCount {
            signature: method.without_output(),
            expected: parameters.len(),
            found: arguments.len(),
        };
        let mut slots: Vec<Option<&Argument<'_>>> = vec![None; parameters.len()];
        for (position, argument) in arguments.iter().enumerate() {
            let position = match argument.name() {
                None => position,
                Some(name) => parameters.iter().position(|(known, _)| *known == name).ok_or_else(|| {
                    InvokeProblem::UnknownArgument {
                        argument: name.to_owned(),
                        available: Names::new(name, parameters.iter().map(|(name, _)| *name)),
                    }
                })?,
            };
            let slot = slots.get_mut(position).ok_or_else(count)?;
            if slot.replace(argument).is_some() {
                return Err(InvokeProblem::ArgumentTwice { argument: parameters[position].0 });
            }
        }
        let by_name = arguments.iter().any(|argument| argument.name().is_some());
        let filled = slots.into_iter().zip(parameters).map(|(slot, parameter)| match slot {
            Some(argument) => Ok(argument),
            None if by_name => Err(InvokeProblem::MissingArgument { argument: spelled(*parameter) }),
            None => Err(count()),
        });
        Ok(Self { method, arguments: filled.collect::<Result<_, _>>()? })
    }

    /// The method's name.
    #[must_use]
    pub fn method(&self) -> &'static str {
        self.method.name()
    }

    /// The argument for a parameter.
    pub(super) fn argument(&self, parameter: &str) -> Option<&'a Argument<'a>> {
        let position = self.method.parameters().iter().position(|(name, _)| *name == parameter)?;
        self.arguments.get(position).copied()
    }

    /// All arguments, borrowed.
    pub(crate) fn arguments(&self) -> Arguments<'_> {
        self.arguments.iter().map(|argument| argument.reborrow()).collect()
    }

    /// The problem of a parameter that refused its argument.
    pub(super) fn problem(&self, refusal: Refusal) -> InvokeProblem {
        let parameters = self.method.parameters().iter();
        let (argument, expected) = parameters
            .copied()
            .find(|(name, _)| *name == refusal.parameter)
            .unwrap_or((refusal.parameter, ""));
        match self.argument(argument) {
            Some(given) if refusal.is_of_value => {
                InvokeProblem::ArgumentType { argument, expected, found: given.type_name() }
            }
            _ => InvokeProblem::NotByName { method: self.method(), obstacle: spelled((argument, expected)) },
        }
    }
}
