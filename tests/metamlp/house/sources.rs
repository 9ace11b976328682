//! The text files of the repository: read once, with paths relative to its root.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// One file.
#[derive(Debug)]
pub(super) struct Source {
    /// The path from the root of the repository, with `/` between its parts.
    pub(super) path: String,
    pub(super) text: String,
}

impl Source {
    pub(super) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    pub(super) fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

/// All Rust, Markdown and manifest files, scripts included, sorted by path.
pub(super) fn sources() -> &'static [Source] {
    static SOURCES: OnceLock<Vec<Source>> = OnceLock::new();
    SOURCES.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut sources = Vec::new();
        read(root, root, &mut sources);
        sources.sort_by(|a, b| a.path.cmp(&b.path));
        sources
    })
}

/// The file at `path`; the guard cannot work without the files it names.
pub(super) fn source(path: &str) -> &'static Source {
    let found = sources().iter().find(|source| source.path == path);
    found.unwrap_or_else(|| panic!("no file {path}: a list in tests/metamlp/house names it"))
}

fn read(root: &Path, folder: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("the repository can be listed") {
        let entry = entry.expect("the repository can be listed");
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if entry.file_type().expect("an entry has a type").is_dir() {
            if name != "target" && name != ".git" {
                read(root, &path, sources);
            }
        } else if is_text(&path) {
            let text = fs::read_to_string(&path).expect("a source file is UTF-8");
            sources.push(Source { path: relative(root, &path), text });
        }
    }
}

fn is_text(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let is_script = path.ends_with(".ci/run") || path.ends_with("justfile") || path.ends_with("peers/run");
    is_script || matches!(extension, Some("rs" | "md" | "toml" | "py"))
}

fn relative(root: &Path, path: &Path) -> String {
    let relative: PathBuf = path.strip_prefix(root).expect("the walk starts at the root").into();
    let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}
