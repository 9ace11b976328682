//! The structure of a [`Tree`], by which `jit` chooses a compiled program. Knows no programs.

use std::hash::{Hash, Hasher};

use crate::graph::node::Tensor;
use crate::memory::buffer::Buffer;
use crate::memory::free_lists;
use crate::tree::{Segment, StaticPart, Tree, TreeVisitor};

/// A tree without the values of its tensors: nesting, names, types and static parts. It holds the bytes that these feed
/// to a hasher, so that equal bytes mean equal structures, not only equal hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Structure {
    bytes: Vec<u8>,
}

impl Structure {
    pub(crate) fn of(tree: &impl Tree) -> Self {
        // Enough for a model of a few layers.
        let mut structure = Self { bytes: Vec::with_capacity(512) };
        tree.visit(&mut structure);
        structure
    }

    /// The values of the tensors of `tree`, in order. `None` if `tree` has another structure, or one of its tensors has no
    /// value yet.
    pub(crate) fn values_of(&self, tree: &impl Tree) -> Option<Vec<Buffer>> {
        let mut comparison =
            Comparison { rest: &self.bytes, is_equal: true, values: free_lists::take_list() };
        tree.visit(&mut comparison);
        let Comparison { rest, is_equal, values } = comparison;
        if is_equal && rest.is_empty() {
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
