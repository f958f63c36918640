//! The daily report: what a day came to, from the model.

use muster_protocol::run::IntentStatus;
use muster_protocol::tally::{DailyReport, RunReport};
use muster_protocol::time::{Timestamp, TradingDate};

use super::model::Model;

/// The report of a day, today if none is named.
pub fn daily(model: &Model, now: Timestamp, date: Option<TradingDate>) -> DailyReport {
    let date = date.unwrap_or_else(|| now.date());
    let of_day = model.runs.iter().filter(|(id, _)| id.date == date);
    let runs = of_day.map(|(id, run)| RunReport {
        id: id.clone(),
        mode: run.fixed.mode,
        state: run.state(),
        hash: run.fixed.hash.clone(),
        counts: model.counts.get(id).copied().unwrap_or_default(),
        left_out: u32::try_from(run.fixed.excluded.len()).unwrap_or(u32::MAX),
        tallied_at: run.tally().map(|tally| tally.at),
        tally: run.tally().map(|tally| tally.lines.clone()).unwrap_or_default(),
    });
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
