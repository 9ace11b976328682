//! Saving over an existing file: links, modes, long names, pipes and devices.

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use metamlp::checkpoint::{load_safetensors, save_safetensors};
use metamlp::prelude::*;

use super::Folder;

fn ones() -> Tensor {
    Tensor::ones([2], F32)
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).unwrap().is_symlink()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[track_caller]
fn loads(path: &Path) {
    assert_eq!(load_safetensors(path, &ones()).unwrap().to_vec::<f32>().unwrap(), [1.0, 1.0]);
}

#[test]
fn a_link_stays_and_its_target_is_replaced() {
    let folder = Folder::new("links");
    let at = |name: &str| folder.0.join(name);
    fs::create_dir(at("steps")).unwrap();
    fs::create_dir(at("links")).unwrap();
    fs::write(at("steps/step100"), "old").unwrap();
    symlink("../steps", at("links/steps")).unwrap();
    symlink("../steps/step100", at("links/best")).unwrap();
    symlink(at("links/best"), at("latest")).unwrap();
    // Relative links, links to links, absolute ones, a link to a folder, and a target that is not there yet.
    symlink("steps/step200", at("next")).unwrap();
    for (link, target) in [
        ("latest", "steps/step100"),
        ("links/best", "steps/step100"),
        ("links/steps/step300", "steps/step300"),
        ("next", "steps/step200"),
    ] {
        let _ = fs::remove_file(at(target));
        if link == "latest" {
            fs::write(at(target), "old").unwrap();
        }
        save_safetensors(at(link), &ones()).unwrap();
        assert!(is_link(&at("latest")) && is_link(&at("links/best")) && is_link(&at("next")));
        assert!(!is_link(&at(target)));
        loads(&at(target));
        loads(&at(link));
    }
    let mut names: Vec<_> =
        fs::read_dir(at("steps")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["step100", "step200", "step300"]);

    symlink("round", at("about")).unwrap();
    symlink("about", at("round")).unwrap();
    assert!(save_safetensors(at("round"), &ones()).is_err());
    assert!(is_link(&at("round")));
}

#[test]
fn a_hard_link_keeps_the_old_file() {
    let folder = Folder::new("hard-links");
    let other = folder.0.join("other");
    fs::write(folder.file(), "old").unwrap();
    fs::hard_link(folder.file(), &other).unwrap();
    save_safetensors(folder.file(), &ones()).unwrap();
    loads(&folder.file());
    assert_eq!(fs::read(other).unwrap(), b"old");
}

#[test]
fn a_file_keeps_its_mode_and_a_new_one_has_the_default() {
    let folder = Folder::new("modes");
    let path = folder.file();
    for expected in [0o600, 0o640, 0o644, 0o666, 0o755, 0o444] {
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(expected)).unwrap();
        save_safetensors(&path, &ones()).unwrap();
        assert_eq!(mode(&path), expected, "{expected:o}");
        fs::remove_file(&path).unwrap();
    }
    let other = folder.0.join("other");
    File::create(&other).unwrap();
    save_safetensors(&path, &ones()).unwrap();
    assert_eq!(mode(&path), mode(&other));
}

#[test]
fn what_is_no_regular_file_is_refused_and_stays() {
    let folder = Folder::new("kinds");
    let at = |name: &str| folder.0.join(name);
    assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    let _socket = UnixListener::bind(at("socket")).unwrap();
    fs::create_dir(at("folder")).unwrap();
    symlink("pipe", at("link")).unwrap();
    symlink("/dev/null", at("null")).unwrap();
    symlink("/dev/zero", at("zero")).unwrap();
    for (name, kind) in [
        ("pipe", "a pipe"),
        ("link", "a pipe"),
        ("socket", "a socket"),
        ("folder", "a directory"),
        ("null", "a device"),
        ("zero", "a device"),
    ] {
        let start = Instant::now();
        let expected = format!("it is {kind}, not a regular file");
        let message = save_safetensors(at(name), &ones()).unwrap_err().to_string();
        assert!(message.ends_with(&format!(" cannot be written: {expected}")), "{message}");
        let message = load_safetensors(at(name), &ones()).unwrap_err().to_string();
        assert!(message.ends_with(&format!(" cannot be read: {expected}")), "{message}");
        assert!(start.elapsed() < Duration::from_secs(5), "{name}");
    }
    let kind = |name: &str| fs::symlink_metadata(at(name)).unwrap().file_type();
    assert!(kind("pipe").is_fifo() && kind("socket").is_socket() && kind("folder").is_dir());
    assert!(kind("link").is_symlink() && kind("null").is_symlink());
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    assert_eq!(folder.names().len(), 6);
}

#[test]
fn a_name_may_have_any_length_that_the_file_system_allows() {
    let folder = Folder::new("lengths");
    for length in [1, 8, 250, 254, 255] {
        let path = folder.0.join("x".repeat(length));
        save_safetensors(&path, &ones()).unwrap();
        loads(&path);
    }
    assert!(save_safetensors(folder.0.join("x".repeat(256)), &ones()).is_err());
    for path in ["", ".", "..", "/", "no/such/folder/file"] {
        assert!(save_safetensors(path, &ones()).is_err(), "{path:?}");
    }
    let odd =
        folder.0.join(<OsString as std::os::unix::ffi::OsStringExt>::from_vec(vec![b'a', 0xff, b' ', b'\n']));
    save_safetensors(&odd, &ones()).unwrap();
    loads(&odd);
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 6);
}

#[test]
fn what_a_save_on_another_machine_left_is_removed_after_a_day_and_nothing_else() {
    let folder = Folder::new("abandoned");
    let at = |name: &str| folder.0.join(name);
    let write = |name: &str, hours: u64| {
        let file = File::create(at(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_hours(hours)).unwrap();
        file
    };
    // The machine is in the name. Its locks may not be seen here, so that a new file may be one that is written now.
    let (old, new) = (".metamlp-0123abcd-aB3dE6.partial", ".metamlp-0123abcd-000000.partial");
    let live = ".metamlp-0123abcd-111111.partial";
    let others = [
        ".metamlp-.partial",
        ".metamlp-backup.partial",
        ".metamlp-0123abcd-aB3dE67.partial",
        ".metamlp-0123abcd-aB-dE6.partial",
        ".metamlp-0123abcd-aB3dE6.partial2",
        "0123abcd-aB3dE6.partial",
    ];
    for name in others {
        write(name, 1000);
    }
    write(old, 25);
    write(new, 23);
    let lock = write(live, 25);
    lock.lock().unwrap();
    symlink(others[0], at(".metamlp-0123abcd-222222.partial")).unwrap();
    save_safetensors(folder.file(), &ones()).unwrap();
    assert!(!at(old).exists() && at(new).exists() && at(live).exists());
    assert_eq!(folder.names().len(), others.len() + 4);
    drop(lock);
    save_safetensors(folder.file(), &ones()).unwrap();
    assert!(!at(live).exists() && at(new).exists());
    assert_eq!(folder.names().len(), others.len() + 3);
}

#[test]
fn threads_that_save_to_one_path_all_succeed() {
    let folder = Folder::new("threads");
    let path = &folder.file();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for _ in 0..50 {
                    save_safetensors(path, &Tensor::full([1000], thread, F32)).unwrap();
                    let loaded = load_safetensors(path, &Tensor::spec([1000], F32)).unwrap();
                    let values = loaded.to_vec::<f32>().unwrap();
                    assert!(values.iter().all(|value| *value == values[0]));
                }
            });
        }
    });
    assert_eq!(folder.names(), ["weights.safetensors"]);
}
