//! When a plan fires next.

use muster_protocol::plan::PlanSpec;
use muster_protocol::time::{DAY, TimeOfDay, Timestamp, TradingDate};

use super::calendar::{Calendar, NoTrading};

/// One firing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fire {
    /// The trading date.
    pub date: TradingDate,
    /// The instant.
    pub at: Timestamp,
    /// The latest send.
    pub window_until: Timestamp,
}

/// How far ahead a firing is looked for: no closure of the exchanges is as long.
const HORIZON_DAYS: usize = 30;

/// The first firing later than `after`, or why none can be named.
///
/// A date the calendar does not cover ends the search: it is refused, not guessed.
pub fn next_fire(
    spec: &PlanSpec,
    calendar: &Calendar,
    after: Timestamp,
) -> Result<Fire, NoTrading> {
    let mut date = after.date();
    let mut why = NoTrading::Weekend;
    for _ in 0..=HORIZON_DAYS {
        match calendar.trading_day(date) {
            Ok(()) if spec.weekdays.contains(&date.weekday()) => {
                let at = date.at(spec.at);
                if at > after {
                    return Ok(Fire { date, at, window_until: date.at(spec.window_until) });
                }
            }
            Ok(()) => {}
            Err(beyond @ NoTrading::BeyondData(_)) => return Err(beyond),
            Err(closed) => why = closed,
        }
        date = date.tomorrow();
    }
    Err(why)
}

/// The first instant later than `after` at which one of the daily `times` falls on a trading day.
pub fn next_of(times: &[TimeOfDay], calendar: &Calendar, after: Timestamp) -> Option<Timestamp> {
    let mut date = after.date();
    for _ in 0..=HORIZON_DAYS {
        if calendar.trading_day(date).is_ok() {
            let next = times.iter().map(|time| date.at(*time)).filter(|at| *at > after).min();
            if next.is_some() {
                return next;
            }
        }
        date = date.tomorrow();
    }
    None
}

/// When the brokers' lists of instruments are new: about half past eight (documented at Zerodha).
pub const LIST_AT: TimeOfDay = TimeOfDay::hm(8, 30);

/// The last instant, `now` at the latest, at which `time` fell on a trading day.
pub fn last_of(time: TimeOfDay, calendar: &Calendar, now: Timestamp) -> Option<Timestamp> {
    let days = (0_i64..).take(HORIZON_DAYS).map(|days| now.plus(-days * DAY).date());
    let days = days.filter(|date| calendar.trading_day(*date).is_ok());
    days.map(|date| date.at(time)).find(|at| *at <= now)
}

/// The next instant at which exchange time shows `time`; used for the brokers' daily flushes.
pub fn next_time_of_day(time: TimeOfDay, after: Timestamp) -> Timestamp {
    let today = after.date().at(time);
    if today > after { today } else { today.plus(DAY) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fire_after(at: &str, after: &str) -> Result<String, NoTrading> {
        let spec = serde_json::from_value(serde_json::json!({
            "name": "p", "at": at, "window_until": "15:14", "legs": []
        }));
        next_fire(&spec.unwrap(), &Calendar::built_in(), after.parse().unwrap())
            .map(|fire| fire.at.to_string())
    }

    #[test]
    fn i4_never_on_a_closed_day_never_twice_on_one() {
        let rows = [
            ("2026-11-23T15:09:59.999+05:30", "2026-11-23T15:10:00.000+05:30"),
            // At the instant itself the firing is over; the 24th is a holiday.
            ("2026-11-23T15:10:00+05:30", "2026-11-25T15:10:00.000+05:30"),
            ("2026-11-20T16:00:00+05:30", "2026-11-23T15:10:00.000+05:30"),
            ("2026-11-08T10:00:00+05:30", "2026-11-09T15:10:00.000+05:30"),
        ];
        for (after, expected) in rows {
            assert_eq!(fire_after("15:10", after).as_deref(), Ok(expected), "{after}");
        }
    }

    #[test]
    fn the_end_of_the_data_is_said_not_guessed() {
        let refused = fire_after("15:10", "2026-12-31T15:10:00+05:30");
        assert!(matches!(refused, Err(NoTrading::BeyondData(_))));
    }

    #[test]
    fn a_list_is_of_the_last_trading_day_until_the_next_is_due() {
        let last = |now: &str| last_of(LIST_AT, &Calendar::built_in(), now.parse().unwrap());
        for (now, due) in [
            ("2026-11-23T08:30:00+05:30", "2026-11-23T08:30:00+05:30"),
            ("2026-11-23T08:29:59.999+05:30", "2026-11-20T08:30:00+05:30"),
            ("2026-11-22T12:00:00+05:30", "2026-11-20T08:30:00+05:30"),
            // The 24th is a holiday.
            ("2026-11-24T12:00:00+05:30", "2026-11-23T08:30:00+05:30"),
        ] {
            assert_eq!(last(now), due.parse().ok(), "{now}");
        }
    }

    #[test]
    fn musters_fall_on_trading_days_only() {
        let times = [TimeOfDay::hm(8, 30), TimeOfDay::hm(15, 0)];
        let next = |after: &str| next_of(&times, &Calendar::built_in(), after.parse().unwrap());
        assert_eq!(next("2026-11-23T08:30:00+05:30"), "2026-11-23T15:00:00+05:30".parse().ok());
        assert_eq!(next("2026-11-23T15:00:00+05:30"), "2026-11-25T08:30:00+05:30".parse().ok());
    }
}
