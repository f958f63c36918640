//! The tables and the format's version. Keys are ordered, so a scan is in the order of writing.
//!
//! ```text
//! meta       "format"                 -> format version
//! records    number from 1            -> version byte, JSON: the log everything is replayed from
//! journal    number from 1            -> version byte, JSON list: the newest entries
//! journal blocks  number of the first -> a block of older entries
//! archive    run, number from 0       -> a block of the records of a run that is over long since
//! sealed     account, kind of secret  -> version byte, generation (8, big-endian), sealed bytes
//! user keys  user                     -> wrapped key
//! audit      number from 1            -> version byte, hash of the entry before (32), JSON
//! vault      "header"                 -> the vault's header
//!            "audit head"             -> number of audit entries, hash of the newest
//!            "backup"                 -> in a backup, the MAC of all else
//! meta       "epoch"                  -> how often the store was started on or backed up
//! ```

use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, TableHandle,
};

use super::StoreError;

pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
pub(super) const RECORDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("records");
pub(super) const JOURNAL: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("journal");
pub(super) const JOURNAL_BLOCKS: TableDefinition<'_, u64, &[u8]> =
    TableDefinition::new("journal_blocks");
pub(super) const SEALED: TableDefinition<'_, (u32, u8), &[u8]> = TableDefinition::new("sealed");
pub(super) const USER_KEYS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("user_keys");
pub(super) const AUDIT: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("audit");
pub(super) const ARCHIVE: TableDefinition<'_, (&str, u32), &[u8]> = TableDefinition::new("archive");
pub(super) const VAULT: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("vault");

/// The vault's header.
pub(super) const HEADER: &str = "header";
/// The newest link of the audit chain: entries (8, big-endian), hash (32).
pub(super) const AUDIT_HEAD: &str = "audit head";
/// In a backup, the MAC of all else; nowhere else.
pub(super) const BACKUP: &str = "backup";
/// How often the store was opened by a daemon or backed up.
pub(super) const EPOCH: &str = "epoch";

/// The format of a file; `None` if it is new.
pub(super) fn format(db: &impl ReadableDatabase) -> Result<Option<u64>, StoreError> {
    let reading = db.begin_read()?;
    let names: Vec<String> = reading.list_tables()?.map(|table| table.name().to_owned()).collect();
    if names.is_empty() {
        return Ok(None);
    }
    if !names.iter().any(|name| name == META.name()) {
        return Err(StoreError::NotOurs);
    }
    let found = reading.open_table(META)?.get(KEY_FORMAT)?.map(|value| value.value());
    found.map(Some).ok_or(StoreError::NotOurs)
}

/// Makes the tables in a new file.
pub(super) fn make(db: &Database) -> Result<(), StoreError> {
    let mut writing = db.begin_write()?;
    writing.set_quick_repair(true);
    writing.open_table(META)?.insert(KEY_FORMAT, FORMAT)?;
    writing.open_table(RECORDS)?;
    writing.open_table(JOURNAL)?;
    writing.open_table(JOURNAL_BLOCKS)?;
    writing.open_table(SEALED)?;
    writing.open_table(USER_KEYS)?;
    writing.open_table(VAULT)?;
    writing.open_table(AUDIT)?;
    writing.open_table(ARCHIVE)?;
    Ok(writing.commit()?)
}

/// A table that came later within the format is made where it is missing.
pub(super) fn complete(db: &Database) -> Result<(), StoreError> {
    let reading = db.begin_read()?;
    let names: Vec<String> = reading.list_tables()?.map(|table| table.name().to_owned()).collect();
    let later = [AUDIT.name(), JOURNAL_BLOCKS.name(), ARCHIVE.name()];
    if later.iter().all(|table| names.iter().any(|name| name == table)) {
        return Ok(());
    }
    let mut writing = db.begin_write()?;
    writing.set_quick_repair(true);
    writing.open_table(AUDIT)?;
    writing.open_table(JOURNAL_BLOCKS)?;
    writing.open_table(ARCHIVE)?;
    Ok(writing.commit()?)
}

/// Refuses a file with a table this build would leave out of a copy.
pub(super) fn refuse_strange(reading: &ReadTransaction) -> Result<(), StoreError> {
    let mut names = reading.list_tables()?.map(|table| table.name().to_owned());
    let strange = names.find(|name| !ALL.contains(&name.as_str()));
    strange.map_or(Ok(()), |table| Err(StoreError::StrangeTable { table }))
}

/// The newest number in a log, 0 if it is empty.
pub(super) fn newest(log: &impl ReadableTable<u64, &'static [u8]>) -> Result<u64, StoreError> {
    Ok(log.last()?.map_or(0, |(number, _)| number.value()))
}

pub(super) const KEY_FORMAT: &str = "format";
/// The format this build writes.
pub(super) const FORMAT: u64 = 1;
const ALL: [&str; 9] = [
    "meta",
    "records",
    "archive",
    "journal",
    "journal_blocks",
    "sealed",
    "user_keys",
    "audit",
    "vault",
];
