//! Custody: where vault and store meet, and nothing else does. It keeps the sealed secrets and the
//! users' wrapped keys in memory, opens one when it is used, and says what the store must write.
//! Secrets on trial (drafts) live here only, and are gone when dropped or after a restart.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

pub mod keys;
mod login_state;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use muster_protocol::ids::{AccountId, TicketId, UserId};
use muster_protocol::status::VaultState;
use muster_protocol::time::Timestamp;
use zeroize::Zeroizing;

use crate::credential::{Credential, SessionSecret, UnknownSecret};
use crate::store::{Batch, SealedRow};
use crate::vault::{Header, Kind, Purpose, RecordId, UserKey, Vault, VaultError, WrappedKey};

/// Why a secret cannot be had or kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CustodyError {
    /// The keys are not in memory.
    #[error("the vault is sealed")]
    Sealed,
    /// Nothing is held for this connection or login.
    #[error("the connection or login is over")]
    NoDraft,
    /// The account has no credential.
    #[error("the account has no credential")]
    NoCredential,
    /// The account has no session.
    #[error("no session is kept")]
    NoSession,
    /// What was stored does not open.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// It opens, but holds something this build does not know.
    #[error(transparent)]
    Unknown(#[from] UnknownSecret),
    /// The login's state was not signed here.
    #[error("the login link was not made by this daemon")]
    ForgedState,
    /// It was, but too long ago.
    #[error("the login link has expired")]
    ExpiredState,
}

/// Keeps every secret. Lent to the edges that need one; the loop holds none.
pub struct Custody {
    header: Header,
    vault: Option<Vault>,
    user_keys: BTreeMap<UserId, WrappedKey>,
    rows: BTreeMap<(AccountId, u8), SealedRow>,
    drafts: BTreeMap<TicketId, Draft>,
}

#[derive(Default)]
struct Draft {
    credential: Option<Arc<Credential>>,
    session: Option<Arc<SessionSecret>>,
}

impl Custody {
    /// Takes over the vault, if its passphrase was at hand, and what the store has.
    pub fn new(
        header: Header,
        vault: Option<Vault>,
        rows: Vec<SealedRow>,
        user_keys: Vec<(UserId, Vec<u8>)>,
    ) -> Self {
        let wrapped = user_keys.into_iter().map(|(user, key)| (user, WrappedKey::from_bytes(key)));
        Self {
            header,
            vault,
            user_keys: wrapped.collect(),
            rows: rows.into_iter().map(|row| ((row.account, row.kind), row)).collect(),
            drafts: BTreeMap::new(),
        }
    }

    /// Whether the keys are in memory.
    pub const fn state(&self) -> VaultState {
        match self.vault {
            Some(_) => VaultState::Open,
            None => VaultState::Sealed,
        }
    }

    /// Wipes the keys and every draft.
    pub fn seal(&mut self) {
        self.vault = None;
        self.drafts.clear();
    }

    /// Holds a credential on trial.
    pub fn hold_draft(&mut self, ticket: TicketId, credential: Credential) {
        self.drafts.entry(ticket).or_default().credential = Some(Arc::new(credential));
    }

    /// Holds the session that was opened with a credential on trial.
    pub fn hold_draft_session(&mut self, ticket: TicketId, session: SessionSecret) {
        self.drafts.entry(ticket).or_default().session = Some(Arc::new(session));
    }

    /// The credential on trial.
    pub fn draft(&self, ticket: TicketId) -> Option<Arc<Credential>> {
        self.drafts.get(&ticket)?.credential.clone()
    }

    /// The session opened with it.
    pub fn draft_session(&self, ticket: TicketId) -> Option<Arc<SessionSecret>> {
        self.drafts.get(&ticket)?.session.clone()
    }

    /// Forgets what is on trial.
    pub fn drop_draft(&mut self, ticket: TicketId) {
        self.drafts.remove(&ticket);
    }

    /// Seals what is on trial as the account's, and gives what must be written with the account's
    /// record. It counts from now on: a daemon whose commit fails exits. On an error the draft stays.
    pub fn adopt_draft(
        &mut self,
        ticket: TicketId,
        user: &UserId,
        account: AccountId,
    ) -> Result<Batch, CustodyError> {
        let draft = self.drafts.get(&ticket).ok_or(CustodyError::NoDraft)?;
        let credential = draft.credential.as_ref().map(|c| (Kind::Credential, c.to_bytes()));
        let session = draft.session.as_ref().map(|s| (Kind::Session, s.to_bytes()));
        let secrets: Vec<_> = credential.into_iter().chain(session).collect();
        if secrets.is_empty() {
            return Err(CustodyError::NoDraft);
        }
        let mut batch = self.seal_all(user, account, &secrets)?;
        let alone = matches!(secrets.as_slice(), [(Kind::Credential, _)]);
        if alone && self.rows.remove(&(account, Kind::Session.code())).is_some() {
            // It was opened with the credential that is now gone.
            batch.forget.push((account, Some(Kind::Session.code())));
        }
        self.drafts.remove(&ticket);
        Ok(batch)
    }

    /// Seals a session as the account's, in place of the last; gives what must be written.
    pub fn seal_session(
        &mut self,
        user: &UserId,
        account: AccountId,
        session: &SessionSecret,
    ) -> Result<Batch, CustodyError> {
        self.seal_all(user, account, &[(Kind::Session, session.to_bytes())])
    }

    /// The account's credential.
    pub fn credential(
        &self,
        user: &UserId,
        account: AccountId,
    ) -> Result<Arc<Credential>, CustodyError> {
        let plain =
            self.open(user, account, Kind::Credential)?.ok_or(CustodyError::NoCredential)?;
        Ok(Arc::new(Credential::from_bytes(&plain)?))
    }

    /// The account's newest session, alive or not.
    pub fn session(
        &self,
        user: &UserId,
        account: AccountId,
    ) -> Result<Option<Arc<SessionSecret>>, CustodyError> {
        let plain = self.open(user, account, Kind::Session)?;
        let session = plain.map(|plain| SessionSecret::from_bytes(&plain)).transpose()?;
        Ok(session.map(Arc::new))
    }

    /// Both, opened together: what signs an account's call.
    pub fn signing(
        &self,
        user: &UserId,
        account: AccountId,
    ) -> Result<(Arc<Credential>, Arc<SessionSecret>), CustodyError> {
        let vault = self.vault()?;
        let credential = self.row(account, Kind::Credential).ok_or(CustodyError::NoCredential)?;
        let session = self.row(account, Kind::Session).ok_or(CustodyError::NoSession)?;
        let opened = vault.open_records(user, self.user_key_of(user)?, &[credential, session])?;
        let [credential, session] = opened.as_slice() else {
            return Err(VaultError::Damaged.into());
        };
        let session = SessionSecret::from_bytes(session)?;
        Ok((Arc::new(Credential::from_bytes(credential)?), Arc::new(session)))
    }

    /// Forgets an account's secrets; gives what must be written.
    pub fn forget(&mut self, account: AccountId) -> Batch {
        self.rows.retain(|(owner, _), _| *owner != account);
        Batch { forget: vec![(account, None)], ..Batch::default() }
    }

    /// Forgets a user's key, and with it all that was ever sealed for them, wherever a copy of the
    /// sealed bytes may be left. Only for a user without accounts.
    pub fn forget_user(&mut self, user: &UserId) -> Batch {
        self.user_keys.remove(user);
        Batch { drop_user_keys: vec![user.clone()], ..Batch::default() }
    }

    /// The key of the code in an order's tag; the same for the life of the store.
    pub fn tag_key(&self) -> Result<Zeroizing<[u8; 32]>, CustodyError> {
        Ok(self.vault()?.derive(Purpose::OrderTag)?)
    }

    /// Signs the state a browser login carries.
    pub fn sign_state(&self, ticket: TicketId, expires: Timestamp) -> Result<String, CustodyError> {
        let key = self.vault()?.derive(Purpose::LoginState)?;
        Ok(login_state::sign(&key, ticket, expires))
    }

    /// The connection or login that a browser's state belongs to.
    pub fn verify_state(&self, state: &str, now: Timestamp) -> Result<TicketId, CustodyError> {
        let key = self.vault()?.derive(Purpose::LoginState)?;
        login_state::verify(&key, state, now)
    }

    fn vault(&self) -> Result<&Vault, CustodyError> {
        self.vault.as_ref().ok_or(CustodyError::Sealed)
    }

    fn open(
        &self,
        user: &UserId,
        account: AccountId,
        kind: Kind,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, CustodyError> {
        let vault = self.vault()?;
        let Some(row) = self.row(account, kind) else { return Ok(None) };
        Ok(vault.open_records(user, self.user_key_of(user)?, &[row])?.pop())
    }

    /// A record's name and its sealed bytes.
    fn row(&self, account: AccountId, kind: Kind) -> Option<(RecordId, &[u8])> {
        let row = self.rows.get(&(account, kind.code()))?;
        Some((RecordId { account, kind, generation: row.generation }, row.bytes.as_slice()))
    }

    /// A user's wrapped key; a row without it is as good as damaged.
    fn user_key_of(&self, user: &UserId) -> Result<&WrappedKey, VaultError> {
        self.user_keys.get(user).ok_or(VaultError::Damaged)
    }

    fn seal_all(
        &mut self,
        user: &UserId,
        account: AccountId,
        secrets: &[(Kind, Zeroizing<Vec<u8>>)],
    ) -> Result<Batch, CustodyError> {
        let (key, made) = self.user_key(user)?;
        let sealed = secrets.iter().map(|(kind, plain)| {
            let last = self.rows.get(&(account, kind.code())).map_or(0, |row| row.generation);
            let id = RecordId { account, kind: *kind, generation: last.saturating_add(1) };
            let bytes = key.seal(&id, plain)?.into_bytes();
            Ok(SealedRow { account, kind: kind.code(), generation: id.generation, bytes })
        });
        let sealed = sealed.collect::<Result<Vec<_>, VaultError>>()?;

        let mut batch = Batch::default();
        if let Some(wrapped) = made {
            batch.user_keys.push((user.clone(), wrapped.as_bytes().to_vec()));
            self.user_keys.insert(user.clone(), wrapped);
        }
        self.rows.extend(sealed.iter().map(|row| ((row.account, row.kind), row.clone())));
        batch.sealed = sealed;
        Ok(batch)
    }

    /// The user's key; wrapped as well if it was made just now.
    fn user_key(&self, user: &UserId) -> Result<(UserKey, Option<WrappedKey>), CustodyError> {
        let vault = self.vault()?;
        if let Some(wrapped) = self.user_keys.get(user) {
            return Ok((vault.unwrap(user, wrapped)?, None));
        }
        let (key, wrapped) = vault.new_user_key(user)?;
        Ok((key, Some(wrapped)))
    }
}
