//! The vault: from a passphrase to sealed records. It never sees the disk.
//!
//! A passphrase opens a slot of the [`Header`]; the slot holds the master key; the master key wraps
//! a random key for each user; a user's key seals that user's records. `keys` has every derivation,
//! `envelope` and `header` the byte layouts: together they are enough to write a reader.

#![warn(clippy::indexing_slicing, clippy::wildcard_enum_match_arm, clippy::arithmetic_side_effects)]

mod envelope;
mod header;
mod keys;
mod slots;

use muster_protocol::ids::UserId;
use zeroize::Zeroizing;

pub use self::envelope::{Kind, RecordId, Sealed};
pub use self::header::{Header, StoreId};
pub use self::keys::{KdfParams, Purpose};

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
    /// The kernel gives no random bytes.
    #[error("the system gives no random bytes")]
    NoRandomness,
}

/// The open vault: holds the master key until it is dropped.
pub struct Vault {
    store: StoreId,
    master: Key,
}

impl Vault {
    /// Makes a new store id, master key, and a slot for the passphrase. Works for about half a second.
    pub fn create(passphrase: &[u8], cost: KdfParams) -> Result<(Header, Self), VaultError> {
        let vault = Self { store: StoreId::random()?, master: Key::random()? };
        let slot = slots::lock(vault.store, &vault.master, passphrase, cost, keys::argon2id)?;
        Ok((Header { store: vault.store, slots: vec![slot] }, vault))
    }

    /// Opens with the passphrase. Works for about half a second for each slot.
    pub fn open(header: &Header, passphrase: &[u8]) -> Result<Self, VaultError> {
        let master = slots::unlock(header, passphrase, keys::argon2id)?;
        Ok(Self { store: header.store, master })
    }

    /// The store it belongs to.
    pub const fn store_id(&self) -> StoreId {
        self.store
    }

    /// A new random key for the user, and the same wrapped, to be stored.
    pub fn new_user_key(&self, user: &UserId) -> Result<(UserKey, WrappedKey), VaultError> {
        let owner = Owner::new(self.store, user);
        let key = Key::random()?;
        let wrap = keys::wrap_key(&self.master, self.store)?;
        let wrapped = envelope::seal(&wrap, &owner.user_key(), key.expose())?;
        Ok((UserKey { owner, key }, WrappedKey(wrapped)))
    }

    /// The user's key from what was stored.
    pub fn unwrap(&self, user: &UserId, wrapped: &WrappedKey) -> Result<UserKey, VaultError> {
        let owner = Owner::new(self.store, user);
        let wrap = keys::wrap_key(&self.master, self.store)?;
        let key = envelope::open_key(&wrap, &owner.user_key(), wrapped.0.as_bytes())?;
        Ok(UserKey { owner, key })
    }

    /// A key for one purpose; the same for the life of the store.
    pub fn derive(&self, purpose: Purpose) -> Result<Zeroizing<[u8; 32]>, VaultError> {
        keys::purpose_key(&self.master, self.store, purpose)
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
        Self { store: StoreId::random().unwrap(), master: Key::random().unwrap() }
    }

    /// The same vault as it is opened again after a restart.
    pub(crate) fn twin(&self) -> Self {
        let copy = |bytes: &mut [u8; 32]| {
            bytes.copy_from_slice(self.master.expose());
            Ok(())
        };
        Self { store: self.store, master: Key::filled(copy).unwrap() }
    }
}

#[cfg(test)]
mod tests {
    use muster_protocol::ids::AccountId;

    use super::*;

    const ID: RecordId = RecordId { account: AccountId(1), kind: Kind::Credential, generation: 1 };

    fn user(name: &str) -> UserId {
        name.parse().unwrap()
    }

    #[test]
    fn a_passphrase_leads_to_the_same_records_after_a_restart() {
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
    fn a_users_key_is_no_other_users_and_no_other_stores() {
        let (vault, other) = (Vault::for_tests(), Vault::for_tests());
        let (key, wrapped) = vault.new_user_key(&user("asha")).unwrap();
        assert!(vault.unwrap(&user("ravi"), &wrapped).is_err());
        assert!(other.unwrap(&user("asha"), &wrapped).is_err());
        let sealed = key.seal(&ID, b"x").unwrap();
        assert!(vault.new_user_key(&user("asha")).unwrap().0.open(&ID, &sealed).is_err());
    }
}
