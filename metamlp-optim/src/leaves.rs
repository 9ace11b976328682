//! The tensors of a tree as a flat list with their paths: the form in which transformations see any
//! tree.

use std::fmt;
use std::sync::Arc;

use metamlp_tensor::{Error, PathSegment, Result, Segment, Source, Tensor, Tree, TreePath, TreeVisitor};

/// The tensors of a tree with their paths, in the tree's order.
///
/// ```
/// use metamlp_optim::Leaves;
/// use metamlp_tensor::{F32, Tensor};
/// let leaves = Leaves::of(&(Tensor::ones([2], F32), Tensor::ones([3], F32)));
/// let doubled = leaves.map(|tensor| tensor * 2.0);
/// let (path, tensor) = doubled.iter().last().unwrap();
/// assert_eq!((path.to_string(), tensor.shape()), ("1".into(), [3].as_slice()));
/// ```
#[derive(Clone)]
pub struct Leaves {
    /// Shared by all lists made from the same tree.
    paths: Arc<[TreePath]>,
    tensors: Vec<Tensor>,
}

impl Leaves {
    /// All tensors of `tree`.
    #[must_use]
    pub fn of(tree: &impl Tree) -> Self {
        Self::filtered(tree, |_| true)
    }

    /// The float tensors of `tree`, which can be trained.
    #[must_use]
    pub fn floats(tree: &impl Tree) -> Self {
        Self::filtered(tree, |tensor| tensor.dtype().is_float())
    }

    fn filtered(tree: &impl Tree, keep: impl Fn(&Tensor) -> bool) -> Self {
        let (paths, tensors): (Vec<_>, Vec<_>) =
            tree.tensors_with_paths().into_iter().filter(|(_, tensor)| keep(tensor)).unzip();
        Self { paths: paths.into(), tensors }
    }

    /// The number of tensors.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// True if there are no tensors.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }

    /// The paths and tensors, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&TreePath, &Tensor)> {
        self.paths.iter().zip(&self.tensors)
    }

    /// The tensors, in order.
    #[must_use]
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// Applies `f` to each tensor; the paths stay.
    #[must_use]
    pub fn map(&self, f: impl FnMut(&Tensor) -> Tensor) -> Self {
        Self { paths: Arc::clone(&self.paths), tensors: self.tensors.iter().map(f).collect() }
    }

    /// Applies `f` to each tensor and the one of `other` at the same position; the paths stay. A tensor
    /// without one in `other` becomes an error. An [`Optimizer`](crate::Optimizer) passes only lists of
    /// equal structure to its transformation.
    #[track_caller]
    #[must_use]
    pub fn zip_map(&self, other: &Self, mut f: impl FnMut(&Tensor, &Tensor) -> Tensor) -> Self {
        let source = Source::here();
        let mut others = other.tensors.iter();
        self.map(|own| match others.next() {
            Some(other) => f(own, other),
            None => {
                let problem = self.path_problem("one list", other, "the other");
                let what = "trees of tensors";
                own.poisoned_like(Error::TreeMismatch { what, problem, source_line: source.clone() })
            }
        })
    }

    /// The leaves whose path satisfies `keep`.
    #[must_use]
    pub(super) fn select(&self, keep: impl Fn(&TreePath) -> bool) -> Self {
        let kept = self.iter().filter(|(path, _)| keep(path));
        let (paths, tensors): (Vec<_>, Vec<_>) =
            kept.map(|(path, tensor)| (path.clone(), tensor.clone())).unzip();
        Self { paths: paths.into(), tensors }
    }

    /// The same leaves, with those of `part` (a [selection](Leaves::select) of them) in their places.
    #[must_use]
    pub(super) fn replaced(&self, part: &Self) -> Self {
        let mut new = part.iter().peekable();
        let tensors = self.iter().map(|(path, own)| {
            let tensor = new.next_if(|(new_path, _)| *new_path == path).map(|(_, tensor)| tensor);
            tensor.unwrap_or(own).clone()
        });
        Self { paths: Arc::clone(&self.paths), tensors: tensors.collect() }
    }

    /// Checks that `other` has the same paths and shapes.
    ///
    /// # Errors
    /// [`Error::TreeMismatch`] with the first difference.
    pub(super) fn matches(&self, name: &str, other: &Self, other_name: &str, source: &Source) -> Result<()> {
        let problem = if self.has_paths_of(other) {
            self.iter().zip(&other.tensors).find(|((_, own), other)| own.shape() != other.shape()).map(
                |((path, own), other)| {
                    format!("{} is {} in {name}, {} in {other_name}", Place(path), own.ty(), other.ty())
                },
            )
        } else {
            Some(self.path_problem(name, other, other_name))
        };
        match problem {
            None => Ok(()),
            Some(problem) => {
                Err(Error::TreeMismatch { what: "trees of tensors", problem, source_line: source.clone() })
            }
        }
    }

    pub(super) fn has_paths_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.paths, &other.paths) || self.paths == other.paths
    }

    /// Returns the first error that a tensor carries.
    pub(super) fn error(&self) -> Result<()> {
        match self.tensors.iter().find_map(Tensor::error) {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }

    pub(super) fn path_problem(&self, name: &str, other: &Self, other_name: &str) -> String {
        let only_in = |name, path, other| format!("{} is in {name} and not in {other}", Place(&path));
        let first = |a: &Self, b: &Self| a.paths.iter().find(|path| !b.paths.contains(path)).cloned();
        if let Some(path) = first(self, other) {
            return only_in(name, path, other_name);
        }
        if let Some(path) = first(other, self) {
            return only_in(other_name, path, name);
        }
        let place = self.paths.iter().zip(other.paths.iter()).find(|(own, other)| own != other);
        match place {
            Some((own, other)) => format!("where {name} have `{own}`, {other_name} have `{other}`"),
            None => format!("there are {} tensors in {name}, {} in {other_name}", self.len(), other.len()),
        }
    }
}

/// A path in an error message; a tree that is a single tensor has an empty path.
struct Place<'a>(&'a TreePath);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.segments() {
            [] => f.write_str("the tensor"),
            _ => write!(f, "`{}`", self.0),
        }
    }
}

impl Tree for Leaves {
    fn visit(&self, visitor: &mut dyn TreeVisitor) {
        visitor.static_value(&self.len());
        for (path, tensor) in self.iter() {
            for segment in path.segments() {
                visitor.enter(match segment {
                    PathSegment::Name(name) => Segment::Name(name),
                    PathSegment::Index(index) => Segment::Index(*index),
                });
            }
            visitor.tensor(tensor);
            for _ in path.segments() {
                visitor.leave();
            }
        }
    }

    fn map(&self, replace: &mut dyn FnMut(&Tensor) -> Tensor) -> Self {
        self.map(replace)
    }
}

/// The path and type of each tensor.
impl fmt::Debug for Leaves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types = self.iter().map(|(path, tensor)| (path.to_string(), tensor.ty()));
        f.debug_map().entries(types).finish()
    }
}
