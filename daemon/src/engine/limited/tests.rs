//! The limits by a clock that is wherever it was last asked to wait for.

use std::sync::atomic::{AtomicI64, Ordering};

use muster_protocol::status::Ntp;

use super::*;
use crate::clock::Shown;

/// A clock that is wherever it was last asked to wait for.
#[derive(Default)]
struct Jumping(AtomicI64);

#[async_trait]
impl Clock for Jumping {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    async fn sleep_until(&self, at: Timestamp) {
        self.0.fetch_max(at.millis(), Ordering::SeqCst);
    }
}

/// A wall clock beside one that nobody can set. The wall clock is set by so much during each sleep.
struct SetAsleep {
    wall: AtomicI64,
    steady: AtomicI64,
    by: i64,
}

#[async_trait]
impl Clock for SetAsleep {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.wall.load(Ordering::SeqCst))
    }

    /// As the machine's own: at most a second in one piece.
    async fn sleep_until(&self, at: Timestamp) {
        let left = at.since(self.now()).clamp(0, SECOND);
        let steady = self.steady.fetch_add(left, Ordering::SeqCst);
        assert!(steady < HOUR, "an order is kept back");
        self.wall.fetch_add(left + self.by, Ordering::SeqCst);
    }

    fn shown(&self) -> Shown {
        let steady_ms = self.steady.load(Ordering::SeqCst);
        let wall_us = self.now().millis() * 1_000;
        Shown { wall_us, steady_ms, awake_ms: steady_ms, ntp: Ntp::Unknown }
    }
}

const ALL: [Class; 8] = [
    Class::Login,
    Class::Logout,
    Class::Profile,
    Class::Funds,
    Class::Book,
    Class::Trades,
    Class::Price,
    Class::Orders,
];

#[test]
fn every_class_is_under_a_limit_at_every_broker() {
    for (broker, class) in Broker::ALL.into_iter().flat_map(|b| ALL.map(|c| (b, c))) {
        let rows = ROWS.iter().filter(|r| r.broker == broker && r.classes.contains(&class));
        assert_eq!(rows.count(), 1, "{broker} {class:?}");
    }
}

#[tokio::test]
async fn no_window_is_ever_overfull_and_accounts_do_not_share() {
    for row in ROWS {
        let clock = Arc::new(Jumping::default());
        let limits = Limits::new(row.broker, clock.clone());
        let mut starts = Vec::new();
        for number in 0..60 {
            let class = row.classes[number % row.classes.len()];
            let Some(start) = limits.book([1; 2], class, true) else { break };
            clock.sleep_until(Timestamp::from_millis(start)).await;
            starts.push(start);
        }
        for (count, ms) in row.windows {
            for window in starts.windows(count + 1) {
                assert!(window[*count] - window[0] >= *ms, "{:?} {window:?}", row.classes);
            }
        }
        let now = clock.now().millis();
        assert_eq!(limits.book([2; 2], row.classes[0], true), Some(now));
    }
}

/// What the domain has spaced has waited for one price since, and comes here at one instant.
#[tokio::test]
async fn i8_orders_that_come_together_leave_apart_and_never_too_many_in_a_minute() {
    // At eight a second Angel One's minute is all but over when it is full, Kite's is not.
    for (broker, in_a_minute, in_all) in [(Broker::AngelOne, 450, 900), (Broker::Zerodha, 360, 360)]
    {
        let clock = Arc::new(Jumping::default());
        let limits = Limits::new(broker, clock.clone());
        let mut starts = Vec::new();
        let kept_back = loop {
            match limits.order_turn([1; 2]).await {
                Ok(()) => starts.push(clock.now().millis()),
                Err(error) => break error,
            }
        };
        assert_eq!(kept_back.kind, FailureKind::Unreachable, "not sent, and no doubt");
        let apart = |count: usize, ms| starts.windows(count + 1).all(|w| w[count] - w[0] >= ms);
        assert!(apart(1, APART) && apart(8, SECOND) && apart(in_a_minute, MINUTE));
        assert_eq!((starts[0], starts.len()), (0, in_all));
    }
}

#[test]
fn cancellations_never_wait_and_a_probe_waits_for_them() {
    let limits = Limits::new(Broker::AngelOne, Arc::new(Jumping::default()));
    for _ in 0..8 {
        assert_eq!(limits.book([1; 2], Class::Orders, false), Some(0));
    }
    assert_eq!(limits.book([1; 2], Class::Orders, true), Some(SECOND));
    assert_eq!(limits.book([1; 2], Class::Orders, false), Some(0));
    // Another class has room.
    assert_eq!(limits.book([1; 2], Class::Book, true), Some(0));
}

#[test]
fn nobody_waits_for_long_and_a_clock_set_back_stops_nobody() {
    let clock = Arc::new(Jumping(AtomicI64::new(3_600_000)));
    let limits = Limits::new(Broker::AngelOne, clock.clone());
    let booked = (0..10).map_while(|_| limits.book([1; 2], Class::Book, true)).count();
    assert_eq!(booked, 4, "the fifth would wait for more than five seconds");
    clock.0.store(0, Ordering::SeqCst);
    assert!(limits.book([1; 2], Class::Book, true).is_some());
}

/// An order that waited when the clock was set back an hour was "Sending" for that hour; and one that was set
/// forward let a full window be filled once more.
#[tokio::test]
async fn i8_a_clock_that_is_set_neither_keeps_an_order_back_nor_lets_one_go_early() {
    for by in [-HOUR, 0, HOUR] {
        let (wall, steady) = (AtomicI64::new(10 * HOUR), AtomicI64::new(7));
        let clock = Arc::new(SetAsleep { wall, steady, by });
        let limits = Limits::new(Broker::AngelOne, clock.clone());
        let mut starts = Vec::new();
        while limits.order_turn([1; 2]).await.is_ok() {
            starts.push(clock.steady.load(Ordering::SeqCst));
        }
        assert_eq!(starts.len(), 900, "what an hour takes");
        assert!(starts.windows(2).all(|w| w[1] - w[0] >= APART && w[1] - w[0] <= PATIENCE_MS));
        assert!(starts.windows(9).all(|w| w[8] - w[0] >= SECOND), "set by {by}");
        assert!(starts.windows(451).all(|w| w[450] - w[0] >= MINUTE), "set by {by}");
    }
}
