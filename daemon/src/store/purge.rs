//! Writing the store into a new file. A deleted row stays in the file until its page is used again; the
//! new file holds only what is alive. The new database is locked before it takes the old one's name, so
//! that there is no moment at which another daemon could open either.
//!
//! ```text
//! 1  copy all tables in one read transaction to "<store>.purging"      a crash leaves the old store
//! 2  commit it, sync it
//! 3  rename it over the store                                          a crash leaves one or the other,
//! 4  sync the folder                                                   and both hold the same
//! 5  overwrite the old file, which has no name any more                a crash leaves the new store
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;
use redb::{Database, ReadableDatabase};

use super::file::at;
use super::{CACHE_BYTES, StoreError, backup};
use crate::failpoint::Point;

/// What a purge did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rewritten {
    /// How long the old file was.
    pub before: u64,
    /// How long the new one is.
    pub after: u64,
    /// The old file was overwritten. Not if it has another name still, which somebody gave it.
    pub overwritten: bool,
}

/// Where a purge stands; tests crash there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Copied,
    Synced,
    Renamed,
    FolderSynced,
    Overwritten,
}

impl Stage {
    /// Its place in the list of those the process is killed at.
    pub(super) const fn point(self) -> Point {
        match self {
            Self::Copied => Point::PurgeCopied,
            Self::Synced => Point::PurgeSynced,
            Self::Renamed => Point::PurgeRenamed,
            Self::FolderSynced => Point::PurgeFolderSynced,
            Self::Overwritten => Point::PurgeOverwritten,
        }
    }
}

/// Puts a new file in the store's place. `reached` is called at each stage; an error of its ends the
/// purge there, as any other would.
pub(super) fn purge(
    db: &mut Database,
    path: &Path,
    reached: &mut dyn FnMut(Stage) -> Result<(), StoreError>,
) -> Result<Rewritten, StoreError> {
    clear_away(path)?;
    let old = OpenOptions::new().read(true).write(true).open(path).map_err(at(path))?;
    let before = old.metadata().map_err(at(path))?.len();
    let new = coming(path);
    let made = fill(db, &new).and_then(|made| {
        reached(Stage::Copied)?;
        File::open(&new).and_then(|file| file.sync_all()).map_err(at(&new))?;
        reached(Stage::Synced)?;
        fs::rename(&new, path).map_err(at(&new))?;
        Ok(made)
    });
    let made = match made {
        Ok(made) => made,
        Err(error) => {
            // What is left of a failed copy is worth nothing, and the store is as it was.
            clear_away(path)?;
            return Err(error);
        }
    };
    // The old file has no name any more: from here on there is no way back to it.
    *db = made;
    settle(old, path, reached).map_err(|error| StoreError::HalfPurged(Box::new(error))).and_then(
        |overwritten| {
            let after = fs::metadata(path).map_err(at(path))?.len();
            Ok(Rewritten { before, after, overwritten })
        },
    )
}

fn settle(
    old: File,
    path: &Path,
    reached: &mut dyn FnMut(Stage) -> Result<(), StoreError>,
) -> Result<bool, StoreError> {
    reached(Stage::Renamed)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    File::open(folder).and_then(|held| held.sync_all()).map_err(at(folder))?;
    reached(Stage::FolderSynced)?;
    let overwritten = overwrite(old).map_err(at(path))?;
    reached(Stage::Overwritten)?;
    Ok(overwritten)
}

fn fill(db: &Database, new: &Path) -> Result<Database, StoreError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600);
    let file = options.open(new).map_err(at(new))?;
    let copy = Database::builder()
        .set_cache_size(CACHE_BYTES)
        .create_with_backend(FileBackend::new(file)?)?;
    let mut writing = copy.begin_write()?;
    writing.set_quick_repair(true);
    backup::rows(&db.begin_read()?, Some(&writing))?;
    writing.commit()?;
    Ok(copy)
}

/// Zeros over the whole file, then nothing. A second name of it is a copy that somebody keeps.
fn overwrite(mut old: File) -> std::io::Result<bool> {
    let found = old.metadata()?;
    if found.nlink() > 0 {
        return Ok(false);
    }
    let zeros = [0_u8; 8 * 1024];
    old.seek(SeekFrom::Start(0))?;
    let mut left = found.len();
    while left > 0 {
        let part = usize::try_from(left).unwrap_or(usize::MAX).min(zeros.len());
        old.write_all(zeros.get(..part).unwrap_or_default())?;
        left = left.saturating_sub(u64::try_from(part).unwrap_or(u64::MAX));
    }
    old.sync_all()?;
    old.set_len(0)?;
    Ok(true)
}

/// Removes what a purge left that did not come to its end: it holds what may be deleted since.
pub(super) fn clear_away(path: &Path) -> Result<(), StoreError> {
    let left = coming(path);
    match fs::remove_file(&left) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(at(&left)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn coming(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".purging");
    PathBuf::from(name)
}
