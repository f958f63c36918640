//! The ways to open the vault, looked after while no daemon runs. Each change is one transaction with its
//! entry in the audit.

use std::path::Path;

use muster_protocol::event::AuditEntry;
use muster_protocol::time::Timestamp;
use muster_protocol::vault::{KeyTask, SlotView};

use super::{UpkeepError, open};
use crate::custody::keys::{KeySecrets, derive};
use crate::custody::{Custody, CustodyError};
use crate::store::{Batch, Store};
use crate::vault::Header;

/// Who does something to a store while no daemon runs, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hand {
    /// By the kernel's word: `uid 1000`.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl Hand {
    /// An entry of the audit; the role tells that no daemon was asked.
    pub(super) fn entry(&self, what: impl Into<String>, done: bool) -> AuditEntry {
        let (by, role) = (self.by.clone(), "without a daemon".to_owned());
        AuditEntry { at: self.at, by, role, what: what.into(), whom: None, done }
    }
}

/// The ways to open the vault.
pub fn slots(path: &Path) -> Result<Vec<SlotView>, UpkeepError> {
    let store = open(path)?;
    let slots = custody(&store, path)?.slots();
    close(store, path)?;
    Ok(slots)
}

/// Does something to the keys, as a running daemon would.
pub fn change_keys(
    path: &Path,
    task: &KeyTask,
    secrets: &KeySecrets,
    hand: &Hand,
) -> Result<(), UpkeepError> {
    let at = |source| UpkeepError::Store { path: path.to_owned(), source };
    let store = open(path)?;
    let mut custody = custody(&store, path)?;
    match derive(custody.header(), task, secrets) {
        Ok(derived) => {
            let mut batch = custody.take_over(derived).map_err(|error| match error {
                CustodyError::Vault(error) => UpkeepError::Vault(error),
                other => UpkeepError::Custody(other),
            })?;
            batch.audit.push(hand.entry(task.words(), true));
            store.commit([batch].iter_mut()).map_err(at)?;
        }
        Err(error) => {
            let audit = vec![hand.entry(format!("{}: {error}", task.words()), false)];
            store.commit([Batch { audit, ..Batch::default() }].iter_mut()).map_err(at)?;
            return Err(error.into());
        }
    }
    close(store, path)
}

fn custody(store: &Store, path: &Path) -> Result<Custody, UpkeepError> {
    let at = |source| UpkeepError::Store { path: path.to_owned(), source };
    let header = store.header().map_err(at)?.ok_or(UpkeepError::NoVault)?;
    let header = Header::from_bytes(&header)?;
    let (rows, keys) = (store.sealed().map_err(at)?, store.user_keys().map_err(at)?);
    Ok(Custody::new(header, None, rows, keys))
}

fn close(store: Store, path: &Path) -> Result<(), UpkeepError> {
    store.close().map_err(|source| UpkeepError::Store { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use muster_protocol::ids::AccountId;
    use muster_protocol::secret::Secret;
    use muster_protocol::vault::SlotKind;

    use super::*;
    use crate::store::{Batch, SealedRow};
    use crate::vault::{Kind, RecordId, Sealed, Vault, VaultError, WrappedKey, new_key_text};

    fn hand() -> Hand {
        Hand { by: "uid 0".to_owned(), at: Timestamp::from_millis(1_763_970_000_000) }
    }

    fn secrets(secret: &str, new: Option<&str>) -> KeySecrets {
        let secret = Secret::new(secret.to_owned());
        KeySecrets { secret, new: new.map(|new| Secret::new(new.to_owned())) }
    }

    /// A store with a user's record; its first slot is of a random key, which costs nothing to try.
    fn made(path: &Path) -> String {
        let (vault, header, text) = Vault::with_key();
        let user = "asha.k".parse().unwrap();
        let (key, wrapped) = vault.new_user_key(&user).unwrap();
        let id = RecordId { account: AccountId(1), kind: Kind::Credential, generation: 1 };
        let bytes = key.seal(&id, b"CANARY-record").unwrap().into_bytes();
        let store = Store::open(path).unwrap();
        store.put_header(&header.to_bytes()).unwrap();
        let row = SealedRow { account: id.account, kind: id.kind.code(), generation: 1, bytes };
        let batch = Batch {
            sealed: vec![row],
            user_keys: vec![(user, wrapped.as_bytes().to_vec())],
            ..Batch::default()
        };
        store.commit([batch].iter_mut()).unwrap();
        store.close().unwrap();
        text.as_str().to_owned()
    }

    fn opens(path: &Path, secret: &str) -> Result<Vec<u8>, VaultError> {
        let store = Store::open(path).unwrap();
        let header = Header::from_bytes(&store.header().unwrap().unwrap()).unwrap();
        let vault = Vault::open(&header, secret.as_bytes())?;
        let (user, wrapped) = store.user_keys().unwrap().remove(0);
        let row = store.sealed().unwrap().remove(0);
        let id = RecordId { account: row.account, kind: Kind::Credential, generation: 1 };
        let key = vault.unwrap(&user, &WrappedKey::from_bytes(wrapped))?;
        Ok(key.open(&id, &Sealed::from_bytes(row.bytes))?.to_vec())
    }

    #[test]
    fn slots_are_added_changed_and_removed_without_a_daemon_and_the_audit_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let first = made(&path);
        let [recovery, other] = [(); 2].map(|()| new_key_text().unwrap().as_str().to_owned());
        let change = |task, secrets: KeySecrets| change_keys(&path, &task, &secrets, &hand());
        change(KeyTask::AddSlot(SlotKind::Recovery), secrets(&first, Some(&recovery))).unwrap();
        change(KeyTask::ChangeSecret, secrets(&first, Some(&other))).unwrap();
        assert!(matches!(opens(&path, &first), Err(VaultError::WrongPassphrase)));
        assert_eq!(opens(&path, &other).unwrap(), b"CANARY-record");
        assert_eq!(opens(&path, &recovery).unwrap(), b"CANARY-record");
        let kinds: Vec<_> = slots(&path).unwrap().iter().map(|slot| slot.kind).collect();
        assert_eq!(kinds, [SlotKind::KeyFile, SlotKind::Recovery]);
        change(KeyTask::RemoveSlot(0), secrets(&recovery, None)).unwrap();
        let last = change(KeyTask::RemoveSlot(1), secrets(&recovery, None));
        assert!(matches!(last, Err(UpkeepError::Vault(VaultError::LastSlot))));
        change(KeyTask::Rotate, secrets(&recovery, None)).unwrap();
        assert_eq!(opens(&path, &recovery).unwrap(), b"CANARY-record");
        let wrong = change(KeyTask::Rotate, secrets(&first, None));
        assert!(matches!(wrong, Err(UpkeepError::Vault(VaultError::WrongPassphrase))));
        let (rows, head) = super::super::audit(&path).unwrap();
        assert_eq!(rows.len() as u64, head.entries);
        let done: Vec<bool> = rows.iter().map(|row| row.entry.done).collect();
        assert_eq!(done, [true, true, true, false, true, false]);
        assert!(rows.iter().all(|row| row.entry.role == "without a daemon"));
    }
}
