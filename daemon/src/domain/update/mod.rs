//! `update`: what follows from what happened. Pure and total; the runner performs the effects.

mod accounts;
mod archive;
mod asked;
mod audit;
mod before_run;
mod books;
mod calendar;
mod cancels;
mod checks;
mod clock;
mod committed;
mod deadline;
mod freeze;
mod halt;
mod hold;
mod instruments;
mod labels;
mod muster;
mod plan_checks;
mod plans;
mod purge;
mod quiet;
mod rehearse;
mod resolve;
mod run_now;
mod runs;
mod tallies;
mod tickets;
mod twins;
mod vault;
mod warm;

use muster_protocol::event::{Area, JournalEntry, Level};
use muster_protocol::frame::{Code, Failure};
use muster_protocol::ids::{AccountId, RunId};
use muster_protocol::time::Timestamp;

use super::effect::{Answer, Changed, Commit, Effect, Seal};
use super::egress::LOOK_OUT_EVERY_MS;
use super::intent::IntentEvent;
use super::model::Model;
use super::msg::{Msg, ReplyTo};
use super::record::Record;

pub use self::deadline::next_deadline;
pub(crate) use self::freeze::due_fire;

/// What follows from `msg` at `now`.
pub fn update(model: &mut Model, now: Timestamp, msg: Msg) -> Vec<Effect> {
    let mut step = Step { model, now, effects: Vec::new() };
    match msg {
        Msg::Started => step.started(),
        Msg::Tick => step.tick(),
        Msg::Asked(asked) => step.asked(asked),
        Msg::Committed(records) => step.committed(&records),
        Msg::Audited(begun) => step.effects.extend(begun),
        Msg::TagsMade { run, tags } => step.tags_made(run, tags),
        Msg::TagMade { intent, attempt, tag, by, reply } => {
            step.retry(intent, IntentEvent::Retried { attempt, tag, by, at: now }, reply);
        }
        Msg::CheckStep { target, step: moved } => step.check_step(target, moved),
        Msg::CheckDone { target, done } => step.check_done(target, &done),
        Msg::Priced { intent, last, leg } => {
            let text = format!("{}, from the last price of {}", leg.words(), last.rupees());
            step.log(step.of_intent(&intent, Level::Info, text));
        }
        Msg::Outcome { intent, outcome } => step.outcome(intent, outcome),
        Msg::BookRead { account, read } => step.book_read(account, read),
        Msg::Cancelled { intent, outcome } => step.cancelled(&intent, &outcome),
        Msg::Instruments { broker, loaded } => step.instruments(broker, loaded),
        Msg::BackedUp(job, made) => step.backed_up(job, made),
        Msg::Purged(job, made) => step.purged(&job, made),
        Msg::Packed(packed) => step.packed(packed),
        Msg::KeysDerived(result) => step.keys_derived(result),
        Msg::Observed { egress, observed } => step.observed(&egress, observed),
        Msg::Clock(reading) => step.clock_read(&reading),
    }
    step.effects
}

/// One call of `update`: the model, the instant, and what is to be done so far.
struct Step<'a> {
    model: &'a mut Model,
    now: Timestamp,
    effects: Vec<Effect>,
}

impl Step<'_> {
    fn started(&mut self) {
        let version = self.model.settings.version.clone();
        let text = format!("musterd {version} started");
        let started = Record::Started { version, at: self.now };
        let mut commit = Commit { records: vec![started], ..Commit::default() };
        commit.journal.push(self.entry(Level::Info, Area::Daemon, text));
        self.recover(&mut commit);
        self.commit(commit);
        self.effects.push(Effect::ObserveEgresses);
        self.want_instruments();
        self.tick();
    }

    fn tick(&mut self) {
        if self.model.stopping {
            return;
        }
        self.end_sessions();
        self.end_tickets();
        self.look_out();
        self.muster();
        self.call_before_runs();
        self.next_checks();
        self.mark_clock();
        self.pack_journal();
        self.retry_instruments();
        self.answer_plan_checks();
        self.say_calendar();
        self.warm();
        self.plans_due();
        self.pump();
        self.pump_cancels();
        self.read_books();
        self.close_runs();
        self.end_tallies();
        self.archive();
    }

    /// Asks now and then what the world sees of each egress: the address people register must be true.
    fn look_out(&mut self) {
        if self.now >= self.model.looked_out.plus(LOOK_OUT_EVERY_MS) {
            self.model.looked_out = self.now;
            self.effects.push(Effect::ObserveEgresses);
        }
    }

    fn commit(&mut self, mut commit: Commit) {
        if !commit.records.is_empty() {
            commit.records.extend(self.model.clock.mark_with_others(self.now).map(Record::Clock));
        }
        self.effects.push(Effect::Commit(commit));
    }

    fn record(&mut self, record: Record) {
        self.commit(Commit { records: vec![record], ..Commit::default() });
    }

    fn publish(&mut self, changed: Changed) {
        self.effects.push(Effect::Publish(changed));
    }

    fn answer(&mut self, reply: ReplyTo, answer: Answer) {
        self.effects.push(Effect::Reply(reply, Ok(answer)));
    }

    fn refuse(&mut self, reply: ReplyTo, code: Code, message: impl Into<String>) {
        self.effects.push(Effect::Reply(reply, Err(Failure::new(code, message))));
    }

    /// A journal entry about the daemon itself; the store numbers it.
    fn entry(&self, level: Level, area: Area, text: impl Into<String>) -> JournalEntry {
        JournalEntry {
            seq: 0,
            at: self.now,
            level,
            area,
            user: None,
            account: None,
            broker: None,
            run: None,
            text: text.into(),
        }
    }

    /// A journal entry about an account.
    fn about(
        &self,
        account: AccountId,
        level: Level,
        area: Area,
        text: impl Into<String>,
    ) -> JournalEntry {
        let kept = self.model.accounts.get(&account);
        JournalEntry {
            user: kept.map(|account| account.user.clone()),
            account: Some(account),
            broker: kept.map(|account| account.broker),
            ..self.entry(level, area, text)
        }
    }

    /// A journal entry about a run.
    fn of_run(&self, run: &RunId, level: Level, text: impl Into<String>) -> JournalEntry {
        JournalEntry { run: Some(run.clone()), ..self.entry(level, Area::Run, text) }
    }

    fn log(&mut self, entry: JournalEntry) {
        self.commit(Commit { journal: vec![entry], ..Commit::default() });
    }
}

/// A commit of one record with one journal entry.
fn noted(record: Record, entry: JournalEntry, seal: Vec<Seal>) -> Commit {
    Commit { records: vec![record], journal: vec![entry], seal, ..Commit::default() }
}
