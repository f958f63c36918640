//! What a person does to plans.

use muster_protocol::event::{Area, Level};
use muster_protocol::frame::Code;
use muster_protocol::ids::{PlanId, RunId};
use muster_protocol::plan::{Finding, Mode, PlanSpec, Weight};

use super::super::effect::{Answer, Commit};
use super::super::intent::IntentEvent;
use super::super::model::Deciding;
use super::super::msg::ReplyTo;
use super::super::plan::{Plan, PlanEvent};
use super::super::record::Record;
use super::super::run::{Fixed, Stage};
use super::Step;

/// Plan numbers take two base-36 digits in a tag.
const MAX_PLANS: u16 = 36 * 36;

impl Step<'_> {
    pub(super) fn put_plan(&mut self, reply: ReplyTo, by: &str, spec: PlanSpec) {
        if let Some(why) = self.errors_of(&spec) {
            self.refuse(reply, Code::InvalidParams, why);
            return;
        }
        let id = spec.name.clone();
        let next =
            self.model.plans.values().map(Plan::no).max().map_or(0, |no| no.saturating_add(1));
        let no = self.model.plans.get(&id).map_or(next, Plan::no);
        if no >= MAX_PLANS {
            self.refuse(
                reply,
                Code::Conflict,
                "there were 1296 plans; use the name of an old one again",
            );
            return;
        }
        let text =
            format!("plan {id} put by {by}: {} legs at {}, dry-run", spec.legs.len(), spec.at);
        let event = PlanEvent::Put { no, spec, at: self.now };
        self.plan_event(reply, id.clone(), (event, text), Answer::Plan(id));
    }

    /// What is known to be wrong with a plan now.
    fn errors_of(&self, spec: &PlanSpec) -> Option<String> {
        let findings = self.model.findings(spec, self.now);
        let errors = findings.iter().filter(|finding| finding.weight == Weight::Error);
        let errors: Vec<String> = errors.map(Finding::words).collect();
        (!errors.is_empty()).then(|| errors.join("; "))
    }

    pub(super) fn arm(&mut self, reply: ReplyTo, by: &str, id: PlanId, (mode, hash): (Mode, &str)) {
        let Some(kept) = self.model.plans.get(&id).and_then(|plan| plan.kept()) else {
            self.no_plan(reply, &id);
            return;
        };
        if kept.hash != hash {
            let why = format!("plan {id} has changed since you looked; look again, then arm it");
            self.refuse(reply, Code::Conflict, why);
            return;
        }
        let spec = kept.spec.clone();
        if mode == Mode::Live
            && let Some(why) = self.errors_of(&spec)
        {
            let why = format!("plan {id} cannot be placed: {why}");
            self.refuse(reply, Code::Conflict, why);
            return;
        }
        let text = format!("plan {id} set {} by {by}", mode.words());
        let event = PlanEvent::Armed { mode, at: self.now };
        self.plan_event(reply, id.clone(), (event, text), Answer::Plan(id));
    }

    pub(super) fn remove_plan(&mut self, reply: ReplyTo, by: &str, id: PlanId) {
        if self.model.plans.get(&id).and_then(|plan| plan.kept()).is_none() {
            self.no_plan(reply, &id);
            return;
        }
        let text = format!("plan {id} removed by {by}");
        self.plan_event(reply, id, (PlanEvent::Removed { at: self.now }, text), Answer::Done);
    }

    /// What follows from a plan's change. Disarming and removing are instant: a run that is frozen does
    /// not fire, one that fires sends nothing more. A changed plan is for the next run: what is frozen
    /// stays as it was.
    pub(super) fn plan_changed(&mut self, event: &PlanEvent, id: &PlanId) {
        if matches!(event, PlanEvent::Put { .. }) {
            self.want_instruments();
        }
        if event.calls_off().is_some() {
            self.end_called_off(id);
        }
    }

    fn end_called_off(&mut self, id: &PlanId) {
        let off = self.model.called_off.iter().filter(|(run, _)| run.plan == *id);
        let off: Vec<(RunId, &str)> = off.map(|(run, why)| (run.clone(), *why)).collect();
        for (run_id, why) in off {
            let Some(run) = self.model.runs.get(&run_id) else { continue };
            match run.stage {
                Stage::Frozen => {
                    let fixed = Fixed::clone(&run.fixed);
                    if self.model.deciding.insert(Deciding::Run(run_id.clone())) {
                        self.miss(run_id, fixed, why);
                    }
                }
                Stage::Firing { .. } => {
                    let text = format!("{why}: nothing more is sent");
                    self.log(self.of_run(&run_id, Level::Warn, text));
                    self.settle_planned(&run_id, |at| IntentEvent::Missed { at });
                }
                Stage::Closed { .. } | Stage::Missed { .. } => {}
            }
        }
    }

    fn no_plan(&mut self, reply: ReplyTo, id: &PlanId) {
        self.refuse(
            reply,
            Code::NotFound,
            format!("there is no plan {id}; see `muster plan list`"),
        );
    }

    fn plan_event(
        &mut self,
        reply: ReplyTo,
        id: PlanId,
        (event, text): (PlanEvent, String),
        answer: Answer,
    ) {
        let mut commit = Commit::default();
        commit.journal.push(self.entry(Level::Info, Area::Plan, text));
        commit.records.push(Record::Plan(id, event));
        commit.ack = Some((reply, answer));
        self.commit(commit);
    }
}
