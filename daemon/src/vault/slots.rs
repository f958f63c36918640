//! Slots: each holds the master key under a key made from one passphrase.

use subtle::ConstantTimeEq;

use super::VaultError;
use super::envelope;
use super::header::{Header, Slot, StoreId};
use super::keys::{self, KEY_LEN, KdfParams, Key, SALT_LEN, Stretch};

/// Makes a slot for the passphrase.
pub(super) fn lock(
    store: StoreId,
    master: &Key,
    passphrase: &[u8],
    cost: KdfParams,
    stretch: Stretch,
) -> Result<Slot, VaultError> {
    let cost = cost.check()?;
    let mut salt = [0; SALT_LEN];
    getrandom::fill(&mut salt).map_err(|_| VaultError::NoRandomness)?;
    let stretched = stretch(passphrase, &salt, cost)?;
    let commitment: [u8; KEY_LEN] = *keys::commitment(&stretched, store)?;
    let mut slot = Slot { number: 0, cost, salt, commitment, wrapped: Vec::new() };
    let slot_key = keys::slot_key(&stretched, store)?;
    slot.wrapped = envelope::seal(&slot_key, &slot.aad(store), master.expose())?.into_bytes();
    Ok(slot)
}

/// Opens the first slot that the passphrase fits. A wrong passphrase and a damaged slot look alike.
pub(super) fn unlock(
    header: &Header,
    passphrase: &[u8],
    stretch: Stretch,
) -> Result<Key, VaultError> {
    for slot in &header.slots {
        let stretched = stretch(passphrase, &slot.salt, slot.cost.check()?)?;
        if let Some(master) = unlock_slot(slot, header.store, &stretched)? {
            return Ok(master);
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

    fn locked() -> (Header, Key) {
        let (store, master) = (StoreId::random().unwrap(), Key::random().unwrap());
        let slot = lock(store, &master, b"correct horse", KdfParams::default(), cheap).unwrap();
        (Header { store, slots: vec![slot] }, master)
    }

    fn open(bytes: &[u8]) -> Result<Key, VaultError> {
        unlock(&Header::from_bytes(bytes)?, b"correct horse", cheap)
    }

    #[test]
    fn the_passphrase_opens_its_slot_and_no_other_does() {
        let (header, master) = locked();
        assert_eq!(open(&header.to_bytes()).unwrap().expose(), master.expose());
        for wrong in [b"".as_slice(), b"correct hors", b"correct horse\0", b"Correct horse"] {
            let refused = unlock(&header, wrong, cheap).err().unwrap();
            assert!(matches!(refused, VaultError::WrongPassphrase));
        }
    }

    #[test]
    fn no_bit_of_a_header_can_be_changed_and_no_byte_cut_or_added() {
        let bytes = locked().0.to_bytes();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&changed).is_err(), "bit {bit} means nothing");
        }
        for length in 0..bytes.len() {
            assert!(open(&bytes[..length]).is_err(), "cut to {length}");
        }
        assert!(open(&[bytes.as_slice(), b"\0"].concat()).is_err());
    }

    #[test]
    fn a_damaged_slot_looks_like_a_wrong_passphrase() {
        let (header, _) = locked();
        let refused = |change: fn(&mut Slot)| {
            let mut header = header.clone();
            header.slots.iter_mut().for_each(change);
            unlock(&header, b"correct horse", cheap).err().unwrap()
        };
        let wrong = VaultError::WrongPassphrase.to_string();
        assert_eq!(refused(|slot| slot.salt[0] ^= 1).to_string(), wrong);
        assert_eq!(refused(|slot| slot.commitment[0] ^= 1).to_string(), wrong);
        assert_eq!(refused(|slot| slot.wrapped[0] ^= 1).to_string(), wrong);
        assert_eq!(refused(|slot| slot.cost.passes += 1).to_string(), wrong);
        assert_eq!(refused(|slot| slot.number += 1).to_string(), wrong);
    }

    #[test]
    fn a_weaker_derivation_is_refused_before_it_is_tried() {
        fn never(_: &[u8], _: &[u8; SALT_LEN], _: KdfParams) -> Result<Key, VaultError> {
            panic!("work was done")
        }
        let (mut header, _) = locked();
        header.slots[0].cost.memory_kib = 1024;
        assert!(matches!(unlock(&header, b"x", never), Err(VaultError::KdfRefused)));
        assert!(matches!(Header::from_bytes(&header.to_bytes()), Err(VaultError::KdfRefused)));
    }

    #[test]
    fn a_slot_of_another_store_does_not_open() {
        let (mut header, _) = locked();
        header.store = StoreId::random().unwrap();
        assert!(matches!(
            unlock(&header, b"correct horse", cheap),
            Err(VaultError::WrongPassphrase)
        ));
    }
}
