//! Requests that bring a secret for the vault: the secret waits aside, is tried beside the loop, and
//! what it led to waits again until the model has decided.

use std::path::Path;
use std::sync::Arc;

use muster_protocol::frame::{Code, Failure};
use muster_protocol::reply::Purged;
use muster_protocol::request::Request;
use muster_protocol::secret::Secret;
use muster_protocol::vault::KeyTask;

use super::Engine;
use super::handle::Back;
use crate::custody::keys::{KeySecrets, derive};
use crate::domain::effect::{BackupJob, PurgeJob};
use crate::domain::msg::{KeyRefusal, Msg, ReplyTo};
use crate::store::StoreError;
use crate::vault::VaultError;

/// A request, its secrets apart if it brings some for the vault.
pub(super) enum KeyRequest {
    Task(KeyTask, KeySecrets),
    Other(Request),
}

impl KeyRequest {
    pub(super) fn of(request: Request) -> Self {
        let one = |task, secret| Self::Task(task, KeySecrets { secret, new: None });
        let two =
            |task, secret: Secret, new| Self::Task(task, KeySecrets { secret, new: Some(new) });
        match request {
            Request::Unseal(asked) => one(KeyTask::Unseal, asked.secret),
            Request::AddSlot(asked) => two(KeyTask::AddSlot(asked.kind), asked.secret, asked.new),
            Request::RemoveSlot(asked) => one(KeyTask::RemoveSlot(asked.slot), asked.secret),
            Request::ChangeSecret(asked) => two(KeyTask::ChangeSecret, asked.secret, asked.new),
            Request::UpgradeKdf(asked) => one(KeyTask::UpgradeKdf, asked.secret),
            Request::Rotate(asked) => one(KeyTask::Rotate, asked.secret),
            other => Self::Other(other),
        }
    }
}

impl Engine {
    /// Tries the peer's secret: half a second and 256 MiB, beside the loop.
    pub(super) fn derive_keys(&mut self, reply: ReplyTo, task: KeyTask) {
        let back_to = self.back_to.clone();
        let Some(secrets) = self.key_secrets.remove(&reply) else {
            let failure = Failure::new(Code::Internal, "the secret is gone");
            let refusal = KeyRefusal { wrong: false, failure };
            drop(back_to.send(Back::Keys(Err(refusal))));
            return;
        };
        let header = self.custody.header().clone();
        tokio::task::spawn_blocking(move || {
            let derived = derive(&header, &task, &secrets);
            drop(secrets);
            drop(back_to.send(Back::Keys(derived.map_err(refusal))));
        });
    }

    /// Copies the store beside the loop. The store's epoch moves on first: whatever is put back later
    /// is older than the file beside the store says.
    pub(super) fn back_up(&mut self, job: BackupJob) {
        let back_to = self.back_to.clone();
        let key = self.custody.backup_key();
        let store = Arc::clone(&self.store);
        let epochs = self.epochs.clone();
        tokio::task::spawn_blocking(move || {
            let made = match key {
                Ok(key) => epochs
                    .backed_up(&store, Path::new(&job.file), |digest| key.mac(digest))
                    .map_err(|error| Failure::new(Code::Conflict, error.to_string())),
                Err(error) => Err(Failure::new(Code::Sealed, error.to_string())),
            };
            drop(back_to.send(Back::Msg(Box::new(Msg::BackedUp(job, made)))));
        });
    }

    /// Writes the store into a new file beside the loop. The epoch moves on after it, so that a copy of
    /// the old file is noticed if it is put back.
    pub(super) fn purge(&mut self, job: PurgeJob) {
        let back_to = self.back_to.clone();
        let (store, epochs) = (Arc::clone(&self.store), self.epochs.clone());
        tokio::task::spawn_blocking(move || {
            let made = match epochs.purged(&store) {
                Ok(made) => Ok(Purged {
                    before: made.before,
                    after: made.after,
                    overwritten: made.overwritten,
                }),
                Err(error @ StoreError::HalfPurged(_)) => {
                    drop(back_to.send(Back::StoreFailed(error)));
                    return;
                }
                Err(error) => Err(Failure::new(Code::Internal, error.to_string())),
            };
            drop(back_to.send(Back::Msg(Box::new(Msg::Purged(job, made)))));
        });
    }

    /// Wipes every key, and every secret that waits for something. An order on its way keeps what signs
    /// it until its answer: taking that away would make a doubt of it.
    pub(super) fn seal_vault(&mut self) {
        self.custody.seal();
        self.derived = None;
        self.key_secrets.clear();
        self.tokens.clear();
        self.opened.clear();
        for (_, check) in std::mem::take(&mut self.running) {
            check.abort();
        }
    }

    /// Takes an opened vault over, now that it is durable that it was opened.
    pub(super) fn open_vault(&mut self) {
        let Some(derived) = self.derived.take() else { return };
        if let Err(error) = self.custody.take_over(derived) {
            tracing::error!(%error, "the opened vault could not be taken over");
        }
    }
}

fn refusal(error: VaultError) -> KeyRefusal {
    let wrong = error == VaultError::WrongPassphrase;
    let code = match error {
        VaultError::WrongPassphrase => Code::Forbidden,
        VaultError::NoSuchSlot { .. } => Code::NotFound,
        VaultError::LastSlot | VaultError::NoFreeSlot => Code::Conflict,
        VaultError::ShortPassphrase | VaultError::NotAKey => Code::InvalidParams,
        VaultError::Damaged
        | VaultError::NotAHeader
        | VaultError::UnknownVersion { .. }
        | VaultError::UnknownSlot { .. }
        | VaultError::KdfRefused
        | VaultError::OutOfMemory
        | VaultError::NoRandomness => Code::Internal,
    };
    KeyRefusal { wrong, failure: Failure::new(code, error.to_string()) }
}
