//! A purge: what was deleted is nowhere in the new file nor in the old one's bytes, and a crash at any
//! stage leaves a whole store.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use super::super::purge::{Stage, purge};
use super::super::tables::FORMAT;
use super::*;

const GONE_KEY: &[u8] = b"CANARY-wrapped-key-of-a-removed-user-CANARY-wrapped-key-of-a-removed";
const GONE_ROW: &[u8] = b"CANARY-sealed-bytes-of-a-removed-account";

/// A store with a user who stays, and one who was removed.
fn with_a_removed_user(path: &Path) -> Store {
    let store = Store::open(path).unwrap();
    store.put_header(b"header").unwrap();
    commit(&store, batch(1));
    let sealed = vec![SealedRow { bytes: GONE_ROW.to_vec(), ..row(7, 1, 1) }];
    let user = || "gone".parse().unwrap();
    let user_keys = vec![(user(), GONE_KEY.to_vec())];
    commit(&store, Batch { sealed, user_keys, ..Batch::default() });
    let forget = vec![(AccountId(7), None)];
    let drop_user_keys = vec![user()];
    commit(&store, Batch { forget, drop_user_keys, ..Batch::default() });
    store
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|part| part == needle)
}

fn digest(store: &Store) -> [u8; 32] {
    store.backup_mark().unwrap().0
}

#[test]
fn a_removed_users_key_and_rows_are_nowhere_after_a_purge() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = with_a_removed_user(&path);
    let before = digest(&store);
    let found = fs::read(&path).unwrap();
    assert!(holds(&found, GONE_KEY) && holds(&found, GONE_ROW), "a deleted row stays in the file");
    let mut old = File::open(&path).unwrap();

    let made = store.purge().unwrap();
    assert!(made.overwritten && made.before == found.len() as u64);
    let now = fs::read(&path).unwrap();
    assert_eq!(made.after, now.len() as u64);
    assert!(!holds(&now, GONE_KEY) && !holds(&now, GONE_ROW) && !holds(&now, b"gone"));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut left = Vec::new();
    old.read_to_end(&mut left).unwrap();
    assert!(left.is_empty(), "the old file's bytes are gone");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

    // The same store, locked, and it goes on.
    assert!(matches!(Store::open(&path), Err(StoreError::InUse)));
    assert_eq!(digest(&store), before);
    commit(&store, batch(2));
    store.close().unwrap();
    let store = Store::open(&path).unwrap();
    assert_eq!(store.records().unwrap().len(), 4);
    assert_eq!(store.user_keys().unwrap().len(), 2);
}

#[test]
fn a_file_with_another_name_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("store"), folder.path().join("copy"));
    let store = with_a_removed_user(&path);
    fs::hard_link(&path, &copy).unwrap();
    assert!(!store.purge().unwrap().overwritten);
    assert!(
        holds(&fs::read(&copy).unwrap(), GONE_KEY) && !holds(&fs::read(&path).unwrap(), GONE_KEY)
    );
}

/// What is in a folder, as a crash would leave it.
fn snapshot(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn i11_a_crash_at_any_stage_of_a_purge_leaves_a_whole_store() {
    let (folder, crashed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = folder.path().join("store");
    let store = with_a_removed_user(&path);
    let expected = digest(&store);
    let mut stages = Vec::new();
    let mut crash = |stage| {
        snapshot(folder.path(), &crashed.path().join(format!("{stage:?}")));
        stages.push(stage);
        Ok(())
    };
    purge(&mut store.db.write().unwrap(), &path, &mut crash).unwrap();
    let all =
        [Stage::Copied, Stage::Synced, Stage::Renamed, Stage::FolderSynced, Stage::Overwritten];
    assert_eq!(stages, all);
    for stage in stages {
        let place: PathBuf = crashed.path().join(format!("{stage:?}"));
        let store = Store::open(&place.join("store")).unwrap();
        assert_eq!(digest(&store), expected, "{stage:?}");
        assert_eq!(fs::read_dir(&place).unwrap().count(), 1, "{stage:?}: nothing is left over");
        commit(&store, batch(2));
        store.close().unwrap();
    }
}

#[test]
fn a_purge_that_fails_before_the_rename_changes_nothing_and_after_it_is_fatal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = with_a_removed_user(&path);
    let expected = digest(&store);
    let fail_at = |at: Stage| {
        let mut fail = |stage| if stage == at { Err(StoreError::NoFile) } else { Ok(()) };
        purge(&mut store.db.write().unwrap(), &path, &mut fail).unwrap_err()
    };
    for stage in [Stage::Copied, Stage::Synced] {
        assert!(matches!(fail_at(stage), StoreError::NoFile));
        assert!(holds(&fs::read(&path).unwrap(), GONE_KEY));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        commit(&store, Batch::default());
        assert_eq!(digest(&store), expected);
    }
    assert!(matches!(fail_at(Stage::Renamed), StoreError::HalfPurged(_)));
    assert_eq!(digest(&store), expected, "the new file is the one in use");
}

#[test]
fn what_a_copy_would_leave_out_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = with_a_removed_user(&path);
    let strange = redb::TableDefinition::<u64, u64>::new("of a newer build");
    {
        let db = store.db();
        let writing = db.begin_write().unwrap();
        writing.open_table(strange).unwrap().insert(1, 1).unwrap();
        writing.commit().unwrap();
    }
    assert!(matches!(store.purge(), Err(StoreError::StrangeTable { .. })));
    let copy = store.copy_to(&folder.path().join("copy"), |_| [0; 32]);
    assert!(matches!(copy, Err(StoreError::StrangeTable { .. })));
    let reading = store.db().begin_read().unwrap();
    assert_eq!(reading.open_table(strange).unwrap().get(1).unwrap().unwrap().value(), 1);
}

#[test]
fn a_newer_builds_store_is_refused_and_not_a_byte_of_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = with_a_removed_user(&path);
    {
        let db = store.db();
        let writing = db.begin_write().unwrap();
        writing.open_table(META).unwrap().insert("format", FORMAT + 1).unwrap();
        writing.commit().unwrap();
    }
    store.close().unwrap();
    let (bytes, changed) =
        (fs::read(&path).unwrap(), fs::metadata(&path).unwrap().modified().unwrap());
    let refused = Store::open(&path).err().unwrap();
    assert!(matches!(refused, StoreError::NewerFormat { found: 2, known: 1 }), "{refused}");
    assert!(refused.to_string().contains("install the newer build"));
    assert!(fs::read(&path).unwrap() == bytes, "a byte changed");
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), changed);
}
