//! The power goes at every sync, and again while the store recovers from that.

use super::disk::{Disk, Random};
use super::*;

const BATCHES: u32 = 12;

/// A disk with an empty store, as it is from the moment the file has its name.
fn formatted() -> Disk {
    let disk = Disk::default();
    Store::open_backend(disk.clone()).unwrap().close().unwrap();
    disk.reopened()
}

/// Opens, commits, until the disk is gone. Returns how many batches were acknowledged.
fn work(disk: &Disk) -> u32 {
    let Ok(store) = Store::open_backend(disk.clone()) else { return 0 };
    let done = u32::try_from(store.records().unwrap().len() / 2).unwrap();
    for n in done + 1..=BATCHES {
        // Later batches are large, so that the file has to grow under them.
        let filler = (0..20 * n).map(|kind| row(n, u8::try_from(kind).unwrap(), 1));
        let big = Batch { sealed: filler.collect(), ..batch(n) };
        if store.commit([big].iter()).is_err() {
            return n - 1;
        }
    }
    BATCHES
}

/// Every batch is whole or absent, those that are there are the first ones, none acknowledged is missing.
fn check(disk: &Disk, acknowledged: u32, case: &str) {
    let store = Store::open_backend(disk.clone()).unwrap_or_else(|e| panic!("{case}: {e}"));
    let records = store.records().unwrap();
    let there = u32::try_from(records.len() / 2).unwrap();
    assert!(there >= acknowledged, "{case}: {there} of {acknowledged} acknowledged");
    assert!(there <= acknowledged + 1, "{case}: {there} after {acknowledged}");
    let written: Vec<Vec<u8>> = (1..=there).flat_map(|n| batch(n).records).collect();
    assert_eq!(records, written, "{case}");
    let journal = store.journal(&JournalFilter::default(), 0, 1_000).unwrap();
    let texts: Vec<String> = journal.into_iter().map(|entry| entry.text).collect();
    assert_eq!(texts, (1..=there).map(|n| format!("batch {n}")).collect::<Vec<_>>(), "{case}");
    let rows = store.sealed().unwrap().len();
    assert_eq!(rows, (1..=there).map(|n| 20 * n as usize).sum::<usize>(), "{case}");
    assert_eq!(store.user_keys().unwrap().len(), there as usize, "{case}");
}

#[test]
fn i11_acknowledged_batches_survive_a_crash_at_every_sync() {
    let calm = formatted();
    assert_eq!(work(&calm), BATCHES);
    let mut seed = [0; 8];
    getrandom::fill(&mut seed).unwrap();
    for seed in [1, 2, 3, u64::from_le_bytes(seed)] {
        let mut random = Random(seed);
        for sync in 1..=calm.syncs() {
            let case = format!("seed {seed}, crash at sync {sync}");
            let disk = formatted();
            disk.crash_at_sync(sync);
            let acknowledged = work(&disk);
            let disk = disk.after_crash(&mut random);

            // The power goes again while the store opens or writes on.
            let again = disk.reopened();
            again.crash_at_sync(1 + random.below(6) as u64);
            let more = work(&again).max(acknowledged);
            check(&again.after_crash(&mut random), more, &format!("{case}, and again"));

            check(&disk, acknowledged, &case);
            assert_eq!(work(&disk.reopened()), BATCHES, "{case}: and goes on");
        }
    }
}
