//! Clocks that jump, stop and come back: runs are held or missed, never doubled.

use muster_protocol::run::RunState;
use muster_protocol::status::{ClockOffset, HoldReason, Ntp};

use super::*;
use crate::domain::clock_guard::{ClockEvent, Measured, Reading};
use crate::domain::msg::{Ask, Asked, ReplyTo};

const MONDAY: &str = "btst@2026-11-23";
const NOON: &str = "2026-11-23T12:00:00+05:30";

impl Day {
    /// The clocks are read, then a tick; as the engine does it.
    pub(super) fn read(&mut self, steady_s: i64, offsets: Vec<Measured>) {
        let reading = Reading {
            wall_us: self.now.millis() * 1_000,
            steady_ms: steady_s * 1_000,
            awake_ms: steady_s * 1_000,
            ntp: Ntp::Unknown,
            offsets,
        };
        self.take(vec![Msg::Clock(reading), Msg::Tick], usize::MAX);
    }

    fn set_to(&mut self, to: &str, steady_s: i64) {
        self.now = at(to);
        self.read(steady_s, vec![]);
    }

    fn release(&mut self) {
        let ask = Asked { reply: ReplyTo(1), who: who("uid 0"), only: None, ask: Ask::Release };
        self.take(vec![Msg::Asked(ask)], usize::MAX);
    }

    fn heard(&self, words: &str) -> bool {
        self.said.iter().any(|line| line.contains(words))
    }
}

fn measured(offset_ms: i64, steady_s: i64) -> Measured {
    let offset = ClockOffset { broker: Broker::AngelOne, offset_ms, at: at(NOON) };
    Measured { offset, steady_ms: steady_s * 1_000 }
}

fn noon() -> Day {
    let mut day = Day::new(2, Mode::Live, NOON);
    day.read(1_000, vec![]);
    day.start();
    day
}

#[test]
fn set_forward_over_the_time_nothing_leaves_until_a_broker_confirms_the_clock() {
    let mut day = noon();
    day.set_to("2026-11-23T15:10:05+05:30", 1_001);
    assert_eq!(day.model.hold_reason(), Some(HoldReason::ClockSet));
    assert_eq!((day.run_state(MONDAY), day.sends.len()), (None, 0));
    assert!(day.heard("the clock was set forward") && day.heard("HELD"));
    day.now = day.now.plus(1_000);
    day.read(1_002, vec![measured(100, 1_002)]);
    day.pass("2026-11-23T15:11:00+05:30");
    assert_eq!(day.statuses(MONDAY), vec![IntentStatus::Accepted; 4]);
}

#[test]
fn set_forward_and_never_confirmed_the_run_is_missed_with_the_reason() {
    let mut day = noon();
    day.set_to("2026-11-23T15:10:05+05:30", 1_001);
    day.pass("2026-11-23T18:20:00+05:30");
    // By the clock as it was before, it is 15:09: the run may still happen.
    assert_eq!(day.run_state(MONDAY), None);
    day.pass("2026-11-23T18:30:00+05:30");
    let Some(RunState::Missed { reason }) = day.run_state(MONDAY) else { panic!("not missed") };
    assert!(reason.contains("clock was set"), "{reason}");
    assert!(day.sends.is_empty());
}

#[test]
fn set_back_over_the_time_after_the_run_it_does_not_run_again() {
    let mut day = noon();
    day.now = at("2026-11-23T15:09:00+05:30");
    day.read(1_000 + 11_340, vec![]);
    day.pass("2026-11-23T15:11:00+05:30");
    assert_eq!(day.book.len(), 4);
    day.set_to("2026-11-23T14:00:00+05:30", 12_341);
    // Even when a person says that this is the time.
    day.release();
    assert_eq!(day.model.hold_reason(), None);
    day.pass("2026-11-23T16:00:00+05:30");
    assert_eq!((day.book.len(), day.model.runs.len()), (4, 1));
    day.assert_at_most_once();
}

#[test]
fn behind_its_mark_after_a_restart_runs_are_held_until_it_caught_up() {
    let mut day = noon();
    let mark = Record::Clock(ClockEvent::Mark { at: at("2026-11-23T15:12:00+05:30") });
    day.store.push(mark);
    let mut again = Day::restarted(day.store.clone(), vec![], at("2026-11-23T15:09:00+05:30"));
    again.read(1, vec![]);
    again.start();
    again.pass("2026-11-23T15:11:30+05:30");
    assert_eq!((again.run_state(MONDAY), again.sends.len()), (None, 0));
    assert!(again.heard("behind what it showed before"));
    again.set_to("2026-11-23T15:12:01+05:30", 182);
    again.pass("2026-11-23T15:12:30+05:30");
    assert_eq!(again.statuses(MONDAY), vec![IntentStatus::Accepted; 4]);
}

#[test]
fn behind_its_mark_a_person_can_say_go_and_the_mark_follows() {
    let mut day = noon();
    day.store.push(Record::Clock(ClockEvent::Mark { at: at("2027-01-01T00:00:00+05:30") }));
    let mut again = Day::restarted(day.store.clone(), vec![], at("2026-11-23T15:00:00+05:30"));
    again.read(1, vec![]);
    again.start();
    assert_eq!(again.model.hold_reason(), Some(HoldReason::ClockBehind));
    again.release();
    assert_eq!(again.model.hold_reason(), None);
    // And it holds after one more restart.
    let mut third = Day::restarted(again.store.clone(), vec![], at("2026-11-23T15:00:10+05:30"));
    third.read(1, vec![]);
    third.start();
    third.pass("2026-11-23T15:11:00+05:30");
    assert_eq!(third.statuses(MONDAY), vec![IntentStatus::Accepted; 4]);
}

#[test]
fn a_clock_set_while_orders_leave_stops_them() {
    let mut day = noon();
    day.fates.insert((AccountId(1), 0), Fate::Hang);
    day.fates.insert((AccountId(2), 0), Fate::Hang);
    day.now = at("2026-11-23T15:09:50+05:30");
    day.read(1_000 + 11_390, vec![]);
    day.pass("2026-11-23T15:10:00+05:30");
    assert_eq!(day.sends.len(), 2);
    day.set_to("2026-11-23T15:08:00+05:30", 12_401);
    let outcome = |account| {
        let run: RunId = MONDAY.to_owned().try_into().unwrap();
        let leg = muster_protocol::ids::LegNo(0);
        let intent = IntentId { run, account: AccountId(account), leg };
        Msg::Outcome { intent, outcome: Ok(OrderId((account - 1).to_string())) }
    };
    day.take(vec![outcome(1), outcome(2)], usize::MAX);
    day.pass("2026-11-23T15:08:30+05:30");
    assert_eq!(day.sends.len(), 2, "held");
    day.release();
    day.pass("2026-11-23T15:09:59.999+05:30");
    assert_eq!(day.sends.len(), 2, "a person says it is 15:08: what is left waits for its time");
    day.pass("2026-11-23T15:10:00+05:30");
    assert_eq!(day.statuses(MONDAY), vec![IntentStatus::Accepted; 4]);
    day.assert_at_most_once();
}

/// For two seconds at noon the clock showed the day after tomorrow: the afternoon's run was MISSED, and
/// every session over.
#[test]
fn a_clock_that_is_ahead_for_a_moment_misses_no_run_and_ends_no_session() {
    let mut day = noon();
    day.set_to("2026-11-25T16:00:00+05:30", 1_001);
    assert_eq!(day.model.hold_reason(), Some(HoldReason::ClockSet));
    let live = |day: &Day| day.model.accounts.values().all(|a| a.session.ends().is_some());
    assert!(day.model.runs.is_empty() && live(&day), "{:?}", day.model.runs.keys());
    day.set_to("2026-11-23T12:00:03+05:30", 1_003);
    day.read(1_004, vec![measured(100, 1_004)]);
    assert_eq!(day.model.hold_reason(), None);
    day.pass("2026-11-23T15:11:00+05:30");
    assert_eq!(day.statuses(MONDAY), vec![IntentStatus::Accepted; 4]);
    day.assert_at_most_once();
}

/// The same in the middle of a run: what is left is neither sent by that clock nor MISSED by it.
#[test]
fn a_clock_that_is_ahead_for_a_moment_while_orders_leave_closes_no_window() {
    let mut day = noon();
    for account in 1..=2 {
        day.fates.insert((AccountId(account), 0), Fate::Hang);
    }
    day.now = at("2026-11-23T15:09:50+05:30");
    day.read(1_000 + 11_390, vec![]);
    day.pass("2026-11-23T15:10:00+05:30");
    let answer = |account| {
        let run: RunId = MONDAY.to_owned().try_into().unwrap();
        let leg = muster_protocol::ids::LegNo(0);
        let intent = IntentId { run, account: AccountId(account), leg };
        Msg::Outcome { intent, outcome: Ok(OrderId((account - 1).to_string())) }
    };
    day.set_to("2026-11-23T16:30:00+05:30", 12_401);
    day.take(vec![answer(1), answer(2), Msg::Tick], usize::MAX);
    assert_eq!(day.sends.len(), 2);
    day.set_to("2026-11-23T15:10:04+05:30", 12_403);
    day.read(12_404, vec![measured(100, 12_404)]);
    day.pass("2026-11-23T15:11:00+05:30");
    assert_eq!(day.statuses(MONDAY), vec![IntentStatus::Accepted; 4]);
    day.assert_at_most_once();
}

/// The machine sleeps in the middle of a run and wakes when its window is over.
#[test]
fn a_machine_that_sleeps_over_the_window_sends_nothing_afterwards() {
    let mut day = noon();
    for account in 1..=2 {
        day.fates.insert((AccountId(account), 0), Fate::Hang);
    }
    day.now = at("2026-11-23T15:09:50+05:30");
    day.read(1_000 + 11_390, vec![]);
    day.pass("2026-11-23T15:10:00+05:30");
    day.now = at("2026-11-23T15:40:00+05:30");
    let reading = Reading {
        wall_us: day.now.millis() * 1_000,
        steady_ms: (1_000 + 13_200) * 1_000,
        awake_ms: (1_000 + 11_400) * 1_000,
        ntp: Ntp::Unknown,
        offsets: vec![],
    };
    day.take(vec![Msg::Clock(reading), Msg::Tick], usize::MAX);
    assert!(day.heard("the machine slept for 1"), "{:?}", day.said);
    assert_eq!((day.model.hold_reason(), day.sends.len()), (None, 2));
    let missed = day.statuses(MONDAY).into_iter().filter(|s| *s == IntentStatus::Missed);
    assert_eq!(missed.count(), 2);
}

/// Between a window's end and the last look at its doubts the daemon ticked a thousand times a second.
#[test]
fn after_a_window_the_daemon_waits_for_what_comes_and_does_not_spin() {
    let mut day = noon();
    day.fates.insert((AccountId(1), 0), Fate::Lose);
    day.pass("2026-11-23T15:10:20+05:30");
    day.halt(muster_protocol::halt::HaltScope::All, true);
    day.pass("2026-11-23T15:14:00+05:30");
    day.now = day.now.plus(2_000);
    day.take(vec![Msg::Tick], usize::MAX);
    let next = next_deadline(&day.model, day.now).unwrap();
    assert!(next > day.now, "{next} is not after {}", day.now);
}

#[test]
fn the_clock_is_written_down_at_least_hourly() {
    let mut day = noon();
    day.pass("2026-11-23T14:59:00+05:30");
    let marks = day.store.iter().filter_map(|record| {
        let Record::Clock(ClockEvent::Mark { at }) = record else { return None };
        Some(*at)
    });
    let marks: Vec<Timestamp> = marks.collect();
    assert!(marks.windows(2).all(|pair| pair[1].since(pair[0]) <= 3_600_000), "{marks:?}");
    assert!(day.now.since(*marks.last().unwrap()) <= 3_600_000);
}

#[test]
fn the_run_says_how_late_it_fired() {
    let mut day = noon();
    day.now = at("2026-11-23T15:09:50+05:30");
    day.read(1_000 + 11_390, vec![]);
    day.now = at("2026-11-23T15:10:00.001+05:30");
    let reading = Reading {
        wall_us: day.now.millis() * 1_000 + 230,
        steady_ms: (1_000 + 11_400) * 1_000,
        awake_ms: (1_000 + 11_400) * 1_000,
        ntp: Ntp::Unknown,
        offsets: vec![],
    };
    day.take(vec![Msg::Clock(reading), Msg::Tick], usize::MAX);
    assert!(day.heard("fired 1.2 ms after 15:10:00"), "{:?}", day.said);
    let run: RunId = MONDAY.to_owned().try_into().unwrap();
    assert_eq!(day.model.runs[&run].late_us(), Some(1_230));
}

/// An order that is on its way for seconds would look as if it had had a minute to arrive, and would be
/// sent a second time.
#[test]
fn i1_a_clock_set_forward_proves_no_absence() {
    let mut day = books::resending(1);
    day.fates.insert((AccountId(1), 1), Fate::Lose);
    day.read(1_000, vec![]);
    day.start();
    day.pass("2026-11-23T15:10:05+05:30");
    let steady_s = 1_000 + 3 * 3_600 + 605;
    day.read(steady_s, vec![]);
    day.set_to("2026-11-23T15:11:15+05:30", steady_s + 1);
    day.pass("2026-11-23T15:11:40+05:30");
    let attempts = |day: &Day| day.model.intents.values().map(|i| i.attempt.0).max();
    assert_eq!((attempts(&day), day.sends.len()), (Some(1), 2), "25 s after it was set");
    day.pass("2026-11-23T15:13:00+05:30");
    assert_eq!(attempts(&day), Some(2), "proven by time that has passed");
    assert_eq!(day.sends.len(), 2, "and held until the clock is confirmed");
}
