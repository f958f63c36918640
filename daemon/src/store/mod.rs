//! The store: one redb file that holds the records everything is replayed from, the journal, and
//! sealed bytes. It knows neither what a record means nor any key.
//!
//! Every commit is two-phase with quick repair: a commit that was acknowledged survives a crash at
//! any later point, and opening after a crash walks nothing to find the free pages. The open checks
//! every page's checksum, so that damage is an error then and not a wrong order later.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod archive;
mod audit;
mod backup;
mod batch;
mod block;
mod epoch;
mod error;
mod file;
mod journal;
mod look;
mod migrate;
mod pack;
mod purge;
mod records;
mod sealed;
pub(crate) mod steps;
mod tables;
pub mod unjournalled;
mod writer;

#[cfg(test)]
pub(crate) mod tests;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use muster_protocol::audit::{AuditRow, AuditVerified};
use muster_protocol::event::{AuditEntry, JournalEntry};
use muster_protocol::ids::UserId;
use muster_protocol::request::JournalFilter;
use muster_protocol::status::AuditHead;
use redb::backends::FileBackend;
use redb::{Database, ReadableDatabase, ReadableTable, StorageBackend};

pub use self::archive::Packed;
pub use self::batch::{Batch, Placed, SealedRow};
pub use self::epoch::{Epochs, Found};
pub use self::error::StoreError;
pub use self::look::StoreSize;
pub use self::purge::Rewritten;
pub use self::records::{decode, encode};
pub use self::writer::{Report, Writer, WriterStopped};

use crate::failpoint::{Point, hit};

use self::tables::{BACKUP, EPOCH, HEADER, META, RECORDS, SEALED, USER_KEYS, VAULT};

/// The open store. Its lock on the file is what makes a second daemon refuse to start.
pub struct Store {
    /// Held for writing by a purge alone, which puts another file in its place.
    db: RwLock<Database>,
    /// Where the file is, if it is one.
    path: Option<PathBuf>,
}

impl Store {
    /// Opens the file, or makes it with mode 0600 in a directory that exists.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let open = |file| Self::open_backend(FileBackend::new(file)?);
        migrate::refuse_newer(path)?;
        let file = file::open_or_make(path, |new| open(new)?.close())?;
        let store = open(file)?;
        // With the lock in hand: what a purge that did not come to its end left is nobody's.
        purge::clear_away(path)?;
        Ok(Self { path: Some(path.to_owned()), ..store })
    }

    /// Opens whatever keeps the bytes; tests pass one that crashes.
    pub fn open_backend(backend: impl StorageBackend) -> Result<Self, StoreError> {
        guarded(|| {
            let db = Database::builder()
                .set_cache_size(CACHE_BYTES)
                .set_check_integrity_on_open(true)
                .create_with_backend(backend)?;
            migrate::prepare(&db)?;
            Ok(Self { db: RwLock::new(db), path: None })
        })
    }

    /// The vault's header, once there is one.
    pub fn header(&self) -> Result<Option<Vec<u8>>, StoreError> {
        guarded(|| {
            let db = self.db();
            let table = db.begin_read()?.open_table(VAULT)?;
            Ok(table.get(HEADER)?.map(|value| value.value().to_vec()))
        })
    }

    /// Keeps the vault's header. There can be one only: without it every sealed secret is lost.
    pub fn put_header(&self, header: &[u8]) -> Result<(), StoreError> {
        guarded(|| {
            let db = self.db();
            let mut writing = db.begin_write()?;
            writing.set_quick_repair(true);
            {
                let mut table = writing.open_table(VAULT)?;
                if table.get(HEADER)?.is_some() {
                    return Err(StoreError::HeaderExists);
                }
                table.insert(HEADER, header)?;
            }
            Ok(writing.commit()?)
        })
    }

    /// Every record, in the order of writing; read them with [`decode`].
    pub fn records(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        guarded(|| {
            let db = self.db();
            let table = db.begin_read()?.open_table(RECORDS)?;
            table.iter()?.map(|row| Ok(row?.1.value().to_vec())).collect()
        })
    }

    /// Every record with its number, in the order of writing. Numbers of archived records are missing.
    pub fn numbered(&self) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        guarded(|| {
            let db = self.db();
            let table = db.begin_read()?.open_table(RECORDS)?;
            let rows = table.iter()?.map(|row| {
                let (number, value) = row?;
                Ok((number.value(), value.value().to_vec()))
            });
            rows.collect()
        })
    }

    /// Looks at up to so many records after the one of this number; gives the last one's number, if any.
    pub fn look_through(
        &self,
        after: u64,
        most: usize,
        look: &mut Look<'_>,
    ) -> Result<Option<u64>, StoreError> {
        guarded(|| {
            let db = self.db();
            let table = db.begin_read()?.open_table(RECORDS)?;
            let mut last = None;
            for row in table.range(after.saturating_add(1)..)?.take(most) {
                let (number, value) = row?;
                look(number.value(), value.value())?;
                last = Some(number.value());
            }
            Ok(last)
        })
    }

    /// The records of an archived run, in the order of writing.
    pub fn archived(&self, run: &str) -> Result<Vec<Vec<u8>>, StoreError> {
        guarded(|| archive::records(&self.db(), run))
    }

    /// The runs of which there is something in the archive.
    pub fn archived_runs(&self) -> Result<Vec<String>, StoreError> {
        guarded(|| archive::runs(&self.db()))
    }

    /// The newest `limit` journal entries after number `after` that the filter admits, oldest first.
    pub fn journal(
        &self,
        filter: &JournalFilter,
        after: u64,
        limit: u32,
    ) -> Result<Vec<JournalEntry>, StoreError> {
        guarded(|| journal::query(&self.db(), filter, after, limit))
    }

    /// How many journal entries there are, if all can be read and none is missing.
    pub fn journal_length(&self) -> Result<u64, StoreError> {
        guarded(|| journal::length(&self.db()))
    }

    /// Whether there are old journal entries to pack.
    pub fn is_loose(&self) -> Result<bool, StoreError> {
        guarded(|| pack::is_due(&self.db()))
    }

    /// Every sealed secret.
    pub fn sealed(&self) -> Result<Vec<SealedRow>, StoreError> {
        guarded(|| {
            let db = self.db();
            let table = db.begin_read()?.open_table(SEALED)?;
            let rows = table.iter()?.map(|row| {
                let (key, value) = row?;
                sealed::decode(key.value(), value.value())
            });
            rows.collect()
        })
    }

    /// Every user's wrapped key.
    pub fn user_keys(&self) -> Result<Vec<(UserId, Vec<u8>)>, StoreError> {
        guarded(|| {
            let db = self.db();
            let table = db.begin_read()?.open_table(USER_KEYS)?;
            let rows = table.iter()?.map(|row| {
                let (user, wrapped) = row?;
                let user = user.value().parse().map_err(|_| UNREADABLE_USER)?;
                Ok((user, wrapped.value().to_vec()))
            });
            rows.collect()
        })
    }

    /// How often a daemon started on the store or backed it up.
    pub fn epoch(&self) -> Result<u64, StoreError> {
        guarded(|| {
            let db = self.db();
            let table = db.begin_read()?.open_table(META)?;
            Ok(table.get(EPOCH)?.map_or(0, |epoch| epoch.value()))
        })
    }

    /// Where the audit chain stands.
    pub fn audit_head(&self) -> Result<AuditHead, StoreError> {
        guarded(|| {
            let db = self.db();
            let table = db.begin_read()?.open_table(VAULT)?;
            Ok(audit::Head::read(&table)?.view())
        })
    }

    /// Every audit entry with its number and hash, if the chain holds from its beginning to its head.
    pub fn audit(&self) -> Result<Vec<AuditRow>, StoreError> {
        guarded(|| audit::verify(&self.db()))
    }

    /// Whether the chain holds, and which of its entries has a hash that was kept elsewhere.
    pub fn audit_held(&self, kept: Option<&str>) -> Result<AuditVerified, StoreError> {
        let rows = self.audit()?;
        let last = rows.last().map(|row| row.hash.clone()).unwrap_or_default();
        let head = AuditHead { entries: rows.last().map_or(0, |row| row.number), hash: last };
        let kept = kept.map(str::trim);
        let kept = kept.and_then(|kept| rows.iter().find(|r| r.hash.eq_ignore_ascii_case(kept)));
        Ok(AuditVerified { head, kept: kept.map(|row| row.number) })
    }

    /// The newest `limit` audit entries of these numbers, oldest first.
    pub fn audit_page(&self, numbers: Range<u64>, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        guarded(|| audit::page(&self.db(), &numbers, limit))
    }

    /// Writes all that is alive into a new file that takes the old one's place, and wipes the old one.
    /// Nothing is committed meanwhile. After [`StoreError::HalfPurged`] nothing may be written any more.
    pub fn purge(&self) -> Result<Rewritten, StoreError> {
        guarded(|| {
            let path = self.path.as_deref().ok_or(StoreError::NoFile)?;
            let mut db = self.db.write().unwrap_or_else(PoisonError::into_inner);
            purge::purge(&mut db, path, &mut |stage| {
                hit(stage.point());
                Ok(())
            })
        })
    }

    /// The newest audit entry that is wanted, among the newest `within`.
    pub fn newest_audit(
        &self,
        within: usize,
        wanted: impl Fn(&AuditEntry) -> bool,
    ) -> Result<Option<AuditEntry>, StoreError> {
        guarded(|| look::newest_audit(&self.db(), within, wanted))
    }

    /// How large it is.
    pub fn size(&self) -> Result<StoreSize, StoreError> {
        guarded(|| look::size(&self.db(), self.path.as_deref()))
    }

    /// Copies everything, as it is at one moment, to a new file; gives its length.
    pub fn copy_to(
        &self,
        path: &Path,
        mac: impl FnOnce(&[u8; 32]) -> [u8; 32],
    ) -> Result<u64, StoreError> {
        guarded(|| backup::copy_to(&self.db(), path, mac))
    }

    /// The digest of all rows and, in a backup, the MAC that came with them.
    pub fn backup_mark(&self) -> Result<([u8; 32], Option<Vec<u8>>), StoreError> {
        guarded(|| {
            let db = self.db();
            let table = db.begin_read()?.open_table(VAULT)?;
            let mac = table.get(BACKUP)?.map(|mac| mac.value().to_vec());
            Ok((backup::digest(&db)?, mac))
        })
    }

    /// Makes a backup a store to be written to.
    pub fn drop_backup_mark(&self) -> Result<(), StoreError> {
        guarded(|| {
            let db = self.db();
            let mut writing = db.begin_write()?;
            writing.set_quick_repair(true);
            writing.open_table(VAULT)?.remove(BACKUP)?;
            Ok(writing.commit()?)
        })
    }

    /// Closes the file, with the error that dropping would swallow.
    pub fn close(self) -> Result<(), StoreError> {
        let db = self.db.into_inner().unwrap_or_else(PoisonError::into_inner);
        guarded(|| Ok(db.close()?))
    }

    fn db(&self) -> RwLockReadGuard<'_, Database> {
        self.db.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the batches durable in one transaction; their journal entries move to the report. After
    /// an error they may be durable or not, and the store takes no more. A running daemon's batches go
    /// through the [`Writer`].
    pub(crate) fn commit<'a>(
        &self,
        batches: impl Iterator<Item = &'a mut Batch>,
    ) -> Result<Vec<Placed>, StoreError> {
        guarded(|| {
            let db = self.db();
            let mut writing = db.begin_write()?;
            writing.set_quick_repair(true);
            let placed = batch::write(&writing, batches)?;
            hit(Point::Written);
            writing.commit()?;
            hit(Point::Committed);
            Ok(placed)
        })
    }
}

/// What is done with a record's number and bytes.
pub type Look<'a> = dyn FnMut(u64, &[u8]) -> Result<(), StoreError> + 'a;

/// The database may panic on a damaged file; here that becomes an error.
fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(StoreError::Panicked))
}

const CACHE_BYTES: usize = 1 << 20;
const UNREADABLE_USER: StoreError = StoreError::Unreadable { table: "user keys", source: None };
