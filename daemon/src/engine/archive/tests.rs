//! A week-old run on a disk that tears what was not synced: it is in the log or in the archive, whole.

use muster_protocol::ids::RunId;
use muster_protocol::time::Timestamp;

use super::*;
use crate::domain::run::RunEvent;
use crate::domain::tests::archive::a_week_later;
use crate::domain::tests::archive::seen::{assert_same, details, model_of};
use crate::store::tests::disk::{Disk, Random, seeds};
use crate::store::{Batch, encode};

/// A store with all that happened in a week, the run that can be archived, and the evening it is.
struct Week {
    disk: Disk,
    log: Vec<Record>,
    run: RunId,
    now: Timestamp,
}

fn week() -> Week {
    let (log, run, now) = a_week_later();
    let disk = Disk::default();
    let store = Store::open_backend(disk.clone()).unwrap();
    let records = log.iter().map(encode).collect();
    commit(&store, Batch { records, ..Batch::default() }).unwrap();
    store.close().unwrap();
    Week { disk: disk.reopened(), log, run, now }
}

fn commit(store: &Store, batch: Batch) -> Result<(), StoreError> {
    store.commit([batch].iter_mut()).map(drop)
}

fn replay(store: &Store, now: Timestamp) -> Model {
    let rows = store.numbered().unwrap();
    let log: Vec<Record> = rows.iter().map(|(_, row)| decode(row).unwrap()).collect();
    model_of(&log, now)
}

/// What the daemon does in a quiet hour, if it was not done before; whether it is known to be durable.
fn archive(disk: &Disk, week: &Week) -> bool {
    let Ok(store) = Store::open_backend(disk.clone()) else { return false };
    let model = replay(&store, week.now);
    if model.is_archived(&week.run) {
        return true;
    }
    assert!(model.may_archive(&week.run, week.now.date()));
    let Some((run, Ok((packed, whole)))) = pack_all(&store, std::slice::from_ref(&week.run)).pop()
    else {
        return false;
    };
    assert!(model.is_whole(&run, &whole));
    let remains = Box::new(model.remains(&run).unwrap());
    let event = RunEvent::Archived { remains, last: model.last_of(&run), at: week.now };
    let records = vec![encode(&Record::Run(run, event))];
    commit(&store, Batch { records, archive: vec![packed], ..Batch::default() }).is_ok()
}

/// Whether the run is archived here; either way nothing of it is missing or there twice.
fn check(disk: &Disk, week: &Week, case: &str) -> bool {
    let store = Store::open_backend(disk.clone()).unwrap_or_else(|error| panic!("{case}: {error}"));
    let before = model_of(&week.log, week.now);
    let found = replay(&store, week.now);
    let own = |record: &Record| {
        let About(of) = decode(&encode(record)).unwrap();
        of.as_ref() == Some(&week.run)
    };
    let rows = store.numbered().unwrap();
    let mut numbered = (1..).zip(&week.log).collect::<Vec<(u64, _)>>();
    if !found.is_archived(&week.run) {
        assert_eq!(rows.len(), numbered.len(), "{case}");
        assert_eq!(store.archived_runs().unwrap(), Vec::<String>::new(), "{case}");
        assert_same(&found, &before);
        return false;
    }
    let gone: Vec<&Record> = week.log.iter().filter(|record| own(record)).collect();
    numbered.retain(|(_, record)| !own(record));
    assert_eq!(rows.len(), numbered.len() + 1, "{case}");
    for ((number, record), (found, row)) in numbered.into_iter().zip(&rows) {
        assert_eq!((number, &encode(record)), (*found, row), "{case}");
    }
    let read = read_archived(&store, &week.run, found.remains(&week.run).as_ref()).unwrap();
    assert_eq!(read.iter().collect::<Vec<_>>(), gone, "{case}");
    let shown = details(&replayed(&read), &week.run, None);
    assert_eq!(shown, details(&before, &week.run, None), "{case}");
    assert_eq!(verify_archive(&store, &found).unwrap(), 1, "{case}");
    true
}

#[test]
fn i11_a_run_is_archived_whole_or_not_at_all_wherever_the_power_goes() {
    let week = week();
    assert!(!check(&week.disk.reopened(), &week, "before"));
    let calm = week.disk.reopened();
    assert!(archive(&calm, &week));
    for seed in seeds(1) {
        let mut archived = 0;
        for call in 1..=calm.calls() {
            let mut random = Random(seed.wrapping_add(call));
            let case = format!("MUSTER_SEED={seed}, crash at call {call}");
            let disk = week.disk.reopened();
            disk.crash_at_call(call);
            let acknowledged = archive(&disk, &week);
            let disk = disk.after_crash(&mut random);
            let found = check(&disk.reopened(), &week, &case);
            assert!(found || !acknowledged, "{case}: it was acknowledged");
            archived += u32::from(found);
            let again = disk.reopened();
            assert!(archive(&again, &week), "{case}: and goes on");
            assert!(check(&again.reopened(), &week, &case));
        }
        assert!(archived > 0, "nothing survives");
    }
}

#[test]
fn of_an_archive_that_is_not_what_was_put_there_nothing_is_shown() {
    let week = week();
    assert!(archive(&week.disk, &week));
    let store = Store::open_backend(week.disk.reopened()).unwrap();
    let model = replay(&store, week.now);
    let remains = model.remains(&week.run);
    let read = |remains: Option<&Remains>| read_archived(&store, &week.run, remains);
    assert!(read(remains.as_ref()).is_ok());
    assert!(matches!(read(None), Err(ArchiveError::Another(_))));
    let mut other = remains.unwrap();
    other.counts.filled += 1;
    assert!(matches!(read(Some(&other)), Err(ArchiveError::Another(_))));
    // A run that was not archived, and one of which nothing is there.
    let none = model_of(&week.log, week.now);
    assert!(matches!(verify_archive(&store, &none), Err(ArchiveError::Stray(_))));
    let elsewhere = Store::open_backend(Disk::default()).unwrap();
    let lost = verify_archive(&elsewhere, &model);
    assert!(matches!(lost, Err(ArchiveError::Store(StoreError::NotArchived { .. }))), "{lost:?}");
}

#[test]
fn what_cannot_be_packed_says_why() {
    let week = week();
    let store = Store::open_backend(week.disk.reopened()).unwrap();
    let strange: RunId = "btst@2026-11-20".to_owned().try_into().unwrap();
    let packed = pack_all(&store, &[strange, week.run.clone()]);
    let found: Vec<bool> = packed.iter().map(|(_, read)| read.is_ok()).collect();
    assert_eq!(found, [false, true], "one that has no records does not keep the other back");
    commit(&store, Batch { records: vec![b"\x01{}".to_vec()], ..Batch::default() }).unwrap();
    let packed = pack_all(&store, std::slice::from_ref(&week.run));
    assert!(matches!(&packed[..], [(_, Err(why))] if why.contains("cannot be read")), "{packed:?}");
}
