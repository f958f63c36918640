//! The store's epoch, kept in a second place: a small file beside the store. The store's own number
//! moves first, so that only a store that was put back is behind the file.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::file::at;
use super::steps::step;
use super::{Batch, Rewritten, Store, StoreError};

/// The file beside the store.
#[derive(Debug, Clone)]
pub struct Epochs {
    path: PathBuf,
}

/// What the two places say of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The store is the newest there is.
    Newest,
    /// The store is behind the file.
    Older,
    /// The store was used, and there is no file that can be read.
    NoFile,
}

impl Epochs {
    /// The file of the store at this path.
    pub fn beside(store: &Path) -> Self {
        let mut path = store.as_os_str().to_owned();
        path.push(".epoch");
        Self { path: PathBuf::from(path) }
    }

    /// Compares the two places; gives the number both are to have next.
    pub fn look(&self, store: &Store) -> Result<(Found, u64), StoreError> {
        let (own, beside) = (store.epoch()?, self.read()?);
        let found = match beside {
            Some(beside) if beside > own => Found::Older,
            None if own > 0 => Found::NoFile,
            Some(_) | None => Found::Newest,
        };
        Ok((found, own.max(beside.unwrap_or(0)).saturating_add(1)))
    }

    /// Moves both on, the store first, with whatever else the batch holds.
    pub fn advance(&self, store: &Store, batch: Batch, to: u64) -> Result<(), StoreError> {
        store.commit([Batch { epoch: Some(to), ..batch }].iter_mut())?;
        self.write(to)
    }

    /// Copies the store, then moves both on: the copy is older than the store from that moment.
    pub fn backed_up(
        &self,
        store: &Store,
        path: &Path,
        mac: impl FnOnce(&[u8; 32]) -> [u8; 32],
    ) -> Result<u64, StoreError> {
        let bytes = store.copy_to(path, mac)?;
        let (_, next) = self.look(store)?;
        self.advance(store, Batch::default(), next)?;
        Ok(bytes)
    }

    /// Writes the store into a new file, then moves both on: a copy of the old file is older than the
    /// store from that moment.
    pub fn purged(&self, store: &Store) -> Result<Rewritten, StoreError> {
        let made = store.purge()?;
        let (_, next) = self.look(store)?;
        self.advance(store, Batch::default(), next)?;
        Ok(made)
    }

    /// Makes the file say that the store is behind it.
    pub fn put_ahead_of(&self, store: &Store) -> Result<(), StoreError> {
        let (_, next) = self.look(store)?;
        self.write(next)
    }

    fn read(&self) -> Result<Option<u64>, StoreError> {
        match fs::read_to_string(&self.path) {
            // What cannot be read is as good as not there.
            Ok(text) => Ok(text.trim().parse().ok()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(&self.path)(error)),
        }
    }

    fn write(&self, epoch: u64) -> Result<(), StoreError> {
        let mut new = self.path.as_os_str().to_owned();
        new.push(".new");
        let new = PathBuf::from(new);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let written = step().and_then(|()| options.open(&new)).and_then(|mut file| {
            step()?;
            file.write_all(format!("{epoch}\n").as_bytes())?;
            step()?;
            file.sync_all()?;
            step()?;
            fs::rename(&new, &self.path)?;
            step()?;
            let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
        });
        written.map_err(at(&self.path))
    }
}
