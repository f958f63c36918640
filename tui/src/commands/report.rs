//! `muster report`.

use muster_protocol::request::QueryReport;
use muster_protocol::run::{IntentStatus, RunState};
use muster_protocol::tally::{DailyReport, RunReport, TallyCounts, TallyVerdict};

use super::{CommandError, Daemon, print, print::Printer};

/// What a day came to.
pub(super) async fn report(
    daemon: &Daemon,
    date: Option<String>,
    printer: Printer,
) -> Result<(), CommandError> {
    let date = date.map(|date| {
        let usage = |_| CommandError::Usage(format!("{date} is no date; write 2026-11-23"));
        date.parse().map_err(usage)
    });
    let report = daemon.client.call(QueryReport { date: date.transpose()? }).await?;
    if printer.is_json() {
        return print::json("report", &report);
    }
    head(&report)?;
    for run in &report.runs {
        one(run)?;
    }
    tail(&report)
}

fn head(report: &DailyReport) -> Result<(), CommandError> {
    print::line(format!("Report of {}, made at {}", report.date, report.at))?;
    if report.runs.is_empty() {
        print::line("no runs")?;
    }
    Ok(())
}

fn one(run: &RunReport) -> Result<(), CommandError> {
    let state = match &run.state {
        RunState::Frozen => "frozen".to_owned(),
        RunState::Firing => "firing".to_owned(),
        RunState::Closed => "closed".to_owned(),
        RunState::Missed { reason } => format!("MISSED: {reason}"),
    };
    print::line("")?;
    print::line(format!("{}  {}  {state}  plan {:.12}", run.id, run.mode.words(), run.hash))?;
    let some = IntentStatus::ALL.into_iter().filter(|status| run.counts.of(*status) > 0);
    let words: Vec<String> =
        some.map(|status| format!("{} {}", run.counts.of(status), status.words())).collect();
    let words = if words.is_empty() { "none".to_owned() } else { words.join(", ") };
    print::line(format!("  orders    {words}; {} accounts left out", run.left_out))?;
    let counts: TallyCounts = run.tally.iter().collect();
    match run.tallied_at {
        Some(at) => print::line(format!("  tally     {} at {at}", counts.words()))?,
        None => print::line("  tally     not yet")?,
    }
    for line in run.tally.iter().filter(|line| line.verdict != TallyVerdict::Pass) {
        let notes = line.notes.join("; ");
        let who = format!("{}/{}", line.user, line.broker);
        print::line(format!("  {:<8}  {who}: {notes}", line.verdict.words()))?;
    }
    Ok(())
}

fn tail(report: &DailyReport) -> Result<(), CommandError> {
    print::line("")?;
    if report.in_doubt > 0 {
        print::line(format!("IN DOUBT  {} orders need a person", report.in_doubt))?;
    }
    if report.held.is_some() {
        print::line("HELD      no run happens until `muster release`")?;
    }
    for halt in &report.halts {
        print::line(format!("HALTED    {halt}"))?;
    }
    let hash = if report.audit.hash.is_empty() { "none" } else { &report.audit.hash };
    print::line(format!("audit     {} entries, head {hash}", report.audit.entries))
}
