//! A data set cut into batches.

use metamlp_tensor::random::{self, Key};
use metamlp_tensor::{I32, Tensor, Tree, evaluate};

use super::Prefetch;
use crate::argument::invalid;
use crate::error::Result;

/// Examples in batches of equal size: a tree of tensors whose first axes are the examples.
///
/// ```
/// use metamlp::data::Batches;
/// use metamlp::prelude::*;
///
/// let images = Tensor::iota([10, 28, 28], 0, F32);
/// let labels = Tensor::iota([10], 0, I32);
/// let batches = Batches::new((images, labels), 4)?;
///
/// for epoch in 0..2 {
///     for batch in batches.shuffled(&Key::new(0).fold_in(epoch))?.prefetch(2) {
///         let (images, labels) = batch?;
///         assert_eq!(images.shape(), [4, 28, 28]);
///         assert_eq!(labels.shape(), [4]);
///     }
/// }
/// assert_eq!(batches.in_order().map(|batch| batch.unwrap().1.size()).sum::<usize>(), 8);
/// # Ok::<(), metamlp::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Batches<T> {
    data: T,
    examples: usize,
    size: usize,
    keeps_remainder: bool,
}

impl<T: Tree + Clone> Batches<T> {
    /// Batches of `size` examples. A smaller rest is dropped, since another shape is another program to
    /// compile; see [`keep_remainder`](Self::keep_remainder).
    ///
    /// # Errors
    /// [`Error::Argument`](metamlp_tensor::Error::Argument) if `size` is 0, if there is no tensor, or
    /// if the first axes differ; the error that a tensor carries.
    #[track_caller]
    pub fn new(data: T, size: usize) -> Result<Self> {
        let data = evaluate(data)?;
        let tensors = data.tensors();
        let leading = |tensor: &Tensor| tensor.shape().first().copied();
        let Some(examples) = tensors.first().and_then(leading) else {
            return Err(invalid("Batches", "data", "without examples", "tensors of [examples, ..]").into());
        };
        if let Some(other) = tensors.iter().find(|tensor| leading(tensor) != Some(examples)) {
            let expected = format!("[{examples}, ..], as the first tensor");
            return Err(invalid("Batches", "data", other.ty(), expected).into());
        }
        if size == 0 {
            return Err(invalid("Batches", "size", size, "at least 1").into());
        }
        Ok(Self { data, examples, size, keeps_remainder: false })
    }

    /// Adds a last, smaller batch for the remaining examples.
    #[must_use]
    pub fn keep_remainder(mut self) -> Self {
        self.keeps_remainder = true;
        self
    }

    /// The number of examples.
    #[must_use]
    pub fn examples(&self) -> usize {
        self.examples
    }

    /// The number of batches of an epoch.
    #[must_use]
    pub fn len(&self) -> usize {
        if self.keeps_remainder { self.examples.div_ceil(self.size) } else { self.examples / self.size }
    }

    /// True if there are too few examples for a batch.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One epoch, in the order of the examples.
    #[must_use]
    pub fn in_order(&self) -> Epoch<T> {
        self.epoch(Tensor::iota([self.examples], 0, I32))
    }

    /// One epoch in a random order, equal to JAX's `random.permutation` for the same key.
    ///
    /// # Errors
    /// The error that the key carries.
    #[track_caller]
    pub fn shuffled(&self, key: &Key) -> Result<Epoch<T>> {
        Ok(self.epoch(evaluate(random::permutation(key, self.examples))?))
    }

    fn epoch(&self, order: Tensor) -> Epoch<T> {
        Epoch { batches: self.clone(), order, next: 0 }
    }
}

/// One pass over a data set, batch by batch.
#[derive(Clone, Debug)]
pub struct Epoch<T> {
    batches: Batches<T>,
    order: Tensor,
    next: usize,
}

impl<T: Tree + Clone + Send + 'static> Epoch<T> {
    /// Prepares up to `ahead` batches in advance, on another thread; more than 4,096 count as 4,096.
    ///
    /// A panic on that thread, in the data's [`map`](Tree::map) for instance, is passed on to the thread
    /// that asks for the batch.
    #[must_use]
    pub fn prefetch(self, ahead: usize) -> Prefetch<T> {
        Prefetch::new(self, ahead)
    }
}

impl<T: Tree + Clone> Iterator for Epoch<T> {
    type Item = Result<T>;

    #[track_caller]
    fn next(&mut self) -> Option<Result<T>> {
        let Batches { data, examples, size, .. } = &self.batches;
        if self.next == self.batches.len() {
            return None;
        }
        let start = self.next * size;
        self.next += 1;
        let rows = self.order.slice_axis(0, start, (start + size).min(*examples));
        Some(evaluate(data.map(&mut |tensor| tensor.take(&rows, 0))).map_err(Into::into))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.batches.len() - self.next;
        (left, Some(left))
    }
}

impl<T: Tree + Clone> ExactSizeIterator for Epoch<T> {}
