//! The vault: from a passphrase to sealed records. It never sees the disk.
//!
//! A passphrase or random key opens a slot of the [`Header`]; the slot holds the master key; the master
//! key wraps a random key for each user; a user's key seals that user's records. `keys` has every
//! derivation, `envelope` and `header` the byte layouts; `docs/vault-format.md` is the same for readers.

#![warn(clippy::indexing_slicing, clippy::wildcard_enum_match_arm, clippy::arithmetic_side_effects)]

mod envelope;
mod header;
mod keys;
mod slots;
mod trace;

use muster_protocol::ids::UserId;
use muster_protocol::key_text;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

pub use self::envelope::{Kind, RecordId, Sealed};
pub use self::header::{Header, SlotInfo, SlotKind, StoreId};
pub use self::keys::{KdfParams, Purpose};
pub use self::slots::NewSlot;
pub use self::trace::wiping_once;

use self::envelope::Owner;
use self::keys::Key;

/// Why the vault refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The passphrase is wrong, or the slot is damaged: nobody can tell.
    #[error("the passphrase does not open the vault")]
    WrongPassphrase,
    /// Sealed bytes, their key or their place are not what they were sealed with.
    #[error("a sealed record is damaged or in the wrong place")]
    Damaged,
    /// The bytes are no header.
    #[error("the vault's header is damaged")]
    NotAHeader,
    /// The header is of a layout this build does not know.
    #[error("the vault's header has version {found}, which this build does not know")]
    UnknownVersion {
        /// The version in the header.
        found: u16,
    },
    /// A slot is of a kind this build does not know.
    #[error("slot {number} of the vault's header is of a kind this build does not know")]
    UnknownSlot {
        /// The slot's number.
        number: u8,
    },
    /// The header asks for too little or too much work.
    #[error(
        "the passphrase's derivation is outside what is accepted: 64 MiB to 4 GiB, 3 to 16 passes, 1 to 16 lanes"
    )]
    KdfRefused,
    /// There is not enough memory for the derivation.
    #[error("there is not enough memory to derive a key from the passphrase")]
    OutOfMemory,
    /// All numbers of slots are taken.
    #[error("every slot is taken; remove one first")]
    NoFreeSlot,
    /// There is no slot of this number.
    #[error("there is no slot {number}")]
    NoSuchSlot {
        /// The number.
        number: u8,
    },
    /// Nothing would open the vault any more.
    #[error("this is the last slot; without it nothing opens the vault")]
    LastSlot,
    /// The new passphrase is too short.
    #[error("a passphrase needs at least 8 characters")]
    ShortPassphrase,
    /// A key's text is mistyped, or no such text.
    #[error(
        "this is not a key: 14 groups of four letters and digits, as `musterd new-key` shows it"
    )]
    NotAKey,
    /// The kernel gives no random bytes.
    #[error("the system gives no random bytes")]
    NoRandomness,
}

/// A new random key as text.
pub fn new_key_text() -> Result<Zeroizing<String>, VaultError> {
    let mut bytes = Zeroizing::new([0; key_text::KEY_LEN]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| VaultError::NoRandomness)?;
    Ok(key_text::write(&bytes))
}

/// The open vault: holds the master key until it is dropped.
pub struct Vault {
    store: StoreId,
    master: Key,
    /// Derived from the master key, once: every order opens with it.
    wrap: Key,
    root: Key,
    opened_by: u8,
}

impl Vault {
    /// Makes a new store id, master key, and a slot for the passphrase. Works for about half a second.
    pub fn create(passphrase: &[u8], cost: KdfParams) -> Result<(Header, Self), VaultError> {
        let store = StoreId::random()?;
        let vault = Self::of(store, (Key::random()?, Key::random()?), 0)?;
        let new = NewSlot { kind: SlotKind::Passphrase, secret: passphrase, cost };
        Ok((vault.header_with(&new)?, vault))
    }

    /// Opens with a passphrase or a random key's text. Works for about half a second for each slot
    /// that could be meant.
    pub fn open(header: &Header, secret: &[u8]) -> Result<Self, VaultError> {
        let (master, opened_by) = slots::unlock(header, secret, keys::argon2id)?;
        let wrap = keys::wrap_key(&master, header.store)?;
        let root = envelope::open_key(&wrap, &header::root_aad(header.store), &header.root)?;
        Self::of(header.store, (master, root), opened_by)
    }

    fn of(store: StoreId, (master, root): (Key, Key), opened_by: u8) -> Result<Self, VaultError> {
        let wrap = keys::wrap_key(&master, store)?;
        Ok(Self { store, master, wrap, root, opened_by })
    }

    /// The number of the slot it was opened with.
    pub const fn opened_by(&self) -> u8 {
        self.opened_by
    }

    /// The header with one more slot.
    pub fn add_slot(&self, header: &Header, new: &NewSlot<'_>) -> Result<Header, VaultError> {
        let mut slots = header.slots.clone();
        slots.push(self.slot(header.free_number()?, new)?);
        self.header_of(header, slots)
    }

    /// The header without a slot; the last one stays.
    pub fn remove_slot(&self, header: &Header, number: u8) -> Result<Header, VaultError> {
        let mut slots = header.slots.clone();
        slots.retain(|slot| slot.number != number);
        if slots.len() == header.slots.len() {
            return Err(VaultError::NoSuchSlot { number });
        }
        if slots.is_empty() {
            return Err(VaultError::LastSlot);
        }
        self.header_of(header, slots)
    }

    /// The header with the slot that opened this vault made anew, of another secret or at another cost.
    /// Nothing else is encrypted again.
    pub fn replace_slot(&self, header: &Header, new: &NewSlot<'_>) -> Result<Header, VaultError> {
        let mut slots = header.slots.clone();
        slots.retain(|slot| slot.number != self.opened_by);
        slots.push(self.slot(self.opened_by, new)?);
        self.header_of(header, slots)
    }

    /// A vault with another master key, and its header with one slot: nobody else's secret is at
    /// hand to make theirs. The keys of the purposes stay as they are.
    pub fn rotated(&self, new: &NewSlot<'_>) -> Result<(Header, Self), VaultError> {
        let root = Key::filled(|out| {
            out.copy_from_slice(self.root.expose());
            Ok(())
        })?;
        let vault = Self::of(self.store, (Key::random()?, root), 0)?;
        Ok((vault.header_with(new)?, vault))
    }

    /// A user's key, wrapped here, wrapped by the other vault of this store.
    pub fn rewrap(
        &self,
        other: &Self,
        user: &UserId,
        wrapped: &WrappedKey,
    ) -> Result<WrappedKey, VaultError> {
        let key = self.unwrap(user, wrapped)?;
        let wrapped = envelope::seal(&other.wrap, &key.owner.user_key(), key.key.expose())?;
        Ok(WrappedKey(wrapped))
    }

    /// What authenticates backups.
    pub fn backup_key(&self) -> Result<BackupKey, VaultError> {
        Ok(BackupKey(keys::backup_key(&self.master, self.store)?))
    }

    fn slot(&self, number: u8, new: &NewSlot<'_>) -> Result<header::Slot, VaultError> {
        slots::lock(self.store, &self.master, number, new, keys::argon2id)
    }

    fn header_of(&self, old: &Header, slots: Vec<header::Slot>) -> Result<Header, VaultError> {
        Header::made(self.store, old.root.clone(), slots, &self.master)
    }

    fn header_with(&self, new: &NewSlot<'_>) -> Result<Header, VaultError> {
        let root = envelope::seal(&self.wrap, &header::root_aad(self.store), self.root.expose())?;
        let slot = self.slot(0, new)?;
        Header::made(self.store, root.into_bytes(), vec![slot], &self.master)
    }

    /// The store it belongs to.
    pub const fn store_id(&self) -> StoreId {
        self.store
    }

    /// A new random key for the user, and the same wrapped, to be stored.
    pub fn new_user_key(&self, user: &UserId) -> Result<(UserKey, WrappedKey), VaultError> {
        let owner = Owner::new(self.store, user);
        let key = Key::random()?;
        let wrapped = envelope::seal(&self.wrap, &owner.user_key(), key.expose())?;
        Ok((UserKey { owner, key }, WrappedKey(wrapped)))
    }

    /// The user's key from what was stored.
    pub fn unwrap(&self, user: &UserId, wrapped: &WrappedKey) -> Result<UserKey, VaultError> {
        let owner = Owner::new(self.store, user);
        let key = envelope::open_key(&self.wrap, &owner.user_key(), wrapped.0.as_bytes())?;
        Ok(UserKey { owner, key })
    }

    /// Opens some of a user's records, in their order. The stack is wiped once for all of them and for the
    /// user's key: what signs an order is opened for each order.
    pub fn open_records(
        &self,
        user: &UserId,
        wrapped: &WrappedKey,
        records: &[(RecordId, &[u8])],
    ) -> Result<Vec<Zeroizing<Vec<u8>>>, VaultError> {
        let owner = Owner::new(self.store, user);
        wiping_once(|| {
            let of_user = owner.user_key();
            let key = envelope::open_key(&self.wrap, &of_user, wrapped.0.as_bytes())?;
            let opened =
                records.iter().map(|(id, sealed)| envelope::open(&key, &owner.record(id), sealed));
            opened.collect()
        })
    }

    /// A key for one purpose; the same for the life of the store.
    pub fn derive(&self, purpose: Purpose) -> Result<Zeroizing<[u8; 32]>, VaultError> {
        keys::purpose_key(&self.root, self.store, purpose)
    }
}

/// Authenticates a backup by the digest of all that is in it.
pub struct BackupKey(Key);

impl BackupKey {
    /// The MAC of a digest.
    pub fn mac(&self, digest: &[u8; 32]) -> [u8; 32] {
        keys::mac(&self.0, digest)
    }

    /// Whether the MAC is this digest's; takes the same time wherever it differs.
    pub fn verify(&self, digest: &[u8; 32], mac: &[u8]) -> bool {
        self.mac(digest).as_slice().ct_eq(mac).into()
    }
}

/// A user's key, wrapped by the master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey(Sealed);

impl WrappedKey {
    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Takes stored bytes for a wrapped key; only unwrapping shows whether they are.
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(Sealed::from_bytes(bytes))
    }
}

/// One user's key: seals and opens that user's records in this store.
pub struct UserKey {
    owner: Owner,
    key: Key,
}

impl UserKey {
    /// Seals the bytes as this record.
    pub fn seal(&self, id: &RecordId, plain: &[u8]) -> Result<Sealed, VaultError> {
        envelope::seal(&self.key, &self.owner.record(id), plain)
    }

    /// Opens what was sealed as this record.
    pub fn open(&self, id: &RecordId, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        envelope::open(&self.key, &self.owner.record(id), sealed.as_bytes())
    }
}

#[cfg(test)]
impl Vault {
    /// A vault without a passphrase, for tests of what lies above.
    pub(crate) fn for_tests() -> Self {
        Self::with_key().0
    }

    /// A vault, its header, and the random key that opens it: cheap to try.
    pub(crate) fn with_key() -> (Self, Header, Zeroizing<String>) {
        let (store, text) = (StoreId::random().unwrap(), new_key_text().unwrap());
        let (master, root) = (Key::random().unwrap(), Key::random().unwrap());
        let vault = Self::of(store, (master, root), 0).unwrap();
        let new = NewSlot {
            kind: SlotKind::KeyFile,
            secret: text.as_bytes(),
            cost: KdfParams::default(),
        };
        let header = vault.header_with(&new).unwrap();
        (vault, header, text)
    }

    /// The same vault as it is opened again after a restart.
    pub(crate) fn twin(&self) -> Self {
        let copy = |key: &Key| {
            Key::filled(|out| {
                out.copy_from_slice(key.expose());
                Ok(())
            })
        };
        let (master, root) = (copy(&self.master).unwrap(), copy(&self.root).unwrap());
        Self::of(self.store, (master, root), self.opened_by).unwrap()
    }
}

#[cfg(test)]
pub(crate) mod tests;
