//! What the daemon has said: the last snapshot with every change since. Stays when the daemon goes.

use std::collections::{BTreeMap, VecDeque};

use muster_protocol::account::AccountView;
use muster_protocol::check::{CheckOutcome, CheckTarget, CheckView};
use muster_protocol::event::{Delta, JournalEntry, Snapshot};
use muster_protocol::ids::{AccountId, IntentId, LegNo, PlanId, RunId, TicketId};
use muster_protocol::plan::PlanView;
use muster_protocol::run::{IntentView, RunView};
use muster_protocol::status::StatusView;

/// How many journal entries are kept; older ones fall out and are counted.
pub(crate) const JOURNAL: usize = 10_000;

/// How many connections being made are remembered.
const CHECKS: usize = 64;

/// Everything the daemon has said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct World {
    pub(crate) status: Option<StatusView>,
    pub(crate) accounts: BTreeMap<AccountId, AccountView>,
    /// Moves on whenever an account changes, so that rows need not be made anew without reason.
    pub(crate) accounts_version: u64,
    pub(crate) plans: BTreeMap<PlanId, PlanView>,
    pub(crate) runs: BTreeMap<RunId, RunView>,
    pub(crate) intents: BTreeMap<IntentId, IntentView>,
    pub(crate) checks: VecDeque<CheckView>,
    pub(crate) journal: VecDeque<JournalEntry>,
    /// How many entries fell out of the journal here.
    pub(crate) fallen: usize,
    /// How many entries never came here: more were said than could be taken.
    pub(crate) skipped: usize,
    /// Whoever sees only what is theirs hears only some numbers: a gap says nothing.
    pub(crate) hears_all: bool,
}

impl World {
    /// Starts again from a snapshot; the journal that is already here stays if it goes on, and what is
    /// missing in between is counted.
    pub(crate) fn replace(&mut self, snapshot: Snapshot) {
        let kept = std::mem::take(&mut self.journal);
        let newest = kept.back().map_or(0, |entry| entry.seq);
        // A journal that ends earlier than the one that is here is another one.
        let goes_on = snapshot.journal.last().is_some_and(|entry| entry.seq >= newest);
        // The daemon forgets what has ended; a person may still be reading it.
        let mut checks = std::mem::take(&mut self.checks);
        checks.retain(|old| {
            has_ended(old) && snapshot.checks.iter().all(|new| new.target != old.target)
        });
        checks.extend(snapshot.checks);
        *self = Self {
            status: Some(snapshot.status),
            accounts: snapshot.accounts.into_iter().map(|a| (a.id, a)).collect(),
            accounts_version: self.accounts_version.wrapping_add(1),
            plans: snapshot.plans.into_iter().map(|p| (p.spec.name.clone(), p)).collect(),
            runs: snapshot.runs.into_iter().map(|r| (r.id.clone(), r)).collect(),
            intents: snapshot.intents.into_iter().map(|i| (i.id.clone(), i)).collect(),
            checks,
            journal: if goes_on { kept } else { VecDeque::new() },
            fallen: if goes_on { self.fallen } else { 0 },
            skipped: if goes_on { self.skipped } else { 0 },
            hears_all: self.hears_all,
        };
        for entry in snapshot.journal {
            self.note(entry);
        }
    }

    /// Applies one change.
    pub(crate) fn apply(&mut self, delta: Delta) {
        if matches!(delta, Delta::Account(_) | Delta::AccountRemoved(_)) {
            self.accounts_version = self.accounts_version.wrapping_add(1);
        }
        match delta {
            Delta::Status(status) => self.status = Some(status),
            Delta::Account(account) => drop(self.accounts.insert(account.id, *account)),
            Delta::AccountRemoved(id) => drop(self.accounts.remove(&id)),
            Delta::Plan(plan) => drop(self.plans.insert(plan.spec.name.clone(), plan)),
            Delta::PlanRemoved(id) => drop(self.plans.remove(&id)),
            Delta::Run(run) => drop(self.runs.insert(run.id.clone(), run)),
            Delta::Intent(intent) => drop(self.intents.insert(intent.id.clone(), *intent)),
            Delta::Check(check) => self.check(check),
            Delta::Journal(entry) => self.note(entry),
        }
    }

    /// The connection or login with this ticket.
    pub(crate) fn ticket(&self, ticket: TicketId) -> Option<&CheckView> {
        self.checks.iter().find(|check| check.target == CheckTarget::Ticket(ticket))
    }

    /// The intents of a run, by account and leg.
    pub(crate) fn intents_of<'a>(&'a self, run: &'a RunId) -> impl Iterator<Item = &'a IntentView> {
        let end = |account, leg| IntentId {
            run: run.clone(),
            account: AccountId(account),
            leg: LegNo(leg),
        };
        self.intents.range(end(0, 0)..=end(u32::MAX, u8::MAX)).map(|(_, intent)| intent)
    }

    /// The newest run of a plan.
    pub(crate) fn newest_run(&self, plan: &PlanId) -> Option<&RunView> {
        self.runs.values().rfind(|run| run.id.plan == *plan)
    }

    fn check(&mut self, check: CheckView) {
        match self.checks.iter_mut().find(|known| known.target == check.target) {
            Some(known) => *known = check,
            None => self.checks.push_back(check),
        }
        while self.checks.len() > CHECKS {
            self.checks.pop_front();
        }
    }

    fn note(&mut self, entry: JournalEntry) {
        let newest = self.journal.back().map(|newest| newest.seq);
        if newest.is_some_and(|newest| newest >= entry.seq) {
            return;
        }
        if let Some(newest) = newest.filter(|_| self.hears_all) {
            let gap = entry.seq.saturating_sub(newest).saturating_sub(1);
            self.skipped = self.skipped.saturating_add(usize::try_from(gap).unwrap_or(usize::MAX));
        }
        self.journal.push_back(entry);
        while self.journal.len() > JOURNAL {
            self.journal.pop_front();
            self.fallen = self.fallen.saturating_add(1);
        }
    }
}

const fn has_ended(check: &CheckView) -> bool {
    !matches!(check.outcome, CheckOutcome::Running | CheckOutcome::AwaitingLogin { .. })
}
