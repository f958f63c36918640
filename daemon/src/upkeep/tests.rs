//! Putting a backup back, with the power going between any two changes of the folder.

use std::os::unix::fs::PermissionsExt;

use muster_protocol::time::Timestamp;

use muster_protocol::event::AuditEntry;

use super::*;
use crate::passphrase::Source;
use crate::store::steps::power;
use crate::store::{Batch, Found};

fn entry(what: &str) -> Batch {
    let audit = AuditEntry {
        at: Timestamp::from_millis(1_763_970_000_000),
        by: "uid 1000".to_owned(),
        role: "operator".to_owned(),
        what: what.to_owned(),
        whom: None,
        done: true,
    };
    Batch { audit: vec![audit], ..Batch::default() }
}

/// A folder with a store of two audit entries, a backup of its first, and what opens both.
fn folder() -> (tempfile::TempDir, PathBuf, PathBuf, Passphrase) {
    let folder = tempfile::tempdir().unwrap();
    let (vault, header, text) = Vault::with_key();
    fs::write(folder.path().join("key"), text.as_bytes()).unwrap();
    let source = Source::Credential { directory: folder.path().to_owned(), name: "key".to_owned() };
    let passphrase = Passphrase::read(&source).unwrap();
    let (path, backup) = (folder.path().join("store"), folder.path().join("backup"));
    let store = Store::open(&path).unwrap();
    store.put_header(&header.to_bytes()).unwrap();
    let epochs = Epochs::beside(&path);
    epochs.advance(&store, entry("first"), 1).unwrap();
    let key = vault.backup_key().unwrap();
    epochs.backed_up(&store, &backup, |digest| key.mac(digest)).unwrap();
    store.commit([entry("second")].iter_mut()).unwrap();
    store.close().unwrap();
    (folder, path, backup, passphrase)
}

#[test]
fn i18_a_restore_that_loses_power_leaves_a_whole_store_and_the_old_one_is_never_taken_for_the_newest()
 {
    let mut crashes = 0;
    for steps in 0.. {
        let (folder, path, backup, passphrase) = folder();
        power::goes_after(steps);
        let restored = restore(&path, &backup, &passphrase);
        let went = power::is_back();
        assert_eq!(restored.is_err(), went, "after {steps} steps: {restored:?}");

        let found = verify(&path, &passphrase).unwrap_or_else(|e| panic!("{steps}: {e}"));
        assert!(!found.backup, "after {steps} steps");
        let store = Store::open(&path).unwrap();
        let looked = Epochs::beside(&path).look(&store).unwrap().0;
        store.close().unwrap();
        let is_old = found.audit.entries == 1;
        assert!(is_old || found.audit.entries == 2, "after {steps} steps: {found:?}");
        assert!(!is_old || looked == Found::Older, "after {steps} steps the old one is {looked:?}");
        assert_eq!(verify(&backup, &passphrase).unwrap().audit.entries, 1);

        // What was left lying does not keep the next one from its end.
        restore(&path, &backup, &passphrase).unwrap();
        assert_eq!(verify(&path, &passphrase).unwrap().audit.entries, 1);
        assert!(folder.path().join("store.replaced").exists());
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        if !went {
            break;
        }
        crashes += 1;
    }
    assert!(crashes >= 10, "{crashes} crashes");
}

#[test]
fn i11_a_backup_that_loses_power_leaves_none_or_a_whole_one() {
    let mut crashes = 0;
    for steps in 0.. {
        let (folder, path, _, passphrase) = folder();
        let again = folder.path().join("again");
        let store = Store::open(&path).unwrap();
        let header = Header::from_bytes(&store.header().unwrap().unwrap()).unwrap();
        let key = Vault::open(&header, passphrase.expose()).unwrap().backup_key().unwrap();
        power::goes_after(steps);
        let made = Epochs::beside(&path).backed_up(&store, &again, |digest| key.mac(digest));
        let went = power::is_back();
        assert_eq!(made.is_err(), went, "after {steps} steps");
        store.close().unwrap();
        if again.exists() {
            let found = verify(&again, &passphrase).unwrap();
            assert!(found.backup && found.audit.entries == 2, "after {steps} steps: {found:?}");
        }
        let found = verify(&path, &passphrase).unwrap();
        assert_eq!((found.backup, found.audit.entries), (false, 2), "after {steps} steps");
        let store = Store::open(&path).unwrap();
        let looked = Epochs::beside(&path).look(&store).unwrap().0;
        assert_eq!(looked, Found::Newest, "after {steps} steps");
        // What was left lying does not keep the next one from its name.
        let name = if again.exists() { folder.path().join("another") } else { again };
        Epochs::beside(&path).backed_up(&store, &name, |digest| key.mac(digest)).unwrap();
        store.close().unwrap();
        assert!(verify(&name, &passphrase).unwrap().backup);
        if !went {
            break;
        }
        crashes += 1;
    }
    assert!(crashes >= 9, "{crashes} crashes");
}
