//! What is done in quiet hours alone.

use super::super::clock_guard::Reading;
use super::super::effect::Effect;
use super::*;

/// A minute at a time; the clock times at which old journal entries were packed.
fn packed(day: &mut Day, until: &str) -> Vec<String> {
    let mut packed = Vec::new();
    while day.now < at(until) {
        day.now = day.now.plus(30_000);
        let effects = update(&mut day.model, day.now, Msg::Tick);
        if effects.contains(&Effect::PackJournal) {
            packed.push(day.now.clock());
        }
        for effect in effects {
            let follows = day.perform(effect);
            day.take(follows, usize::MAX);
        }
    }
    packed
}

#[test]
fn the_journal_is_packed_once_a_minute_and_not_near_a_run() {
    let mut day = Day::new(2, Mode::Live, "2026-11-23T15:05:00+05:30");
    day.fates.insert((AccountId(1), 1), Fate::Lose);
    day.start();
    let before = packed(&mut day, "2026-11-23T15:09:30+05:30");
    assert_eq!(before, ["15:06:00", "15:07:00"], "two minutes before the run it ends");
    // An order in doubt keeps the run open until it is closed with the doubt counted.
    assert_eq!(packed(&mut day, "2026-11-23T15:18:30+05:30"), Vec::<String>::new());
    let after = packed(&mut day, "2026-11-23T15:22:00+05:30");
    assert_eq!(after, ["15:19:30", "15:20:30", "15:21:30"]);
}

#[test]
fn a_clock_that_was_set_back_does_not_keep_the_journal_from_being_packed() {
    let mut day = Day::new(1, Mode::Live, "2026-11-23T18:00:00+05:30");
    let read = |day: &mut Day, steady_ms| {
        let wall_us = day.now.millis() * 1_000;
        let (awake_ms, ntp) = (steady_ms, muster_protocol::status::Ntp::Unknown);
        let reading = Reading { wall_us, steady_ms, awake_ms, ntp, offsets: vec![] };
        day.take(vec![Msg::Clock(reading)], usize::MAX);
    };
    read(&mut day, 0);
    day.start();
    assert_eq!(packed(&mut day, "2026-11-23T18:02:00+05:30").len(), 2);
    day.now = at("2026-11-23T16:00:00+05:30");
    read(&mut day, 121_000);
    assert_eq!(packed(&mut day, "2026-11-23T16:02:00+05:30").len(), 2);
}
