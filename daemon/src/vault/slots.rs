//! Slots: each holds the master key under a key made from one passphrase or random key.

use muster_protocol::key_text;
use subtle::ConstantTimeEq;

use super::VaultError;
use super::envelope;
use super::header::{Header, Slot, SlotKind, StoreId};
use super::keys::{self, KEY_LEN, KdfParams, Key, SALT_LEN, Stretch};

/// What a slot is made of.
pub struct NewSlot<'a> {
    /// What opens it.
    pub kind: SlotKind,
    /// The passphrase, or the random key as text.
    pub secret: &'a [u8],
    /// What a passphrase costs to try.
    pub cost: KdfParams,
}

/// Makes a slot.
pub(super) fn lock(
    store: StoreId,
    master: &Key,
    number: u8,
    new: &NewSlot<'_>,
    stretch: Stretch,
) -> Result<Slot, VaultError> {
    let mut salt = [0; SALT_LEN];
    getrandom::fill(&mut salt).map_err(|_| VaultError::NoRandomness)?;
    let (stretched, cost) = match new.kind {
        SlotKind::Passphrase => {
            if new.secret.len() < LEAST_PASSPHRASE {
                return Err(VaultError::ShortPassphrase);
            }
            (stretch(new.secret, &salt, new.cost.check()?)?, Some(new.cost))
        }
        SlotKind::KeyFile | SlotKind::Recovery => {
            let random = key_text::read(new.secret).ok_or(VaultError::NotAKey)?;
            (keys::unstretched(&random, &salt)?, None)
        }
    };
    let commitment: [u8; KEY_LEN] = *keys::commitment(&stretched, store)?;
    let mut slot = Slot { number, kind: new.kind, cost, salt, commitment, wrapped: Vec::new() };
    let slot_key = keys::slot_key(&stretched, store)?;
    slot.wrapped = envelope::seal(&slot_key, &slot.aad(store), master.expose())?.into_bytes();
    Ok(slot)
}

/// Opens the first slot that the secret fits; gives its number too. A wrong secret and a damaged slot
/// or header look alike.
pub(super) fn unlock(
    header: &Header,
    secret: &[u8],
    stretch: Stretch,
) -> Result<(Key, u8), VaultError> {
    let random = key_text::read(secret);
    for slot in &header.slots {
        let stretched = match (slot.cost, &random) {
            (Some(cost), None) => stretch(secret, &slot.salt, cost.check()?)?,
            (None, Some(random)) => keys::unstretched(random, &slot.salt)?,
            (Some(_), Some(_)) | (None, None) => continue,
        };
        if let Some(master) = unlock_slot(slot, header.store, &stretched)? {
            let mac = keys::header_mac(&master, header.store, &header.authenticated())?;
            let whole = bool::from(mac.ct_eq(&header.mac));
            return if whole {
                Ok((master, slot.number))
            } else {
                Err(VaultError::WrongPassphrase)
            };
        }
    }
    Err(VaultError::WrongPassphrase)
}

fn unlock_slot(slot: &Slot, store: StoreId, stretched: &Key) -> Result<Option<Key>, VaultError> {
    let commitment = keys::commitment(stretched, store)?;
    if !bool::from(commitment.ct_eq(&slot.commitment)) {
        return Ok(None);
    }
    let slot_key = keys::slot_key(stretched, store)?;
    Ok(envelope::open_key(&slot_key, &slot.aad(store), &slot.wrapped).ok())
}

/// The shortest passphrase a slot is made with, in bytes.
const LEAST_PASSPHRASE: usize = 8;

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    /// Ignores the cost on purpose: what refuses a changed cost must be the binding, not luck.
    fn cheap(passphrase: &[u8], salt: &[u8; SALT_LEN], _: KdfParams) -> Result<Key, VaultError> {
        let digest: [u8; 32] =
            Sha256::new().chain_update(salt).chain_update(passphrase).finalize().into();
        Key::filled(|out| {
            *out = digest;
            Ok(())
        })
    }

    fn passphrase(secret: &[u8]) -> NewSlot<'_> {
        NewSlot { kind: SlotKind::Passphrase, secret, cost: KdfParams::default() }
    }

    /// Slots of every kind, and their secrets.
    fn locked() -> (Header, Key, Vec<Vec<u8>>) {
        let (store, master) = (StoreId::random().unwrap(), Key::random().unwrap());
        let text = || super::super::new_key_text().unwrap().as_bytes().to_vec();
        let secrets = vec![b"correct horse".to_vec(), text(), text()];
        let kinds = [SlotKind::Passphrase, SlotKind::KeyFile, SlotKind::Recovery];
        let slots = (0..).zip(&secrets).zip(kinds).map(|((number, secret), kind)| {
            let new = NewSlot { kind, ..passphrase(secret) };
            lock(store, &master, number, &new, cheap).unwrap()
        });
        let slots = slots.collect();
        (Header::made(store, vec![1; 60], slots, &master).unwrap(), master, secrets)
    }

    fn open(bytes: &[u8], secret: &[u8]) -> Result<Key, VaultError> {
        unlock(&Header::from_bytes(bytes)?, secret, cheap).map(|(master, _)| master)
    }

    #[test]
    fn each_secret_opens_its_slot_and_no_other_does() {
        let (header, master, secrets) = locked();
        for (number, secret) in (0..).zip(&secrets) {
            let (opened, by) = unlock(&header, secret, cheap).unwrap();
            assert_eq!((opened.expose(), by), (master.expose(), number));
        }
        let other = super::super::new_key_text().unwrap();
        let wrong = [b"".as_slice(), b"correct hors", b"correct horse\0", b"Correct horse"];
        for wrong in wrong.into_iter().chain([other.as_bytes()]) {
            let refused = unlock(&header, wrong, cheap).err().unwrap();
            assert!(matches!(refused, VaultError::WrongPassphrase));
        }
    }

    #[test]
    fn i15_no_bit_of_a_header_can_be_changed_and_no_byte_cut_or_added() {
        let (header, _, secrets) = locked();
        let bytes = header.to_bytes();
        for secret in &secrets {
            for bit in 0..bytes.len() * 8 {
                let mut changed = bytes.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                assert!(open(&changed, secret).is_err(), "bit {bit} means nothing");
            }
        }
        let secret = &secrets[0];
        for length in 0..bytes.len() {
            assert!(open(&bytes[..length], secret).is_err(), "cut to {length}");
        }
        assert!(open(&[bytes.as_slice(), b"\0"].concat(), secret).is_err());
    }

    #[test]
    fn i15_a_slot_cannot_be_taken_away_put_back_or_moved() {
        let (header, _, secrets) = locked();
        let refused = |change: fn(&mut Vec<Slot>)| {
            let mut header = header.clone();
            change(&mut header.slots);
            unlock(&header, &secrets[0], cheap).is_err()
        };
        assert!(refused(|slots| drop(slots.pop())));
        assert!(refused(|slots| slots.push(slots[1].clone())));
        assert!(refused(|slots| slots.swap(1, 2)));
        assert!(!refused(|_| {}));
    }

    #[test]
    fn i14_a_damaged_slot_looks_like_a_wrong_passphrase() {
        let (header, _, secrets) = locked();
        let refused = |change: fn(&mut Slot)| {
            let mut header = header.clone();
            header.slots.iter_mut().take(1).for_each(change);
            unlock(&header, &secrets[0], cheap).err().unwrap()
        };
        let wrong = VaultError::WrongPassphrase.to_string();
        assert_eq!(refused(|slot| slot.salt[0] ^= 1).to_string(), wrong);
        assert_eq!(refused(|slot| slot.commitment[0] ^= 1).to_string(), wrong);
        assert_eq!(refused(|slot| slot.wrapped[0] ^= 1).to_string(), wrong);
        assert_eq!(refused(|slot| slot.number += 1).to_string(), wrong);
        let cost =
            |slot: &mut Slot| slot.cost = Some(KdfParams { passes: 4, ..slot.cost.unwrap() });
        assert_eq!(refused(cost).to_string(), wrong);
    }

    #[test]
    fn i16_a_weaker_derivation_is_refused_before_it_is_tried() {
        fn never(_: &[u8], _: &[u8; SALT_LEN], _: KdfParams) -> Result<Key, VaultError> {
            panic!("work was done")
        }
        let (mut header, ..) = locked();
        let weak = KdfParams { memory_kib: 1024, ..KdfParams::default() };
        header.slots[0].cost = Some(weak);
        assert!(matches!(unlock(&header, b"x", never), Err(VaultError::KdfRefused)));
        assert!(matches!(Header::from_bytes(&header.to_bytes()), Err(VaultError::KdfRefused)));
    }

    #[test]
    fn a_slot_of_another_store_does_not_open() {
        let (mut header, _, secrets) = locked();
        header.store = StoreId::random().unwrap();
        for secret in &secrets {
            assert!(matches!(unlock(&header, secret, cheap), Err(VaultError::WrongPassphrase)));
        }
    }

    #[test]
    fn a_slot_is_not_made_of_what_cannot_keep_it_shut() {
        let (store, master) = (StoreId::random().unwrap(), Key::random().unwrap());
        let short = lock(store, &master, 0, &passphrase(b"1234567"), cheap);
        assert!(matches!(short, Err(VaultError::ShortPassphrase)));
        let new = NewSlot { kind: SlotKind::Recovery, ..passphrase(b"correct horse") };
        assert!(matches!(lock(store, &master, 0, &new, cheap), Err(VaultError::NotAKey)));
    }
}
