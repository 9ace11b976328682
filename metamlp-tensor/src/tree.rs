//! [`Tree`]: values that hold tensors, as arguments and results of `jit`, `grad` and `evaluate`. JAX's pytrees.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::graph::node::Tensor;
use crate::static_part::StaticPart;

/// A value that consists of tensors and of static parts (numbers, strings, flags).
///
/// Tensors, tuples, vectors, arrays, options and ordered maps are trees. `#[derive(Tree)]` makes a tree of a struct or
/// enum of trees. Under `jit` the tensors are arguments and the static parts are constants of the program: other values
/// of them compile another program.
///
/// ```
/// use metamlp_tensor::{F32, Tensor, Tree};
/// let batch = (Tensor::ones([2], F32), vec![Tensor::zeros([3], F32)], 7usize);
/// assert_eq!(batch.tensors().len(), 2);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tree of tensors",
    note = "put `#[derive(Tree)]` on it, or return its tensors as a tuple"
)]
pub trait Tree: Sized {
    /// Calls `visitor` on every part, in a fixed order.
    fn visit(&self, visitor: &mut dyn TreeVisitor);

    /// The tree with every tensor replaced by the result of `replace`, called in the order of [`visit`](Tree::visit).
    #[must_use]
    fn map(&self, replace: &mut dyn FnMut(&Tensor) -> Tensor) -> Self;

    /// Calls `f` on every tensor, in order.
    fn for_each(&self, f: &mut dyn FnMut(&Tensor)) {
        struct Each<'a>(&'a mut dyn FnMut(&Tensor));
        impl TreeVisitor for Each<'_> {
            fn tensor(&mut self, tensor: &Tensor) {
                (self.0)(tensor);
            }
        }
        self.visit(&mut Each(f));
    }

    /// The tensors, in order.
    fn tensors(&self) -> Vec<Tensor> {
        let mut tensors = Vec::new();
        self.for_each(&mut |tensor| tensors.push(tensor.clone()));
        tensors
    }

    /// The tensors with their paths, in order.
    ///
    /// ```
    /// use metamlp_tensor::{F32, Tensor, Tree};
    /// let paths = vec![(Tensor::ones([2], F32), 1.0)].tensors_with_paths();
    /// assert_eq!(paths[0].0.to_string(), "0/0");
    /// ```
    fn tensors_with_paths(&self) -> Vec<(TreePath, Tensor)> {
        struct Paths {
            at: TreePath,
            found: Vec<(TreePath, Tensor)>,
        }
        impl TreeVisitor for Paths {
            fn tensor(&mut self, tensor: &Tensor) {
                self.found.push((self.at.clone(), tensor.clone()));
            }
            fn enter(&mut self, segment: Segment<'_>) {
                self.at.0.push(segment.into());
            }
            fn leave(&mut self) {
                self.at.0.pop();
            }
        }
        let mut paths = Paths { at: TreePath::default(), found: Vec::new() };
        self.visit(&mut paths);
        paths.found
    }
}

/// The callbacks of a walk over a [`Tree`].
pub trait TreeVisitor {
    /// Called on each tensor.
    fn tensor(&mut self, tensor: &Tensor);
    /// Called before the parts under `segment`. The matching [`leave`](TreeVisitor::leave) is called after them.
    fn enter(&mut self, _segment: Segment<'_>) {}
    /// Called after the parts of the last open [`enter`](TreeVisitor::enter).
    fn leave(&mut self) {}
    /// Called on each part that is not a tensor.
    fn static_part(&mut self, _value: &dyn StaticPart) {}
}

impl dyn TreeVisitor + '_ {
    /// Visits `part` under `segment`.
    pub fn part(&mut self, segment: Segment<'_>, part: &impl Tree) {
        self.enter(segment);
        part.visit(self);
        self.leave();
    }

    /// Visits a part that is not a tensor.
    pub fn static_value(&mut self, value: &impl StaticPart) {
        self.static_part(value);
    }
}

/// One step of a path into a tree, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Segment<'a> {
    /// The field of a struct, or the key of a map.
    Name(&'a str),
    /// The position in a tuple, vector or array.
    Index(usize),
}

/// The path from the root of a tree to one of its tensors. Printed with `/` between its steps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TreePath(Vec<PathSegment>);

/// One step of a [`TreePath`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PathSegment {
    /// A name.
    Name(Arc<str>),
    /// A position.
    Index(usize),
}

impl From<Segment<'_>> for PathSegment {
    fn from(segment: Segment<'_>) -> Self {
        match segment {
            Segment::Name(name) => Self::Name(name.into()),
            Segment::Index(index) => Self::Index(index),
        }
    }
}

impl TreePath {
    /// The steps, outermost first.
    #[must_use]
    pub fn segments(&self) -> &[PathSegment] {
        &self.0
    }
}

/// The steps joined by `/`.
impl std::fmt::Display for TreePath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, segment) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("/")?;
            }
            match segment {
                PathSegment::Name(name) => f.write_str(name)?,
                PathSegment::Index(index) => write!(f, "{index}")?,
            }
        }
        Ok(())
    }
}

impl Tree for Tensor {
    fn visit(&self, visitor: &mut dyn TreeVisitor) {
        visitor.tensor(self);
    }
    fn map(&self, replace: &mut dyn FnMut(&Tensor) -> Tensor) -> Self {
        replace(self)
    }
}

macro_rules! static_tree {
    ($($ty:ty => $hashable:expr),* $(,)?) => {$(
        impl Tree for $ty {
            fn visit(&self, visitor: &mut dyn TreeVisitor) {
                let hashable: fn(&$ty) -> _ = $hashable;
                visitor.static_value(&hashable(self));
            }
            fn map(&self, _replace: &mut dyn FnMut(&Tensor) -> Tensor) -> Self {
                self.clone()
            }
        }
    )*};
}

static_tree! {
    () => |()| (),
    bool => |v| *v,
    u8 => |v| *v,
    u32 => |v| *v,
    u64 => |v| *v,
    usize => |v| *v,
    i32 => |v| *v,
    i64 => |v| *v,
    isize => |v| *v,
    f32 => |v| v.to_bits(),
    f64 => |v| v.to_bits(),
    String => |v| v.clone(),
    &'static str => |v| *v,
    crate::DType => |v| *v,
}

macro_rules! tuple_tree {
    ($($name:ident $index:tt),+) => {
        impl<$($name: Tree),+> Tree for ($($name,)+) {
            fn visit(&self, visitor: &mut dyn TreeVisitor) {
                $(visitor.part(Segment::Index($index), &self.$index);)+
            }
            fn map(&self, replace: &mut dyn FnMut(&Tensor) -> Tensor) -> Self {
                ($(self.$index.map(replace),)+)
            }
        }
    };
}

tuple_tree!(A 0);
tuple_tree!(A 0, B 1);
tuple_tree!(A 0, B 1, C 2);
tuple_tree!(A 0, B 1, C 2, D 3);
tuple_tree!(A 0, B 1, C 2, D 3, E 4);
tuple_tree!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple_tree!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple_tree!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

fn visit_all<'a, T: Tree + 'a>(parts: impl ExactSizeIterator<Item = &'a T>, visitor: &mut dyn TreeVisitor) {
    visitor.static_value(&parts.len());
    for (i, part) in parts.enumerate() {
        visitor.part(Segment::Index(i), part);
    }
}

impl<T: Tree> Tree for Vec<T> {
    fn visit(&self, visitor: &mut dyn TreeVisitor) {
        visit_all(self.iter(), visitor);
    }
    fn map(&self, replace: &mut dyn FnMut(&Tensor) -> Tensor) -> Self {
        self.iter().map(|part| part.map(replace)).collect()
    }
}

impl<T: Tree, const N: usize> Tree for [T; N] {
    fn visit(&self, visitor: &mut dyn TreeVisitor) {
        visit_all(self.iter(), visitor);
    }
    fn map(&self, replace: &mut dyn FnMut(&Tensor) -> Tensor) -> Self {
        self.each_ref().map(|part| part.map(replace))
    }
}

impl<T: Tree> Tree for Option<T> {
    fn visit(&self, visitor: &mut dyn TreeVisitor) {
        visitor.static_value(&self.is_some());
        if let Some(part) = self {
            part.visit(visitor);
        }
    }
    fn map(&self, replace: &mut dyn FnMut(&Tensor) -> Tensor) -> Self {
        self.as_ref().map(|part| part.map(replace))
    }
}

impl<T: Tree> Tree for Box<T> {
    fn visit(&self, visitor: &mut dyn TreeVisitor) {
        (**self).visit(visitor);
    }
    fn map(&self, replace: &mut dyn FnMut(&Tensor) -> Tensor) -> Self {
        Box::new((**self).map(replace))
    }
}

impl<K: AsRef<str> + Ord + Clone, T: Tree> Tree for BTreeMap<K, T> {
    fn visit(&self, visitor: &mut dyn TreeVisitor) {
        visitor.static_value(&self.len());
        for (name, part) in self {
            visitor.part(Segment::Name(name.as_ref()), part);
        }
    }
    fn map(&self, replace: &mut dyn FnMut(&Tensor) -> Tensor) -> Self {
        self.iter().map(|(name, part)| (name.clone(), part.map(replace))).collect()
    }
}
