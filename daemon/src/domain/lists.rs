//! Where the brokers' lists of instruments stand, what they make of a leg, and who waits for one.

use muster_protocol::account::Unfit;
use muster_protocol::ids::AccountId;
use muster_protocol::order::{Broker, Leg};
use muster_protocol::plan::PlanSpec;
use muster_protocol::time::Timestamp;

use super::account::Account;
use super::effect::Route;
use super::instrument::Instrument;
use super::model::Model;
use super::msg::ReplyTo;
use super::run::Run;
use super::schedule::{LIST_AT, last_of};
use super::session::Session;

/// A check of a plan that waits for a broker's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checking {
    /// Who waits.
    pub reply: ReplyTo,
    /// The plan.
    pub spec: PlanSpec,
    /// When it is answered at the latest.
    pub until: Timestamp,
}

/// Where a broker's list of instruments stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListState {
    /// Asked for.
    Loading {
        /// When the one before was last the broker's.
        checked: Option<Timestamp>,
        /// How often it did not come.
        tries: u32,
    },
    /// It came: what is not known now is not in it.
    Loaded {
        /// When it was last the broker's.
        checked: Timestamp,
    },
    /// It did not come.
    Failed {
        /// When it is asked for again.
        again: Timestamp,
        /// How often it did not come.
        tries: u32,
        /// When the one before was last the broker's.
        checked: Option<Timestamp>,
        /// The broker gives it only to who is logged in.
        wants_login: bool,
    },
}

impl ListState {
    /// When the list that is here was last the broker's.
    pub const fn checked(self) -> Option<Timestamp> {
        match self {
            Self::Loading { checked, .. } | Self::Failed { checked, .. } => checked,
            Self::Loaded { checked } => Some(checked),
        }
    }

    /// How often it did not come since it last did.
    pub const fn tries(self) -> u32 {
        match self {
            Self::Loading { tries, .. } | Self::Failed { tries, .. } => tries,
            Self::Loaded { .. } => 0,
        }
    }
}

/// Why an instrument cannot be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoInstrument {
    /// The broker's list has not come yet.
    NotLoaded,
    /// It came, and does not have it.
    Unknown,
}

impl Model {
    /// A leg's instrument at a broker: as it was frozen, else from today's list.
    pub fn instrument<'a>(
        &'a self,
        run: &'a Run,
        broker: Broker,
        leg: &Leg,
    ) -> Result<&'a Instrument, NoInstrument> {
        let frozen = run.fixed.instruments.iter().find(|(of, instrument)| {
            *of == broker && instrument.exchange == leg.exchange && instrument.symbol == leg.symbol
        });
        frozen.map_or_else(|| self.listed(broker, leg), |(_, instrument)| Ok(instrument))
    }

    /// A leg's instrument as today's list of the broker has it.
    pub fn listed(&self, broker: Broker, leg: &Leg) -> Result<&Instrument, NoInstrument> {
        let key = (leg.exchange, leg.symbol.clone());
        let looked_for = self.looked_for.get(&broker).is_some_and(|all| all.contains(&key));
        let found = self.instruments.get(&(broker, key.0, key.1));
        found.ok_or(if looked_for { NoInstrument::Unknown } else { NoInstrument::NotLoaded })
    }

    /// Whether a broker's list is of today, or of the last trading day where today's is not due yet.
    pub fn is_list_good(&self, broker: Broker, now: Timestamp) -> bool {
        let checked = self.lists.get(&broker).and_then(|state| state.checked());
        let due = last_of(LIST_AT, &self.calendar, now);
        checked.is_some_and(|checked| due.is_none_or(|due| checked >= due))
    }

    /// Whose session a broker's list may be asked for with, where the broker wants one: the newest first,
    /// and another each time it did not come, since that one may have died unnoticed.
    pub(super) fn lender(&self, broker: Broker, now: Timestamp) -> Option<(AccountId, Route)> {
        let live = |account: &Account| match account.session {
            Session::Live { since, until } if now < until => Some(since),
            Session::Live { .. } | Session::None | Session::Ended { .. } => None,
        };
        let of_broker = self.accounts.iter().filter(|(_, account)| account.broker == broker);
        let mut lenders: Vec<(Timestamp, AccountId)> = of_broker
            .filter(|(_, account)| account.active)
            .filter_map(|(id, account)| Some((live(account)?, *id)))
            .collect();
        lenders.sort_unstable_by(|a, b| b.cmp(a));
        let tries = self.lists.get(&broker).map_or(0, |state| state.tries());
        let at = usize::try_from(tries).ok()?.checked_rem(lenders.len())?;
        let (_, id) = lenders.get(at).copied()?;
        Some((id, self.route(id)?))
    }

    /// Why the broker's list keeps an account out of a run. One that is only just being loaded does not:
    /// its orders wait for it.
    pub(super) fn list_reason(&self, broker: Broker, now: Timestamp) -> Option<Unfit> {
        let state = self.lists.get(&broker)?;
        if matches!(state, ListState::Loading { tries: 0, .. }) {
            return None;
        }
        let title = broker.title();
        let why = || match (state, state.checked()) {
            (ListState::Failed { wants_login: true, .. }, _) => {
                format!("{title} gives it only to who is logged in; log in at {title}")
            }
            (_, Some(checked)) => format!("{title}'s is of {}", checked.date()),
            (_, None) => format!("{title}'s did not come"),
        };
        (!self.is_list_good(broker, now)).then(|| Unfit::NoInstruments { why: why() })
    }
}
