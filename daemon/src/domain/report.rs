//! The daily report: what a day came to, from the model.

use muster_protocol::ids::RunId;
use muster_protocol::run::IntentStatus;
use muster_protocol::tally::{DailyReport, RunReport};
use muster_protocol::time::{Timestamp, TradingDate};

use super::model::Model;

/// One run's part of it; of an archived one nothing, since what is here of it is not all there is to tell.
pub fn of_run(model: &Model, id: &RunId) -> Option<RunReport> {
    let run = model.runs.get(id).filter(|run| run.archived.is_none())?;
    Some(RunReport {
        id: id.clone(),
        mode: run.fixed.mode,
        state: run.state(),
        hash: run.fixed.hash.clone(),
        counts: model.counts.get(id).copied().unwrap_or_default(),
        left_out: u32::try_from(run.fixed.excluded.len()).unwrap_or(u32::MAX),
        tallied_at: run.tally().map(|tally| tally.at),
        tally: run.tally().map(|tally| tally.lines.clone()).unwrap_or_default(),
    })
}

/// The day's runs of which only the archive can tell.
pub fn archived(model: &Model, date: TradingDate) -> Vec<RunId> {
    let of_day = model.runs.iter().filter(|(id, run)| id.date == date && run.archived.is_some());
    of_day.map(|(id, _)| id.clone()).collect()
}

/// The report of a day, today if none is named; without the runs that are archived.
pub fn daily(model: &Model, now: Timestamp, date: Option<TradingDate>) -> DailyReport {
    let date = date.unwrap_or_else(|| now.date());
    let of_day = model.runs.keys().filter(|id| id.date == date);
    let runs = of_day.filter_map(|id| of_run(model, id));
    let in_doubt: u32 = model.counts.values().map(|counts| counts.of(IntentStatus::InDoubt)).sum();
    DailyReport {
        date,
        at: now,
        runs: runs.collect(),
        in_doubt,
        held: model.held,
        halts: model.halts.iter().map(muster_protocol::halt::HaltScope::words).collect(),
        audit: model.audit.clone(),
    }
}
