//! When each account's order book is read: before a run, while an order is in doubt, until every order
//! has come to its end, and for the tally. One read serves all of them.

use std::collections::{BTreeMap, BTreeSet};

use muster_protocol::ids::AccountId;
use muster_protocol::time::{SECOND, Timestamp};

/// The most reads under way at once while orders are going out, so that readers never starve a run.
pub const MAX_READS_FIRING: usize = 16;

/// The most reads under way at once otherwise.
pub const MAX_READS: usize = 64;

/// The least time between two reads of one account, in milliseconds. Angel One documents one read of
/// the book a second, Kite ten.
pub const READ_SPACING_MS: i64 = 2 * SECOND;

/// Reads of an order in doubt, counted from the doubt. The early ones find what arrived; those from
/// half a minute on can prove that nothing did (`domain::absence`).
const DOUBT_READS: [i64; 7] = [2, 4, 8, 16, 31, 34, 62];

/// Reads of an order at the broker, counted from its acceptance.
const FOLLOW_READS: [i64; 6] = [2, 5, 10, 20, 40, 60];

/// After the list of reads, every so many seconds.
const DOUBT_EVERY: i64 = 30;
const FOLLOW_EVERY: i64 = 60;

/// The next read of an order in doubt `since` then, after one that started at `last`.
pub fn doubt_read(since: Timestamp, last: Option<Timestamp>) -> Timestamp {
    next_read(since, last, &DOUBT_READS, DOUBT_EVERY)
}

/// The next read of an order accepted `since` then, after one that started at `last`.
pub fn follow_read(since: Timestamp, last: Option<Timestamp>) -> Timestamp {
    next_read(since, last, &FOLLOW_READS, FOLLOW_EVERY)
}

fn next_read(since: Timestamp, last: Option<Timestamp>, listed: &[i64], every: i64) -> Timestamp {
    let Some(last) = last else { return since.plus(first(listed) * SECOND) };
    let done = last.since(since).div_euclid(SECOND);
    let next = listed.iter().copied().find(|after| *after > done);
    let next = next.unwrap_or_else(|| {
        let end = listed.last().copied().unwrap_or_default();
        let rounds = done.saturating_sub(end).div_euclid(every).saturating_add(1);
        end.saturating_add(rounds.saturating_mul(every))
    });
    since.plus(next.saturating_mul(SECOND))
}

fn first(listed: &[i64]) -> i64 {
    listed.first().copied().unwrap_or(1)
}

/// One account's reads.
#[derive(Debug, Clone, Copy, Default)]
struct Watch {
    due: Option<Timestamp>,
    last: Option<Timestamp>,
    under_way: bool,
    failures: u32,
}

/// Every account's reads.
#[derive(Debug, Default)]
pub struct Watches {
    by_account: BTreeMap<AccountId, Watch>,
    due: BTreeSet<(Timestamp, AccountId)>,
    under_way: usize,
}

impl Watches {
    /// Sets when the account's book is read next, or that nothing wants it read. Never sooner than the
    /// spacing allows, later after failures. While a read is under way its end decides anew.
    pub fn set(&mut self, account: AccountId, wanted: Option<Timestamp>) {
        let known = self.by_account.get(&account).copied().unwrap_or_default();
        if known.under_way {
            return;
        }
        let spacing = READ_SPACING_MS.saturating_mul(1 << known.failures.min(4));
        let soonest = known.last.map(|last| last.plus(spacing));
        let due = wanted.map(|at| soonest.map_or(at, |soonest| at.max(soonest)));
        if let Some(old) = known.due {
            self.due.remove(&(old, account));
        }
        if let Some(due) = due {
            self.due.insert((due, account));
        }
        self.by_account.insert(account, Watch { due, ..known });
    }

    /// The next account whose read is due now, taken as under way.
    pub fn begin(&mut self, now: Timestamp, room: usize) -> Option<AccountId> {
        let &(due, account) = self.due.first().filter(|(due, _)| *due <= now)?;
        if self.under_way >= room {
            return None;
        }
        self.due.remove(&(due, account));
        self.under_way = self.under_way.saturating_add(1);
        let known = self.by_account.entry(account).or_default();
        *known = Watch { due: None, last: Some(now), under_way: true, ..*known };
        Some(account)
    }

    /// A read has ended; says when it started.
    pub fn ended(&mut self, account: AccountId, well: bool) -> Option<Timestamp> {
        let known = self.by_account.get_mut(&account).filter(|known| known.under_way)?;
        self.under_way = self.under_way.saturating_sub(1);
        known.under_way = false;
        known.failures = if well { 0 } else { known.failures.saturating_add(1) };
        known.last
    }

    /// How many reads failed since one that did not.
    pub fn failures(&self, account: AccountId) -> u32 {
        self.by_account.get(&account).map_or(0, |known| known.failures)
    }

    /// The clock was set back: no read waits for an instant that is hours away now.
    pub fn set_back(&mut self, now: Timestamp) {
        self.due =
            std::mem::take(&mut self.due).into_iter().map(|(at, id)| (at.min(now), id)).collect();
        for known in self.by_account.values_mut() {
            known.due = known.due.map(|due| due.min(now));
            known.last = known.last.map(|last| last.min(now));
        }
    }

    /// When the account's latest read started.
    pub fn last(&self, account: AccountId) -> Option<Timestamp> {
        self.by_account.get(&account)?.last
    }

    /// When the next read is due, if there is room for it.
    pub fn next_due(&self, room: usize) -> Option<Timestamp> {
        let first = self.due.first().filter(|_| self.under_way < room);
        first.map(|(due, _)| *due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * SECOND)
    }

    fn reads(next: fn(Timestamp, Option<Timestamp>) -> Timestamp) -> Vec<i64> {
        let mut last = None;
        let mut seconds = Vec::new();
        for _ in 0..10 {
            let read = next(at(100), last);
            seconds.push(read.since(at(100)) / SECOND);
            last = Some(read);
        }
        seconds
    }

    #[test]
    fn reads_thin_out_and_never_end() {
        assert_eq!(reads(doubt_read), [2, 4, 8, 16, 31, 34, 62, 92, 122, 152]);
        assert_eq!(reads(follow_read), [2, 5, 10, 20, 40, 60, 120, 180, 240, 300]);
        // A read for another reason counts; one before the doubt does not.
        assert_eq!(doubt_read(at(100), Some(at(110))), at(116));
        assert_eq!(doubt_read(at(100), Some(at(50))), at(102));
    }

    #[test]
    fn one_account_is_read_once_at_a_time_and_never_more_often_than_its_spacing() {
        let mut watches = Watches::default();
        let one = AccountId(1);
        watches.set(one, Some(at(0)));
        assert_eq!(watches.begin(at(0), 1), Some(one));
        watches.set(one, Some(at(0)));
        assert_eq!((watches.begin(at(0), 9), watches.next_due(9)), (None, None));
        assert_eq!(watches.ended(one, true), Some(at(0)));
        assert_eq!(watches.ended(one, true), None, "ended once");
        watches.set(one, Some(at(0)));
        assert_eq!(watches.next_due(9), Some(at(2)));
        watches.begin(at(2), 9).unwrap();
        watches.ended(one, false);
        watches.set(one, Some(at(0)));
        assert_eq!(watches.next_due(9), Some(at(6)), "later after a failure");
        watches.set(one, None);
        assert_eq!(watches.next_due(9), None);
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_no_read_waiting() {
        let mut watches = Watches::default();
        watches.set(AccountId(1), Some(at(3_600)));
        assert_eq!(watches.begin(at(3_600), 9), Some(AccountId(1)));
        watches.ended(AccountId(1), true);
        watches.set(AccountId(1), Some(at(3_600)));
        watches.set_back(at(60));
        assert_eq!(watches.next_due(9), Some(at(60)));
        assert_eq!(watches.begin(at(60), 9), Some(AccountId(1)));
    }

    #[test]
    fn no_more_reads_at_once_than_there_is_room_for() {
        let mut watches = Watches::default();
        for account in 1..=3 {
            watches.set(AccountId(account), Some(at(0)));
        }
        assert!(watches.begin(at(0), 2).is_some() && watches.begin(at(0), 2).is_some());
        assert_eq!(watches.begin(at(0), 2), None);
        assert_eq!(watches.next_due(2), None, "an end, not time, makes room");
        watches.ended(AccountId(1), true);
        assert_eq!(watches.begin(at(0), 2), Some(AccountId(3)));
    }
}
