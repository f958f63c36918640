//! What is done to the vault's keys: derived beside the loop, for it takes half a second; taken over
//! on the loop, in one batch.

use muster_protocol::ids::{AccountId, UserId};
use muster_protocol::secret::Secret;
use muster_protocol::vault::{KdfCost, KeyTask, SlotKind, SlotView};

use super::{Custody, CustodyError};
use crate::store::Batch;
use crate::vault::{
    self, BackupKey, Header, KdfParams, Kind, NewSlot, RecordId, Vault, VaultError, WrappedKey,
};

/// The secrets of a task.
pub struct KeySecrets {
    /// One that opens the vault now.
    pub secret: Secret,
    /// The one of a new slot.
    pub new: Option<Secret>,
}

/// What a task led to.
pub enum Derived {
    /// The vault, open.
    Opened(Vault),
    /// The header with other slots.
    Changed(Header),
    /// The vault of before, and one with a new master key.
    Rotated {
        /// As it was.
        before: Vault,
        /// As it is to be.
        after: Vault,
        /// Its header.
        header: Header,
    },
}

/// Does the part of a task that takes its time.
pub fn derive(
    header: &Header,
    task: &KeyTask,
    secrets: &KeySecrets,
) -> Result<Derived, VaultError> {
    let secret = secrets.secret.expose().as_bytes();
    let new = secrets.new.as_ref().map_or(b"".as_slice(), |new| new.expose().as_bytes());
    let vault = Vault::open(header, secret)?;
    let of_this = header.slots().find(|slot| slot.number == vault.opened_by());
    let least = of_this.and_then(|slot| slot.cost).unwrap_or_default();
    let cost = KdfParams::default().no_less_than(least);
    let slot = |kind, secret| NewSlot { kind, secret, cost };
    let kind = of_this.map_or(vault::SlotKind::Passphrase, |slot| slot.kind);
    Ok(match task {
        KeyTask::Unseal => Derived::Opened(vault),
        KeyTask::AddSlot(kind) => {
            Derived::Changed(vault.add_slot(header, &slot(inward(*kind), new))?)
        }
        KeyTask::RemoveSlot(number) => Derived::Changed(vault.remove_slot(header, *number)?),
        KeyTask::ChangeSecret => Derived::Changed(vault.replace_slot(header, &slot(kind, new))?),
        KeyTask::UpgradeKdf => Derived::Changed(vault.replace_slot(header, &slot(kind, secret))?),
        KeyTask::Rotate => {
            let (header, after) = vault.rotated(&slot(kind, secret))?;
            Derived::Rotated { before: vault, after, header }
        }
    })
}

impl Custody {
    /// The header as it is now.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// What authenticates backups.
    pub fn backup_key(&self) -> Result<BackupKey, CustodyError> {
        Ok(self.vault()?.backup_key()?)
    }

    /// The ways to open the vault.
    pub fn slots(&self) -> Vec<SlotView> {
        let view = |slot: vault::SlotInfo| SlotView {
            slot: slot.number,
            kind: outward(slot.kind),
            cost: slot.cost.map(|cost| KdfCost {
                memory_kib: cost.memory_kib,
                passes: cost.passes,
                lanes: cost.lanes,
            }),
        };
        self.header.slots().map(view).collect()
    }

    /// Takes over what was derived, and gives what must be written in one transaction. An opened vault
    /// needs no writing. It counts from now on: a daemon whose commit fails exits.
    pub fn take_over(&mut self, derived: Derived) -> Result<Batch, CustodyError> {
        match derived {
            Derived::Opened(vault) => {
                self.vault = Some(vault);
                Ok(Batch::default())
            }
            Derived::Changed(header) => {
                let batch = Batch { header: Some(header.to_bytes()), ..Batch::default() };
                self.header = header;
                Ok(batch)
            }
            Derived::Rotated { before, after, header } => self.rotate(&before, after, header),
        }
    }

    fn rotate(
        &mut self,
        before: &Vault,
        after: Vault,
        header: Header,
    ) -> Result<Batch, CustodyError> {
        let rewrapped = self
            .user_keys
            .iter()
            .map(|(user, wrapped)| Ok((user.clone(), before.rewrap(&after, user, wrapped)?)));
        let rewrapped: Vec<(UserId, WrappedKey)> = rewrapped.collect::<Result<_, VaultError>>()?;
        let batch = Batch {
            header: Some(header.to_bytes()),
            user_keys: rewrapped
                .iter()
                .map(|(user, wrapped)| (user.clone(), wrapped.as_bytes().to_vec()))
                .collect(),
            ..Batch::default()
        };
        self.user_keys = rewrapped.into_iter().collect();
        self.header = header;
        if self.vault.is_some() {
            self.vault = Some(after);
        }
        Ok(batch)
    }

    /// Makes a new key for the user and seals all of theirs again under it.
    pub fn reencrypt(
        &mut self,
        user: &UserId,
        accounts: &[AccountId],
    ) -> Result<Batch, CustodyError> {
        let vault = self.vault()?;
        let (key, wrapped) = vault.new_user_key(user)?;
        let mut batch = Batch::default();
        batch.user_keys.push((user.clone(), wrapped.as_bytes().to_vec()));
        for account in accounts {
            for kind in [Kind::Credential, Kind::Session] {
                let Some(plain) = self.open(user, *account, kind)? else { continue };
                let last = self.rows.get(&(*account, kind.code())).map_or(0, |row| row.generation);
                let generation = last.saturating_add(1);
                let id = RecordId { account: *account, kind, generation };
                let bytes = key.seal(&id, &plain)?.into_bytes();
                let row = crate::store::SealedRow {
                    account: *account,
                    kind: kind.code(),
                    generation,
                    bytes,
                };
                batch.sealed.push(row);
            }
        }
        self.user_keys.insert(user.clone(), wrapped);
        self.rows.extend(batch.sealed.iter().map(|row| ((row.account, row.kind), row.clone())));
        Ok(batch)
    }
}

const fn inward(kind: SlotKind) -> vault::SlotKind {
    match kind {
        SlotKind::Passphrase => vault::SlotKind::Passphrase,
        SlotKind::KeyFile => vault::SlotKind::KeyFile,
        SlotKind::Recovery => vault::SlotKind::Recovery,
    }
}

const fn outward(kind: vault::SlotKind) -> SlotKind {
    match kind {
        vault::SlotKind::Passphrase => SlotKind::Passphrase,
        vault::SlotKind::KeyFile => SlotKind::KeyFile,
        vault::SlotKind::Recovery => SlotKind::Recovery,
    }
}

#[cfg(test)]
mod tests;
