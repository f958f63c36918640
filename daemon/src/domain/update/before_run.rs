//! Ten minutes before each run its accounts are checked, sessions and funds: the muster's times are those of
//! the usual run, and a plan may fire at any other.

use muster_protocol::event::Level;
use muster_protocol::ids::{AccountId, PlanId};
use muster_protocol::status::VaultState;
use muster_protocol::time::{MINUTE, Timestamp};

use super::super::model::Model;
use super::super::muster::Purpose;
use super::super::schedule::Fire;
use super::Step;
use super::freeze::due_fire;

/// How long before a run its accounts are checked.
const BEFORE_MS: i64 = 10 * MINUTE;

/// Later than so long before it no longer: thousands of logins would meet the run itself.
const LATEST_MS: i64 = 5 * MINUTE;

/// When the accounts of a firing are to be checked; `None` once they were, or everybody was.
pub(super) fn call_at(model: &Model, plan: &PlanId, fire: &Fire) -> Option<Timestamp> {
    let at = fire.at.plus(-BEFORE_MS);
    let everybody = model.called.is_some_and(|called| called >= at);
    let they = model.called_for.get(plan) == Some(&fire.at);
    (!everybody && !they).then_some(at)
}

impl Step<'_> {
    /// Checks the accounts of the runs that are near.
    pub(super) fn call_before_runs(&mut self) {
        let plans = self.model.plans.iter();
        let near = plans.filter_map(|(id, plan)| {
            let fire = due_fire(self.model, id, plan.kept()?)?;
            let due = call_at(self.model, id, &fire).is_some_and(|at| at <= self.now);
            due.then(|| (id.clone(), fire.at))
        });
        let near: Vec<(PlanId, Timestamp)> = near.collect();
        for (plan, at) in near {
            self.model.called_for.insert(plan.clone(), at);
            if self.now < at.plus(-LATEST_MS) && self.model.vault == VaultState::Open {
                self.call_for(&plan, at);
            }
        }
    }

    fn call_for(&mut self, plan: &PlanId, at: Timestamp) {
        let spec = self.model.plans.get(plan).and_then(|plan| plan.kept()).map(|kept| &kept.spec);
        let Some(takers) = spec.map(|spec| &spec.accounts) else { return };
        let of_plan = self.model.accounts.iter().filter(|(id, account)| {
            account.auto_execute
                && account.may_check_unasked(self.now)
                && takers.names(**id, &account.labels)
        });
        let of_plan: Vec<AccountId> = of_plan.map(|(id, _)| *id).collect();
        let text = format!("{plan} fires at {}: checking {} accounts", at.clock(), of_plan.len());
        self.log(self.entry(Level::Info, super::Area::Run, text));
        for id in of_plan {
            self.want_check(id, Purpose::Muster);
        }
    }
}
