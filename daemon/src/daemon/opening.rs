//! What opens the vault at the start, in the order it is tried; else the daemon starts sealed.

use muster_protocol::time::Timestamp;

use super::{DaemonError, entry};
use crate::passphrase::Passphrase;
use crate::store::{Batch, Store, StoreError};
use crate::vault::{Header, Vault, VaultError};

/// What is to open the vault at the start.
#[derive(Debug)]
pub enum Opening {
    /// Nothing: somebody unseals it later.
    Sealed,
    /// What a person gave. If it is wrong the daemon does not start.
    With(Passphrase),
    /// Credentials of the service by their names, tried in this order. If none fits, the daemon starts
    /// sealed and says so: nobody sits at its terminal.
    Credentials(Vec<(String, Passphrase)>),
}

impl From<Option<Passphrase>> for Opening {
    fn from(passphrase: Option<Passphrase>) -> Self {
        passphrase.map_or(Self::Sealed, Self::With)
    }
}

/// The vault, open, or nothing where the daemon is to start sealed.
pub(super) async fn opened(
    (store, header): (&Store, &Header),
    opening: Opening,
    now: Timestamp,
) -> Result<Option<Vault>, OpeningError> {
    let credentials = match opening {
        Opening::Sealed => return Ok(None),
        Opening::With(passphrase) => {
            return Ok(Some(open_vault(header.clone(), passphrase).await?));
        }
        Opening::Credentials(credentials) => credentials,
    };
    let mut batch = Batch::default();
    let mut vault = None;
    for (name, secret) in credentials {
        match open_vault(header.clone(), secret).await {
            Ok(open) => {
                vault = Some(open);
                break;
            }
            Err(error) => {
                let text = format!("the credential {name}: {error}");
                tracing::error!("{text}");
                batch.journal.push(entry(text, now));
            }
        }
    }
    if vault.is_none() {
        let text =
            "started SEALED: no credential opens the vault, so nothing runs until somebody unseals";
        tracing::error!("{text}");
        batch.journal.push(entry(text, now));
    }
    if !batch.journal.is_empty() {
        store.commit([batch].iter_mut())?;
    }
    Ok(vault)
}

/// Why there is no vault although there should be.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpeningError {
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OpeningError {
    pub(super) fn at(self, path: &std::path::Path) -> DaemonError {
        match self {
            Self::Vault(error) => DaemonError::Vault(error),
            Self::Store(source) => DaemonError::Store { path: path.to_owned(), source },
        }
    }
}

/// The derivation takes half a second and 256 MiB: beside the runtime, not on it.
async fn open_vault(header: Header, passphrase: Passphrase) -> Result<Vault, VaultError> {
    let opened = tokio::task::spawn_blocking(move || Vault::open(&header, passphrase.expose()));
    opened.await.unwrap_or_else(|fault| std::panic::resume_unwind(fault.into_panic()))
}
