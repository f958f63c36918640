//! What is known of the ways out: what the world last saw of each, how old that is, who shares one.

use std::collections::{BTreeMap, BTreeSet};

use muster_protocol::account::Unfit;
use muster_protocol::ids::{AccountId, EgressName, UserId};
use muster_protocol::order::Broker;
use muster_protocol::status::{EgressState, EgressView, Observed};
use muster_protocol::time::{MINUTE, Timestamp};
use serde::Deserialize;

use super::account::Account;
use super::model::Model;
use super::settings::EgressSettings;

/// How often the world is asked what it sees of each egress.
pub const LOOK_OUT_EVERY_MS: i64 = 5 * MINUTE;
/// An observation is relied on for so long: three looks in a row may fail.
pub const STALE_AFTER_MS: i64 = 3 * LOOK_OUT_EVERY_MS + MINUTE;

/// What is done when unrelated people's accounts at one broker leave by one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SharedEgress {
    /// Nothing.
    Allow,
    /// It is said.
    #[default]
    Warn,
    /// Whoever came first keeps the address; the others are left out of runs, and nobody is added.
    Refuse,
}

/// Why an egress could not be observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Why, in words.
    pub why: String,
    /// Nothing can leave by it at all: its local address is gone.
    pub gone: bool,
    /// When.
    pub at: Timestamp,
}

/// What was found when an egress was last looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// What the world saw, and when.
    pub observed: Option<Observed>,
    /// Why the last look failed, if it did.
    pub trouble: Option<Trouble>,
}

impl Seen {
    /// Takes in what a look found.
    pub fn took(&mut self, found: Result<Observed, Trouble>) {
        match found {
            Ok(observed) => *self = Self { observed: Some(observed), trouble: None },
            Err(trouble) => self.trouble = Some(trouble),
        }
    }
}

/// Who leaves where for which broker: kept up as accounts come, change and go, for every account asks for it
/// at its gate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shares(BTreeMap<EgressName, BTreeMap<Broker, Sharing>>);

/// Those who leave for one broker by one egress.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Sharing {
    accounts: BTreeSet<AccountId>,
    /// Each with how many accounts they have there.
    people: BTreeMap<UserId, u32>,
}

impl Shares {
    /// An account is as it was before no more, but as it is after.
    pub(super) fn note(
        &mut self,
        id: AccountId,
        before: Option<&Account>,
        after: Option<&Account>,
    ) {
        if let Some(before) = before
            && let Some(brokers) = self.0.get_mut(&before.identity.egress)
            && let Some(there) = brokers.get_mut(&before.broker)
        {
            there.accounts.remove(&id);
            let left = there.people.get(&before.user).map_or(0, |count| count.saturating_sub(1));
            if left == 0 {
                there.people.remove(&before.user);
            } else {
                there.people.insert(before.user.clone(), left);
            }
            if there.accounts.is_empty() {
                brokers.remove(&before.broker);
            }
        }
        if let Some(after) = after {
            let brokers = self.0.entry(after.identity.egress.clone()).or_default();
            let there = brokers.entry(after.broker).or_default();
            there.accounts.insert(id);
            let count = there.people.entry(after.user.clone()).or_default();
            *count = count.saturating_add(1);
        }
    }

    fn there(&self, egress: &EgressName, broker: Broker) -> Option<&Sharing> {
        self.0.get(egress)?.get(&broker)
    }
}

impl Model {
    fn way(&self, name: &EgressName) -> Option<&EgressSettings> {
        self.settings.egress.iter().find(|egress| egress.name == *name)
    }

    /// What is known of an egress now, and since when.
    pub fn egress_state(
        &self,
        name: &EgressName,
        now: Timestamp,
    ) -> (EgressState, Option<Timestamp>) {
        let Some(way) = self.way(name) else { return (EgressState::Gone, None) };
        let seen = self.seen.get(name);
        if let Some(trouble) = seen.and_then(|seen| seen.trouble.as_ref()).filter(|t| t.gone) {
            return (EgressState::Gone, Some(trouble.at));
        }
        let Some(observed) = seen.and_then(|seen| seen.observed.as_ref()) else {
            return (EgressState::Unobserved, None);
        };
        let at = Some(observed.at);
        let same = way.address.trim().is_empty() || same_address(&way.address, &observed.address);
        if now.since(observed.at) > STALE_AFTER_MS {
            (EgressState::Stale, at)
        } else if same && !observed.address.contains(':') {
            (EgressState::AsRegistered, at)
        } else {
            (EgressState::Another, at)
        }
    }

    /// Why nobody can go to a run by this egress, if so.
    pub fn egress_fault(&self, name: &EgressName, now: Timestamp) -> Option<Unfit> {
        let seen = self.seen.get(name);
        match self.egress_state(name, now).0 {
            EgressState::AsRegistered | EgressState::Stale | EgressState::Unobserved => None,
            EgressState::Another => Some(Unfit::EgressWrong {
                seen: seen.and_then(|s| s.observed.as_ref()).map(|o| o.address.clone())?,
                registered: self.way(name)?.address.clone(),
            }),
            EgressState::Gone => {
                let why = match (self.way(name), seen.and_then(|seen| seen.trouble.as_ref())) {
                    (None, _) => format!("egress {name} is not configured any more"),
                    (Some(_), Some(trouble)) => trouble.why.clone(),
                    (Some(_), None) => "unknown".to_owned(),
                };
                Some(Unfit::EgressGone { why })
            }
        }
    }

    /// The address an egress leaves by as far as is known: what the world saw, else what is configured.
    /// A verdict on order permission holds for one address.
    pub fn leaves_as(&self, name: &EgressName) -> Option<&str> {
        let observed = self.seen.get(name).and_then(|seen| seen.observed.as_ref());
        let observed = observed.map(|observed| observed.address.as_str());
        let configured = || self.way(name).map(|way| way.address.trim());
        observed.or_else(configured).filter(|address| !address.is_empty())
    }

    /// How many people have accounts at the broker by this egress.
    pub fn sharing(&self, egress: &EgressName, broker: Broker) -> usize {
        self.shares.there(egress, broker).map_or(0, |there| there.people.len())
    }

    /// How many people share the account's address at its broker, if that leaves it out of runs: all but
    /// the one who came first.
    pub fn refused_share(&self, id: AccountId, account: &Account) -> Option<u32> {
        if self.settings.shared_egress != SharedEgress::Refuse {
            return None;
        }
        let there = self.shares.there(&account.identity.egress, account.broker)?;
        let first = there.accounts.first().filter(|first| **first <= id)?;
        let came_first = self.accounts.get(first).is_some_and(|kept| kept.user == account.user);
        (!came_first).then(|| u32::try_from(there.people.len()).unwrap_or(u32::MAX))
    }

    /// Whether one more person may use the egress at the broker.
    pub fn may_join(&self, user: &UserId, egress: &EgressName, broker: Broker) -> bool {
        let there = self.shares.there(egress, broker);
        self.settings.shared_egress != SharedEgress::Refuse
            || there.is_none_or(|there| there.people.contains_key(user))
    }
}

/// By address, not by text.
fn same_address(a: &str, b: &str) -> bool {
    let read = |text: &str| text.trim().parse::<std::net::IpAddr>();
    matches!((read(a), read(b)), (Ok(a), Ok(b)) if a == b)
}

/// One egress, as clients see it.
pub fn view(model: &Model, now: Timestamp, egress: &EgressSettings) -> EgressView {
    let using = model.accounts.values().filter(|a| a.identity.egress == egress.name);
    let seen = model.seen.get(&egress.name);
    let shared = |broker: &Broker| model.sharing(&egress.name, *broker) > 1;
    EgressView {
        name: egress.name.clone(),
        address: egress.address.clone(),
        observed: seen.and_then(|seen| seen.observed.clone()),
        accounts: u32::try_from(using.count()).unwrap_or(u32::MAX),
        shared_at: Broker::ALL.into_iter().filter(shared).collect(),
        state: model.egress_state(&egress.name, now).0,
        bind: egress.bind.clone(),
        proxied: egress.proxied,
        trouble: seen.and_then(|seen| seen.trouble.as_ref()).map(|trouble| trouble.why.clone()),
    }
}
