//! Atomic replacement of a file.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Writes `contents` to a temporary file beside `path` and renames it: readers see the old file or the
/// whole new one, and an error leaves no temporary file.
///
/// Not `tempfile`: its files are private to the user (mode 0600), and a checkpoint keeps the default
/// permissions.
pub(super) fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let beside = beside(path)?;
    let written = write(&beside, contents).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&beside);
    }
    written
}

fn write(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(contents)?;
    file.sync_all()
}

/// A name in the same folder that no other save uses.
fn beside(path: &Path) -> io::Result<PathBuf> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path does not end in a file's name"));
    };
    let mut beside = OsString::from(".");
    beside.push(name);
    beside.push(format!(".{}.{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    Ok(path.with_file_name(beside))
}
