//! Records out of the log and into the archive: in one transaction, with every copy of the store, and read
//! back or not at all. What a crash leaves is in `engine::archive`.

use redb::Table;

use super::super::tables::{ARCHIVE, RECORDS};
use super::*;

const RUN: &str = "btst@2026-11-23";

type Blocks<'a> = Table<'a, (&'static str, u32), &'static [u8]>;

/// Records of about half a block each: four blocks, the last of one record.
fn long() -> Vec<Vec<u8>> {
    (0..7).map(|n| encode(&(n, format!("{n}").repeat(500_000)))).collect()
}

/// A store whose log has something before, between and after these; their numbers.
fn with(records: &[Vec<u8>]) -> (Store, Vec<u64>) {
    let store = in_memory();
    commit(&store, batch(1));
    let mut numbers = Vec::new();
    for (record, n) in records.iter().zip(2..) {
        let records = vec![record.clone()];
        numbers.extend(commit(&store, Batch { records, ..Batch::default() }).records);
        commit(&store, batch(n));
    }
    (store, numbers)
}

fn archive(run: &str, numbers: &[u64], records: &[Vec<u8>]) -> Batch {
    let packed = Packed::new(run.to_owned(), numbers.to_vec(), records).unwrap();
    assert_eq!(packed.records().unwrap(), records);
    Batch { records: vec![encode(&"archived")], archive: vec![packed], ..Batch::default() }
}

fn change(store: &Store, change: impl FnOnce(&mut Blocks<'_>)) {
    let writing = store.db().begin_write().unwrap();
    change(&mut writing.open_table(ARCHIVE).unwrap());
    writing.commit().unwrap();
}

#[test]
fn what_is_archived_leaves_the_log_and_every_other_record_keeps_its_number() {
    let records = long();
    let (store, numbers) = with(&records);
    let before = store.numbered().unwrap();
    let placed = commit(&store, archive(RUN, &numbers, &records));
    assert_eq!(placed.records, 24..25, "the newest number goes on");
    let mut left = before;
    left.retain(|(number, _)| !numbers.contains(number));
    left.push((24, encode(&"archived")));
    assert_eq!(store.numbered().unwrap(), left);
    assert_eq!(store.records().unwrap().len(), 17);
    assert_eq!(store.size().unwrap().records, 17);
    assert_eq!(store.archived(RUN).unwrap(), records);
    assert_eq!(store.archived_runs().unwrap(), [RUN]);
    assert_eq!(commit(&store, batch(9)).records, 25..27);

    let mut seen = Vec::new();
    let mut after = 0;
    while let Some(last) = store
        .look_through(after, 3, &mut |number, bytes| {
            seen.push((number, bytes.to_vec()));
            Ok(())
        })
        .unwrap()
    {
        after = last;
    }
    assert_eq!(seen, store.numbered().unwrap(), "a few at a time");
}

#[test]
fn every_copy_of_the_store_has_the_archive() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Store::open(&path).unwrap();
    let records = long();
    let numbers = commit(&store, Batch { records: records.clone(), ..Batch::default() }).records;
    commit(&store, archive(RUN, &numbers.collect::<Vec<_>>(), &records));
    let digest = store.backup_mark().unwrap().0;
    store.purge().unwrap();
    assert_eq!(
        (store.archived(RUN).unwrap(), store.backup_mark().unwrap().0),
        (records.clone(), digest)
    );
    let copy = folder.path().join("copy");
    store.copy_to(&copy, |found| *found).unwrap();
    let copy = Store::open(&copy).unwrap();
    assert_eq!(copy.archived(RUN).unwrap(), records);
    assert_eq!(copy.backup_mark().unwrap(), (digest, Some(digest.to_vec())));
    // The digest is of the archive, too.
    change(&copy, |blocks| drop(blocks.remove((RUN, 3)).unwrap()));
    assert_ne!(copy.backup_mark().unwrap().0, digest);
}

#[test]
fn a_run_is_archived_once_and_what_fails_changes_nothing() {
    let records = long();
    let (store, numbers) = with(&records);
    commit(&store, archive(RUN, &numbers[..3], &records[..3]));
    let before = store.numbered().unwrap();
    let again = archive(RUN, &numbers[3..], &records[3..]);
    let refused = store.commit([again].iter_mut());
    assert!(matches!(refused, Err(StoreError::Archived { .. })), "{refused:?}");
    assert_eq!(store.numbered().unwrap(), before);
    assert_eq!(store.archived(RUN).unwrap(), records[..3]);
    // Names that begin alike are not mistaken for each other.
    commit(&store, archive("btst@2026-11-23.2", &numbers[3..], &records[3..]));
    assert_eq!(store.archived(RUN).unwrap(), records[..3]);
    assert_eq!(store.archived("btst@2026-11-23.2").unwrap(), records[3..]);
    assert_eq!(store.archived_runs().unwrap(), [RUN, "btst@2026-11-23.2"]);
}

#[test]
fn what_is_not_there_or_damaged_is_an_error() {
    let records = long();
    let (store, numbers) = with(&records);
    let nothing = store.archived(RUN);
    assert!(matches!(nothing, Err(StoreError::NotArchived { .. })), "{nothing:?}");
    commit(&store, archive(RUN, &numbers, &records));
    change(&store, |blocks| drop(blocks.remove((RUN, 1)).unwrap()));
    assert!(matches!(store.archived(RUN), Err(StoreError::Unreadable { table: "archive", .. })));
    change(&store, |blocks| drop(blocks.insert((RUN, 1), b"\x01\0".as_slice()).unwrap()));
    assert!(matches!(store.archived(RUN), Err(StoreError::Unreadable { table: "archive", .. })));
    change(&store, |blocks| drop(blocks.insert((RUN, 1), b"\x09".as_slice()).unwrap()));
    assert!(matches!(store.archived(RUN), Err(StoreError::UnknownVersion { found: Some(9), .. })));
    let huge = Packed::new(RUN.to_owned(), vec![1], &[vec![0; 17 << 20]]);
    assert!(matches!(huge, Err(StoreError::RecordTooLong)));
}

#[test]
fn a_store_without_an_archive_gets_one() {
    let backend = disk::Disk::default();
    let store = Store::open_backend(backend.clone()).unwrap();
    commit(&store, batch(1));
    let writing = store.db().begin_write().unwrap();
    assert!(writing.delete_table(ARCHIVE).unwrap());
    writing.commit().unwrap();
    store.close().unwrap();
    let store = Store::open_backend(backend.reopened()).unwrap();
    assert_eq!(store.archived_runs().unwrap(), Vec::<String>::new());
    let reading = store.db().begin_read().unwrap();
    assert_eq!(reading.open_table(RECORDS).unwrap().iter().unwrap().count(), 2);
}
