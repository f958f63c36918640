//! The daemon without its edges: the pure domain, a log, and a broker, driven as the engine drives them.
//! What is queued in one turn becomes durable together; what is on the network comes back later or, after
//! a crash, never. Invariants that hold at every step are asserted at every step.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use muster_protocol::frame::Failure;
use muster_protocol::ids::{IntentId, RunId};
use muster_protocol::order::{Broker, Leg};
use muster_protocol::run::IntentStatus;
use muster_protocol::time::Timestamp;

use super::truth::Truth;
use crate::domain::calendar::Calendar;
use crate::domain::effect::{Commit, Effect, SendJob};
use crate::domain::instrument::Instrument;
use crate::domain::intent::IntentEvent;
use crate::domain::model::Model;
use crate::domain::msg::{Ask, Asked, ListLoaded, Msg, ReplyTo};
use crate::domain::plan::PlanEvent;
use crate::domain::record::Record;
use crate::domain::run::{RunEvent, Stage};
use crate::domain::tag::Shift;
use crate::domain::tests::archive::seen::packed;
use crate::domain::tests::{settings, who};
use crate::domain::update::{next_deadline, update};

/// Where records become durable.
pub(crate) trait Log {
    /// Makes these durable together. After an error they may be or not, and the process ends.
    fn append(&mut self, records: &[Record]) -> Result<(), Died>;
}

/// The process is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Died;

/// One life of the daemon, and the world it lives in.
pub(crate) struct Machine<L> {
    pub(crate) model: Model,
    pub(crate) log: L,
    pub(crate) truth: Truth,
    /// Real time; the daemon's clock shows `skew` more.
    pub(crate) real: Timestamp,
    pub(crate) skew: i64,
    /// What was acknowledged as durable, over all lives.
    pub(crate) acked: Vec<Record>,
    /// Answers on their way.
    network: Vec<(Timestamp, Msg)>,
    /// The process dies when so many effects more were performed.
    pub(crate) effects_left: Option<usize>,
    answered: Option<Result<(), Failure>>,
    /// The latest the clock has shown, over all lives.
    pub(crate) latest: Timestamp,
    /// The legs of the plan as it was last put: the frozen ones must be these.
    put: Option<Vec<Leg>>,
    /// Runs that were frozen from a plan that was no more by then.
    outdated: BTreeSet<RunId>,
}

impl<L: Log> Machine<L> {
    /// Starts on these records, which the log holds.
    pub(crate) fn start(
        records: &[Record],
        log: L,
        truth: Truth,
        (real, skew): (Timestamp, i64),
    ) -> (Self, Result<(), Died>) {
        let mut model = Model::new(settings(), Calendar::built_in(), real.plus(skew));
        for record in records {
            model.apply(record).unwrap();
        }
        for symbol in ["INFY", "SBIN"] {
            let instrument = instrument(symbol);
            let key = (Broker::AngelOne, instrument.exchange, symbol.to_owned());
            model.instruments.insert(key, instrument);
        }
        let put = records.iter().rev().find_map(legs_put);
        let mut machine = Self {
            model,
            log,
            truth,
            real,
            skew,
            acked: records.to_vec(),
            network: Vec::new(),
            effects_left: None,
            answered: None,
            latest: real.plus(skew),
            put,
            outdated: BTreeSet::new(),
        };
        let started = machine.take(Msg::Started);
        (machine, started)
    }

    /// What the daemon's clock shows.
    pub(crate) fn now(&self) -> Timestamp {
        self.real.plus(self.skew)
    }

    /// Takes a message and all that follows at once, turn by turn.
    pub(crate) fn take(&mut self, msg: Msg) -> Result<(), Died> {
        self.latest = self.latest.max(self.now());
        let mut next = vec![msg, Msg::Tick];
        while !next.is_empty() {
            let mut queue = VecDeque::from(std::mem::take(&mut next));
            let mut commits = Vec::new();
            while let Some(msg) = queue.pop_front() {
                let before = self.doubts();
                let now = self.now();
                let effects = update(&mut self.model, now, msg);
                self.assert_unknown_stays_unknown(&before);
                for effect in effects {
                    if let Some(left) = &mut self.effects_left {
                        *left = left.checked_sub(1).ok_or(Died)?;
                    }
                    match effect {
                        Effect::Commit(commit) => commits.push(commit),
                        effect => queue.extend(self.perform(effect)),
                    }
                }
            }
            next.extend(self.commit(&commits)?);
        }
        Ok(())
    }

    /// The turn's batch; its records come back once they are durable.
    fn commit(&mut self, commits: &[Commit]) -> Result<Option<Msg>, Died> {
        let records: Vec<Record> = commits.iter().flat_map(|c| c.records.clone()).collect();
        let acks = commits.iter().any(|commit| commit.ack.is_some());
        if !records.is_empty() {
            self.log.append(&records)?;
            for record in &records {
                self.assert_record(record);
            }
            self.acked.extend(records.iter().cloned());
        }
        if acks {
            self.answered = Some(Ok(()));
        }
        Ok((!records.is_empty()).then_some(Msg::Committed(records)))
    }

    fn perform(&mut self, effect: Effect) -> Option<Msg> {
        match effect {
            Effect::MakeTags { run, parts } => {
                let tags = parts.into_iter().map(|(account, legs)| {
                    (
                        account,
                        legs.into_iter()
                            .map(|parts| parts.tag(Shift::from_bytes([7; 4]), &[7; 32]))
                            .collect(),
                    )
                });
                Some(Msg::TagsMade { run, tags: tags.collect() })
            }
            Effect::PackRuns { runs } => Some(packed(&self.acked, runs)),
            Effect::MakeTag { intent, parts, by, reply } => {
                let (attempt, tag) =
                    (parts.attempt, parts.tag(Shift::from_bytes([7; 4]), &[7; 32]));
                Some(Msg::TagMade { intent, attempt, tag, by, reply })
            }
            Effect::Send(job) => {
                self.assert_may_leave(&job);
                let (outcome, takes) = self.truth.post(&job, self.real);
                let msg = Msg::Outcome { intent: job.intent, outcome };
                self.network.push((self.real.plus(takes), msg));
                None
            }
            Effect::ReadBook { account, trades, .. } => {
                let (read, takes) = self.truth.read(account, trades, self.real);
                self.network.push((self.real.plus(takes), Msg::BookRead { account, read }));
                None
            }
            Effect::LoadInstruments { broker, wanted, .. } => {
                let found = wanted.iter().map(|(_, symbol)| instrument(symbol)).collect();
                let (checked, failed) = (Some(self.now()), None);
                let loaded = ListLoaded { wanted, found, checked, size: 2, failed, lent: None };
                Some(Msg::Instruments { broker, loaded })
            }
            Effect::Reply(_, answer) => {
                self.answered = Some(answer.map(|_| ()));
                None
            }
            _ => None,
        }
    }

    /// A person asks; `None` if the answer waits.
    pub(crate) fn ask(&mut self, ask: Ask) -> Result<Option<Result<(), Failure>>, Died> {
        self.answered = None;
        let asked = Asked { reply: ReplyTo(1), who: who("uid 0"), only: None, ask };
        self.take(Msg::Asked(asked))?;
        Ok(self.answered.take())
    }

    /// Lets real time pass, from one thing that happens to the next.
    pub(crate) fn pass(&mut self, millis: i64) -> Result<(), Died> {
        let until = self.real.plus(millis);
        for _ in 0..10_000 {
            let due = next_deadline(&self.model, self.now()).map(|at| at.plus(-self.skew));
            let answer = self.network.iter().map(|(at, _)| *at).min();
            let next = due.into_iter().chain(answer).min();
            let Some(next) = next.filter(|next| *next <= until) else {
                self.real = until;
                return self.take(Msg::Tick);
            };
            self.real = self.real.max(next);
            let come = self.network.iter().position(|(at, _)| *at <= self.real);
            let msg = come.map_or(Msg::Tick, |place| self.network.remove(place).1);
            self.take(msg)?;
        }
        panic!("the deadlines do not move: {:?}", next_deadline(&self.model, self.now()));
    }

    fn doubts(&self) -> Vec<IntentId> {
        let doubted = |status| status == IntentStatus::InDoubt;
        let intents = self.model.intents.iter().filter(|(_, i)| doubted(i.status()));
        intents.map(|(id, _)| id.clone()).collect()
    }

    /// I6: out of doubt leads the broker's book, or a person who looked, or absence that is so.
    fn assert_unknown_stays_unknown(&self, before: &[IntentId]) {
        for id in before {
            let status = self.model.intents.get(id).map(crate::domain::intent::Intent::status);
            let there = self.truth.number_of(id).is_some();
            match status {
                Some(IntentStatus::InDoubt) => {}
                Some(status) if status.is_placed() => {
                    assert!(
                        there,
                        "I6: {id} is called {status:?} and the broker has no such order"
                    );
                }
                Some(status) => {
                    assert!(!there, "I6: {id} is called {status:?} and the broker has it");
                }
                None => panic!("I3: {id} is gone"),
            }
        }
    }

    /// What holds for an order at the moment it leaves.
    fn assert_may_leave(&self, job: &SendJob) {
        let attempt = self.model.intents[&job.intent].attempt;
        let sending = |record: &&Record| {
            matches!(record, Record::Intent(id, IntentEvent::Sending { attempt: a, .. })
                if *id == job.intent && *a == attempt)
        };
        assert!(self.acked.iter().any(|r| sending(&r)), "I2: {} is not durable", job.intent);
        let user = &job.route.user;
        let halted = self.model.is_halted(user, &job.intent.run.plan);
        assert!(!halted, "I10: {} leaves after a halt was acknowledged", job.intent);
        let run = &self.model.runs[&job.intent.run];
        // Also where the clock was set back after the run had fired.
        assert!(self.now() >= run.fixed.fire_at, "I4: {} leaves before its time", job.intent);
        assert!(self.now() < run.fixed.window_until, "I4: {} leaves after its window", job.intent);
        assert!(!self.disarmed_since(&job.intent.run), "{} leaves of a disarmed plan", job.intent);
        let leg = run.leg_of(job.intent.account, job.intent.leg);
        assert_eq!(Some(&job.leg), leg.as_ref(), "I5: not what was frozen");
        let outdated = self.outdated.contains(&job.intent.run);
        assert!(!outdated, "I5: {} is of a plan that was changed before it was frozen", job.intent);
    }

    /// Whether it was acknowledged that the plan was disarmed after this run was frozen.
    fn disarmed_since(&self, run: &RunId) -> bool {
        let mut newest_first = self.acked.iter().rev();
        let word = newest_first.find_map(|record| match record {
            Record::Run(id, RunEvent::Frozen { .. }) if id == run => Some(false),
            Record::Plan(id, event) if *id == run.plan && event.calls_off().is_some() => Some(true),
            _ => None,
        });
        word.unwrap_or(false)
    }

    /// What holds for a record when it becomes durable.
    fn assert_record(&mut self, record: &Record) {
        if let Some(legs) = legs_put(record) {
            self.put = Some(legs);
        }
        let Record::Run(id, event) = record else { return };
        let again = |kind: fn(&RunEvent) -> bool| {
            let mut of_run = self.acked.iter().filter_map(|record| match record {
                Record::Run(other, event) if other == id => Some(event),
                _ => None,
            });
            of_run.any(kind)
        };
        match event {
            RunEvent::Frozen { fixed, .. } => {
                assert!(!again(|e| matches!(e, RunEvent::Frozen { .. })), "I4: {id} frozen twice");
                if Some(sorted(&fixed.legs)) != self.put.as_deref().map(sorted) {
                    // The plan was changed while the record of the freeze was on its way.
                    self.outdated.insert(id.clone());
                }
            }
            RunEvent::Fired { at, .. } => {
                assert!(!again(|e| matches!(e, RunEvent::Fired { .. })), "I4: {id} fired twice");
                let fixed = &self.model.runs[id].fixed;
                assert!((fixed.fire_at..=fixed.window_until).contains(at), "I4: {id} fired {at}");
                assert_eq!(id.date, at.date(), "I4: on another day");
                assert!(self.model.calendar.trading_day(id.date).is_ok(), "I4: no trading day");
            }
            RunEvent::Closed { .. }
            | RunEvent::Missed { .. }
            | RunEvent::Tallied { .. }
            | RunEvent::Archived { .. } => {}
        }
    }

    /// I3, of every run that is over: each order counted once, and none still to be sent.
    pub(crate) fn assert_nothing_is_lost(&self) {
        let known = self.model.runs.iter().filter(|(_, run)| run.archived.is_none());
        for (id, run) in known {
            let mut counts: BTreeMap<IntentStatus, u32> = BTreeMap::new();
            for (_, intent) in self.model.intents_of(id) {
                *counts.entry(intent.status()).or_default() += 1;
            }
            let kept = self.model.counts.get(id).copied().unwrap_or_default();
            for status in IntentStatus::ALL {
                let counted = counts.get(&status).copied().unwrap_or(0);
                assert_eq!(kept.of(status), counted, "I3: {status:?} of {id}");
            }
            if matches!(run.stage, Stage::Closed { .. }) {
                let planned: usize = run.fixed.participants.iter().map(|p| p.tags.len()).sum();
                assert_eq!(kept.total() as usize, planned, "I3: of {id}");
                assert_eq!(kept.planned + kept.sending, 0, "I3: {id} is closed");
            }
        }
        self.assert_what_is_said_is_so();
    }

    /// What is called placed is at the broker, and what is called anything else but in doubt is not.
    fn assert_what_is_said_is_so(&self) {
        for (id, intent) in &self.model.intents {
            let there = self.truth.number_of(id).is_some();
            let status = intent.status();
            let unclear = matches!(status, IntentStatus::InDoubt | IntentStatus::Sending);
            assert!(unclear || there == status.is_placed(), "{id} is {status:?}, there: {there}");
        }
    }

    /// Where a run stands.
    pub(crate) fn stage(&self, run: &RunId) -> Option<&Stage> {
        self.model.runs.get(run).map(|run| &run.stage)
    }
}

fn legs_put(record: &Record) -> Option<Vec<Leg>> {
    match record {
        Record::Plan(_, PlanEvent::Put { spec, .. }) => Some(spec.legs.clone()),
        _ => None,
    }
}

fn sorted(legs: &[Leg]) -> Vec<String> {
    let mut words: Vec<String> = legs.iter().map(Leg::words).collect();
    words.sort();
    words
}

fn instrument(symbol: &str) -> Instrument {
    Instrument {
        exchange: muster_protocol::order::Exchange::Nse,
        symbol: symbol.to_owned(),
        broker_symbol: format!("{symbol}-EQ"),
        token: "1".to_owned(),
        tick: muster_protocol::money::Paise(5),
        lot: 1.try_into().unwrap(),
    }
}
