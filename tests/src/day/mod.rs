//! The demo's day: a few people at both brokers, some of them not fit, one run at ten past three.

mod people;
mod report;

use std::time::Duration;

use anyhow::Context;
use muster_protocol::plan::PlanSpec;
use muster_protocol::reply::RunDetails;
use muster_protocol::request::{ListRuns, ShowRun};
use muster_protocol::run::RunState;

use crate::harness::{Daemon, Setup, World, eventually_within};
use crate::sandbox::{Broker, Fault, FaultKind, Operation};

pub use self::report::Count;

/// The day before, on which everybody is connected.
const CONNECTED_ON: &str = "2026-11-20T14:00:00+05:30";
/// The morning's logins.
const MORNING: &str = "2026-11-23T15:04:30+05:30";
/// Where the day is picked up.
pub const SHOWN_FROM: &str = "2026-11-23T15:08:00+05:30";
/// The last muster before the run.
const MUSTERS: &str = "muster_times = [\"08:30\", \"09:05\", \"15:00\", \"15:05\", \"15:09\"]";
/// How long the run may take by this machine's clock.
const PATIENCE: Duration = Duration::from_secs(300);

/// A day that has begun: everybody is connected, and the exchange clock stands before the run.
pub struct Day {
    /// Sandbox, store, socket.
    pub world: World,
    daemon: Daemon,
}

impl Day {
    /// Starts the sandbox and a real daemon, and connects everybody.
    pub async fn begin() -> anyhow::Result<Self> {
        let setup = Setup {
            accounts: people::NAMES.len(),
            starts: CONNECTED_ON.to_owned(),
            extra_config: MUSTERS.to_owned(),
            logs: false,
            ..Setup::default()
        };
        let world = World::new(setup).await?;
        let daemon = world.daemon().await?;
        let day = Self { world, daemon };
        day.connect().await?;
        Ok(day)
    }

    /// Moves the clock to the afternoon of the run at this speed, in exchange seconds a real second.
    pub async fn afternoon(&self, speed: f64) -> anyhow::Result<()> {
        self.world.set_clock(MORNING)?;
        people::trouble(&self.world)?;
        self.mornings_logins().await?;
        self.world.arm(plan()).await?;
        // The musters of the day are held before anybody looks.
        self.world.set_clock("2026-11-23T15:05:01+05:30")?;
        self.checks_over().await?;
        let from = SHOWN_FROM.parse().context("the time the day is shown from")?;
        self.world.clock.set(Some(from), Some(speed), None);
        Ok(())
    }

    /// Waits for the end of the run.
    pub async fn run(&self) -> anyhow::Result<RunDetails> {
        eventually_within(PATIENCE, "the run is over", async || {
            let found = self.details().await;
            found.is_ok_and(|details| match details.run.state {
                RunState::Closed | RunState::Missed { .. } => true,
                RunState::Frozen | RunState::Firing => false,
            })
        })
        .await?;
        self.details().await
    }

    /// The newest run as it stands.
    pub async fn details(&self) -> anyhow::Result<RunDetails> {
        let (client, _feed) = self.world.client().await?;
        let runs = client.call(ListRuns {}).await?;
        let run = runs.into_iter().next_back().context("there is no run yet")?;
        Ok(client.call(ShowRun { run: run.id }).await?)
    }

    /// Counts the run as it stands against the brokers' own books.
    pub async fn count(&self) -> anyhow::Result<Count> {
        let snapshot = self.world.look().await?.snapshot;
        let run = self.details().await.ok();
        Ok(Count::new(&snapshot, run.as_ref(), &self.world.sandbox.orders()))
    }

    /// Stops the daemon in order, then the sandbox.
    pub async fn end(self) -> anyhow::Result<()> {
        self.daemon.stop().await?;
        self.world.sandbox.stop().await;
        Ok(())
    }

    async fn connect(&self) -> anyhow::Result<()> {
        for person in people::everybody(&self.world)? {
            self.world.connect_well(&person).await?;
        }
        self.world.auto_execute_all().await
    }

    /// Everybody at Zerodha logs in but one.
    async fn mornings_logins(&self) -> anyhow::Result<()> {
        let accounts = self.world.look().await?.snapshot.accounts;
        for (user, account) in people::at_zerodha(&self.world)? {
            if user == people::NOT_LOGGED_IN {
                continue;
            }
            let kept = accounts.iter().find(|kept| kept.user.as_str() == user);
            let id = kept.with_context(|| format!("{user} has no account"))?.id;
            self.world.log_in(id, &account).await?;
        }
        Ok(())
    }

    async fn checks_over(&self) -> anyhow::Result<()> {
        eventually_within(PATIENCE, "the muster is over", async || {
            let Ok(seen) = self.world.look().await else { return false };
            let accounts = &seen.snapshot.accounts;
            accounts.iter().all(|account| {
                use muster_protocol::account::AccountStatus::{Testing, Untested};
                let today = account
                    .last_check
                    .as_ref()
                    .is_some_and(|check| check.started.date() == seen.snapshot.status.now.date());
                let waits = account.user.as_str() == people::NOT_LOGGED_IN;
                !matches!(account.status, Testing | Untested) && (today || waits)
            })
        })
        .await
    }

    /// Makes the run worth watching: an answer that is lost, and one that takes its time.
    pub fn arm_faults(&self) {
        let sandbox = &self.world.sandbox;
        sandbox.arm(Fault::once(Broker::Kite, Operation::Place, FaultKind::AcceptThenClose));
        let mut slow = Fault::once(Broker::AngelOne, Operation::Place, FaultKind::Slow);
        (slow.times, slow.seconds) = (Some(6), Some(0.4));
        sandbox.arm(slow);
    }
}

/// Three legs, sells first.
fn plan() -> PlanSpec {
    serde_json::from_value(serde_json::json!({
        "name": "btst",
        "legs": [
            {"exchange": "NSE", "symbol": "INFY", "side": "SELL", "quantity": 5,
             "product": "delivery", "price": {"rule": "limit", "price": 151_500}},
            {"exchange": "NSE", "symbol": "SBIN", "side": "BUY", "quantity": 20,
             "product": "delivery", "price": {"rule": "limit", "price": 81_650}},
            {"exchange": "NSE", "symbol": "ITC", "side": "BUY", "quantity": 50,
             "product": "delivery", "price": {"rule": "market"}},
        ]
    }))
    .expect("the literal above is a plan; the demo's own test reads it")
}
