//! The power goes at every write and sync, and again while the store recovers from that; and calls fail
//! while it stays on.

use std::io::ErrorKind;

use super::disk::{Disk, Fault, Random, seeds};
use super::*;

const BATCHES: u32 = 8;

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
        if store.commit([batch_of(n)].iter_mut()).is_err() {
            return n - 1;
        }
    }
    BATCHES
}

/// Later batches are large, so that the file has to grow under them.
fn batch_of(n: u32) -> Batch {
    let filler = (0..20 * n).map(|kind| row(n, u8::try_from(kind).unwrap(), 1));
    Batch { sealed: filler.collect(), ..batch(n) }
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
fn i11_acknowledged_batches_survive_a_crash_at_every_write_and_sync() {
    let empty = formatted();
    let calm = empty.reopened();
    assert_eq!(work(&calm), BATCHES);
    for seed in seeds(1) {
        for call in 1..=calm.calls() {
            let mut random = Random(seed.wrapping_add(call));
            let case = format!("MUSTER_SEED={seed}, crash at call {call}");
            let disk = empty.reopened();
            disk.crash_at_call(call);
            let acknowledged = work(&disk);
            let disk = disk.after_crash(&mut random);

            // The power goes again while the store opens or writes on.
            let again = disk.reopened();
            again.crash_at_call(1 + random.below(60) as u64);
            let more = work(&again).max(acknowledged);
            check(&again.after_crash(&mut random), more, &format!("{case}, and again"));

            check(&disk, acknowledged, &case);
            assert_eq!(work(&disk.reopened()), BATCHES, "{case}: and goes on");
        }
    }
}

/// The disk is full, or broken, from one call on or for that call alone, for every call there is. Nothing
/// is acknowledged after that, and what was acknowledged before is there.
#[test]
fn i12_whichever_call_fails_the_first_report_of_it_is_the_last_and_nothing_acknowledged_is_lost() {
    let empty = formatted();
    for seed in seeds(1) {
        for (error, lasts) in [
            (ErrorKind::StorageFull, true),
            (ErrorKind::StorageFull, false),
            (ErrorKind::Other, true),
            (ErrorKind::Other, false),
        ] {
            let mut fired = 0;
            for at in 1.. {
                let case = format!("MUSTER_SEED={seed}, {error} at call {at}, lasting: {lasts}");
                let disk = empty.reopened();
                disk.fail(Fault { at, error, lasts });
                let Some((acknowledged, failed)) = write_until_it_fails(&disk, &case) else {
                    assert!(disk.calls() >= at, "{case}: it does not open, and nothing failed");
                    continue;
                };
                check(&disk.reopened(), acknowledged, &case);
                let mut random = Random(seed.wrapping_add(at));
                check(
                    &disk.after_crash(&mut random),
                    acknowledged,
                    &format!("{case}, and a crash"),
                );
                if disk.calls() < at {
                    assert!(!failed, "{case}");
                    break;
                }
                fired += 1;
            }
            assert!(fired > 100, "{fired} calls could fail");
        }
    }
}

/// Commits through the writer until it says that it failed; gives how many batches were acknowledged, and
/// whether it failed. `None` if the store does not even open.
fn write_until_it_fails(disk: &Disk, case: &str) -> Option<(u32, bool)> {
    let store = Arc::new(Store::open_backend(disk.clone()).ok()?);
    let (tx, rx) = mpsc::channel();
    let writer = Writer::start(Arc::clone(&store), move |report| tx.send(report).unwrap()).unwrap();
    let mut acknowledged = 0;
    let mut failed = false;
    for n in 1..=4 {
        writer.submit(batch_of(n), n).unwrap();
        match rx.recv().unwrap() {
            Report::Committed { note, .. } => acknowledged = note,
            Report::Failed(_) => {
                failed = true;
                break;
            }
        }
    }
    if failed {
        let calls = disk.calls();
        assert!(rx.recv().is_err(), "{case}: it was the last report");
        assert_eq!(writer.submit(batch_of(9), 9), Err(WriterStopped), "{case}");
        // Nor does anybody else get anything written by this process.
        assert!(store.commit([batch_of(9)].iter_mut()).is_err(), "{case}");
        assert_eq!(disk.calls(), calls, "{case}: the disk was written to");
    }
    writer.stop();
    Some((acknowledged, failed))
}

/// A copy that loses power or hits a failing disk is whole, or nobody takes it for a backup.
#[test]
fn i11_a_copy_is_whole_or_is_no_backup_whichever_call_fails() {
    let source = formatted();
    assert_eq!(work(&source), BATCHES);
    let store = Store::open_backend(source.reopened()).unwrap();
    let digest = backup::digest(&store.db()).unwrap();
    let mac = |digest: &[u8; 32]| digest.map(|byte| !byte);
    let fill = |disk: &Disk| backup::fill(&store.db(), disk.clone(), mac).is_ok();
    let calm = Disk::default();
    assert!(fill(&calm));
    for seed in seeds(1) {
        for call in 1..=calm.calls() {
            let case = format!("MUSTER_SEED={seed}, crash at call {call}");
            let disk = Disk::default();
            disk.crash_at_call(call);
            assert!(!fill(&disk), "{case}: the copy gets no name");
            let torn = disk.after_crash(&mut Random(seed.wrapping_add(call)));
            let Ok(copy) = Store::open_backend(torn) else { continue };
            if let Ok((found, Some(mark))) = copy.backup_mark() {
                assert_eq!((found, mark), (digest, mac(&digest).to_vec()), "{case}");
            }
            let no_room = Disk::default();
            no_room.fail(Fault { at: call, error: ErrorKind::StorageFull, lasts: true });
            assert!(!fill(&no_room), "{case}: a full disk is reported");
        }
    }
    check(&calm.reopened(), BATCHES, "without a crash");
}
