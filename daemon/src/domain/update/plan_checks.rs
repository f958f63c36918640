//! Checks of plans that are not kept: they wait for the brokers' lists, but not for ever.

use muster_protocol::frame::Code;
use muster_protocol::ids::{PlanId, UserId};
use muster_protocol::plan::PlanSpec;
use muster_protocol::time::SECOND;
use muster_protocol::valid::validate;

use super::super::effect::{Answer, Changed};
use super::super::model::Checking;
use super::super::msg::ReplyTo;
use super::Step;

/// How long a check waits for a list.
const WAIT_MS: i64 = 20 * SECOND;

/// The most checks that wait at once.
const MAX_WAITING: usize = 16;

impl Step<'_> {
    pub(super) fn check_plan(&mut self, reply: ReplyTo, spec: PlanSpec, only: Option<&UserId>) {
        if only.is_some() {
            self.refuse(reply, Code::Forbidden, "this is not yours");
            return;
        }
        if validate(&spec).is_err() || !self.model.lists_missing(&spec) {
            let check = self.model.plan_check(&spec, self.now);
            self.answer(reply, Answer::PlanCheck(check));
            return;
        }
        if self.model.checking.len() >= MAX_WAITING {
            self.refuse(reply, Code::Busy, "too many plans are being checked; try again later");
            return;
        }
        self.model.checking.push(Checking { reply, spec, until: self.now.plus(WAIT_MS) });
        self.want_instruments();
    }

    /// Answers the checks that have waited long enough, or need wait no longer.
    pub(super) fn answer_plan_checks(&mut self) {
        for check in std::mem::take(&mut self.model.checking) {
            if self.now < check.until && self.model.lists_missing(&check.spec) {
                self.model.checking.push(check);
            } else {
                let answer = self.model.plan_check(&check.spec, self.now);
                self.answer(check.reply, Answer::PlanCheck(answer));
            }
        }
    }

    /// A list came: what is to be said of the plans may have changed.
    pub(super) fn plans_looked_at_anew(&mut self) {
        self.answer_plan_checks();
        let kept = self.model.plans.iter().filter(|(_, plan)| plan.kept().is_some());
        let plans: Vec<PlanId> = kept.map(|(id, _)| id.clone()).collect();
        for plan in plans {
            self.publish(Changed::Plan(plan));
        }
    }
}
