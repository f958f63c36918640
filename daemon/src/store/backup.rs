//! A copy of the whole store in one read transaction, while the daemon writes on. What makes the copy
//! trusted is a MAC over all its rows, made by whoever holds the key.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;
use redb::{
    Database, Key, ReadTransaction, ReadableDatabase, ReadableTable, StorageBackend,
    TableDefinition, TableHandle, Value, WriteTransaction,
};
use sha2::{Digest, Sha256};

use super::StoreError;
use super::file::at;
use super::steps::step;
use super::tables::{
    ARCHIVE, AUDIT, BACKUP, JOURNAL, JOURNAL_BLOCKS, META, RECORDS, SEALED, USER_KEYS, VAULT,
    refuse_strange,
};

/// Writes the copy to a file that is not there yet; `mac` authenticates the digest of its rows.
pub(super) fn copy_to(
    db: &Database,
    path: &Path,
    mac: impl FnOnce(&[u8; 32]) -> [u8; 32],
) -> Result<u64, StoreError> {
    if path.try_exists().map_err(at(path))? {
        return Err(StoreError::Taken { path: path.to_owned() });
    }
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    let made = make(&new).and_then(|file| fill(db, FileBackend::new(file)?, mac)).and_then(|()| {
        let file = step().and_then(|()| File::open(&new)).map_err(at(&new))?;
        file.sync_all().map_err(at(&new))?;
        // Unlike a rename, a link never takes another file's place.
        step().and_then(|()| fs::hard_link(&new, path)).map_err(at(path))?;
        Ok(file.metadata().map_err(at(path))?.len())
    });
    // What is left of a failed copy is worth nothing.
    let removed = step().and_then(|()| fs::remove_file(&new));
    let bytes = made?;
    removed.map_err(at(&new))?;
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let synced = step().and_then(|()| File::open(folder)?.sync_all());
    synced.map_err(at(folder))?;
    Ok(bytes)
}

fn make(new: &Path) -> Result<File, StoreError> {
    // Left by a crash: worth nothing.
    match step().and_then(|()| fs::remove_file(new)) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(at(new)(error)),
        Ok(()) | Err(_) => {}
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600);
    step().and_then(|()| options.open(new)).map_err(at(new))
}

/// Writes the copy to an empty backend, whole or not at all.
pub(super) fn fill(
    db: &Database,
    backend: impl StorageBackend,
    mac: impl FnOnce(&[u8; 32]) -> [u8; 32],
) -> Result<(), StoreError> {
    let copy = Database::builder().create_with_backend(backend)?;
    let mut writing = copy.begin_write()?;
    writing.set_quick_repair(true);
    let digest = rows(&db.begin_read()?, Some(&writing))?;
    writing.open_table(VAULT)?.insert(BACKUP, mac(&digest).as_slice())?;
    writing.commit()?;
    Ok(copy.close()?)
}

/// The digest of every row but the backup's own MAC:
///
/// ```text
/// SHA-256 of, for each table in this order, for each row by its key:
///   name length (8, big-endian) | name | key length (8) | key | value length (8) | value
/// ```
pub(super) fn digest(db: &Database) -> Result<[u8; 32], StoreError> {
    rows(&db.begin_read()?, None)
}

/// The digest of every row, each copied to `to` as well. A table that would be left out is an error.
pub(super) fn rows(
    from: &ReadTransaction,
    to: Option<&WriteTransaction>,
) -> Result<[u8; 32], StoreError> {
    refuse_strange(from)?;
    let mut hash = Sha256::new();
    each(from, META, &mut hash, to)?;
    each(from, RECORDS, &mut hash, to)?;
    each(from, JOURNAL, &mut hash, to)?;
    each(from, JOURNAL_BLOCKS, &mut hash, to)?;
    each(from, SEALED, &mut hash, to)?;
    each(from, USER_KEYS, &mut hash, to)?;
    each(from, VAULT, &mut hash, to)?;
    each(from, AUDIT, &mut hash, to)?;
    each(from, ARCHIVE, &mut hash, to)?;
    Ok(hash.finalize().into())
}

fn each<K: Key + 'static, V: Value + 'static>(
    from: &ReadTransaction,
    table: TableDefinition<'static, K, V>,
    hash: &mut Sha256,
    to: Option<&WriteTransaction>,
) -> Result<(), StoreError> {
    let rows = from.open_table(table)?;
    let mut copy = to.map(|to| to.open_table(table)).transpose()?;
    for row in rows.iter()? {
        let (key, value) = row?;
        let (key, value) = (key.value(), value.value());
        let key_bytes = K::as_bytes(&key);
        if table.name() == VAULT.name() && key_bytes.as_ref() == BACKUP.as_bytes() {
            continue;
        }
        for part in [table.name().as_bytes(), key_bytes.as_ref(), V::as_bytes(&value).as_ref()] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
        if let Some(copy) = &mut copy {
            copy.insert(&key, &value)?;
        }
    }
    Ok(())
}
