//! Every key and every derivation. A key is 32 bytes on the heap, wiped when dropped; it has no
//! `Clone`, `Display`, `Debug`, comparison or serialisation.
//!
//! ```text
//! stretched  = Argon2id(passphrase, salt, m, t, p) -> 32 bytes
//!         or = HKDF-SHA256(salt = slot's salt, ikm = random key, info = "muster/v1/slot/random")
//! slot key   = HKDF-SHA256(salt = store id, ikm = stretched,  info = "muster/v1/slot/key")
//! commitment = HKDF-SHA256(salt = store id, ikm = stretched,  info = "muster/v1/slot/commitment")
//! master key = 32 random bytes
//! wrap key   = HKDF-SHA256(salt = store id, ikm = master key, info = "muster/v1/wrap")
//! header key = HKDF-SHA256(salt = store id, ikm = master key, info = "muster/v1/header")
//! backup key = HKDF-SHA256(salt = store id, ikm = master key, info = "muster/v1/backup")
//! root       = 32 random bytes, wrapped by the wrap key; it outlives the master key
//! purpose    = HKDF-SHA256(salt = store id, ikm = root, info = "muster/v1/purpose/<name>")
//! user key   = 32 random bytes
//! ```

use argon2::{Algorithm, Argon2, Block, Params, Version};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use super::VaultError;
use super::header::StoreId;
use super::trace::leaving_no_trace;

/// Length of every key.
pub(super) const KEY_LEN: usize = 32;

/// Length of a passphrase slot's salt.
pub(super) const SALT_LEN: usize = 16;

/// 32 secret bytes.
pub(super) struct Key(SecretBox<[u8; KEY_LEN]>);

impl Key {
    /// A new random key.
    pub(super) fn random() -> Result<Self, VaultError> {
        Self::filled(|bytes| getrandom::fill(bytes).map_err(|_| VaultError::NoRandomness))
    }

    /// A key filled in place, so that no copy of it stays on the stack.
    pub(super) fn filled(
        fill: impl FnOnce(&mut [u8; KEY_LEN]) -> Result<(), VaultError>,
    ) -> Result<Self, VaultError> {
        let mut key = Self(SecretBox::default());
        fill(key.0.expose_secret_mut())?;
        Ok(key)
    }

    /// The bytes; each use is a place to look at.
    pub(super) fn expose(&self) -> &[u8; KEY_LEN] {
        self.0.expose_secret()
    }

    fn derive(&self, store: StoreId, info: &[&[u8]]) -> Result<Self, VaultError> {
        leaving_no_trace(|| {
            let hkdf = Hkdf::<Sha256>::new(Some(store.as_bytes()), self.expose());
            Self::filled(|out| hkdf.expand_multi_info(info, out).map_err(|_| VaultError::Damaged))
        })
    }
}

/// What a key derived from the root is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The code in an order's tag that tells our orders from a person's.
    OrderTag,
    /// The signature over a browser login's state.
    LoginState,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::OrderTag => b"order tag",
            Self::LoginState => b"login state",
        }
    }
}

/// `HKDF(store id, master key, "muster/v1/wrap")`: wraps the users' keys.
pub(super) fn wrap_key(master: &Key, store: StoreId) -> Result<Key, VaultError> {
    master.derive(store, &[LABEL_WRAP])
}

/// `HMAC-SHA256` of the header under `HKDF(store id, master key, "muster/v1/header")`.
pub(super) fn header_mac(
    master: &Key,
    store: StoreId,
    header: &[u8],
) -> Result<[u8; KEY_LEN], VaultError> {
    Ok(mac(&master.derive(store, &[LABEL_HEADER])?, header))
}

/// `HKDF(store id, master key, "muster/v1/backup")`.
pub(super) fn backup_key(master: &Key, store: StoreId) -> Result<Key, VaultError> {
    master.derive(store, &[LABEL_BACKUP])
}

/// `HMAC-SHA256`.
pub(super) fn mac(key: &Key, bytes: &[u8]) -> [u8; KEY_LEN] {
    leaving_no_trace(|| {
        let mac = Hmac::<Sha256>::new_from_slice(key.expose());
        let mac = mac.expect("HMAC takes a key of any length").chain_update(bytes);
        mac.finalize().into_bytes().into()
    })
}

/// `HKDF(store id, root, "muster/v1/purpose/" | name)`.
pub(super) fn purpose_key(
    root: &Key,
    store: StoreId,
    purpose: Purpose,
) -> Result<Zeroizing<[u8; KEY_LEN]>, VaultError> {
    let key = root.derive(store, &[LABEL_PURPOSE, purpose.label()])?;
    Ok(Zeroizing::new(*key.expose()))
}

/// `HKDF(store id, stretched, "muster/v1/slot/key")`: wraps the master key in a slot.
pub(super) fn slot_key(stretched: &Key, store: StoreId) -> Result<Key, VaultError> {
    stretched.derive(store, &[LABEL_SLOT_KEY])
}

/// `HKDF(store id, stretched, "muster/v1/slot/commitment")`: which passphrase the slot is for.
/// AES-GCM alone does not tell: one ciphertext can be made to open under many keys.
pub(super) fn commitment(
    stretched: &Key,
    store: StoreId,
) -> Result<Zeroizing<[u8; KEY_LEN]>, VaultError> {
    Ok(Zeroizing::new(*stretched.derive(store, &[LABEL_COMMITMENT])?.expose()))
}

/// What the passphrase costs to try: Argon2id's memory in KiB, passes, lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfParams {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes, which run in parallel.
    pub lanes: u32,
}

impl KdfParams {
    /// The least that is accepted: RFC 9106's second choice.
    pub const FLOOR: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 4 };

    /// The most that is accepted, so that a header cannot ask for unbounded work.
    pub const CEILING: Self = Self { memory_kib: 4 * 1024 * 1024, passes: 16, lanes: 16 };

    /// Refuses what is too weak or too costly, before any work is done.
    pub fn check(self) -> Result<Self, VaultError> {
        let fits = (Self::FLOOR.memory_kib..=Self::CEILING.memory_kib).contains(&self.memory_kib)
            && (Self::FLOOR.passes..=Self::CEILING.passes).contains(&self.passes)
            && (1..=Self::CEILING.lanes).contains(&self.lanes);
        if fits { Ok(self) } else { Err(VaultError::KdfRefused) }
    }
}

impl KdfParams {
    /// The dearer of the two in each respect: what is made anew is never weaker than what it replaces.
    #[must_use]
    pub fn no_less_than(self, other: Self) -> Self {
        Self {
            memory_kib: self.memory_kib.max(other.memory_kib),
            passes: self.passes.max(other.passes),
            lanes: self.lanes.max(other.lanes),
        }
    }
}

impl Default for KdfParams {
    /// 256 MiB, 3 passes, 4 lanes: about half a second on a small server.
    fn default() -> Self {
        Self { memory_kib: 256 * 1024, passes: 3, lanes: 4 }
    }
}

/// `HKDF(slot's salt, random key, "muster/v1/slot/random")`: a random key needs no stretching.
pub(super) fn unstretched(
    random: &[u8; KEY_LEN],
    salt: &[u8; SALT_LEN],
) -> Result<Key, VaultError> {
    leaving_no_trace(|| {
        let hkdf = Hkdf::<Sha256>::new(Some(salt), random);
        Key::filled(|out| hkdf.expand(LABEL_RANDOM, out).map_err(|_| VaultError::Damaged))
    })
}

/// How a passphrase becomes a key; tests of everything behind it put a cheap one in its place.
pub(super) type Stretch = fn(&[u8], &[u8; SALT_LEN], KdfParams) -> Result<Key, VaultError>;

/// `Argon2id(passphrase, salt, m, t, p)`, version 0x13, in memory that is wiped afterwards.
pub(super) fn argon2id(
    passphrase: &[u8],
    salt: &[u8; SALT_LEN],
    cost: KdfParams,
) -> Result<Key, VaultError> {
    let cost = cost.check()?;
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(KEY_LEN))
        .map_err(|_| VaultError::KdfRefused)?;
    let mut matrix = Matrix::new(params.block_count())?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    leaving_no_trace(|| {
        Key::filled(|out| {
            argon2
                .hash_password_into_with_memory(passphrase, salt, out, matrix.0.as_mut_slice())
                .map_err(|_| VaultError::KdfRefused)
        })
    })
}

/// Argon2's memory. The crate frees its own without wiping it, and `Vec`'s wiping goes over it twice.
struct Matrix(Vec<Block>);

impl Matrix {
    fn new(blocks: usize) -> Result<Self, VaultError> {
        let mut matrix = Vec::new();
        matrix.try_reserve_exact(blocks).map_err(|_| VaultError::OutOfMemory)?;
        matrix.resize(blocks, Block::new());
        Ok(Self(matrix))
    }
}

impl Drop for Matrix {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(Zeroize::zeroize);
    }
}

const LABEL_SLOT_KEY: &[u8] = b"muster/v1/slot/key";
const LABEL_COMMITMENT: &[u8] = b"muster/v1/slot/commitment";
const LABEL_RANDOM: &[u8] = b"muster/v1/slot/random";
const LABEL_HEADER: &[u8] = b"muster/v1/header";
const LABEL_BACKUP: &[u8] = b"muster/v1/backup";
const LABEL_WRAP: &[u8] = b"muster/v1/wrap";
const LABEL_PURPOSE: &[u8] = b"muster/v1/purpose/";

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    fn key(byte: u8) -> Key {
        Key::filled(|out| {
            out.fill(byte);
            Ok(())
        })
        .unwrap()
    }

    /// From an independent implementation (Python's `hmac` and `hashlib`, HKDF as in RFC 5869).
    #[test]
    fn derivations_are_the_ones_written_down() {
        let store = StoreId::from_bytes([7; 16]);
        let hex = |bytes: &[u8]| HEXLOWER.encode(bytes);
        let found = [
            hex(slot_key(&key(1), store).unwrap().expose()),
            hex(&*commitment(&key(1), store).unwrap()),
            hex(wrap_key(&key(2), store).unwrap().expose()),
            hex(&*purpose_key(&key(2), store, Purpose::OrderTag).unwrap()),
            hex(&*purpose_key(&key(2), store, Purpose::LoginState).unwrap()),
        ];
        assert_eq!(found, HKDF_KNOWN);
    }

    /// From the reference implementation in C (through Python's `argon2-cffi`).
    #[test]
    fn the_passphrase_is_stretched_by_argon2id() {
        let found = argon2id(b"correct horse", &[9; SALT_LEN], KdfParams::FLOOR).unwrap();
        assert_eq!(HEXLOWER.encode(found.expose()), ARGON2_KNOWN);
    }

    #[test]
    fn i16_too_little_and_too_much_work_are_refused_before_any_is_done() {
        let floor = KdfParams::FLOOR;
        for bad in [
            KdfParams { memory_kib: floor.memory_kib - 1, ..floor },
            KdfParams { passes: 2, ..floor },
            KdfParams { lanes: 0, ..floor },
            KdfParams { memory_kib: KdfParams::CEILING.memory_kib + 1, ..floor },
            KdfParams { passes: 17, ..floor },
            KdfParams { lanes: 17, ..floor },
            KdfParams { memory_kib: u32::MAX, passes: u32::MAX, lanes: u32::MAX },
        ] {
            let refused = argon2id(b"x", &[0; SALT_LEN], bad);
            assert!(matches!(refused, Err(VaultError::KdfRefused)), "{bad:?}");
        }
    }

    const HKDF_KNOWN: [&str; 5] = [
        "224c5f8bdadc9a3fc22f02b496a5c7c6f084f5fa3d6fcf737ee3716339459a10",
        "318f26889ad2f66d0fb8bb7138bbe20c3c67e78745e7f19643597c308192cfdd",
        "603d79ce4c44543490117839c9c538c93c5977526d6d01472a16cb8fc5fff8f6",
        "25af6278f66c09cceb37cd8aec688c055d1207d7518748bf18f31d351efe9bcb",
        "0544b2077085034b880029747e74e258b78ac1b1db0322f838a2cf078b2dcd72",
    ];
    const ARGON2_KNOWN: &str = "a970add6ed9bd0cba05a0dbbb1dadd4d947d1a22f5399b8beb47243c9ef7472e";
}
