//! The vault's header: what is stored in clear so that a passphrase can open the rest.
//!
//! Fixed binary, all numbers big-endian, so that every bit has one meaning:
//!
//! ```text
//! 0   8  "MUSTERV\0"
//! 8   2  version of this layout: 1
//! 10 16  store id, random
//! 26  1  number of slots, 1 to 8
//! 27     the slots, 124 bytes each:
//!        0   1  slot number
//!        1   1  kind: 1 passphrase
//!        2   1  derivation: 1 Argon2id
//!        3   1  its version: 0x13
//!        4   4  memory in KiB
//!        8   4  passes
//!        12  4  lanes
//!        16 16  salt, random
//!        32 32  commitment
//!        64 60  the master key, sealed: nonce 12, ciphertext 32, tag 16
//! ```
//!
//! A slot is bound to `"slot v1" | version (2) | store id | its first 64 bytes` as associated data.

use super::VaultError;
use super::envelope::{NONCE_LEN, TAG_LEN};
use super::keys::{KEY_LEN, KdfParams, SALT_LEN};

/// Which store a vault belongs to: random, made with it, never changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreId([u8; 16]);

impl StoreId {
    /// The id's bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    #[cfg(test)]
    pub(super) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(super) fn random() -> Result<Self, VaultError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|_| VaultError::NoRandomness)?;
        Ok(Self(bytes))
    }
}

/// The header: nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub(super) store: StoreId,
    pub(super) slots: Vec<Slot>,
}

/// One way to the master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) number: u8,
    pub(super) cost: KdfParams,
    pub(super) salt: [u8; SALT_LEN],
    pub(super) commitment: [u8; KEY_LEN],
    pub(super) wrapped: Vec<u8>,
}

impl Header {
    /// The store it belongs to.
    pub const fn store_id(&self) -> StoreId {
        self.store
    }

    /// The bytes to store.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&VERSION.to_be_bytes());
        out.extend_from_slice(self.store.as_bytes());
        out.push(u8::try_from(self.slots.len()).unwrap_or(u8::MAX));
        for slot in &self.slots {
            out.extend_from_slice(&slot.bound());
            out.extend_from_slice(&slot.wrapped);
        }
        out
    }

    /// Reads what [`Self::to_bytes`] wrote, and nothing else. Whether the slots are whole shows on opening.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VaultError> {
        let mut rest = Reader(bytes);
        if rest.array::<8>()? != *MAGIC {
            return Err(VaultError::NotAHeader);
        }
        let version = u16::from_be_bytes(rest.array()?);
        if version != VERSION {
            return Err(VaultError::UnknownVersion { found: version });
        }
        let store = StoreId(rest.array()?);
        let [count] = rest.array()?;
        if !(1..=MAX_SLOTS).contains(&count) {
            return Err(VaultError::NotAHeader);
        }
        let slots = (0..count).map(|_| Slot::read(&mut rest)).collect::<Result<_, _>>()?;
        if rest.0.is_empty() { Ok(Self { store, slots }) } else { Err(VaultError::NotAHeader) }
    }
}

impl Slot {
    /// The slot up to its wrapped key: all that is bound to it.
    fn bound(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(SLOT_LEN);
        out.extend_from_slice(&[self.number, PASSPHRASE, ARGON2ID, ARGON2_VERSION]);
        out.extend_from_slice(&self.cost.memory_kib.to_be_bytes());
        out.extend_from_slice(&self.cost.passes.to_be_bytes());
        out.extend_from_slice(&self.cost.lanes.to_be_bytes());
        out.extend_from_slice(&self.salt);
        out.extend_from_slice(&self.commitment);
        out
    }

    /// The associated data of its wrapped key.
    pub(super) fn aad(&self, store: StoreId) -> Vec<u8> {
        let version = VERSION.to_be_bytes();
        [b"slot v1".as_slice(), &version, store.as_bytes(), &self.bound()].concat()
    }

    fn read(rest: &mut Reader<'_>) -> Result<Self, VaultError> {
        let [number, kind, derivation, version] = rest.array()?;
        if (kind, derivation, version) != (PASSPHRASE, ARGON2ID, ARGON2_VERSION) {
            return Err(VaultError::UnknownSlot { number });
        }
        let cost = KdfParams {
            memory_kib: u32::from_be_bytes(rest.array()?),
            passes: u32::from_be_bytes(rest.array()?),
            lanes: u32::from_be_bytes(rest.array()?),
        };
        Ok(Self {
            number,
            cost: cost.check()?,
            salt: rest.array()?,
            commitment: rest.array()?,
            wrapped: rest.array::<WRAPPED_LEN>()?.to_vec(),
        })
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], VaultError> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(VaultError::NotAHeader)?;
        self.0 = rest;
        Ok(*head)
    }
}

const MAGIC: &[u8; 8] = b"MUSTERV\0";
const VERSION: u16 = 1;
const PASSPHRASE: u8 = 1;
const ARGON2ID: u8 = 1;
const ARGON2_VERSION: u8 = 0x13;
const MAX_SLOTS: u8 = 8;
const WRAPPED_LEN: usize = NONCE_LEN + KEY_LEN + TAG_LEN;
const SLOT_LEN: usize = 64 + WRAPPED_LEN;
