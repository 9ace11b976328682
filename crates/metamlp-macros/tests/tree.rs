//! `#[derive(Tree)]`: paths, static parts, variants, generics.

#![warn(clippy::pedantic, missing_docs, unused_qualifications)]

mod fake;

use fake::__private::shown;
use fake::{Tensor, Tree as _};
use metamlp_macros::Tree;

#[derive(Clone, Debug, PartialEq, Tree)]
#[tree(crate = crate::fake)]
struct Batch {
    images: Tensor,
    r#type: Vec<Tensor>,
    #[tree(static)]
    seed: u64,
}

#[derive(Debug, PartialEq, Tree)]
#[tree(crate = crate::fake)]
struct Pair<T>(T, Tensor);

#[derive(Debug, PartialEq, Tree)]
#[tree(crate = crate::fake)]
struct Unit;

#[derive(Debug, PartialEq, Tree)]
#[tree(crate = crate::fake)]
enum State<T, S: Clone + std::hash::Hash + std::fmt::Debug> {
    Empty,
    Moments { mean: Tensor, var: T },
    Raw(Tensor, #[tree(static)] S),
}

#[derive(Tree)]
#[tree(crate = crate::fake)]
enum Never {}

fn doubled(tensor: &Tensor) -> Tensor {
    Tensor(2.0 * tensor.0)
}

#[test]
fn paths_are_field_names() {
    let batch = Batch { images: Tensor(1.0), r#type: vec![Tensor(2.0), Tensor(3.0)], seed: 7 };
    assert_eq!(shown(&batch), "images=(1) type=(0=(2) 1=(3)) 7");
    let expected = Batch { images: Tensor(2.0), r#type: vec![Tensor(4.0), Tensor(6.0)], seed: 7 };
    assert_eq!(batch.map(&mut doubled), expected);
}

#[test]
fn tuple_and_unit_structs_are_trees() {
    let pair = Pair(vec![Tensor(1.0)], Tensor(2.0));
    assert_eq!(shown(&pair), "0=(0=(1)) 1=(2)");
    assert_eq!(pair.map(&mut doubled), Pair(vec![Tensor(2.0)], Tensor(4.0)));
    assert_eq!(shown(&Unit), "");
    assert_eq!(Unit.map(&mut doubled), Unit);
}

#[test]
fn a_variant_is_a_static_part() {
    let empty: State<Tensor, u8> = State::Empty;
    assert_eq!(shown(&empty), "\"Empty\"");
    let moments: State<Tensor, u8> = State::Moments { mean: Tensor(1.0), var: Tensor(2.0) };
    assert_eq!(shown(&moments), "\"Moments\" mean=(1) var=(2)");
    let raw: State<Tensor, u8> = State::Raw(Tensor(1.0), 9);
    assert_eq!(shown(&raw), "\"Raw\" 0=(1) 9");
    assert_eq!(raw.map(&mut doubled), State::Raw(Tensor(2.0), 9));
    assert_eq!(empty.map(&mut doubled), State::Empty);
}

#[test]
fn an_empty_enum_is_a_tree() {
    fn is_tree<T: fake::Tree>() {}
    is_tree::<Never>();
}
