//! Maps that are nested deeper than a thread's stack, and shallow ones that the same walks must treat alike.

use metamlp::checkpoint::{load_safetensors, save_safetensors};
use metamlp::prelude::*;
use metamlp::{Entry, Map, Tuple};

/// `levels` maps around `inner`; every third level is a tuple instead, if asked for.
fn nested(levels: usize, with_tuples: bool, inner: Entry) -> Map {
    let mut entry = inner;
    for level in 0..levels {
        entry = match level % 3 {
            1 if with_tuples => vec![entry].into(),
            _ => Map::new().with("m", entry).into(),
        };
    }
    Map::new().with("root", entry)
}

fn two() -> Entry {
    Tensor::full([2], 2, F32).into()
}

#[test]
fn a_map_of_any_depth_is_dropped() {
    for with_tuples in [false, true] {
        let map = nested(1_000_000, with_tuples, two());
        let shared = map.clone();
        drop(map);
        drop(shared);
        // The inner part outlives the outer one, and is dropped on another thread.
        let inner = nested(300_000, with_tuples, two());
        let outer = nested(300_000, with_tuples, inner.clone().into());
        drop(outer);
        std::thread::spawn(move || drop(inner)).join().unwrap();
    }
}

#[test]
fn a_map_of_any_depth_is_a_tree() {
    for with_tuples in [false, true] {
        let map = nested(100_000, with_tuples, two());
        let doubled = map.map(&mut |tensor| tensor * 2.0);
        assert_eq!(doubled.tensors()[0].to_vec::<f32>().unwrap(), [4.0, 4.0]);
        assert_eq!(map.size(), 2);
        let (path, _) = &map.tensors_with_paths()[0];
        assert_eq!(path.segments().len(), 100_001);
        assert!(map.get(&path.to_string()).is_some_and(|entry| entry.as_tensor().is_some()));
        assert!(map.get(&format!("{path}/m")).is_none());

        let squares = grad(&map, |map| Ok(map.tensors()[0].square().sum_all())).unwrap();
        assert_eq!(squares.tensors()[0].to_vec::<f32>().unwrap(), [4.0, 4.0]);
        let built = Entry::from_tree(&map).unwrap();
        assert!(built.get(&path.to_string()).is_some());

        let mut merged = map.clone();
        merged.merge(&doubled);
        assert_eq!(merged.tensors()[0].to_vec::<f32>().unwrap(), [4.0, 4.0]);
        assert_eq!(map.tensors()[0].to_vec::<f32>().unwrap(), [2.0, 2.0]);

        let path = std::env::temp_dir().join(format!("metamlp-deep-{with_tuples}-{}", std::process::id()));
        save_safetensors(&path, &map).unwrap();
        let loaded = load_safetensors(&path, &map).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(loaded.tensors()[0].to_vec::<f32>().unwrap(), [2.0, 2.0]);
    }
}

#[test]
fn the_text_of_a_deep_map_is_short() {
    for with_tuples in [false, true] {
        let map = nested(100_000, with_tuples, two());
        let variables = Variables::from_params(map.clone());
        for text in [map.to_string(), format!("{map:#}"), format!("{map:?}"), variables.to_string()] {
            assert!(text.contains("..") && text.len() < 100_000, "{} bytes", text.len());
        }
    }
    let map = nested(20, true, two());
    assert!(!map.to_string().contains("..") && !format!("{map:?}").contains(".."));
}

#[test]
fn a_tuple_of_any_depth_is_an_entry() {
    let deep = |levels: usize| (0..levels).fold(two(), |entry, _| vec![entry].into());
    let entry = deep(100_000);
    let copy = entry.clone();
    for text in [entry.to_string(), format!("{entry:#}"), format!("{entry:?}")] {
        assert!(text.contains("..") && text.len() < 10_000, "{} bytes", text.len());
    }
    let doubled = copy.map(&mut |tensor| tensor * 2.0);
    assert_eq!(doubled.tensors()[0].to_vec::<f32>().unwrap(), [4.0, 4.0]);
    let built = Entry::from_tree(&copy).unwrap();
    let (path, _) = &built.tensors_with_paths()[0];
    assert_eq!(path.segments().len(), 100_000);
    assert!(entry.get(&path.to_string()).is_some_and(|entry| entry.as_tensor().is_some()));
    let squares = grad(&entry, |entry| Ok(entry.tensors()[0].square().sum_all())).unwrap();
    assert_eq!(squares.tensors()[0].to_vec::<f32>().unwrap(), [4.0, 4.0]);

    let path = std::env::temp_dir().join(format!("metamlp-deep-tuple-{}", std::process::id()));
    save_safetensors(&path, &entry).unwrap();
    let loaded = load_safetensors(&path, &entry).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(loaded.tensors()[0].to_vec::<f32>().unwrap(), [2.0, 2.0]);
    // One owner after the other, the last one on another thread.
    drop(entry);
    std::thread::spawn(move || drop(copy)).join().unwrap();
    drop(deep(1_000_000));
}

#[test]
fn a_copy_of_a_tuple_is_changed_alone() {
    let one = Tuple::from(vec![two()]);
    let mut longer = one.clone();
    longer.push(3.0);
    assert_eq!((one.len(), longer.len()), (1, 2));
    assert_eq!(format!("{one:?} {longer:?}"), "(f32[2],) (f32[2], f64[])");
}

#[test]
fn keys_of_a_deep_tree_that_exceed_the_format_are_told() {
    // A tensor at each level: the paths together are far longer than the tree.
    let mut map = Map::new().with("w", 1.0);
    for _ in 0..100_000 {
        map = Map::new().with("m", map).with("w", 1.0);
    }
    let path = std::env::temp_dir().join(format!("metamlp-keys-{}", std::process::id()));
    let message = save_safetensors(&path, &map).unwrap_err().to_string();
    assert!(message.contains("the format's limit is 100000000"), "{message}");
    assert!(!path.exists());
}

/// What a visitor is told of a tree, as text.
fn told(tree: &impl Tree) -> String {
    struct Told(String);
    impl metamlp::tensor::TreeVisitor for Told {
        fn tensor(&mut self, tensor: &Tensor) {
            self.0 += &format!("{} ", tensor.ty());
        }
        fn enter(&mut self, segment: metamlp::tensor::Segment<'_>) {
            self.0 += &format!("{segment:?}( ");
        }
        fn leave(&mut self) {
            self.0 += ") ";
        }
        fn static_part(&mut self, value: &dyn metamlp::tensor::StaticPart) {
            let mut hasher = std::hash::DefaultHasher::new();
            value.feed(&mut hasher);
            self.0 += &format!("#{} ", std::hash::Hasher::finish(&hasher));
        }
    }
    let mut told = Told(String::new());
    tree.visit(&mut told);
    told.0
}

#[test]
fn a_map_tells_a_visitor_what_other_containers_tell() {
    use std::collections::BTreeMap;
    let ones = || Tensor::ones([1], F32);
    let plain = BTreeMap::from([
        ("a", BTreeMap::from([("b", vec![ones(), ones()]), ("c", vec![])])),
        ("d", BTreeMap::new()),
    ]);
    let pair = Entry::from(vec![ones().into(), ones().into()]);
    let map = Map::new().with("a", Map::new().with("b", pair).with("c", Tuple::new())).with("d", Map::new());
    assert_eq!(told(&map), told(&plain));
    assert_eq!(told(&Entry::from(map.clone())), told(&plain));
    assert_eq!(told(&map.map(&mut |tensor| tensor + 1.0)), told(&plain));
}

#[test]
fn merging_keeps_places_and_leaves_other_owners_alone() {
    let map = |names: &[(&'static str, f32)]| names.iter().copied().collect::<Map>();
    let old = Map::new()
        .with("a", map(&[("x", 1.0), ("y", 2.0)]))
        .with("b", 3.0)
        .with("c", Map::new().with("d", map(&[("z", 4.0)])))
        .with("e", map(&[("x", 5.0)]));
    let new = Map::new()
        .with("e", 6.0)
        .with("c", Map::new().with("d", map(&[("z", 7.0), ("w", 8.0)])))
        .with("b", map(&[("x", 9.0)]))
        .with("f", map(&[("x", 10.0)]))
        .with("a", map(&[("y", 11.0)]));
    let (before, added) = (format!("{old:#}"), format!("{new:#}"));
    let mut merged = old.clone();
    merged.merge(&new);
    assert_eq!((format!("{old:#}"), format!("{new:#}")), (before, added));
    let expected = Map::new()
        .with("a", map(&[("x", 1.0), ("y", 11.0)]))
        .with("b", map(&[("x", 9.0)]))
        .with("c", Map::new().with("d", map(&[("z", 7.0), ("w", 8.0)])))
        .with("e", 6.0)
        .with("f", map(&[("x", 10.0)]));
    assert_eq!(format!("{merged:#}"), format!("{expected:#}"));
}
