//! What follows once a record is durable: the model changes here and nowhere else, and what must not
//! happen before durability (a send above all) starts here.

use muster_protocol::event::{Area, Level};
use muster_protocol::ids::{AccountId, IntentId, RunId};
use muster_protocol::run::IntentStatus;

use super::super::account::AccountEvent;
use super::super::check::CheckEvent;
use super::super::clock_guard::ClockEvent;
use super::super::effect::{Changed, Effect, SendJob};
use super::super::intent::{Intent, IntentEvent};
use super::super::model::{Deciding, Reading};
use super::super::muster::Purpose;
use super::super::plan::PlanEvent;
use super::super::record::Record;
use super::super::run::RunEvent;
use super::super::session::SessionEvent;
use super::Step;

impl Step<'_> {
    pub(super) fn committed(&mut self, records: &[Record]) {
        let mut coming = records.iter().skip(1);
        for record in records {
            let more = coming.next().is_some_and(|next| is_of_same_intent(record, next));
            let fits = self.model.apply(record);
            if !more {
                self.decided(record);
            }
            match fits {
                Ok(()) => self.follow(record),
                // A fault of ours: nothing follows from it, and it is said aloud.
                Err(illegal) => {
                    self.log(self.entry(Level::Error, Area::Daemon, illegal.to_string()));
                }
            }
        }
        self.pump();
        self.pump_cancels();
        self.read_books();
        self.close_runs();
    }

    /// The decision this record carried is no longer on its way.
    fn decided(&mut self, record: &Record) {
        let deciding = match record {
            Record::Session(id, _) => Deciding::Session(*id),
            Record::Run(id, _) => Deciding::Run(id.clone()),
            Record::Intent(id, _) => Deciding::Intent(id.clone()),
            Record::Plan(id, PlanEvent::Called { .. }) => Deciding::Call(id.clone()),
            Record::Hold(_) => Deciding::Hold,
            Record::Started { .. }
            | Record::Account(..)
            | Record::Check(..)
            | Record::Plan(..)
            | Record::Vault(_)
            | Record::Clock(_)
            | Record::Calendar(_)
            | Record::Halt { .. } => return,
        };
        self.model.deciding.remove(&deciding);
    }

    fn follow(&mut self, record: &Record) {
        match record {
            Record::Started { .. } => self.publish(Changed::Status),
            Record::Account(id, event) => self.account_changed(*id, event),
            Record::Session(id, _) | Record::Check(id, _) => {
                if matches!(record, Record::Check(..)) {
                    self.model.checks.remove(id);
                }
                if matches!(record, Record::Session(_, SessionEvent::Opened { .. })) {
                    self.list_may_come(*id);
                }
                self.publish(Changed::Account(*id));
                self.publish(Changed::Status);
            }
            Record::Plan(id, event) => {
                let gone = matches!(event, PlanEvent::Removed { .. });
                let id = id.clone();
                let changed = id.clone();
                self.publish(if gone {
                    Changed::PlanRemoved(changed)
                } else {
                    Changed::Plan(changed)
                });
                self.publish(Changed::Status);
                self.plan_changed(event, &id);
            }
            Record::Run(id, event) => self.run_moved(id, event),
            Record::Intent(id, event) => self.intent_moved(id, event),
            Record::Vault(event) => self.vault_moved(*event),
            Record::Hold(_) | Record::Clock(ClockEvent::Accepted { .. }) => self.hold_moved(),
            Record::Clock(ClockEvent::Mark { .. }) => {}
            Record::Calendar(_) => self.calendar_moved(),
            Record::Halt { scope, on, cancel, .. } => {
                self.halt_changed();
                if *on && *cancel {
                    self.cancel_passed_over(scope);
                }
            }
        }
    }

    fn account_changed(&mut self, id: AccountId, event: &AccountEvent) {
        if matches!(event, AccountEvent::Removed { .. }) {
            self.model.checks.remove(&id);
            self.publish(Changed::AccountRemoved(id));
        } else {
            self.publish(Changed::Account(id));
        }
        self.publish(Changed::Status);
        if matches!(event, AccountEvent::Egress { .. })
            && self.model.accounts.get(&id).is_some_and(|a| a.may_check_unasked(self.now))
        {
            self.want_check(id, Purpose::EgressChanged);
        }
        if matches!(event, AccountEvent::Connected { .. } | AccountEvent::Replaced { .. }) {
            let saved = self.model.tickets.iter_mut().find(|(_, t)| t.saving == Some(id));
            if let Some((ticket, kept)) = saved
                && let Ok(check) = kept.check.next(CheckEvent::Saved(id))
            {
                kept.check = check;
                let ticket = *ticket;
                self.publish(Changed::Check(ticket));
            }
            self.want_instruments();
        }
    }

    fn run_moved(&mut self, id: &RunId, event: &RunEvent) {
        if matches!(event, RunEvent::Archived { .. }) {
            // What there is to see of it stays as it was.
            return;
        }
        self.publish(Changed::Run(id.clone()));
        self.publish(Changed::Plan(id.plan.clone()));
        self.publish(Changed::Status);
        match event {
            RunEvent::Frozen { fixed, .. } => {
                let touched = fixed.participants.iter().map(|part| part.account);
                let touched = touched.chain(fixed.excluded.iter().map(|out| out.account));
                for account in touched {
                    self.publish(Changed::Account(account));
                }
                let intents: Vec<IntentId> =
                    self.model.intents_of(id).map(|(id, _)| id.clone()).collect();
                for intent in intents {
                    self.publish(Changed::Intent(intent));
                }
                self.model.readings.insert(id.clone(), Reading::new(self.now));
                self.watch_all(id);
            }
            RunEvent::Closed { .. } => {
                self.model.firing.remove(id);
                self.watch_all(id);
            }
            RunEvent::Tallied { .. } => self.model.cancel_answers.retain(|of, _| of.run != *id),
            // Firing began with the decision to.
            RunEvent::Fired { .. } | RunEvent::Missed { .. } | RunEvent::Archived { .. } => {}
        }
    }

    fn intent_moved(&mut self, id: &IntentId, event: &IntentEvent) {
        self.publish(Changed::Intent(id.clone()));
        self.publish(Changed::Run(id.run.clone()));
        match event {
            IntentEvent::Sending { .. } => self.send(id),
            IntentEvent::Doubted { .. } => {
                self.model.in_flight.remove(id);
                self.watch(id.account);
            }
            IntentEvent::Accepted { .. }
            | IntentEvent::Found { .. }
            | IntentEvent::SaidPlaced { .. } => {
                self.model.in_flight.remove(id);
                self.enqueue(&id.run, id.account);
                self.watch(id.account);
                self.cancel_if_halted(id);
            }
            IntentEvent::Refused { .. }
            | IntentEvent::NotSent { .. }
            | IntentEvent::SaidNotPlaced { .. }
            | IntentEvent::Rehearsed { .. } => {
                self.model.in_flight.remove(id);
                self.enqueue(&id.run, id.account);
            }
            IntentEvent::Retried { .. } => self.look_once_more(id),
            // Looked up once without being found: the account's other legs go on.
            IntentEvent::Missing { .. } => self.enqueue(&id.run, id.account),
            IntentEvent::Absent { .. } => self.absent(id),
            IntentEvent::Cancelling { .. } => self.queue_cancel(id),
            // It may have been on its way when a halt that cancels was asked for.
            IntentEvent::Followed { .. } | IntentEvent::Duplicated { .. } => {
                self.cancel_if_halted(id);
            }
            IntentEvent::Missed { .. } => {}
        }
        let settled = self.model.intents.get(id).is_some_and(|i| i.status().is_settled());
        if settled {
            self.publish(Changed::Account(id.account));
        }
    }

    /// Puts the account back into the run's queue if it has a leg left to send.
    pub(super) fn enqueue(&mut self, run: &RunId, account: AccountId) {
        let left = |(_, intent): (_, &Intent)| intent.status() == IntentStatus::Planned;
        // A leg that is on its way puts the account back itself: one after the other, also while an
        // earlier one is in doubt and looked up again.
        let busy = self.model.in_flight.is_busy(run, account);
        let read = self.model.readings.get(run).is_some_and(|kept| kept.read.contains(&account));
        if busy || !read || !self.model.legs_of(run, account).any(left) {
            return;
        }
        let spacing = self.model.spacing.get(&account).copied().unwrap_or_default();
        let due = spacing.next_start(self.now);
        let broker = self.model.runs.get(run).and_then(|run| Some(run.part(account)?.broker));
        if let (Some(broker), Some(firing)) = (broker, self.model.firing.get_mut(run)) {
            firing.put(broker, account, due);
        }
    }

    /// Before an order leaves a second time the book is read once more: who said that the broker does not
    /// have it may have been too early.
    fn look_once_more(&mut self, id: &IntentId) {
        if let Some(reading) = self.model.readings.get_mut(&id.run) {
            reading.anew.insert(id.account, self.now);
            reading.read.remove(&id.account);
        }
        self.watch(id.account);
    }

    /// The one place where an order leaves: its Sending record is durable and was just applied.
    fn send(&mut self, id: &IntentId) {
        if let Some(why) = self.model.called_off.get(&id.run) {
            return self.not_sent(id.clone(), why);
        }
        let job = self.send_job(id);
        match job {
            Some(job) => self.effects.push(Effect::Send(job)),
            // Cannot happen after pump's own look; if it does, nothing has left.
            None => self.not_sent(id.clone(), "the account or its instrument is gone"),
        }
    }

    fn send_job(&self, id: &IntentId) -> Option<SendJob> {
        let run = self.model.runs.get(&id.run)?;
        let leg = run.leg_of(id.account, id.leg)?;
        let route = self.model.route(id.account)?;
        Some(SendJob {
            intent: id.clone(),
            instrument: self.model.instrument(run, route.broker, &leg).ok()?.clone(),
            route,
            leg,
            tag: self.model.intents.get(id)?.tag.clone(),
            from: run.fixed.fire_at,
            until: run.fixed.window_until,
        })
    }
}

/// A book may tell several things of an order at once: what follows from them is decided after the last.
fn is_of_same_intent(record: &Record, next: &Record) -> bool {
    matches!((record, next), (Record::Intent(id, _), Record::Intent(next, _)) if id == next)
}
