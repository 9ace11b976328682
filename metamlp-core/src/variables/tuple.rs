//! The entries of a tuple: shared by their copies, copied on write, of any depth.

use std::fmt;
use std::mem;
use std::ops::Deref;
use std::sync::Arc;

use crate::variables::entry::{Entry, debug_part};
use crate::variables::walk::{self, Part};

/// Several values in order, such as [`sow`](crate::Module::sow) appends. It is read as a slice.
///
/// Cloning shares the values; pushing to a clone does not change the original.
///
/// ```
/// use metamlp::{Entry, Tuple};
/// let mut pair = Tuple::from(vec![1.0.into(), 2.0.into()]);
/// pair.push(Entry::from(pair.clone()));
/// assert_eq!((pair.len(), pair[2].as_tuple().unwrap().len()), (3, 2));
/// ```
#[derive(Clone, Default)]
pub struct Tuple(Arc<Values>);

/// The values of a tuple. Dropping them drops nested entries by a worklist instead of recursion.
#[derive(Clone, Default)]
struct Values(Vec<Entry>);

impl Drop for Values {
    fn drop(&mut self) {
        walk::release(mem::take(&mut self.0), |values| values);
    }
}

impl Tuple {
    /// A tuple without values.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a value.
    pub fn push(&mut self, value: impl Into<Entry>) {
        Arc::make_mut(&mut self.0).0.push(value.into());
    }

    /// The values, if no other tuple shares them.
    pub(crate) fn into_own(self) -> Option<Vec<Entry>> {
        Arc::into_inner(self.0).map(|mut values| mem::take(&mut values.0))
    }
}

impl Deref for Tuple {
    type Target = [Entry];

    fn deref(&self) -> &[Entry] {
        &self.0.0
    }
}

impl From<Vec<Entry>> for Tuple {
    fn from(values: Vec<Entry>) -> Self {
        Self(Arc::new(Values(values)))
    }
}

impl<E: Into<Entry>> FromIterator<E> for Tuple {
    fn from_iter<I: IntoIterator<Item = E>>(values: I) -> Self {
        values.into_iter().map(Into::into).collect::<Vec<Entry>>().into()
    }
}

impl<'a> IntoIterator for &'a Tuple {
    type Item = &'a Entry;
    type IntoIter = std::slice::Iter<'a, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for Tuple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_part(Part::Tuple(self), 0, f)
    }
}
