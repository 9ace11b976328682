//! The variables of a model: collections, each a nested map.

pub(crate) mod entry;
pub mod filter;
pub(crate) mod map;
pub(crate) mod ordered;
pub(crate) mod spec;
pub(crate) mod tuple;
pub(crate) mod unused;
pub(crate) mod variable;
mod walk;

use std::fmt;
use std::ops::Index;
use std::sync::Arc;

use metamlp_tensor::{Segment, Tensor, Tree, TreePath, TreeVisitor};

use crate::nearest::Choice;
use crate::variables::entry::Entry;
use crate::variables::map::Map;
use crate::variables::ordered::Ordered;

/// The variables that [`init`](crate::Module::init) creates and
/// [`apply`](crate::Module::apply) takes: collection, path of the module, name.
///
/// ```
/// use metamlp::{Map, F32, Tensor, Variables};
/// let dense = Map::from([("kernel", Tensor::ones([2, 3], F32))]);
/// let variables = Variables::new().with("params", Map::from([("Dense_0", dense)]));
/// assert_eq!(variables["params"]["Dense_0"]["kernel"].as_tensor().unwrap().shape(), [2, 3]);
/// assert_eq!(variables.to_string(), "params:\n  Dense_0:\n    kernel: f32[2, 3]");
/// ```
#[derive(Clone, Default)]
pub struct Variables(Arc<Ordered<Map>>);

impl Variables {
    /// No collections.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Variables whose only collection is `params`.
    #[must_use]
    pub fn from_params(params: Map) -> Self {
        Self::new().with("params", params)
    }

    /// The collection called `name`.
    #[must_use]
    pub fn collection(&self, name: &str) -> Option<&Map> {
        self.0.get(name)
    }

    /// The collection `params`; an empty map if there is none.
    #[must_use]
    pub fn params(&self) -> &Map {
        self.0.get("params").unwrap_or_else(|| Map::empty())
    }

    /// The entry at `path`, `params/Dense_0/kernel` for instance.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Entry> {
        let (collection, rest) = path.split_once('/')?;
        self.0.get(collection)?.get(rest)
    }

    /// Inserts or replaces a collection; returns the old one.
    pub fn insert(&mut self, name: impl Into<String>, collection: Map) -> Option<Map> {
        Arc::make_mut(&mut self.0).insert(name.into(), collection)
    }

    /// Removes a collection and returns it.
    pub fn remove(&mut self, name: &str) -> Option<Map> {
        Arc::make_mut(&mut self.0).remove(name)
    }

    /// The variables with that collection inserted or replaced.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, collection: Map) -> Self {
        self.insert(name, collection);
        self
    }

    /// The variables with `params` replaced.
    #[must_use]
    pub fn with_params(self, params: Map) -> Self {
        self.with("params", params)
    }

    /// The variables with the collections of `updates`, such as
    /// [`apply_mut`](crate::Module::apply_mut) returns, inserted or replaced.
    #[must_use]
    pub fn updated(mut self, updates: Variables) -> Self {
        let own = Arc::make_mut(&mut self.0);
        for (name, collection) in updates {
            own.insert(name, collection);
        }
        self
    }

    /// Replaces each tensor by the result of `f` on its path and the tensor (JAX's
    /// `tree_map_with_path`). A path begins with the collection.
    ///
    /// ```
    /// use metamlp::prelude::*;
    /// use metamlp::Map;
    /// let variables = Variables::from_params(Map::from([("w", 1.0f32), ("b", 1.0)]));
    /// let halved = variables.map_with_path(|path, tensor| match &*path.to_string() {
    ///     "params/w" => tensor * 0.5,
    ///     _ => tensor.clone(),
    /// });
    /// assert_eq!(halved["params"]["w"].as_tensor().unwrap().item::<f32>()?, 0.5);
    /// # Ok::<(), metamlp::Error>(())
    /// ```
    #[must_use]
    pub fn map_with_path(&self, mut f: impl FnMut(&TreePath, &Tensor) -> Tensor) -> Self {
        let mut paths = self.tensors_with_paths().into_iter();
        self.map(&mut |tensor| match paths.next() {
            Some((path, tensor)) => f(&path, &tensor),
            None => tensor.clone(),
        })
    }

    /// The number of collections.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if there are no collections.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The collections with their names, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &Map)> + ExactSizeIterator + Clone {
        self.0.iter().map(|(name, map)| (&**name, map))
    }

    /// The collections' names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.names()
    }

    /// A map of the collections' names with values made by `f`.
    pub(crate) fn collections<C>(&self, mut f: impl FnMut(&str, &Map) -> C) -> Ordered<C> {
        self.0.map(|name, map| f(name, map))
    }

    /// The path of the first variable that cannot be computed.
    pub(crate) fn without_value(&self) -> Option<String> {
        let mut tensors = self.tensors_with_paths().into_iter();
        tensors.find(|(_, tensor)| tensor.evaluate().is_err()).map(|(path, _)| path.to_string())
    }

    pub(crate) fn push(&mut self, name: Arc<str>, collection: Map) {
        Arc::make_mut(&mut self.0).insert(name, collection);
    }
}

/// The collection of that name.
///
/// # Panics
/// If there is none; [`Variables::collection`] gives an `Option`.
impl Index<&str> for Variables {
    type Output = Map;

    #[track_caller]
    fn index(&self, name: &str) -> &Map {
        match self.collection(name) {
            Some(map) => map,
            None => panic!("there is no collection {name:?}: {}", Choice::new(name, self.names())),
        }
    }
}

impl IntoIterator for Variables {
    type Item = (String, Map);
    type IntoIter = std::vec::IntoIter<(String, Map)>;

    fn into_iter(self) -> Self::IntoIter {
        let collections: Vec<_> = self.iter().map(|(name, map)| (name.to_owned(), map.clone())).collect();
        collections.into_iter()
    }
}

impl<N: Into<String>> FromIterator<(N, Map)> for Variables {
    fn from_iter<I: IntoIterator<Item = (N, Map)>>(collections: I) -> Self {
        Self(Arc::new(collections.into_iter().map(|(name, map)| (name.into(), map)).collect()))
    }
}

impl<N: Into<String>, const LEN: usize> From<[(N, Map); LEN]> for Variables {
    fn from(collections: [(N, Map); LEN]) -> Self {
        collections.into_iter().collect()
    }
}

impl Tree for Variables {
    fn visit(&self, visitor: &mut dyn TreeVisitor) {
        visitor.static_value(&self.len());
        for (name, collection) in self.iter() {
            visitor.part(Segment::Name(name), collection);
        }
    }

    fn map(&self, replace: &mut dyn FnMut(&Tensor) -> Tensor) -> Self {
        Self(Arc::new(self.0.map(|_, collection| collection.map(replace))))
    }
}

/// One line per variable: its type, or with `{:#}` its values.
impl fmt::Display for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, collection)) in self.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{name}:")?;
            if collection.is_empty() {
                f.write_str(" {}")?;
            } else {
                writeln!(f)?;
                collection.write(f, 2)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
