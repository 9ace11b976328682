//! The compile time of modules: a user's crate with 50 `#[compact]` modules and the
//! same crate with one, built from scratch (with built dependencies) and after a
//! change in one file.
//!
//! ```sh
//! cargo bench --bench compile_time
//! ```

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const FILES: usize = 10;
const MODULES_A_FILE: usize = 5;
const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    // `cargo test --benches` runs this, too: once, to see that it works.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile_time");
    let mut out = io::stdout().lock();
    writeln!(out, "modules  command      from nothing   one file touched")?;
    for files in [0, FILES] {
        let user = User::create(&root.join(format!("user_{files}")), files, &root.join("target"))?;
        for command in ["check", "build"] {
            // Builds the dependencies.
            user.cargo(&[command])?;
            let (mut clean, mut touched) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                user.cargo(&["clean", "--package", "user"])?;
                clean.push(user.cargo(&[command])?);
                user.touch()?;
                touched.push(user.cargo(&[command])?);
            }
            writeln!(
                out,
                "{:7}  cargo {command}  {:10.2} s   {:14.2} s",
                1 + files * MODULES_A_FILE,
                median(clean),
                median(touched)
            )?;
        }
    }
    Ok(())
}

/// A temporary crate that depends on metamlp.
struct User {
    folder: PathBuf,
    target: PathBuf,
    files: usize,
}

impl User {
    fn create(folder: &Path, files: usize, target: &Path) -> io::Result<Self> {
        let source = folder.join("src");
        fs::create_dir_all(&source)?;
        let metamlp = env!("CARGO_MANIFEST_DIR");
        let manifest = format!(
            "[package]\nname = \"user\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
             [dependencies]\nmetamlp = {{ path = {metamlp:?} }}\n\n[workspace]\n"
        );
        fs::write(folder.join("Cargo.toml"), manifest)?;
        let mut main = String::from("use metamlp::prelude::*;\n\nmod first;\n");
        let mut calls = String::new();
        fs::write(source.join("first.rs"), file(1))?;
        for i in 0..files {
            fs::write(source.join(format!("blocks_{i}.rs")), file(MODULES_A_FILE))?;
            main += &format!("mod blocks_{i};\n");
            calls += &format!("    let x = blocks_{i}::all(&x);\n");
        }
        main += &format!(
            "\nfn all(x: &Tensor) -> Tensor {{\n    let x = first::all(x);\n{calls}    x\n}}\n\n\
             #[compact]\nfn model(x: &Tensor) -> Tensor {{\n    all(x)\n}}\n\n\
             fn main() -> Result<(), metamlp::Error> {{\n    \
             let x = Tensor::spec([1, 8], F32);\n    \
             println!(\"{{}}\", model().init(Key::new(0), |m| m.call(&x))?);\n    Ok(())\n}}\n"
        );
        fs::write(source.join("main.rs"), main)?;
        Ok(Self { folder: folder.to_owned(), target: target.to_owned(), files })
    }

    /// Changes a line in one file.
    fn touch(&self) -> io::Result<()> {
        let name = if self.files == 0 { "first.rs" } else { "blocks_0.rs" };
        let path = self.folder.join("src").join(name);
        let text = fs::read_to_string(&path)?;
        let changed = match text.split_once("tanh()") {
            Some((before, after)) => [before, "exp().tanh()", after].concat(),
            None => text.clone(),
        };
        let restored = text.replacen("exp().tanh()", "tanh()", 1);
        fs::write(path, if text.contains("exp().tanh()") { restored } else { changed })
    }

    /// The seconds that a command takes.
    fn cargo(&self, arguments: &[&str]) -> Result<f64, Box<dyn Error>> {
        let start = Instant::now();
        let output = Command::new(env!("CARGO"))
            .args(arguments)
            .arg("--quiet")
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", &self.target)
            .output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        Ok(start.elapsed().as_secs_f64())
    }
}

/// The source of a file of modules, each with fields, a default, a submodule in a
/// field, two methods and a few layers, and a function that calls them all.
fn file(modules: usize) -> String {
    let mut text = String::from("use metamlp::prelude::*;\n");
    let mut calls = String::new();
    for i in 0..modules {
        text += &format!(
            "
/// Block {i}.
#[module]
pub struct Block{i} {{
    features: usize,
    inner: Dense,
    #[default(true)]
    residual: bool,
    #[default(initializers::lecun_normal())]
    kernel_init: Initializer,
}}

#[compact]
impl Block{i} {{
    /// `[batch, features]` to the same.
    pub fn call(&self, x: &Tensor, train: bool) -> Tensor {{
        let y = Dense::new(2 * self.features).kernel_init(self.kernel_init.clone()).call(x);
        let y = BatchNorm::new().use_running_average(!train).call(&y).tanh();
        let y = self.project(&y);
        if self.residual {{ x + y }} else {{ y }}
    }}

    fn project(&self, x: &Tensor) -> Tensor {{
        relu(&self.inner.call(x))
    }}
}}
"
        );
        calls += &format!("    let x = Block{i}::new(8, Dense::new(8)).residual(true).call(&x, true);\n");
    }
    text + &format!("\npub fn all(x: &Tensor) -> Tensor {{\n    let x = x.clone();\n{calls}    x\n}}\n")
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}
