//! The clock set, stopped, put back and slept through.

use super::*;

fn at(text: &str) -> Timestamp {
    format!("2026-11-23T{text}+05:30").parse().unwrap()
}

fn reading(wall: &str, steady_s: i64) -> Reading {
    Reading {
        wall_us: at(wall).millis() * 1_000,
        steady_ms: steady_s * 1_000,
        awake_ms: steady_s * 1_000,
        ntp: Ntp::Unknown,
        offsets: Vec::new(),
    }
}

fn measured(offset_ms: i64, steady_s: i64) -> Measured {
    let offset = ClockOffset { broker: Broker::Zerodha, offset_ms, at: at("12:00:00") };
    Measured { offset, steady_ms: steady_s * 1_000 }
}

fn guard() -> ClockGuard {
    let mut guard = ClockGuard::new(NtpRule::Refuse);
    assert_eq!(guard.read(at("14:00:00"), &reading("14:00:00", 100)), []);
    guard
}

#[test]
fn time_that_passes_is_no_step() {
    let mut guard = guard();
    for second in 1..50 {
        let wall = format!("14:00:{second:02}");
        assert_eq!(guard.read(at(&wall), &reading(&wall, 100 + second)), []);
    }
    assert_eq!(guard.fault(), None);
}

#[test]
fn a_step_either_way_is_doubted_until_a_broker_measured_after_it_confirms_it() {
    for (wall, by_ms) in [("15:10:01", 4_200_000), ("13:00:01", -3_600_000)] {
        let mut guard = guard();
        let noticed = guard.read(at(wall), &reading(wall, 101));
        assert_eq!(noticed, [Noticed::Step(ClockStep { at: at(wall), by_ms })]);
        assert_eq!(guard.fault(), Some(HoldReason::ClockSet));
        // Measured before the step, or after it and wrong: no proof.
        for proof in [measured(0, 90), measured(0, 101), measured(2_500, 102)] {
            let mut after = reading(wall, 101);
            after.offsets.push(proof);
            assert_eq!(guard.read(at(wall), &after), [], "{proof:?}");
            assert_eq!(guard.fault(), Some(HoldReason::ClockSet));
        }
        let mut after = reading(wall, 101);
        after.offsets.push(measured(-1_900, 102));
        assert_eq!(guard.read(at(wall), &after), [Noticed::Confirmed]);
        assert_eq!(guard.fault(), None);
    }
}

#[test]
fn a_time_source_confirms_a_step_only_if_it_is_heard_again() {
    let mut guard = ClockGuard::new(NtpRule::Refuse);
    let heard = |wall: &str, steady, source: &str| Reading {
        ntp: Ntp::Synchronised { at: at(source) },
        ..reading(wall, steady)
    };
    guard.read(at("14:00:00"), &heard("14:00:00", 100, "13:50:00"));
    guard.read(at("13:00:01"), &heard("13:00:01", 101, "13:50:00"));
    assert_eq!(guard.fault(), Some(HoldReason::ClockSet));
    guard.read(at("13:55:01"), &heard("13:55:01", 3_401, "13:50:00"));
    assert_eq!(guard.fault(), Some(HoldReason::ClockSet), "an old word of the source");
    let noticed = guard.read(at("13:55:02"), &heard("13:55:02", 3_402, "13:55:02"));
    assert_eq!((noticed, guard.fault()), (vec![Noticed::Confirmed], None));
}

#[test]
fn a_small_step_is_said_and_holds_nothing() {
    let mut guard = guard();
    let noticed = guard.read(at("14:00:03"), &reading("14:00:03", 102));
    assert!(matches!(noticed[..], [Noticed::Step(ClockStep { by_ms: 1_000, .. })]));
    assert_eq!(guard.fault(), None);
}

#[test]
fn a_machine_that_slept_was_not_set() {
    let mut guard = guard();
    let woken = Reading { awake_ms: 101_000, ..reading("14:30:01", 1_901) };
    assert_eq!(guard.read(at("14:30:01"), &woken), [Noticed::Slept(1_800_000)]);
    assert_eq!(guard.fault(), None);
}

#[test]
fn a_clock_behind_its_mark_holds_until_it_caught_up_or_a_person_says_go() {
    let mut guard = ClockGuard::new(NtpRule::Refuse);
    guard.apply(ClockEvent::Mark { at: at("15:00:00") });
    guard.apply(ClockEvent::Mark { at: at("14:00:00") });
    assert_eq!(guard.high_water(), Some(at("15:00:00")), "the highest counts");
    guard.read(at("14:59:58"), &reading("14:59:58", 1));
    assert_eq!(guard.fault(), None, "within the tolerance");
    let mut behind = ClockGuard { last: None, ..guard.clone() };
    behind.read(at("14:30:00"), &reading("14:30:00", 1));
    assert_eq!(behind.fault(), Some(HoldReason::ClockBehind));
    assert_eq!(behind.mark_alone(at("14:30:00")), None, "a clock in doubt leaves no mark");
    let mut caught_up = behind.clone();
    caught_up.read(at("15:00:00"), &reading("15:00:00", 1_801));
    assert_eq!(caught_up.fault(), None);
    behind.apply(ClockEvent::Accepted { at: at("14:30:00") });
    assert_eq!((behind.fault(), behind.high_water()), (None, Some(at("14:30:00"))));
}

#[test]
fn a_lost_time_source_holds_as_configured() {
    let lost = |rule| {
        let mut guard = ClockGuard::new(rule);
        let noticed = guard
            .read(at("14:00:00"), &Reading { ntp: Ntp::Unsynchronised, ..reading("14:00:00", 1) });
        assert_eq!(noticed, [Noticed::Ntp(Ntp::Unsynchronised)]);
        guard
    };
    let mut refused = lost(NtpRule::Refuse);
    assert_eq!(refused.fault(), Some(HoldReason::ClockUnsynchronised));
    assert_eq!(lost(NtpRule::Warn).fault(), None);
    assert_eq!(lost(NtpRule::Ignore).fault(), None);
    refused.apply(ClockEvent::Accepted { at: at("14:00:00") });
    assert_eq!(refused.fault(), None);
    // Accepted is this clock, not the next life's.
    let mut again = ClockGuard { last: None, ..refused };
    again.read(at("14:00:01"), &Reading { ntp: Ntp::Unsynchronised, ..reading("14:00:01", 2) });
    assert_eq!(again.fault(), Some(HoldReason::ClockUnsynchronised));
}

#[test]
fn marks_are_made_once_a_minute_with_others_and_once_an_hour_alone() {
    let mut guard = guard();
    assert!(guard.mark_with_others(at("14:00:00")).is_some());
    assert!(guard.mark_with_others(at("14:00:59")).is_none());
    assert!(guard.mark_with_others(at("14:01:00")).is_some());
    assert!(guard.mark_alone(at("15:00:59")).is_none());
    assert_eq!(guard.next_mark(), Some(at("15:01:00")));
    assert!(guard.mark_alone(at("15:01:00")).is_some());
}

#[test]
fn lateness_is_told_to_the_microsecond_while_the_reading_is_fresh() {
    let mut guard = ClockGuard::new(NtpRule::Refuse);
    assert_eq!(guard.late_us(at("15:10:00"), at("15:10:00")), None);
    let mut fired = reading("15:10:00", 1);
    fired.wall_us += 1_234;
    guard.read(at("15:10:00.001"), &fired);
    assert_eq!(guard.late_us(at("15:10:00.001"), at("15:10:00")), Some(1_234));
    assert_eq!(guard.late_us(at("15:10:00.050"), at("15:10:00")), Some(50_000));
    assert_eq!(guard.late_us(at("15:10:00.001"), at("15:11:00")), None);
}
