//! Fixed values of whole days: the exchange calendar and the daily report.

use muster_protocol::calendar::{
    Amended, CalendarChange, CalendarView, DayView, FreezeView, Hours, TimetableView,
};
use muster_protocol::ids::AccountId;
use muster_protocol::order::{Broker, Exchange};
use muster_protocol::plan::Mode;
use muster_protocol::run::RunState;
use muster_protocol::status::AuditHead;
use muster_protocol::tally::{DailyReport, RunReport, TallyLine, TallyVerdict};
use muster_protocol::time::TimeOfDay;

use crate::samples::{HASH, at, counts, date, run_id, user};

fn hours() -> Hours {
    Hours { from: TimeOfDay::hm(9, 15), until: TimeOfDay::hm(15, 30) }
}

pub(crate) fn calendar_changes() -> [CalendarChange; 5] {
    let name = || "Election".to_owned();
    [
        CalendarChange::Holiday { date: date(), name: name() },
        CalendarChange::Session { date: date(), name: name(), hours: hours() },
        CalendarChange::Remove { date: date() },
        CalendarChange::Until { date: date() },
        CalendarChange::Freeze {
            exchange: Exchange::Nfo,
            name: "NIFTY".to_owned(),
            most: 1_800_u32.try_into().ok(),
            until: date(),
        },
    ]
}

pub(crate) fn calendar() -> CalendarView {
    let amended =
        Amended { by: "uid 0".to_owned(), at: at("08:00:00"), reason: "NSE/CMTR/80000".to_owned() };
    let holiday = DayView {
        date: date(),
        name: "Election".to_owned(),
        session: None,
        closed: vec![Exchange::Cds],
        source: Some("NSE/CMTR/71775".to_owned()),
        amended: None,
        removed: false,
    };
    let session = DayView {
        session: Some(hours()),
        closed: Vec::new(),
        source: None,
        amended: Some(amended.clone()),
        removed: true,
        ..holiday.clone()
    };
    CalendarView {
        from: date(),
        until: date(),
        extended: Some(amended.clone()),
        warning: Some("the exchange calendar ends".to_owned()),
        days: vec![holiday, session],
        timetables: vec![TimetableView {
            from: date(),
            shares: hours(),
            underlying_until: TimeOfDay::hm(15, 15),
            auction: Some(hours()),
            derivatives: hours(),
            source: "NSE/CMTR/74466".to_owned(),
        }],
        freezes: vec![FreezeView {
            exchange: Exchange::Nfo,
            name: "NIFTY".to_owned(),
            most: 1_800_u32.try_into().unwrap(),
            until: date(),
            amended,
        }],
    }
}

pub(crate) fn report() -> DailyReport {
    let line = |verdict| TallyLine {
        account: AccountId(7),
        user: user(),
        broker: Broker::Zerodha,
        verdict,
        placed: 2,
        booked: 2,
        filled: 32,
        traded: 32,
        notes: vec!["1 order is still in doubt".to_owned()],
    };
    let run = RunReport {
        id: run_id(),
        mode: Mode::Live,
        state: RunState::Closed,
        hash: HASH.to_owned(),
        counts: counts(),
        left_out: 1,
        tallied_at: Some(at("15:45:02")),
        tally: TallyVerdict::ALL.map(line).into(),
    };
    DailyReport {
        date: run_id().date,
        at: at("16:00:00"),
        runs: vec![run],
        in_doubt: 1,
        held: None,
        halts: vec!["user asha.k".to_owned()],
        audit: AuditHead { entries: 7, hash: HASH.to_owned() },
    }
}
