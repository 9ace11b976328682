//! Saves that are killed, and the memory of a load. A test starts this executable again for one of its tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use metamlp::checkpoint::{load_safetensors, save_safetensors};
use metamlp::prelude::*;

use super::Folder;

/// The variable that gives a child its file.
const FILE: &str = "METAMLP_TEST_CHECKPOINT";

const SHAPE: [usize; 2] = [8192, 2048];

fn tree() -> Vec<Tensor> {
    vec![Tensor::spec(SHAPE, F32), Tensor::spec(SHAPE, BF16), Tensor::spec(SHAPE, BOOL)]
}

fn child(name: &str, file: &Folder) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let name = format!("checkpoint::processes::{name}");
    command.args(["--exact", &name, "--ignored"]).env(FILE, file.file());
    command.stdout(Stdio::null());
    command
}

/// The file of a child; none in a run of all ignored tests.
fn file() -> Option<PathBuf> {
    std::env::var_os(FILE).map(PathBuf::from)
}

fn tell(path: &Path, memory: usize) {
    fs::write(path.with_extension("memory"), memory.to_string()).unwrap();
}

#[test]
#[ignore = "a child of another test"]
fn saves_for_ever() {
    let Some(path) = file() else { return };
    for step in 0.. {
        save_safetensors(&path, &Tensor::full([1 << 20], step, F32)).unwrap();
    }
}

#[test]
fn killed_saves_leave_a_whole_file_and_the_next_one_tidies_up() {
    let folder = Folder::new("kills");
    for round in 0..8 {
        let mut child = child("saves_for_ever", &folder).spawn().unwrap();
        sleep(Duration::from_millis(150 + 13 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(folder.names().len() <= 2, "{:?}", folder.names());
        if folder.file().exists() {
            let values = load_safetensors(folder.file(), &Tensor::spec([1 << 20], F32)).unwrap();
            let values = values.to_vec::<f32>().unwrap();
            assert!(values.iter().all(|value| *value == values[0]));
        }
    }
    save_safetensors(folder.file(), &Tensor::ones([2], F32)).unwrap();
    assert_eq!(folder.names(), ["weights.safetensors"]);
}

/// The largest memory of this process so far, in bytes.
fn peak() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

#[test]
#[ignore = "a child of another test"]
fn tells_the_memory_of_a_load() {
    let Some(path) = file() else { return };
    let before = peak();
    let loaded = load_safetensors(&path, &tree()).unwrap();
    tell(&path, peak() - before);
    drop(loaded);
}

#[test]
#[ignore = "a child of another test"]
fn tells_the_memory_of_a_save() {
    let Some(path) = file() else { return };
    let tensors = load_safetensors(&path, &tree()).unwrap();
    let before = peak();
    save_safetensors(&path, &tensors).unwrap();
    tell(&path, peak() - before);
}

#[test]
fn a_load_takes_the_memory_of_its_tensors_and_a_save_none() {
    let folder = Folder::new("memory");
    let zeros = tree().map(&mut |tensor| tensor.zeros_like());
    save_safetensors(folder.file(), &zeros).unwrap();
    let size = fs::metadata(folder.file()).unwrap().len() as f64;
    for (name, most) in [("tells_the_memory_of_a_load", 1.1), ("tells_the_memory_of_a_save", 0.1)] {
        assert!(child(name, &folder).status().unwrap().success());
        let told = fs::read_to_string(folder.file().with_extension("memory")).unwrap();
        let memory: f64 = told.parse().unwrap();
        assert!(memory < most * size, "{name}: {:.2} times the file", memory / size);
    }
}
