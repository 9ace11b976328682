//! Atomic replacement of a file, and the removal of what killed processes have left. Knows nothing of contents.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;

use super::regular::expect_regular;

/// Most links from one to the next, as on Linux.
const MOST_LINKS: usize = 40;

/// The name of a temporary file: prefix, the [`system`] in hexadecimal digits, a hyphen, random letters and digits,
/// suffix. It is short, so that a name of any length can be saved beside it.
const PREFIX: &str = ".metamlp-";
const SUFFIX: &str = ".partial";
const SYSTEM: usize = 8;
const RANDOM: usize = 6;

/// The time after which a temporary file of another system, whose locks may not be seen here, counts as abandoned.
/// A save that goes on writes to its file.
const ABANDONED: Duration = Duration::from_hours(24);

/// Replaces the file at `path` by what `write` writes: readers see the old file or the whole new one.
///
/// A link is followed and stays. An existing file keeps its permissions, a new one has the default ones. The contents
/// are on the disk before they get their name. An error leaves no temporary file; one that a killed process left is
/// removed by a later save into the folder, see [`remove_abandoned`].
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
    let prefix = format!("{PREFIX}{}-", system().as_deref().unwrap_or("00000000"));
    builder.prefix(&prefix).suffix(SUFFIX).rand_bytes(RANDOM);
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

/// The running system, from its start to its end; none where it has no name. Other systems may save into the same
/// folder, and not every shared file system shows the locks of one to the others.
fn system() -> Option<String> {
    // A random number in hexadecimal digits.
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(boot.get(..SYSTEM)?.to_owned())
}

/// Removes temporary files without a lock: their processes have ended, if they are of this system or old.
fn remove_abandoned(folder: &Path) {
    // What cannot be listed, opened or removed stays: it does not keep this save from succeeding.
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(of) = system_of(&name) else { continue };
        let Ok(found) = entry.metadata() else { continue };
        let age = || found.modified().ok()?.elapsed().ok();
        let is_ours = system().is_some_and(|system| system == of);
        if !found.is_file() || !(is_ours || age().is_some_and(|age| age > ABANDONED)) {
            continue;
        }
        if let Ok(file) = OpenOptions::new().read(true).write(true).open(entry.path())
            && file.try_lock().is_ok()
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The system in the name of a temporary file; none for other names.
fn system_of(name: &OsStr) -> Option<&str> {
    let (system, random) = name.to_str()?.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.split_once('-')?;
    let is_of =
        |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_of(system, SYSTEM) && is_of(random, RANDOM)).then_some(system)
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
