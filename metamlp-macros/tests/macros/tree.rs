//! `#[derive(Tree)]`: paths, static parts, variants, generics.

#![warn(clippy::pedantic, missing_docs, unused_qualifications)]

use std::fmt::Write as _;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use metamlp::prelude::*;
use metamlp::tensor::{Segment, StaticPart, TreeVisitor};

#[derive(Clone, Debug, Tree)]
struct Batch {
    images: Tensor,
    r#type: Vec<Tensor>,
    #[tree(static)]
    seed: u64,
}

#[derive(Debug, Tree)]
struct Pair<T>(T, Tensor);

#[derive(Debug, PartialEq, Tree)]
struct Unit;

#[derive(Debug, Tree)]
enum State<T, S: Clone + StaticPart> {
    Empty,
    Moments { mean: Tensor, var: T },
    Raw(Tensor, #[tree(static)] S),
}

#[derive(Tree)]
enum List {
    End,
    Item(Tensor, Box<List>),
}

#[derive(Tree)]
enum Never {}

/// A number whose hash knows its whole part only.
#[derive(Clone, PartialEq)]
struct Coarse(f64);

impl Eq for Coarse {}

impl Hash for Coarse {
    #[expect(clippy::cast_possible_truncation, reason = "the hash is to be coarse")]
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (self.0 as i64).hash(hasher);
    }
}

#[derive(Clone, Tree)]
struct Config {
    x: Tensor,
    #[tree(static)]
    rate: f64,
    #[tree(static)]
    rates: Vec<f32>,
    #[tree(static)]
    bounds: Option<[f64; 2]>,
    #[tree(static)]
    named: (String, f32),
    #[tree(static)]
    coarse: Coarse,
}

/// A tree as text: `images=(1) type=(0=(2) 1=(3)) static`.
fn shown(tree: &impl Tree) -> String {
    struct Shown(String);
    impl TreeVisitor for Shown {
        fn tensor(&mut self, tensor: &Tensor) {
            write!(self.0, "{} ", tensor.item::<f64>().unwrap()).unwrap();
        }
        fn enter(&mut self, segment: Segment<'_>) {
            match segment {
                Segment::Name(name) => write!(self.0, "{name}=(").unwrap(),
                Segment::Index(index) => write!(self.0, "{index}=(").unwrap(),
            }
        }
        fn leave(&mut self) {
            self.0.truncate(self.0.trim_end().len());
            self.0.push_str(") ");
        }
        fn static_part(&mut self, _value: &dyn StaticPart) {
            self.0.push_str("static ");
        }
    }
    let mut text = Shown(String::new());
    tree.visit(&mut text);
    text.0.trim_end().to_owned()
}

fn doubled(tensor: &Tensor) -> Tensor {
    2.0 * tensor
}

fn tensor(value: f64) -> Tensor {
    Tensor::scalar(value)
}

fn batch(seed: u64) -> Batch {
    Batch { images: tensor(1.0), r#type: vec![tensor(2.0), tensor(3.0)], seed }
}

#[test]
fn paths_are_field_names() {
    assert_eq!(shown(&Pair(batch(7).images, tensor(2.0))), "0=(1) 1=(2)");
    // A vector's length is static, and so is the seed.
    assert_eq!(shown(&batch(7)), "images=(1) type=(static 0=(2) 1=(3)) static");
    let doubled = batch(7).map(&mut doubled);
    assert_eq!(shown(&doubled), "images=(2) type=(static 0=(4) 1=(6)) static");
    assert_eq!(doubled.seed, 7);
}

#[test]
fn tuple_and_unit_structs_are_trees() {
    let pair = Pair(Some(tensor(1.0)), tensor(2.0));
    assert_eq!(shown(&pair.map(&mut doubled)), "0=(static 2) 1=(4)");
    assert_eq!(shown(&Unit), "");
    assert_eq!(Unit.map(&mut doubled), Unit);
}

#[test]
fn a_variant_is_a_static_part() {
    let empty: State<Tensor, u8> = State::Empty;
    assert_eq!(shown(&empty.map(&mut doubled)), "static");
    let moments: State<Tensor, u8> = State::Moments { mean: tensor(1.0), var: tensor(2.0) };
    assert_eq!(shown(&moments.map(&mut doubled)), "static mean=(2) var=(4)");
    let raw: State<Tensor, u8> = State::Raw(tensor(1.0), 9);
    assert_eq!(shown(&raw.map(&mut doubled)), "static 0=(2) static");
    let State::Raw(_, kept) = raw.map(&mut doubled) else { panic!("another variant") };
    assert_eq!(kept, 9);
}

#[test]
fn a_type_that_holds_itself_is_a_tree() {
    let list = List::Item(tensor(1.0), Box::new(List::Item(tensor(2.0), Box::new(List::End))));
    assert_eq!(shown(&list), "static 0=(1) 1=(static 0=(2) 1=(static))");
}

#[test]
fn an_empty_enum_is_a_tree() {
    fn is_tree<T: Tree>() {}
    is_tree::<Never>();
}

#[test]
fn a_program_is_compiled_once_for_each_value_of_its_static_parts() {
    let traces = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&traces);
    let sum = jit(move |batch: Batch| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok::<_, metamlp::tensor::Error>(&batch.images + &batch.r#type[0])
    });
    for (seed, expected) in [(7, 1), (7, 1), (8, 2), (7, 2)] {
        assert_eq!(sum(batch(seed)).unwrap().item::<f64>().unwrap().to_bits(), 3.0_f64.to_bits());
        assert_eq!(traces.load(Ordering::Relaxed), expected);
    }
}

#[test]
fn no_two_values_of_a_static_part_share_a_program() {
    let config = Config {
        x: Tensor::scalar(1.0_f64),
        rate: 0.5,
        rates: vec![1.0, 2.0],
        bounds: Some([0.0, 1.0]),
        named: ("a".to_owned(), 1.0),
        coarse: Coarse(1.25),
    };
    let traces = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&traces);
    let scaled = jit(move |config: Config| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok::<_, metamlp::tensor::Error>(&config.x * config.rate)
    });
    let changes: [fn(&mut Config); 10] = [
        |_| (),
        |config| config.rate = 0.0,
        |config| config.rate = -0.0,
        |config| config.rate = 0.5_f64.next_up(),
        |config| config.rates[0] = 4.0,
        |config| config.bounds = None,
        |config| config.bounds = Some([3.0, 1.0]),
        |config| config.named.1 = 9.0,
        |config| config.named.0 = "b".to_owned(),
        |config| config.coarse = Coarse(1.75),
    ];
    // Each value is traced once, and found again.
    for traced_before in [0, changes.len()] {
        for (number, change) in changes.into_iter().enumerate() {
            let mut config = config.clone();
            change(&mut config);
            let rate = config.rate;
            assert_eq!(scaled(config).unwrap().item::<f64>().unwrap().to_bits(), rate.to_bits(), "{number}");
            assert_eq!(traces.load(Ordering::Relaxed), traced_before.max(number + 1), "change {number}");
        }
    }
}
