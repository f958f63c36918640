//! The exchange calendar as clients see it, and what an operator may change in it.

use serde::{Deserialize, Serialize};

use crate::money::Quantity;
use crate::order::Exchange;
use crate::time::{TimeOfDay, Timestamp, TradingDate};

/// Who changed something in the calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amended {
    /// By the kernel's word: `uid 1000`.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why, in that person's words.
    pub reason: String,
}

/// One day that is no ordinary one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayView {
    /// The date.
    pub date: TradingDate,
    /// What it is called.
    pub name: String,
    /// A special session's hours; `None` on a holiday.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Hours>,
    /// The exchanges that are closed; empty means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed: Vec<Exchange>,
    /// The exchange's circular, if it came with this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Who added it, or took it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amended: Option<Amended>,
    /// Taken out by an operator: it does not count.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
}

/// From and until, in exchange time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// The first instant.
    pub from: TimeOfDay,
    /// The first instant after it.
    pub until: TimeOfDay,
}

/// The timetable of the exchanges from a date on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimetableView {
    /// The first date.
    pub from: TradingDate,
    /// Continuous trading of shares that do not underlie F&O.
    pub shares: Hours,
    /// When continuous trading ends of shares that underlie F&O.
    pub underlying_until: TimeOfDay,
    /// The closing auction of those, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auction: Option<Hours>,
    /// Equity derivatives.
    pub derivatives: Hours,
    /// The exchanges' circulars.
    pub source: String,
}

/// The calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarView {
    /// The first date the data covers.
    pub from: TradingDate,
    /// The last date the data covers: no run happens after it.
    pub until: TradingDate,
    /// Who said that it reaches so far, if it is not what came with this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended: Option<Amended>,
    /// Said from 30 days before the data ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// Holidays and special sessions, by date; also those an operator took out.
    pub days: Vec<DayView>,
    /// The timetables, newest first.
    pub timetables: Vec<TimetableView>,
    /// The exchanges' freeze quantities, as operators said them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub freezes: Vec<FreezeView>,
}

/// The most one order may hold, by the exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreezeView {
    /// Where.
    pub exchange: Exchange,
    /// The underlying of contracts, or a share.
    pub name: String,
    /// So many units.
    pub most: Quantity,
    /// The last date for which that was said.
    pub until: TradingDate,
    /// Who said so.
    pub amended: Amended,
}

/// What an operator changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "change", deny_unknown_fields)]
pub enum CalendarChange {
    /// All exchanges are closed on this date.
    Holiday {
        /// The date.
        date: TradingDate,
        /// What it is called.
        name: String,
    },
    /// A session on a date, with hours of its own, for every exchange.
    Session {
        /// The date.
        date: TradingDate,
        /// What it is called.
        name: String,
        /// Its hours.
        hours: Hours,
    },
    /// The holiday or special session of this date does not take place.
    Remove {
        /// The date.
        date: TradingDate,
    },
    /// The most units one order of these contracts, or of this share, may hold.
    Freeze {
        /// Where.
        exchange: Exchange,
        /// The underlying of the contracts, or the share.
        name: String,
        /// So many; nothing takes back what was said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        most: Option<Quantity>,
        /// The last date for which that is valid.
        until: TradingDate,
    },
    /// Holidays and special sessions are complete up to this date.
    Until {
        /// The last date that is covered.
        date: TradingDate,
    },
}

impl CalendarChange {
    /// What changes, in words.
    pub fn words(&self) -> String {
        match self {
            Self::Holiday { date, name } => format!("{date} is a holiday: {name}"),
            Self::Session { date, name, hours } => {
                format!("{date} has a special session {} to {}: {name}", hours.from, hours.until)
            }
            Self::Remove { date } => format!("{date} is an ordinary day"),
            Self::Freeze { exchange, name, most: Some(most), until } => {
                format!("an order of {exchange}:{name} holds {most} units at most, up to {until}")
            }
            Self::Freeze { exchange, name, most: None, .. } => {
                format!("nothing is known of the freeze quantity of {exchange}:{name}")
            }
            Self::Until { date } => format!("the calendar is complete up to {date}"),
        }
    }
}
