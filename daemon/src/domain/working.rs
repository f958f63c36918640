//! What the model holds only while the daemon runs: decisions on their way, connections being made,
//! queues, and what the order books told. A restart begins all of it anew.

use std::collections::{BTreeMap, BTreeSet};

use muster_protocol::ids::{AccountId, IntentId, OrderId, PlanId, RunId};
use muster_protocol::order::Broker;
use muster_protocol::tally::TallyLine;
use muster_protocol::time::Timestamp;

use super::absence::Clean;
use super::check::Check;
use super::effect::Route;

/// A decision whose record is on its way to the disk; it is not made a second time meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deciding {
    /// About a run.
    Run(RunId),
    /// About an intent.
    Intent(IntentId),
    /// About a session.
    Session(AccountId),
    /// That a person calls for a run of this plan.
    Call(PlanId),
    /// That runs are held.
    Hold,
}

/// What a ticket is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TicketKind {
    /// A new account, or a new credential for one.
    Connect {
        /// The account whose credential it replaces.
        replaces: Option<AccountId>,
    },
    /// The daily login.
    Login {
        /// Which account.
        account: AccountId,
    },
}

/// A connection or login under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// What it is for.
    pub kind: TicketKind,
    /// How its calls leave.
    pub route: Route,
    /// Its check.
    pub check: Check,
    /// When it is forgotten.
    pub expires: Timestamp,
    /// The account it is being stored as.
    pub saving: Option<AccountId>,
}

/// What was last answered to an order's cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CancelAnswer {
    /// When.
    pub at: Timestamp,
    /// Whether it was taken.
    pub taken: bool,
    /// How often it was refused, or taken to no effect.
    pub in_vain: u32,
}

/// What the order books told of a run since the daemon knows of it; nothing of it outlives a restart,
/// so that after one everything is proven anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Since when reads count.
    pub since: Timestamp,
    /// Accounts whose book was read since: nothing of this run leaves before it was.
    pub read: BTreeSet<AccountId>,
    /// Accounts whose book is to be read once more, by a read that starts later than this.
    pub anew: BTreeMap<AccountId, Timestamp>,
    /// Accounts for which somebody else sends this run's orders as well.
    pub twins: BTreeSet<AccountId>,
    /// Accounts in whose book there are orders of Muster's that this store does not know.
    pub strange: BTreeMap<AccountId, usize>,
    /// Orders that have an intent's tag and are not its own.
    pub others: BTreeSet<(IntentId, OrderId)>,
    /// Reads that did not show an order in doubt.
    pub clean: BTreeMap<IntentId, Vec<Clean>>,
    /// The tally's lines so far, and how often each account's was tried.
    pub tally: BTreeMap<AccountId, (u32, Option<TallyLine>)>,
    /// Its connections were asked for.
    pub warmed: bool,
}

impl Reading {
    /// Nothing read yet.
    pub fn new(since: Timestamp) -> Self {
        Self {
            since,
            read: BTreeSet::new(),
            anew: BTreeMap::new(),
            twins: BTreeSet::new(),
            strange: BTreeMap::new(),
            others: BTreeSet::new(),
            clean: BTreeMap::new(),
            tally: BTreeMap::new(),
            warmed: false,
        }
    }
}

/// The queue of a run that is firing, broker by broker.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Firing {
    /// Accounts with a leg to send, by when they may.
    ready: BTreeMap<Broker, BTreeSet<(Timestamp, AccountId)>>,
    due: BTreeMap<AccountId, Timestamp>,
    /// Nothing has left yet.
    fresh: bool,
}

/// So many orders of each broker are in a run's first commit: the first of all waits for it to be decided,
/// written and taken up again, and the others' commit follows at once.
const FIRST_WAVE: usize = 32;

impl Firing {
    /// All of them at once, which takes a fraction of putting them one by one: this is the run's instant.
    pub fn of(accounts: impl Iterator<Item = (Broker, AccountId)>, due: Timestamp) -> Self {
        let mut by_broker: BTreeMap<Broker, Vec<AccountId>> = BTreeMap::new();
        for (broker, account) in accounts {
            by_broker.entry(broker).or_default().push(account);
        }
        let all = by_broker.values().flatten().map(|account| (*account, due)).collect();
        let queue = |accounts: Vec<AccountId>| accounts.into_iter().map(|id| (due, id)).collect();
        let ready = by_broker.into_iter().map(|(broker, accounts)| (broker, queue(accounts)));
        Self { ready: ready.collect(), due: all, fresh: true }
    }

    /// How many orders of a broker may be decided on in this turn.
    pub const fn wave(&self) -> usize {
        if self.fresh { FIRST_WAVE } else { usize::MAX }
    }

    /// The first wave was decided on.
    pub const fn begun(&mut self) {
        self.fresh = false;
    }

    /// Puts an account into the queue, in place of where it was.
    pub fn put(&mut self, broker: Broker, account: AccountId, due: Timestamp) {
        let ready = self.ready.entry(broker).or_default();
        if let Some(before) = self.due.insert(account, due) {
            ready.remove(&(before, account));
        }
        ready.insert((due, account));
    }

    /// Takes the first account out that may send now.
    pub fn take(&mut self, broker: Broker, now: Timestamp) -> Option<AccountId> {
        let ready = self.ready.get_mut(&broker)?;
        let first = ready.first().copied().filter(|(due, _)| *due <= now)?;
        ready.remove(&first);
        self.due.remove(&first.1);
        Some(first.1)
    }

    /// The clock was set back: nobody waits for an instant that is hours away now.
    pub fn set_back(&mut self, now: Timestamp) {
        for ready in self.ready.values_mut() {
            *ready = std::mem::take(ready).into_iter().map(|(at, id)| (at.min(now), id)).collect();
        }
        for due in self.due.values_mut() {
            *due = (*due).min(now);
        }
    }

    /// When the first account of a broker may send.
    pub fn next_due(&self, broker: Broker) -> Option<Timestamp> {
        self.ready.get(&broker)?.first().map(|(due, _)| *due)
    }
}
