//! What somebody can do who may write the file and knows no secret: change bits, move rows, put old ones
//! back, ask for another derivation. None of it opens anything, and none of it tells anything.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::super::header::Slot;
use super::super::keys::SALT_LEN;
use super::super::{envelope, slots};
use super::*;

/// Stands in for Argon2id where thousands are tried. It ignores the cost on purpose: what refuses another
/// cost must be what it is bound to.
fn cheap(secret: &[u8], salt: &[u8; SALT_LEN], _: KdfParams) -> Result<Key, VaultError> {
    let digest: [u8; 32] = Sha256::new().chain_update(salt).chain_update(secret).finalize().into();
    Key::filled(|out| {
        *out = digest;
        Ok(())
    })
}

fn never(_: &[u8], _: &[u8; SALT_LEN], _: KdfParams) -> Result<Key, VaultError> {
    panic!("work was done")
}

const RIGHT: [&str; 3] = ["CANARY correct horse", KEY_FILE, RECOVERY];
const KEY_FILE: &str = known::KEY_FILE;
const RECOVERY: &str = known::RECOVERY;
/// One of each form that opens nothing.
const WRONG: [&str; 2] = ["CANARY wrong horse", known::OTHER_KEY];

/// A header with a slot of each kind, made the cheap way, and the wrap and root it holds.
fn three_slots() -> Header {
    let (store, master) = (StoreId::random().unwrap(), Key::random().unwrap());
    let kinds = [SlotKind::Passphrase, SlotKind::KeyFile, SlotKind::Recovery];
    let made = (0..).zip(kinds).zip(RIGHT).map(|((number, kind), secret)| {
        let new = NewSlot { kind, secret: secret.as_bytes(), cost: KdfParams::default() };
        slots::lock(store, &master, number, &new, cheap).unwrap()
    });
    Header::made(store, vec![1; 60], made.collect(), &master).unwrap()
}

/// How opening ends: the error's words, or that it opened.
fn ends(bytes: &[u8], secret: &str) -> String {
    let header = match Header::from_bytes(bytes) {
        Ok(header) => header,
        Err(error) => return format!("unread: {error}"),
    };
    match slots::unlock(&header, secret.as_bytes(), cheap) {
        Ok(_) => "opened".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// Where the bytes of the secret-bearing parts begin and end: the root, and from each slot's salt on.
fn opaque(at: usize) -> bool {
    let slots_end = 87 + 3 * 124;
    (10..86).contains(&at)
        || (87..slots_end).contains(&at) && (at - 87) % 124 >= 16
        || at >= slots_end
}

#[test]
fn i14_a_damaged_header_tells_the_same_to_the_right_and_to_the_wrong_secret() {
    let bytes = three_slots().to_bytes();
    assert_eq!(bytes.len(), 87 + 3 * 124 + 32);
    let wrong_words = VaultError::WrongPassphrase.to_string();
    for secret in RIGHT {
        assert_eq!(ends(&bytes, secret), "opened");
    }
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let answers: BTreeSet<String> =
            RIGHT.iter().chain(&WRONG).map(|secret| ends(&changed, secret)).collect();
        assert_eq!(answers.len(), 1, "bit {bit}: {answers:?}");
        let answer = answers.into_iter().next().unwrap();
        assert_ne!(answer, "opened", "bit {bit} means nothing");
        if opaque(bit / 8) {
            assert_eq!(answer, wrong_words, "bit {bit}");
        }
    }
}

#[test]
fn i14_any_slot_damaged_looks_like_a_wrong_secret_and_the_other_slots_do_not_open_either() {
    let header = three_slots();
    let changes: [fn(&mut Slot); 4] = [
        |slot| slot.salt[7] ^= 0x80,
        |slot| slot.commitment[31] ^= 1,
        |slot| slot.wrapped[0] ^= 1,
        |slot| slot.wrapped[59] ^= 1,
    ];
    for number in 0..3 {
        for change in changes {
            let mut damaged = header.clone();
            change(&mut damaged.slots[number]);
            for secret in RIGHT.iter().chain(&WRONG) {
                let refused = slots::unlock(&damaged, secret.as_bytes(), cheap).err();
                assert_eq!(refused, Some(VaultError::WrongPassphrase), "slot {number}");
            }
        }
    }
}

#[test]
fn i16_no_cost_but_the_one_a_slot_was_made_with_is_worked_with_or_opens_it() {
    let header = three_slots();
    let (floor, ceiling) = (KdfParams::FLOOR, KdfParams::CEILING);
    let at_cost = |cost: KdfParams| {
        let mut bytes = header.to_bytes();
        for (at, number) in [(91, cost.memory_kib), (95, cost.passes), (99, cost.lanes)] {
            bytes[at..at + 4].copy_from_slice(&number.to_be_bytes());
        }
        bytes
    };
    let around = |low: u32, high: u32| [0, 1, low - 1, low, high, high + 1, u32::MAX];
    let mut refused = 0;
    for memory_kib in around(floor.memory_kib, ceiling.memory_kib) {
        for passes in around(floor.passes, ceiling.passes) {
            for lanes in around(1, ceiling.lanes) {
                let cost = KdfParams { memory_kib, passes, lanes };
                let bytes = at_cost(cost);
                if cost.check().is_err() {
                    refused += 1;
                    let read = Header::from_bytes(&bytes).err();
                    assert_eq!(read, Some(VaultError::KdfRefused), "{cost:?}");
                    // Nor if it got past the reading.
                    let mut past = header.clone();
                    past.slots[0].cost = Some(cost);
                    let tried = slots::unlock(&past, RIGHT[0].as_bytes(), never).err();
                    assert_eq!(tried, Some(VaultError::KdfRefused), "{cost:?}");
                } else {
                    // Within bounds it is tried, and is not what the slot is bound to.
                    assert_eq!(ends(&bytes, RIGHT[0]), VaultError::WrongPassphrase.to_string());
                }
            }
        }
    }
    assert!(refused > 250, "{refused} were out of bounds");
    assert_eq!(ends(&at_cost(KdfParams::default()), RIGHT[0]), "opened");
}

#[test]
fn i16_no_slot_is_made_weaker_than_the_floor() {
    let (vault, header, text) = Vault::with_key();
    for weak in [
        KdfParams { memory_kib: KdfParams::FLOOR.memory_kib - 1, ..KdfParams::FLOOR },
        KdfParams { passes: KdfParams::FLOOR.passes - 1, ..KdfParams::FLOOR },
        KdfParams { lanes: 0, ..KdfParams::FLOOR },
        KdfParams { memory_kib: KdfParams::CEILING.memory_kib + 1, ..KdfParams::FLOOR },
    ] {
        let secret = b"CANARY correct horse";
        let new = || NewSlot { kind: SlotKind::Passphrase, secret, cost: weak };
        assert_eq!(Vault::create(secret, weak).err(), Some(VaultError::KdfRefused));
        assert_eq!(vault.add_slot(&header, &new()).err(), Some(VaultError::KdfRefused));
        assert_eq!(vault.replace_slot(&header, &new()).err(), Some(VaultError::KdfRefused));
        assert_eq!(vault.rotated(&new()).err(), Some(VaultError::KdfRefused));
    }
    assert!(Vault::open(&header, text.as_bytes()).is_ok());
}

/// One sealed thing, and the place it belongs to.
struct Place {
    store: usize,
    user: &'static str,
    id: Option<RecordId>,
    bytes: Vec<u8>,
}

/// Everything two stores hold of two users: wrapped keys, and of each account, kind and generation a record.
fn two_stores() -> (Vec<Vault>, Vec<Place>, Vec<Vec<UserKey>>) {
    let vaults = vec![Vault::for_tests(), Vault::for_tests()];
    let (mut places, mut keys) = (Vec::new(), Vec::new());
    for (store, vault) in vaults.iter().enumerate() {
        let mut of_store = Vec::new();
        for name in ["asha", "ravi"] {
            let (key, wrapped) = vault.new_user_key(&user(name)).unwrap();
            let bytes = wrapped.as_bytes().to_vec();
            places.push(Place { store, user: name, id: None, bytes });
            for account in [1, 2] {
                for kind in [Kind::Credential, Kind::Session] {
                    for generation in [1, 2, 3] {
                        let id = RecordId { account: AccountId(account), kind, generation };
                        // As long as a wrapped key, so that the length tells them apart nowhere.
                        let plain =
                            format!("CANARY-{store}-{name}-{account}-{kind:?}-{generation}");
                        let plain = format!("{plain:_<32.32}");
                        let bytes = key.seal(&id, plain.as_bytes()).unwrap().into_bytes();
                        places.push(Place { store, user: name, id: Some(id), bytes });
                    }
                }
            }
            of_store.push(key);
        }
        keys.push(of_store);
    }
    (vaults, places, keys)
}

/// Opens these bytes as what belongs to that place.
fn open_at(
    vaults: &[Vault],
    keys: &[Vec<UserKey>],
    place: &Place,
    bytes: &[u8],
) -> Option<VaultError> {
    match &place.id {
        None => {
            let wrapped = WrappedKey::from_bytes(bytes.to_vec());
            vaults[place.store].unwrap(&user(place.user), &wrapped).err()
        }
        Some(id) => {
            let key = &keys[place.store][usize::from(place.user == "ravi")];
            key.open(id, &Sealed::from_bytes(bytes.to_vec())).err()
        }
    }
}

#[test]
fn i15_of_all_pairs_of_stores_tables_users_accounts_kinds_and_generations_none_can_be_swapped() {
    let (vaults, places, keys) = two_stores();
    assert_eq!(places.len(), 2 * 2 * (1 + 12));
    for (at, place) in places.iter().enumerate() {
        for (from, other) in places.iter().enumerate() {
            let error = open_at(&vaults, &keys, place, &other.bytes);
            let expected = (at != from).then_some(VaultError::Damaged);
            assert_eq!(error, expected, "{from} in the place of {at}");
        }
    }
}

#[test]
fn i15_each_bit_of_records_of_every_kind_and_of_a_wrapped_key_counts() {
    let (vaults, places, keys) = two_stores();
    for place in places.iter().filter(|place| place.store == 0) {
        for bit in 0..place.bytes.len() * 8 {
            let mut changed = place.bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let error = open_at(&vaults, &keys, place, &changed);
            assert_eq!(error, Some(VaultError::Damaged), "bit {bit}");
        }
        for length in 0..place.bytes.len() {
            let error = open_at(&vaults, &keys, place, &place.bytes[..length]);
            assert_eq!(error, Some(VaultError::Damaged), "cut to {length}");
        }
    }
}

#[test]
fn i17_nonces_do_not_repeat_and_no_bit_of_them_leans() {
    const SEALS: usize = 20_000;
    let key = Key::random().unwrap();
    let nonces: Vec<[u8; 12]> = (0..SEALS)
        .map(|_| {
            let sealed = envelope::seal(&key, b"", b"x").unwrap();
            *sealed.as_bytes().first_chunk().unwrap()
        })
        .collect();
    assert_eq!(nonces.iter().collect::<BTreeSet<_>>().len(), SEALS);
    for bit in 0..96 {
        let set = nonces.iter().filter(|nonce| nonce[bit / 8] >> (bit % 8) & 1 == 1).count();
        // Seven standard deviations: a fair coin leaves them once in billions of runs.
        assert!(set.abs_diff(SEALS / 2) < 500, "bit {bit} was set {set} times of {SEALS}");
    }
    // A counter would show as differences that are all alike, from the front or from the back.
    let steps = |from: fn(&[u8; 12]) -> u32| {
        let pairs = nonces.windows(2).map(|two| from(&two[1]).wrapping_sub(from(&two[0])));
        pairs.collect::<BTreeSet<_>>().len()
    };
    assert!(steps(|nonce| u32::from_be_bytes(*nonce.first_chunk().unwrap())) > SEALS / 2);
    assert!(steps(|nonce| u32::from_be_bytes(*nonce.last_chunk().unwrap())) > SEALS / 2);
}

#[test]
fn i17_a_store_put_back_or_run_twice_repeats_no_nonce() {
    let (vault, header, text) = Vault::with_key();
    let (_, wrapped) = vault.new_user_key(&user("asha")).unwrap();
    let mut nonces = BTreeSet::new();
    let mut sealed = 0;
    let mut keep = |bytes: &[u8]| {
        sealed += 1;
        assert!(nonces.insert(bytes[..12].to_vec()), "a nonce came again");
    };
    // The same state opened a hundred times, as by restores of one backup: each seals the same things.
    for _ in 0..100 {
        let vault = Vault::open(&header, text.as_bytes()).unwrap();
        let key = vault.unwrap(&user("asha"), &wrapped).unwrap();
        keep(key.seal(&ID, b"CANARY").unwrap().as_bytes());
        keep(vault.new_user_key(&user("asha")).unwrap().1.as_bytes());
        let more = vault.add_slot(&header, &super::key(&text)).unwrap();
        keep(&more.slots[1].wrapped);
        let (rotated, after) = vault.rotated(&super::key(&text)).unwrap();
        keep(&rotated.root);
        keep(&rotated.slots[0].wrapped);
        keep(vault.rewrap(&after, &user("asha"), &wrapped).unwrap().as_bytes());
    }
    assert_eq!(sealed, 600);
}
