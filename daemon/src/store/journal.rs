//! Reading the journal backwards from its newest entry.

use std::ops::Bound;

use muster_protocol::event::JournalEntry;
use muster_protocol::request::JournalFilter;
use redb::{Database, ReadableDatabase, ReadableTable};

use super::StoreError;
use super::records::decode_from;
use super::tables::JOURNAL;

/// The newest `limit` entries after `after` that the filter admits, oldest first. Looks at no more
/// than a fixed number of entries, so that a filter that admits nothing costs little.
pub(super) fn query(
    db: &Database,
    filter: &JournalFilter,
    after: u64,
    limit: u32,
) -> Result<Vec<JournalEntry>, StoreError> {
    let wanted = usize::try_from(limit.min(LIMIT)).unwrap_or_default();
    let table = db.begin_read()?.open_table(JOURNAL)?;
    let end = filter
        .before
        .map_or(Bound::Unbounded, |before| Bound::Excluded(before.max(after.saturating_add(1))));
    let newest_first = table.range::<u64>((Bound::Excluded(after), end))?.rev();
    let mut found = Vec::new();
    for row in newest_first.take(SCAN) {
        if found.len() >= wanted {
            break;
        }
        let entry: JournalEntry = decode_from("journal", row?.1.value())?;
        if filter.admits(&entry) {
            found.push(entry);
        }
    }
    found.reverse();
    Ok(found)
}

/// How many entries there are, if all can be read and none is missing.
pub(super) fn length(db: &Database) -> Result<u64, StoreError> {
    let mut after = 0_u64;
    for row in db.begin_read()?.open_table(JOURNAL)?.iter()? {
        let (number, value) = row?;
        let _: JournalEntry = decode_from("journal", value.value())?;
        let expected = after.saturating_add(1);
        if number.value() != expected {
            return Err(StoreError::JournalGap { after });
        }
        after = expected;
    }
    Ok(after)
}

const LIMIT: u32 = 1_000;
const SCAN: usize = 200_000;
