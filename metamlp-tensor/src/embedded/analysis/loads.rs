//! The windows that a kernel reads, each once. Knows strides; nothing of nodes and kernels.

use std::ops::Index;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::dtype::DType;
use crate::embedded::slices::view::Strides;
use crate::engine::statistics::count_compile_work;
use crate::graph::Id;

/// A window that a kernel reads: an element for each place of the kernel's space.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Load {
    /// The node whose buffer is read; `None` reads the offsets themselves.
    pub(crate) base: Option<Id>,
    pub(crate) dtype: DType,
    /// One for each axis of the space.
    pub(crate) strides: Strides,
    pub(crate) offset: isize,
    /// In a kernel over a block of rows: the step from row to row in a buffer of all rows, one for each axis that
    /// counts rows. Empty in other kernels.
    pub(crate) row_steps: Strides,
    /// True if it is the buffer from its first to its last element, in the order of the space.
    pub(crate) is_whole: bool,
}

/// The distinct windows of a kernel, numbered in order of first use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Loads {
    list: Vec<Load>,
    /// The numbers of the windows of each buffer, so that a kernel that reads hundreds of buffers is built in linear
    /// time.
    by_base: FxHashMap<Option<Id>, SmallVec<[usize; 1]>>,
}

impl Loads {
    /// The number of the window, which is added if it is new.
    pub(crate) fn add(&mut self, load: Load) -> usize {
        let known = self.by_base.entry(load.base).or_default();
        count_compile_work(1 + known.len());
        match known.iter().find(|&&number| self.list[number] == load) {
            Some(&number) => number,
            None => {
                known.push(self.list.len());
                self.list.push(load);
                self.list.len() - 1
            }
        }
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Load> {
        self.list.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// The windows of the buffer of `base`.
    pub(crate) fn of(&self, base: Option<Id>) -> impl Iterator<Item = &Load> {
        self.by_base.get(&base).into_iter().flatten().map(|&number| &self.list[number])
    }

    /// True if the buffer of `base` is read by this one window alone.
    pub(crate) fn is_only_one_of(&self, base: Option<Id>) -> bool {
        self.by_base.get(&base).is_some_and(|numbers| numbers.len() == 1)
    }

    /// The same windows, each changed by `change`, which keeps its buffer.
    pub(crate) fn map(&self, mut change: impl FnMut(usize, &Load) -> Load) -> Self {
        let list: Vec<Load> =
            self.list.iter().enumerate().map(|(number, load)| change(number, load)).collect();
        debug_assert!(list.iter().zip(&self.list).all(|(new, old)| new.base == old.base), "a buffer changed");
        Self { list, by_base: self.by_base.clone() }
    }
}

impl Index<usize> for Loads {
    type Output = Load;

    fn index(&self, number: usize) -> &Load {
        &self.list[number]
    }
}
