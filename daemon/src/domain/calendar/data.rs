//! What ships with this version, with its sources: holidays, special sessions, timetables.

use muster_protocol::calendar::Hours;
use muster_protocol::order::Exchange;
use muster_protocol::time::TimeOfDay;

/// The first and the last date the holiday data covers.
pub(super) const FROM: &str = "2026-01-01";
pub(super) const UNTIL: &str = "2026-12-31";

/// A weekday on which exchanges are closed; no exchanges means all.
pub(super) struct Closed {
    pub(super) date: &'static str,
    pub(super) name: &'static str,
    pub(super) exchanges: &'static [Exchange],
    pub(super) source: &'static str,
}

/// NSE equity and equity derivatives; the dates of BSE are the same (notice 20251212-8).
const YEAR: &str = "NSE/CMTR/71775, NSE/FAOP/71777 of 12 Dec 2025";
const ADDED: &str = "NSE/CMTR/72260 of 12 Jan 2026";
const CURRENCY: &str = "NSE currency derivatives, holidays of 2026";

const fn all(date: &'static str, name: &'static str) -> Closed {
    Closed { date, name, exchanges: &[], source: YEAR }
}

const fn currency(date: &'static str, name: &'static str) -> Closed {
    Closed { date, name, exchanges: &[Exchange::Cds], source: CURRENCY }
}

pub(super) const CLOSED: [Closed; 20] = [
    Closed {
        date: "2026-01-15",
        name: "Municipal Corporation Election, Maharashtra",
        exchanges: &[],
        source: ADDED,
    },
    all("2026-01-26", "Republic Day"),
    all("2026-03-03", "Holi"),
    all("2026-03-26", "Shri Ram Navami"),
    all("2026-03-31", "Shri Mahavir Jayanti"),
    all("2026-04-03", "Good Friday"),
    all("2026-04-14", "Dr Baba Saheb Ambedkar Jayanti"),
    all("2026-05-01", "Maharashtra Day"),
    all("2026-05-28", "Bakri Id"),
    all("2026-06-26", "Muharram"),
    all("2026-09-14", "Ganesh Chaturthi"),
    all("2026-10-02", "Mahatma Gandhi Jayanti"),
    all("2026-10-20", "Dussehra"),
    all("2026-11-10", "Diwali Balipratipada"),
    all("2026-11-24", "Prakash Gurpurb Sri Guru Nanak Dev"),
    all("2026-12-25", "Christmas"),
    currency("2026-02-19", "Chhatrapati Shivaji Maharaj Jayanti"),
    currency("2026-03-19", "Gudhi Padwa"),
    currency("2026-04-01", "Annual bank closing"),
    currency("2026-08-26", "Id-E-Milad"),
];

/// A session on a day that is otherwise closed.
pub(super) struct Special {
    pub(super) date: &'static str,
    pub(super) name: &'static str,
    pub(super) hours: Hours,
    pub(super) source: &'static str,
}

pub(super) const SPECIAL: [Special; 2] = [
    Special {
        date: "2026-02-01",
        name: "Union Budget, full hours",
        hours: hours((9, 15), (15, 30)),
        source: "NSE circular of 16 Jan 2026",
    },
    Special {
        date: "2026-11-08",
        name: "Muhurat",
        // NSE/FAOP/71777 left the hours open.
        hours: hours((18, 15), (19, 15)),
        source: "NSE/FAOP/71777 of 12 Dec 2025; hours provisional",
    },
];

/// A period during which the exchanges' timetable was the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timetable {
    pub(super) from: &'static str,
    /// Continuous trading of shares that underlie F&O ends.
    pub(super) underlying_until: TimeOfDay,
    /// Their closing auction.
    pub(super) auction: Option<Hours>,
    pub(super) post_close_from: TimeOfDay,
    pub(super) derivatives: Hours,
    pub(super) source: &'static str,
}

pub(super) const SHARES: Hours = hours((9, 15), (15, 30));
/// NSE currency derivatives.
pub(super) const CURRENCY_HOURS: Hours = hours((9, 0), (17, 0));
/// MCX, the earlier of its two ends: 23:55 in the American winter.
pub(super) const COMMODITY_HOURS: Hours = hours((9, 0), (23, 30));
pub(super) const PRE_OPEN_FROM: TimeOfDay = TimeOfDay::hm(9, 0);
pub(super) const DAY_END: TimeOfDay = TimeOfDay::hm(16, 0);

/// By effective date, newest first.
pub(super) const TIMETABLES: [Timetable; 3] = [
    Timetable {
        from: "2026-12-07",
        underlying_until: TimeOfDay::hm(15, 30),
        auction: Some(hours((15, 30), (15, 40))),
        post_close_from: TimeOfDay::hm(15, 50),
        derivatives: hours((9, 15), (15, 45)),
        source: "NSE/CMTR/76963, SEBI circular of 15 Oct 2026",
    },
    Timetable {
        from: "2026-08-03",
        underlying_until: TimeOfDay::hm(15, 15),
        auction: Some(hours((15, 15), (15, 35))),
        post_close_from: TimeOfDay::hm(15, 50),
        derivatives: hours((9, 15), (15, 40)),
        source: "NSE/CMTR/74466, NSE/FAOP/74467",
    },
    Timetable {
        from: FROM,
        underlying_until: TimeOfDay::hm(15, 30),
        auction: None,
        post_close_from: TimeOfDay::hm(15, 40),
        derivatives: hours((9, 15), (15, 30)),
        source: "NSE trading hours before the closing auction",
    },
];

const fn hours(from: (i64, i64), until: (i64, i64)) -> Hours {
    Hours { from: TimeOfDay::hm(from.0, from.1), until: TimeOfDay::hm(until.0, until.1) }
}
