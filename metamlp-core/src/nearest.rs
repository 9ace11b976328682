//! Suggestions in messages: the nearest existing name to a name that is missing.

use std::fmt;

/// The text "did you mean `kernel`? there are .." for a missing name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    nearest: Option<String>,
    names: Vec<String>,
}

impl Choice {
    pub(crate) fn new<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Self {
        Self::shown(wanted, names.into_iter().map(|name| (name, name)))
    }

    /// Names that are listed by a longer text: each with that text.
    pub(crate) fn shown<'a>(wanted: &str, names: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let (names, shown): (Vec<&str>, Vec<&str>) = names.into_iter().unzip();
        let length = wanted.chars().count();
        let most = |name: &str| wanted.len().max(name.len()) / 3;
        let nearest = names
            .iter()
            // The distance takes the product of the lengths. It is at least their difference.
            .filter(|name| name.chars().count().abs_diff(length) <= most(name))
            .map(|name| (distance(wanted, name), name))
            .filter(|(distance, name)| *distance <= most(name))
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, name)| (*name).to_owned());
        Self { nearest, names: shown.into_iter().map(str::to_owned).collect() }
    }

    pub(crate) fn nearest(&self) -> Option<&str> {
        self.nearest.as_deref()
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(nearest) = &self.nearest {
            write!(f, "did you mean `{nearest}`? ")?;
        }
        match self.names.as_slice() {
            [] => f.write_str("there is nothing"),
            [only] => write!(f, "there is `{only}`"),
            names => {
                f.write_str("there are ")?;
                for (i, name) in names.iter().enumerate() {
                    let separator = match i {
                        0 => "",
                        _ if i + 1 == names.len() => " and ",
                        _ => ", ",
                    };
                    write!(f, "{separator}`{name}`")?;
                }
                Ok(())
            }
        }
    }
}

/// The names that exist; prints with the suggestion of the nearest one first.
#[derive(Clone, Debug)]
pub struct Names(Box<Choice>);

impl Names {
    pub(crate) fn new<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(Box::new(Choice::new(wanted, names)))
    }

    /// Names that are listed by a longer text: each with that text.
    pub(crate) fn shown<'a>(wanted: &str, names: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(Box::new(Choice::shown(wanted, names)))
    }

    /// The name that was probably meant.
    #[must_use]
    pub fn nearest(&self) -> Option<&str> {
        self.0.nearest()
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The edit distance: insertions, deletions, replacements and swaps of neighbours (Damerau-Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_a_near_name_and_lists_the_others() {
        let of = |wanted: &str, names: &[&str]| Choice::new(wanted, names.iter().copied()).to_string();
        assert_eq!(of("kernal", &["bias", "kernel"]), "did you mean `kernel`? there are `bias` and `kernel`");
        assert_eq!(
            of("batch_stat", &["params", "cache", "batch_stats"]),
            "did you mean `batch_stats`? there are `params`, `cache` and `batch_stats`"
        );
        assert_eq!(
            Choice::shown("encod", [("call", "call(x)"), ("encode", "encode(x)")]).to_string(),
            "did you mean `encode`? there are `call(x)` and `encode(x)`"
        );
        assert_eq!(of("scale", &["bias"]), "there is `bias`");
        assert_eq!(of("scale", &[]), "there is nothing");
    }

    #[test]
    fn distances() {
        for (a, b, expected) in
            [("", "abc", 3), ("ab", "ba", 1), ("noise", "nosie", 1), ("a", "a", 0), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }
}
