//! Old journal entries in blocks: what is asked of the journal has the same answer before and after, and a
//! crash while they are packed loses none.

use redb::Table;

use super::super::pack::LOOSE;
use super::super::tables::JOURNAL_BLOCKS;
use super::disk::{Disk, Random, seeds};
use super::*;

/// So many that five blocks can be made, and some more.
const ENTRIES: u64 = LOOSE + 5 * 1_024 + 100;

type Blocks<'a> = Table<'a, u64, &'static [u8]>;

fn numbered(numbers: std::ops::RangeInclusive<u64>) -> Batch {
    let line = |n: u64| JournalEntry {
        level: if n.is_multiple_of(1_000) { Level::Warn } else { Level::Info },
        user: n.is_multiple_of(3).then(|| "asha".parse().unwrap()),
        ..entry(&format!("accepted as 2611230000{n}"))
    };
    Batch { journal: numbers.map(line).collect(), ..Batch::default() }
}

fn packed() -> Batch {
    Batch { pack: true, ..Batch::default() }
}

fn blocks(store: &Store) -> u64 {
    use redb::ReadableTableMetadata;
    let reading = store.db().begin_read().unwrap();
    reading.open_table(JOURNAL_BLOCKS).unwrap().len().unwrap()
}

#[test]
fn the_journal_answers_as_it_did_before_it_was_packed() {
    let (plain, store) = (in_memory(), in_memory());
    for store in [&plain, &store] {
        commit(store, numbered(1..=ENTRIES));
    }
    commit(&store, packed());
    assert_eq!((blocks(&store), blocks(&plain)), (5, 0));
    assert!(!store.is_loose().unwrap());
    commit(&store, packed());
    assert_eq!(blocks(&store), 5, "what is not a whole block stays");

    let warned = JournalFilter { level: Some(Level::Warn), ..JournalFilter::default() };
    let hers = JournalFilter { user: "asha".parse().ok(), ..JournalFilter::default() };
    for filter in [JournalFilter::default(), warned, hers] {
        for before in [None, Some(1), Some(2), Some(1_024), Some(1_025), Some(5_121), Some(9_000)] {
            for (after, limit) in
                [(0, 1_000), (0, 3), (1_023, 10), (1_024, 1_000), (5_119, 7), (ENTRIES, 9)]
            {
                let filter = JournalFilter { before, ..filter.clone() };
                let ask = |store: &Store| store.journal(&filter, after, limit).unwrap();
                assert_eq!(ask(&store), ask(&plain), "{filter:?} after {after}, {limit}");
            }
        }
    }
    assert_eq!(store.journal_length().unwrap(), ENTRIES);
    assert_eq!(store.size().unwrap().journal, ENTRIES);
    // The numbers go on.
    let placed = commit(&store, numbered(1..=1));
    assert_eq!(placed.journal[0].seq, ENTRIES + 1);
}

#[test]
fn a_transaction_packs_no_more_than_its_worth() {
    let store = in_memory();
    commit(&store, numbered(1..=LOOSE + 20 * 1_024));
    commit(&store, packed());
    assert_eq!((blocks(&store), store.is_loose().unwrap()), (16, true));
    commit(&store, packed());
    assert_eq!((blocks(&store), store.is_loose().unwrap()), (20, false));
}

#[test]
fn a_damaged_block_is_an_error_and_a_missing_one_a_gap() {
    let damaged = |change: fn(&mut Blocks<'_>)| {
        let store = in_memory();
        commit(&store, numbered(1..=ENTRIES));
        commit(&store, packed());
        let writing = store.db().begin_write().unwrap();
        change(&mut writing.open_table(JOURNAL_BLOCKS).unwrap());
        writing.commit().unwrap();
        store
    };
    let torn = damaged(|blocks| drop(blocks.insert(1_025, [1, 0, 0].as_slice()).unwrap()));
    assert!(matches!(torn.journal_length(), Err(StoreError::Unreadable { table: "journal", .. })));
    assert!(torn.journal(&JournalFilter::default(), 1_024, 5).is_ok(), "the newest do not need it");
    let all = JournalFilter { before: Some(2_000), ..JournalFilter::default() };
    assert!(torn.journal(&all, 0, 5).is_err());
    let cut = damaged(|blocks| drop(blocks.remove(1_025).unwrap()));
    assert!(matches!(cut.journal_length(), Err(StoreError::JournalGap { after: 1_024 })));
}

#[test]
fn i11_a_crash_at_any_call_while_the_journal_is_packed_loses_no_entry() {
    let full = Disk::default();
    let store = Store::open_backend(full.clone()).unwrap();
    commit(&store, numbered(1..=ENTRIES));
    store.close().unwrap();
    let work = |disk: &Disk| {
        let store = Store::open_backend(disk.clone())?;
        store.commit([packed()].iter_mut())?;
        store.close()
    };
    let calm = full.reopened();
    work(&calm).unwrap();
    for seed in seeds(1) {
        let mut packed_in = [0, 0];
        for call in 1..=calm.calls() {
            let disk = full.reopened();
            disk.crash_at_call(call);
            drop(work(&disk));
            let disk = disk.after_crash(&mut Random(seed.wrapping_add(call)));
            let store = Store::open_backend(disk).unwrap();
            assert_eq!(store.journal_length().unwrap(), ENTRIES, "MUSTER_SEED={seed}, call {call}");
            packed_in[usize::from(blocks(&store) > 0)] += 1;
        }
        assert!(packed_in.iter().all(|cases| *cases > 0), "{packed_in:?}");
    }
}
