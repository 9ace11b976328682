//! Saves that are killed, and the memory of a load. A test starts this executable again for one of its tests.

use std::fs;
use std::path::PathBuf;
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
    command.args(["--exact", &name, "--ignored", "--nocapture"]).env(FILE, file.file());
    command.stdout(Stdio::piped());
    command
}

fn file() -> PathBuf {
    PathBuf::from(std::env::var_os(FILE).expect("a test of this file starts it"))
}

#[test]
#[ignore = "a child of another test"]
fn saves_for_ever() {
    for step in 0.. {
        save_safetensors(file(), &Tensor::full([1 << 20], step, F32)).unwrap();
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
fn prints_the_memory_of_a_load() {
    let before = peak();
    let loaded = load_safetensors(file(), &tree()).unwrap();
    println!("memory {}", peak() - before);
    drop(loaded);
}

#[test]
#[ignore = "a child of another test"]
fn prints_the_memory_of_a_save() {
    let tensors = load_safetensors(file(), &tree()).unwrap();
    let before = peak();
    save_safetensors(file(), &tensors).unwrap();
    println!("memory {}", peak() - before);
}

#[test]
fn a_load_takes_the_memory_of_its_tensors_and_a_save_none() {
    let folder = Folder::new("memory");
    let zeros = tree().map(&mut |tensor| tensor.zeros_like());
    save_safetensors(folder.file(), &zeros).unwrap();
    let size = fs::metadata(folder.file()).unwrap().len() as f64;
    for (name, most) in [("prints_the_memory_of_a_load", 1.1), ("prints_the_memory_of_a_save", 0.1)] {
        let output = child(name, &folder).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let line =
            text.lines().find_map(|line| line.split_once("memory ")).expect("the child prints a number");
        let memory: f64 = line.1.trim().parse().unwrap();
        assert!(memory < most * size, "{name}: {:.2} times the file", memory / size);
    }
}
