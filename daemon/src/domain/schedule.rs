//! When a plan fires next.

use muster_protocol::calendar::Hours;
use muster_protocol::order::Exchange;
use muster_protocol::plan::PlanSpec;
use muster_protocol::time::{DAY, TimeOfDay, Timestamp, TradingDate};

use super::calendar::{Calendar, DayKind, NoTrading};

/// One firing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fire {
    /// The trading date.
    pub date: TradingDate,
    /// The instant.
    pub at: Timestamp,
    /// The latest send: the plan's, or the last that meets the session of every leg.
    pub window_until: Timestamp,
    /// An exchange of the plan that takes no orders at that time of that date.
    pub outside: Option<Exchange>,
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
    let exchanges = exchanges(spec);
    let mut date = after.date();
    let mut why = NoTrading::Weekend;
    for _ in 0..=HORIZON_DAYS {
        let hours = match calendar.day(date, &exchanges) {
            Ok(DayKind::Ordinary) if spec.weekdays.contains(&date.weekday()) => Some(WHOLE_DAY),
            Ok(DayKind::Special(hours)) if spec.special_sessions => Some(hours),
            Ok(DayKind::Ordinary | DayKind::Special(_)) => None,
            Err(beyond @ NoTrading::BeyondData(_)) => return Err(beyond),
            Err(closed) => {
                why = closed;
                None
            }
        };
        let hold = |at: TimeOfDay| hours.is_some_and(|hours| hours.from <= at && at < hours.until);
        let times = spec.firings().filter(|(at, _)| hold(*at) && date.at(*at) > after);
        if let Some((at, until)) = times.min() {
            return Ok(fire(calendar, &exchanges, date, (at, until)));
        }
        date = date.tomorrow();
    }
    Err(why)
}

/// A firing at this very instant, whatever the plan's times: it ends with the session of every leg.
pub fn fire_now(spec: &PlanSpec, calendar: &Calendar, at: Timestamp, until: Timestamp) -> Fire {
    let exchanges = exchanges(spec);
    let (date, times) = (at.date(), (at.time_of_day(), until.time_of_day()));
    fire(calendar, &exchanges, date, times)
}

/// The exchanges of its legs, each once.
fn exchanges(spec: &PlanSpec) -> Vec<Exchange> {
    let mut all: Vec<Exchange> = spec.legs.iter().map(|leg| leg.exchange).collect();
    all.sort_unstable();
    all.dedup();
    all
}

const WHOLE_DAY: Hours = Hours { from: TimeOfDay::hm(0, 0), until: TimeOfDay::LAST };

fn fire(
    calendar: &Calendar,
    exchanges: &[Exchange],
    date: TradingDate,
    (at, until): (TimeOfDay, TimeOfDay),
) -> Fire {
    let session = |exchange: &Exchange| calendar.session(date, *exchange);
    let holds = |exchange: &Exchange| session(exchange).is_some_and(|session| session.holds(at));
    let ends = exchanges.iter().filter_map(session).map(|session| session.last_send(at));
    let outside = exchanges.iter().copied().find(|exchange| !holds(exchange));
    let until = match outside {
        // It does not happen, and is not cut to a moment before its own time.
        Some(_) => until,
        None => ends.min().map_or(until, |end| end.min(until)),
    };
    Fire { date, at: date.at(at), window_until: date.at(until), outside }
}

/// The first instant later than `after` at which one of the daily `times` falls on a day with trading,
/// special sessions among them.
pub fn next_of(times: &[TimeOfDay], calendar: &Calendar, after: Timestamp) -> Option<Timestamp> {
    let mut date = after.date();
    for _ in 0..=HORIZON_DAYS {
        if calendar.day(date, &[]).is_ok() {
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
    fn each_time_of_a_day_is_a_firing_and_its_window_ends_with_the_session() {
        let spec: PlanSpec = serde_json::from_value(serde_json::json!({
            "name": "p", "at": ["09:20", "15:10", "15:35"], "window_until": ["09:25", "15:30", "15:44"],
            "legs": [{"exchange": "NFO", "symbol": "X", "side": "BUY", "quantity": 1,
                      "product": "intraday", "price": {"rule": "market"}}]
        }))
        .unwrap();
        let mut cash = spec.clone();
        cash.legs[0].exchange = Exchange::Nse;
        let fires = |spec: &PlanSpec, date: &str| {
            let mut after: Timestamp = format!("{date}T08:00:00+05:30").parse().unwrap();
            let mut fires = Vec::new();
            while fires.len() < 3 {
                let fire = next_fire(spec, &Calendar::built_in(), after).unwrap();
                after = fire.at;
                let words = format!("{} {}", fire.at.clock(), fire.window_until.clock());
                fires.push(format!(
                    "{words}{}",
                    if fire.outside.is_some() { " outside" } else { "" }
                ));
            }
            fires.join(", ")
        };
        let rows = [
            (&spec, "2026-11-23", "09:20:00 09:25:00, 15:10:00 15:30:00, 15:35:00 15:39:00"),
            (&spec, "2026-12-07", "09:20:00 09:25:00, 15:10:00 15:30:00, 15:35:00 15:44:00"),
            // Until 6 December the auction of shares that underlie F&O begins at 15:15.
            (
                &cash,
                "2026-11-23",
                "09:20:00 09:25:00, 15:10:00 15:14:00, 15:35:00 15:44:00 outside",
            ),
            (
                &cash,
                "2026-12-07",
                "09:20:00 09:25:00, 15:10:00 15:29:00, 15:35:00 15:44:00 outside",
            ),
        ];
        for (spec, date, expected) in rows {
            assert_eq!(fires(spec, date), expected, "{date}");
        }
    }

    #[test]
    fn a_special_session_is_for_plans_that_ask_for_it() {
        let spec = |special: bool| -> PlanSpec {
            serde_json::from_value(serde_json::json!({
                "name": "p", "at": "18:30", "special_sessions": special, "legs": []
            }))
            .unwrap()
        };
        let next = |special| {
            let after = "2026-11-07T12:00:00+05:30".parse().unwrap();
            next_fire(&spec(special), &Calendar::built_in(), after)
                .map(|fire| fire.date.to_string())
        };
        assert_eq!(next(true).as_deref(), Ok("2026-11-08"));
        assert_eq!(next(false).as_deref(), Ok("2026-11-09"));
    }

    #[test]
    fn a_plan_fires_on_its_weekdays_and_on_the_budget_s_sunday_if_it_says_so() {
        let next = |weekdays: &[&str], special: bool, after: &str| {
            let spec = serde_json::from_value(serde_json::json!({
                "name": "p", "weekdays": weekdays, "special_sessions": special, "legs": []
            }));
            let fire = next_fire(&spec.unwrap(), &Calendar::built_in(), after.parse().unwrap());
            fire.map(|fire| fire.date.to_string()).unwrap_or_default()
        };
        let monday = "2026-11-23T16:00:00+05:30";
        assert_eq!(next(&["mon", "wed"], false, monday), "2026-11-25");
        assert_eq!(next(&["fri"], false, monday), "2026-11-27");
        // The 24th, a Tuesday, is a holiday.
        assert_eq!(next(&["tue"], false, monday), "2026-12-01");
        let friday = "2026-01-30T16:00:00+05:30";
        assert_eq!(next(&["mon"], true, friday), "2026-02-01");
        assert_eq!(next(&["mon"], false, friday), "2026-02-02");
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
    fn musters_fall_on_days_with_trading_only() {
        let times = [TimeOfDay::hm(8, 30), TimeOfDay::hm(15, 0)];
        let next = |after: &str| next_of(&times, &Calendar::built_in(), after.parse().unwrap());
        assert_eq!(next("2026-11-23T08:30:00+05:30"), "2026-11-23T15:00:00+05:30".parse().ok());
        assert_eq!(next("2026-11-23T15:00:00+05:30"), "2026-11-25T08:30:00+05:30".parse().ok());
        // Muhurat, on a Sunday: who is to trade in it must be logged in.
        assert_eq!(next("2026-11-07T15:00:00+05:30"), "2026-11-08T08:30:00+05:30".parse().ok());
        assert_eq!(next("2026-11-14T15:00:00+05:30"), "2026-11-16T08:30:00+05:30".parse().ok());
    }
}
