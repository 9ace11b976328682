//! The items that the macros' expansion uses. Not for users.

mod probe;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::rc::Rc;
use std::sync::Arc;

pub use metamlp_tensor::{Segment, StaticField, Tensor, Tree, TreeVisitor, VisitStatic};

pub use probe::{Anything, Loaned, Probe, Seen};

pub use crate::module::handle::Handle;
pub use crate::module::inputs::{Given, Inputs};
pub use crate::module::invoke::{BoundArguments, IntoArgument, Invoked, Method, Methods, Parameter, Refusal};
pub use crate::module::{METHODS, Module, REQUESTS};
pub use crate::scope::{Call, Entered};
pub use crate::variables::entry::Entry;

/// The callback of [`Module::submodules`]: gets the name and the module of each field.
pub type Visit<'a> = dyn FnMut(&str, &dyn Module) + 'a;

/// A copy of a field in which the modules keep their identities.
pub fn field<T: Clone>(field: &T) -> T {
    crate::module::handle::clone_shared(field)
}

/// A field that holds modules.
pub trait Submodules {
    /// Calls `visit` with each module and its name: the field's, followed in a container by `_` and its index or key.
    fn submodules(&self, name: &str, visit: &mut Visit<'_>);
}

impl<M: Module> Submodules for M {
    fn submodules(&self, name: &str, visit: &mut Visit<'_>) {
        visit(name, self);
    }
}

impl<T: Submodules> Submodules for Option<T> {
    fn submodules(&self, name: &str, visit: &mut Visit<'_>) {
        if let Some(inner) = self {
            inner.submodules(name, visit);
        }
    }
}

impl<T: Submodules> Submodules for Vec<T> {
    fn submodules(&self, name: &str, visit: &mut Visit<'_>) {
        self.as_slice().submodules(name, visit);
    }
}

impl<T: Submodules, const N: usize> Submodules for [T; N] {
    fn submodules(&self, name: &str, visit: &mut Visit<'_>) {
        self.as_slice().submodules(name, visit);
    }
}

impl<T: Submodules> Submodules for [T] {
    fn submodules(&self, name: &str, visit: &mut Visit<'_>) {
        for (i, part) in self.iter().enumerate() {
            part.submodules(&format!("{name}_{i}"), visit);
        }
    }
}

impl<K: Display, T: Submodules> Submodules for BTreeMap<K, T> {
    fn submodules(&self, name: &str, visit: &mut Visit<'_>) {
        for (key, part) in self {
            part.submodules(&format!("{name}_{key}"), visit);
        }
    }
}

/// In the order of the printed keys, since the map has no order of its own.
impl<K: Display, T: Submodules, S> Submodules for HashMap<K, T, S> {
    fn submodules(&self, name: &str, visit: &mut Visit<'_>) {
        let by_key: BTreeMap<_, _> = self.iter().map(|(key, part)| (key.to_string(), part)).collect();
        for (key, part) in by_key {
            part.submodules(&format!("{name}_{key}"), visit);
        }
    }
}

impl<T: Submodules + ?Sized> Submodules for Arc<T> {
    fn submodules(&self, name: &str, visit: &mut Visit<'_>) {
        (**self).submodules(name, visit);
    }
}

impl<T: Submodules + ?Sized> Submodules for Rc<T> {
    fn submodules(&self, name: &str, visit: &mut Visit<'_>) {
        (**self).submodules(name, visit);
    }
}

impl<T: Submodules> Submodules for Box<[T]> {
    fn submodules(&self, name: &str, visit: &mut Visit<'_>) {
        (**self).submodules(name, visit);
    }
}

macro_rules! tuple {
    ($($part:ident $place:tt),*) => {
        impl<$($part: Submodules),*> Submodules for ($($part,)*) {
            fn submodules(&self, name: &str, visit: &mut Visit<'_>) {
                $(self.$place.submodules(&format!("{name}_{}", $place), visit);)*
            }
        }
    };
}

tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
