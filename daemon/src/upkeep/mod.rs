//! What is done to a store while no daemon runs on it: verify, restore, look at the audit, look after the
//! slots, write it anew, export.

mod export;
mod purge;
mod slots;

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use muster_protocol::audit::{AuditRow, AuditVerified};
use muster_protocol::status::AuditHead;

use crate::custody::CustodyError;
use crate::domain::calendar::Calendar;
use crate::domain::illegal::Illegal;
use crate::domain::model::{Model, Settings};
use crate::domain::record::Record;
use crate::engine::{ArchiveError, verify_archive};
use crate::passphrase::Passphrase;
use crate::store::steps::step;
use crate::store::{Epochs, Store, StoreError, decode};
use crate::vault::{Header, Kind, RecordId, Sealed, Vault, VaultError, WrappedKey};

pub use self::export::export_sealed;
pub use self::purge::purge;
pub use self::slots::{Hand, change_keys, slots};

/// Why a store is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    /// The file cannot be used.
    #[error("{path}: {source}")]
    Store {
        /// Which.
        path: PathBuf,
        /// Why.
        source: StoreError,
    },
    /// The vault does not open, or something in it does not.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Something cannot be sealed again.
    #[error(transparent)]
    Custody(CustodyError),
    /// There is no vault in it.
    #[error("the store has no vault")]
    NoVault,
    /// A record does not follow from those before it.
    #[error("record {seq} does not fit: {source}")]
    Record {
        /// Which, from 1.
        seq: u64,
        /// Why.
        source: Illegal,
    },
    /// An archived run is not there, or not as it was.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A sealed record belongs to nobody.
    #[error("a sealed record of account {account} belongs to nobody")]
    Orphan {
        /// Which account.
        account: u32,
    },
    /// The file is no backup, or not as it was made.
    #[error("{0} is no whole backup of this store: its authentication does not hold")]
    NotAuthentic(PathBuf),
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// What was found in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Records replayed.
    pub records: usize,
    /// Archived runs read.
    pub archived: usize,
    /// Journal entries read.
    pub journal: u64,
    /// Sealed secrets opened.
    pub sealed: usize,
    /// The end of the audit chain.
    pub audit: AuditHead,
    /// It is a backup, and its authentication holds.
    pub backup: bool,
}

/// Opens every record, follows every chain, and checks a backup's authentication.
pub fn verify(path: &Path, passphrase: &Passphrase) -> Result<Verified, UpkeepError> {
    let store = open(path)?;
    let at = |source| UpkeepError::Store { path: path.to_owned(), source };
    let vault = vault(&store, path, passphrase)?;
    let model = replayed(&store, path)?;
    let records = store.records().map_err(at)?.len();
    let archived = verify_archive(&store, &model)?;
    let sealed = opened(&store, path, (&vault, &model))?;
    let journal = store.journal_length().map_err(at)?;
    store.audit().map_err(at)?;
    let audit = store.audit_head().map_err(at)?;
    let (digest, mac) = store.backup_mark().map_err(at)?;
    let backup = match mac {
        None => false,
        Some(mac) if vault.backup_key()?.verify(&digest, &mac) => true,
        Some(_) => return Err(UpkeepError::NotAuthentic(path.to_owned())),
    };
    store.close().map_err(at)?;
    Ok(Verified { records, archived, journal, sealed, audit, backup })
}

/// Puts a backup in the store's place; what was there stays beside it. The next daemon holds its runs.
pub fn restore(store: &Path, backup: &Path, passphrase: &Passphrase) -> Result<(), UpkeepError> {
    if !verify(backup, passphrase)?.backup {
        return Err(UpkeepError::NotAuthentic(backup.to_owned()));
    }
    let at = |source| UpkeepError::Store { path: store.to_owned(), source };
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| UpkeepError::Io { path, source }
    };
    if store.exists() {
        // Nobody runs on it: a store in use cannot be opened.
        open(store)?.close().map_err(at)?;
    }
    let coming = beside(store, ".restoring");
    step().and_then(|()| fs::copy(backup, &coming)).map_err(io(&coming))?;
    let ours = fs::Permissions::from_mode(0o600);
    step().and_then(|()| fs::set_permissions(&coming, ours)).map_err(io(&coming))?;
    let copy = open(&coming)?;
    copy.drop_backup_mark().map_err(at)?;
    Epochs::beside(store).put_ahead_of(&copy).map_err(at)?;
    copy.close().map_err(at)?;
    step().and_then(|()| File::open(&coming)?.sync_all()).map_err(io(&coming))?;
    keep_aside(store).map_err(io(store))?;
    step().and_then(|()| fs::rename(&coming, store)).map_err(io(store))?;
    let folder = store.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    step().and_then(|()| File::open(folder)?.sync_all()).map_err(io(folder))
}

/// Gives what is at the path a second name beside it, so that there is a store at every moment.
fn keep_aside(store: &Path) -> std::io::Result<()> {
    if !store.exists() {
        return Ok(());
    }
    let new = beside(store, ".replacing");
    match step().and_then(|()| fs::remove_file(&new)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    step().and_then(|()| fs::hard_link(store, &new))?;
    step().and_then(|()| fs::rename(&new, beside(store, ".replaced")))
}

/// Whether the audit chain holds, and which entry has the hash that was kept elsewhere.
pub fn verify_audit(path: &Path, kept: Option<&str>) -> Result<AuditVerified, UpkeepError> {
    let at = |source| UpkeepError::Store { path: path.to_owned(), source };
    let store = open(path)?;
    let held = store.audit_held(kept).map_err(at)?;
    store.close().map_err(at)?;
    Ok(held)
}

/// Every audit entry, if the chain holds.
pub fn audit(path: &Path) -> Result<(Vec<AuditRow>, AuditHead), UpkeepError> {
    let at = |source| UpkeepError::Store { path: path.to_owned(), source };
    let store = open(path)?;
    let found = (store.audit().map_err(at)?, store.audit_head().map_err(at)?);
    store.close().map_err(at)?;
    Ok(found)
}

fn open(path: &Path) -> Result<Store, UpkeepError> {
    let at = |source| UpkeepError::Store { path: path.to_owned(), source };
    if !path.exists() {
        let source = std::io::ErrorKind::NotFound.into();
        return Err(UpkeepError::Io { path: path.to_owned(), source });
    }
    Store::open(path).map_err(at)
}

fn vault(store: &Store, path: &Path, passphrase: &Passphrase) -> Result<Vault, UpkeepError> {
    let header = store.header();
    let header = header.map_err(|source| UpkeepError::Store { path: path.to_owned(), source })?;
    let header = Header::from_bytes(&header.ok_or(UpkeepError::NoVault)?)?;
    Ok(Vault::open(&header, passphrase.expose())?)
}

fn replayed(store: &Store, path: &Path) -> Result<Model, UpkeepError> {
    let at = |source| UpkeepError::Store { path: path.to_owned(), source };
    let start = muster_protocol::time::Timestamp::from_millis(0);
    let mut model = Model::new(Settings::default(), Calendar::built_in(), start);
    for (seq, bytes) in store.numbered().map_err(at)? {
        let record: Record = decode(&bytes).map_err(at)?;
        model.apply(&record).map_err(|source| UpkeepError::Record { seq, source })?;
    }
    Ok(model)
}

fn opened(
    store: &Store,
    path: &Path,
    (vault, model): (&Vault, &Model),
) -> Result<usize, UpkeepError> {
    let at = |source| UpkeepError::Store { path: path.to_owned(), source };
    let keys = store.user_keys().map_err(at)?;
    let rows = store.sealed().map_err(at)?;
    for row in &rows {
        let orphan = UpkeepError::Orphan { account: row.account.0 };
        let Some(owner) = model.accounts.get(&row.account) else { return Err(orphan) };
        let Some((user, wrapped)) = keys.iter().find(|(user, _)| *user == owner.user) else {
            return Err(orphan);
        };
        let kind = [Kind::Credential, Kind::Session].into_iter().find(|k| k.code() == row.kind);
        let kind = kind.ok_or(VaultError::Damaged)?;
        let key = vault.unwrap(user, &WrappedKey::from_bytes(wrapped.clone()))?;
        let id = RecordId { account: row.account, kind, generation: row.generation };
        key.open(&id, &Sealed::from_bytes(row.bytes.clone()))?;
    }
    Ok(rows.len())
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests;
