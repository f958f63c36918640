//! An account as the model keeps it. Whether it is fit for a run is the muster's business.

use std::collections::VecDeque;

use muster_protocol::account::{AccountStatus, PastCheck};
use muster_protocol::check::OrderPermission;
use muster_protocol::ids::{AccountId, EgressName, Label, RunId, UserId};
use muster_protocol::money::Paise;
use muster_protocol::order::{Broker, Exchange};
use muster_protocol::run::RunCounts;
use muster_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::check::EndedCheck;
use super::illegal::Illegal;
use super::session::Session;

/// What happens to an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountEvent {
    /// Its credential passed the test and was stored.
    Connected {
        /// Whose it is.
        user: UserId,
        /// Where it is.
        broker: Broker,
        /// What the broker confirmed.
        identity: Identity,
        /// When.
        at: Timestamp,
    },
    /// Another credential passed the test and took the place of the first.
    Replaced {
        /// What the broker confirmed.
        identity: Identity,
        /// When.
        at: Timestamp,
    },
    /// Switched on or off.
    Active {
        /// Which.
        on: bool,
        /// When.
        at: Timestamp,
    },
    /// Takes part in runs, or not.
    AutoExecute {
        /// Which.
        on: bool,
        /// When.
        at: Timestamp,
    },
    /// Leaves by another way from now on.
    Egress {
        /// Which.
        egress: EgressName,
        /// When.
        at: Timestamp,
    },
    /// Got other labels.
    Labelled {
        /// All it has from now on, in order.
        labels: Vec<Label>,
        /// When.
        at: Timestamp,
    },
    /// Forgotten, with its credential.
    Removed {
        /// When.
        at: Timestamp,
    },
}

/// What the broker confirmed when the credential was tested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The client id.
    pub client_id: String,
    /// The person's name.
    pub holder: String,
    /// The way out the test used.
    pub egress: EgressName,
}

/// How many past checks are kept.
pub const HISTORY: usize = 10;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Whose.
    pub user: UserId,
    /// Where.
    pub broker: Broker,
    /// What the broker confirmed.
    pub identity: Identity,
    /// When its credential was stored.
    pub connected_at: Timestamp,
    /// Switched on.
    pub active: bool,
    /// Takes part in runs.
    pub auto_execute: bool,
    /// What an operator calls it, in order.
    pub labels: Vec<Label>,
    /// The broker session.
    pub session: Session,
    /// The order-permission verdict since credential or egress last changed.
    pub permission: OrderPermission,
    /// When it was found.
    pub permission_at: Option<Timestamp>,
    /// The address calls left by then, if it was known.
    pub permission_from: Option<String>,
    /// Where the broker lets it trade, if it says so, and when that was asked.
    pub exchanges: Option<(Vec<Exchange>, Timestamp)>,
    /// The money available, and when that was asked.
    pub funds: Option<(Paise, Timestamp)>,
    /// The last step of which a one-time code was used.
    pub otp_step: Option<i64>,
    /// When a check last passed.
    pub last_ok: Option<Timestamp>,
    /// The latest check.
    pub last_check: Option<EndedCheck>,
    /// Ends of the latest checks, newest first.
    pub history: VecDeque<PastCheck>,
    /// The last run that named it.
    pub last_run: Option<RunId>,
    /// How its orders stand in that run, if that was archived since.
    pub last_counts: Option<RunCounts>,
}

impl Account {
    /// The account after the event; `None` is the account that does not exist (yet, or any more).
    pub fn next(this: Option<&Self>, event: &AccountEvent) -> Result<Option<Self>, Illegal> {
        let illegal = |state, event| Err(Illegal { machine: "account", state, event });
        let Some(this) = this else {
            return match event {
                AccountEvent::Connected { user, broker, identity, at } => {
                    Ok(Some(Self::connected(user, *broker, identity, *at)))
                }
                AccountEvent::Replaced { .. } => illegal("none", "replaced"),
                AccountEvent::Active { .. } => illegal("none", "active"),
                AccountEvent::AutoExecute { .. } => illegal("none", "auto-execute"),
                AccountEvent::Egress { .. } => illegal("none", "egress"),
                AccountEvent::Labelled { .. } => illegal("none", "labelled"),
                AccountEvent::Removed { .. } => illegal("none", "removed"),
            };
        };
        let mut account = this.clone();
        match event {
            AccountEvent::Connected { .. } => return illegal("kept", "connected"),
            AccountEvent::Replaced { identity, at } => {
                let fresh = Self::connected(&this.user, this.broker, identity, *at);
                account = Self {
                    active: this.active,
                    auto_execute: this.auto_execute,
                    labels: account.labels,
                    otp_step: this.otp_step,
                    ..fresh
                };
            }
            AccountEvent::Active { on, .. } => account.active = *on,
            AccountEvent::AutoExecute { on, .. } => account.auto_execute = *on,
            AccountEvent::Labelled { labels, .. } => account.labels.clone_from(labels),
            AccountEvent::Egress { egress, .. } => {
                account.identity.egress = egress.clone();
                account.permission = OrderPermission::Untested;
                (account.permission_at, account.permission_from) = (None, None);
            }
            AccountEvent::Removed { .. } => return Ok(None),
        }
        Ok(Some(account))
    }

    fn connected(user: &UserId, broker: Broker, identity: &Identity, at: Timestamp) -> Self {
        Self {
            user: user.clone(),
            broker,
            identity: identity.clone(),
            connected_at: at,
            active: true,
            auto_execute: false,
            labels: Vec::new(),
            session: Session::None,
            permission: OrderPermission::Untested,
            permission_at: None,
            permission_from: None,
            exchanges: None,
            funds: None,
            otp_step: None,
            last_ok: None,
            last_check: None,
            history: VecDeque::new(),
            last_run: None,
            last_counts: None,
        }
    }

    /// Takes in a check that ended.
    pub fn checked(&mut self, check: &EndedCheck) {
        if let Some(permission) = &check.permission {
            self.permission = permission.clone();
            self.permission_at = Some(check.ended);
            self.permission_from.clone_from(&check.probed_from);
        }
        let now = |value| (value, check.ended);
        self.exchanges = check.exchanges.clone().map(now).or_else(|| self.exchanges.take());
        self.funds = check.funds.map(|funds| (funds, check.ended)).or(self.funds);
        self.otp_step = self.otp_step.max(check.otp_step);
        if check.failed.is_none() {
            self.last_ok = Some(check.ended);
        }
        let failed = check.failed.as_ref().map(|failure| failure.kind);
        let took_ms = check.steps.iter().map(|step| step.took_ms).collect();
        self.history.push_front(PastCheck { at: check.ended, failed, took_ms });
        self.history.truncate(HISTORY);
        self.last_check = Some(check.clone());
    }

    /// The failure of the latest check, if it failed.
    pub fn failure(&self) -> Option<&muster_protocol::failure::Explained> {
        self.last_check.as_ref().and_then(|check| check.failed.as_ref())
    }

    /// Whether a check may run that no person asked for: never with a credential the broker has
    /// rejected, since brokers block accounts after a few attempts.
    pub fn may_check_unasked(&self, now: Timestamp) -> bool {
        let rejected = self.failure().is_some_and(|failure| failure.kind.is_credential());
        self.active && !rejected && (self.session.is_live(now) || !self.needs_person_to_log_in())
    }

    /// Whether only a person can open a session.
    pub const fn needs_person_to_log_in(&self) -> bool {
        match self.broker {
            Broker::AngelOne => false,
            Broker::Zerodha => true,
        }
    }

    /// One word.
    pub fn status(&self, now: Timestamp, testing: bool) -> AccountStatus {
        if testing {
            return AccountStatus::Testing;
        }
        if !self.active {
            return AccountStatus::Inactive;
        }
        if self.needs_person_to_log_in() && !self.session.is_live(now) {
            return AccountStatus::LoginDue;
        }
        match (self.failure(), &self.last_check) {
            (Some(failure), _) => AccountStatus::Failed(failure.kind),
            (None, None) => AccountStatus::Untested,
            (None, Some(_)) => AccountStatus::Active,
        }
    }
}

/// The account's number and itself, as most functions take them.
pub type Numbered<'a> = (AccountId, &'a Account);
