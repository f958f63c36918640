//! Order calls under way, broker by broker: a bulkhead. A broker that answers slowly fills its own places
//! and nobody else's, and a call that is slow gives its place to the next account's.

use std::collections::{BTreeMap, BTreeSet};

use muster_protocol::ids::{AccountId, IntentId, LegNo, RunId};
use muster_protocol::order::Broker;
use muster_protocol::time::Timestamp;

/// The most fresh calls under way at one broker. A call's place includes its wait for the commit before it,
/// which is half its time: with fewer places most wait for the disk, with more a commit takes more of them
/// and every connection its memory (docs/performance.md).
pub const MAX_IN_FLIGHT: usize = 256;

/// A call that has taken longer keeps nobody waiting any more, in milliseconds: one account whose broker
/// hangs delays no other's first order by more.
pub const SLOW_MS: i64 = 40;

/// The most calls under way at one broker, slow ones too.
pub const MAX_OPEN: usize = 320;

/// The calls under way.
#[derive(Debug, Default)]
pub struct Flights {
    begun: BTreeMap<IntentId, (Broker, Timestamp)>,
    at_broker: BTreeMap<Broker, BTreeSet<(Timestamp, IntentId)>>,
    latest: BTreeMap<Broker, RunId>,
}

impl Flights {
    /// A call begins.
    pub fn insert(&mut self, id: IntentId, broker: Broker, now: Timestamp) {
        self.remove(&id);
        if self.latest.get(&broker) != Some(&id.run) {
            self.latest.insert(broker, id.run.clone());
        }
        self.at_broker.entry(broker).or_default().insert((now, id.clone()));
        self.begun.insert(id, (broker, now));
    }

    /// A call's answer is there, and not recorded yet: its place at the broker is free.
    pub fn answered(&mut self, id: &IntentId) {
        if let Some((broker, at)) = self.begun.get(id)
            && let Some(calls) = self.at_broker.get_mut(broker)
        {
            calls.remove(&(*at, id.clone()));
        }
    }

    /// A call is over.
    pub fn remove(&mut self, id: &IntentId) {
        if let Some((broker, at)) = self.begun.remove(id)
            && let Some(calls) = self.at_broker.get_mut(&broker)
        {
            calls.remove(&(at, id.clone()));
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.begun.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.begun.is_empty()
    }

    /// Whether one of this account's in this run is among them.
    pub fn is_busy(&self, run: &RunId, account: AccountId) -> bool {
        let from = IntentId { run: run.clone(), account, leg: LegNo(0) };
        let next = self.begun.range(from..).next();
        next.is_some_and(|(id, _)| id.run == *run && id.account == account)
    }

    /// The runs, given in their order, in the order they may take places at this broker: whose order left last
    /// comes last, so that a run of thousands keeps no other waiting until it is through.
    pub fn in_turn<'r>(
        &self,
        broker: Broker,
        runs: &'r [RunId],
    ) -> impl Iterator<Item = &'r RunId> {
        let latest = self.latest.get(&broker);
        let next = latest.map_or(0, |latest| runs.partition_point(|run| run <= latest));
        runs.iter().skip(next).chain(runs.iter().take(next))
    }

    /// When the next call to this broker may begin: the earliest of what time alone brings; never if
    /// only an answer makes room.
    pub fn room_at(&self, broker: Broker, now: Timestamp) -> Option<Timestamp> {
        let Some(calls) = self.at_broker.get(&broker) else { return Some(now) };
        if calls.len() >= MAX_OPEN {
            return None;
        }
        if calls.len() < MAX_IN_FLIGHT {
            return Some(now);
        }
        // The call whose growing slow leaves one place among the fresh.
        let fills = calls.iter().rev().nth(MAX_IN_FLIGHT.saturating_sub(1));
        Some(fills.map_or(now, |(at, _)| at.plus(SLOW_MS).max(now)))
    }

    /// Whether a call to this broker may begin now.
    pub fn has_room(&self, broker: Broker, now: Timestamp) -> bool {
        self.room_at(broker, now) == Some(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(account: u32) -> IntentId {
        let run = "btst@2026-11-23".to_owned().try_into().unwrap();
        IntentId { run, account: AccountId(account), leg: LegNo(0) }
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn i7_a_broker_that_hangs_fills_its_own_places_for_a_moment_and_nobody_else_s() {
        let (mut flights, full) = (Flights::default(), u32::try_from(MAX_IN_FLIGHT).unwrap());
        for account in 0..full {
            assert!(flights.has_room(Broker::Zerodha, at(0)));
            flights.insert(id(account), Broker::Zerodha, at(0));
        }
        assert_eq!(flights.room_at(Broker::Zerodha, at(1)), Some(at(SLOW_MS)));
        assert!(flights.has_room(Broker::AngelOne, at(1)));
        assert!(flights.has_room(Broker::Zerodha, at(SLOW_MS)));
        flights.remove(&id(3));
        assert!(flights.has_room(Broker::Zerodha, at(1)), "an answer makes room at once");
        flights.insert(id(3), Broker::Zerodha, at(1));
        flights.answered(&id(3));
        assert!(flights.has_room(Broker::Zerodha, at(1)), "before it is recorded");
        assert!(flights.is_busy(&id(3).run, AccountId(3)), "but its account waits for that");
        flights.remove(&id(3));
        assert!(flights.is_busy(&id(4).run, AccountId(4)));
        assert!(!flights.is_busy(&id(3).run, AccountId(3)));
    }

    #[test]
    fn i7_runs_take_turns_at_a_broker() {
        let run = |name: &str| -> RunId { format!("{name}@2026-11-23").try_into().unwrap() };
        let runs = [run("a"), run("b"), run("c")];
        let mut flights = Flights::default();
        let mut first = |broker, run: &RunId| {
            let turn = flights.in_turn(broker, &runs).cloned().collect::<Vec<_>>();
            assert!(runs.iter().all(|run| turn.contains(run)) && turn.len() == 3);
            let id = IntentId { run: run.clone(), account: AccountId(1), leg: LegNo(0) };
            flights.insert(id, broker, at(0));
            turn[0].clone()
        };
        assert_eq!(first(Broker::Zerodha, &runs[0]), runs[0]);
        assert_eq!(first(Broker::Zerodha, &runs[1]), runs[1]);
        assert_eq!(first(Broker::Zerodha, &runs[2]), runs[2]);
        assert_eq!(first(Broker::Zerodha, &run("b0")), runs[0], "and from the beginning");
        assert_eq!(first(Broker::Zerodha, &runs[0]), runs[2], "also after one that is through");
        assert_eq!(first(Broker::AngelOne, &runs[0]), runs[0], "each broker for itself");
    }

    #[test]
    fn even_of_slow_calls_there_are_never_more_than_a_bound() {
        let mut flights = Flights::default();
        let mut now = at(0);
        for account in 0..u32::try_from(MAX_OPEN).unwrap() {
            now = flights.room_at(Broker::Zerodha, now).unwrap();
            flights.insert(id(account), Broker::Zerodha, now);
        }
        assert_eq!(flights.len(), MAX_OPEN);
        assert_eq!(flights.room_at(Broker::Zerodha, now.plus(3_600_000)), None);
    }
}
