//! `muster calendar`.

use muster_protocol::calendar::{Amended, CalendarChange, CalendarView, DayView, Hours};
use muster_protocol::money::Quantity;
use muster_protocol::order::Exchange;
use muster_protocol::request::{AmendCalendar, ShowCalendar};
use muster_protocol::time::{Timestamp, TradingDate};

use super::{CommandError, Daemon, print, print::Printer};
use crate::cli::CalendarCommand;

/// Shows the calendar, or changes it.
pub(super) async fn calendar(
    daemon: &Daemon,
    command: CalendarCommand,
    printer: Printer,
) -> Result<(), CommandError> {
    let (change, reason) = match command {
        CalendarCommand::Show => {
            let calendar = daemon.client.call(ShowCalendar {}).await?;
            return shown(&calendar, printer);
        }
        CalendarCommand::Add { date, name, from, until, reason } => {
            let hours = from.zip(until).map(|(from, until)| Hours { from, until });
            let change = match hours {
                Some(hours) => CalendarChange::Session { date, name, hours },
                None => CalendarChange::Holiday { date, name },
            };
            (change, reason)
        }
        CalendarCommand::Remove { date, reason } => (CalendarChange::Remove { date }, reason),
        CalendarCommand::Until { date, reason } => (CalendarChange::Until { date }, reason),
        CalendarCommand::Freeze { name, most, until, reason } => {
            (freeze(&name, most, until)?, reason)
        }
    };
    let words = change.words();
    let calendar = daemon.client.call(AmendCalendar { change, reason }).await?;
    if printer.is_json() {
        return print::json("calendar", &calendar);
    }
    print::line(words)
}

/// `NFO:NIFTY`, and how many units an order of it may hold.
fn freeze(
    named: &str,
    most: Option<u32>,
    until: Option<TradingDate>,
) -> Result<CalendarChange, CommandError> {
    let form = || CommandError::Usage(format!("{named:?} is no name such as NFO:NIFTY"));
    let (exchange, name) = named.split_once(':').ok_or_else(form)?;
    let exchange: Exchange =
        serde_json::from_value(exchange.to_uppercase().into()).map_err(|_| form())?;
    let most = most.map(Quantity::try_from).transpose();
    let most = most.map_err(|error| CommandError::Usage(error.to_string()))?;
    // Without a quantity the date says nothing.
    let until = until.unwrap_or_else(|| Timestamp::from_millis(0).date());
    Ok(CalendarChange::Freeze { exchange, name: name.to_uppercase(), most, until })
}

fn shown(calendar: &CalendarView, printer: Printer) -> Result<(), CommandError> {
    if printer.is_json() {
        return print::json("calendar", calendar);
    }
    let extended = calendar.extended.as_ref().map(said).unwrap_or_default();
    print::line(format!("complete from {} to {}  {extended}", calendar.from, calendar.until))?;
    if let Some(warning) = &calendar.warning {
        print::line(format!("WARNING: {warning}"))?;
    }
    let rows: Vec<_> = calendar.days.iter().map(day).collect();
    print::table(&["DATE", "WHAT", "NAME", "SOURCE"], &rows)?;
    for freeze in &calendar.freezes {
        print::line(format!(
            "{}:{}: {} units an order, up to {}  ({})",
            freeze.exchange,
            freeze.name,
            freeze.most,
            freeze.until,
            said(&freeze.amended)
        ))?;
    }
    for table in &calendar.timetables {
        let auction = table.auction.map_or_else(|| "none".to_owned(), hours);
        print::line(format!(
            "from {}: shares {}, those that underlie F&O until {}, closing auction {auction}, F&O {}  ({})",
            table.from,
            hours(table.shares),
            table.underlying_until,
            hours(table.derivatives),
            table.source
        ))?;
    }
    Ok(())
}

fn day(day: &DayView) -> Vec<String> {
    let what = match (&day.session, day.closed.as_slice()) {
        _ if day.removed => "taken out".to_owned(),
        (Some(session), _) => format!("session {}", hours(*session)),
        (None, []) => "holiday".to_owned(),
        (None, some) => {
            let some: Vec<String> = some.iter().map(ToString::to_string).collect();
            format!("closed: {}", some.join(", "))
        }
    };
    let source = day.amended.as_ref().map(said).or_else(|| day.source.clone());
    vec![day.date.to_string(), what, day.name.clone(), source.unwrap_or_default()]
}

fn said(by: &Amended) -> String {
    format!("{} on {}: {}", by.by, by.at.day_clock(), by.reason)
}

fn hours(hours: Hours) -> String {
    format!("{}-{}", hours.from, hours.until)
}
