//! Atomic replacement of a file, and the removal of what killed processes have left. Knows nothing of contents.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::regular::expect_regular;

/// Most links from one to the next, as on Linux.
const MOST_LINKS: usize = 40;

/// The name of a temporary file: these around [`RANDOM`] letters and digits. It is short, so that a name of any
/// length can be saved beside it.
const PREFIX: &str = ".metamlp-";
const SUFFIX: &str = ".partial";
const RANDOM: usize = 6;

/// Replaces the file at `path` by what `write` writes: readers see the old file or the whole new one.
///
/// A link is followed and stays. An existing file keeps its permissions, a new one has the default ones. The contents
/// are on the disk before they get their name. An error leaves no temporary file; one that a killed process left is
/// removed by the next save into the folder.
pub(super) fn replace(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let permissions = match fs::metadata(path) {
        Ok(found) => {
            expect_regular(&found)?;
            Some(found.permissions())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let path = follow_links(path)?;
    if path.file_name().is_none() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path does not end in a file's name"));
    }
    let folder = folder_of(&path);
    remove_abandoned(folder);
    let mut temporary = create(folder, permissions.is_some())?;
    write(temporary.as_file_mut())?;
    if let Some(permissions) = permissions {
        temporary.as_file().set_permissions(permissions)?;
    }
    temporary.as_file().sync_all()?;
    temporary.persist(&path).map_err(|error| error.error)?;
    sync_folder(folder);
    Ok(())
}

/// The path at the end of the links that begin at `path`; nothing need exist there.
fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            Ok(link) => path = folder_of(&path).join(link),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many links follow each other"))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// A new, locked temporary file. The lock tells [`remove_abandoned`] that its process is alive.
fn create(folder: &Path, is_private: bool) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX).rand_bytes(RANDOM);
    // Otherwise only the user may read the file.
    #[cfg(unix)]
    if !is_private {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    loop {
        let temporary = builder.tempfile_in(folder)?;
        // Not every file system has locks. Where there are none, nothing is removed either.
        let is_locked = temporary.as_file().lock().is_ok();
        // Another save may have removed the file before it was locked.
        if !is_locked || temporary.path().exists() {
            return Ok(temporary);
        }
    }
}

/// Removes temporary files without a lock: their processes have ended.
fn remove_abandoned(folder: &Path) {
    // What cannot be listed, opened or removed stays: it does not keep this save from succeeding.
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if !is_temporary(&entry.file_name()) || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        if let Ok(file) = OpenOptions::new().read(true).write(true).open(entry.path())
            && file.try_lock().is_ok()
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn is_temporary(name: &OsStr) -> bool {
    let random = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX));
    random.is_some_and(|random| {
        random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Makes the new name survive a loss of power, where the system can do it. The file has been replaced already, so a
/// failure is no error.
fn sync_folder(folder: &Path) {
    if cfg!(unix)
        && let Ok(folder) = File::open(folder)
    {
        let _ = folder.sync_all();
    }
}
