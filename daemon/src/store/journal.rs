//! The journal's rows, and reading them backwards from the newest.
//!
//! An entry is version 2 and a JSON list: there are more of them than of anything else, and every page is
//! checked when the store is opened. Its number is the row's key. Version 1 was the entry as an object.
//!
//! ```text
//! [at in Unix milliseconds, level, area, user, account, broker, run, text]
//! ```

use std::borrow::Cow;

use muster_protocol::event::{Area, JournalEntry, Level};
use muster_protocol::ids::{AccountId, RunId, UserId};
use muster_protocol::order::Broker;
use muster_protocol::request::JournalFilter;
use muster_protocol::time::Timestamp;
use redb::{AccessGuard, Database, ReadableDatabase, ReadableTable, StorageError};
use serde::{Deserialize, Serialize};

use super::records::{self, decode_from, encode_as};
use super::tables::{JOURNAL, JOURNAL_BLOCKS};
use super::{StoreError, block, pack};

/// An entry as it is written.
#[derive(Serialize, Deserialize)]
struct Row<'a>(
    i64,
    Level,
    Area,
    Option<Cow<'a, UserId>>,
    Option<AccountId>,
    Option<Broker>,
    Option<Cow<'a, RunId>>,
    Cow<'a, str>,
);

/// The bytes of an entry, without its number.
pub(super) fn encode(entry: &JournalEntry) -> Vec<u8> {
    let JournalEntry { seq: _, at, level, area, user, account, broker, run, text } = entry;
    let (user, run) = (user.as_ref().map(Cow::Borrowed), run.as_ref().map(Cow::Borrowed));
    let row = Row(at.millis(), *level, *area, user, *account, *broker, run, Cow::Borrowed(text));
    encode_as(VERSION, &row)
}

/// The entry of this number.
fn decode(seq: u64, bytes: &[u8]) -> Result<JournalEntry, StoreError> {
    if bytes.first() != Some(&VERSION) {
        return decode_from("journal", records::VERSION, bytes);
    }
    let Row(at, level, area, user, account, broker, run, text) =
        decode_from("journal", VERSION, bytes)?;
    Ok(JournalEntry {
        seq,
        at: Timestamp::from_millis(at),
        level,
        area,
        user: user.map(Cow::into_owned),
        account,
        broker,
        run: run.map(Cow::into_owned),
        text: text.into_owned(),
    })
}

const VERSION: u8 = 2;

/// The newest `limit` entries after `after` that the filter admits, oldest first. Looks at no more
/// than a fixed number of entries, so that a filter that admits nothing costs little.
pub(super) fn query(
    db: &Database,
    filter: &JournalFilter,
    after: u64,
    limit: u32,
) -> Result<Vec<JournalEntry>, StoreError> {
    let wanted = usize::try_from(limit.min(LIMIT)).unwrap_or_default();
    let reading = db.begin_read()?;
    let (loose, blocks) = (reading.open_table(JOURNAL)?, reading.open_table(JOURNAL_BLOCKS)?);
    let from = after.saturating_add(1);
    let until = filter.before.map_or(u64::MAX, |before| before.max(from));
    // The block that `from` lies in begins before it.
    let begins = blocks.range(..=from)?.next_back().transpose()?;
    let begins = begins.map_or(from, |(first, _)| first.value());
    let packed = blocks.range(begins..until)?.rev().flat_map(|row| each(opened(row)).rev());
    let packed = packed.filter(|row| row.as_ref().map_or(true, |(n, _)| (from..until).contains(n)));
    let newest = loose.range(from..until)?.rev().map(taken);
    let mut found = Vec::new();
    for row in newest.chain(packed).take(SCAN) {
        if found.len() >= wanted {
            break;
        }
        let (number, bytes) = row?;
        let entry = decode(number, &bytes)?;
        if filter.admits(&entry) {
            found.push(entry);
        }
    }
    found.reverse();
    Ok(found)
}

/// How many entries there are, if all can be read and none is missing.
pub(super) fn length(db: &Database) -> Result<u64, StoreError> {
    let reading = db.begin_read()?;
    let (loose, blocks) = (reading.open_table(JOURNAL)?, reading.open_table(JOURNAL_BLOCKS)?);
    let packed = blocks.iter()?.flat_map(|row| each(opened(row)));
    let mut after = 0_u64;
    for row in packed.chain(loose.iter()?.map(taken)) {
        let (number, bytes) = row?;
        decode(number, &bytes)?;
        let expected = after.saturating_add(1);
        if number != expected {
            return Err(StoreError::JournalGap { after });
        }
        after = expected;
    }
    Ok(after)
}

/// An entry's number and bytes.
type Numbered = Result<(u64, Vec<u8>), StoreError>;

/// A row of either table.
type Found<'a> = Result<(AccessGuard<'a, u64>, AccessGuard<'a, &'static [u8]>), StorageError>;

/// The entry of a row.
fn taken(row: Found<'_>) -> Numbered {
    let (number, value) = row?;
    Ok((number.value(), value.value().to_vec()))
}

/// The entries of a block.
fn opened(row: Found<'_>) -> Result<pack::Rows, StoreError> {
    let (first, value) = row?;
    Ok((first.value(), block::unpack("journal", value.value())?))
}

/// Each entry of a block, or why there are none.
fn each(rows: Result<pack::Rows, StoreError>) -> impl DoubleEndedIterator<Item = Numbered> {
    let numbered = match rows {
        Ok((first, rows)) => (first..).zip(rows).map(Ok).collect(),
        Err(error) => vec![Err(error)],
    };
    numbered.into_iter()
}

const LIMIT: u32 = 1_000;
const SCAN: usize = 200_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_reads_back_in_either_form_and_takes_less_room() {
        let full = JournalEntry {
            seq: 7,
            at: Timestamp::from_millis(1_795_406_520_123),
            level: Level::Warn,
            area: Area::Order,
            user: "asha".parse().ok(),
            account: Some(AccountId(3)),
            broker: Some(Broker::Zerodha),
            run: "btst@2026-11-23".to_owned().try_into().ok(),
            text: "accepted as 26 · \"BUY\"\n".to_owned(),
        };
        let bare =
            JournalEntry { user: None, account: None, broker: None, run: None, ..full.clone() };
        assert!(encode(&full).len() * 5 < records::encode(&full).len() * 3);
        for entry in [full, bare] {
            let (old, new) = (records::encode(&entry), encode(&entry));
            assert_eq!(decode(7, &old).unwrap(), entry);
            assert_eq!(decode(7, &new).unwrap(), entry);
            assert!(new.len() < old.len());
        }
        let unknown = decode(7, b"\x03[]").unwrap_err();
        assert!(matches!(unknown, StoreError::UnknownVersion { table: "journal", found: Some(3) }));
        assert!(decode(7, b"\x02[1]").is_err() && decode(7, b"").is_err());
    }
}
