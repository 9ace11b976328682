//! Elements that everyone who has a buffer shares, and the forms that products
//! have brought them into. A form lives as long as the elements do, and nobody
//! can change them meanwhile: it is theirs, whatever address they have.

use std::hash::{Hash, Hasher as _};
use std::mem::{replace, take};
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHasher;

use crate::dtype::Element;
use crate::memory::buffer::Storage;
use crate::memory::free_lists;

/// Shared, immutable elements.
#[derive(Debug)]
#[doc(hidden)]
pub struct Shared<T: Element> {
    storage: Storage<T>,
    /// A bit for each form that was asked for, by its hash.
    asked: AtomicU64,
    forms: Mutex<Vec<(Form, Arc<Storage<T>>)>>,
}

/// A matrix among the elements, whose columns are to be put into panels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Form {
    pub(crate) offset: usize,
    pub(crate) stride: usize,
    pub(crate) is_transposed: bool,
    pub(crate) depth: usize,
    pub(crate) columns: usize,
}

/// Forms of the same elements that are kept at most.
const MOST_FORMS: usize = 4;

impl<T: Element> Shared<T> {
    /// `storage`, to be shared, in a place that this thread has done with if there is one.
    pub(crate) fn new(storage: Storage<T>) -> Arc<Self> {
        if let Some(mut place) = free_lists::take_place()
            && let Some(own) = Arc::get_mut(&mut place)
        {
            own.storage = storage;
            return place;
        }
        Arc::new(Self::from(storage))
    }

    /// The elements of `shared`, to be changed, if nobody else holds them: their forms are gone, and its place is kept.
    pub(crate) fn take(shared: &mut Arc<Self>) -> Option<Storage<T>> {
        // Sharing is the commonest, and a look at the count cheaper than the proof that there is no other.
        if Arc::strong_count(shared) > 1 {
            return None;
        }
        let own = Arc::get_mut(shared)?;
        let storage = take(&mut own.storage);
        own.asked = AtomicU64::new(0);
        own.forms.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        free_lists::keep_place(replace(shared, Arc::clone(T::none())));
        Some(storage)
    }

    /// The elements, to be changed: their forms are gone.
    pub(crate) fn into_storage(self) -> Storage<T> {
        self.storage
    }

    /// The elements in a form, which is made when it is asked for a second
    /// time: of elements that change before then it never is.
    pub(crate) fn form(&self, form: Form, make: impl FnOnce() -> Storage<T>) -> Option<Arc<Storage<T>>> {
        let mut hasher = FxHasher::default();
        form.hash(&mut hasher);
        let bit = 1 << (hasher.finish() % 64);
        if self.asked.fetch_or(bit, Ordering::Relaxed) & bit == 0 {
            return None;
        }
        let forms = self.forms.lock().ok()?;
        if let Some((_, made)) = forms.iter().find(|(known, _)| *known == form) {
            return Some(Arc::clone(made));
        }
        if forms.len() == MOST_FORMS {
            return None;
        }
        // Others may make it at the same time, which is only a waste.
        drop(forms);
        let made = Arc::new(make());
        self.forms.lock().ok()?.push((form, Arc::clone(&made)));
        Some(made)
    }
}

impl<T: Element> From<Storage<T>> for Shared<T> {
    fn from(storage: Storage<T>) -> Self {
        Self { storage, asked: AtomicU64::new(0), forms: Mutex::new(Vec::new()) }
    }
}

impl<T: Element> Default for Shared<T> {
    fn default() -> Self {
        Storage::default().into()
    }
}

impl<T: Element> Deref for Shared<T> {
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
    fn forms_are_gone_with_the_right_to_change_the_elements() {
        let shared = Shared::from(Storage::from(vec![1.0f32; 4]));
        let make = || Storage::from(vec![1.0f32; 4]);
        shared.form(FORM, make);
        let made = shared.form(FORM, make).unwrap();
        let shared = Shared::from(shared.into_storage());
        assert_eq!(Arc::strong_count(&made), 1);
        assert!(shared.form(FORM, || unreachable!()).is_none());
    }
}
