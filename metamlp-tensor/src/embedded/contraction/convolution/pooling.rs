//! A pooling that follows a convolution and its epilogue image by image, while the image is in cache, and the elementwise
//! kernel that follows the pooling.

use smallvec::SmallVec;

use crate::embedded::contraction::epilogue::{Epilogue, Inputs, Parts};
use crate::embedded::fused::allocation::{Allocation, Part};
use crate::embedded::fused::frame::Lane;
use crate::embedded::slices::folds::Folds;
use crate::embedded::slices::plane::Plane;
use crate::graph::op::Op;
use crate::graph::{Graph, Id};
use crate::memory::buffer::{Buffer, Storage};

use super::registers::Registers;

/// Element types with fused pooling.
pub(super) trait Float: Registers + Lane + Folds {
    fn part(elements: &mut [Self]) -> Part<'_>;
    /// The elements of a part of this type.
    fn of_part<'p>(part: &'p Part<'_>) -> &'p [Self];
}

macro_rules! floats {
    ($($number:ident $Kind:ident)*) => {$(
        impl Float for $number {
            fn part(elements: &mut [Self]) -> Part<'_> {
                Part::$Kind(elements)
            }

            fn of_part<'p>(part: &'p Part<'_>) -> &'p [Self] {
                match part {
                    Part::$Kind(elements) => elements,
                    _ => unreachable!("a pooling has the dtype of its operand"),
                }
            }
        }
    )*};
}

floats!(f32 F32 f64 F64);

/// A `reduce_window` of an output of an epilogue.
pub(crate) struct Pooling {
    plane: Plane,
    images: usize,
    /// Number of the epilogue's output that it reduces.
    output: usize,
    /// True if other kernels read that output, so that it must be stored.
    keeps_output: bool,
    /// The kernel that follows.
    then: Option<Epilogue>,
}

impl Pooling {
    /// The elements of the result of an image, if `id` is a `reduce_window` that reduces each image, of `image` elements, by
    /// itself.
    pub(crate) fn fits(graph: &Graph, id: Id, image: usize) -> Option<usize> {
        let plane = plane(graph, id)?;
        (plane.size() == image && plane.result_size() > 0).then(|| plane.result_size())
    }

    /// The pooling `id` of output number `output` of an epilogue, followed by `then`. `None` if `id` is no pooling.
    pub(crate) fn new(
        graph: &Graph,
        id: Id,
        (output, keeps_output): (usize, bool),
        then: Option<Epilogue>,
    ) -> Option<Self> {
        let images = graph.node(id).ty.shape[0];
        Some(Self { plane: plane(graph, id)?, images, output, keeps_output, then })
    }

    /// The nodes that the kernel behind the pooling reads in addition to the pooling's result.
    pub(crate) fn reads(&self) -> impl Iterator<Item = Id> {
        self.then.iter().flat_map(Epilogue::reads)
    }

    /// The epilogue's output that only this pooling reads.
    pub(super) fn unkept(&self) -> Option<usize> {
        (!self.keeps_output).then_some(self.output)
    }

    /// Prepares a run, from the buffers of [`reads`](Self::reads).
    pub(super) fn prepare<T: Float>(&self, rest: impl Iterator<Item = Option<Buffer>>) -> Pooled<'_, T> {
        let keeps = self.then.as_ref().is_none_or(|then| then.keeps);
        Pooled {
            pooling: self,
            result: keeps.then(|| T::pool().take(self.images * self.plane.result_size())),
            then: self.then.as_ref().map(|then| {
                let (inputs, allocations) = then.prepare(rest);
                (then, inputs, allocations)
            }),
        }
    }

    /// Elements of the result for this many elements of whole images.
    pub(super) fn length(&self, length: usize) -> usize {
        length / self.plane.size().max(1) * self.plane.result_size()
    }

    /// Reduces each image of its output in `parts`.
    pub(super) fn reduce<T: Float>(&self, parts: &Parts<'_>, result: &mut [T]) {
        let elements = T::of_part(&parts[self.output]);
        let images = elements.chunks_exact(self.plane.size());
        for (elements, result) in images.zip(result.chunks_exact_mut(self.plane.result_size())) {
            self.plane.reduce(elements, result);
        }
    }
}

/// The most windows of an image along one axis: their places are listed when a program is compiled.
const MOST_PLACES: usize = 1 << 22;

/// The reduction of one image; `None` if windows reach across images, move along more than two axes
/// or are very many.
fn plane(graph: &Graph, id: Id) -> Option<Plane> {
    let node = graph.node(id);
    let Op::ReduceWindow { kind, windows } = &node.op else { return None };
    let (first, rest) = windows.split_first()?;
    let axes: SmallVec<[usize; 4]> = (0..rest.len()).filter(|&axis| !rest[axis].is_trivial()).collect();
    let shape = &graph.node(node.operands[0]).ty.shape[1..];
    // Axes before the first moving one would count images too.
    let is_whole = axes.first().is_some_and(|&axis| shape[..axis].iter().all(|&extent| extent == 1));
    let is_listed = |&axis: &usize| rest[axis].places(shape[axis]).is_ok_and(|places| places <= MOST_PLACES);
    let fits = first.is_trivial() && is_whole && axes.len() <= 2 && axes.iter().all(is_listed);
    fits.then(|| Plane::new(*kind, shape, rest, &axes))
}

/// A pooling with the memory of its results.
pub(super) struct Pooled<'a, T: Float> {
    pooling: &'a Pooling,
    /// `None` if only the kernel behind the pooling reads the result.
    result: Option<Storage<T>>,
    then: Option<(&'a Epilogue, Inputs, SmallVec<[Allocation; 3]>)>,
}

/// Mutable access to the memory of a [`Pooled`].
pub(super) struct Fill<'a, T> {
    pub(super) pooling: &'a Pooling,
    pub(super) result: Option<&'a mut [T]>,
    pub(super) then: Option<(&'a Epilogue, &'a Inputs, &'a mut [Allocation])>,
}

impl<T: Float> Pooled<'_, T> {
    /// Borrows the memory for a run.
    pub(super) fn fill(&mut self) -> Fill<'_, T> {
        let then = self.then.as_mut();
        Fill {
            pooling: self.pooling,
            result: self.result.as_deref_mut(),
            then: then.map(|(epilogue, inputs, allocations)| (*epilogue, &*inputs, &mut allocations[..])),
        }
    }

    /// The result, if it is kept, then the outputs of the kernel that follows.
    pub(super) fn into_buffers(self) -> impl Iterator<Item = Buffer> {
        let outputs = self.then.into_iter().flat_map(|(_, _, allocations)| allocations);
        self.result.into_iter().map(Buffer::from_vec).chain(outputs.map(Allocation::into_buffer))
    }
}
