//! A run that fires: what is sent next, what came back, what is in doubt, when it is over.

use muster_protocol::event::{Area, Level};
use muster_protocol::failure::FailureKind;
use muster_protocol::ids::{AccountId, Attempt, IntentId, OrderId, RunId};
use muster_protocol::order::Broker;
use muster_protocol::run::IntentStatus;
use muster_protocol::time::Timestamp;

use super::super::barred::barred;
use super::super::effect::Commit;
use super::super::intent::{Cause, IntentEvent};
use super::super::model::{Deciding, Firing, NoInstrument, Reading};
use super::super::record::Record;
use super::super::run::{Fixed, RunEvent};
use super::super::session::SessionEvent;
use super::super::vet::order_fault;
use super::freeze::resolve_until;
use super::{Step, noted};

/// Whether an intent can be sent.
enum Sendable {
    Now,
    /// Its broker's list of instruments has not come yet, or orders are halted.
    Later,
    Never(String),
}

/// How long an account that has to wait does so before it is looked at again.
const LOOK_AGAIN_MS: i64 = 500;

impl Step<'_> {
    /// What a crash left: an intent that was on its way may or may not have arrived.
    pub(super) fn recover(&mut self, commit: &mut Commit) {
        let now = self.now;
        let on_their_way =
            self.model.intents.iter().filter(|(_, i)| i.status() == IntentStatus::Sending);
        for (id, _) in on_their_way {
            let says = "the daemon stopped before the answer was recorded".to_owned();
            let cause = Cause { kind: FailureKind::InDoubt, says: Some(says), ip_seen: None };
            commit.journal.push(self.of_intent(
                id,
                Level::Warn,
                "IN DOUBT after a restart; looking it up",
            ));
            commit
                .records
                .push(Record::Intent(id.clone(), IntentEvent::Doubted { cause, at: now }));
        }
        // What the books told before is not known any more: nothing leaves before they are read again.
        let open: Vec<RunId> = self.model.open_runs.iter().cloned().collect();
        for run in open {
            self.model.readings.insert(run.clone(), Reading::new(now));
            self.watch_all(&run);
        }
        let passed_over = self.resume_cancels();
        commit.records.extend(passed_over);
        let firing: Vec<RunId> = self.model.firing_runs().map(|(id, _)| id.clone()).collect();
        self.model.firing.extend(firing.into_iter().map(|run| (run, Firing::default())));
    }

    /// Decides for every account of the run when its book is read next.
    pub(super) fn watch_all(&mut self, run: &RunId) {
        let parts = self.model.runs.get(run).map(|run| run.fixed.participants.as_slice());
        let accounts: Vec<AccountId> =
            parts.unwrap_or_default().iter().map(|part| part.account).collect();
        for account in accounts {
            self.watch(account);
        }
    }

    /// Queues who may send. Live and dry-run alike, since a dry run does everything but the send; the
    /// others follow as their order books are read.
    pub(super) fn begin_firing(&mut self, id: &RunId, fixed: &Fixed) {
        let read = self.model.readings.get(id).map(|reading| &reading.read);
        let parts = fixed.participants.iter();
        let ready = parts.filter(|part| read.is_some_and(|r| r.contains(&part.account)));
        let firing = Firing::of(ready.map(|part| (part.broker, part.account)), self.now);
        self.model.firing.insert(id.clone(), firing);
    }

    /// Sends what may be sent now: each account's legs one after the other, accounts side by side.
    pub(super) fn pump(&mut self) {
        if self.model.stopping {
            return;
        }
        let firing: Vec<RunId> = self.model.firing.keys().cloned().collect();
        let mut open = Vec::new();
        for run in firing {
            let Some(fixed) = self.model.runs.get(&run).map(|run| &run.fixed) else { continue };
            let (from, until) = (fixed.fire_at, fixed.window_until);
            // By a clock that nothing confirms no window closes, and none is open.
            let over = self.model.clock.surely(self.now) >= until;
            if over || self.model.called_off.contains_key(&run) {
                self.settle_planned(&run, |at| IntentEvent::Missed { at });
                self.model.firing.insert(run, Firing::default());
            } else if self.model.barred().is_none() && (from..until).contains(&self.now) {
                // Before its time only where the clock was set back after it: then it waits for it anew.
                open.push(run);
            }
        }
        for broker in Broker::ALL {
            let in_turn: Vec<&RunId> = self.model.in_flight.in_turn(broker, &open).collect();
            for run in in_turn {
                self.pump_broker(run, broker);
            }
        }
        for run in &open {
            if let Some(firing) = self.model.firing.get_mut(run) {
                firing.begun();
            }
        }
    }

    /// What may leave for one broker: nobody waits for another broker's answers.
    fn pump_broker(&mut self, run: &RunId, broker: Broker) {
        let mut waiting = Vec::new();
        let wave = self.model.firing.get(run).map_or(0, Firing::wave);
        for _ in 0..wave {
            if !self.model.in_flight.has_room(broker, self.now) {
                break;
            }
            let Some(firing) = self.model.firing.get_mut(run) else { return };
            let Some(account) = firing.take(broker, self.now) else { break };
            // Another run may have sent for the account a moment ago: the rate is the account's.
            let spacing = self.model.spacing.get(&account).copied().unwrap_or_default();
            let free = spacing.next_start(self.now);
            if free > self.now {
                waiting.push((account, free));
                continue;
            }
            let next = self.model.legs_of(run, account).find(|(id, intent)| {
                intent.status() == IntentStatus::Planned
                    && !self.model.deciding.contains(&Deciding::Intent((*id).clone()))
            });
            let Some(id) = next.map(|(id, _)| id.clone()) else { continue };
            match self.sendable(&id) {
                Sendable::Now if self.is_dry(run) => self.rehearse(id),
                Sendable::Now => self.decide_send(id, broker),
                Sendable::Never(why) => self.not_sent(id, &why),
                Sendable::Later => waiting.push((account, self.now.plus(LOOK_AGAIN_MS))),
            }
        }
        if let Some(firing) = self.model.firing.get_mut(run) {
            for (account, due) in waiting {
                firing.put(broker, account, due);
            }
        }
    }

    fn decide_send(&mut self, id: IntentId, broker: Broker) {
        self.model.spacing.entry(id.account).or_default().started(self.now);
        self.model.in_flight.insert(id.clone(), broker, self.now);
        self.model.deciding.insert(Deciding::Intent(id.clone()));
        let attempt = self.model.intents.get(&id).map_or(Attempt(1), |intent| intent.attempt);
        self.record(Record::Intent(id, IntentEvent::Sending { attempt, at: self.now }));
    }

    fn sendable(&self, id: &IntentId) -> Sendable {
        let never = |why: &str| Sendable::Never(why.to_owned());
        let Some(run) = self.model.runs.get(&id.run) else { return never("the run is gone") };
        let Some(leg) = &run.leg_of(id.account, id.leg) else {
            return never("the frozen plan has no such leg");
        };
        let Some(account) = self.model.accounts.get(&id.account) else {
            return never("the account was removed");
        };
        if !account.active || !account.auto_execute {
            return never("the account was switched off");
        }
        if self.model.is_halted(&account.user, &id.run.plan) {
            return Sendable::Later;
        }
        if !account.session.is_live(self.now) {
            return never("no live session");
        }
        if self.has_second_sender(&id.run, id.account) {
            return never(
                "another order of this run is at the broker twice: somebody else sends for the account",
            );
        }
        match self.model.instrument(run, account.broker, leg) {
            // The list may have come after the run was frozen.
            Ok(instrument) => order_fault(leg, instrument)
                .or_else(|| barred(account.broker, leg))
                .or_else(|| self.model.calendar.freeze_fault(leg, id.run.date))
                .map_or(Sendable::Now, Sendable::Never),
            Err(NoInstrument::NotLoaded) => Sendable::Later,
            Err(NoInstrument::Unknown) => Sendable::Never(format!(
                "{}:{} is not in {}'s list of instruments",
                leg.exchange,
                leg.symbol,
                account.broker.title()
            )),
        }
    }

    pub(super) fn not_sent(&mut self, id: IntentId, why: &str) {
        self.model.deciding.insert(Deciding::Intent(id.clone()));
        let cause = Cause { kind: FailureKind::Refused, says: Some(why.to_owned()), ip_seen: None };
        let entry = self.of_intent(&id, Level::Error, format!("not sent: {why}"));
        let event = IntentEvent::NotSent { cause, at: self.now };
        self.commit(noted(Record::Intent(id, event), entry, Vec::new()));
    }

    /// Moves every intent of the run that was never sent to its end.
    pub(super) fn settle_planned(&mut self, run: &RunId, event: impl Fn(Timestamp) -> IntentEvent) {
        let planned: Vec<IntentId> = self
            .model
            .intents_of(run)
            .filter(|(id, intent)| {
                intent.status() == IntentStatus::Planned
                    && !self.model.deciding.contains(&Deciding::Intent((*id).clone()))
            })
            .map(|(id, _)| id.clone())
            .collect();
        if planned.is_empty() {
            return;
        }
        let mut commit = Commit::default();
        let event = event(self.now);
        if let IntentEvent::Missed { .. } = event {
            let off = self.model.called_off.get(run);
            let why = off.copied().unwrap_or("they were not sent before the window closed");
            let text = format!("MISSED: {} orders: {why}", planned.len());
            commit.journal.push(self.of_run(run, Level::Error, text));
        }
        for id in planned {
            self.model.deciding.insert(Deciding::Intent(id.clone()));
            commit.records.push(Record::Intent(id, event.clone()));
        }
        self.commit(commit);
    }

    /// A send came back: the answer is recorded before anything follows from it.
    pub(super) fn outcome(&mut self, id: IntentId, outcome: Result<OrderId, Cause>) {
        let at = self.now;
        self.model.in_flight.answered(&id);
        let mut commit = Commit::default();
        let (event, level, text) = match outcome {
            Ok(order_id) => {
                let text = format!("accepted as {order_id}");
                (IntentEvent::Accepted { order_id, at }, Level::Info, text)
            }
            Err(cause) => {
                let says = cause.says.clone().unwrap_or_else(|| cause.kind.words().to_owned());
                if cause.kind == FailureKind::SessionExpired {
                    commit.records.extend(self.session_over(id.account));
                    self.log_in_again(id.account);
                }
                match cause.kind {
                    FailureKind::InDoubt | FailureKind::RateLimited | FailureKind::Malformed => {
                        let text = format!("IN DOUBT: {says}; looking it up by its tag");
                        (IntentEvent::Doubted { cause, at }, Level::Error, text)
                    }
                    FailureKind::Unreachable => (
                        IntentEvent::NotSent { cause, at },
                        Level::Error,
                        format!("not sent: {says}"),
                    ),
                    FailureKind::Refused
                    | FailureKind::IpNotAllowed
                    | FailureKind::NoIpRegistered
                    | FailureKind::CredentialsRejected
                    | FailureKind::OtpRejected
                    | FailureKind::SessionExpired
                    | FailureKind::Maintenance
                    | FailureKind::NeedsConsent => (
                        IntentEvent::Refused { cause, at },
                        Level::Error,
                        format!("refused: {says}"),
                    ),
                }
            }
        };
        let entry = self.of_intent(&id, level, text);
        let mut records = std::mem::take(&mut commit.records);
        records.reserve_exact(1);
        records.push(Record::Intent(id, event));
        self.commit(Commit { records, journal: vec![entry], ..commit });
    }

    /// The record that ends a session the broker refused, unless one is on its way.
    pub(super) fn session_over(&mut self, account: AccountId) -> Option<Record> {
        let live = self.model.accounts.get(&account)?.session.is_live(self.now);
        let first = live && self.model.deciding.insert(Deciding::Session(account));
        first.then_some(Record::Session(account, SessionEvent::Ended { at: self.now }))
    }

    /// Closes the runs of which nothing more will come by itself.
    pub(super) fn close_runs(&mut self) {
        let firing = self.model.firing_runs().filter(|(id, run)| {
            let counts = self.model.counts.get(*id).copied().unwrap_or_default();
            let waiting = counts.planned > 0 || counts.sending > 0;
            let now = self.model.clock.surely(self.now);
            let doubted = counts.in_doubt > 0 && now < resolve_until(run);
            !waiting && !doubted && !self.model.deciding.contains(&Deciding::Run((*id).clone()))
        });
        let over: Vec<RunId> = firing.map(|(id, _)| id.clone()).collect();
        for id in over {
            self.model.deciding.insert(Deciding::Run(id.clone()));
            let counts = self.model.counts.get(&id).copied().unwrap_or_default();
            let words: Vec<String> = IntentStatus::ALL
                .into_iter()
                .filter(|status| counts.of(*status) > 0)
                .map(|status| format!("{} {}", counts.of(status), status.words()))
                .collect();
            let bad = counts.in_doubt > 0 || counts.missed > 0;
            let level = if bad { Level::Error } else { Level::Info };
            let entry = self.of_run(&id, level, format!("closed: {}", words.join(", ")));
            let closed = Record::Run(id, RunEvent::Closed { at: self.now });
            self.commit(noted(closed, entry, Vec::new()));
        }
    }

    pub(super) fn of_intent(
        &self,
        id: &IntentId,
        level: Level,
        text: impl AsRef<str>,
    ) -> muster_protocol::event::JournalEntry {
        let leg = self.model.runs.get(&id.run).and_then(|run| run.leg_of(id.account, id.leg));
        // What became of it first: a narrow screen cuts the end.
        let text = match leg {
            Some(leg) => format!("{} · {leg}", text.as_ref()),
            None => format!("{} · ", text.as_ref()),
        };
        let mut entry = self.about(id.account, level, Area::Order, text);
        entry.run = Some(id.run.clone());
        entry
    }
}
