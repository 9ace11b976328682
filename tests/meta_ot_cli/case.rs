//! Running the example in a folder of its own.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Once;

/// A folder of its own for a test's files and results.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) folder: PathBuf,
}

impl Case {
    pub(crate) fn new(name: &'static str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("meta_ot").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("the folder for temporary files can be written to");
        Self { name, folder }
    }

    pub(crate) fn output(&self) -> PathBuf {
        self.folder.join("output")
    }

    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.join(name);
        fs::write(&path, bytes).expect("the folder for temporary files can be written to");
        path
    }

    /// Runs with these arguments, and expects success.
    pub(crate) fn run(&self, arguments: &[&dyn AsRef<OsStr>]) -> Output {
        let folder = self.output();
        let mut arguments = arguments.to_vec();
        arguments.splice(0..0, [&"--output" as &dyn AsRef<OsStr>, &folder]);
        let output = run(&arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output
    }

    pub(crate) fn report(&self) -> serde_json::Value {
        let text = fs::read_to_string(self.output().join("report.json")).expect("the report was written");
        serde_json::from_str(&text).expect("the report is JSON")
    }

    /// Runs with these arguments, and expects a refusal that leaves nothing.
    pub(crate) fn refuses(&self, arguments: &[&dyn AsRef<OsStr>], says: &[&str]) {
        let folder = self.output();
        let mut arguments = arguments.to_vec();
        arguments.splice(0..0, [&"--output" as &dyn AsRef<OsStr>, &folder]);
        expect_refusal(&run(&arguments), says);
        assert!(!folder.exists(), "{} was created", folder.display());
    }
}

/// One line on standard error that says all of `says`, nothing on standard
/// output, exit code 1.
pub(crate) fn expect_refusal(output: &Output, says: &[&str]) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert_eq!(error.trim_end().lines().count(), 1, "{error}");
    assert!(error.starts_with("meta_ot: "), "{error}");
    for text in says {
        assert!(error.contains(text), "no `{text}` in: {error}");
    }
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// The names in a folder, hidden ones included.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder was created");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("the folder can be read").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

pub(crate) fn run(arguments: &[&dyn AsRef<OsStr>]) -> Output {
    command(arguments).output().expect("the example runs")
}

pub(crate) fn command(arguments: &[&dyn AsRef<OsStr>]) -> Command {
    let mut command = Command::new(example());
    command.args(arguments.iter().map(AsRef::as_ref)).stdin(Stdio::null());
    command
}

/// Where cargo puts the example: beside the folder of this test's executable.
///
/// `cargo test` builds the examples first; a run of this file alone does not,
/// so a missing one is built here.
fn example() -> PathBuf {
    static BUILD: Once = Once::new();
    let test = std::env::current_exe().expect("a test knows its own path");
    let folder = test.ancestors().nth(2).expect("tests are built two folders down").join("examples");
    let path = folder.join(format!("meta_ot{}", std::env::consts::EXE_SUFFIX));
    BUILD.call_once(|| {
        if !path.exists() {
            let mut build = Command::new(env!("CARGO"));
            build.args(["build", "--quiet", "--example", "meta_ot"]).current_dir(env!("CARGO_MANIFEST_DIR"));
            if !cfg!(debug_assertions) {
                build.arg("--release");
            }
            assert!(build.status().expect("cargo runs").success(), "the example does not build");
        }
    });
    path
}
