//! What an operator changes in the calendar, and how all of it is shown.

use muster_protocol::calendar::{Amended, CalendarChange, CalendarView, DayView, TimetableView};
use muster_protocol::time::{Timestamp, TradingDate};
use serde::{Deserialize, Serialize};

use super::{Calendar, Day, data, date};

/// A change by an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarEvent {
    /// What.
    pub change: CalendarChange,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Why a change is not taken; says what to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidChange {
    /// The past does not change.
    #[error("{0} is over")]
    Past(TradingDate),
    /// Further ahead than anybody can know.
    #[error("{0} is too far ahead: exchanges publish one year at a time")]
    Far(TradingDate),
    /// A text that says nothing, or too much.
    #[error("{0} needs 1 to {1} printable characters")]
    Text(&'static str, usize),
    /// A session that is over before it begins.
    #[error("a session ends after it begins")]
    Hours,
    /// Nothing was said of it.
    #[error("no freeze quantity of {0}:{1} was said")]
    NoFreeze(muster_protocol::order::Exchange, String),
    /// There is nothing to take out.
    #[error("{0} is neither a holiday nor a special session")]
    Ordinary(TradingDate),
}

/// As far ahead as a change may lie.
const FAR_DAYS: i64 = 500;

impl Calendar {
    /// Whether a change can be taken today.
    pub fn check(
        &self,
        change: &CalendarChange,
        reason: &str,
        today: TradingDate,
    ) -> Result<(), InvalidChange> {
        text("the reason", reason, 200)?;
        let of = match change {
            CalendarChange::Holiday { date, name } => {
                text("the name", name, 80)?;
                *date
            }
            CalendarChange::Session { date, name, hours } => {
                text("the name", name, 80)?;
                if hours.until <= hours.from {
                    return Err(InvalidChange::Hours);
                }
                *date
            }
            CalendarChange::Remove { date } => {
                if self.special_day(*date).is_none() {
                    return Err(InvalidChange::Ordinary(*date));
                }
                *date
            }
            CalendarChange::Until { date } => *date,
            CalendarChange::Freeze { exchange, name, most, until } => {
                text("the name", name, 30)?;
                let known = self.freezes.contains_key(&(*exchange, name.clone()));
                if most.is_none() && !known {
                    return Err(InvalidChange::NoFreeze(*exchange, name.clone()));
                }
                if most.is_none() { today } else { *until }
            }
        };
        if of < today {
            return Err(InvalidChange::Past(of));
        }
        if of.days_since_2020() - today.days_since_2020() > FAR_DAYS {
            return Err(InvalidChange::Far(of));
        }
        Ok(())
    }

    /// Takes a durable change in.
    pub fn amend(&mut self, event: &CalendarEvent) {
        let by = Amended { by: event.by.clone(), at: event.at, reason: event.reason.clone() };
        let (date, day) = match &event.change {
            CalendarChange::Until { date } => {
                self.until = *date;
                self.extended = Some(by);
                return;
            }
            CalendarChange::Freeze { exchange, name, most, until } => {
                self.set_freeze((*exchange, name.clone()), *most, (*until, by));
                return;
            }
            CalendarChange::Remove { date } => (*date, None),
            CalendarChange::Holiday { date, name } => (*date, Some((name, None))),
            CalendarChange::Session { date, name, hours } => (*date, Some((name, Some(*hours)))),
        };
        let day = day.map(|(name, session)| Day {
            name: name.clone(),
            session,
            closed: Vec::new(),
            source: None,
        });
        self.amended.insert(date, (day, by));
    }

    /// As clients see it.
    pub fn view(&self, today: TradingDate) -> CalendarView {
        let dates = self.shipped.keys().chain(self.amended.keys());
        let dates: std::collections::BTreeSet<TradingDate> = dates.copied().collect();
        CalendarView {
            from: self.from,
            until: self.until,
            extended: self.extended.clone(),
            warning: self.warning(today),
            days: dates.into_iter().map(|date| self.day_view(date)).collect(),
            timetables: data::TIMETABLES.iter().map(timetable_view).collect(),
            freezes: self.freeze_views(),
        }
    }

    fn day_view(&self, date: TradingDate) -> DayView {
        let amended = self.amended.get(&date);
        let effective = self.special_day(date);
        let shown = effective.or_else(|| self.shipped.get(&date));
        DayView {
            date,
            name: shown.map_or("ordinary day", |day| day.name.as_str()).to_owned(),
            session: shown.and_then(|day| day.session),
            closed: shown.map(|day| day.closed.clone()).unwrap_or_default(),
            source: shown.and_then(|day| day.source.clone()),
            amended: amended.map(|(_, by)| by.clone()),
            removed: effective.is_none(),
        }
    }
}

fn timetable_view(table: &data::Timetable) -> TimetableView {
    TimetableView {
        from: date(table.from),
        shares: data::SHARES,
        underlying_until: table.underlying_until,
        auction: table.auction,
        derivatives: table.derivatives,
        source: table.source.to_owned(),
    }
}

fn text(what: &'static str, text: &str, most: usize) -> Result<(), InvalidChange> {
    let fits = (1..=most).contains(&text.chars().count()) && !text.trim().is_empty();
    if fits && !text.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(InvalidChange::Text(what, most))
    }
}

#[cfg(test)]
mod tests {
    use muster_protocol::calendar::Hours;
    use muster_protocol::time::TimeOfDay;

    use super::super::{DayKind, NoTrading};
    use super::*;

    fn event(change: CalendarChange) -> CalendarEvent {
        let at = Timestamp::from_millis(0);
        CalendarEvent { change, by: "uid 0".to_owned(), reason: "circular".to_owned(), at }
    }

    #[test]
    fn an_operators_word_lies_over_the_shipped_data_and_says_whose_it_is() {
        let mut calendar = Calendar::built_in();
        let monday: TradingDate = "2026-11-23".parse().unwrap();
        let name = "Election".to_owned();
        calendar.amend(&event(CalendarChange::Holiday { date: monday, name }));
        assert!(matches!(calendar.trading_day(monday), Err(NoTrading::Holiday(_))));
        let tuesday = "2026-11-24".parse().unwrap();
        calendar.amend(&event(CalendarChange::Remove { date: tuesday }));
        assert_eq!(calendar.trading_day(tuesday), Ok(()));
        let hours = Hours { from: TimeOfDay::hm(10, 0), until: TimeOfDay::hm(11, 0) };
        let sunday = "2026-11-29".parse().unwrap();
        let change = CalendarChange::Session { date: sunday, name: "Drill".to_owned(), hours };
        calendar.amend(&event(change));
        assert_eq!(calendar.day(sunday, &[]), Ok(DayKind::Special(hours)));
        let view = calendar.view(monday);
        let of = |date| view.days.iter().find(|day| day.date == date).unwrap();
        assert_eq!(of(monday).amended.as_ref().unwrap().by, "uid 0");
        assert!(of(tuesday).removed && of(tuesday).name.contains("Gurpurb"));
    }

    #[test]
    fn the_next_year_is_covered_when_an_operator_says_so() {
        let mut calendar = Calendar::built_in();
        let date = "2027-01-04".parse().unwrap();
        assert!(calendar.trading_day(date).is_err());
        let until = "2027-12-31".parse().unwrap();
        calendar.amend(&event(CalendarChange::Until { date: until }));
        assert_eq!(calendar.trading_day(date), Ok(()));
        assert_eq!(calendar.view(date).warning, None);
    }

    #[test]
    fn nonsense_is_refused() {
        let calendar = Calendar::built_in();
        let today = "2026-11-23".parse().unwrap();
        let check = |change: CalendarChange, reason: &str| calendar.check(&change, reason, today);
        let holiday = |date: &str, name: &str| CalendarChange::Holiday {
            date: date.parse().unwrap(),
            name: name.to_owned(),
        };
        assert_eq!(check(holiday("2026-11-23", "Election"), "circular"), Ok(()));
        assert!(check(holiday("2026-11-20", "Election"), "circular").is_err());
        assert!(check(holiday("2029-11-20", "Election"), "circular").is_err());
        assert!(check(holiday("2026-11-25", " "), "circular").is_err());
        assert!(check(holiday("2026-11-25", "Election"), "\u{7}").is_err());
        let ordinary = CalendarChange::Remove { date: "2026-11-25".parse().unwrap() };
        assert_eq!(
            check(ordinary, "x"),
            Err(InvalidChange::Ordinary("2026-11-25".parse().unwrap()))
        );
        let hours = Hours { from: TimeOfDay::hm(11, 0), until: TimeOfDay::hm(11, 0) };
        let empty = CalendarChange::Session { date: today, name: "x".to_owned(), hours };
        assert_eq!(check(empty, "x"), Err(InvalidChange::Hours));
    }
}
