//! Where daemons are killed: a sandbox, a store with connected accounts, and a trading day with one
//! pair of runs after the other.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use muster_protocol::halt::Verdict;
use muster_protocol::ids::{OrderId, PlanId, RunId};
use muster_protocol::plan::{Ambiguity, Mode, PlanSpec};
use muster_protocol::reply::RunDetails;
use muster_protocol::request::{AddSlot, ArmPlan, PutPlan, RemovePlan, ResolveIntent};
use muster_protocol::run::{IntentStatus, RunCounts, RunState};
use muster_protocol::secret::Secret;
use muster_protocol::time::{TimeOfDay, Timestamp};
use muster_protocol::vault::SlotKind;
use musterd::failpoint::Point;
use musterd::vault::new_key_text;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::check::{self, Count};
use super::person::{Person, Turns};
use super::victim::Victim;
use crate::harness::{Setup, World, eventually, two_legs};
use crate::sandbox::{Broker, Fault, Operation};

/// The day everything happens on.
pub(super) const DATE: &str = "2026-11-23";
/// The minute of the day of the first pair of runs, the minutes between two pairs, and the last pair.
const FIRST: u16 = 9 * 60 + 20;
const APART: u16 = 19;
const LAST: u16 = 15 * 60 + 5;
/// Minutes from a run's time to the end of its window, and to where even doubts are closed. At the quick
/// speed a minute is a second, and a busy machine takes some to prove an absence and to send again.
const WINDOW: u16 = 12;
const OVER: u16 = 18;
/// Two runs at the same time, so that each kind of commit happens twice.
const PAIR: [char; 2] = ['a', 'b'];
/// Exchange seconds a real second; and while nothing but proofs of absence is waited for.
const SPEED: f64 = 8.0;
const QUICK: f64 = 60.0;
/// Orders that have not moved for so long wait for time alone.
const STILL: Duration = Duration::from_millis(800);
/// Until a named place was met for the first time nothing waits for time: whoever is still is slow.
const UNHURRIED: Duration = Duration::from_secs(120);
/// So many lives may be still after even doubts are closed.
const PATIENT: usize = 5;
/// Enough, at the quick speed, for every read that proves an absence.
const STILL_QUICK: Duration = Duration::from_secs(2);
/// How long a run without doubts may wait for its tally, where nobody is unhurried.
const TALLY: Duration = Duration::from_secs(15);
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
pub(super) const PAUSE: Duration = Duration::from_millis(10);

/// How a life is to end.
#[derive(Debug, Clone)]
pub(super) enum Death {
    /// At `POINT:PASS`.
    At(String),
    /// After so long.
    After(Duration),
    /// Not before the runs are over.
    Never,
}

impl Death {
    /// Whether what a person asks for passes the place, so that it is met however little happens else.
    fn comes_by_asking(&self) -> bool {
        let Self::At(at) = self else { return false };
        let point = at.split_once(':').and_then(|(name, _)| Point::named(name));
        point.is_some_and(|point| Point::OF_ASKING.contains(&point))
    }
}

pub(super) enum End {
    Died,
    /// No order is to leave, and none moves. Without doubts what is left is held by a halt.
    Still {
        doubts: bool,
    },
    Over(Vec<RunDetails>, Victim),
}

/// The world, and where in its day it is.
pub struct Ground {
    pub(super) world: World,
    drill: PathBuf,
    minute: u16,
    number: u32,
    turns: Turns,
    pub(super) plans: Vec<PlanId>,
}

impl Ground {
    /// Connects so many accounts; `drill` is the tests' own binary.
    pub async fn new(accounts: usize, drill: &Path) -> anyhow::Result<Self> {
        // One at a time: each stretches a passphrase, and a call waits ten seconds at most.
        static MAKING: Mutex<()> = Mutex::const_new(());
        let _turn = MAKING.lock().await;
        let setup = Setup {
            accounts,
            starts: format!("{DATE}T09:16:00+05:30"),
            extra_config: "freeze_lead_s = 2\nmuster_times = [\"08:30\"]".to_owned(),
            ..Setup::default()
        };
        let world = World::new(setup).await?;
        let daemon = world.daemon().await?;
        world.connect_all().await?;
        world.auto_execute_all().await?;
        use_key_file(&world).await?;
        daemon.stop().await?;
        Ok(Self {
            world,
            drill: drill.to_owned(),
            minute: FIRST,
            number: 0,
            turns: Turns::default(),
            plans: Vec::new(),
        })
    }

    /// Whether the day has no room for another pair of runs.
    pub const fn is_over(&self) -> bool {
        self.minute > LAST
    }

    /// A pair of runs with these faults, over as many lives as it takes; what it came to, and how
    /// many of the deaths came.
    pub(super) async fn pair(
        &mut self,
        deaths: Vec<Death>,
        faults: Vec<Fault>,
    ) -> anyhow::Result<(Count, usize)> {
        let runs = self.prepare().await?;
        let (orders, calls) = (self.world.sandbox.orders().len(), self.calls());
        for fault in faults {
            self.world.sandbox.arm(fault);
        }
        let mut person = Person::Turns(std::mem::take(&mut self.turns));
        let (details, mut victim, died) = self.lives(&runs, deaths, &mut person).await?;
        if let Person::Turns(turns) = person {
            self.turns = turns;
        }
        self.settle(&mut victim, &details).await;
        victim.kill()?;
        self.world.sandbox.disarm();
        self.next_pair();
        let orders = self.world.sandbox.orders().split_off(orders);
        let count = check::count(&details, &orders, self.calls() - calls);
        if !count.is_clean() {
            bail!("{count:?}\n{details:#?}\n{orders:#?}\n{}", self.last_words());
        }
        Ok((Count { kills: died as u64, ..count }, died))
    }

    /// So many lives that end, and a last one in which the runs come to their end.
    pub(super) async fn lives(
        &self,
        runs: &[RunId],
        deaths: Vec<Death>,
        person: &mut Person,
    ) -> anyhow::Result<(Vec<RunDetails>, Victim, usize)> {
        let (mut died, mut patience, mut over) = (0, STILL, 0);
        let mut deaths = deaths.into_iter();
        // One that did not come, since a busy machine made the life look still, is that of the next life.
        let mut death = deaths.next().unwrap_or(Death::Never);
        loop {
            // Stillness ends the life and with it the passes of the place: those of the first life count.
            let unhurried = died == 0 && matches!(death, Death::At(_));
            let patience_now = if unhurried { UNHURRIED } else { patience };
            let end = self.live(runs, &death, (&mut *person, patience_now)).await;
            match end.with_context(|| self.last_words())? {
                End::Died => {
                    died += 1;
                    death = deaths.next().unwrap_or(Death::Never);
                }
                End::Still { doubts: true } if patience == STILL => {
                    // What can be proven to be absent is, and the plan that may send it again does.
                    patience = STILL_QUICK;
                    self.world.clock.set(None, Some(QUICK), None);
                }
                End::Still { .. } => {
                    over += 1;
                    ensure!(over < PATIENT, "the runs do not end:\n{}", self.last_words());
                    if self.to_come() <= self.minute + OVER {
                        self.clock_to(self.minute + OVER)?;
                    }
                }
                End::Over(details, victim) => return Ok((details, victim, died)),
            }
        }
    }

    /// The tests' own binary.
    pub(super) fn drill(&self) -> &Path {
        &self.drill
    }

    /// The pair of runs is over. On a busy machine it may have taken longer than its share of the day: the clock
    /// is never set back, for then runs are HELD.
    pub(super) fn next_pair(&mut self) {
        self.minute = (self.minute + APART).max(self.to_come() + 1);
    }

    /// The first minute that the clock has not shown yet.
    fn to_come(&self) -> u16 {
        let now = Timestamp::from_millis(self.world.clock.now().as_millisecond()).time_of_day();
        (FIRST..24 * 60).find(|minute| time(*minute) > now).unwrap_or(24 * 60)
    }

    /// Puts the plans of the next pair, takes those of the last away, and stops before their time
    /// with no daemon alive.
    pub(super) async fn prepare(&mut self) -> anyhow::Result<Vec<RunId>> {
        // At the pace of a person, so that the time is not here before the plans are.
        self.world.clock.set(None, Some(1.0), None);
        self.clock_to(self.minute - 1)?;
        let mut victim = Victim::start(&self.world, &self.drill, None)?;
        self.number += 1;
        let old = std::mem::take(&mut self.plans);
        let mut runs = Vec::new();
        for letter in PAIR {
            let name = format!("k{}{letter}", self.number);
            let spec = PlanSpec {
                name: name.parse()?,
                at: time(self.minute).into(),
                window_until: time(self.minute + WINDOW).into(),
                // The second of a pair is sent once more where absence is proven.
                ambiguity: if letter == PAIR[0] { Ambiguity::Hold } else { Ambiguity::ResendOnce },
                ..two_legs()
            };
            self.plans.push(spec.name.clone());
            arm(&mut victim, &self.world, spec).await?;
            runs.push(format!("{name}@{DATE}").try_into()?);
        }
        for plan in old {
            let gone = victim.ask(&self.world, RemovePlan { plan }).await;
            gone.context("take an old plan away")?;
        }
        victim.kill()?;
        let at =
            format!("{DATE}T{:02}:{:02}:56+05:30", (self.minute - 1) / 60, (self.minute - 1) % 60);
        self.world.set_clock(&at)?;
        self.world.clock.set(None, Some(SPEED), None);
        Ok(runs)
    }

    async fn live(
        &self,
        runs: &[RunId],
        death: &Death,
        (person, patience): (&mut Person, Duration),
    ) -> anyhow::Result<End> {
        let fail_at = if let Death::At(point) = death { Some(point.clone()) } else { None };
        let mut victim = Victim::start(&self.world, &self.drill, fail_at)?;
        person.sees_a_new_life();
        let began = Instant::now();
        let (mut seen, mut moved) = (Vec::new(), began);
        loop {
            if victim.is_dead()? {
                return Ok(End::Died);
            }
            let due = matches!(death, Death::After(after) if began.elapsed() >= *after);
            if due || person.kills() {
                victim.kill()?;
                return Ok(End::Died);
            }
            let limit = PATIENCE.max(patience);
            if began.elapsed() > limit {
                bail!("after {} s the runs are not over: {seen:#?}", limit.as_secs());
            }
            let details = victim.runs(&self.world, runs).await;
            person.acts(&mut victim, &self.world, details.as_deref()).await?;
            if let Some(details) = details {
                ensure!(!details.iter().any(is_held), "held: {details:#?}");
                let tallied = details.iter().all(is_tallied);
                // In doubt to the end, a run is tallied only when its day is over; so is one with an order
                // that nobody could cancel.
                let doubts = details.iter().any(|one| one.run.counts.in_doubt > 0);
                let held = details.iter().any(|one| one.run.counts.planned > 0);
                let may_wait = doubts || person.leaves_open();
                let wait = if may_wait { patience } else { patience.max(TALLY) };
                let over = tallied || details.iter().all(is_over) && moved.elapsed() >= wait;
                if over && person.is_done() && !death.comes_by_asking() {
                    return Ok(End::Over(details, victim));
                }
                let counts: Vec<RunCounts> = details.iter().map(|one| one.run.counts).collect();
                if over && person.is_done() {
                    // How many transactions a run takes depends on how many come together.
                    person.asks_on();
                } else if seen != counts {
                    (seen, moved) = (counts, Instant::now());
                } else if person.is_still(&details) && moved.elapsed() >= patience {
                    victim.kill()?;
                    return Ok(End::Still { doubts: doubts || !held });
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    pub(super) fn calls(&self) -> usize {
        let brokers = [Broker::AngelOne, Broker::Kite];
        brokers.map(|broker| self.world.sandbox.calls(broker, Operation::Place)).iter().sum()
    }

    fn clock_to(&self, minute: u16) -> anyhow::Result<()> {
        self.world.set_clock(&format!("{DATE}T{:02}:{:02}:00+05:30", minute / 60, minute % 60))
    }

    /// A person settles what is in doubt: with it an account takes part in no later run. By the broker's
    /// book, as a person would.
    pub(super) async fn settle(&self, victim: &mut Victim, details: &[RunDetails]) {
        let books = self.world.sandbox.orders();
        let doubted = details.iter().flat_map(|run| &run.intents);
        for intent in doubted.filter(|intent| intent.status == IntentStatus::InDoubt) {
            let tag = intent.tag.as_ref().map(|tag| tag.0.as_str());
            let order = books.iter().find(|order| order.tag.as_deref() == tag);
            let verdict = match order {
                Some(order) => Verdict::Found { order_id: OrderId(order.order_id.clone()) },
                None => Verdict::NotPlaced,
            };
            // One the daemon has settled meanwhile is refused, which is as good.
            drop(
                victim.ask(&self.world, ResolveIntent { intent: intent.id.clone(), verdict }).await,
            );
        }
    }

    /// The end of what the daemons wrote, for whoever reads of a failure.
    pub(super) fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.world.folder().join("stderr")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }
}

/// A random key opens the vault without stretching: a life begins in milliseconds.
async fn use_key_file(world: &World) -> anyhow::Result<()> {
    let file = world.folder().join("passphrase");
    let passphrase = std::fs::read_to_string(&file)?;
    let key = new_key_text()?;
    let (client, _feed) = world.client().await?;
    let secret = Secret::new(passphrase.trim_end().to_owned());
    let new = Secret::new(key.to_string());
    client.call(AddSlot { secret, kind: SlotKind::KeyFile, new }).await?;
    std::fs::write(file, format!("{}\n", *key))?;
    Ok(())
}

async fn arm(victim: &mut Victim, world: &World, spec: PlanSpec) -> anyhow::Result<()> {
    let name = spec.name.clone();
    let mut put = None;
    eventually("the daemon takes the plan", async || {
        put = victim.ask(world, PutPlan { spec: spec.clone() }).await.ok();
        put.is_some()
    })
    .await?;
    let hash = put.context("the plan")?.hash;
    let armed = victim.ask(world, ArmPlan { plan: name, mode: Mode::Live, hash }).await;
    armed.context("set the plan live")?;
    Ok(())
}

fn time(minute: u16) -> TimeOfDay {
    TimeOfDay::hm(i64::from(minute / 60), i64::from(minute % 60))
}

const fn is_over(details: &RunDetails) -> bool {
    matches!(details.run.state, RunState::Closed | RunState::Missed { .. })
}

/// Of a missed run there is no tally.
fn is_tallied(details: &RunDetails) -> bool {
    matches!(details.run.state, RunState::Missed { .. })
        || is_over(details) && details.run.tally.is_some()
}

/// No run of a drill is missed but by a halt.
fn is_held(details: &RunDetails) -> bool {
    matches!(&details.run.state, RunState::Missed { reason } if reason.contains("HELD"))
}
