//! Sets of collection names: all, none, some, or all but some. Knows nothing of
//! the variables in the collections.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

/// A set of collection names (Flax's `CollectionFilter`).
///
/// For instance the collections that [`apply_mut`](crate::Module::apply_mut) may
/// write. Made from a `bool`, a name, several names or a [`DenyList`]:
///
/// ```
/// use metamlp::{DenyList, Filter};
/// let filter = Filter::from(["batch_stats", "cache"]);
/// assert!(filter.contains("cache") && !filter.contains("params"));
/// assert!(Filter::from(DenyList::new("intermediates")).contains("params"));
/// assert_eq!(Filter::from(true).difference(&"params".into()), DenyList::new("params").into());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Filter {
    /// Every collection (`true`) or none (`false`).
    All(bool),
    /// These collections.
    Only(BTreeSet<Cow<'static, str>>),
    /// Every collection but these.
    Except(BTreeSet<Cow<'static, str>>),
}

type Names = BTreeSet<Cow<'static, str>>;

/// Every collection but the ones in the filter that it is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DenyList(pub Filter);

impl Filter {
    /// True if the collection called `name` is in the set.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        match self {
            Self::All(all) => *all,
            Self::Only(names) => names.contains(name),
            Self::Except(names) => !names.contains(name),
        }
    }

    /// True if no name is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::All(all) => !all,
            Self::Only(names) => names.is_empty(),
            Self::Except(_) => false,
        }
    }

    /// The names in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        match (self.parts(), other.parts()) {
            (Part::Only(a), Part::Only(b)) => only(a | b),
            (Part::Only(a), Part::Except(b)) | (Part::Except(b), Part::Only(a)) => except(b - a),
            (Part::Except(a), Part::Except(b)) => except(a & b),
        }
    }

    /// The names in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        match (self.parts(), other.parts()) {
            (Part::Only(a), Part::Only(b)) => only(a & b),
            (Part::Only(a), Part::Except(b)) | (Part::Except(b), Part::Only(a)) => only(a - b),
            (Part::Except(a), Part::Except(b)) => except(a | b),
        }
    }

    /// The names in this set and not in `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.intersection(&other.complement())
    }

    /// The names that are not in this set.
    #[must_use]
    pub fn complement(&self) -> Self {
        match self.parts() {
            Part::Only(names) => except(names.clone()),
            Part::Except(names) => only(names.clone()),
        }
    }

    /// The names that the set lists, accepted or refused.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let names = match self {
            Self::All(_) => &NONE,
            Self::Only(names) | Self::Except(names) => names,
        };
        names.iter().map(AsRef::as_ref)
    }

    fn parts(&self) -> Part<'_> {
        match self {
            Self::All(true) => Part::Except(&NONE),
            Self::All(false) => Part::Only(&NONE),
            Self::Only(names) => Part::Only(names),
            Self::Except(names) => Part::Except(names),
        }
    }
}

/// Distributes names among several filters: each name goes to the first filter
/// that contains it, and is left out if none does.
///
/// ```
/// use metamlp::filter::{Filter, group_collections};
/// let groups = group_collections(["params", "cache", "stats"], &["params".into(), true.into()]);
/// assert_eq!(groups, [vec!["params"], vec!["cache", "stats"]]);
/// ```
#[must_use]
pub fn group_collections<'a>(
    names: impl IntoIterator<Item = &'a str>,
    filters: &[Filter],
) -> Vec<Vec<&'a str>> {
    let mut groups = vec![Vec::new(); filters.len()];
    for name in names {
        if let Some(group) = filters.iter().position(|filter| filter.contains(name)) {
            groups[group].push(name);
        }
    }
    groups
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, names: &Names| {
            f.write_str("[")?;
            for (i, name) in names.iter().enumerate() {
                write!(f, "{}{name:?}", if i == 0 { "" } else { ", " })?;
            }
            f.write_str("]")
        };
        match self {
            Self::All(all) => write!(f, "{all}"),
            Self::Only(names) => list(f, names),
            Self::Except(names) => {
                f.write_str("DenyList(")?;
                list(f, names)?;
                f.write_str(")")
            }
        }
    }
}

impl From<bool> for Filter {
    fn from(all: bool) -> Self {
        Self::All(all)
    }
}

impl From<&'static str> for Filter {
    fn from(name: &'static str) -> Self {
        only(Names::from([Cow::Borrowed(name)]))
    }
}

impl From<String> for Filter {
    fn from(name: String) -> Self {
        only(Names::from([Cow::Owned(name)]))
    }
}

impl<const N: usize> From<[&'static str; N]> for Filter {
    fn from(names: [&'static str; N]) -> Self {
        only(names.into_iter().map(Cow::Borrowed).collect())
    }
}

impl From<&[&'static str]> for Filter {
    fn from(names: &[&'static str]) -> Self {
        only(names.iter().copied().map(Cow::Borrowed).collect())
    }
}

impl From<Vec<String>> for Filter {
    fn from(names: Vec<String>) -> Self {
        only(names.into_iter().map(Cow::Owned).collect())
    }
}

impl From<DenyList> for Filter {
    fn from(DenyList(denied): DenyList) -> Self {
        denied.complement()
    }
}

impl DenyList {
    /// Every collection but these.
    #[must_use]
    pub fn new(denied: impl Into<Filter>) -> Self {
        Self(denied.into())
    }
}

/// A filter as the names it accepts or the names it refuses; `false` accepts and `true` refuses none.
enum Part<'a> {
    Only(&'a Names),
    Except(&'a Names),
}

static NONE: Names = Names::new();

fn only(names: Names) -> Filter {
    if names.is_empty() { Filter::All(false) } else { Filter::Only(names) }
}

fn except(names: Names) -> Filter {
    if names.is_empty() { Filter::All(true) } else { Filter::Except(names) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deny(names: impl Into<Filter>) -> Filter {
        DenyList(names.into()).into()
    }

    #[test]
    fn contains() {
        for (filter, name, expected) in [
            (Filter::from(true), "a", true),
            (Filter::from(false), "a", false),
            (Filter::from("a"), "a", true),
            (Filter::from("a"), "b", false),
            (Filter::from(["a", "b"]), "b", true),
            (Filter::from([]), "b", false),
            (deny("a"), "a", false),
            (deny("a"), "b", true),
            (deny(["a", "b"]), "b", false),
            (deny(true), "a", false),
            (deny(false), "a", true),
            (deny(deny("a")), "a", true),
        ] {
            assert_eq!(filter.contains(name), expected, "{filter} contains {name}");
        }
    }

    #[test]
    fn union() {
        for (a, b, expected) in [
            (true.into(), "a".into(), true.into()),
            ("a".into(), false.into(), "a".into()),
            (["a", "b"].into(), ["b", "c"].into(), ["a", "b", "c"].into()),
            (deny(["a", "b"]), deny(["b", "c"]), deny("b")),
            (deny(["a", "b"]), "a".into(), deny("b")),
            ("a".into(), deny("a"), true.into()),
        ] {
            assert_eq!(Filter::union(&a, &b), expected, "{a} | {b}");
        }
    }

    #[test]
    fn intersection() {
        for (a, b, expected) in [
            (true.into(), "a".into(), "a".into()),
            ("a".into(), false.into(), false.into()),
            (["a", "b"].into(), ["b", "c"].into(), "b".into()),
            (deny("a"), deny("b"), deny(["a", "b"])),
            (deny("a"), ["a", "b"].into(), "b".into()),
            (["a", "b"].into(), deny("b"), "a".into()),
        ] {
            assert_eq!(Filter::intersection(&a, &b), expected, "{a} & {b}");
        }
    }

    #[test]
    fn difference() {
        for (a, b, expected) in [
            ("a".into(), true.into(), false.into()),
            (true.into(), "a".into(), deny("a")),
            (["a", "b"].into(), "b".into(), "a".into()),
            (deny("a"), deny(["a", "b"]), "b".into()),
            (deny("a"), "b".into(), deny(["a", "b"])),
            (["a", "b"].into(), deny("b"), "b".into()),
        ] {
            assert_eq!(Filter::difference(&a, &b), expected, "{a} - {b}");
        }
    }

    #[test]
    fn empty() {
        assert!(Filter::from(false).is_empty() && Filter::from([]).is_empty() && deny(true).is_empty());
        assert!(!Filter::from("").is_empty() && !deny("a").is_empty());
    }

    #[test]
    fn a_name_goes_to_the_first_filter_that_takes_it() {
        let groups = group_collections(["a", "b", "c"], &[["a"].into(), ["a", "b"].into(), false.into()]);
        assert_eq!(groups, [vec!["a"], vec!["b"], vec![]]);
    }
}
