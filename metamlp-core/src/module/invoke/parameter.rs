//! Converts an argument to the type of a parameter. Method dispatch picks the
//! conversion: an inherent method if its bounds hold, else the next one through
//! `Deref`, and finally a refusal.

use std::any::Any;
use std::marker::PhantomData;
use std::ops::Deref;

use super::{Argument, BoundArguments};

/// The argument for a parameter of type `T`, `&T` or `Option<&T>`.
#[derive(Debug)]
pub struct Parameter<'a, T: ?Sized>(Whole<'a, T>);

/// The fallback of [`Parameter`], which does not treat options specially.
#[derive(Debug)]
pub struct Whole<'a, T: ?Sized>(Opaque<'a, T>);

/// The fallback of [`Whole`], for types without a conversion.
#[derive(Debug)]
pub struct Opaque<'a, T: ?Sized> {
    name: &'static str,
    argument: Option<&'a Argument<'a>>,
    ty: PhantomData<fn() -> Box<T>>,
}

/// The refusal of an argument by a parameter.
#[derive(Clone, Copy, Debug)]
pub struct Refusal {
    pub(super) parameter: &'static str,
    /// True if another argument could be accepted; false if the parameter accepts none.
    pub(super) is_of_value: bool,
}

impl<'a, T: ?Sized> Parameter<'a, T> {
    /// The parameter of that name of the method that is called.
    #[must_use]
    pub fn new(given: &'a BoundArguments<'a>, name: &'static str) -> Self {
        Self(Whole(Opaque { name, argument: given.argument(name), ty: PhantomData }))
    }

    fn found<R>(&self, value: Option<R>) -> Result<R, Refusal> {
        value.ok_or(Refusal { parameter: self.name, is_of_value: true })
    }
}

impl<'a, T: Lend + ?Sized> Parameter<'a, T> {
    /// For a parameter `&T`.
    pub fn lend(&self) -> Result<&'a T, Refusal> {
        self.found(self.argument.and_then(T::lend))
    }

    /// For a parameter `Option<&T>`; an argument without a value is `None`.
    pub fn lend_option(&self) -> Result<Option<&'a T>, Refusal> {
        self.found(
            self.argument.and_then(
                |argument| {
                    if argument.is_none() { Some(None) } else { T::lend_option(argument) }
                },
            ),
        )
    }
}

impl<T: Any + Clone> Parameter<'_, Option<T>> {
    /// For a parameter `Option<T>`; an argument without a value is `None`.
    pub fn take(&self) -> Result<Option<T>, Refusal> {
        self.found(self.argument.and_then(|argument| {
            if argument.is_none() { Some(None) } else { Some(T::lend_option(argument)?.cloned()) }
        }))
    }
}

impl<T: Any + Clone> Whole<'_, T> {
    /// For a parameter `T`.
    pub fn take(&self) -> Result<T, Refusal> {
        let value = self.argument.and_then(|argument| argument.get::<T>());
        value.cloned().ok_or(Refusal { parameter: self.name, is_of_value: true })
    }
}

impl<'a, T: ?Sized> Opaque<'a, T> {
    fn refusal(&self) -> Refusal {
        Refusal { parameter: self.name, is_of_value: false }
    }

    /// For a type that cannot be cloned: a refusal.
    pub fn take(&self) -> Result<T, Refusal>
    where
        T: Sized,
    {
        Err(self.refusal())
    }

    /// For a type without a run-time identity: a refusal.
    pub fn lend(&self) -> Result<&'a T, Refusal> {
        Err(self.refusal())
    }

    /// For a type without a run-time identity: a refusal.
    pub fn lend_option(&self) -> Result<Option<&'a T>, Refusal> {
        Err(self.refusal())
    }
}

impl<'a, T: ?Sized> Deref for Parameter<'a, T> {
    type Target = Whole<'a, T>;

    fn deref(&self) -> &Whole<'a, T> {
        &self.0
    }
}

impl<'a, T: ?Sized> Deref for Whole<'a, T> {
    type Target = Opaque<'a, T>;

    fn deref(&self) -> &Opaque<'a, T> {
        &self.0
    }
}

/// A type that can be borrowed from an argument.
pub trait Lend: 'static {
    /// The value, if it is of this type.
    fn lend<'a>(argument: &'a Argument<'_>) -> Option<&'a Self>;

    /// The value, or the inner value of an option of this type.
    fn lend_option<'a>(argument: &'a Argument<'_>) -> Option<Option<&'a Self>> {
        Self::lend(argument).map(Some)
    }
}

impl<T: Any> Lend for T {
    fn lend<'a>(argument: &'a Argument<'_>) -> Option<&'a Self> {
        argument.get()
    }

    fn lend_option<'a>(argument: &'a Argument<'_>) -> Option<Option<&'a Self>> {
        match argument.get::<Option<T>>() {
            Some(option) => Some(option.as_ref()),
            None => Self::lend(argument).map(Some),
        }
    }
}

impl<T: Any> Lend for [T] {
    fn lend<'a>(argument: &'a Argument<'_>) -> Option<&'a Self> {
        argument.slice()
    }
}

impl Lend for str {
    fn lend<'a>(argument: &'a Argument<'_>) -> Option<&'a Self> {
        argument.text()
    }
}
