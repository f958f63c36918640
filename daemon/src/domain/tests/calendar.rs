//! What an operator says of the calendar, and that its data ends.

use muster_protocol::calendar::{CalendarChange, Hours};
use muster_protocol::run::RunState;
use muster_protocol::time::TimeOfDay;

use super::super::msg::{Ask, Asked, ReplyTo};
use super::*;

const NOON: &str = "2026-11-23T12:00:00+05:30";

impl Day {
    fn amend(&mut self, change: CalendarChange) {
        let ask = Ask::Amend { change, reason: "circular".to_owned() };
        let asked = Asked { reply: ReplyTo(1), who: who("uid 0"), only: None, ask };
        self.take(vec![Msg::Asked(asked)], usize::MAX);
    }
}

#[test]
fn a_holiday_at_short_notice_stops_the_frozen_run_and_outlasts_a_restart() {
    let mut day = Day::new(2, Mode::Live, NOON);
    day.start();
    day.pass("2026-11-23T15:09:45+05:30");
    let date = day.now.date();
    day.amend(CalendarChange::Holiday { date, name: "Election".to_owned() });
    day.pass("2026-11-23T15:20:00+05:30");
    let Some(RunState::Missed { reason }) = day.run_state("btst@2026-11-23") else {
        panic!("{:?}", day.run_state("btst@2026-11-23"))
    };
    assert!(reason.contains("holiday: Election"), "{reason}");
    assert!(day.sends.is_empty());
    let again = Day::restarted(day.store, day.book, day.now);
    assert!(again.model.calendar.trading_day(date).is_err());
    let view = again.model.calendar.view(date);
    let election = view.days.iter().find(|day| day.date == date).unwrap();
    assert_eq!(election.amended.as_ref().unwrap().by, "uid 0");
}

#[test]
fn a_holiday_taken_out_is_a_trading_day() {
    let mut day = Day::new(1, Mode::Live, NOON);
    day.start();
    day.amend(CalendarChange::Remove { date: "2026-11-24".parse().unwrap() });
    day.pass("2026-11-24T15:20:00+05:30");
    let until = at("2026-11-24T00:00:00+05:30");
    assert!(day.model.runs.keys().any(|run| run.date == until.date()), "it was due on that day");
}

#[test]
fn a_plan_fires_in_a_special_session_only_if_it_says_so() {
    let hours = Hours { from: TimeOfDay::hm(18, 0), until: TimeOfDay::hm(19, 0) };
    for (special, runs) in [(true, 1), (false, 0)] {
        let mut day = Day::new(1, Mode::Live, "2026-11-23T19:00:00+05:30");
        let mut spec = plan();
        (spec.at, spec.special_sessions) = (TimeOfDay::hm(18, 30).into(), special);
        let put = PlanEvent::Put { no: 1, spec, at: day.now };
        day.take(vec![Msg::Committed(vec![Record::Plan("btst".parse().unwrap(), put)])], 99);
        day.start();
        let date = "2026-11-24".parse().unwrap();
        day.amend(CalendarChange::Session { date, name: "Drill".to_owned(), hours });
        day.pass("2026-11-24T18:50:00+05:30");
        assert_eq!(day.model.runs.len(), runs, "{special}");
    }
}

#[test]
fn the_end_of_the_data_is_said_once_a_day_and_nothing_runs_after_it() {
    let mut day = Day::new(1, Mode::Live, "2026-11-30T16:00:00+05:30");
    day.start();
    day.pass("2026-12-03T12:00:00+05:30");
    let said = |day: &Day| day.said.iter().filter(|text| text.contains("calendar end")).count();
    assert_eq!(said(&day), 3, "on the first, second and third of December");
    day.now = at("2027-01-04T15:00:00+05:30");
    let runs = day.model.runs.len();
    day.pass("2027-01-04T16:00:00+05:30");
    assert!(day.model.runs.keys().all(|run| run.date.year() == 2026), "{runs}");
    assert!(day.sends.is_empty());
    day.amend(CalendarChange::Until { date: "2027-12-31".parse().unwrap() });
    assert_eq!(day.model.calendar.warning(day.now.date()), None);
    // What was due meanwhile is MISSED now that it is known to have been due.
    day.pass("2027-01-04T16:00:01+05:30");
    for run in ["btst@2027-01-01", "btst@2027-01-04"] {
        assert!(matches!(day.run_state(run), Some(RunState::Missed { .. })), "{run}");
    }
    let plan = super::super::view::plan(&day.model, day.now, &"btst".parse().unwrap()).unwrap();
    assert_eq!(plan.next_fire, Some(at("2027-01-05T15:10:00+05:30")));
}

#[test]
fn nonsense_changes_nothing() {
    let mut day = Day::new(1, Mode::Live, NOON);
    day.start();
    let records = day.store.len();
    day.amend(CalendarChange::Remove { date: "2026-11-25".parse().unwrap() });
    assert_eq!(day.store.len(), records);
}

/// The exchange lowered its freeze quantity, and an operator says so after the run was frozen.
#[test]
fn an_order_above_the_freeze_quantity_is_not_sent_and_the_others_are() {
    for after_the_freeze in [true, false] {
        let mut day = Day::new(1, Mode::Live, "2026-11-23T12:00:00+05:30");
        day.start();
        if after_the_freeze {
            day.pass("2026-11-23T15:09:50+05:30");
        }
        let until = "2026-11-30".parse().unwrap();
        day.amend(CalendarChange::Freeze {
            exchange: Exchange::Nse,
            name: "SBIN".to_owned(),
            most: 15_u32.try_into().ok(),
            until,
        });
        day.pass("2026-11-23T15:11:00+05:30");
        let run: RunId = "btst@2026-11-23".to_owned().try_into().unwrap();
        let fixed = &day.model.runs[&run].fixed;
        if after_the_freeze {
            let sent = [IntentStatus::Accepted, IntentStatus::NotSent];
            assert_eq!(day.statuses("btst@2026-11-23"), sent);
            assert!(day.said.iter().any(|line| line.contains("freeze quantity of SBIN, 15")));
        } else {
            assert!(fixed.participants.is_empty() && day.sends.is_empty());
            let why = fixed.excluded[0].reasons[0].words();
            assert!(why.contains("20 units are above the freeze quantity of SBIN, 15"), "{why}");
        }
    }
}
