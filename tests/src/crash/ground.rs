//! Where daemons are killed: a sandbox, a store with connected accounts, and a trading day with one
//! pair of runs after the other.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use muster_protocol::ids::{PlanId, RunId};
use muster_protocol::plan::{Mode, PlanSpec};
use muster_protocol::reply::RunDetails;
use muster_protocol::request::{AddSlot, ArmPlan, PutPlan, RemovePlan};
use muster_protocol::run::{RunCounts, RunState};
use muster_protocol::secret::Secret;
use muster_protocol::time::TimeOfDay;
use muster_protocol::vault::SlotKind;
use musterd::vault::new_key_text;
use tokio::time::Instant;

use super::check::{self, Count};
use super::victim::{Halted, Victim};
use crate::harness::{Setup, World, eventually, two_legs};
use crate::sandbox::{Broker, Fault, Operation};

/// The day everything happens on.
const DATE: &str = "2026-11-23";
/// The minute of the day of the first pair of runs, the minutes between two pairs, and the last pair.
const FIRST: u16 = 9 * 60 + 20;
const APART: u16 = 12;
const LAST: u16 = 14 * 60 + 40;
/// Minutes from a run's time to the end of its window, and to where even doubts are closed.
const WINDOW: u16 = 5;
const OVER: u16 = 11;
/// Two runs at the same time, so that each kind of commit happens twice.
const PAIR: [char; 2] = ['a', 'b'];
/// Exchange seconds a real second.
const SPEED: f64 = 8.0;
/// A doubt that has not moved for so long is left to the end of its run.
const STILL: Duration = Duration::from_millis(800);
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(10);
/// A life sets and ends the halt this often.
const TURNS: usize = 2;

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

enum End {
    Died,
    /// Only doubts are left, and they do not move.
    Still,
    Over(Vec<RunDetails>, Victim),
}

/// The world, and where in its day it is.
pub struct Ground {
    pub(super) world: World,
    drill: PathBuf,
    minute: u16,
    number: u32,
    halted: Halted,
    alive: Option<Victim>,
    plans: Vec<PlanId>,
}

impl Ground {
    /// Connects so many accounts; `drill` is the tests' own binary.
    pub async fn new(accounts: usize, drill: &Path) -> anyhow::Result<Self> {
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
        world.clock.set(None, Some(SPEED), None);
        Ok(Self {
            world,
            drill: drill.to_owned(),
            minute: FIRST,
            number: 0,
            halted: Halted::Unknown,
            alive: None,
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
        let (mut deaths, mut died) = (deaths.into_iter(), 0);
        let details = loop {
            let death = deaths.next().unwrap_or(Death::Never);
            match self.live(&runs, death).await.with_context(|| self.last_words())? {
                End::Died => died += 1,
                End::Still => self.clock_to(self.minute + OVER)?,
                End::Over(details, victim) => {
                    self.alive = Some(victim);
                    break details;
                }
            }
        };
        self.world.sandbox.disarm();
        self.minute += APART;
        let orders = self.world.sandbox.orders().split_off(orders);
        let count = check::count(&details, &orders, self.calls() - calls);
        if !count.is_clean() {
            bail!("{count:?}\n{details:#?}\n{orders:#?}\n{}", self.last_words());
        }
        Ok((Count { kills: died as u64, ..count }, died))
    }

    /// Puts the plans of the next pair, takes those of the last away, and stops before their time
    /// with no daemon alive.
    async fn prepare(&mut self) -> anyhow::Result<Vec<RunId>> {
        let mut victim = match self.alive.take() {
            Some(victim) => victim,
            None => Victim::start(&self.world, &self.drill, None)?,
        };
        self.clock_to(self.minute - 1)?;
        self.number += 1;
        let old = std::mem::take(&mut self.plans);
        let mut runs = Vec::new();
        for letter in PAIR {
            let name = format!("k{}{letter}", self.number);
            let spec = PlanSpec {
                name: name.parse()?,
                at: time(self.minute).into(),
                window_until: time(self.minute + WINDOW).into(),
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
        Ok(runs)
    }

    async fn live(&mut self, runs: &[RunId], death: Death) -> anyhow::Result<End> {
        let fail_at = if let Death::At(point) = &death { Some(point.clone()) } else { None };
        let mut victim = Victim::start(&self.world, &self.drill, fail_at)?;
        let began = Instant::now();
        let (mut seen, mut moved, mut turns) = (Vec::new(), began, 0);
        loop {
            if victim.is_dead()? {
                return Ok(End::Died);
            }
            if matches!(death, Death::After(after) if began.elapsed() >= after) {
                victim.kill()?;
                return Ok(End::Died);
            }
            if began.elapsed() > PATIENCE {
                bail!("after {} s the runs are not over: {seen:#?}", PATIENCE.as_secs());
            }
            if turns < TURNS {
                let before = self.halted;
                self.halted = victim.turn_halt(&self.world, before).await?;
                turns += usize::from(self.halted != before);
            }
            if let Some(details) = victim.runs(&self.world, runs).await {
                if details.iter().all(is_over) {
                    return Ok(End::Over(details, victim));
                }
                let counts: Vec<RunCounts> = details.iter().map(|one| one.run.counts).collect();
                if seen != counts {
                    (seen, moved) = (counts, Instant::now());
                } else if details.iter().all(only_doubts) && moved.elapsed() >= STILL {
                    victim.kill()?;
                    return Ok(End::Still);
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn calls(&self) -> usize {
        let brokers = [Broker::AngelOne, Broker::Kite];
        brokers.map(|broker| self.world.sandbox.calls(broker, Operation::Place)).iter().sum()
    }

    fn clock_to(&self, minute: u16) -> anyhow::Result<()> {
        self.world.set_clock(&format!("{DATE}T{:02}:{:02}:00+05:30", minute / 60, minute % 60))
    }

    /// The end of what the daemons wrote, for whoever reads of a failure.
    fn last_words(&self) -> String {
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

fn only_doubts(details: &RunDetails) -> bool {
    let counts = &details.run.counts;
    let waiting = counts.planned + counts.sending;
    is_over(details) || details.run.fired_at.is_some() && waiting == 0
}
