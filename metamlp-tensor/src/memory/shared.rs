//! Elements shared by all clones of a buffer, and the packed forms of them that matrix products have made. A form is
//! stored beside its elements and dropped before they can change, so it is never stale.

use std::hash::{Hash, Hasher as _};
use std::mem::{replace, take};
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHasher;

use crate::memory::Stored;
use crate::memory::buffer::Storage;
use crate::memory::free_lists;

/// Shared, immutable elements.
#[derive(Debug)]
pub(crate) struct Shared<T: Stored> {
    storage: Storage<T>,
    /// One bit for each form that was requested, chosen by the hash of the form.
    requested: AtomicU64,
    forms: Mutex<Vec<(Form, Arc<Storage<T>>)>>,
}

/// A matrix in the elements whose columns are packed into panels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Form {
    pub(crate) offset: usize,
    pub(crate) stride: usize,
    pub(crate) is_transposed: bool,
    pub(crate) depth: usize,
    pub(crate) columns: usize,
}

/// Most forms of the same elements.
const MOST_FORMS: usize = 4;

impl<T: Stored> Shared<T> {
    /// Shares `storage`, in a recycled cell if this thread has one.
    pub(crate) fn new(storage: Storage<T>) -> Arc<Self> {
        if let Some(mut cell) = free_lists::take_cell() {
            Arc::get_mut(&mut cell).expect("a recycled cell has one owner").storage = storage;
            return cell;
        }
        Arc::new(Self::from(storage))
    }

    /// The storage, to be written, if `shared` is its only owner. Drops its forms and recycles its cell.
    pub(crate) fn take(shared: &mut Arc<Self>) -> Option<Storage<T>> {
        // Fast path: the elements are usually shared, and reading the count is cheaper than `Arc::get_mut`.
        if Arc::strong_count(shared) > 1 {
            return None;
        }
        let own = Arc::get_mut(shared)?;
        let storage = take(&mut own.storage);
        own.requested = AtomicU64::new(0);
        own.forms.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        free_lists::keep_cell(replace(shared, Arc::clone(T::empty())));
        Some(storage)
    }

    /// The storage, to be written; drops its forms.
    pub(crate) fn into_storage(self) -> Storage<T> {
        self.storage
    }

    pub(crate) fn storage(&self) -> &Storage<T> {
        &self.storage
    }

    /// The elements in a form. `None` at the first request: the form is made at the second one, so that elements which
    /// change between requests are never packed.
    pub(crate) fn form(&self, form: Form, make: impl FnOnce() -> Storage<T>) -> Option<Arc<Storage<T>>> {
        let mut hasher = FxHasher::default();
        form.hash(&mut hasher);
        let bit = 1 << (hasher.finish() % 64);
        if self.requested.fetch_or(bit, Ordering::Relaxed) & bit == 0 {
            return None;
        }
        let forms = self.forms.lock().ok()?;
        if let Some((_, made)) = forms.iter().find(|(known, _)| *known == form) {
            return Some(Arc::clone(made));
        }
        if forms.len() == MOST_FORMS {
            return None;
        }
        // Another thread may make the same form now. That wastes work, but both results are equal.
        drop(forms);
        let made = Arc::new(make());
        self.forms.lock().ok()?.push((form, Arc::clone(&made)));
        Some(made)
    }
}

impl<T: Stored> From<Storage<T>> for Shared<T> {
    fn from(storage: Storage<T>) -> Self {
        Self { storage, requested: AtomicU64::new(0), forms: Mutex::new(Vec::new()) }
    }
}

impl<T: Stored> Default for Shared<T> {
    fn default() -> Self {
        Storage::default().into()
    }
}

impl<T: Stored> Deref for Shared<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.storage
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: Form = Form { offset: 0, stride: 2, is_transposed: false, depth: 2, columns: 2 };

    #[test]
    fn a_form_is_made_at_the_second_request_and_kept() {
        let shared = Shared::from(Storage::from(vec![1.0f32, 2.0, 3.0, 4.0]));
        let make = || Storage::from(shared.to_vec());
        assert!(shared.form(FORM, make).is_none());
        let made = shared.form(FORM, make).unwrap();
        assert!(Arc::ptr_eq(&made, &shared.form(FORM, || unreachable!()).unwrap()));
        let other = Form { is_transposed: true, ..FORM };
        assert!(shared.form(other, make).is_none());
        assert!(!Arc::ptr_eq(&made, &shared.form(other, make).unwrap()));
    }

    #[test]
    fn forms_are_dropped_before_the_elements_can_change() {
        let shared = Shared::from(Storage::from(vec![1.0f32; 4]));
        let make = || Storage::from(vec![1.0f32; 4]);
        shared.form(FORM, make);
        let made = shared.form(FORM, make).unwrap();
        let shared = Shared::from(shared.into_storage());
        assert_eq!(Arc::strong_count(&made), 1);
        assert!(shared.form(FORM, || unreachable!()).is_none());
    }
}
