//! Dispatch on whether a type is a tree or holds modules: a method is taken from
//! the first of [`Probe`], [`Loaned`] and [`Anything`] that has it for the type.

use std::ops::Deref;

use metamlp_tensor::{Tensor, Tree};

use super::{Submodules, Visit};
use crate::module::inputs::Given;
use crate::module::invoke::Methods;
use crate::variables::entry::Entry;

/// A value of any type, with the methods for the traits that its type has.
///
/// The inherent methods here are found first, those of [`Loaned`] and then of
/// [`Anything`] through `Deref`.
#[derive(Debug)]
pub struct Probe<'a, T: ?Sized>(Loaned<'a, T>);

impl<'a, T: ?Sized> Probe<'a, T> {
    /// Wraps a value.
    pub fn new(value: &'a T) -> Self {
        Self(Loaned { value, anything: Anything })
    }
}

impl<T: Submodules + ?Sized> Probe<'_, T> {
    /// Visits the modules of a field.
    pub fn submodules(&self, name: &str, visit: &mut Visit<'_>) {
        self.value.submodules(name, visit);
    }
}

impl<'a, T: Methods> Probe<'a, T> {
    /// The module's table of methods.
    pub fn methods(&self) -> Option<&'a dyn Methods> {
        Some(self.value)
    }
}

impl<T: Tree> Probe<'_, T> {
    /// The value's tensors.
    pub fn entry(&self) -> Option<Entry> {
        Entry::from_tree(self.value)
    }

    /// Storage for a replacement of a borrowed value.
    pub fn place(&self) -> Option<T> {
        None
    }

    /// The borrowed value, or a reference to its replacement in `place`.
    pub fn given<'p>(&self, name: &str, given: &Given, own: &'p T, place: &'p mut Option<T>) -> &'p T {
        *place = given.replace(name, own);
        place.as_ref().unwrap_or(own)
    }

    /// The replacement of an owned value.
    pub fn replaced(&self, name: &str, given: &Given) -> Option<T> {
        given.replace(name, self.value)
    }

    /// The report of an output.
    pub fn output(&self) -> Seen<T> {
        Seen { entry: self.entry(), map: |output, replace| Some(output.map(replace)) }
    }
}

impl<'a, T: ?Sized> Deref for Probe<'a, T> {
    type Target = Loaned<'a, T>;

    fn deref(&self) -> &Loaned<'a, T> {
        &self.0
    }
}

/// Fallback for borrowed trees in a type that is not a `Tree` (`[T]`, `Option<&T>`).
#[derive(Debug)]
pub struct Loaned<'a, T: ?Sized> {
    value: &'a T,
    anything: Anything,
}

impl<T: Tree + Clone> Loaned<'_, [T]> {
    /// The tensors of all elements.
    pub fn entry(&self) -> Option<Entry> {
        Entry::from_tree(&self.value.to_vec())
    }

    /// Storage for a replacement.
    pub fn place(&self) -> Vec<T> {
        Vec::new()
    }

    /// The slice, or its replacement in `place`.
    pub fn given<'p>(&self, name: &str, given: &Given, own: &'p [T], place: &'p mut Vec<T>) -> &'p [T] {
        match given.replace(name, &own.to_vec()) {
            Some(replaced) => {
                *place = replaced;
                place
            }
            None => own,
        }
    }
}

impl<T: Tree> Loaned<'_, Option<&T>> {
    /// The value's tensors.
    pub fn entry(&self) -> Option<Entry> {
        Entry::from_tree((*self.value)?)
    }

    /// Storage for a replacement.
    pub fn place(&self) -> Option<T> {
        None
    }

    /// The borrowed value, or a reference to its replacement in `place`.
    pub fn given<'p>(
        &self,
        name: &str,
        given: &Given,
        own: Option<&'p T>,
        place: &'p mut Option<T>,
    ) -> Option<&'p T> {
        *place = own.and_then(|own| given.replace(name, own));
        place.as_ref().or(own)
    }
}

impl<T: ?Sized> Deref for Loaned<'_, T> {
    type Target = Anything;

    fn deref(&self) -> &Anything {
        &self.anything
    }
}

/// Fallback for all other types.
#[derive(Clone, Copy, Debug)]
pub struct Anything;

impl Anything {
    /// No modules.
    pub fn submodules(&self, _name: &str, _visit: &mut Visit<'_>) {}

    /// No table.
    pub fn methods<'a>(&self) -> Option<&'a dyn Methods> {
        None
    }

    /// No tensors.
    pub fn entry(&self) -> Option<Entry> {
        None
    }

    /// No storage: the value cannot be replaced.
    pub fn place(&self) -> Self {
        *self
    }

    /// The argument itself.
    pub fn given<T>(&self, _name: &str, _given: &Given, own: T, _place: &mut Self) -> T {
        own
    }

    /// No replacement.
    pub fn replaced<T>(&self, _name: &str, _given: &Given) -> Option<T> {
        None
    }

    /// No report.
    pub fn output<R>(&self) -> Seen<R> {
        Seen::loan(None)
    }
}

/// Replaces the tensors of an output; `None` if they cannot be replaced.
type Map<R> = fn(&R, &mut dyn FnMut(&Tensor) -> Tensor) -> Option<R>;

/// The report of a method's output of type `R`: its tensors, and how to replace them.
#[derive(Debug)]
pub struct Seen<R> {
    pub(crate) entry: Option<Entry>,
    pub(crate) map: Map<R>,
}

impl<R> Seen<R> {
    /// The report of an output that borrows, which cannot be replaced.
    pub fn loan(entry: Option<Entry>) -> Self {
        Self { entry, map: |_, _| None }
    }
}
