//! Parses the equation of an einsum and checks it against the shapes of the operands. Knows no tensors.

use std::collections::BTreeMap;

/// The number of a label, below [`MOST_LABELS`].
pub(super) type Label = usize;
/// A set of labels, with a bit for each label.
pub(super) type Labels = u128;

/// The most labels of an equation: the number of bits of a set.
const MOST_LABELS: usize = Labels::BITS as usize;

/// An equation for operands of known shapes.
#[derive(Debug)]
pub(super) struct Equation {
    /// For each operand the label of each axis.
    pub(super) terms: Vec<Vec<Label>>,
    /// The label of each axis of the result.
    pub(super) output: Vec<Label>,
    /// The extent of each label.
    pub(super) extents: Vec<usize>,
}

/// A letter, or an axis of the ellipsis, numbered from the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    Ellipsis(usize),
    Letter(char),
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Letter(letter) => write!(f, "label `{letter}`"),
            Self::Ellipsis(from_last) => write!(f, "axis -{} of the ellipsis", from_last + 1),
        }
    }
}

/// One term: letters, optionally with an ellipsis between them.
struct Term {
    before: Vec<char>,
    /// The letters after the ellipsis, if there is one.
    after: Option<Vec<char>>,
}

impl Equation {
    /// Parses `text` for operands of these shapes.
    ///
    /// # Errors
    /// The text of the first problem.
    pub(super) fn new(text: &str, shapes: &[&[usize]]) -> Result<Self, String> {
        let (inputs, output) = match text.split_once("->") {
            Some((_, output)) if output.contains("->") => {
                return Err("there is more than one `->`".to_owned());
            }
            Some((inputs, output)) => (inputs, Some(Term::parse(output)?)),
            None => (text, None),
        };
        let terms: Vec<Term> = inputs.split(',').map(Term::parse).collect::<Result<_, _>>()?;
        if terms.len() != shapes.len() {
            return Err(format!("it has {} terms for {} operands", terms.len(), shapes.len()));
        }
        let mut names: Vec<Vec<Name>> = Vec::new();
        for (number, (term, shape)) in terms.iter().zip(shapes).enumerate() {
            names.push(term.names(number, shape.len())?);
        }
        let extents = extents(&names, shapes)?;
        let output = match output {
            Some(output) => explicit_output(&output, &extents)?,
            None => implicit_output(&names),
        };
        if extents.len() > MOST_LABELS {
            return Err(format!("it has {} labels, at most {MOST_LABELS} are supported", extents.len()));
        }
        let numbers: BTreeMap<Name, Label> =
            extents.keys().enumerate().map(|(number, &name)| (name, number)).collect();
        let numbered = |names: &[Name]| names.iter().map(|name| numbers[name]).collect();
        Ok(Self {
            terms: names.iter().map(|names| numbered(names)).collect(),
            output: numbered(&output),
            extents: extents.into_values().collect(),
        })
    }
}

impl Term {
    fn parse(text: &str) -> Result<Self, String> {
        let letters = |text: &str| -> Result<Vec<char>, String> {
            let letters: Vec<char> = text.chars().filter(|character| !character.is_whitespace()).collect();
            match letters.iter().find(|character| !character.is_alphabetic()) {
                Some('.') => Err(format!("`{text}` has a `.` outside of its one ellipsis `...`")),
                Some(other) => Err(format!("`{other}` is not a letter")),
                None => Ok(letters),
            }
        };
        Ok(match text.split_once("...") {
            Some((before, after)) => Self { before: letters(before)?, after: Some(letters(after)?) },
            None => Self { before: letters(text)?, after: None },
        })
    }

    /// The name of each of the `rank` axes of operand `number`.
    fn names(&self, number: usize, rank: usize) -> Result<Vec<Name>, String> {
        let count = self.before.len() + self.after.as_ref().map_or(0, Vec::len);
        let letters: String = self.before.iter().chain(self.after.iter().flatten()).collect();
        let hidden = match (rank.checked_sub(count), &self.after) {
            (Some(0), None) => 0,
            (Some(hidden), Some(_)) => hidden,
            _ => {
                return Err(format!("its term `{letters}` labels {count} axes, operand {number} has {rank}"));
            }
        };
        let before = self.before.iter().map(|&letter| Name::Letter(letter));
        let after = self.after.iter().flatten().map(|&letter| Name::Letter(letter));
        Ok(before.chain((0..hidden).rev().map(Name::Ellipsis)).chain(after).collect())
    }
}

/// The extent of each name. Axes of extent 1 are repeated.
fn extents(names: &[Vec<Name>], shapes: &[&[usize]]) -> Result<BTreeMap<Name, usize>, String> {
    let mut found: BTreeMap<Name, (usize, usize)> = BTreeMap::new();
    for (number, (names, shape)) in names.iter().zip(shapes).enumerate() {
        for (i, (&name, &extent)) in names.iter().zip(*shape).enumerate() {
            if let Some(first) = names[..i].iter().position(|&before| before == name)
                && shape[first] != extent
            {
                return Err(format!("{name} is both {} and {extent} in operand {number}", shape[first]));
            }
            let (known, owner) = *found.entry(name).or_insert((extent, number));
            if known == 1 {
                found.insert(name, (extent, number));
            } else if extent != 1 && extent != known {
                return Err(format!("{name} is {known} in operand {owner} and {extent} in operand {number}"));
            }
        }
    }
    Ok(found.into_iter().map(|(name, (extent, _))| (name, extent)).collect())
}

fn explicit_output(term: &Term, extents: &BTreeMap<Name, usize>) -> Result<Vec<Name>, String> {
    let hidden = extents.keys().rev().filter(|name| matches!(name, Name::Ellipsis(_)));
    let mut output: Vec<Name> = term.before.iter().map(|&letter| Name::Letter(letter)).collect();
    if let Some(after) = &term.after {
        output.extend(hidden);
        output.extend(after.iter().map(|&letter| Name::Letter(letter)));
    }
    for (i, name) in output.iter().enumerate() {
        if !extents.contains_key(name) {
            return Err(format!("{name} of the result is in none of the operands"));
        }
        if output[..i].contains(name) {
            return Err(format!("{name} appears twice in the result"));
        }
    }
    Ok(output)
}

/// The axes of the ellipsis, then the letters that occur once, in alphabetical order.
fn implicit_output(names: &[Vec<Name>]) -> Vec<Name> {
    let mut counts: BTreeMap<Name, usize> = BTreeMap::new();
    for &name in names.iter().flatten() {
        *counts.entry(name).or_default() += 1;
    }
    let hidden = counts.keys().rev().filter(|name| matches!(name, Name::Ellipsis(_)));
    let single = counts.iter().filter(|(name, count)| matches!(name, Name::Letter(_)) && **count == 1);
    hidden.copied().chain(single.map(|(&name, _)| name)).collect()
}

/// The set of `labels`.
pub(super) fn set(labels: &[Label]) -> Labels {
    labels.iter().fold(0, |set, &label| set | 1 << label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_implicit_result_has_the_ellipsis_and_the_single_letters() {
        let equation = Equation::new("b...a, c b", &[&[2, 5, 6, 3], &[4, 2]]).unwrap();
        let extents: Vec<usize> = equation.output.iter().map(|&label| equation.extents[label]).collect();
        assert_eq!(extents, [5, 6, 3, 4]);
    }

    #[test]
    fn an_extent_of_one_stands_for_any_other() {
        let equation = Equation::new("i,i,i->i", &[&[1], &[3], &[1]]).unwrap();
        assert_eq!(equation.extents, [3]);
    }
}
