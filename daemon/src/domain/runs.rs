//! The plans' runs in the model: how a durable record changes them, which there are, and which were called
//! off.

use std::collections::BTreeMap;

use muster_protocol::ids::{IntentId, PlanId, RunId};
use muster_protocol::plan::Mode;
use muster_protocol::run::IntentStatus;
use muster_protocol::time::{Timestamp, TradingDate};

use super::illegal::Illegal;
use super::intent::Intent;
use super::model::Model;
use super::run::{Run, RunEvent};

impl Model {
    pub(super) fn apply_run(&mut self, id: &RunId, event: &RunEvent) -> Result<(), Illegal> {
        let next = Run::next(self.runs.get(id), event)?;
        let frozen = matches!(event, RunEvent::Frozen { .. });
        if frozen {
            self.plan_intents(id, &next);
        }
        if next.is_over() {
            self.open_runs.remove(id);
            self.readings.remove(id);
            self.called_off.remove(id);
        } else {
            self.open_runs.insert(id.clone());
        }
        self.runs.insert(id.clone(), next);
        if frozen {
            self.note_frozen(id);
        }
        if let RunEvent::Archived { remains, last, .. } = event {
            self.forget_orders(id, (remains.counts, last));
        }
        Ok(())
    }

    fn plan_intents(&mut self, run_id: &RunId, run: &Run) {
        let counts = self.counts.entry(run_id.clone()).or_default();
        let mut planned = BTreeMap::new();
        for part in &run.fixed.participants {
            for (leg, tag) in &part.tags {
                let id = IntentId { run: run_id.clone(), account: part.account, leg: *leg };
                planned.insert(id, Intent::planned(tag.clone()));
                counts.add(IntentStatus::Planned);
            }
            if let Some(account) = self.accounts.get_mut(&part.account) {
                (account.last_run, account.last_counts) = (Some(run_id.clone()), None);
            }
        }
        // Appending builds the whole tree anew with full nodes, half the memory of one that grew; of a long
        // history that would cost more than it saves.
        if self.intents.len() <= planned.len().saturating_mul(8) {
            self.intents.append(&mut planned);
        } else {
            self.intents.extend(planned);
        }
        for out in &run.fixed.excluded {
            if let Some(account) = self.accounts.get_mut(&out.account) {
                (account.last_run, account.last_counts) = (Some(run_id.clone()), None);
            }
        }
    }

    /// Nothing more is sent of the plan's live runs. Part of the record that disarms it, so that a crash
    /// right after it forgets nothing.
    pub(super) fn call_off(&mut self, plan: &PlanId, why: &'static str) {
        let open = self.open_runs.iter().filter(|run| run.plan == *plan);
        let live = open.filter(|run| {
            let run = self.runs.get(run);
            run.is_some_and(|run| run.fixed.mode == Mode::Live && !run.is_sent())
        });
        let live: Vec<RunId> = live.cloned().collect();
        self.called_off.extend(live.into_iter().map(|run| (run, why)));
    }

    /// A run that was frozen live while its plan was being disarmed, changed or removed.
    fn note_frozen(&mut self, id: &RunId) {
        let Some(run) = self.runs.get(id).filter(|run| run.fixed.mode == Mode::Live) else {
            return;
        };
        let plan = self.plans.get(&id.plan).and_then(|plan| plan.kept());
        let same = plan.is_some_and(|kept| kept.mode == Mode::Live && kept.hash == run.fixed.hash);
        if !same {
            self.called_off
                .insert(id.clone(), "the plan was disarmed, changed or removed as it was frozen");
        }
    }

    /// The number the plan's next firing on this date gets; those that are over keep theirs.
    pub fn next_firing(&self, plan: &PlanId, date: TradingDate) -> u8 {
        let last = self.runs_of_date(plan, date).next_back();
        last.map_or(1, |(last, _)| last.firing.saturating_add(1))
    }

    /// The plan's runs of one date, oldest first.
    pub fn runs_of_date(
        &self,
        plan: &PlanId,
        date: TradingDate,
    ) -> impl DoubleEndedIterator<Item = (&RunId, &Run)> {
        let run = |firing| RunId { plan: plan.clone(), date, firing };
        self.runs.range(run(0)..=run(u8::MAX))
    }

    /// The plan's run of the highest name.
    pub fn newest_run(&self, plan: &PlanId) -> Option<(&RunId, &Run)> {
        let end = Timestamp::from_millis(i64::MAX).date();
        let last = RunId { plan: plan.clone(), date: end, firing: u8::MAX };
        self.runs.range(..=last).next_back().filter(|(run, _)| run.plan == *plan)
    }

    /// The plan's runs of the last date on which it had any, oldest first.
    pub fn newest_runs(&self, plan: &PlanId) -> impl DoubleEndedIterator<Item = (&RunId, &Run)> {
        let last = self.newest_run(plan);
        last.map(|(last, _)| self.runs_of_date(plan, last.date)).into_iter().flatten()
    }
}
