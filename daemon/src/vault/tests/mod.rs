//! The vault as a whole: keys that lead to the same records, slots that come and go, rotation.

mod known;
mod tamper;

use muster_protocol::ids::AccountId;

use super::*;

const ID: RecordId = RecordId { account: AccountId(1), kind: Kind::Credential, generation: 1 };

fn user(name: &str) -> UserId {
    name.parse().unwrap()
}

#[test]
fn i14_a_passphrase_leads_to_the_same_records_after_a_restart_and_a_wrong_one_nowhere() {
    let (header, vault) = Vault::create(b"correct horse", KdfParams::FLOOR).unwrap();
    let (key, wrapped) = vault.new_user_key(&user("asha")).unwrap();
    let sealed = key.seal(&ID, b"CANARY-1").unwrap();
    let tag_key = vault.derive(Purpose::OrderTag).unwrap();
    drop((vault, key));

    let header = Header::from_bytes(&header.to_bytes()).unwrap();
    assert!(matches!(Vault::open(&header, b"wrong"), Err(VaultError::WrongPassphrase)));
    let vault = Vault::open(&header, b"correct horse").unwrap();
    let key = vault.unwrap(&user("asha"), &wrapped).unwrap();
    assert_eq!(key.open(&ID, &sealed).unwrap().as_slice(), b"CANARY-1");
    assert_eq!(vault.derive(Purpose::OrderTag).unwrap(), tag_key);
    assert_ne!(vault.derive(Purpose::LoginState).unwrap(), tag_key);
}

#[test]
fn i15_a_users_key_is_no_other_users_and_no_other_stores() {
    let (vault, other) = (Vault::for_tests(), Vault::for_tests());
    let (key, wrapped) = vault.new_user_key(&user("asha")).unwrap();
    assert!(vault.unwrap(&user("ravi"), &wrapped).is_err());
    assert!(other.unwrap(&user("asha"), &wrapped).is_err());
    let sealed = key.seal(&ID, b"x").unwrap();
    assert!(vault.new_user_key(&user("asha")).unwrap().0.open(&ID, &sealed).is_err());
}

fn key(text: &str) -> NewSlot<'_> {
    NewSlot { kind: SlotKind::Recovery, secret: text.as_bytes(), cost: KdfParams::FLOOR }
}

#[test]
fn slots_come_and_go_but_never_the_last() {
    let (vault, header, first) = Vault::with_key();
    let second = new_key_text().unwrap();
    let both = vault.add_slot(&header, &key(&second)).unwrap();
    let kinds: Vec<_> = both.slots().map(|slot| (slot.number, slot.kind)).collect();
    assert_eq!(kinds, [(0, SlotKind::KeyFile), (1, SlotKind::Recovery)]);
    assert_eq!(Vault::open(&both, first.as_bytes()).unwrap().opened_by(), 0);
    assert_eq!(Vault::open(&both, second.as_bytes()).unwrap().opened_by(), 1);

    let one = vault.remove_slot(&both, 0).unwrap();
    assert!(matches!(Vault::open(&one, first.as_bytes()), Err(VaultError::WrongPassphrase)));
    assert!(matches!(vault.remove_slot(&one, 0), Err(VaultError::NoSuchSlot { number: 0 })));
    assert!(matches!(vault.remove_slot(&one, 1), Err(VaultError::LastSlot)));

    let mut full = one;
    while full.slots().count() < 8 {
        full = vault.add_slot(&full, &key(&new_key_text().unwrap())).unwrap();
    }
    assert!(matches!(vault.add_slot(&full, &key(&second)), Err(VaultError::NoFreeSlot)));
    let full = Header::from_bytes(&full.to_bytes()).unwrap();
    assert_eq!(Vault::open(&full, second.as_bytes()).unwrap().opened_by(), 1);
}

#[test]
fn a_passphrase_is_changed_without_sealing_anything_again() {
    let (header, vault) = Vault::create(b"correct horse", KdfParams::FLOOR).unwrap();
    let (key, wrapped) = vault.new_user_key(&user("asha")).unwrap();
    let sealed = key.seal(&ID, b"CANARY-1").unwrap();
    let other =
        NewSlot { kind: SlotKind::Passphrase, secret: b"battery staple", cost: KdfParams::FLOOR };
    let changed = vault.replace_slot(&header, &other).unwrap();
    assert!(matches!(Vault::open(&changed, b"correct horse"), Err(VaultError::WrongPassphrase)));
    let opened = Vault::open(&changed, b"battery staple").unwrap();
    let key = opened.unwrap(&user("asha"), &wrapped).unwrap();
    assert_eq!(key.open(&ID, &sealed).unwrap().as_slice(), b"CANARY-1");
}

#[test]
fn after_a_rotation_the_old_master_key_opens_nothing_and_tags_stay_the_same() {
    let (vault, header, text) = Vault::with_key();
    let (key_before, wrapped) = vault.new_user_key(&user("asha")).unwrap();
    let sealed = key_before.seal(&ID, b"CANARY-1").unwrap();
    let (new_header, new) = vault.rotated(&key(&text)).unwrap();
    let rewrapped = vault.rewrap(&new, &user("asha"), &wrapped).unwrap();

    let opened = Vault::open(&new_header, text.as_bytes()).unwrap();
    let key_after = opened.unwrap(&user("asha"), &rewrapped).unwrap();
    assert_eq!(key_after.open(&ID, &sealed).unwrap().as_slice(), b"CANARY-1");
    assert!(vault.unwrap(&user("asha"), &rewrapped).is_err());
    assert!(opened.unwrap(&user("asha"), &wrapped).is_err());
    let tag = |vault: &Vault| vault.derive(Purpose::OrderTag).unwrap();
    assert_eq!(tag(&vault), tag(&opened));
    let mac = |vault: &Vault| vault.backup_key().unwrap().mac(&[1; 32]);
    assert!(vault.backup_key().unwrap().verify(&[1; 32], &mac(&vault)));
    assert!(!opened.backup_key().unwrap().verify(&[1; 32], &mac(&vault)));
    assert_eq!(Vault::open(&header, text.as_bytes()).unwrap().store_id(), opened.store_id());
}
