//! Looks at the store for whoever keeps house: how large it is, what the audit had last.

use std::path::Path;

use muster_protocol::event::AuditEntry;
use redb::{Database, ReadableDatabase, ReadableTable, ReadableTableMetadata};

use super::StoreError;
use super::records::{VERSION, decode_from};
use super::tables::{AUDIT, JOURNAL, RECORDS, newest};

/// Bytes and rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreSize {
    /// The file's length, where there is a file.
    pub bytes: Option<u64>,
    /// Records everything is replayed from.
    pub records: u64,
    /// Entries of the journal.
    pub journal: u64,
}

/// Counts; reads no row.
pub(super) fn size(db: &Database, path: Option<&Path>) -> Result<StoreSize, StoreError> {
    let reading = db.begin_read()?;
    Ok(StoreSize {
        bytes: path.and_then(|path| std::fs::metadata(path).ok()).map(|file| file.len()),
        records: reading.open_table(RECORDS)?.len()?,
        // From 1 without a gap, the newest never in a block.
        journal: newest(&reading.open_table(JOURNAL)?)?,
    })
}

/// The newest audit entry that is wanted, among the newest so many. The chain is not checked here.
pub(super) fn newest_audit(
    db: &Database,
    within: usize,
    wanted: impl Fn(&AuditEntry) -> bool,
) -> Result<Option<AuditEntry>, StoreError> {
    let table = db.begin_read()?.open_table(AUDIT)?;
    for row in table.iter()?.rev().take(within) {
        let (_, value) = row?;
        let parts = value.value().split_first().map(|(v, rest)| (*v, rest.get(32..)));
        let Some((version, Some(json))) = parts else { return Err(UNREADABLE) };
        let entry = decode_from("audit", VERSION, &[&[version], json].concat())?;
        if wanted(&entry) {
            return Ok(Some(entry));
        }
    }
    Ok(None)
}

const UNREADABLE: StoreError = StoreError::Unreadable { table: "audit", source: None };
