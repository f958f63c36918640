//! What came of the day: our counts, and the brokers' books beside them.

use muster_protocol::event::Snapshot;
use muster_protocol::reply::RunDetails;
use muster_protocol::run::RunCounts;
use serde::Serialize;

use crate::harness::tally;
use crate::sandbox::OrderRecord;

/// The demo's last line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Accounts there are.
    pub accounts: u32,
    /// Accounts that took part in the run, or would.
    pub fit: u32,
    /// Accounts that did not, with a reason.
    pub unfit: u32,
    /// Intents of the run.
    pub planned: u32,
    /// Those a broker gave a number.
    pub accepted: u32,
    /// Those a broker said no to.
    pub refused: u32,
    /// Those of which it is not known.
    pub in_doubt: u32,
    /// Those that never left.
    pub missed: u32,
    /// Orders in the brokers' books that should not be there.
    pub duplicates: u32,
    /// Intents whose record and whose broker's book disagree.
    pub lost: u32,
}

impl Count {
    /// Counts a snapshot and a run against the brokers' books.
    pub fn new(snapshot: &Snapshot, run: Option<&RunDetails>, books: &[OrderRecord]) -> Self {
        let small = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let counts = run.map_or_else(RunCounts::default, |details| details.run.counts);
        let against = run.map(|details| tally(&details.intents, books)).unwrap_or_default();
        let (fit, unfit) = run
            .map_or((snapshot.status.counts.fit, snapshot.status.counts.unfit), |details| {
                (details.run.accounts, small(details.run.left_out.len()))
            });
        Self {
            accounts: small(snapshot.accounts.len()),
            fit,
            unfit,
            planned: counts.total(),
            accepted: counts.placed(),
            refused: counts.refused,
            in_doubt: counts.in_doubt,
            missed: counts.missed.saturating_add(counts.not_sent),
            duplicates: small(against.duplicates),
            lost: small(against.lost),
        }
    }

    /// Whether every account and every intent is counted once, and the books agree.
    pub fn adds_up(&self) -> bool {
        self.accounts == self.fit + self.unfit
            && self.planned > 0
            && self.planned == self.accepted + self.refused + self.in_doubt + self.missed
            && self.duplicates == 0
            && self.lost == 0
    }
}
