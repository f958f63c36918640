//! The vault's header: what is stored in clear so that a passphrase can open the rest.
//!
//! Fixed binary, all numbers big-endian, so that every bit has one meaning:
//!
//! ```text
//! 0   8  "MUSTERV\0"
//! 8   2  version of this layout: 1
//! 10 16  store id, random
//! 26 60  the root of the purposes' keys, sealed: nonce 12, ciphertext 32, tag 16
//! 86  1  number of slots, 1 to 8
//! 87     the slots by their numbers, 124 bytes each:
//!        0   1  slot number, 0 to 7
//!        1   1  kind: 1 passphrase, 2 key file, 3 recovery key
//!        2   1  derivation: 1 Argon2id for a passphrase, 2 HKDF for the others
//!        3   1  its version: 0x13, or 0 for HKDF
//!        4   4  memory in KiB, or 0
//!        8   4  passes, or 0
//!        12  4  lanes, or 0
//!        16 16  salt, random
//!        32 32  commitment
//!        64 60  the master key, sealed: nonce 12, ciphertext 32, tag 16
//! end 32 HMAC-SHA256 of all that stands before it, under the header key
//! ```
//!
//! A slot is bound to `"slot v1" | version (2) | store id | its first 64 bytes` as associated data,
//! the root to `"root v1" | version (2) | store id`.

use super::VaultError;
use super::envelope::{NONCE_LEN, TAG_LEN};
use super::keys::{self, KEY_LEN, KdfParams, Key, SALT_LEN};

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
    pub(super) root: Vec<u8>,
    /// By their numbers.
    pub(super) slots: Vec<Slot>,
    pub(super) mac: [u8; KEY_LEN],
}

/// What opens a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotKind {
    /// What a person remembers; stretched.
    Passphrase,
    /// Random, for restarts with nobody there.
    KeyFile,
    /// Random, kept on paper.
    Recovery,
}

impl SlotKind {
    const fn code(self) -> u8 {
        match self {
            Self::Passphrase => 1,
            Self::KeyFile => 2,
            Self::Recovery => 3,
        }
    }

    const fn of(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Passphrase),
            2 => Some(Self::KeyFile),
            3 => Some(Self::Recovery),
            _ => None,
        }
    }
}

/// One way to the master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) number: u8,
    pub(super) kind: SlotKind,
    /// The stretching's cost; none for a random key.
    pub(super) cost: Option<KdfParams>,
    pub(super) salt: [u8; SALT_LEN],
    pub(super) commitment: [u8; KEY_LEN],
    pub(super) wrapped: Vec<u8>,
}

/// A slot as it may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotInfo {
    /// Its number.
    pub number: u8,
    /// What opens it.
    pub kind: SlotKind,
    /// The stretching's cost, for a passphrase.
    pub cost: Option<KdfParams>,
}

impl Header {
    /// The store it belongs to.
    pub const fn store_id(&self) -> StoreId {
        self.store
    }

    /// What can be told of its slots.
    pub fn slots(&self) -> impl Iterator<Item = SlotInfo> {
        self.slots.iter().map(|slot| SlotInfo {
            number: slot.number,
            kind: slot.kind,
            cost: slot.cost,
        })
    }

    /// A header of these parts, authenticated under the master key.
    pub(super) fn made(
        store: StoreId,
        root: Vec<u8>,
        mut slots: Vec<Slot>,
        master: &Key,
    ) -> Result<Self, VaultError> {
        slots.sort_by_key(|slot| slot.number);
        let mut header = Self { store, root, slots, mac: [0; KEY_LEN] };
        header.mac = keys::header_mac(master, store, &header.authenticated())?;
        Ok(header)
    }

    /// The bytes to store.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.authenticated();
        out.extend_from_slice(&self.mac);
        out
    }

    /// All but the MAC.
    pub(super) fn authenticated(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&VERSION.to_be_bytes());
        out.extend_from_slice(self.store.as_bytes());
        out.extend_from_slice(&self.root);
        out.push(u8::try_from(self.slots.len()).unwrap_or(u8::MAX));
        for slot in &self.slots {
            out.extend_from_slice(&slot.bound());
            out.extend_from_slice(&slot.wrapped);
        }
        out
    }

    /// Reads what [`Self::to_bytes`] wrote, and nothing else. Whether it is whole shows on opening.
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
        let root = rest.array::<WRAPPED_LEN>()?.to_vec();
        let [count] = rest.array()?;
        if !(1..=MAX_SLOTS).contains(&count) {
            return Err(VaultError::NotAHeader);
        }
        let slots: Vec<Slot> =
            (0..count).map(|_| Slot::read(&mut rest)).collect::<Result<_, _>>()?;
        let ordered = slots.is_sorted_by(|one, next| one.number < next.number);
        let in_range = slots.iter().all(|slot| slot.number < MAX_SLOTS);
        let mac = rest.array()?;
        if rest.0.is_empty() && ordered && in_range {
            Ok(Self { store, root, slots, mac })
        } else {
            Err(VaultError::NotAHeader)
        }
    }

    /// The lowest number no slot has.
    pub(super) fn free_number(&self) -> Result<u8, VaultError> {
        let free = |number: &u8| self.slots.iter().all(|slot| slot.number != *number);
        (0..MAX_SLOTS).find(free).ok_or(VaultError::NoFreeSlot)
    }
}

/// The associated data of the root.
pub(super) fn root_aad(store: StoreId) -> Vec<u8> {
    [b"root v1".as_slice(), &VERSION.to_be_bytes(), store.as_bytes()].concat()
}

impl Slot {
    /// The slot up to its wrapped key: all that is bound to it.
    fn bound(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(SLOT_LEN);
        let (derivation, version) = match self.cost {
            Some(_) => ARGON2ID,
            None => HKDF,
        };
        out.extend_from_slice(&[self.number, self.kind.code(), derivation, version]);
        let cost = self.cost.map_or([0; 3], |cost| [cost.memory_kib, cost.passes, cost.lanes]);
        for number in cost {
            out.extend_from_slice(&number.to_be_bytes());
        }
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
        let unknown = VaultError::UnknownSlot { number };
        let kind = SlotKind::of(kind).ok_or(unknown)?;
        let cost = KdfParams {
            memory_kib: u32::from_be_bytes(rest.array()?),
            passes: u32::from_be_bytes(rest.array()?),
            lanes: u32::from_be_bytes(rest.array()?),
        };
        let none = KdfParams { memory_kib: 0, passes: 0, lanes: 0 };
        let cost = match (kind, (derivation, version)) {
            (SlotKind::Passphrase, ARGON2ID) => Some(cost.check()?),
            (SlotKind::KeyFile | SlotKind::Recovery, HKDF) if cost == none => None,
            _ => return Err(unknown),
        };
        Ok(Self {
            number,
            kind,
            cost,
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
/// The code of a derivation and its version.
const ARGON2ID: (u8, u8) = (1, 0x13);
const HKDF: (u8, u8) = (2, 0);
const MAX_SLOTS: u8 = 8;
const WRAPPED_LEN: usize = NONCE_LEN + KEY_LEN + TAG_LEN;
const SLOT_LEN: usize = 64 + WRAPPED_LEN;
