//! Dispatch on whether a type is a tree, or holds modules: the methods of the
//! first of [`Probe`], [`Loaned`] and [`Anything`] that has them for the type.

use std::ops::Deref;

use metamlp_tensor::{Tensor, Tree};

use super::{Submodules, Visit};
use crate::module::inputs::Given;
use crate::module::invoke::Methods;
use crate::variables::entry::Entry;

/// Asks a value of any type what it is, where its type has the trait.
///
/// The inherent methods here are found first, those of [`Loaned`] and then of
/// [`Anything`] through `Deref`.
#[derive(Debug)]
pub struct Probe<'a, T: ?Sized>(Loaned<'a, T>);

impl<'a, T: ?Sized> Probe<'a, T> {
    /// A probe of that value.
    pub fn new(value: &'a T) -> Self {
        Self(Loaned { value, anything: Anything })
    }
}

impl<T: Submodules + ?Sized> Probe<'_, T> {
    /// Shows the modules of a field.
    pub fn submodules(&self, name: &str, visit: &mut Visit<'_>) {
        self.value.submodules(name, visit);
    }
}

impl<'a, T: Methods> Probe<'a, T> {
    /// A module's table of methods.
    pub fn methods(&self) -> Option<&'a dyn Methods> {
        Some(self.value)
    }
}

impl<T: Tree> Probe<'_, T> {
    /// Its tensors.
    pub fn entry(&self) -> Option<Entry> {
        Entry::from_tree(self.value)
    }

    /// A place for what may be given in the place of a loan.
    pub fn place(&self) -> Option<T> {
        None
    }

    /// The loan, or one of what was given in its place.
    pub fn given<'p>(&self, name: &str, given: &Given, own: &'p T, place: &'p mut Option<T>) -> &'p T {
        *place = given.replace(name, own);
        place.as_ref().unwrap_or(own)
    }

    /// What was given in the place of an owned value.
    pub fn replaced(&self, name: &str, given: &Given) -> Option<T> {
        given.replace(name, self.value)
    }

    /// What there is to see of an output.
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

/// The answers for loans of trees inside of something that is none.
#[derive(Debug)]
pub struct Loaned<'a, T: ?Sized> {
    value: &'a T,
    anything: Anything,
}

impl<T: Tree + Clone> Loaned<'_, [T]> {
    /// The tensors of all.
    pub fn entry(&self) -> Option<Entry> {
        Entry::from_tree(&self.value.to_vec())
    }

    /// A place for what may be given instead.
    pub fn place(&self) -> Vec<T> {
        Vec::new()
    }

    /// The slice, or one of what was given in its place.
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
    /// Its tensors.
    pub fn entry(&self) -> Option<Entry> {
        Entry::from_tree((*self.value)?)
    }

    /// A place for what may be given instead.
    pub fn place(&self) -> Option<T> {
        None
    }

    /// The loan, or one of what was given in its place.
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

/// The answers for every other type.
#[derive(Clone, Copy, Debug)]
pub struct Anything;

impl Anything {
    /// Not a module: nothing to show.
    pub fn submodules(&self, _name: &str, _visit: &mut Visit<'_>) {}

    /// No table.
    pub fn methods<'a>(&self) -> Option<&'a dyn Methods> {
        None
    }

    /// Not a tree: no tensors.
    pub fn entry(&self) -> Option<Entry> {
        None
    }

    /// Nothing can be given instead.
    pub fn place(&self) -> Self {
        *self
    }

    /// The argument itself.
    pub fn given<T>(&self, _name: &str, _given: &Given, own: T, _place: &mut Self) -> T {
        own
    }

    /// Nothing.
    pub fn replaced<T>(&self, _name: &str, _given: &Given) -> Option<T> {
        None
    }

    /// Nothing to see.
    pub fn output<R>(&self) -> Seen<R> {
        Seen::loan(None)
    }
}

/// An output with its tensors replaced, if that can be.
type Map<R> = fn(&R, &mut dyn FnMut(&Tensor) -> Tensor) -> Option<R>;

/// What there is to see of a method's output of type `R`, and how to change it.
#[derive(Debug)]
pub struct Seen<R> {
    pub(crate) entry: Option<Entry>,
    pub(crate) map: Map<R>,
}

impl<R> Seen<R> {
    /// Of an output that borrows: it can be seen, and not changed.
    pub fn loan(entry: Option<Entry>) -> Self {
        Self { entry, map: |_, _| None }
    }
}
