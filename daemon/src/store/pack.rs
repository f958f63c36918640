//! Old journal entries into blocks, in quiet hours: every page of the file is checked when it is opened, and
//! entries that nobody asks for every day need not be as many pages as they were when they were written.

use redb::{
    Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, Table, WriteTransaction,
};

use super::StoreError;
use super::block::{self, MOST_BYTES, ROW_HEAD};
use super::tables::{JOURNAL, JOURNAL_BLOCKS};
use crate::failpoint::{Point, hit};

/// Entries of one block.
const ROWS: usize = 1_024;
/// The newest so many stay as they are: they are the ones that are asked for.
pub(super) const LOOSE: u64 = 4_096;
/// Blocks made in one transaction, which holds up whatever comes meanwhile.
const BLOCKS: usize = 16;

/// What lies in a block of the journal: its first entry's number, and the entries as they were written.
pub(super) type Rows = (u64, Vec<Vec<u8>>);

/// Whether there are entries to pack.
pub(super) fn is_due(db: &Database) -> Result<bool, StoreError> {
    Ok(is_full(db.begin_read()?.open_table(JOURNAL)?.len()?))
}

/// Whether so many loose entries hold a block's worth of old ones.
const fn is_full(loose: u64) -> bool {
    loose.saturating_sub(LOOSE) >= ROWS as u64
}

/// Packs the oldest entries, up to a transaction's worth; gives how many.
pub(super) fn pack(writing: &WriteTransaction) -> Result<u64, StoreError> {
    let mut loose = writing.open_table(JOURNAL)?;
    let mut blocks = writing.open_table(JOURNAL_BLOCKS)?;
    let before = loose.len()?;
    for _ in 0..BLOCKS {
        if !is_full(loose.len()?) {
            break;
        }
        let Some((first, rows)) = oldest(&loose)? else { break };
        // What does not fit a block stays where it is, and so does all that is newer.
        let Some(packed) = block::pack(rows.iter().map(Vec::as_slice)) else { break };
        let after = first.saturating_add(rows.len() as u64);
        blocks.insert(first, packed.as_slice())?;
        loose.retain_in(first..after, |_, _| false)?;
        hit(Point::PackWritten);
    }
    Ok(before.saturating_sub(loose.len()?))
}

/// The oldest entries, as far as their numbers follow on each other and they fit a block.
fn oldest(loose: &Table<'_, u64, &'static [u8]>) -> Result<Option<Rows>, StoreError> {
    let mut found: Option<Rows> = None;
    let mut room = MOST_BYTES;
    for row in loose.iter()?.take(ROWS) {
        let (number, value) = row?;
        let (first, rows) = found.get_or_insert_with(|| (number.value(), Vec::new()));
        room = room.saturating_sub(value.value().len().saturating_add(ROW_HEAD));
        let full = room == 0 && !rows.is_empty();
        if full || number.value() != first.saturating_add(rows.len() as u64) {
            break;
        }
        rows.push(value.value().to_vec());
    }
    Ok(found)
}
