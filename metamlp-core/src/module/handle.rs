//! Module identity: id, class, given name, creation site. It does not change when
//! the module is initialised or applied.

use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::scope::{Owner, stack};

/// The hidden field of every module.
///
/// The identity connects a module to its scope while a model runs. A clone is
/// another module of the same class and name. Handles are equal if their
/// classes and given names are, so that modules compare by their fields.
#[derive(Debug)]
pub struct Handle(Arc<Identity>);

#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) id: u64,
    pub(crate) class: &'static str,
    pub(crate) location: &'static Location<'static>,
    /// The scope that was running when the module was made, which names it.
    pub(crate) owner: Option<Owner>,
    given_name: OnceLock<Arc<str>>,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

impl Handle {
    /// A new module of that class, owned by the module that is running, if any.
    #[track_caller]
    #[must_use]
    pub fn new(class: &'static str) -> Self {
        Self::made(class, Location::caller(), OnceLock::new(), true)
    }

    /// Gives the module a name in place of an automatic one.
    ///
    /// If the module is also in a field or has a name already, this becomes a new module.
    pub fn rename(&mut self, name: impl Into<String>) {
        let name: Arc<str> = name.into().into();
        let is_in_field = self.0.owner.is_none() && Arc::strong_count(&self.0) > 1;
        let refused = if is_in_field { Err(name) } else { self.0.given_name.set(name) };
        if let Err(name) = refused {
            let renamed = Self::made(self.0.class, self.0.location, name.into(), self.0.owner.is_some());
            if let Some(owner) = self.0.owner
                && let Some(root) = stack::root(owner.root)
            {
                root.state().forget(owner.scope, self.0.id);
            }
            *self = renamed;
        }
    }

    pub(crate) fn identity(&self) -> &Arc<Identity> {
        &self.0
    }

    fn made(
        class: &'static str,
        location: &'static Location<'static>,
        given_name: OnceLock<Arc<str>>,
        owned: bool,
    ) -> Self {
        let owner = if owned { stack::owner() } else { None };
        let identity = Arc::new(Identity {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            class,
            location,
            owner: owner.as_ref().map(|(owner, _)| *owner),
            given_name,
        });
        if let Some((owner, root)) = owner {
            root.state().await_name(owner.scope, Arc::clone(&identity));
        }
        Self(identity)
    }
}

impl Identity {
    pub(crate) fn given_name(&self) -> Option<&Arc<str>> {
        self.given_name.get()
    }
}

thread_local! {
    static SHARING: Cell<bool> = const { Cell::new(false) };
}

/// Clones a field so that the modules in it keep their identities.
pub(crate) fn clone_shared<T: Clone>(field: &T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            SHARING.set(self.0);
        }
    }
    let _restore = Restore(SHARING.replace(true));
    field.clone()
}

/// A module of the same class and given name with a new identity.
impl Clone for Handle {
    fn clone(&self) -> Self {
        if SHARING.get() {
            return Self(Arc::clone(&self.0));
        }
        let Identity { class, location, owner, ref given_name, .. } = *self.0;
        Self::made(class, location, given_name.clone(), owner.is_some())
    }
}

impl PartialEq for Handle {
    fn eq(&self, other: &Self) -> bool {
        self.0.class == other.0.class && self.0.given_name() == other.0.given_name()
    }
}

impl Eq for Handle {}

impl Hash for Handle {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.class.hash(state);
        self.0.given_name().hash(state);
    }
}
