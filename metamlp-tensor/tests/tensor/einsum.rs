//! Einsum against hand-written loops, NumPy's numbers, and a naive sum over all indices.

use std::collections::BTreeMap;

use metamlp_tensor::{BOOL, F32, F64, I32, Tensor, random};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn counting(shape: &[usize]) -> Tensor {
    let size: usize = shape.iter().product();
    Tensor::from_vec(shape, (0..size as i32).collect())
}

#[track_caller]
fn gives(equation: &str, operands: &[Tensor], shape: &[usize], expected: &[i32]) {
    let found = Tensor::einsum(equation, operands);
    assert_eq!(found.shape(), shape, "{equation}");
    assert_eq!(found.to_vec::<i32>().unwrap(), expected, "{equation}");
}

#[test]
fn numpys_results() {
    let (a, b) = (counting(&[2, 3]), counting(&[3, 4]));
    gives("ij,jk", &[a.clone(), b], &[2, 4], &[20, 23, 26, 29, 56, 68, 80, 92]);
    gives("ba", std::slice::from_ref(&a), &[3, 2], &[0, 3, 1, 4, 2, 5]);
    gives("i j -> ", std::slice::from_ref(&a), &[], &[15]);
    gives("i,i->i", &[counting(&[1]) + 2, counting(&[3])], &[3], &[0, 2, 4]);
    gives("i...,i->...", &[counting(&[3, 2]), counting(&[3])], &[2], &[10, 13]);
    gives("...a->a...", std::slice::from_ref(&a), &[3, 2], &[0, 3, 1, 4, 2, 5]);
    gives("...i,...i->...", &[a.clone(), counting(&[1, 3])], &[2], &[5, 14]);
    gives("...,...", &[a.clone(), counting(&[3])], &[2, 3], &[0, 1, 4, 0, 4, 10]);
    gives("i,->i", &[counting(&[3]), counting(&[]) + 2], &[3], &[0, 2, 4]);
    gives("", &[counting(&[]) + 7], &[], &[7]);
    gives("ii", &[counting(&[3, 3])], &[], &[12]);
    gives("ii->i", &[counting(&[3, 3])], &[3], &[0, 4, 8]);
    gives("iji->ji", &[counting(&[2, 3, 2])], &[3, 2], &[0, 7, 2, 9, 4, 11]);
    gives("iii->i", &[counting(&[2, 2, 2])], &[2], &[0, 7]);
    // An ellipsis that the result does not have is summed, as in JAX. NumPy refuses it.
    gives("...ij->ij", &[counting(&[2, 3, 4])], &[3, 4], &[12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34]);
}

#[test]
fn a_product_of_batches_is_three_loops() {
    let (a, b) = (counting(&[2, 3, 4]), counting(&[2, 4, 5]));
    let at = |tensor: &Tensor, index: [usize; 3]| {
        let shape = tensor.shape();
        ((index[0] * shape[1] + index[1]) * shape[2] + index[2]) as i32
    };
    let mut expected = Vec::new();
    for n in 0..2 {
        for i in 0..3 {
            for k in 0..5 {
                expected.push((0..4).map(|j| at(&a, [n, i, j]) * at(&b, [n, j, k])).sum());
            }
        }
    }
    gives("bij,bjk->bik", &[a, b], &[2, 3, 5], &expected);
}

#[test]
fn dtypes_meet_and_floats_are_summed() {
    let x = random::normal(random::Key::new(1), [6, 5]);
    let y = random::normal(random::Key::new(2), [5, 7]);
    let found = Tensor::einsum("ij,jk->ki", &[&x, &y]).to_vec::<f32>().unwrap();
    assert_eq!(found, x.matmul(&y).t().to_vec::<f32>().unwrap());
    assert_eq!(Tensor::einsum("i,i", &[Tensor::ones([3], I32), Tensor::ones([3], F64)]).dtype(), F64);
    let flags = Tensor::ones([2], BOOL);
    assert!(Tensor::einsum("i,i", &[&flags, &flags]).item::<bool>().unwrap());
}

#[test]
fn operands_of_a_long_chain_are_never_all_in_one_product() {
    // One sum over all labels would take 40^13 multiplications.
    let matrices: Vec<Tensor> = (0..12).map(|i| Tensor::eye(40, F32) * (1.0 + f64::from(i) / 12.0)).collect();
    let letters: Vec<char> = ('a'..='m').collect();
    let terms: Vec<String> = letters.windows(2).map(|pair| pair.iter().collect()).collect();
    let trace = format!("{}->am", terms.join(","));
    let found = Tensor::einsum(&trace, &matrices).index(3).to_vec::<f32>().unwrap();
    let expected: f32 = (0..12).map(|i| 1.0 + i as f32 / 12.0).product();
    assert!((found[3] - expected).abs() < 1e-3 * expected, "{} {expected}", found[3]);
    assert_eq!(found[4], 0.0);
}

#[test]
fn what_does_not_fit_is_named() {
    let (a, b) = (Tensor::ones([2, 3], F32), Tensor::ones([4, 5], F32));
    let cases: [(&str, &[&Tensor], &str); 13] = [
        ("ij,jk->ik", &[&a, &b], "label `j` is 3 in operand 0 and 4 in operand 1"),
        ("ii->i", &[&a], "label `i` is both 2 and 3 in operand 0"),
        ("ij->ik", &[&a], "label `k` of the result is in none of the operands"),
        ("ij->jj", &[&a], "label `j` appears twice in the result"),
        ("ijk", &[&a], "its term `ijk` labels 3 axes, operand 0 has 2"),
        ("i", &[&a], "its term `i` labels 1 axes, operand 0 has 2"),
        ("ijk...", &[&a], "its term `ijk` labels 3 axes, operand 0 has 2"),
        ("ij", &[&a, &b], "it has 1 terms for 2 operands"),
        ("ij->i->j", &[&a], "more than one `->`"),
        ("i.j", &[&a], "outside of its one ellipsis"),
        ("......", &[&a], "outside of its one ellipsis"),
        ("i1", &[&a], "`1` is not a letter"),
        ("...,...", &[&a, &b], "axis -2 of the ellipsis is 2 in operand 0 and 4 in operand 1"),
    ];
    for (equation, operands, expected) in cases {
        let message = Tensor::einsum(equation, operands).evaluate().unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
        assert!(message.contains("einsum.rs") && message.contains(equation), "{message}");
    }
    let none = Tensor::einsum::<Tensor>("", &[]);
    assert!(none.evaluate().unwrap_err().to_string().contains("it has 1 terms for 0 operands"));
    let first = a.matmul(&b);
    let later = Tensor::einsum("ijk", &[&first]);
    assert!(later.evaluate().unwrap_err().to_string().contains("dot_general"));
}

/// A random equation: a letter for each axis, upper case for the axes of the ellipsis.
#[derive(Clone, Debug)]
struct Case {
    extents: BTreeMap<char, usize>,
    terms: Vec<Vec<char>>,
    output: Vec<char>,
    is_implicit: bool,
    /// Axes, by operand and position, that have extent 1 instead of their letter's extent.
    singletons: Vec<(usize, usize)>,
}

impl Case {
    fn new(mut choose: impl FnMut(usize) -> usize) -> Self {
        let extents: BTreeMap<char, usize> = "abcdeXY".chars().map(|c| (c, 1 + choose(3))).collect();
        let ellipsis: Vec<char> = "XY".chars().skip(choose(3)).collect();
        let mut terms = Vec::new();
        for _ in 0..1 + choose(5) {
            let mut term: Vec<char> = (0..choose(4)).map(|_| ['a', 'b', 'c', 'd', 'e'][choose(5)]).collect();
            let at = choose(term.len() + 1);
            let hidden = &ellipsis[choose(ellipsis.len() + 1)..];
            term.splice(at..at, hidden.iter().copied());
            terms.push(term);
        }
        let mut singletons = Vec::new();
        for (i, term) in terms.iter().enumerate() {
            for (j, letter) in term.iter().enumerate() {
                if term.iter().filter(|other| *other == letter).count() == 1 && choose(8) == 0 {
                    singletons.push((i, j));
                }
            }
        }
        let hidden: Vec<char> =
            ellipsis.into_iter().filter(|c| terms.iter().flatten().any(|t| t == c)).collect();
        let count = |letter: char| terms.iter().flatten().filter(|other| **other == letter).count();
        let is_implicit = choose(3) == 0;
        let output = if is_implicit {
            hidden.into_iter().chain(('a'..='e').filter(|&letter| count(letter) == 1)).collect()
        } else {
            let mut output: Vec<char> = ('a'..='e').filter(|&c| count(c) > 0 && choose(2) == 0).collect();
            for i in (1..output.len()).rev() {
                output.swap(i, choose(i + 1));
            }
            if choose(3) > 0 {
                let at = choose(output.len() + 1);
                output.splice(at..at, hidden);
            }
            output
        };
        Self { extents, terms, output, is_implicit, singletons }
    }

    fn shape(&self, operand: usize) -> Vec<usize> {
        let extent = |(axis, letter)| {
            if self.singletons.contains(&(operand, axis)) { 1 } else { self.extents[letter] }
        };
        self.terms[operand].iter().enumerate().map(extent).collect()
    }

    fn text(&self) -> String {
        let has_ellipsis = self.terms.iter().flatten().any(|letter| letter.is_uppercase());
        let term = |letters: &[char], may_be_hidden: bool| {
            let text: String = letters.iter().collect();
            match text.find(char::is_uppercase) {
                Some(at) => {
                    format!("{}...{}", &text[..at], text[at..].trim_start_matches(char::is_uppercase))
                }
                // A term without axes of the ellipsis may still have `...`.
                None if may_be_hidden && has_ellipsis => format!("...{text}"),
                None => text,
            }
        };
        let terms: Vec<String> = self.terms.iter().map(|letters| term(letters, true)).collect();
        let terms = terms.join(",");
        if self.is_implicit { terms } else { format!("{terms}->{}", term(&self.output, false)) }
    }

    /// The naive sum over all values of all letters.
    fn expected(&self, operands: &[Vec<i32>]) -> Vec<i32> {
        let used = |letter: &char| {
            let places = self
                .terms
                .iter()
                .enumerate()
                .flat_map(|(i, term)| term.iter().enumerate().map(move |(j, other)| (i, j, other)));
            let mut places = places.filter(|(_, _, other)| *other == letter).peekable();
            let exists = places.peek().is_some();
            (exists, places.all(|(i, j, _)| self.singletons.contains(&(i, j))))
        };
        let mut letters: Vec<(char, usize)> = Vec::new();
        for (&letter, &extent) in &self.extents {
            let (exists, is_single) = used(&letter);
            if exists {
                letters.push((letter, if is_single { 1 } else { extent }));
            }
        }
        let total: usize = letters.iter().map(|(_, extent)| extent).product();
        let extent_of = |letter: &char| letters.iter().find(|(other, _)| other == letter).unwrap().1;
        let mut result = vec![0; self.output.iter().map(extent_of).product()];
        for number in 0..total {
            let mut rest = number;
            let index: BTreeMap<char, usize> = letters
                .iter()
                .map(|&(letter, extent)| {
                    let i = rest % extent;
                    rest /= extent;
                    (letter, i)
                })
                .collect();
            let product: i32 = (0..self.terms.len())
                .map(|operand| {
                    let place = self.terms[operand].iter().zip(self.shape(operand)).fold(
                        0,
                        |place, (letter, extent)| {
                            place * extent + if extent == 1 { 0 } else { index[letter] }
                        },
                    );
                    operands[operand][place]
                })
                .product();
            let place = self.output.iter().fold(0, |place, letter| place * extent_of(letter) + index[letter]);
            result[place] += product;
        }
        result
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, rng_seed: RngSeed::Fixed(0), ..ProptestConfig::with_cases(400)
    })]

    #[test]
    fn every_equation_is_the_sum_over_every_index(seed: u64) {
        let mut state = seed;
        let mut choose = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) as usize) % below
        };
        let case = Case::new(&mut choose);
        let values: Vec<Vec<i32>> = (0..case.terms.len())
            .map(|i| (0..case.shape(i).iter().product::<usize>()).map(|_| choose(7) as i32 - 3).collect())
            .collect();
        let operands: Vec<Tensor> =
            values.iter().enumerate().map(|(i, values)| Tensor::from_vec(case.shape(i), values.clone())).collect();
        let found = Tensor::einsum(&case.text(), &operands).to_vec::<i32>();
        prop_assert_eq!(found.map_err(|error| error.to_string()), Ok(case.expected(&values)), "{} {:?}", case.text(), case);
    }
}
