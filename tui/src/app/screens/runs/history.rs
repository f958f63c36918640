//! The runs of a plan so far, the newest first: a list from which one is opened.

use muster_protocol::ids::RunId;
use muster_protocol::run::{IntentStatus, RunState, RunView};

use crate::app::effect::{Ask, Effect};
use crate::app::keymap::Cmd;
use crate::app::model::Model;

/// The runs of the chosen plan, the newest first.
pub(crate) fn runs(model: &Model) -> Vec<&RunView> {
    let Some(plan) = &model.runs.plan else { return Vec::new() };
    model.world.runs.values().filter(|run| run.id.plan == *plan).rev().collect()
}

/// How long a run took, from its first order to its end, in milliseconds.
pub(crate) fn took(run: &RunView) -> Option<u64> {
    let (fired, closed) = run.fired_at.zip(run.closed_at)?;
    u64::try_from(closed.since(fired)).ok()
}

/// How late its first order was, in milliseconds.
pub(crate) fn late(run: &RunView) -> Option<i64> {
    run.fired_at.map(|fired| fired.since(run.fire_at))
}

/// What became of a run, in words, and whether all of it went well.
pub(crate) fn outcome(run: &RunView) -> (bool, String) {
    match &run.state {
        RunState::Frozen => (true, "frozen".to_owned()),
        RunState::Firing => (true, "FIRING".to_owned()),
        RunState::Missed { .. } => (false, "MISSED".to_owned()),
        RunState::Closed => {
            let counts = IntentStatus::ALL.map(|status| (status, run.counts.of(status)));
            let there = counts.into_iter().filter(|(_, n)| *n > 0);
            let words: Vec<_> = there.map(|(s, n)| format!("{n} {}", s.words())).collect();
            let good = run.counts.accepted.saturating_add(run.counts.rehearsed);
            let all_good = good == run.counts.total();
            (all_good, if words.is_empty() { "no orders".to_owned() } else { words.join(", ") })
        }
    }
}

/// How long the brokers took for the orders of a run that are known here, sorted.
pub(crate) fn latencies(model: &Model, run: &RunId) -> Vec<u32> {
    let mut took: Vec<u32> = model.world.intents_of(run).filter_map(|i| i.took_ms).collect();
    took.sort_unstable();
    took
}

/// The value so many hundredths of the sorted values are at or below.
pub(crate) fn percentile(sorted: &[u32], percent: usize) -> Option<u32> {
    let rank = sorted.len().saturating_mul(percent).div_ceil(100).max(1);
    sorted.get(rank.saturating_sub(1)).copied()
}

/// Does a command on the list.
pub(super) fn act(model: &mut Model, cmd: Cmd) -> Vec<Effect> {
    let ids: Vec<RunId> = runs(model).iter().map(|run| run.id.clone()).collect();
    let at = model.runs.chosen.as_ref().and_then(|id| ids.iter().position(|other| other == id));
    let at = at.unwrap_or(0);
    let page = usize::from(model.size.body()).saturating_sub(3).max(1);
    let to = match cmd {
        Cmd::Up => at.saturating_sub(1),
        Cmd::Down => at.saturating_add(1),
        Cmd::PageUp => at.saturating_sub(page),
        Cmd::PageDown => at.saturating_add(page),
        Cmd::Top => 0,
        Cmd::Bottom => usize::MAX,
        Cmd::Enter => {
            let Some(run) = ids.get(at).cloned() else { return Vec::new() };
            model.runs.history = false;
            model.runs.scroll = 0;
            model.runs.shown = Some(run.clone());
            return vec![model.ask(Ask::ShowRun(run), "")];
        }
        Cmd::Back | Cmd::History => {
            model.runs.history = false;
            return Vec::new();
        }
        _ => at,
    };
    model.runs.chosen = ids.get(to.min(ids.len().saturating_sub(1))).cloned();
    Vec::new()
}

/// Keeps the choice on a run that exists.
pub(super) fn settle(model: &mut Model) {
    let ids: Vec<&RunId> = runs(model).iter().map(|run| &run.id).collect();
    let there = model.runs.chosen.as_ref().is_some_and(|id| ids.contains(&id));
    if !there {
        model.runs.chosen = ids.first().copied().cloned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_came() {
        let sorted = [10, 20, 30, 40];
        assert_eq!(
            [1, 50, 51, 99, 100].map(|p| percentile(&sorted, p)),
            [Some(10), Some(20), Some(30), Some(40), Some(40)]
        );
        assert_eq!(percentile(&[], 50), None);
        let hundred: Vec<u32> = (1..=100).collect();
        assert_eq!([50, 99].map(|p| percentile(&hundred, p)), [Some(50), Some(99)]);
    }
}
