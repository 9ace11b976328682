//! The folder of the results. It holds the files of one run, whatever happens to the run and to others beside it.
//! Knows nothing of the contents.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::{Error, Result};

/// The folder of the files that a run has written and not published.
const STAGED: &str = ".staged";
/// Its name from the moment on from which all of its files will be published.
const PUBLISHING: &str = ".publishing";
/// In each of both: the new files, and the ones that they replace.
const NEW: &str = "new";
const OLD: &str = "old";

/// A folder in which the files of a run appear together.
///
/// [`stage`](Self::stage) writes files aside. [`publish`](Self::publish) takes the files of earlier runs away and then
/// puts the new ones in their places, so that at no moment files of two runs lie side by side; a reader may find
/// that some are missing. A failure puts the old files back. A run that is killed before `publish` changes nothing; what
/// one that is killed during it has left is completed by the next run.
///
/// From the first staged file to the end of `publish`, other runs with this folder wait, if the file system has locks.
#[derive(Debug)]
pub struct Output {
    folder: PathBuf,
    names: &'static [&'static str],
    /// Held while files are staged.
    lock: Option<Lock>,
}

impl Output {
    /// Creates `folder` if it is missing and checks that files called `names` can be written
    /// there, so that a long run does not fail at its end.
    ///
    /// # Errors
    /// [`Error::Write`] for a folder that cannot be written, or in which something that is no file has one of the
    /// names.
    pub fn open(folder: &Path, names: &'static [&'static str]) -> Result<Self> {
        let mut output = Self { folder: folder.into(), names, lock: None };
        output.begin()?;
        for name in names {
            let probe = output.folder.join(STAGED).join(NEW).join(name);
            fs::write(&probe, b"probe").map_err(|source| write_error(&probe, source))?;
        }
        output.discard();
        Ok(output)
    }

    /// Stages `bytes` as `name`, which must be one of the names that [`open`](Self::open) got.
    ///
    /// # Errors
    /// [`Error::Write`] for a file that cannot be written.
    pub fn stage(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.stage_with(name, |path| fs::write(path, bytes).map_err(|source| write_error(path, source)))
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
    /// Those of `write`; [`Error::Write`] if the folder cannot be written.
    pub fn stage_with<E>(&mut self, name: &str, write: impl FnOnce(&Path) -> Result<(), E>) -> Result<()>
    where
        Error: From<E>,
    {
        assert!(self.names.contains(&name), "{name} was not announced");
        self.begin()?;
        Ok(write(&self.folder.join(STAGED).join(NEW).join(name))?)
    }

    /// Puts the staged files, which must be all that were announced, into the folder; returns their paths.
    ///
    /// # Errors
    /// [`Error::Write`] for a file that cannot be written. The folder then has its earlier files.
    pub fn publish(mut self) -> Result<Vec<PathBuf>> {
        self.begin()?;
        let (staged, publishing) = (self.folder.join(STAGED), self.folder.join(PUBLISHING));
        let staged_all = self.names.iter().all(|name| staged.join(NEW).join(name).is_file());
        assert!(staged_all, "a file that was announced was not staged");
        self.expect_places()?;
        fs::rename(&staged, &publishing).map_err(|source| write_error(&publishing, source))?;
        let published = self.complete();
        // After a failure the old files are back, unless that failed, too. Then the next run completes this one.
        if !matches!(published, Err(Failure { is_undone: false, .. })) {
            let _ = fs::remove_dir_all(&publishing);
        }
        published.map_err(|failure| write_error(&failure.path, failure.source))?;
        Ok(self.names.iter().map(|name| self.folder.join(name)).collect())
    }

    /// Waits for other runs that write here, tidies up after killed ones, and makes the folder for staged files.
    fn begin(&mut self) -> Result<()> {
        if self.lock.is_some() {
            return Ok(());
        }
        fs::create_dir_all(&self.folder).map_err(|source| write_error(&self.folder, source))?;
        self.lock = Some(Lock::of(&self.folder));
        let publishing = self.folder.join(PUBLISHING);
        if publishing.exists() {
            self.complete().map_err(|failure| write_error(&failure.path, failure.source))?;
            fs::remove_dir_all(&publishing).map_err(|source| write_error(&publishing, source))?;
        }
        let staged = self.folder.join(STAGED);
        let _ = fs::remove_dir_all(&staged);
        for part in [NEW, OLD] {
            fs::create_dir_all(staged.join(part)).map_err(|source| write_error(&staged, source))?;
        }
        self.expect_places()
    }

    /// An error if something that is no file has one of the names.
    fn expect_places(&self) -> Result<()> {
        for name in self.names {
            let path = self.folder.join(name);
            if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file() && !found.is_symlink()) {
                let text = "something that is no file has this name";
                return Err(write_error(&path, io::Error::new(io::ErrorKind::AlreadyExists, text)));
            }
        }
        Ok(())
    }

    /// Publishes the files in the folder `.publishing` that are not in their places yet. A failure takes back what
    /// this call has moved.
    fn complete(&self) -> Result<(), Failure> {
        let aside = self.folder.join(PUBLISHING);
        let mut moved: Vec<(PathBuf, PathBuf)> = Vec::new();
        let mut put = |from: PathBuf, to: PathBuf| match fs::rename(&from, &to) {
            Ok(()) => {
                moved.push((from, to));
                Ok(())
            }
            Err(source) => {
                // Newest first: a new file leaves its place before the old one returns to it.
                let undone = moved.drain(..).rev().map(|(from, to)| fs::rename(to, from));
                let failed = undone.filter(Result::is_err).count();
                Err(Failure { path: to, source, is_undone: failed == 0 })
            }
        };
        let new = aside.join(NEW);
        let listed = fs::read_dir(&new).and_then(|entries| {
            entries.map(|entry| entry.map(|entry| entry.file_name())).collect::<io::Result<Vec<_>>>()
        });
        let names = listed.map_err(|source| Failure { path: new.clone(), source, is_undone: true })?;
        for name in &names {
            let place = self.folder.join(name);
            if fs::symlink_metadata(&place).is_ok() {
                put(place, aside.join(OLD).join(name))?;
            }
        }
        names.iter().try_for_each(|name| put(new.join(name), self.folder.join(name)))
    }

    /// Removes staged files and lets other runs go on.
    fn discard(&mut self) {
        if self.lock.is_some() {
            // What cannot be removed now is removed by the next run.
            let _ = fs::remove_dir_all(self.folder.join(STAGED));
        }
        self.lock = None;
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.discard();
    }
}

/// A publication that failed.
struct Failure {
    path: PathBuf,
    source: io::Error,
    /// True if all files are where they were.
    is_undone: bool,
}

/// Keeps other runs out of a folder until it is dropped or the process ends.
#[derive(Debug)]
struct Lock {
    /// None where the file system has no locks. Runs side by side may then disturb each other.
    _file: Option<File>,
}

impl Lock {
    /// Waits for other runs, and says so.
    fn of(folder: &Path) -> Self {
        // A folder can be locked itself on Unix; elsewhere it cannot be opened.
        #[cfg(unix)]
        let file = File::open(folder);
        #[cfg(not(unix))]
        let file = File::create(folder.join(".lock"));
        let Ok(file) = file else { return Self { _file: None } };
        let is_locked = match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                let _ = writeln!(io::stderr(), "waiting for another run that writes to {}", folder.display());
                file.lock().is_ok()
            }
            result => result.is_ok(),
        };
        Self { _file: is_locked.then_some(file) }
    }
}

fn write_error(path: &Path, source: io::Error) -> Error {
    Error::Write { path: path.into(), source }
}

#[cfg(test)]
mod tests;
