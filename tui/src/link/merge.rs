//! Changes on their way to the screen: of each thing only the newest, so that a slow terminal costs
//! no memory.

use std::collections::{BTreeMap, VecDeque};

use muster_protocol::check::CheckTarget;
use muster_protocol::event::Delta;
use muster_protocol::ids::{AccountId, IntentId, PlanId, RunId};

/// The most entries of the journal that wait; the oldest fall out. Of everything else each thing waits once.
const MOST: usize = 20_000;

/// Changes in order, without those that a newer one replaces.
#[derive(Debug, Default)]
pub(super) struct Merged {
    /// By the order they came in.
    deltas: BTreeMap<u64, Delta>,
    /// Where the newest change of each thing is.
    newest: BTreeMap<Thing, u64>,
    next: u64,
    /// Where the journal's entries are.
    entries: VecDeque<u64>,
}

/// What a change is about. What is gone is the same thing as before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    Status,
    Account(AccountId),
    Plan(PlanId),
    Run(RunId),
    Intent(IntentId),
    Check(CheckTarget),
}

impl Merged {
    /// True when nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.deltas.is_empty()
    }

    /// Adds a change; an older one of the same thing goes.
    pub(super) fn push(&mut self, delta: Delta) {
        let place = self.next;
        self.next = self.next.saturating_add(1);
        match thing(&delta) {
            Some(thing) => {
                if let Some(older) = self.newest.insert(thing, place) {
                    self.deltas.remove(&older);
                }
            }
            None => self.entries.push_back(place),
        }
        self.deltas.insert(place, delta);
        if self.entries.len() > MOST
            && let Some(oldest) = self.entries.pop_front()
        {
            self.deltas.remove(&oldest);
        }
    }

    /// Hands everything over.
    pub(super) fn take(&mut self) -> Vec<Delta> {
        std::mem::take(self).deltas.into_values().collect()
    }
}

/// What it is about; `None` for an entry of the journal, which nothing replaces.
fn thing(delta: &Delta) -> Option<Thing> {
    Some(match delta {
        Delta::Status(_) => Thing::Status,
        Delta::Account(account) => Thing::Account(account.id),
        Delta::AccountRemoved(id) => Thing::Account(*id),
        Delta::Plan(plan) => Thing::Plan(plan.spec.name.clone()),
        Delta::PlanRemoved(id) => Thing::Plan(id.clone()),
        Delta::Run(run) => Thing::Run(run.id.clone()),
        Delta::Intent(intent) => Thing::Intent(intent.id.clone()),
        Delta::Check(check) => Thing::Check(check.target),
        Delta::Journal(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::world;

    #[test]
    fn of_each_thing_only_the_newest_stays() {
        let snapshot = world::snapshot();
        let mut merged = Merged::default();
        for _ in 0..100 {
            merged.push(Delta::Status(snapshot.status.clone()));
            for account in &snapshot.accounts {
                merged.push(Delta::Account(Box::new(account.clone())));
            }
        }
        let left = merged.take();
        assert_eq!(left.len(), 1 + snapshot.accounts.len());
        assert!(merged.is_empty());
    }

    /// With more things than waited at most, the oldest change was dropped: the screen then showed an
    /// account as it was before, until it changed again.
    #[test]
    fn of_ever_so_many_things_the_newest_of_each_stays() {
        let snapshot = world::snapshot();
        let account = |number, active| {
            let account = snapshot.accounts[0].clone();
            let account = muster_protocol::account::AccountView { active, ..account };
            Delta::Account(Box::new(muster_protocol::account::AccountView {
                id: AccountId(number),
                ..account
            }))
        };
        let mut merged = Merged::default();
        for active in [true, false, true, false] {
            for number in 1..=30_000 {
                merged.push(account(number, active));
            }
        }
        merged.push(Delta::AccountRemoved(AccountId(7)));
        let left = merged.take();
        assert_eq!(left.len(), 30_000);
        assert_eq!(left[0], account(1, false));
        assert_eq!(left.last(), Some(&Delta::AccountRemoved(AccountId(7))));
        let shown = left.iter().filter(|delta| matches!(delta, Delta::Account(a) if !a.active));
        assert_eq!(shown.count(), 29_999);
    }

    #[test]
    fn a_flood_of_entries_has_an_end() {
        let entry = world::snapshot().journal.remove(0);
        let mut merged = Merged::default();
        let first = world::snapshot().accounts.remove(0);
        merged.push(Delta::Account(Box::new(first)));
        for seq in 0..30_000 {
            merged.push(Delta::Journal(muster_protocol::event::JournalEntry {
                seq,
                ..entry.clone()
            }));
        }
        let left = merged.take();
        assert_eq!(left.len(), MOST + 1);
        assert!(matches!(left.first(), Some(Delta::Account(_))), "it is no entry");
        assert!(matches!(left.get(1), Some(Delta::Journal(e)) if e.seq == 10_000));
        assert!(matches!(left.last(), Some(Delta::Journal(e)) if e.seq == 29_999));
    }
}
