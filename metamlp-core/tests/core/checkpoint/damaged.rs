//! Files with damage anywhere: nothing loads that the format does not allow, and every message is short.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use metamlp::checkpoint::{load_safetensors, save_safetensors};
use metamlp::prelude::*;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors, serialize};

use super::Folder;

type Pair = BTreeMap<&'static str, Tensor>;

fn pair() -> Pair {
    BTreeMap::from([
        ("bias", Tensor::from_vec([2], vec![1.0f32, 2.0])),
        ("mask", Tensor::from_vec([3], vec![true, false, true])),
    ])
}

/// What the format's own reader finds in `bytes`, if it is a pair.
fn expected(bytes: &[u8]) -> Option<(Vec<f32>, Vec<bool>)> {
    let file = SafeTensors::deserialize(bytes).ok()?;
    let tensor = |name, dtype, shape: &[usize]| {
        file.tensor(name).ok().filter(|view| view.dtype() == dtype && view.shape() == shape)
    };
    let (bias, mask) = (tensor("bias", Dtype::F32, &[2])?, tensor("mask", Dtype::BOOL, &[3])?);
    let bias = bias.data().as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    (file.len() == 2).then(|| (bias, mask.data().iter().map(|&byte| byte != 0).collect()))
}

#[track_caller]
fn agrees(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    match (load_safetensors(path, &pair()), expected(bytes)) {
        (Ok(loaded), Some((bias, mask))) => {
            let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&loaded["bias"].to_vec::<f32>().unwrap()), bits(&bias));
            assert_eq!(loaded["mask"].to_vec::<bool>().unwrap(), mask);
        }
        (Err(error), None) => {
            let message = error.to_string();
            assert!(!message.contains('\n') && message.len() < path.as_os_str().len() + 700, "{message}");
        }
        (found, expected) => panic!("{found:?} for {expected:?}: {}", String::from_utf8_lossy(bytes)),
    }
}

#[test]
fn a_damaged_file_loads_only_if_the_format_allows_it() {
    let folder = Folder::new("damage");
    let path = folder.file();
    save_safetensors(&path, &pair()).unwrap();
    let whole = fs::read(&path).unwrap();
    agrees(&path, &whole);
    for length in 0..whole.len() {
        agrees(&path, &whole[..length]);
    }
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            agrees(&path, &bytes);
        }
    }
    for at in 0..=whole.len() {
        for byte in [0, b' ', b'0', b'"', b'}', 0xff] {
            let mut bytes = whole.clone();
            bytes.insert(at, byte);
            agrees(&path, &bytes);
        }
    }
}

fn file(header: &str, values: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.bytes());
    bytes.resize(bytes.len() + values, 0);
    bytes
}

#[test]
fn headers_that_lie_are_refused() {
    let folder = Folder::new("headers");
    let tensor = |dtype: &str, shape: &str, from: usize, to: usize| {
        format!(r#"{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{from},{to}]}}"#)
    };
    let two = |bias: String, mask: String| format!(r#"{{"bias":{bias},"mask":{mask}}}"#);
    let (bias, mask) = (tensor("F32", "[2]", 0, 8), tensor("BOOL", "[3]", 8, 11));
    agrees(&folder.file(), &file(&two(bias.clone(), mask.clone()), 11));
    for (header, values) in [
        // A gap, an overlap, and values that no tensor has.
        (two(bias.clone(), tensor("BOOL", "[3]", 9, 12)), 12),
        (two(bias.clone(), tensor("BOOL", "[3]", 7, 10)), 10),
        (two(bias.clone(), mask.clone()), 12),
        (two(bias.clone(), mask.clone()), 10),
        // Sizes that overflow, and sizes of another type.
        (two(tensor("F32", "[4611686018427387904, 4]", 0, 8), mask.clone()), 11),
        (two(tensor("F32", "[2]", 0, 18_446_744_073_709_551_615), mask.clone()), 11),
        (two(tensor("F64", "[2]", 0, 8), mask.clone()), 11),
        (two(tensor("F32", "[2]", 0, 4), tensor("BOOL", "[3]", 4, 7)), 7),
        // Another type, one byte per half.
        (two(tensor("F16", "[2]", 0, 4), tensor("BOOL", "[3]", 4, 7)), 7),
        (two(tensor("F4", "[1]", 0, 1), mask.clone()), 11),
        (two(bias.clone(), mask.replace("BOOL", "U8")), 11),
        // One key twice, a third key, keys in the format's own text.
        (format!(r#"{{"bias":{bias},"bias":{bias},"mask":{mask}}}"#), 11),
        (format!(r#"{{"bias":{bias},"mask":{mask},"more":{}}}"#, tensor("I32", "[0]", 11, 11)), 11),
        (format!(r#"{{"__metadata__":{{"bias":"1"}},"mask":{}}}"#, tensor("BOOL", "[3]", 0, 3)), 3),
        (format!(r#"{{"__metadata__":{{"a":"b"}},"bias":{bias},"mask":{mask}}}"#), 11),
        (format!(r#"[{bias},{mask}]"#), 11),
        ("{}".to_owned(), 0),
        (String::new(), 0),
    ] {
        agrees(&folder.file(), &file(&header, values));
    }
}

#[test]
fn a_message_is_a_line_whatever_the_file_holds() {
    let folder = Folder::new("long");
    let path = folder.file();
    let long = "k".repeat(1_000_000);
    let axes = format!("[{}2]", "1,".repeat(1_000_000));
    let zeros = [0; 8];
    let mut headers = vec![
        format!(r#"{{"bias":{{"dtype":"F32","shape":{axes},"data_offsets":[0,8]}}}}"#),
        format!(r#"{{"bias":{{"dtype":"{long}","shape":[2],"data_offsets":[0,8]}}}}"#),
        format!(r#"{{"bias":{{"{long}":"F32","shape":[2],"data_offsets":[0,8]}}}}"#),
        format!(r#"{{"{long}":{{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}}}"#),
        format!(r#"{{"{long}":{{"dtype":"F32","shape":[2],"data_offsets":[1,9]}}}}"#),
        r#"{"a\nb\u001b[31m":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#.to_owned(),
    ];
    headers.push(long.clone());
    let like = BTreeMap::from([("bias", Tensor::spec([2], F32))]);
    for header in headers {
        fs::write(&path, file(&header, zeros.len())).unwrap();
        for like in [&like, &BTreeMap::new()] {
            let message = load_safetensors(&path, like).unwrap_err().to_string();
            assert!(message.len() < path.as_os_str().len() + 500, "{} bytes", message.len());
            assert!(!message.contains(char::is_control), "{message:?}");
        }
    }
    // The tree's own names, too.
    fs::write(&path, file("{}", 0)).unwrap();
    let like = BTreeMap::from([(long.clone(), Tensor::spec(vec![1; 10_000], F32))]);
    let message = load_safetensors(&path, &like).unwrap_err().to_string();
    assert!(message.len() < path.as_os_str().len() + 500, "{} bytes", message.len());
}

#[test]
fn a_header_above_the_limit_of_the_format_is_told() {
    let folder = Folder::new("limit");
    let path = folder.file();
    let expected =
        "bytes or more for the names and types of all tensors, and the format's limit is 100000000";
    let name = "k".repeat(50_000_001);
    let tree = BTreeMap::from([(format!("{name}a"), Tensor::ones([1], F32)), (name, Tensor::ones([1], F32))]);
    let message = save_safetensors(&path, &tree).unwrap_err().to_string();
    assert!(message.ends_with(expected), "{message}");
    assert!(folder.names().is_empty());

    let sparse = fs::File::create(&path).unwrap();
    std::io::Write::write_all(&mut &sparse, &100_000_001u64.to_le_bytes()).unwrap();
    sparse.set_len(200_000_000).unwrap();
    let message = load_safetensors(&path, &pair()).unwrap_err().to_string();
    assert!(message.ends_with(expected), "{message}");
}

#[test]
fn the_bytes_are_those_of_the_format_s_own_writer() {
    let folder = Folder::new("writer");
    let tree = BTreeMap::from([
        ("b", Tensor::from_vec([2, 1], vec![1.0f32, 2.0])),
        ("a", Tensor::from_vec([2], vec![3.0f64, 4.0])),
        ("c", Tensor::from_vec([3], vec![true, false, true])),
        ("quote \" and \\ and é", Tensor::from_vec([], vec![7i32])),
        ("none", Tensor::zeros([0, 4], U32)),
    ]);
    save_safetensors(folder.file(), &tree).unwrap();
    let bytes: Vec<(Dtype, Vec<u8>)> = vec![
        (Dtype::F64, [3.0f64, 4.0].iter().flat_map(|x| x.to_le_bytes()).collect()),
        (Dtype::F32, [1.0f32, 2.0].iter().flat_map(|x| x.to_le_bytes()).collect()),
        (Dtype::BOOL, vec![1, 0, 1]),
        (Dtype::U32, vec![]),
        (Dtype::I32, vec![7, 0, 0, 0]),
    ];
    let views = tree.iter().zip(&bytes).map(|((name, tensor), (dtype, bytes))| {
        (*name, TensorView::new(*dtype, tensor.shape().to_vec(), bytes).unwrap())
    });
    assert_eq!(fs::read(folder.file()).unwrap(), serialize(views, None).unwrap());
}
