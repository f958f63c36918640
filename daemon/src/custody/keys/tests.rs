//! Every key operation, with the power going at each sync of its commit: afterwards the store opens with
//! the old secret or the new one, and everything in it opens with that.

use muster_protocol::ids::TicketId;
use zeroize::Zeroizing;

use super::*;
use crate::credential::{Credential, SecretText};
use crate::store::Store;
use crate::store::tests::disk::{Disk, Random};
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
        store.commit([batch.unwrap()].iter()).unwrap();
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

type Operation = fn(&mut Custody, &str, &str) -> Batch;

fn task(custody: &mut Custody, task: &KeyTask, old: &str, new: &str) -> Batch {
    let secret = |text: &str| Secret::new(text.to_owned());
    let secrets = KeySecrets { secret: secret(old), new: Some(secret(new)) };
    let derived = derive(custody.header(), task, &secrets).unwrap();
    custody.take_over(derived).unwrap()
}

const OPERATIONS: [(&str, Operation); 4] = [
    ("add a slot", |custody, old, new| {
        task(custody, &KeyTask::AddSlot(SlotKind::Recovery), old, new)
    }),
    ("change a secret", |custody, old, new| task(custody, &KeyTask::ChangeSecret, old, new)),
    ("rotate", |custody, old, new| task(custody, &KeyTask::Rotate, old, new)),
    ("seal a user's again", |custody, _, _| {
        custody.reencrypt(&"asha".parse().unwrap(), &[AccountId(1)]).unwrap()
    }),
];

#[test]
fn i11_a_key_operation_that_loses_power_leaves_the_old_or_the_new() {
    let (image, old) = filled();
    let new = new_key_text().unwrap();
    let mut seed = [0; 8];
    getrandom::fill(&mut seed).unwrap();
    let mut crashes = 0_u32;
    for seed in (1..=100).chain([u64::from_le_bytes(seed)]) {
        let mut random = Random(seed);
        for (name, operation) in OPERATIONS {
            let mut sync = 1;
            loop {
                let case = format!("{name}, seed {seed}, crash at sync {sync}");
                let disk = Disk::with(image.clone());
                let store = Store::open_backend(disk.clone()).unwrap();
                let mut custody = custody_of(&store, &old).unwrap();
                let batch = operation(&mut custody, &old, &new);
                disk.crash_at_sync(disk.syncs() + sync);
                let committed = store.commit([batch].iter()).is_ok();
                drop(store);
                let store = Store::open_backend(disk.after_crash(&mut random)).unwrap();
                let opened = [&old, &new].map(|secret| custody_of(&store, secret));
                assert!(opened.iter().flatten().count() > 0, "{case}: nothing opens it");
                for custody in opened.iter().flatten() {
                    assert!(everything_opens(custody), "{case}");
                }
                if committed {
                    assert!(everything_opens(&custody), "{case}: and in memory");
                    break;
                }
                crashes += 1;
                sync += 1;
            }
        }
    }
    assert!(crashes >= 400, "{crashes} crashes");
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
fn sealed_again_a_user_has_another_key_and_no_old_record_opens_in_its_place() {
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
