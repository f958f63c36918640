//! The checker: what the daemon says of its runs in the end, against the brokers' own books.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use muster_protocol::reply::RunDetails;
use muster_protocol::run::{IntentStatus, IntentView, RunState};
use serde::Serialize;

use crate::harness::{Tally, tally};
use crate::sandbox::OrderRecord;

/// What a series of runs came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Count {
    /// Processes that were killed.
    pub kills: u64,
    /// Runs that are over.
    pub runs: u64,
    /// Orders that were to be placed.
    pub intents: u64,
    /// Orders in the brokers' books.
    pub orders: u64,
    /// Orders still in doubt at the end of their run.
    pub in_doubt: u64,
    /// Orders whose window closed first.
    pub missed: u64,
    /// Orders that were cancelled under a halt.
    pub cancelled: u64,
    /// Calls for a cancellation that a fault struck.
    pub cancel_faults: u64,
    /// Orders whose cancellation was refused for good, which the daemon said.
    pub cancel_refused: u64,
    /// Orders a broker has twice, or of which more calls arrived than were decided on.
    pub duplicates: u64,
    /// Orders of which the daemon says what is not so.
    pub lost: u64,
    /// Runs whose counts are not those of their orders.
    pub wrong_counts: u64,
}

impl Count {
    /// Nothing twice, nothing lost, every count right.
    pub const fn is_clean(&self) -> bool {
        self.duplicates == 0 && self.lost == 0 && self.wrong_counts == 0
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, more: Self) {
        self.kills += more.kills;
        self.runs += more.runs;
        self.intents += more.intents;
        self.orders += more.orders;
        self.in_doubt += more.in_doubt;
        self.missed += more.missed;
        self.cancelled += more.cancelled;
        self.cancel_faults += more.cancel_faults;
        self.cancel_refused += more.cancel_refused;
        self.duplicates += more.duplicates;
        self.lost += more.lost;
        self.wrong_counts += more.wrong_counts;
    }
}

/// The characters of a tag that are the same for every attempt of one order.
const PREFIX: usize = 11;

/// How often an order was decided to leave, by the attempt its tag carries.
fn attempts(intent: &IntentView) -> usize {
    let tag = intent.tag.as_ref().map_or("", |tag| tag.0.as_str());
    let attempt = tag.get(PREFIX..=PREFIX).and_then(|digit| usize::from_str_radix(digit, 36).ok());
    attempt.unwrap_or(1)
}

/// Counts runs that are over. `orders` are what the brokers took in meanwhile, and `calls` how many
/// order calls arrived there, whatever became of them.
pub(super) fn count(runs: &[RunDetails], orders: &[OrderRecord], calls: usize) -> Count {
    let intents: Vec<IntentView> = runs.iter().flat_map(|run| run.intents.clone()).collect();
    let Tally { duplicates, lost, .. } = tally(&intents, orders);
    let of = |status| intents.iter().filter(|intent| intent.status == status).count() as u64;
    let decided: usize = intents.iter().map(attempts).sum();
    Count {
        kills: 0,
        runs: runs.len() as u64,
        intents: intents.len() as u64,
        orders: orders.len() as u64,
        in_doubt: of(IntentStatus::InDoubt),
        missed: of(IntentStatus::Missed),
        cancelled: of(IntentStatus::Cancelled),
        cancel_faults: 0,
        cancel_refused: 0,
        duplicates: (duplicates + attempts_beside(orders) + calls.saturating_sub(decided)) as u64,
        lost: (lost + refused_and_there(&intents, orders)) as u64,
        wrong_counts: runs.iter().filter(|run| !adds_up(run)).count() as u64,
    }
}

/// Orders that stand beside another attempt of the same order.
fn attempts_beside(orders: &[OrderRecord]) -> usize {
    let mut of_one: BTreeMap<&str, usize> = BTreeMap::new();
    for tag in orders.iter().filter_map(|order| order.tag.as_deref()) {
        *of_one.entry(tag.get(..PREFIX).unwrap_or(tag)).or_default() += 1;
    }
    of_one.values().map(|orders| orders - 1).sum()
}

/// Orders we call refused that a broker has and has not rejected.
fn refused_and_there(intents: &[IntentView], orders: &[OrderRecord]) -> usize {
    let refused = intents.iter().filter(|intent| intent.status == IntentStatus::Refused);
    let is_there = |intent: &&IntentView| {
        let tag = intent.tag.as_ref().map(|tag| tag.0.as_str());
        let mut alive = orders.iter().filter(|o| !o.status.eq_ignore_ascii_case("rejected"));
        alive.any(|order| order.tag.as_deref() == tag)
    };
    refused.filter(is_there).count()
}

/// I3: every order is counted once, where it stands, and none is still to be sent.
fn adds_up(run: &RunDetails) -> bool {
    let counts = &run.run.counts;
    let of = |status| run.intents.iter().filter(|intent| intent.status == status).count();
    let each = IntentStatus::ALL.into_iter().all(|s| of(s) == counts.of(s) as usize);
    let total = counts.total() as usize == run.intents.len();
    let open = of(IntentStatus::Planned) + of(IntentStatus::Sending);
    each && total
        && open == 0
        && matches!(run.run.state, RunState::Closed | RunState::Missed { .. })
}
