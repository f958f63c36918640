//! Cancelling what is open under a halt: asked for once an order, and only after that is durable. An
//! answer that is lost does no harm: the book shows what became of the order.

use std::collections::BTreeSet;

use muster_protocol::event::{JournalEntry, Level};
use muster_protocol::failure::FailureKind;
use muster_protocol::halt::HaltScope;
use muster_protocol::ids::{AccountId, IntentId};
use muster_protocol::time::{SECOND, Timestamp};

use super::super::book::Book;
use super::super::effect::{Changed, Commit, Effect};
use super::super::intent::{Cause, Intent, IntentEvent};
use super::super::model::{CancelAnswer, Deciding, Model};
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
/// How often one that was refused, or taken to no effect, is: Kite says "being processed. Try later." of an order
/// that is on its way to the exchange, for up to a minute and a half (reported).
const IN_VAIN: u32 = 24;
/// How long after a cancellation was taken an order that is still open shows that the exchange did not do it.
const TAKEN_MS: i64 = 30 * SECOND;

/// Whether the cancellation of an order that is at the broker and may still fill was asked for.
fn is_asked_for(intent: &Intent) -> Option<bool> {
    let (_, order) = intent.stage.at_broker().filter(|_| intent.status().is_working())?;
    Some(order.cancelling.is_some())
}

/// Whether an order is at the broker, may still fill, and its cancellation was not asked for.
fn can_be_cancelled(model: &Model, id: &IntentId) -> bool {
    let intent = model.intents.get(id);
    intent.is_some_and(|intent| is_asked_for(intent) == Some(false))
}

/// The orders whose cancellation was asked for, and that are still open.
fn asked_for(model: &Model) -> impl Iterator<Item = &IntentId> {
    let intents = model.runs_open().flat_map(|(id, _)| model.intents_of(id));
    let open = intents.filter(|(_, intent)| is_asked_for(intent) == Some(true));
    open.map(|(id, _)| id)
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

    fn is_under(&self, scope: &HaltScope, id: &IntentId) -> bool {
        let part = self.model.runs.get(&id.run).and_then(|run| run.part(id.account));
        part.is_some_and(|part| scope.holds(&part.user, &id.run.plan))
    }

    fn is_cancelled_by_halt(&self, id: &IntentId) -> bool {
        self.model.cancels.iter().any(|scope| self.is_under(scope, id))
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
        if let Some(answer) = self.model.cancel_answers.get_mut(id) {
            answer.in_vain = 0;
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
            let at_broker = intent.and_then(|intent| intent.stage.at_broker());
            let Some((order_id, _)) = at_broker else { continue };
            let order_id = order_id.clone();
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
        let before = self.model.cancel_answers.get(id).map_or(0, |answer| answer.in_vain);
        let in_vain = before.saturating_add(u32::from(refused));
        let answer = CancelAnswer { at: self.now, taken: outcome.is_ok(), in_vain };
        self.model.cancel_answers.insert(id.clone(), answer);
        let busy = refused && in_vain <= IN_VAIN;
        if (lost || busy) && self.is_cancelled_by_halt(id) {
            self.model.cancelling.insert((self.now.plus(CANCEL_AGAIN_MS), id.clone()));
        }
        self.publish(Changed::Intent(id.clone()));
        self.watch(id.account);
    }

    /// The account's book was read: an order whose cancellation was taken a while before and that is open all the
    /// same is asked for again, while its halt holds. The exchange may refuse what the broker has taken.
    pub(super) fn cancel_what_stayed(
        &mut self,
        account: AccountId,
        started: Timestamp,
        book: &Book<'_>,
    ) -> Vec<JournalEntry> {
        let stayed = |id: &IntentId| {
            self.model.cancel_answers.get(id).is_some_and(|answer| {
                answer.taken && answer.in_vain < IN_VAIN && started.since(answer.at) >= TAKEN_MS
            })
        };
        let open = self.model.runs_open();
        let legs = open.flat_map(|(run, _)| self.model.legs_of(run, account));
        let open = |intent: &Intent| {
            let row = intent.stage.at_broker().and_then(|(order_id, _)| book.order(order_id));
            row.is_some_and(|row| !row.state.is_final())
        };
        let stayed = legs.filter(|(id, intent)| open(intent) && stayed(id));
        let stayed: Vec<IntentId> = stayed.map(|(id, _)| id.clone()).collect();
        let mut said = Vec::new();
        for id in stayed {
            if !self.is_cancelled_by_halt(&id) {
                continue;
            }
            if let Some(answer) = self.model.cancel_answers.get_mut(&id) {
                (answer.taken, answer.in_vain) = (false, answer.in_vain.saturating_add(1));
            }
            self.model.cancelling.insert((self.now, id.clone()));
            let text = "its cancellation was taken, and it is still open; asked for again";
            said.push(self.of_intent(&id, Level::Error, text));
        }
        said
    }

    /// After a restart: what was to be cancelled and is still open is asked for again, and what a halt had
    /// passed over is not passed over a second time.
    pub(super) fn resume_cancels(&mut self) -> Vec<Record> {
        let now = self.now;
        let scopes: Vec<HaltScope> = self.model.cancels.iter().cloned().collect();
        let passed = |scope| self.cancel_where(scope, "the halt", can_be_cancelled);
        let passed_over = scopes.iter().flat_map(passed).collect();
        let open: Vec<(Timestamp, IntentId)> =
            asked_for(self.model).map(|id| (now, id.clone())).collect();
        self.model.cancelling.extend(open);
        passed_over
    }
}
