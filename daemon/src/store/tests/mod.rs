//! The store from outside: files, locks, order, formats. Crashes are in `crash`.

#![expect(clippy::arithmetic_side_effects, reason = "a test that is out of bounds is to fail")]

mod archive;
mod crash;
pub(crate) mod disk;
mod pack;
mod purge;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, mpsc};

use muster_protocol::event::{Area, Level};
use muster_protocol::ids::AccountId;
use muster_protocol::time::Timestamp;
use redb::backends::InMemoryBackend;

use super::*;

fn entry(text: &str) -> JournalEntry {
    JournalEntry {
        seq: 0,
        at: Timestamp::from_millis(1_763_970_000_000),
        level: Level::Info,
        area: Area::Daemon,
        user: None,
        account: None,
        broker: None,
        run: None,
        text: text.to_owned(),
    }
}

/// A batch that shows in every table that it is number `n`.
fn batch(n: u32) -> Batch {
    Batch {
        records: vec![encode(&(n, "first")), encode(&(n, "second"))],
        journal: vec![entry(&format!("batch {n}"))],
        sealed: vec![row(n, 1, u64::from(n))],
        user_keys: vec![(format!("u{n}").parse().unwrap(), vec![7; 60])],
        ..Batch::default()
    }
}

fn row(account: u32, kind: u8, generation: u64) -> SealedRow {
    SealedRow { account: AccountId(account), kind, generation, bytes: vec![9; 600] }
}

fn commit(store: &Store, batch: Batch) -> Placed {
    store.commit([batch].iter_mut()).unwrap().remove(0)
}

fn in_memory() -> Store {
    Store::open_backend(InMemoryBackend::new()).unwrap()
}

#[test]
fn the_file_is_ours_alone_and_opens_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let store = Store::open(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(matches!(Store::open(&path), Err(StoreError::InUse)));
    store.put_header(b"header").unwrap();
    commit(&store, batch(1));
    drop(store);

    let store = Store::open(&path).unwrap();
    assert_eq!(store.header().unwrap().unwrap(), b"header");
    assert!(matches!(store.put_header(b"other"), Err(StoreError::HeaderExists)));
    assert_eq!(store.records().unwrap(), batch(1).records);
    assert_eq!(store.sealed().unwrap(), batch(1).sealed);
    assert_eq!(store.user_keys().unwrap(), batch(1).user_keys);
    store.close().unwrap();
    Store::open(&path).unwrap();
}

#[test]
fn a_crash_while_the_file_is_made_leaves_nothing_in_the_way() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    fs::write(directory.path().join("store.new"), b"half a store").unwrap();
    Store::open(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn the_directory_must_exist() {
    let directory = tempfile::tempdir().unwrap();
    let opened = Store::open(&directory.path().join("nowhere/store"));
    assert!(matches!(opened, Err(StoreError::File { .. })));
}

#[test]
fn batches_are_numbered_in_the_order_of_submission_and_reported_with_their_notes() {
    let store = Arc::new(in_memory());
    let (tx, rx) = mpsc::channel();
    let writer = Writer::start(Arc::clone(&store), move |report| tx.send(report).unwrap()).unwrap();
    for n in 1..=100 {
        writer.submit(batch(n), n).unwrap();
    }
    writer.stop();
    let mut next = (1, 1);
    for (expected, report) in (1_u32..).zip(rx.iter()) {
        let Report::Committed { note, records, journal, .. } = report else { panic!("{report:?}") };
        assert_eq!((note, records.start, journal[0].seq), (expected, next.0, next.1));
        assert_eq!(journal[0].text, format!("batch {expected}"));
        next = (records.end, journal[0].seq + 1);
    }
    assert_eq!(next, (201, 101));
    let written: Vec<Vec<u8>> = (1..=100).flat_map(|n| batch(n).records).collect();
    assert_eq!(store.records().unwrap(), written);
}

#[test]
fn i12_after_a_failed_commit_the_writer_takes_no_more() {
    let disk = disk::Disk::default();
    let store = Arc::new(Store::open_backend(disk.clone()).unwrap());
    let (tx, rx) = mpsc::channel();
    let writer = Writer::start(Arc::clone(&store), move |report| tx.send(report).unwrap()).unwrap();
    disk.crash_at_sync(disk.syncs() + 1);
    writer.submit(batch(1), 1).unwrap();
    assert!(matches!(rx.recv().unwrap(), Report::Failed(_)));
    assert!(rx.recv().is_err(), "it was the last report");
    assert_eq!(writer.submit(batch(2), 2), Err(WriterStopped));
    writer.stop();
}

#[test]
fn forgetting_takes_one_kind_or_the_whole_account() {
    let store = in_memory();
    let rows = vec![row(1, 1, 1), row(1, 2, 1), row(2, 1, 1), row(2, 2, 1)];
    commit(&store, Batch { sealed: rows, ..batch(9) });
    let asha: UserId = "u9".parse().unwrap();
    let forget = vec![(AccountId(1), None), (AccountId(2), Some(2))];
    commit(&store, Batch { forget, drop_user_keys: vec![asha], ..Batch::default() });
    assert_eq!(store.sealed().unwrap(), [row(2, 1, 1)]);
    assert!(store.user_keys().unwrap().is_empty());
}

#[test]
fn the_journal_gives_the_newest_that_match_oldest_first() {
    let store = in_memory();
    let text = |n: u32| format!("{} {n}", if n.is_multiple_of(2) { "even" } else { "odd" });
    for n in 1..=10 {
        commit(&store, Batch { journal: vec![entry(&text(n))], ..Batch::default() });
    }
    let even = JournalFilter { text: Some("EVEN".to_owned()), ..JournalFilter::default() };
    let found = |filter: &JournalFilter, after, limit| -> Vec<u64> {
        store.journal(filter, after, limit).unwrap().iter().map(|entry| entry.seq).collect()
    };
    assert_eq!(found(&JournalFilter::default(), 0, 3), [8, 9, 10]);
    assert_eq!(found(&even, 0, 3), [6, 8, 10]);
    assert_eq!(found(&even, 8, 3), [10]);
    assert_eq!(found(&even, 10, 3), [0; 0]);
    assert_eq!(found(&even, u64::MAX, 3), [0; 0]);
    assert_eq!(found(&even, 0, 0), [0; 0]);
}

#[test]
fn newer_formats_and_foreign_files_are_refused_untouched() {
    let write = |disk: &disk::Disk, format: Option<u64>| {
        let db = Database::builder().create_with_backend(disk.clone()).unwrap();
        let writing = db.begin_write().unwrap();
        match format {
            Some(format) => {
                writing.open_table(META).unwrap().insert("format", format).unwrap();
            }
            None => drop(writing.open_table(RECORDS).unwrap()),
        }
        writing.commit().unwrap();
    };
    let newer = disk::Disk::default();
    write(&newer, Some(2));
    let refused = Store::open_backend(newer.reopened()).err().unwrap();
    assert!(matches!(refused, StoreError::NewerFormat { found: 2, known: 1 }), "{refused}");
    let foreign = disk::Disk::default();
    write(&foreign, None);
    let refused = Store::open_backend(foreign.reopened()).err().unwrap();
    assert!(matches!(refused, StoreError::NotOurs), "{refused}");
}

#[test]
fn entries_of_unknown_versions_are_errors() {
    let store = in_memory();
    let db = store.db();
    let writing = db.begin_write().unwrap();
    writing.open_table(tables::JOURNAL).unwrap().insert(1, b"\x03{}".as_slice()).unwrap();
    writing.open_table(SEALED).unwrap().insert((1, 1), b"\x02".as_slice()).unwrap();
    writing.open_table(USER_KEYS).unwrap().insert("NOT A USER", b"".as_slice()).unwrap();
    writing.commit().unwrap();
    drop(db);
    let journal = store.journal(&JournalFilter::default(), 0, 1).unwrap_err();
    assert!(matches!(journal, StoreError::UnknownVersion { table: "journal", found: Some(3) }));
    let sealed = store.sealed().unwrap_err();
    assert!(matches!(sealed, StoreError::UnknownVersion { found: Some(2), .. }));
    assert!(matches!(store.user_keys(), Err(StoreError::Unreadable { .. })));
}

#[test]
fn a_damaged_file_is_an_error_or_harmless_and_never_a_panic() {
    let disk = disk::Disk::default();
    let store = Store::open_backend(disk.clone()).unwrap();
    commit(&store, batch(1));
    store.close().unwrap();
    let image = disk.image();
    // Every 61st byte: a prime, so that all offsets within a page come up.
    for at in (0..image.len()).step_by(61) {
        let mut damaged = image.clone();
        damaged[at] ^= 0x10;
        let Ok(store) = Store::open_backend(disk::Disk::with(damaged)) else { continue };
        let records = store.records().unwrap_or_default();
        assert!(records.is_empty() || records == batch(1).records, "byte {at}");
    }
}
