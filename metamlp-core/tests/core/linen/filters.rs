//! The algebra of filters: Flax's tables, and all pairs compared with plain sets.

use metamlp::Filter;
use metamlp::filter::group_collections;
use metamlp::prelude::*;

fn deny(names: impl Into<Filter>) -> Filter {
    DenyList::new(names).into()
}

fn all(all: bool) -> Filter {
    all.into()
}

/// Flax: `test_in_filter`. What is no filter is refused by the compiler.
#[test]
fn in_filter() {
    assert!(all(true).contains("any_string1"));
    assert!(!all(false).contains("any_string2"));
    assert!(Filter::from("exact_match").contains("exact_match"));
    assert!(!Filter::from("no_match1").contains("no_match2"));
    assert!(Filter::from(["one", "two"]).contains("one"));
    assert!(!Filter::from(["one", "two"]).contains("three"));
    assert!(!Filter::from([]).contains("one") && !Filter::from([]).contains(""));
}

/// Flax: `test_union_filter`.
#[test]
fn union_filter() {
    for (a, b, expected) in [
        (["a", "b"].into(), ["b", "c"].into(), ["a", "b", "c"].into()),
        (all(true), all(false), all(true)),
        (all(false), all(false), [].into()),
        (all(true), all(true), all(true)),
        (deny(["a", "b"]), deny(["b", "c"]), deny("b")),
        (deny(["a", "b"]), ["b", "c"].into(), deny("a")),
    ] {
        assert_eq!(a.union(&b), expected, "{a} | {b}");
        assert_eq!(b.union(&a), expected, "{b} | {a}");
    }
}

/// Flax: `test_intersect_filter`.
#[test]
fn intersect_filter() {
    for (a, b, expected) in [
        (["a", "b"].into(), ["b", "c"].into(), ["b"].into()),
        (all(true), all(false), all(false)),
        (all(false), all(false), [].into()),
        (all(true), all(true), all(true)),
        (deny(["a", "b"]), deny(["b", "c"]), deny(["a", "b", "c"])),
        (deny(["a", "b"]), ["b", "c"].into(), ["c"].into()),
    ] {
        assert_eq!(a.intersection(&b), expected, "{a} & {b}");
        assert_eq!(b.intersection(&a), expected, "{b} & {a}");
    }
}

/// Flax: `test_subtract_filter`.
#[test]
fn subtract_filter() {
    for (a, b, expected) in [
        (["a", "b"].into(), ["b", "c"].into(), ["a"].into()),
        (all(true), all(false), deny(false)),
        (all(false), all(false), [].into()),
        (all(true), all(true), all(false)),
        (all(true), "a".into(), deny("a")),
        (deny(["a", "b"]), deny(["b", "c"]), ["c"].into()),
        (deny(["a", "b"]), ["b", "c"].into(), deny(["a", "b", "c"])),
    ] {
        assert_eq!(a.difference(&b), expected, "{a} - {b}");
    }
}

/// Flax: `test_group_collections`.
#[test]
fn groups() {
    let names = ["params", "batch_stats"];
    let group = |filters: &[Filter]| group_collections(names, filters);
    assert_eq!(group(&["params".into(), "params".into()]), [vec!["params"], vec![]]);
    assert_eq!(group(&["vars".into()]), [Vec::<&str>::new()]);
    assert_eq!(group(&[all(false), all(true), all(true)]), [vec![], vec!["params", "batch_stats"], vec![]]);
}

/// Every filter over three names, and a fourth that none lists.
#[test]
fn filters_are_sets() {
    const NAMES: [&str; 4] = ["a", "b", "c", "unlisted"];
    let some = |bits: u8| -> Vec<String> {
        (0..3).filter(|i| bits & (1 << i) != 0).map(|i| NAMES[i].to_owned()).collect()
    };
    let mut filters = vec![all(true), all(false), "a".into(), deny(deny("a")), deny(true), deny(false)];
    filters.extend((0..8).flat_map(|bits| [Filter::from(some(bits)), deny(some(bits))]));
    let is = |filter: &Filter, expected: &dyn Fn(&str) -> bool, what: &str| {
        for name in NAMES {
            assert_eq!(filter.contains(name), expected(name), "{name} in {what} = {filter}");
        }
        assert_eq!(filter.is_empty(), !NAMES.iter().any(|name| expected(name)), "{what} = {filter}");
    };
    for a in &filters {
        is(&a.complement(), &|name| !a.contains(name), &format!("!{a}"));
        assert_eq!(&a.complement().complement(), &a.union(a), "{a}");
        for b in &filters {
            is(&a.union(b), &|name| a.contains(name) || b.contains(name), &format!("{a} | {b}"));
            is(&a.intersection(b), &|name| a.contains(name) && b.contains(name), &format!("{a} & {b}"));
            is(&a.difference(b), &|name| a.contains(name) && !b.contains(name), &format!("{a} - {b}"));
            // Filters of the same names are the same filter.
            let same = NAMES.iter().all(|name| a.contains(name) == b.contains(name));
            assert_eq!(a == b, same, "{a} == {b}");
        }
    }
}
