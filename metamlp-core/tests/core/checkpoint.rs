//! Saving and loading: round trips, the contents of the file, and errors for files that do not match.

mod damaged;
#[cfg(unix)]
mod files;
#[cfg(target_os = "linux")]
mod processes;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use metamlp::Error;
use metamlp::Map;
use metamlp::checkpoint::{CheckpointProblem, load_safetensors, save_safetensors};
use metamlp::prelude::*;
use metamlp::tensor::{bf16, f16};
use safetensors::SafeTensors;

/// A temporary folder for one test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("metamlp-checkpoint-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("weights.safetensors")
    }

    fn names(&self) -> Vec<String> {
        fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn variables(seed: i64) -> Variables {
    #[compact]
    fn net(x: &Tensor) -> Tensor {
        let x = Dense::new(3).call(x);
        let x = BatchNorm::new().use_running_average(true).call(&x);
        Dense::new(1).call(&x)
    }
    net().init(Key::new(seed), |m| m.call(&Tensor::spec([1, 2], F32))).unwrap()
}

fn numbers(tree: &impl Tree) -> Vec<f32> {
    tree.tensors().iter().flat_map(|tensor| tensor.to_vec::<f32>().unwrap()).collect()
}

#[test]
fn variables_come_back_as_they_were() {
    let folder = Folder::new("round-trip");
    let saved = variables(1);
    save_safetensors(folder.file(), &saved).unwrap();
    let loaded = load_safetensors(folder.file(), &variables(2)).unwrap();
    assert_eq!(loaded.to_string(), saved.to_string());
    assert_eq!(numbers(&loaded), numbers(&saved));
    assert_ne!(numbers(&loaded), numbers(&variables(2)));
    assert_eq!(folder.names(), ["weights.safetensors"]);
}

#[test]
fn keys_are_paths_joined_by_dots() {
    let folder = Folder::new("keys");
    save_safetensors(folder.file(), variables(1).params()).unwrap();
    let file = fs::read(folder.file()).unwrap();
    let file = SafeTensors::deserialize(&file).unwrap();
    let mut names = file.names();
    names.sort_unstable();
    let expected = [
        "BatchNorm_0.bias",
        "BatchNorm_0.scale",
        "Dense_0.bias",
        "Dense_0.kernel",
        "Dense_1.bias",
        "Dense_1.kernel",
    ];
    assert_eq!(names, expected);
    assert_eq!(file.tensor("Dense_0.kernel").unwrap().shape(), [2, 3]);
}

#[test]
fn every_dtype_a_scalar_and_nothing_come_back() {
    let folder = Folder::new("dtypes");
    let tree = (
        Tensor::from_vec([2], vec![true, false]),
        Tensor::from_vec([2], vec![i32::MIN, 7]),
        (Tensor::from_vec([1], vec![u32::MAX]), Tensor::scalar(f64::MIN_POSITIVE)),
        vec![
            Tensor::from_vec([2, 2], vec![f32::NAN, -0.0, f32::INFINITY, 1e-45]),
            Tensor::zeros([0, 3], F32),
        ],
        (
            Tensor::from_vec([3], [1.5, -0.0, f32::NAN].map(f16::from_f32).to_vec()),
            Tensor::from_vec([3], [1.5, -0.0, f32::INFINITY].map(bf16::from_f32).to_vec()),
        ),
    );
    save_safetensors(folder.file(), &tree).unwrap();
    let specs = tree.map(&mut |tensor| Tensor::spec(tensor.shape(), tensor.dtype()));
    let (flags, integers, (words, wide), floats, (halves, brains)) =
        load_safetensors(folder.file(), &specs).unwrap();
    assert_eq!(flags.to_vec::<bool>().unwrap(), [true, false]);
    assert_eq!(integers.to_vec::<i32>().unwrap(), [i32::MIN, 7]);
    assert_eq!(words.to_vec::<u32>().unwrap(), [u32::MAX]);
    assert_eq!((wide.shape().len(), wide.item::<f64>().unwrap()), (0, f64::MIN_POSITIVE));
    let bits = |x: &Tensor| x.to_vec::<f32>().unwrap().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&floats[0]), bits(&tree.3[0]));
    assert_eq!(floats[1].shape(), [0, 3]);
    let bits = |x: &Tensor| x.to_vec::<f16>().unwrap().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&halves), bits(&tree.4.0));
    let bits = |x: &Tensor| x.to_vec::<bf16>().unwrap().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&brains), bits(&tree.4.1));

    save_safetensors(folder.file(), &()).unwrap();
    load_safetensors(folder.file(), &()).unwrap();
    save_safetensors(folder.file(), &Tensor::scalar(1.5f32)).unwrap();
    assert_eq!(load_safetensors(folder.file(), &Tensor::spec([], F32)).unwrap().item::<f32>().unwrap(), 1.5);
}

#[test]
fn the_same_tree_makes_the_same_bytes() {
    let folder = Folder::new("bytes");
    let read = || {
        save_safetensors(folder.file(), &variables(3)).unwrap();
        fs::read(folder.file()).unwrap()
    };
    assert_eq!(read(), read());
}

#[test]
fn a_training_is_saved_and_resumed() {
    let folder = Folder::new("training");
    let model = Dense::new(1);
    let tx = optim::adam(0.1);
    let variables = model.init(Key::new(0), |m| m.call(&Tensor::spec([1, 2], F32))).unwrap();
    let state = TrainState::new(&model, variables, tx);
    let grads = state.params.map(&mut |param| param + 1.0);
    let half = state.apply_gradients(&grads).unwrap();
    save_safetensors(folder.file(), &half).unwrap();
    let resumed = load_safetensors(folder.file(), &state).unwrap();
    let (a, b) = (half.apply_gradients(&grads).unwrap(), resumed.apply_gradients(&grads).unwrap());
    assert_eq!(b.step.item::<i32>().unwrap(), 2);
    assert_eq!(numbers(&a.params), numbers(&b.params));
}

#[track_caller]
fn problem(path: &Path, result: metamlp::Result<impl Sized>, expected: &str) -> CheckpointProblem {
    let error = result.err().expect("an error");
    let message = error.to_string();
    let Error::Checkpoint { path: named, problem, location } = error else { panic!("{error:?}") };
    assert_eq!(named, path);
    assert_eq!(
        message.strip_prefix(&format!("{location}: {} ", path.display())),
        Some(expected),
        "{message}"
    );
    *problem
}

#[test]
fn a_file_that_is_missing_or_of_another_format_or_cut_short_is_told() {
    let folder = Folder::new("formats");
    let (path, like) = (folder.file(), variables(1));
    let error = load_safetensors(&path, &like).unwrap_err().to_string();
    assert!(error.contains(&format!(": {} cannot be read: ", path.display())), "{error}");

    fs::write(&path, "no tensors at all").unwrap();
    let error = load_safetensors(&path, &like).unwrap_err().to_string();
    assert!(error.contains(" is not a safetensors file, or is truncated: "), "{error}");

    save_safetensors(&path, &like).unwrap();
    let whole = fs::read(&path).unwrap();
    for length in [0, 7, 8, 100, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let error = load_safetensors(&path, &like).unwrap_err();
        let Error::Checkpoint { problem, .. } = &error else { panic!("{error:?}") };
        assert!(matches!(**problem, CheckpointProblem::NotSafetensors(_)), "{length}: {error}");
    }
}

#[test]
fn another_shape_or_dtype_is_told_with_the_key() {
    let folder = Folder::new("types");
    let path = folder.file();
    save_safetensors(&path, &(Tensor::ones([2, 3], F32),)).unwrap();
    let expected = "`0` is f32[2, 3] in the file, f32[3, 2] was expected";
    problem(&path, load_safetensors(&path, &(Tensor::spec([3, 2], F32),)), expected);
    let expected = "`0` is f32[2, 3] in the file, f64[2, 3] was expected";
    let problem = problem(&path, load_safetensors(&path, &(Tensor::spec([2, 3], F64),)), expected);
    assert!(matches!(problem, CheckpointProblem::TypeDiffers { key, .. } if key == "0"));
}

#[test]
fn missing_and_unexpected_keys_are_told_with_the_nearest_name() {
    let folder = Folder::new("keys-differ");
    let path = folder.file();
    let dense = |name: &str, names: &[&str]| {
        let tensors: Map = names.iter().map(|name| (*name, Tensor::ones([2], F32))).collect();
        Map::new().with(name, tensors)
    };
    save_safetensors(&path, &dense("Dense_0", &["kernal", "bias"])).unwrap();
    let expected = "has no `Dense_0.kernel`, which is expected, but has `Dense_0.kernal`, which is not";
    problem(&path, load_safetensors(&path, &dense("Dense_0", &["kernel", "bias"])), expected);
    let expected = "has `Dense_0.bias`, which is not expected";
    problem(&path, load_safetensors(&path, &dense("Dense_0", &["kernal"])), expected);
    let expected = "has `Dense_0.bias`, which is not expected, and 1 more";
    problem(&path, load_safetensors(&path, &()), expected);
    let expected = "has no `Dense_0.w`, which is expected; 2 more are missing";
    problem(&path, load_safetensors(&path, &dense("Dense_0", &["w", "bias", "u", "v"])), expected);
}

#[test]
fn names_that_keys_cannot_hold_are_refused() {
    let folder = Folder::new("names");
    let map = Map::new().with("a.b", Tensor::ones([1], F32));
    let expected =
        "cannot hold `a.b`: keys are joined by dots, and the name \"a.b\" is empty or contains a dot";
    problem(&folder.file(), save_safetensors(folder.file(), &map), expected);
    assert!(folder.names().is_empty());

    // The format has this name for its own text, and the file could never be read.
    let tree = BTreeMap::from([("__metadata__", Tensor::ones([2], F32))]);
    let expected = "cannot hold `__metadata__`: the format has that name for its own text";
    problem(&folder.file(), save_safetensors(folder.file(), &tree), expected);
    problem(&folder.file(), load_safetensors(folder.file(), &tree), expected);
    assert!(folder.names().is_empty());
    let below = BTreeMap::from([("a", tree)]);
    save_safetensors(folder.file(), &below).unwrap();
    load_safetensors(folder.file(), &below).unwrap();
}

/// A tree that visits two tensors at one place.
struct Twice(Tensor);

impl Tree for Twice {
    fn visit(&self, visitor: &mut dyn metamlp::tensor::TreeVisitor) {
        visitor.tensor(&self.0);
        visitor.tensor(&self.0);
    }

    fn map(&self, replace: &mut dyn FnMut(&Tensor) -> Tensor) -> Self {
        Self(replace(&self.0))
    }
}

#[test]
fn two_tensors_with_one_key_are_refused() {
    let folder = Folder::new("duplicate");
    let tree = Twice(Tensor::ones([2], F32));
    let expected = "cannot hold two tensors called `tensor`";
    problem(&folder.file(), save_safetensors(folder.file(), &tree), expected);
}

#[test]
fn values_longer_than_a_block_come_back() {
    let folder = Folder::new("blocks");
    for size in [1, 16_383, 16_384, 16_385, 100_000] {
        let values: Vec<u32> = (0..size).map(|i: u32| i.wrapping_mul(2_654_435_761)).collect();
        let flags: Vec<bool> = values.iter().map(|value| value % 3 == 0).collect();
        let wide: Vec<f64> = values.iter().map(|&value| f64::from(value)).collect();
        let tree = (
            Tensor::from_vec([values.len()], flags.clone()),
            Tensor::from_vec([values.len()], wide.clone()),
            Tensor::from_vec([values.len()], values.clone()),
        );
        save_safetensors(folder.file(), &tree).unwrap();
        let loaded = load_safetensors(folder.file(), &tree).unwrap();
        assert_eq!(loaded.0.to_vec::<bool>().unwrap(), flags);
        assert_eq!(loaded.1.to_vec::<f64>().unwrap(), wide);
        assert_eq!(loaded.2.to_vec::<u32>().unwrap(), values);
    }
}

#[test]
fn a_save_that_fails_leaves_what_was_there() {
    let folder = Folder::new("failure");
    let path = folder.file();
    // A folder at the file's path cannot be replaced.
    fs::create_dir_all(path.join("occupied")).unwrap();
    let error = save_safetensors(&path, &variables(1)).unwrap_err().to_string();
    assert!(error.contains(&format!(": {} cannot be written: ", path.display())), "{error}");
    assert_eq!(folder.names(), ["weights.safetensors"]);

    let nowhere = folder.0.join("no/such/folder/w.safetensors");
    assert!(save_safetensors(&nowhere, &variables(1)).is_err());
    assert!(save_safetensors("/", &variables(1)).is_err());

    let other = folder.0.join("other.safetensors");
    save_safetensors(&other, &variables(1)).unwrap();
    let poisoned = (Tensor::ones([2], F32).reshape([3]),);
    assert!(matches!(save_safetensors(&other, &poisoned), Err(Error::Tensor(_))));
    load_safetensors(&other, &variables(1)).unwrap();
}
