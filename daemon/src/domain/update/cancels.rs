//! Cancelling what is open under a halt: asked for once an order, and only after that is durable. An
//! answer that is lost does no harm: the book shows what became of the order.

use std::collections::BTreeSet;

use muster_protocol::failure::FailureKind;
use muster_protocol::halt::HaltScope;
use muster_protocol::ids::IntentId;
use muster_protocol::time::{SECOND, Timestamp};

use super::super::effect::{Changed, Commit, Effect};
use super::super::intent::{Cause, IntentEvent, Stage};
use super::super::model::{Deciding, Model};
use super::super::record::Record;
use super::Step;
use super::books::about_cancel;

const fn may_not_have_arrived(kind: FailureKind) -> bool {
    match kind {
        FailureKind::Unreachable
        | FailureKind::InDoubt
        | FailureKind::RateLimited
        | FailureKind::Malformed
        | FailureKind::SessionExpired
        | FailureKind::Maintenance => true,
        FailureKind::Refused
        | FailureKind::IpNotAllowed
        | FailureKind::NoIpRegistered
        | FailureKind::CredentialsRejected
        | FailureKind::OtpRejected
        | FailureKind::NeedsConsent => false,
    }
}

/// How long after one that may not have arrived a cancellation is asked for again.
const CANCEL_AGAIN_MS: i64 = 5 * SECOND;
/// How often one that was refused is: Kite says "being processed. Try later." of an order that is on its way
/// to the exchange, for up to a minute and a half (reported).
const REFUSALS: u32 = 24;

/// Whether an order is at the broker, may still fill, and its cancellation was not asked for.
fn can_be_cancelled(model: &Model, id: &IntentId) -> bool {
    let intent = model.intents.get(id);
    intent.is_some_and(|intent| match &intent.stage {
        Stage::Accepted { order, .. } => intent.status().is_working() && order.cancelling.is_none(),
        Stage::Planned
        | Stage::Sending(_)
        | Stage::Refused { .. }
        | Stage::NotSent { .. }
        | Stage::InDoubt { .. }
        | Stage::Missed
        | Stage::Rehearsed => false,
    })
}

impl Step<'_> {
    /// The records that ask for the cancellation of everything open under a halt that a person asks for: also
    /// of what was asked for before, was answered, and is open all the same.
    pub(super) fn cancel_all(&mut self, scope: &HaltScope, by: &str) -> Vec<Record> {
        let waiting = self.model.cancelling.iter().map(|(_, id)| id.clone());
        let waiting: BTreeSet<IntentId> = waiting.collect();
        self.cancel_where(scope, by, |model, id| {
            let open = model.intents.get(id).is_some_and(|intent| intent.status().is_working());
            let answered = model.cancel_answers.contains_key(id) && !waiting.contains(id);
            can_be_cancelled(model, id) || open && answered
        })
    }

    fn cancel_where(
        &mut self,
        scope: &HaltScope,
        by: &str,
        can_be: impl Fn(&Model, &IntentId) -> bool,
    ) -> Vec<Record> {
        let today = self.now.date();
        let open = self.model.runs_open().filter(|(id, _)| id.date == today);
        let mut wanted: Vec<IntentId> = Vec::new();
        for (id, run) in open {
            for part in &run.fixed.participants {
                if scope.holds(&part.user, &id.plan) {
                    let legs = self.model.legs_of(id, part.account).map(|(id, _)| id.clone());
                    wanted.extend(legs.filter(|id| can_be(self.model, id)));
                }
            }
        }
        let mut records = Vec::new();
        for id in wanted {
            if self.model.deciding.insert(Deciding::Intent(id.clone())) {
                let event = IntentEvent::Cancelling { by: by.to_owned(), at: self.now };
                records.push(Record::Intent(id, event));
            }
        }
        records
    }

    /// The halt is durable: orders that were passed over when it was asked for, since something was just
    /// being recorded of them, and of which that is done by now.
    pub(super) fn cancel_passed_over(&mut self, scope: &HaltScope) {
        let records = self.cancel_where(scope, "the halt", can_be_cancelled);
        if !records.is_empty() {
            self.commit(Commit { records, ..Commit::default() });
        }
    }

    fn is_cancelled_by_halt(&self, id: &IntentId) -> bool {
        let part = self.model.runs.get(&id.run).and_then(|run| run.part(id.account));
        let mut scopes = self.model.cancels.iter();
        part.is_some_and(|part| scopes.any(|scope| scope.holds(&part.user, &id.run.plan)))
    }

    /// An order that came to be at the broker under a halt that cancels.
    pub(super) fn cancel_if_halted(&mut self, id: &IntentId) {
        if self.is_cancelled_by_halt(id)
            && can_be_cancelled(self.model, id)
            && self.model.deciding.insert(Deciding::Intent(id.clone()))
        {
            let event = IntentEvent::Cancelling { by: "the halt".to_owned(), at: self.now };
            self.record(Record::Intent(id.clone(), event));
        }
    }

    /// That it is asked for is durable: it waits for its account's turn.
    pub(super) fn queue_cancel(&mut self, id: &IntentId) {
        if let Some((_, refusals)) = self.model.cancel_answers.get_mut(id) {
            *refusals = 0;
        }
        let spacing = self.model.spacing.get(&id.account).copied().unwrap_or_default();
        self.model.cancelling.insert((spacing.next_start(self.now), id.clone()));
    }

    /// Asks for the cancellations that are due.
    pub(super) fn pump_cancels(&mut self) {
        if self.model.stopping || self.model.vault == muster_protocol::status::VaultState::Sealed {
            return;
        }
        while let Some((due, id)) = self.model.cancelling.first().cloned() {
            if due > self.now {
                return;
            }
            self.model.cancelling.remove(&(due, id.clone()));
            let spacing = self.model.spacing.entry(id.account).or_default();
            let turn = spacing.next_start(self.now);
            if turn > self.now {
                self.model.cancelling.insert((turn, id));
                continue;
            }
            spacing.started(self.now);
            let intent = self.model.intents.get(&id).filter(|intent| intent.status().is_working());
            let order_id = match intent.map(|intent| &intent.stage) {
                Some(Stage::Accepted { order_id, .. }) => order_id.clone(),
                Some(_) | None => continue,
            };
            if let Some(route) = self.model.route(id.account) {
                self.effects.push(Effect::Cancel { intent: id, route, order_id });
            }
        }
    }

    /// A cancellation was answered; the book tells what became of the order. One that may not have arrived
    /// is asked for again while its halt holds and the order is open: twice does no harm. So is one that was
    /// refused, some times: the broker may have been busy with the order.
    pub(super) fn cancelled(&mut self, id: &IntentId, outcome: &Result<(), Cause>) {
        let entry = about_cancel(self, id, outcome);
        self.log(entry);
        let failed = outcome.as_ref().err().map(|cause| cause.kind);
        let lost = failed.is_some_and(may_not_have_arrived);
        let refused = failed == Some(FailureKind::Refused);
        let (at, refusals) = self.model.cancel_answers.entry(id.clone()).or_insert((self.now, 0));
        *at = self.now;
        *refusals = refusals.saturating_add(u32::from(refused));
        let busy = refused && *refusals <= REFUSALS;
        if (lost || busy) && self.is_cancelled_by_halt(id) {
            self.model.cancelling.insert((self.now.plus(CANCEL_AGAIN_MS), id.clone()));
        }
        self.publish(Changed::Intent(id.clone()));
        self.watch(id.account);
    }

    /// After a restart: what was to be cancelled and is still open is asked for again, and what a halt had
    /// passed over is not passed over a second time.
    pub(super) fn resume_cancels(&mut self) -> Vec<Record> {
        let scopes: Vec<HaltScope> = self.model.cancels.iter().cloned().collect();
        let passed = |scope| self.cancel_where(scope, "the halt", can_be_cancelled);
        let passed_over = scopes.iter().flat_map(passed).collect();
        let open: Vec<(Timestamp, IntentId)> = self
            .model
            .runs_open()
            .flat_map(|(id, _)| self.model.intents_of(id))
            .filter(|(_, intent)| match &intent.stage {
                Stage::Accepted { order, .. } => {
                    order.cancelling.is_some() && intent.status().is_working()
                }
                Stage::Planned
                | Stage::Sending(_)
                | Stage::Refused { .. }
                | Stage::NotSent { .. }
                | Stage::InDoubt { .. }
                | Stage::Missed
                | Stage::Rehearsed => false,
            })
            .map(|(id, _)| (self.now, id.clone()))
            .collect();
        self.model.cancelling.extend(open);
        passed_over
    }
}
