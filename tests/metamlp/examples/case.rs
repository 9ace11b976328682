//! Runs an example in its own folder.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;

/// An example, by its name.
#[derive(Clone, Copy)]
pub(crate) struct Example(pub(crate) &'static str);

impl Example {
    /// The folder for the test `name`, initially empty.
    pub(crate) fn case(self, name: &'static str) -> Case {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(self.0).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("the folder for temporary files can be written to");
        Case { example: self, name, folder }
    }

    pub(crate) fn run(self, arguments: &[&dyn AsRef<OsStr>]) -> Output {
        self.command(arguments).output().expect("the example runs")
    }

    pub(crate) fn command(self, arguments: &[&dyn AsRef<OsStr>]) -> Command {
        let mut command = Command::new(self.executable());
        command.args(arguments.iter().map(AsRef::as_ref)).stdin(Stdio::null());
        command
    }

    /// The example's executable, beside the folder of this test's executable.
    ///
    /// `cargo test` builds the examples first; a run of this file alone does not,
    /// so a missing one is built here.
    fn executable(self) -> PathBuf {
        static BUILD: Mutex<()> = Mutex::new(());
        let test = std::env::current_exe().expect("a test knows its own path");
        let folder = test.ancestors().nth(2).expect("tests are built two folders down").join("examples");
        let path = folder.join(format!("{}{}", self.0, std::env::consts::EXE_SUFFIX));
        let _one_at_a_time = BUILD.lock();
        if !path.exists() {
            let mut build = Command::new(env!("CARGO"));
            build.args(["build", "--quiet", "--example", self.0]).current_dir(env!("CARGO_MANIFEST_DIR"));
            if !cfg!(debug_assertions) {
                build.arg("--release");
            }
            assert!(build.status().expect("cargo runs").success(), "the example does not build");
        }
        path
    }

    /// Checks for one line on standard error that contains all of `says`, no standard
    /// output, exit code 2 if the line points to `--help` and 1 otherwise.
    pub(crate) fn expect_refusal(self, output: &Output, says: &[&str]) {
        let error = String::from_utf8_lossy(&output.stderr);
        let code = if error.contains("--help lists the options") { 2 } else { 1 };
        assert_eq!(output.status.code(), Some(code), "{error}");
        assert_eq!(error.trim_end().lines().count(), 1, "{error}");
        assert!(error.starts_with(&format!("{}: ", self.0)), "{error}");
        for text in says {
            assert!(error.contains(text), "no `{text}` in: {error}");
        }
        assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

/// The folder of a test's files and results.
pub(crate) struct Case {
    example: Example,
    pub(crate) name: &'static str,
    pub(crate) folder: PathBuf,
}

impl Case {
    pub(crate) fn output(&self) -> PathBuf {
        self.folder.join("output")
    }

    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.join(name);
        fs::write(&path, bytes).expect("the folder for temporary files can be written to");
        path
    }

    /// Runs with these arguments and expects success.
    pub(crate) fn run(&self, arguments: &[&dyn AsRef<OsStr>]) -> Output {
        let folder = self.output();
        let mut arguments = arguments.to_vec();
        arguments.splice(0..0, [&"--output" as &dyn AsRef<OsStr>, &folder]);
        let output = self.example.run(&arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output
    }

    pub(crate) fn report(&self) -> serde_json::Value {
        let text = fs::read_to_string(self.output().join("report.json")).expect("the report was written");
        serde_json::from_str(&text).expect("the report is JSON")
    }

    /// Asserts that the run wrote this picture, complete and not blank.
    pub(crate) fn expect_picture(&self, name: &str) {
        let bytes = fs::read(self.output().join(name)).expect("the picture was written");
        let mut picture = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("a PNG file");
        let mut pixels = vec![0; picture.output_buffer_size().expect("a picture that fits in memory")];
        picture.next_frame(&mut pixels).expect("a whole PNG file");
        assert!(pixels.contains(&255) && pixels.iter().any(|&value| value < 60), "{name} is blank");
    }

    /// Runs with these arguments and expects a refusal that writes nothing.
    pub(crate) fn refuses(&self, arguments: &[&dyn AsRef<OsStr>], says: &[&str]) {
        let folder = self.output();
        let mut arguments = arguments.to_vec();
        arguments.splice(0..0, [&"--output" as &dyn AsRef<OsStr>, &folder]);
        self.example.expect_refusal(&self.example.run(&arguments), says);
        assert!(!folder.exists(), "{} was created", folder.display());
    }
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
