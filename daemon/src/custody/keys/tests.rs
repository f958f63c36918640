//! Tasks with the vault's keys and what they leave; with the power going in between in `crash` beside the
//! tests of custody.

use muster_protocol::ids::TicketId;
use zeroize::Zeroizing;

use super::*;
use crate::credential::{Credential, SecretText};
use crate::store::Store;
use crate::store::tests::disk::Disk;
use crate::vault::new_key_text;

/// A store with two people's credentials, and the key that opens it.
fn filled() -> (Vec<u8>, Zeroizing<String>) {
    let (vault, header, text) = Vault::with_key();
    let disk = Disk::default();
    let store = Store::open_backend(disk.clone()).unwrap();
    store.put_header(&header.to_bytes()).unwrap();
    let mut custody = Custody::new(header, Some(vault), Vec::new(), Vec::new());
    for (number, user) in (1..).zip(["asha", "ravi"]) {
        let secret = |text: &str| SecretText::new(format!("{text}-{user}"));
        let credential =
            Credential::Zerodha { api_key: secret("key"), api_secret: secret("CANARY") };
        custody.hold_draft(TicketId(1), credential);
        let batch = custody.adopt_draft(TicketId(1), &user.parse().unwrap(), AccountId(number));
        store.commit([batch.unwrap()].iter_mut()).unwrap();
    }
    store.close().unwrap();
    (disk.image(), text)
}

fn custody_of(store: &Store, secret: &str) -> Option<Custody> {
    let header = Header::from_bytes(&store.header().unwrap().unwrap()).unwrap();
    let vault = Vault::open(&header, secret.as_bytes()).ok()?;
    let (rows, keys) = (store.sealed().unwrap(), store.user_keys().unwrap());
    Some(Custody::new(header, Some(vault), rows, keys))
}

fn everything_opens(custody: &Custody) -> bool {
    (1..).zip(["asha", "ravi"]).all(|(number, user)| {
        let credential = custody.credential(&user.parse().unwrap(), AccountId(number));
        credential.is_ok_and(|credential| match &*credential {
            Credential::Zerodha { api_secret, .. } => {
                api_secret.expose() == format!("CANARY-{user}")
            }
            Credential::AngelOne { .. } => false,
        })
    })
}

fn task(custody: &mut Custody, task: &KeyTask, old: &str, new: &str) -> Batch {
    let secret = |text: &str| Secret::new(text.to_owned());
    let secrets = KeySecrets { secret: secret(old), new: Some(secret(new)) };
    let derived = derive(custody.header(), task, &secrets).unwrap();
    custody.take_over(derived).unwrap()
}

#[test]
fn a_task_with_a_wrong_secret_changes_nothing() {
    let (image, old) = filled();
    let store = Store::open_backend(Disk::with(image)).unwrap();
    let custody = custody_of(&store, &old).unwrap();
    let wrong = || KeySecrets { secret: Secret::new("wrong".to_owned()), new: None };
    for task in [KeyTask::Unseal, KeyTask::RemoveSlot(0), KeyTask::Rotate] {
        let refused = derive(custody.header(), &task, &wrong()).err();
        assert_eq!(refused, Some(VaultError::WrongPassphrase));
    }
}

#[test]
fn i15_sealed_again_a_user_has_another_key_and_no_old_record_opens_in_its_place() {
    let (image, old) = filled();
    let store = Store::open_backend(Disk::with(image)).unwrap();
    let mut custody = custody_of(&store, &old).unwrap();
    let before = store.sealed().unwrap();
    let batch = custody.reencrypt(&"asha".parse().unwrap(), &[AccountId(1)]).unwrap();
    assert_eq!((batch.user_keys.len(), batch.sealed.len()), (1, 1));
    assert_eq!(batch.sealed[0].generation, 2);
    assert!(everything_opens(&custody));
    custody.rows.insert((AccountId(1), 1), before[0].clone());
    assert!(!everything_opens(&custody));
}

#[test]
fn slots_are_listed_without_what_is_in_them() {
    let (image, old) = filled();
    let store = Store::open_backend(Disk::with(image)).unwrap();
    let mut custody = custody_of(&store, &old).unwrap();
    let new = new_key_text().unwrap();
    task(&mut custody, &KeyTask::AddSlot(SlotKind::Recovery), &old, &new);
    let kinds: Vec<_> = custody.slots().iter().map(|slot| (slot.slot, slot.kind)).collect();
    assert_eq!(kinds, [(0, SlotKind::KeyFile), (1, SlotKind::Recovery)]);
    task(&mut custody, &KeyTask::RemoveSlot(0), &new, &new);
    assert_eq!(custody.slots().len(), 1);
}

#[test]
fn i16_no_task_makes_a_passphrase_cheaper_to_try_than_it_was() {
    let dear = KdfParams { passes: 4, ..KdfParams::FLOOR };
    let (header, _) = Vault::create(b"CANARY correct horse", dear).unwrap();
    let secret = |text: &str| Secret::new(text.to_owned());
    for task in [KeyTask::ChangeSecret, KeyTask::UpgradeKdf] {
        let secrets = KeySecrets {
            secret: secret("CANARY correct horse"),
            new: Some(secret("CANARY battery staple")),
        };
        let Derived::Changed(changed) = derive(&header, &task, &secrets).unwrap() else {
            panic!("{task:?} changes slots");
        };
        let expected = KdfParams { passes: 4, ..KdfParams::default() };
        assert_eq!(changed.slots().next().unwrap().cost, Some(expected), "{task:?}");
    }
}
