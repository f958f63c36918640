//! Killed at any moment around a halt that cancels what is open: orders that rest at the exchange or fill in
//! part, a halt before, while or after they are sent, and brokers that misbehave about cancellations too.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use muster_protocol::event::JournalEntry;
use muster_protocol::halt::HaltScope;
use muster_protocol::reply::RunDetails;
use muster_protocol::request::{JournalFilter, QueryJournal};
use muster_protocol::run::{IntentStatus, IntentView};
use tokio::time::Instant;

use super::check::{self, Count};
use super::faults;
use super::ground::{Ground, PATIENCE, PAUSE};
use super::person::{Halted, Halts, Person};
use super::plot::Plot;
use super::victim::Victim;
use crate::harness::World;
use crate::sandbox::{Broker, Fault, FaultKind, Operation, OrderRecord, RequestRecord, Rules};

/// Where the person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Waits for the moment of the first halt.
    Before,
    /// It is acknowledged: what is open under it is cancelled.
    First,
    /// That is done, and the halt is to be ended.
    Resumes,
    /// Waits for the moment at which everything is halted.
    Between,
    /// Everything is, and that is acknowledged.
    Done,
}

/// One who halts and has what is open cancelled: at first under one scope, in the end under all.
pub(super) struct Canceller {
    stage: Stage,
    /// When the next halt is asked for.
    at: Timestamp,
    scope: HaltScope,
    resumes: Option<SignedDuration>,
    under_halt: Vec<Fault>,
    refused: Option<(Broker, String)>,
    halts: Halts,
    /// This life began with everything halted.
    began_halted: bool,
    /// Order calls at the brokers when it first answered.
    calls: Option<usize>,
    /// Orders there were before.
    before: usize,
    strikes: Vec<Duration>,
    /// When the process is killed, since a halt was acknowledged.
    kills_at: Option<Instant>,
}

impl Canceller {
    /// The process was started.
    pub(super) fn sees_a_new_life(&mut self) {
        self.began_halted = self.halts.known(&HaltScope::All) == Halted::Is(true);
        self.calls = None;
        self.kills_at = None;
    }

    /// Whether they want the process killed now.
    pub(super) fn kills(&self) -> bool {
        self.kills_at.is_some_and(|at| Instant::now() >= at)
    }

    /// Has everything cancelled that is open under this halt; whether that was acknowledged.
    async fn halts(&mut self, victim: &mut Victim, world: &World, scope: HaltScope) -> bool {
        let acknowledged = self.halts.ask(victim, world, (scope, true, true)).await;
        if acknowledged {
            self.kills_at = self.strikes.pop().map(|after| Instant::now() + after);
        }
        acknowledged
    }

    /// Whether everything is halted.
    pub(super) fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    /// Whether an order may stay open to the end of its day.
    pub(super) const fn leaves_open(&self) -> bool {
        self.refused.is_some()
    }

    /// Whether only time can change anything.
    pub(super) fn is_still(&self, details: &[RunDetails]) -> bool {
        self.is_done() && details.iter().all(|run| run.run.counts.sending == 0)
    }

    /// Looks at the daemon, and asks for what they want next.
    pub(super) async fn acts(
        &mut self,
        victim: &mut Victim,
        world: &World,
        details: Option<&[RunDetails]>,
    ) -> anyhow::Result<()> {
        let known = self.halts.known(&HaltScope::All);
        let Some(_) = self.halts.compare(victim, world).await? else { return Ok(()) };
        self.nothing_leaves(world, known == Halted::Is(true))?;
        let due = world.clock.now() >= self.at;
        match self.stage {
            Stage::Before if due => {
                for fault in std::mem::take(&mut self.under_halt) {
                    world.sandbox.arm(fault);
                }
                if self.halts(victim, world, self.scope.clone()).await {
                    self.stage = Stage::First;
                }
            }
            Stage::First => {
                let Some(details) = details else { return Ok(()) };
                let held = |run: &&RunDetails| match &self.scope {
                    HaltScope::Plan(plan) => run.run.id.plan == *plan,
                    HaltScope::All | HaltScope::User(_) => true,
                };
                if details.iter().filter(held).all(|run| self.is_quiet(run, world)) {
                    self.others_are_untouched(details, world)?;
                    self.stage = if self.resumes.is_some() {
                        Stage::Resumes
                    } else if self.scope == HaltScope::All {
                        Stage::Done
                    } else {
                        Stage::Between
                    };
                }
            }
            Stage::Resumes
                if self.halts.ask(victim, world, (self.scope.clone(), false, false)).await =>
            {
                let after = self.resumes.unwrap_or_default();
                self.at = world.clock.now().checked_add(after).context("a moment of the day")?;
                self.stage = Stage::Between;
            }
            Stage::Between if due => {
                if self.halts(victim, world, HaltScope::All).await {
                    self.stage = Stage::Done;
                }
            }
            Stage::Before | Stage::Resumes | Stage::Between | Stage::Done => {}
        }
        Ok(())
    }

    /// I10: in a life that begins with everything halted not one order call is made.
    fn nothing_leaves(&mut self, world: &World, halted: bool) -> anyhow::Result<()> {
        let calls = place_calls(world);
        // What was past the last look when a halt is asked for may still arrive.
        self.began_halted &= halted;
        if !self.began_halted {
            return Ok(());
        }
        let first = *self.calls.get_or_insert(calls);
        ensure!(first == calls, "{} orders left under a halt", calls - first);
        Ok(())
    }

    fn is_refused(&self, order: &OrderRecord) -> bool {
        self.refused
            .as_ref()
            .is_some_and(|(broker, account)| order.broker == *broker && order.account == *account)
    }

    /// Whether nothing of a run is on its way, and nothing at the broker but what nobody can cancel.
    fn is_quiet(&self, run: &RunDetails, world: &World) -> bool {
        let orders = world.sandbox.orders().split_off(self.before);
        run.intents.iter().all(|intent| match intent.status {
            IntentStatus::Sending => false,
            IntentStatus::Accepted | IntentStatus::Open | IntentStatus::PartlyFilled => {
                of(intent, &orders).is_some_and(|order| self.is_refused(order))
            }
            IntentStatus::Planned
            | IntentStatus::Filled
            | IntentStatus::Rejected
            | IntentStatus::Cancelled
            | IntentStatus::Refused
            | IntentStatus::NotSent
            | IntentStatus::InDoubt
            | IntentStatus::Missed
            | IntentStatus::Rehearsed => true,
        })
    }

    /// What the halt does not hold is not cancelled.
    fn others_are_untouched(&self, details: &[RunDetails], world: &World) -> anyhow::Result<()> {
        let HaltScope::Plan(plan) = &self.scope else { return Ok(()) };
        let orders = world.sandbox.orders().split_off(self.before);
        let others = details.iter().filter(|run| run.run.id.plan != *plan);
        let others = others.flat_map(|run| &run.intents).filter_map(|intent| of(intent, &orders));
        let touched: Vec<_> = others.filter(|order| is_cancelled(order)).collect();
        ensure!(touched.is_empty(), "cancelled under the halt of {plan}: {touched:#?}");
        Ok(())
    }
}

impl Ground {
    /// A pair of runs under such a plot, over as many lives as it takes; what it came to.
    pub(super) async fn halted(&mut self, plot: Plot) -> anyhow::Result<Count> {
        let runs = self.prepare().await?;
        let (before, calls) = (self.world.sandbox.orders().len(), self.calls());
        let asked = self.world.sandbox.requests().len();
        self.world.sandbox.set_rules(plot.rules);
        // The first that fits strikes.
        let for_good = plot.refused.as_ref();
        let for_good = for_good.map(|(broker, account)| faults::refused_for_good(*broker, account));
        for fault in for_good.into_iter().chain(plot.faults) {
            self.world.sandbox.arm(fault);
        }
        let first = self.plans.first().filter(|_| plot.of_one_plan).cloned();
        let mut person = Person::Cancels(Box::new(Canceller {
            stage: Stage::Before,
            at: self.world.clock.now().checked_add(plot.halts_after).context("a moment")?,
            scope: first.map_or(HaltScope::All, HaltScope::Plan),
            resumes: plot.resumes,
            under_halt: plot.under_halt,
            refused: plot.refused,
            halts: Halts::default(),
            began_halted: false,
            calls: None,
            before,
            strikes: plot.strikes,
            kills_at: None,
        }));
        let (details, mut victim, died) = self.lives(&runs, plot.deaths, &mut person).await?;
        let Person::Cancels(person) = person else { bail!("another person") };
        let ended = self.nothing_stays_open(&mut victim, &person, &details).await;
        let refused = ended.with_context(|| self.last_words())?;
        victim.kill()?;
        self.world.sandbox.disarm();
        self.world.sandbox.set_rules(Rules::default());
        self.next_pair();
        let orders = self.world.sandbox.orders().split_off(before);
        let count = check::count(&details, &orders, self.calls() - calls);
        if !count.is_clean() {
            bail!("{count:?}\n{details:#?}\n{orders:#?}\n{}", self.last_words());
        }
        let requests = self.world.sandbox.requests().split_off(asked);
        // All of them are slow.
        let went_wrong =
            |one: &&RequestRecord| one.fault.is_some_and(|kind| kind != FaultKind::Slow);
        let cancels = requests.iter().filter(|one| one.operation == Some(Operation::Cancel));
        let struck = cancels.filter(went_wrong);
        let cancel_faults = struck.count() as u64;
        Ok(Count { kills: died as u64, cancel_faults, cancel_refused: refused, ..count })
    }

    /// Everything is halted, and the runs are over: what is in doubt is settled, and nothing is open but what
    /// the broker refused to cancel for good, of which it was said. That is cancelled when a person asks again
    /// and the broker lets them.
    async fn nothing_stays_open(
        &self,
        victim: &mut Victim,
        person: &Canceller,
        details: &[RunDetails],
    ) -> anyhow::Result<u64> {
        self.settle(victim, details).await;
        let open = || -> Vec<OrderRecord> {
            let orders = self.world.sandbox.orders().split_off(person.before);
            orders.into_iter().filter(is_open).collect()
        };
        self.wait("open after the halt", || open().iter().all(|order| person.is_refused(order)))
            .await
            .with_context(|| format!("{:#?}", open()))?;
        let refused = open();
        let filter = JournalFilter::default();
        let entries =
            victim.ask(&self.world, QueryJournal { after: 0, limit: 1_000, filter }).await?;
        for order in &refused {
            let said = intent_of(order, details).is_some_and(|intent| {
                entries.iter().any(|entry| says_not_cancelled(entry, intent))
            });
            ensure!(said, "open, and nobody says that it could not be cancelled: {order:#?}");
        }
        if !refused.is_empty() {
            self.world.sandbox.disarm();
            let mut halts = Halts::default();
            for on in [false, true] {
                let asked = halts.ask(victim, &self.world, (HaltScope::All, on, true)).await;
                ensure!(asked, "the halt is not answered");
            }
            self.wait("open after it was asked again", || open().is_empty())
                .await
                .with_context(|| format!("{:#?}", open()))?;
        }
        let mut halts = Halts::default();
        for scope in [&person.scope, &HaltScope::All] {
            let ended = halts.ask(victim, &self.world, (scope.clone(), false, false)).await;
            ensure!(ended, "the halt is not ended");
        }
        Ok(refused.len() as u64)
    }

    async fn wait(&self, what: &str, is: impl Fn() -> bool) -> anyhow::Result<()> {
        let began = Instant::now();
        while !is() {
            ensure!(began.elapsed() < PATIENCE, "{what} after {} s", PATIENCE.as_secs());
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }
}

fn place_calls(world: &World) -> usize {
    let brokers = [Broker::AngelOne, Broker::Kite];
    brokers.map(|broker| world.sandbox.calls(broker, Operation::Place)).iter().sum()
}

/// The order of an intent.
fn of<'o>(intent: &IntentView, orders: &'o [OrderRecord]) -> Option<&'o OrderRecord> {
    let tag = intent.tag.as_ref().map(|tag| tag.0.as_str());
    orders.iter().find(|order| order.tag.as_deref() == tag)
}

fn intent_of<'r>(order: &OrderRecord, runs: &'r [RunDetails]) -> Option<&'r IntentView> {
    let is_its = |intent: &&IntentView| {
        intent.tag.as_ref().map(|tag| tag.0.as_str()) == order.tag.as_deref()
    };
    runs.iter().flat_map(|run| &run.intents).find(is_its)
}

fn says_not_cancelled(entry: &JournalEntry, intent: &IntentView) -> bool {
    entry.text.starts_with("its cancellation failed")
        && entry.text.ends_with(&intent.leg.to_string())
        && entry.account == Some(intent.id.account)
        && entry.run.as_ref() == Some(&intent.id.run)
}

fn is_cancelled(order: &OrderRecord) -> bool {
    order.status.to_lowercase().starts_with("cancelled")
}

fn is_open(order: &OrderRecord) -> bool {
    let over = ["complete", "rejected"].iter().any(|word| order.status.eq_ignore_ascii_case(word));
    !over && !is_cancelled(order)
}
