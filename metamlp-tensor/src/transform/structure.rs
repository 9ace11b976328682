//! The structure of a [`Tree`], by which `jit` chooses a compiled program. Knows no programs.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::dtype::DType;
use crate::graph::node::Tensor;
use crate::memory::buffer::Buffer;
use crate::memory::free_lists;
use crate::static_part::StaticPart;
use crate::tree::{Segment, Tree, TreeVisitor};

/// A tree without the values of its tensors: nesting, names, types and static parts. It holds the bytes that these feed
/// to a hasher, and the static parts whose bytes do not tell all of them apart, so that equal structures are equal trees,
/// not only equal hashes.
#[derive(Clone, Default)]
pub(crate) struct Structure {
    bytes: Vec<u8>,
    parts: Vec<Arc<dyn StaticPart>>,
}

impl PartialEq for Structure {
    fn eq(&self, other: &Self) -> bool {
        let are_equal = |(part, other): (&Arc<dyn StaticPart>, &Arc<dyn StaticPart>)| {
            part.as_ref().equals(other.as_ref().as_any())
        };
        self.bytes == other.bytes
            && self.parts.len() == other.parts.len()
            && self.parts.iter().zip(&other.parts).all(are_equal)
    }
}

impl Eq for Structure {}

impl Hash for Structure {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.bytes.hash(hasher);
    }
}

impl fmt::Debug for Structure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Structure").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

/// True for the types that feed different bytes to a hasher for different values, as lengths, names and numbers do.
fn is_told_by_bytes(part: &dyn StaticPart) -> bool {
    let value = part.as_any();
    value.is::<usize>()
        || value.is::<&'static str>()
        || value.is::<bool>()
        || value.is::<u32>()
        || value.is::<u64>()
        || value.is::<i32>()
        || value.is::<i64>()
        || value.is::<String>()
        || value.is::<DType>()
}

impl Structure {
    pub(crate) fn of(tree: &impl Tree) -> Self {
        // Enough for a model of a few layers.
        let mut structure = Self { bytes: Vec::with_capacity(512), parts: Vec::new() };
        tree.visit(&mut structure);
        structure
    }

    /// The values of the tensors of `tree`, in order. `None` if `tree` has another structure, or one of its tensors has no
    /// value yet.
    pub(crate) fn values_of(&self, tree: &impl Tree) -> Option<Vec<Buffer>> {
        let mut comparison = Comparison {
            rest: &self.bytes,
            parts: &self.parts,
            is_equal: true,
            values: free_lists::take_list(),
        };
        tree.visit(&mut comparison);
        let Comparison { rest, parts, is_equal, values } = comparison;
        if is_equal && rest.is_empty() && parts.is_empty() {
            return Some(values);
        }
        free_lists::keep_list(values);
        None
    }
}

/// The tag before each part of a structure.
enum Begin {
    Tensor,
    Name,
    Index,
    Leave,
    Static,
}

/// The comparison of a structure with a tree during a visit of the tree. It stores no structure of the tree.
struct Comparison<'s> {
    /// The bytes of the structure that have not been compared yet.
    rest: &'s [u8],
    /// The same of its static parts.
    parts: &'s [Arc<dyn StaticPart>],
    is_equal: bool,
    values: Vec<Buffer>,
}

/// Stores the bytes that it is fed.
impl Hasher for Structure {
    fn write(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }
    fn finish(&self) -> u64 {
        // Nothing reads it: structures are compared by their bytes.
        0
    }
}

/// Compares the bytes that it is fed.
impl Hasher for Comparison<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        match self.rest.split_at_checked(bytes.len()) {
            Some((next, rest)) if next == bytes => self.rest = rest,
            _ => self.is_equal = false,
        }
    }
    fn finish(&self) -> u64 {
        // Nothing reads it: structures are compared by their bytes.
        0
    }
}

impl Structure {
    fn part(&mut self, part: &dyn StaticPart) {
        self.parts.push(part.kept());
    }
}

impl Comparison<'_> {
    fn part(&mut self, part: &dyn StaticPart) {
        match self.parts.split_first() {
            Some((next, rest)) if next.as_ref().equals(part.as_any()) => self.parts = rest,
            _ => self.is_equal = false,
        }
    }
}

/// A visitor that feeds the structure of a tree to itself as a [`Hasher`].
macro_rules! feed_structure {
    ($visitor:ty, $tensor:expr) => {
        impl TreeVisitor for $visitor {
            fn tensor(&mut self, tensor: &Tensor) {
                self.write_u8(Begin::Tensor as u8);
                tensor.0.ty.hash(self);
                $tensor(self, tensor);
            }
            fn enter(&mut self, segment: Segment<'_>) {
                match segment {
                    Segment::Name(name) => {
                        self.write_u8(Begin::Name as u8);
                        name.hash(self);
                    }
                    Segment::Index(index) => {
                        self.write_u8(Begin::Index as u8);
                        index.hash(self);
                    }
                }
            }
            fn leave(&mut self) {
                self.write_u8(Begin::Leave as u8);
            }
            fn static_part(&mut self, value: &dyn StaticPart) {
                self.write_u8(Begin::Static as u8);
                value.feed(self);
                if !is_told_by_bytes(value) {
                    self.part(value);
                }
            }
        }
    };
}

feed_structure!(Structure, |_, _| ());
feed_structure!(Comparison<'_>, |comparison: &mut Comparison<'_>, tensor: &Tensor| {
    match tensor.0.value.get() {
        Some(value) => comparison.values.push(value.clone()),
        None => comparison.is_equal = false,
    }
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{F32, I32};

    #[test]
    fn structure_tells_static_parts_types_and_nesting_apart() {
        let x = Tensor::zeros([2], F32);
        let trees = [
            Structure::of(&(x.clone(), 1usize)),
            Structure::of(&(x.clone(), 2usize)),
            Structure::of(&(Tensor::zeros([2], I32), 1usize)),
            Structure::of(&(vec![x.clone()], 1usize)),
            Structure::of(&(vec![x.clone(), x.clone()],)),
            Structure::of(&(Some(x.clone()), None::<Tensor>)),
            Structure::of(&(None::<Tensor>, Some(x.clone()))),
        ];
        for (i, a) in trees.iter().enumerate() {
            assert!(trees[i + 1..].iter().all(|b| a != b), "tree {i}");
        }
        assert_eq!(trees[0], Structure::of(&(Tensor::ones([2], F32), 1usize)));
    }

    /// A number whose hash knows its whole part only.
    #[derive(Clone, Copy, PartialEq)]
    struct Coarse(f64);

    impl Eq for Coarse {}

    impl Hash for Coarse {
        fn hash<H: Hasher>(&self, hasher: &mut H) {
            (self.0 as i64).hash(hasher);
        }
    }

    impl Tree for Coarse {
        fn visit(&self, visitor: &mut dyn TreeVisitor) {
            visitor.static_value(self);
        }
        fn map(&self, _replace: &mut dyn FnMut(&Tensor) -> Tensor) -> Self {
            *self
        }
    }

    #[test]
    fn parts_with_equal_hashes_are_told_apart() {
        let x = Tensor::from_vec([2], vec![1.0f32, 2.0]);
        let of = |number: f64| (x.clone(), Coarse(number));
        let structure = Structure::of(&of(1.25));
        assert_eq!(structure, Structure::of(&of(1.25)));
        assert_ne!(structure, Structure::of(&of(1.75)));
        assert!(structure.values_of(&of(1.25)).is_some());
        assert!(structure.values_of(&of(1.75)).is_none());
    }

    #[test]
    fn a_tree_gives_its_values_to_its_own_structure_alone() {
        let x = Tensor::from_vec([2], vec![1.0f32, 2.0]);
        let structure = Structure::of(&(x.clone(), vec![x.clone()], 1usize));
        let found = structure.values_of(&(x.clone(), vec![x.clone()], 1usize));
        assert_eq!(found.map(|values| values.len()), Some(2));
        assert!(structure.values_of(&(x.clone(), vec![x.exp()], 1usize)).is_none());
        assert!(structure.values_of(&(x.clone(), vec![x.clone()], 2usize)).is_none());
        assert!(structure.values_of(&(x.clone(), Vec::<Tensor>::new(), 1usize)).is_none());
        assert!(structure.values_of(&(x.clone(), vec![x.clone(), x.clone()], 1usize)).is_none());
        assert!(structure.values_of(&(x.clone(), vec![x.clone()])).is_none());
        assert!(structure.values_of(&(x.clone(), vec![x], 1usize, 1usize)).is_none());
    }
}
