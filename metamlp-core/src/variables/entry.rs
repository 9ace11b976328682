//! One variable: a tensor, a tuple or a nested map. Also the conversion of any
//! tree of tensors to one.

use std::fmt;
use std::ops::Index;

use metamlp_tensor::{Segment, Source, Tensor, Tree, TreeVisitor};

use crate::argument::poisoned;
use crate::error::Error;
use crate::variables::map::Map;
use crate::variables::tuple::Tuple;
use crate::variables::walk::{self, Part};

/// Most levels of maps and tuples that are shown.
pub(crate) const MOST_SHOWN: usize = 100;

/// A variable, or the variables of a submodule.
#[derive(Clone)]
#[non_exhaustive]
pub enum Entry {
    /// One tensor.
    Tensor(Tensor),
    /// Several values, such as [`sow`](crate::Module::sow) appends.
    Tuple(Tuple),
    /// Values by name: a submodule's variables, or a variable that is a map.
    Map(Map),
}

impl Entry {
    /// The tensor, if this is one.
    #[must_use]
    pub fn as_tensor(&self) -> Option<&Tensor> {
        match self {
            Self::Tensor(tensor) => Some(tensor),
            Self::Tuple(_) | Self::Map(_) => None,
        }
    }

    /// The values, if this is a tuple.
    #[must_use]
    pub fn as_tuple(&self) -> Option<&[Entry]> {
        match self {
            Self::Tuple(entries) => Some(entries),
            Self::Tensor(_) | Self::Map(_) => None,
        }
    }

    /// The map, if this is one.
    #[must_use]
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            Self::Tensor(_) | Self::Tuple(_) => None,
        }
    }

    /// The tensor. For a tuple or a map: a tensor that carries an [`Error::NotATensor`].
    #[track_caller]
    #[must_use]
    pub fn into_tensor(self) -> Tensor {
        match self {
            Self::Tensor(tensor) => tensor,
            Self::Tuple(_) | Self::Map(_) => {
                poisoned(Error::NotATensor { found: self.kind(), at: Source::here() })
            }
        }
    }

    /// The entry at `path` below this one: names and positions joined by `/`.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Entry> {
        walk::get(self.part()?, path)
    }

    /// What the entry holds, if it is a tuple or a map.
    pub(crate) fn part(&self) -> Option<Part<'_>> {
        match self {
            Self::Tensor(_) => None,
            Self::Tuple(entries) => Some(Part::Tuple(entries)),
            Self::Map(map) => Some(Part::Map(map)),
        }
    }

    /// The tensors of any tree: fields of structs and keys of maps become names,
    /// sequences become tuples. `None` if the tree has no tensor.
    ///
    /// ```
    /// use metamlp::{Entry, F32, Tensor};
    /// let entry = Entry::from_tree(&(Tensor::ones([2], F32), vec![Tensor::ones([3], F32)])).unwrap();
    /// assert_eq!(entry[1][0].as_tensor().unwrap().shape(), [3]);
    /// assert!(Entry::from_tree(&7usize).is_none());
    /// ```
    #[must_use]
    pub fn from_tree(tree: &impl Tree) -> Option<Self> {
        let mut builder = Builder { open: Vec::new(), done: None };
        tree.visit(&mut builder);
        builder.done
    }

    /// A description for errors.
    pub(crate) fn kind(&self) -> String {
        match self {
            Self::Tensor(tensor) => type_of(tensor),
            Self::Tuple(entries) => format!("a tuple of {}", entries.len()),
            Self::Map(_) => "a map".into(),
        }
    }

    /// Writes the entry, which is at level `level` of tuples in tuples.
    fn show(&self, level: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tensor(tensor) => write!(f, "{tensor}"),
            Self::Map(map) => map.write(f, 0),
            Self::Tuple(_) if level == MOST_SHOWN => f.write_str(".."),
            Self::Tuple(entries) => {
                f.write_str("(")?;
                for (i, entry) in entries.iter().enumerate() {
                    f.write_str(if i == 0 { "" } else { ", " })?;
                    entry.show(level + 1, f)?;
                }
                f.write_str(")")
            }
        }
    }

    pub(crate) fn write(&self, f: &mut fmt::Formatter<'_>, indent: usize) -> fmt::Result {
        match self {
            Self::Map(map) if map.is_empty() => f.write_str(" {}"),
            Self::Map(_) | Self::Tuple(_) if indent >= 2 * MOST_SHOWN => f.write_str(" .."),
            Self::Map(map) => {
                writeln!(f)?;
                map.write(f, indent + 2)
            }
            Self::Tensor(tensor) if f.alternate() => {
                let text = tensor.to_string();
                if text.contains('\n') {
                    text.lines().try_for_each(|line| write!(f, "\n{:1$}{line}", "", indent + 2))
                } else {
                    write!(f, " {text}")
                }
            }
            Self::Tensor(tensor) => write!(f, " {}", type_of(tensor)),
            Self::Tuple(entries) => entries.iter().enumerate().try_for_each(|(i, entry)| {
                write!(f, "\n{:1$}- {i}:", "", indent + 2)?;
                entry.write(f, indent + 4)
            }),
        }
    }
}

fn type_of(tensor: &Tensor) -> String {
    format!("{}{:?}", tensor.dtype(), tensor.shape())
}

/// The entry of that name in a map.
///
/// # Panics
/// If this is not a map or has no such name; [`Entry::get`] gives an `Option`.
impl Index<&str> for Entry {
    type Output = Entry;

    #[track_caller]
    fn index(&self, name: &str) -> &Entry {
        match self {
            Self::Map(map) => &map[name],
            Self::Tensor(_) | Self::Tuple(_) => panic!("there is no {name:?} here: this is {}", self.kind()),
        }
    }
}

/// The entry at that position of a tuple.
///
/// # Panics
/// If this is not a tuple or is shorter; [`Entry::as_tuple`] gives an `Option`.
impl Index<usize> for Entry {
    type Output = Entry;

    #[track_caller]
    fn index(&self, index: usize) -> &Entry {
        match self {
            Self::Tuple(entries) if index < entries.len() => &entries[index],
            _ => panic!("there is no {index} here: this is {}", self.kind()),
        }
    }
}

impl Tree for Entry {
    fn visit(&self, visitor: &mut dyn TreeVisitor) {
        match self {
            Self::Tensor(tensor) => visitor.tensor(tensor),
            Self::Tuple(entries) => walk::visit(Part::Tuple(entries), visitor),
            Self::Map(map) => walk::visit(Part::Map(map), visitor),
        }
    }

    fn map(&self, replace: &mut dyn FnMut(&Tensor) -> Tensor) -> Self {
        match self {
            Self::Tensor(tensor) => Self::Tensor(replace(tensor)),
            Self::Tuple(entries) => walk::map(Part::Tuple(entries), replace),
            Self::Map(map) => walk::map(Part::Map(map), replace),
        }
    }
}

impl From<Tensor> for Entry {
    fn from(tensor: Tensor) -> Self {
        Self::Tensor(tensor)
    }
}

impl From<&Tensor> for Entry {
    fn from(tensor: &Tensor) -> Self {
        Self::Tensor(tensor.clone())
    }
}

impl From<Map> for Entry {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl From<Vec<Entry>> for Entry {
    fn from(entries: Vec<Entry>) -> Self {
        Self::Tuple(entries.into())
    }
}

impl From<Tuple> for Entry {
    fn from(tuple: Tuple) -> Self {
        Self::Tuple(tuple)
    }
}

macro_rules! from_scalar {
    ($($ty:ty),*) => {$(
        impl From<$ty> for Entry {
            fn from(value: $ty) -> Self {
                Self::Tensor(Tensor::scalar(value))
            }
        }
    )*};
}

from_scalar!(f32, f64, i32, u32, bool);

/// The values of a tensor; one line per variable otherwise. What is below the hundredth level is shown as `..`.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.show(0, f)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Nested(self, 0).fmt(f)
    }
}

/// Writes `part`, which is at level `level` of the value that is shown.
pub(crate) fn debug_part(part: Part<'_>, level: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match part {
        _ if level == MOST_SHOWN => f.write_str(".."),
        Part::Map(map) => {
            f.debug_map().entries(map.iter().map(|(name, entry)| (name, Nested(entry, level + 1)))).finish()
        }
        Part::Tuple(entries) => {
            let mut tuple = f.debug_tuple("");
            entries.iter().for_each(|entry| {
                tuple.field(&Nested(entry, level + 1));
            });
            tuple.finish()
        }
    }
}

/// An entry and its level.
struct Nested<'a>(&'a Entry, usize);

impl fmt::Debug for Nested<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Entry::Tensor(tensor) => f.write_str(&type_of(tensor)),
            Entry::Tuple(entries) => debug_part(Part::Tuple(entries), self.1, f),
            Entry::Map(map) => debug_part(Part::Map(map), self.1, f),
        }
    }
}

/// Builds an entry from the tensors of a tree while it is visited.
struct Builder {
    /// The open subtrees, outermost first: the step into each and its entry so far.
    open: Vec<(Step, Option<Entry>)>,
    done: Option<Entry>,
}

enum Step {
    Name(String),
    Index,
}

impl Builder {
    fn file(&mut self, entry: Entry) {
        match self.open.last_mut() {
            Some((_, holds)) => *holds = Some(entry),
            None => self.done = Some(entry),
        }
    }
}

impl TreeVisitor for Builder {
    fn tensor(&mut self, tensor: &Tensor) {
        self.file(Entry::Tensor(tensor.clone()));
    }

    fn enter(&mut self, segment: Segment<'_>) {
        let step = match segment {
            Segment::Name(name) => Step::Name(name.to_owned()),
            Segment::Index(_) => Step::Index,
        };
        self.open.push((step, None));
    }

    fn leave(&mut self) {
        let Some((step, Some(entry))) = self.open.pop() else { return };
        let outer = match self.open.last_mut() {
            Some((_, holds)) => holds,
            None => &mut self.done,
        };
        match (step, outer) {
            (Step::Name(name), Some(Entry::Map(map))) => {
                map.insert(name, entry);
            }
            (Step::Name(name), outer) => *outer = Some(Map::new().with(name, entry).into()),
            (Step::Index, Some(Entry::Tuple(entries))) => entries.push(entry),
            (Step::Index, outer) => *outer = Some(vec![entry].into()),
        }
    }
}
