//! The audit chain: each entry holds the hash of the one before it, and the newest hash is kept apart.
//!
//! ```text
//! value = version byte 1 | hash of the entry before, 32 bytes, zero for the first | JSON
//! hash  = SHA-256("muster audit v1" | number (8, big-endian) | value)
//! ```

use std::fmt::Write;
use std::ops::Range;

use muster_protocol::audit::AuditRow;
use muster_protocol::event::AuditEntry;
use muster_protocol::status::AuditHead;
use redb::{Database, ReadableDatabase, ReadableTable, Table};
use sha2::{Digest, Sha256};

use super::StoreError;
use super::records::{VERSION, decode_from, encode};
use super::tables::{AUDIT, AUDIT_HEAD, VAULT};

type Hash = [u8; 32];

/// Where the chain stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Head {
    pub(super) entries: u64,
    pub(super) hash: Hash,
}

impl Head {
    /// As clients see it.
    pub(super) fn view(self) -> AuditHead {
        let hash = if self.entries > 0 { hex(&self.hash) } else { String::new() };
        AuditHead { entries: self.entries, hash }
    }

    pub(super) fn read(
        vault: &impl ReadableTable<&'static str, &'static [u8]>,
    ) -> Result<Self, StoreError> {
        let Some(row) = vault.get(AUDIT_HEAD)? else { return Ok(Self::default()) };
        let head = row.value().split_first_chunk::<8>().and_then(|(entries, hash)| {
            let hash = hash.try_into().ok()?;
            Some(Self { entries: u64::from_be_bytes(*entries), hash })
        });
        head.ok_or(UNREADABLE)
    }

    fn to_bytes(self) -> Vec<u8> {
        [self.entries.to_be_bytes().as_slice(), &self.hash].concat()
    }
}

/// Appends the entries and moves the head, in the caller's transaction.
pub(super) fn append(
    table: &mut Table<'_, u64, &'static [u8]>,
    vault: &mut Table<'_, &'static str, &'static [u8]>,
    entries: &[AuditEntry],
) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut head = Head::read(vault)?;
    for entry in entries {
        let json = encode(entry);
        let (version, json) = json.split_first().ok_or(UNREADABLE)?;
        let value = [&[*version], head.hash.as_slice(), json].concat();
        head.entries = head.entries.saturating_add(1);
        head.hash = hash(head.entries, &value);
        table.insert(head.entries, value.as_slice())?;
    }
    vault.insert(AUDIT_HEAD, head.to_bytes().as_slice())?;
    Ok(())
}

fn hash(number: u64, value: &[u8]) -> Hash {
    let hash = Sha256::new().chain_update(b"muster audit v1");
    hash.chain_update(number.to_be_bytes()).chain_update(value).finalize().into()
}

fn hex(bytes: &Hash) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// An entry as it is written, and the hash of the one before.
fn read(number: u64, value: &[u8]) -> Result<(Hash, AuditRow), StoreError> {
    let parts = value.split_first().and_then(|(version, rest)| {
        let (before, json) = rest.split_first_chunk::<32>()?;
        Some((*version, *before, json))
    });
    let (version, before, json) = parts.ok_or(StoreError::AuditBroken { at: number })?;
    let entry = decode_from("audit", VERSION, &[&[version], json].concat())?;
    Ok((before, AuditRow { number, hash: hex(&hash(number, value)), entry }))
}

/// Every entry, if each follows from the one before and the last is the head; else the number of the
/// first that does not.
pub(super) fn verify(db: &Database) -> Result<Vec<AuditRow>, StoreError> {
    let reading = db.begin_read()?;
    let head = Head::read(&reading.open_table(VAULT)?)?;
    let mut at = Head::default();
    let mut entries = Vec::new();
    for row in reading.open_table(AUDIT)?.iter()? {
        let (number, value) = row?;
        let (number, value) = (number.value(), value.value());
        let expected = at.entries.saturating_add(1);
        let (before, row) = read(expected, value)?;
        if number != expected || before != at.hash {
            return Err(StoreError::AuditBroken { at: expected });
        }
        entries.push(row);
        at = Head { entries: number, hash: hash(number, value) };
    }
    if at == head { Ok(entries) } else { Err(StoreError::AuditBroken { at: at.entries }) }
}

/// The newest entries of these numbers, oldest first.
pub(super) fn page(
    db: &Database,
    numbers: &Range<u64>,
    limit: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let table = db.begin_read()?.open_table(AUDIT)?;
    let newest = table.range(numbers.clone())?.rev();
    let newest = newest.take(usize::try_from(limit).unwrap_or(usize::MAX));
    let rows = newest.map(|row| {
        let (number, value) = row?;
        Ok(read(number.value(), value.value())?.1)
    });
    let mut rows = rows.collect::<Result<Vec<_>, StoreError>>()?;
    rows.reverse();
    Ok(rows)
}

const UNREADABLE: StoreError = StoreError::Unreadable { table: "audit", source: None };

#[cfg(test)]
mod tests {
    use muster_protocol::time::Timestamp;

    use super::*;
    use crate::store::{Batch, Store};

    fn entry(n: u32) -> AuditEntry {
        AuditEntry {
            at: Timestamp::from_millis(1_763_970_000_000),
            by: "uid 1000".to_owned(),
            role: "operator".to_owned(),
            what: format!("did {n}"),
            whom: None,
            done: true,
        }
    }

    type Chain<'a> = Table<'a, u64, &'static [u8]>;

    /// A chain of six, after somebody changed it.
    fn changed(change: impl Fn(&mut Chain<'_>)) -> Result<usize, StoreError> {
        let store = Store::open_backend(redb::backends::InMemoryBackend::new()).unwrap();
        for n in [0, 2, 4] {
            let audit = vec![entry(n), entry(n)];
            store.commit([Batch { audit, ..Batch::default() }].iter_mut()).unwrap();
        }
        let db = store.db();
        let writing = db.begin_write().unwrap();
        change(&mut writing.open_table(AUDIT).unwrap());
        writing.commit().unwrap();
        drop(db);
        store.audit().map(|entries| entries.len())
    }

    #[test]
    fn a_page_is_of_the_newest_in_their_order_each_with_the_hash_the_next_one_holds() {
        let store = Store::open_backend(redb::backends::InMemoryBackend::new()).unwrap();
        let audit = (1..=5).map(entry).collect();
        store.commit([Batch { audit, ..Batch::default() }].iter_mut()).unwrap();
        let all = store.audit().unwrap();
        let page = store.audit_page(3..u64::MAX, 2).unwrap();
        assert_eq!(page, all[3..]);
        assert_eq!(store.audit_page(2..4, 9).unwrap(), all[1..3], "the page before it");
        assert_eq!(page[1].number, 5);
        assert_eq!(page[1].hash, store.audit_head().unwrap().hash);
        assert_eq!(store.audit_page(6..u64::MAX, 9).unwrap(), []);
        let (first, before) = (6, 3);
        assert_eq!(store.audit_page(first..before, 9).unwrap(), [], "no numbers at all");
    }

    #[test]
    fn i19_every_edit_cut_or_reorder_of_the_chain_is_found() {
        assert_eq!(changed(|_| {}).unwrap(), 6);
        let broken = |change: &dyn Fn(&mut Chain<'_>)| {
            matches!(changed(change), Err(StoreError::AuditBroken { .. }))
        };
        for number in 1..=6 {
            assert!(broken(&|table| drop(table.remove(number).unwrap())), "cut {number}");
            let flip = |table: &mut Chain<'_>| {
                let mut value = table.get(number).unwrap().unwrap().value().to_vec();
                let text = value.iter().position(|byte| *byte == b'd').unwrap();
                value[text] = b'D';
                table.insert(number, value.as_slice()).unwrap();
            };
            let flipped = changed(flip);
            assert!(flipped.is_err(), "edit {number}");
        }
        assert!(broken(&|table| {
            let swap = [3, 4].map(|at| table.get(at).unwrap().unwrap().value().to_vec());
            table.insert(4, swap[0].as_slice()).unwrap();
            table.insert(3, swap[1].as_slice()).unwrap();
        }));
    }
}
