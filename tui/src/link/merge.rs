//! Changes on their way to the screen: of each thing only the newest, so that a slow terminal costs
//! no memory.

use std::collections::VecDeque;

use muster_protocol::event::Delta;

/// The most changes that wait; of journal entries the oldest fall out.
const MOST: usize = 20_000;

/// Changes in order, without those that a newer one replaces.
#[derive(Debug, Default)]
pub(super) struct Merged {
    deltas: VecDeque<Delta>,
}

impl Merged {
    /// True when nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.deltas.is_empty()
    }

    /// Adds a change; an older one of the same thing goes.
    pub(super) fn push(&mut self, delta: Delta) {
        // The newest are compared first, and not all: a burst of many things stays fast.
        let near = self.deltas.len().saturating_sub(512);
        if !matches!(delta, Delta::Journal(_))
            && let Some(at) = (near..self.deltas.len())
                .rev()
                .find(|at| self.deltas.get(*at).is_some_and(|older| is_same(older, &delta)))
        {
            self.deltas.remove(at);
        }
        self.deltas.push_back(delta);
        if self.deltas.len() > MOST {
            let entry = self.deltas.iter().position(|delta| matches!(delta, Delta::Journal(_)));
            self.deltas.remove(entry.unwrap_or(0));
        }
    }

    /// Hands everything over.
    pub(super) fn take(&mut self) -> Vec<Delta> {
        std::mem::take(&mut self.deltas).into()
    }
}

/// True when both are about the same thing.
fn is_same(older: &Delta, newer: &Delta) -> bool {
    match (older, newer) {
        (Delta::Status(_), Delta::Status(_)) => true,
        (Delta::Account(a), Delta::Account(b)) => a.id == b.id,
        (Delta::Account(a), Delta::AccountRemoved(b)) => a.id == *b,
        (Delta::Plan(a), Delta::Plan(b)) => a.spec.name == b.spec.name,
        (Delta::Plan(a), Delta::PlanRemoved(b)) => a.spec.name == *b,
        (Delta::Run(a), Delta::Run(b)) => a.id == b.id,
        (Delta::Intent(a), Delta::Intent(b)) => a.id == b.id,
        (Delta::Check(a), Delta::Check(b)) => a.target == b.target,
        _ => false,
    }
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

    #[test]
    fn a_flood_of_entries_has_an_end() {
        let entry = world::snapshot().journal.remove(0);
        let mut merged = Merged::default();
        for seq in 0..30_000 {
            merged.push(Delta::Journal(muster_protocol::event::JournalEntry {
                seq,
                ..entry.clone()
            }));
        }
        let left = merged.take();
        assert_eq!(left.len(), MOST);
        assert!(matches!(left.last(), Some(Delta::Journal(e)) if e.seq == 29_999));
    }
}
