//! Many accounts at once: opened at the sandbox and written into a store as if each had been connected,
//! since ten thousand connections would be measured longer than the run.

use std::path::{Path, PathBuf};

use anyhow::Context;
use muster_protocol::account::Credential as Entered;
use muster_protocol::check::OrderPermission;
use muster_protocol::ids::{AccountId, TicketId, UserId};
use muster_protocol::order::Broker;
use muster_protocol::secret::Secret;
use muster_protocol::time::Timestamp;
use musterd::credential::{Credential, SecretText, SessionSecret};
use musterd::custody::Custody;
use musterd::domain::account::{AccountEvent, Identity};
use musterd::domain::check::EndedCheck;
use musterd::domain::record::Record;
use musterd::domain::session::SessionEvent;
use musterd::store::{Batch, Epochs, Store, encode};
use musterd::vault::{KdfParams, Vault};
use serde::{Deserialize, Serialize};

use crate::sandbox::{AccountFields, AccountSummary, Broker as AtSandbox, Sandbox};

/// Opens the bench's vault.
pub(super) const PASSPHRASE: &str = "CANARY-bench";
/// Accounts written in one transaction.
const CHUNK: usize = 1_000;

/// One account with its session, as the brokers know it. All of it is made up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Member {
    pub(super) user: String,
    pub(super) api_key: String,
    pub(super) api_secret: String,
    pub(super) token: String,
}

impl Member {
    pub(super) fn credential(&self) -> anyhow::Result<Credential> {
        let secret = |text: &str| Secret::new(text.to_owned());
        let entered = Entered::Zerodha {
            api_key: secret(&self.api_key),
            api_secret: secret(&self.api_secret),
        };
        Ok(Credential::check(&entered)?)
    }

    pub(super) fn session(&self) -> SessionSecret {
        SessionSecret::Zerodha { access_token: SecretText::new(self.token.clone()) }
    }
}

/// Opens so many accounts at the sandbox's Kite, each with a session.
pub(super) fn muster(sandbox: &Sandbox, accounts: u32) -> anyhow::Result<Vec<Member>> {
    let one = |_| {
        let summary = sandbox.add_account(AtSandbox::Kite, AccountFields::default());
        let AccountSummary::Kite(account) = summary else { anyhow::bail!("not at Kite") };
        let token = sandbox.open_session(AtSandbox::Kite, &account.user_id);
        Ok(Member {
            user: account.user_id.to_lowercase(),
            token: token.context("a session")?,
            api_key: account.api_key,
            api_secret: account.api_secret,
        })
    };
    (0..accounts).map(one).collect()
}

/// Where one bench keeps its files.
pub(super) struct Place {
    pub(super) folder: PathBuf,
}

impl Place {
    pub(super) fn store(&self) -> PathBuf {
        self.folder.join("store.redb")
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.folder.join("musterd.sock")
    }

    pub(super) fn config(&self) -> PathBuf {
        self.folder.join("musterd.toml")
    }

    pub(super) fn certificates(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    pub(super) fn fleet(&self) -> PathBuf {
        self.folder.join("fleet.json")
    }
}

/// Makes a store in which every member is connected, fit and on auto-execute.
pub(super) fn write_store(path: &Path, fleet: &[Member], now: Timestamp) -> anyhow::Result<()> {
    let store = Store::open(path)?;
    let (header, vault) = Vault::create(PASSPHRASE.as_bytes(), KdfParams::FLOOR)?;
    store.put_header(&header.to_bytes())?;
    let mut custody = Custody::new(header, Some(vault), Vec::new(), Vec::new());
    let epochs = Epochs::beside(path);
    let mut number = 0;
    for chunk in fleet.chunks(CHUNK) {
        let mut batch = Batch::default();
        for member in chunk {
            number += 1;
            connect(&mut custody, member, (AccountId(number), now), &mut batch)?;
        }
        let (_, next) = epochs.look(&store)?;
        epochs.advance(&store, batch, next)?;
    }
    Ok(store.close()?)
}

fn connect(
    custody: &mut Custody,
    member: &Member,
    (id, now): (AccountId, Timestamp),
    batch: &mut Batch,
) -> anyhow::Result<()> {
    let (user, ticket): (UserId, _) = (member.user.parse()?, TicketId(u64::from(id.0)));
    custody.hold_draft(ticket, member.credential()?);
    custody.hold_draft_session(ticket, member.session());
    batch.add(custody.adopt_draft(ticket, &user, id)?);
    let identity = Identity {
        client_id: member.user.to_uppercase(),
        holder: "Bench".to_owned(),
        egress: "main".parse()?,
    };
    let until = now.plus(12 * 3_600_000);
    let broker = Broker::Zerodha;
    let records = [
        Record::Account(id, AccountEvent::Connected { user, broker, identity, at: now }),
        Record::Account(id, AccountEvent::AutoExecute { on: true, at: now }),
        Record::Session(id, SessionEvent::Opened { since: now, until }),
        Record::Check(
            id,
            EndedCheck {
                started: now,
                ended: now,
                steps: Vec::new(),
                failed: None,
                permission: Some(OrderPermission::Allowed),
                funds: None,
                latency_ms: None,
                probed_from: None,
                exchanges: None,
                otp_step: None,
            },
        ),
    ];
    batch.records.extend(records.iter().map(encode));
    Ok(())
}
