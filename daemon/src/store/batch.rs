//! What is written together: all of it, or nothing.

use std::ops::Range;

use muster_protocol::event::{AuditEntry, JournalEntry};
use muster_protocol::ids::{AccountId, UserId};
use muster_protocol::status::AuditHead;
use redb::{Table, TableDefinition, WriteTransaction};

use super::archive::Packed;
use super::tables::{
    ARCHIVE, AUDIT, EPOCH, HEADER, JOURNAL, META, RECORDS, SEALED, USER_KEYS, VAULT, newest,
};
use super::{StoreError, audit, journal, pack, sealed};
use crate::failpoint::{Point, hit};

/// What is written together. Within a batch, forgetting comes before putting.
#[derive(Debug, Default, Clone)]
pub struct Batch {
    /// Records to append, as [`super::encode`] made them.
    pub records: Vec<Vec<u8>>,
    /// Journal entries to append; the store numbers them.
    pub journal: Vec<JournalEntry>,
    /// Sealed secrets to put in place of what is there.
    pub sealed: Vec<SealedRow>,
    /// Sealed secrets to forget: of one kind, or all of an account.
    pub forget: Vec<(AccountId, Option<u8>)>,
    /// Users' wrapped keys to put.
    pub user_keys: Vec<(UserId, Vec<u8>)>,
    /// Users whose wrapped keys to forget.
    pub drop_user_keys: Vec<UserId>,
    /// The vault's header to put in place of the one that is there.
    pub header: Option<Vec<u8>>,
    /// Audit entries to append to the chain.
    pub audit: Vec<AuditEntry>,
    /// The epoch to put in place of the one that is there.
    pub epoch: Option<u64>,
    /// Old journal entries are packed as well.
    pub pack: bool,
    /// Runs whose records go from the log to the archive.
    pub archive: Vec<Packed>,
}

/// A sealed secret: bytes to the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRow {
    /// The account it belongs to.
    pub account: AccountId,
    /// What kind of secret it is.
    pub kind: u8,
    /// How often it was replaced.
    pub generation: u64,
    /// The sealed bytes.
    pub bytes: Vec<u8>,
}

/// Where a batch went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The numbers of its records.
    pub records: Range<u64>,
    /// Its journal entries, numbered.
    pub journal: Vec<JournalEntry>,
    /// Where the audit chain stands after it, if it grew.
    pub audit: Option<AuditHead>,
}

impl Batch {
    /// Whether it holds more than records and journal entries.
    fn has_others(&self) -> bool {
        let Self {
            records: _,
            journal: _,
            sealed,
            forget,
            user_keys,
            drop_user_keys,
            header,
            audit,
            epoch,
            pack: _,
            archive,
        } = self;
        let rows =
            !(sealed.is_empty() && forget.is_empty() && audit.is_empty() && archive.is_empty());
        let keys = !(user_keys.is_empty() && drop_user_keys.is_empty());
        rows || keys || header.is_some() || epoch.is_some()
    }

    /// Adds what `more` holds, to be written with the rest.
    pub fn add(&mut self, more: Self) {
        self.records.extend(more.records);
        self.journal.extend(more.journal);
        self.sealed.extend(more.sealed);
        self.forget.extend(more.forget);
        self.user_keys.extend(more.user_keys);
        self.drop_user_keys.extend(more.drop_user_keys);
        self.audit.extend(more.audit);
        self.archive.extend(more.archive);
        self.epoch = more.epoch.or(self.epoch);
        self.header = more.header.or(self.header.take());
        self.pack |= more.pack;
    }
}

/// Writes the batches in order into one transaction, without committing it.
pub(super) fn write<'a>(
    writing: &WriteTransaction,
    batches: impl Iterator<Item = &'a mut Batch>,
) -> Result<Vec<Placed>, StoreError> {
    let batches: Vec<&mut Batch> = batches.collect();
    let others = batches.iter().any(|batch| batch.has_others());
    let mut tables = Tables {
        records: Log::open(writing, RECORDS)?,
        journal: Log::open(writing, JOURNAL)?,
        others: others.then(|| Others::open(writing)).transpose()?,
    };
    let wants_packed = batches.iter().any(|batch| batch.pack);
    let placed = batches.into_iter().map(|batch| tables.write(batch)).collect::<Result<_, _>>()?;
    drop(tables);
    if wants_packed {
        pack::pack(writing)?;
    }
    Ok(placed)
}

/// The tables of which a run writes two; opening one costs as much as an order.
struct Tables<'txn> {
    records: Log<'txn>,
    journal: Log<'txn>,
    others: Option<Others<'txn>>,
}

/// A table that is only appended to. Its newest number is looked up once a transaction.
struct Log<'txn> {
    table: Table<'txn, u64, &'static [u8]>,
    next: u64,
}

struct Others<'txn> {
    sealed: Table<'txn, (u32, u8), &'static [u8]>,
    user_keys: Table<'txn, &'static str, &'static [u8]>,
    vault: Table<'txn, &'static str, &'static [u8]>,
    audit: Table<'txn, u64, &'static [u8]>,
    meta: Table<'txn, &'static str, u64>,
    archive: Table<'txn, (&'static str, u32), &'static [u8]>,
}

impl<'txn> Others<'txn> {
    fn open(writing: &'txn WriteTransaction) -> Result<Self, StoreError> {
        Ok(Self {
            sealed: writing.open_table(SEALED)?,
            user_keys: writing.open_table(USER_KEYS)?,
            vault: writing.open_table(VAULT)?,
            audit: writing.open_table(AUDIT)?,
            meta: writing.open_table(META)?,
            archive: writing.open_table(ARCHIVE)?,
        })
    }

    /// Writes all but records and journal; the audit's head if it grew.
    fn write(&mut self, batch: &Batch) -> Result<Option<AuditHead>, StoreError> {
        for (account, kind) in &batch.forget {
            let kinds = kind.map_or(u8::MIN..=u8::MAX, |kind| kind..=kind);
            let rows = (account.0, *kinds.start())..=(account.0, *kinds.end());
            self.sealed.retain_in(rows, |_, _| false)?;
        }
        for user in &batch.drop_user_keys {
            self.user_keys.remove(user.as_str())?;
        }
        for (user, wrapped) in &batch.user_keys {
            self.user_keys.insert(user.as_str(), wrapped.as_slice())?;
        }
        if let Some(header) = &batch.header {
            self.vault.insert(HEADER, header.as_slice())?;
        }
        if let Some(epoch) = batch.epoch {
            self.meta.insert(EPOCH, epoch)?;
        }
        for row in &batch.sealed {
            self.sealed.insert((row.account.0, row.kind), sealed::encode(row).as_slice())?;
        }
        if batch.audit.is_empty() {
            return Ok(None);
        }
        audit::append(&mut self.audit, &mut self.vault, &batch.audit)?;
        hit(Point::AuditWritten);
        Ok(Some(audit::Head::read(&self.vault)?.view()))
    }
}

impl Tables<'_> {
    /// Writes all of it; the journal's entries go where they are reported.
    fn write(&mut self, batch: &mut Batch) -> Result<Placed, StoreError> {
        let audit = self.others.as_mut().map(|others| others.write(batch)).transpose()?;
        // What says that a run is archived comes before its other records go: the newest number stays.
        let records = self.append_records(&batch.records)?;
        if let Some(others) = &mut self.others {
            for packed in &batch.archive {
                packed.write(&mut others.archive, &mut self.records.table)?;
                hit(Point::ArchiveWritten);
            }
        }
        Ok(Placed {
            records,
            journal: self.append_journal(std::mem::take(&mut batch.journal))?,
            audit: audit.flatten(),
        })
    }

    fn append_records(&mut self, records: &[Vec<u8>]) -> Result<Range<u64>, StoreError> {
        let first = self.records.next;
        for record in records {
            self.records.append(record)?;
        }
        Ok(first..self.records.next)
    }

    fn append_journal(
        &mut self,
        mut entries: Vec<JournalEntry>,
    ) -> Result<Vec<JournalEntry>, StoreError> {
        for entry in &mut entries {
            entry.seq = self.journal.next;
            self.journal.append(&journal::encode(entry))?;
        }
        Ok(entries)
    }
}

impl<'txn> Log<'txn> {
    fn open(
        writing: &'txn WriteTransaction,
        name: TableDefinition<'static, u64, &'static [u8]>,
    ) -> Result<Self, StoreError> {
        let table = writing.open_table(name)?;
        let next = newest(&table)?.saturating_add(1);
        Ok(Self { table, next })
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.table.insert(self.next, bytes)?;
        self.next = self.next.saturating_add(1);
        Ok(())
    }
}
