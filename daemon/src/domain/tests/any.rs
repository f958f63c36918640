//! Any sequence of what can happen to a run, against a small model of what must never: passing time,
//! jumps of the clock, crashes, faults, books that are late or old, halts, edits of the plan, and people
//! who settle what is in doubt.

use muster_protocol::halt::{HaltScope, Verdict};
use muster_protocol::plan::Ambiguity;
use muster_protocol::run::CalledAs;
use muster_protocol::time::SECOND;
use proptest::prelude::*;
use proptest::test_runner::Config;

use super::super::msg::{Ask, HaltChange, RunCall};
use super::super::run::Stage;
use super::super::update::due_fire;
use super::*;
use crate::tests::machine::{Died, Log, Machine};
use crate::tests::truth::{Fate as Happens, Truth};

/// One thing that happens.
#[derive(Debug, Clone)]
pub(super) enum Op {
    /// Real time passes, in milliseconds.
    Pass(u32),
    /// The machine's clock is set so many minutes ahead or back.
    Jump(i8),
    /// What becomes of the next call for this leg.
    Fate(u8, u8, Happens),
    /// How old the book is that an account is shown.
    Lag(u8, u8),
    /// An account's book cannot be read, or can again.
    Unreadable(u8, bool),
    /// The process dies after so many effects from here, and starts again so much later.
    Crash(u8, u16),
    Halt(u8),
    Resume(u8),
    /// The plan is put anew, with so many of its legs, and armed or not.
    Edit(u8, bool),
    /// The plan is disarmed.
    Disarm,
    /// A person calls for a run now, in the place of the next or one more.
    Now(bool),
    /// A person looks at the broker and settles the first order in doubt, rightly.
    Resolve(bool),
}

const ACCOUNTS: u8 = 3;

pub(super) fn op() -> impl Strategy<Value = Op> {
    let account = 1..=ACCOUNTS;
    prop_oneof![
        6 => (1_u32..40_000).prop_map(Op::Pass),
        2 => (1_u32..700).prop_map(Op::Pass),
        1 => prop_oneof![Just(Op::Jump(60)), Just(Op::Jump(-60))],
        4 => (account.clone(), 0_u8..2, happens()).prop_map(|(a, leg, f)| Op::Fate(a, leg, f)),
        2 => (account.clone(), 0_u8..20).prop_map(|(a, seconds)| Op::Lag(a, seconds)),
        1 => (account, any::<bool>()).prop_map(|(a, on)| Op::Unreadable(a, on)),
        2 => (any::<u8>(), 1_u16..20_000).prop_map(|(effects, down)| Op::Crash(effects, down)),
        1 => (0_u8..3).prop_map(Op::Halt),
        2 => (0_u8..3).prop_map(Op::Resume),
        1 => (1_u8..3, any::<bool>()).prop_map(|(legs, arm)| Op::Edit(legs, arm)),
        1 => Just(Op::Disarm),
        2 => any::<bool>().prop_map(Op::Now),
        1 => any::<bool>().prop_map(Op::Resolve),
    ]
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        1 => Just(Happens::Refuse),
        1 => Just(Happens::Unreachable),
        2 => Just(Happens::Lose),
        3 => (0_u8..8).prop_map(Happens::Silent),
        1 => (0_u8..5).prop_map(Happens::Slow),
    ]
}

/// A log that never fails: crashes come between effects here, the disk's are in `tests::power`.
pub(super) struct InMemory;

impl Log for InMemory {
    fn append(&mut self, _: &[Record]) -> Result<(), Died> {
        Ok(())
    }
}

fn scope(number: u8) -> HaltScope {
    match number {
        0 => HaltScope::All,
        1 => HaltScope::User("user1".parse().unwrap()),
        _ => HaltScope::Plan("btst".parse().unwrap()),
    }
}

pub(super) struct Any {
    pub(super) machine: Machine<InMemory>,
    /// Halts that were acknowledged.
    halts: Vec<HaltScope>,
}

impl Any {
    pub(super) fn new(ambiguity: Ambiguity) -> Self {
        let since = at("2026-11-23T12:00:00+05:30");
        let mut store = records(u32::from(ACCOUNTS), Mode::Live, since);
        for record in &mut store {
            if let Record::Plan(_, PlanEvent::Put { spec, .. }) = record {
                spec.ambiguity = ambiguity;
            }
        }
        let begin = (at("2026-11-23T15:09:20+05:30"), 0);
        let (machine, started) = Machine::start(&store, InMemory, Truth::default(), begin);
        started.unwrap();
        Self { machine, halts: Vec::new() }
    }

    /// Kills the process and starts the next on what was durable.
    fn restart(&mut self, down: i64) {
        let (records, truth) = (self.machine.acked.clone(), self.machine.truth.clone());
        let real = self.machine.real.plus(down);
        let (machine, started) =
            Machine::start(&records, InMemory, truth, (real, self.machine.skew));
        let latest = self.machine.latest;
        self.machine = machine;
        self.machine.latest = self.machine.latest.max(latest);
        started.unwrap();
    }

    pub(super) fn happen(&mut self, op: &Op) {
        let done = match op {
            Op::Pass(millis) => self.machine.pass(i64::from(*millis)),
            Op::Jump(minutes) => {
                self.machine.skew += i64::from(*minutes) * 60 * SECOND;
                self.machine.take(Msg::Tick)
            }
            Op::Fate(account, leg, fate) => {
                let key = (AccountId(u32::from(*account)), *leg);
                self.machine.truth.fates.insert(key, *fate);
                Ok(())
            }
            Op::Lag(account, seconds) => {
                let account = AccountId(u32::from(*account));
                self.machine.truth.lag.insert(account, *seconds);
                Ok(())
            }
            Op::Unreadable(account, on) => {
                let account = AccountId(u32::from(*account));
                if *on {
                    self.machine.truth.unreadable.insert(account);
                } else {
                    self.machine.truth.unreadable.remove(&account);
                }
                Ok(())
            }
            Op::Crash(effects, down) => {
                self.machine.effects_left = Some(usize::from(*effects));
                let lived = self.machine.pass(20 * SECOND);
                self.restart(i64::from(*down));
                // Whether it came so far does not matter: it is gone either way.
                let (Ok(()) | Err(Died)) = lived;
                Ok(())
            }
            Op::Halt(number) => self.halt(&scope(*number), true),
            Op::Resume(number) => self.halt(&scope(*number), false),
            Op::Edit(legs, arm) => self.edit(usize::from(*legs), *arm),
            Op::Disarm => self.disarm(),
            Op::Now(instead) => self.run_now(*instead),
            Op::Resolve(again) => self.resolve(*again),
        };
        done.unwrap();
        for halt in &self.halts {
            assert!(self.machine.model.halts.contains(halt), "I10: {halt:?} was acknowledged");
        }
    }

    fn halt(&mut self, scope: &HaltScope, on: bool) -> Result<(), Died> {
        let ask = Ask::Halt(HaltChange { scope: scope.clone(), on, cancel: false });
        self.halts.retain(|halt| halt != scope);
        if self.machine.ask(ask)? == Some(Ok(())) && on {
            self.halts.push(scope.clone());
        }
        Ok(())
    }

    fn edit(&mut self, legs: usize, arm: bool) -> Result<(), Died> {
        let mut spec = plan();
        spec.legs.truncate(legs);
        let name = spec.name.clone();
        self.machine.ask(Ask::PutPlan(spec))?;
        let hash = self.machine.model.plans[&name].kept().map(|kept| kept.hash.clone());
        if let Some(hash) = hash.filter(|_| arm) {
            self.machine.ask(Ask::Arm { plan: name, mode: Mode::Live, hash })?;
        }
        Ok(())
    }

    fn disarm(&mut self) -> Result<(), Died> {
        let plan: muster_protocol::ids::PlanId = "btst".parse().unwrap();
        let hash = self.machine.model.plans[&plan].kept().unwrap().hash.clone();
        self.machine.ask(Ask::Arm { plan, mode: Mode::DryRun, hash }).map(drop)
    }

    fn run_now(&mut self, instead: bool) -> Result<(), Died> {
        let (plan, now) = ("btst".parse().unwrap(), self.machine.now());
        let model = &self.machine.model;
        let kept = model.plans[&plan].kept().unwrap();
        let (hash, mode) = (kept.hash.clone(), kept.mode);
        let next = due_fire(model, &plan, kept).filter(|_| instead);
        let called = next.map_or(CalledAs::Extra, |fire| CalledAs::InsteadOf { at: fire.at });
        let firing = model.next_firing(&plan, now.date());
        let run = RunId { plan, date: now.date(), firing };
        self.machine.ask(Ask::RunNow(RunCall { run, hash, mode, called })).map(drop)
    }

    /// A person sees what is there, and what is still on its way there.
    fn resolve(&mut self, again: bool) -> Result<(), Died> {
        let mut intents = self.machine.model.intents.iter();
        let doubted = intents.find(|(_, intent)| intent.status() == IntentStatus::InDoubt);
        let Some(intent) = doubted.map(|(id, _)| id.clone()) else { return Ok(()) };
        let verdict = match self.machine.truth.number_of(&intent) {
            Some(order_id) => Verdict::Found { order_id },
            None if again => Verdict::SendAgain,
            None => Verdict::NotPlaced,
        };
        self.machine.ask(Ask::Resolve { intent, verdict }).map(drop)
    }

    /// The afternoon goes by, and what remains to be said is said.
    pub(super) fn end(&mut self) {
        self.machine.truth.unreadable.clear();
        for number in 0..3 {
            self.halt(&scope(number), false).unwrap();
        }
        self.machine.skew = 0;
        // Past every window, and past the last look at what is in doubt.
        let end = at("2026-11-23T15:24:00+05:30");
        self.machine.pass(end.since(self.machine.real).max(SECOND)).unwrap();
        self.machine.truth.assert_at_most_once();
        self.machine.assert_nothing_is_lost();
        for (id, run) in &self.machine.model.runs {
            let over = matches!(run.stage, Stage::Closed { .. } | Stage::Missed { .. });
            assert!(over, "I3: {id} is not over in the end: {:?}", run.stage);
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 96, max_shrink_iters: 400, ..Config::default() })]

    #[test]
    fn i1_i3_i4_i5_i6_i10_whatever_happens(
        ops in proptest::collection::vec(op(), 1..40),
        again in any::<bool>(),
    ) {
        let ambiguity = if again { Ambiguity::ResendOnce } else { Ambiguity::Hold };
        let mut any = Any::new(ambiguity);
        for op in &ops {
            any.happen(op);
        }
        any.end();
    }
}
