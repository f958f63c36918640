//! A daemon that is killed: at every step, and for the whole of the window.

use muster_protocol::run::RunState;

use super::*;

const MONDAY: &str = "btst@2026-11-23";

#[test]
fn i1_i3_killed_after_any_effect_no_order_is_sent_twice_and_none_is_lost_silently() {
    let mut before = Day::new(2, Mode::Live, "2026-11-23T12:00:00+05:30");
    before.fates.insert((AccountId(2), 0), Fate::AcceptSilently);
    before.start();
    before.pass("2026-11-23T15:09:00+05:30");
    let (store, book) = (before.store.clone(), before.book.clone());
    for kill_after in 0..400 {
        let mut day = Day::restarted(store.clone(), book.clone(), at("2026-11-23T15:09:40+05:30"));
        day.fates = before.fates.clone();
        let mut left = kill_after;
        // Runs until it is killed after so many effects, somewhere between freeze and close.
        while at("2026-11-23T15:10:30+05:30") > day.now {
            let used_all = !day.take(vec![Msg::Tick], left);
            if used_all {
                break;
            }
            left = left.saturating_sub(4);
            day.now = day.now.plus(500);
        }
        let sent_before = day.sends.clone();
        let killed_at = day.now;
        let mut day = Day::restarted(day.store, day.book, killed_at.plus(700));
        day.start();
        day.pass("2026-11-23T16:00:00+05:30");
        day.assert_at_most_once();
        let twice = day.sends.iter().filter(|id| sent_before.contains(id)).count();
        assert_eq!(twice, 0, "killed after {kill_after}: sent again");
        assert_eq!(day.run_state(MONDAY), Some(RunState::Closed), "killed after {kill_after}");
        // I3: each of the four is in the book, or in doubt because it may have been.
        let statuses = day.statuses(MONDAY);
        assert_eq!(statuses.len(), 4);
        let accepted = statuses.iter().filter(|s| **s == IntentStatus::Accepted).count();
        let doubted = statuses.iter().filter(|s| **s == IntentStatus::InDoubt).count();
        assert_eq!(accepted + doubted, 4, "killed after {kill_after}: {statuses:?}");
        assert_eq!(accepted, day.book.len(), "killed after {kill_after}: the book has others");
    }
}

#[test]
fn a_late_start_inside_the_window_fires_and_after_it_is_missed() {
    let store = records(3, Mode::Live, at("2026-11-23T12:00:00+05:30"));
    let mut late = Day::restarted(store.clone(), vec![], at("2026-11-23T15:13:00+05:30"));
    late.start();
    late.pass("2026-11-23T15:13:30+05:30");
    assert_eq!(late.book.len(), 6);
    let mut later = Day::restarted(store, vec![], at("2026-11-23T15:14:01+05:30"));
    later.start();
    later.pass("2026-11-23T15:30:00+05:30");
    assert!(later.book.is_empty());
    assert!(matches!(later.run_state(MONDAY), Some(RunState::Missed { .. })));
}

#[test]
fn days_that_passed_without_a_daemon_are_named_as_missed() {
    let store = records(1, Mode::Live, at("2026-11-18T12:00:00+05:30"));
    let mut day = Day::restarted(store, vec![], at("2026-11-23T10:00:00+05:30"));
    day.start();
    day.pass("2026-11-23T10:00:05+05:30");
    let missed: Vec<String> = day.model.runs.keys().map(ToString::to_string).collect();
    assert_eq!(missed, ["btst@2026-11-18", "btst@2026-11-19", "btst@2026-11-20"]);
}

#[test]
fn what_was_not_sent_when_the_window_closes_is_missed_loudly() {
    let mut day = Day::new(40, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.start();
    day.pass("2026-11-23T15:09:50+05:30");
    // The machine is suspended over the window after the run was frozen.
    day.now = at("2026-11-23T15:20:00+05:30");
    day.take(vec![Msg::Tick], usize::MAX);
    assert!(day.book.is_empty());
    assert!(matches!(day.run_state(MONDAY), Some(RunState::Missed { .. })));
}
