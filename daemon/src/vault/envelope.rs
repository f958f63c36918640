//! Sealing bytes under a key: AES-256-GCM with a random nonce, bound to what the bytes are.
//!
//! The associated data has a fixed width, so that no two records share it:
//!
//! ```text
//! 0   2  "v1"
//! 2  16  store id
//! 18  2  table, big-endian: 1 user keys, 2 sealed records
//! 20 16  first half of SHA-256 of the user's name
//! 36  4  account, big-endian; 0 for a user key
//! 40  2  kind, big-endian: 1 credential, 2 session; 0 for a user key
//! 42  8  generation, big-endian; 0 for a user key
//! ```
//!
//! Nonces are drawn afresh each time and never counted: a restored backup would repeat a counter.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use muster_protocol::ids::{AccountId, UserId};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::VaultError;
use super::header::StoreId;
use super::keys::{KEY_LEN, Key};
use super::trace::leaving_no_trace;

/// Length of a nonce.
pub(super) const NONCE_LEN: usize = 12;

/// Length of the tag at the end of a ciphertext.
pub(super) const TAG_LEN: usize = 16;

/// Sealed bytes: a nonce, then the ciphertext with its tag. They show nothing but their length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Nonce and ciphertext in one piece.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes the bytes for what they claim to be; only opening them shows whether they are.
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, to be stored.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// What kind of secret a record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// What the user entered.
    Credential,
    /// What the broker gave for the day.
    Session,
}

impl Kind {
    /// The number it is stored under.
    pub const fn code(self) -> u8 {
        match self {
            Self::Credential => 1,
            Self::Session => 2,
        }
    }
}

/// Which record of a user: bound to the sealed bytes, so that none can stand in for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordId {
    /// The account it belongs to.
    pub account: AccountId,
    /// What it holds.
    pub kind: Kind,
    /// How often it was replaced; an older one put back does not open.
    pub generation: u64,
}

/// Length of the associated data.
const BOUND_LEN: usize = 50;

/// What sealed bytes are bound to.
pub(super) type Bound = [u8; BOUND_LEN];

/// Whose bytes, in which store.
#[derive(Clone, Copy)]
pub(super) struct Owner {
    pub(super) store: StoreId,
    user: [u8; 16],
}

impl Owner {
    pub(super) fn new(store: StoreId, user: &UserId) -> Self {
        let digest: [u8; 32] = Sha256::digest(user.as_str().as_bytes()).into();
        let mut half = [0; 16];
        half.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Self { store, user: half }
    }

    /// Binds a record.
    pub(super) fn record(self, id: &RecordId) -> Bound {
        let kind = u16::from(id.kind.code());
        self.bind(TABLE_SEALED, id.account.0, kind, id.generation)
    }

    /// Binds this user's wrapped key.
    pub(super) fn user_key(self) -> Bound {
        self.bind(TABLE_USER_KEYS, 0, 0, 0)
    }

    fn bind(self, table: u16, account: u32, kind: u16, generation: u64) -> Bound {
        let (table, account) = (table.to_be_bytes(), account.to_be_bytes());
        let (kind, generation) = (kind.to_be_bytes(), generation.to_be_bytes());
        let owner: [&[u8]; 4] = [b"v1", self.store.as_bytes(), &table, &self.user];
        let record: [&[u8]; 3] = [&account, &kind, &generation];
        let mut bound = [0; BOUND_LEN];
        let mut rest = bound.as_mut_slice();
        for field in owner.into_iter().chain(record) {
            let Some((here, after)) = rest.split_at_mut_checked(field.len()) else { break };
            here.copy_from_slice(field);
            rest = after;
        }
        bound
    }
}

/// Seals under a fresh nonce.
pub(super) fn seal(key: &Key, aad: &[u8], plain: &[u8]) -> Result<Sealed, VaultError> {
    let mut nonce = [0; NONCE_LEN];
    getrandom::fill(&mut nonce).map_err(|_| VaultError::NoRandomness)?;
    seal_with(key, aad, nonce, plain)
}

/// Seals under a given nonce; only [`seal`] and known answers may choose one.
pub(super) fn seal_with(
    key: &Key,
    aad: &[u8],
    nonce: [u8; NONCE_LEN],
    plain: &[u8],
) -> Result<Sealed, VaultError> {
    // Fails only beyond 64 GiB.
    let body =
        leaving_no_trace(|| cipher(key).encrypt(&Nonce::from(nonce), Payload { msg: plain, aad }));
    let body = body.map_err(|_| VaultError::Damaged)?;
    Ok(Sealed([nonce.as_slice(), &body].concat()))
}

/// Opens, or says that bytes, key or binding are not the ones it was sealed with.
pub(super) fn open(key: &Key, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(VaultError::Damaged)?;
    let nonce = Nonce::from(*nonce);
    let opened = leaving_no_trace(|| cipher(key).decrypt(&nonce, Payload { msg: body, aad }));
    opened.map(Zeroizing::new).map_err(|_| VaultError::Damaged)
}

/// Opens bytes that hold a key.
pub(super) fn open_key(key: &Key, aad: &[u8], sealed: &[u8]) -> Result<Key, VaultError> {
    let plain = open(key, aad, sealed)?;
    let bytes: &[u8; KEY_LEN] = plain.as_slice().try_into().map_err(|_| VaultError::Damaged)?;
    Key::filled(|out| {
        out.copy_from_slice(bytes);
        Ok(())
    })
}

fn cipher(key: &Key) -> Aes256Gcm {
    Aes256Gcm::new(key.expose().into())
}

const TABLE_USER_KEYS: u16 = 1;
const TABLE_SEALED: u16 = 2;

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    fn owner(user: &str) -> Owner {
        Owner::new(StoreId::from_bytes([7; 16]), &user.parse().unwrap())
    }

    fn key() -> Key {
        Key::filled(|out| {
            out.fill(3);
            Ok(())
        })
        .unwrap()
    }

    const ID: RecordId = RecordId { account: AccountId(258), kind: Kind::Session, generation: 5 };

    /// The same envelope made by an independent implementation (Python's `cryptography`).
    #[test]
    fn the_envelope_is_the_one_written_down() {
        let aad = owner("asha").record(&ID);
        assert_eq!(HEXLOWER.encode(&aad), AAD_KNOWN);
        let sealed = seal_with(&key(), &aad, [1; NONCE_LEN], b"CANARY-1").unwrap();
        assert_eq!(HEXLOWER.encode(sealed.as_bytes()), SEALED_KNOWN);
        assert_eq!(open(&key(), &aad, sealed.as_bytes()).unwrap().as_slice(), b"CANARY-1");
    }

    #[test]
    fn i15_no_bit_of_a_sealed_record_can_be_changed_and_no_byte_cut() {
        let aad = owner("asha").record(&ID);
        let sealed = seal(&key(), &aad, b"CANARY-1").unwrap().into_bytes();
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(open(&key(), &aad, &changed), Err(VaultError::Damaged)), "{bit}");
        }
        for length in 0..sealed.len() {
            assert!(open(&key(), &aad, &sealed[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn i15_nothing_can_stand_in_for_another() {
        let mut bindings = vec![owner("asha").user_key(), owner("ravi").user_key()];
        for user in ["asha", "ravi"] {
            for account in [1, 2, 256] {
                for kind in [Kind::Credential, Kind::Session] {
                    for generation in [1, 2, 1 << 40] {
                        let id = RecordId { account: AccountId(account), kind, generation };
                        bindings.push(owner(user).record(&id));
                    }
                }
            }
        }
        for (at, made) in bindings.iter().enumerate() {
            let sealed = seal(&key(), made, b"x").unwrap();
            for (other, used) in bindings.iter().enumerate() {
                assert_eq!(open(&key(), used, sealed.as_bytes()).is_ok(), at == other);
            }
        }
    }

    #[test]
    fn i17_the_same_record_sealed_twice_has_two_nonces() {
        let aad = owner("asha").record(&ID);
        let once = seal(&key(), &aad, b"x").unwrap();
        assert_ne!(once, seal(&key(), &aad, b"x").unwrap());
    }

    const AAD_KNOWN: &str = "7631070707070707070707070707070707070002b22b87fd8ac6c19a6ed4ffd686a6130f0000010200020000000000000005";
    const SEALED_KNOWN: &str =
        "010101010101010101010101dff37fdfdd6a7273d540d2153bd47827c6eb5738478bb101";
}
