//! The folder of the results. A file is complete or absent. Knows nothing of the
//! contents.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::{Error, Result};

/// A folder in which complete files appear all at once.
///
/// [`stage`](Self::stage) writes under a temporary name, [`publish`](Self::publish)
/// renames. Staged files that are not published are removed on drop.
#[derive(Debug)]
pub struct Output {
    folder: PathBuf,
    staged: Vec<Staged>,
}

#[derive(Debug)]
struct Staged {
    partial: PathBuf,
    path: PathBuf,
}

impl Output {
    /// Creates `folder` if it is missing and checks that a file can be written
    /// there, so that a long run does not fail at its end.
    ///
    /// # Errors
    /// [`Error::Write`] for a folder that cannot be written.
    pub fn open(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|source| write_error(folder, source))?;
        let mut output = Self { folder: folder.into(), staged: Vec::new() };
        output.stage("probe", b"")?;
        output.discard();
        Ok(output)
    }

    /// Stages `bytes` as `name`.
    ///
    /// # Errors
    /// [`Error::Write`] for a file that cannot be written.
    pub fn stage(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.stage_with(name, |partial| {
            fs::write(partial, bytes).map_err(|source| write_error(partial, source))
        })
    }

    /// Stages `report` as JSON as `name`.
    ///
    /// # Errors
    /// [`Error::Write`] for a file that cannot be written, [`Error::Report`] for
    /// values that JSON cannot represent.
    pub fn stage_json(&mut self, name: &str, report: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string_pretty(report)? + "\n";
        self.stage(name, text.as_bytes())
    }

    /// Stages a file as `name`: `write` writes it to the path that it gets.
    ///
    /// # Errors
    /// Those of `write`.
    pub fn stage_with<E>(&mut self, name: &str, write: impl FnOnce(&Path) -> Result<(), E>) -> Result<(), E> {
        let path = self.folder.join(name);
        let partial = self.folder.join(format!(".{name}.partial"));
        self.staged.push(Staged { partial: partial.clone(), path });
        write(&partial)
    }

    /// Renames every staged file to its final name, and returns the names.
    ///
    /// # Errors
    /// [`Error::Write`] for a file that cannot be written.
    pub fn publish(mut self) -> Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for Staged { partial, path } in &self.staged {
            fs::rename(partial, path).map_err(|source| write_error(path, source))?;
            paths.push(path.clone());
        }
        self.staged.clear();
        Ok(paths)
    }

    fn discard(&mut self) {
        for staged in self.staged.drain(..) {
            // A failure is ignored: the file was never written, or cannot be removed.
            let _ = fs::remove_file(staged.partial);
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.discard();
    }
}

fn write_error(path: &Path, source: io::Error) -> Error {
    Error::Write { path: path.into(), source }
}
