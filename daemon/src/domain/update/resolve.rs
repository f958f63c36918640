//! An order in doubt, settled by what a person found out at the broker.

use muster_protocol::event::Level;
use muster_protocol::frame::Code;
use muster_protocol::halt::Verdict;
use muster_protocol::ids::{Attempt, IntentId};
use muster_protocol::run::IntentStatus;

use super::super::effect::{Answer, Effect};
use super::super::intent::IntentEvent;
use super::super::model::Deciding;
use super::super::msg::ReplyTo;
use super::super::record::Record;
use super::super::run::Stage;
use super::super::tag::TagParts;
use super::{Step, noted};

/// The attempt is one character of the tag; nobody needs so many.
const MAX_ATTEMPTS: u8 = 5;

impl Step<'_> {
    pub(super) fn resolve(&mut self, reply: ReplyTo, by: String, id: IntentId, verdict: Verdict) {
        let at = self.now;
        let status = self.model.intents.get(&id).map(super::super::intent::Intent::status);
        match status {
            None if !self.model.is_archived(&id.run) => {
                return self.refuse(reply, Code::NotFound, format!("there is no order {id}"));
            }
            Some(IntentStatus::InDoubt) if !self.is_deciding(&id) => {}
            Some(_) | None => {
                return self.refuse(
                    reply,
                    Code::Conflict,
                    format!("order {id} is not in doubt any more"),
                );
            }
        }
        match verdict {
            Verdict::Found { order_id } if order_id.0.trim().is_empty() => {
                self.refuse(reply, Code::InvalidParams, "name the broker's number of the order");
            }
            Verdict::Found { order_id } => {
                let event = IntentEvent::SaidPlaced { order_id, by, at };
                self.settle(reply, id, event, "a person found it at the broker");
            }
            Verdict::NotPlaced => {
                let event = IntentEvent::SaidNotPlaced { by, at };
                self.settle(reply, id, event, "a person says the broker does not have it");
            }
            Verdict::SendAgain => self.send_again(reply, by, id),
        }
    }

    fn is_deciding(&self, id: &IntentId) -> bool {
        self.model.deciding.contains(&Deciding::Intent(id.clone()))
    }

    /// Another attempt needs another tag, and the run's window open.
    fn send_again(&mut self, reply: ReplyTo, by: String, id: IntentId) {
        if let Some(parts) = self.another_attempt(&id) {
            self.effects.push(Effect::MakeTag { intent: id, parts, by, reply: Some(reply) });
        } else {
            let why = "the run's window is over, its plan was disarmed, or it was sent too often: place it by hand if it is still wanted";
            self.refuse(reply, Code::Conflict, why);
        }
    }

    /// The parts of the next attempt's tag, if there may be one.
    fn another_attempt(&self, id: &IntentId) -> Option<TagParts> {
        let plan = self.model.plans.get(&id.run.plan).map(super::super::plan::Plan::no)?;
        let open = self.model.runs.get(&id.run).is_some_and(|run| {
            matches!(run.stage, Stage::Firing { .. }) && self.now < run.fixed.window_until
        });
        let open = open && !self.model.called_off.contains_key(&id.run);
        let attempt = self.model.intents.get(id).map_or(0, |intent| intent.attempt.0);
        (open && attempt < MAX_ATTEMPTS).then(|| TagParts {
            date: id.run.date,
            plan,
            firing: id.run.firing,
            account: id.account,
            leg: id.leg,
            attempt: Attempt(attempt.saturating_add(1)),
        })
    }

    /// It is proven that the broker does not have it: sent once more if the plan says so, else a
    /// person decides.
    pub(super) fn absent(&mut self, id: &IntentId) {
        let first = self.model.intents.get(id).is_some_and(|intent| intent.attempt == Attempt(1));
        let resend = self.model.runs.get(&id.run).is_some_and(super::super::run::Run::resends);
        let halted = self
            .model
            .runs
            .get(&id.run)
            .and_then(|run| run.part(id.account))
            .is_none_or(|part| self.model.is_halted(&part.user, &id.run.plan));
        let parts = self.another_attempt(id).filter(|_| first && resend && !halted);
        if let Some(parts) = parts {
            let by = "the plan: resend once".to_owned();
            self.effects.push(Effect::MakeTag { intent: id.clone(), parts, by, reply: None });
        }
    }

    pub(super) fn retry(&mut self, id: IntentId, event: IntentEvent, reply: Option<ReplyTo>) {
        let doubted = self.model.intents.get(&id).map(super::super::intent::Intent::status);
        if doubted != Some(IntentStatus::InDoubt) || self.is_deciding(&id) {
            if let Some(reply) = reply {
                let why = format!("order {id} is not in doubt any more");
                self.refuse(reply, Code::Conflict, why);
            }
            return;
        }
        let what = if reply.is_some() {
            "a person says the broker does not have it: sent once more"
        } else {
            "the broker does not have it: sent once more"
        };
        self.settle(reply, id, event, what);
    }

    fn settle(
        &mut self,
        reply: impl Into<Option<ReplyTo>>,
        id: IntentId,
        event: IntentEvent,
        what: &str,
    ) {
        self.model.deciding.insert(Deciding::Intent(id.clone()));
        let by = event.by().unwrap_or_default();
        let entry = self.of_intent(&id, Level::Warn, format!("{what} ({by})"));
        let mut commit = noted(Record::Intent(id, event), entry, Vec::new());
        commit.ack = reply.into().map(|reply| (reply, Answer::Done));
        self.commit(commit);
    }
}
