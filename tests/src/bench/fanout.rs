//! The run at its time, for many accounts: the daemon in one process and the sandbox in another, over
//! TLS, with its journal; then the same requests by other means against the same sandbox.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Args;
use muster_protocol::client::Client;
use muster_protocol::plan::{Mode, PlanSpec};
use muster_protocol::request::{ArmPlan, ListRuns, PutPlan};
use muster_protocol::run::RunState;
use tempfile::TempDir;

use super::figures::{Figures, round};
use super::fleet::{self, Member, PASSPHRASE, Place};
use super::life::{COUNTED, Counted};
use super::measure::{Measured, arrivals_per_s, measure};
use super::sender::{Sent, leg};
use super::{others, say};
use crate::harness::{clock_anchor, eventually_within};
use crate::sandbox::{MarketHours, RateLimits, Rules, Sandbox, SandboxClock, SandboxConfig};

/// What is measured.
#[derive(Debug, Args)]
pub struct Fanout {
    /// Accounts, one order each.
    #[arg(long, default_value_t = 10_000)]
    accounts: u32,
    /// Only the object, no words about it.
    #[arg(long)]
    json: bool,
    /// Where the store is made: a folder on the disk that is meant.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// The Python that has the broker's client.
    #[arg(long, default_value = "target/sdk-venv/bin/python")]
    python: PathBuf,
    /// How often all of it is done, a minute and a half each time; each figure is the middle one, since two
    /// equal runs differ by a tenth where the machine has neighbours.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    rounds: u32,
    /// Leave the comparisons out.
    #[arg(long)]
    alone: bool,
    /// Seconds the daemon has from its start to the reading of books; more under a profiler.
    #[arg(long, default_value_t = 5)]
    boot: i64,
}

/// The instant of the run.
const FIRE: &str = "2026-11-23T15:10:00+05:30";
/// What the daemon may take without any account, in KiB.
const BASE_RSS_KIB: f64 = 40.0 * 1024.0;
/// How long a run may take that never ends.
const PATIENCE: Duration = Duration::from_secs(1_200);

/// Measures, and prints.
pub fn fanout(what: &Fanout) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut rounds = Vec::new();
    for round in 1..=what.rounds {
        let figures = runtime.block_on(run(what))?;
        say(&format!("round {round}: {}", serde_json::to_string(&figures)?));
        rounds.push(figures);
    }
    let result = Figures::middle_of(&rounds).context("no round")?;
    if !what.json {
        say(&format!("{result:#?}"));
    }
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&result)?)?;
    Ok(())
}

async fn run(what: &Fanout) -> anyhow::Result<Figures> {
    let scene = Scene::set(what).await?;
    let Life { rss_kib, commits } = scene.live(what, true).await?;
    let orders = scene.sandbox.orders();
    let measured = measure(&scene.place, &orders, FIRE.parse()?)?;
    let rate = measured.orders_per_s;
    let arrived = arrivals_per_s(&orders, FIRE.parse()?);
    let others = if what.alone { Others::default() } else { scene.others(what)? };
    scene.sandbox.stop().await;
    let unjournalled = if what.alone { None } else { unjournalled(what).await? };
    let accounts = f64::from(what.accounts);
    let versus = |other: Option<f64>| Some(round(rate? / other?));
    let Measured { plan_commit_ms, first_order_ms, p50_ms, p99_ms, duplicates, lost, .. } =
        measured;
    Ok(Figures {
        orders_per_s: rate.map(round),
        vs_wrk: versus(others.wrk),
        vs_python_sdk: versus(others.python),
        vs_unjournalled: arrived.zip(unjournalled).map(|(with, without)| round(with / without)),
        plan_commit_ms: round(plan_commit_ms),
        first_order_ms,
        p50_ms,
        p99_ms,
        commits,
        rss_kib_per_account: round((rss_kib - BASE_RSS_KIB).max(0.0) / accounts),
        duplicates,
        lost,
    })
}

/// The same run of the same daemon, which writes nothing down: orders a second.
async fn unjournalled(what: &Fanout) -> anyhow::Result<Option<f64>> {
    say("the same without the journal");
    let scene = Scene::set(what).await?;
    scene.live(what, false).await?;
    let rate = arrivals_per_s(&scene.sandbox.orders(), FIRE.parse()?);
    scene.sandbox.stop().await;
    say(&format!("unjournalled: {rate:?} orders/s"));
    Ok(rate)
}

/// A sandbox with its accounts, and the files of a daemon that has them too.
struct Scene {
    place: Place,
    clock: SandboxClock,
    sandbox: Sandbox,
    fleet: Vec<Member>,
    _folder: TempDir,
}

/// What a daemon's life came to.
struct Life {
    rss_kib: f64,
    commits: u64,
}

impl Scene {
    async fn set(what: &Fanout) -> anyhow::Result<Self> {
        let parent = what.folder.clone().unwrap_or_else(std::env::temp_dir);
        let folder = tempfile::tempdir_in(parent)?;
        let place = Place { folder: folder.path().to_owned() };
        let clock = SandboxClock::frozen_at(FIRE.parse().context("the instant")?);
        let sandbox = sandbox(clock.clone()).await?;
        say(&format!("{} accounts", what.accounts));
        let fleet = fleet::muster(&sandbox, what.accounts)?;
        let now = FIRE.parse::<muster_protocol::time::Timestamp>()?.plus(-3_600_000);
        fleet::write_store(&place.store(), &fleet, now)?;
        write_files(&place, &sandbox, &fleet, what.lead())?;
        Ok(Self { place, clock, sandbox, fleet, _folder: folder })
    }

    /// A daemon from its start to its end, with one run in between.
    async fn live(&self, what: &Fanout, journalled: bool) -> anyhow::Result<Life> {
        let boot = what.boot + i64::from(what.accounts) / 4_000;
        let lead = jiff::SignedDuration::from_secs(what.lead() + boot);
        self.clock.set(Some(FIRE.parse::<jiff::Timestamp>()? - lead), Some(1.0), Some(false));
        let daemon = start(&self.place, &self.clock, journalled)?;
        let rss_kib = the_run(&self.place, &daemon).await?;
        let commits = stop(&self.place, daemon).await?;
        Ok(Life { rss_kib, commits })
    }

    /// Orders a second by other means, at the same sandbox.
    fn others(&self, what: &Fanout) -> anyhow::Result<Others> {
        let root = self.sandbox.addresses().kite.base_url;
        tokio::task::block_in_place(|| {
            let Sent { orders, failed, seconds } = bare(&self.place, &root)?;
            ensure!(failed == 0, "{failed} orders of the bare sender failed");
            #[expect(clippy::cast_precision_loss, reason = "thousands of orders")]
            let rate = orders as f64 / seconds;
            say(&format!("the bare adapter: {rate:.0} orders/s"));
            let wrk = others::wrk(&self.place, &self.fleet, &root)?;
            say(&format!("wrk: {wrk:?} orders/s"));
            let python = others::python(&self.place, &self.fleet, (&what.python, &root))?;
            say(&format!("Python: {python:?} orders/s"));
            Ok(Others { wrk, python })
        })
    }
}

impl Fanout {
    /// Seconds for every account's book to be read between freeze and fire, and for the start before that.
    fn lead(&self) -> i64 {
        15 + i64::from(self.accounts) / 1_000
    }
}

async fn sandbox(clock: SandboxClock) -> anyhow::Result<Sandbox> {
    let rules = Rules {
        market_hours: MarketHours::AlwaysOpen,
        // An order's life at the exchange is not what is measured.
        fill_delay_ms: 0,
        // wrk goes round, and more often than ten times a second for each account if they are few; the
        // daemon's orders are to cost the sandbox the same.
        rate_limits: RateLimits::Off,
        ..Rules::default()
    };
    let config = SandboxConfig { accounts: 0, clock, tls: true, rules, ..SandboxConfig::default() };
    Sandbox::start(config).await
}

fn write_files(
    place: &Place,
    sandbox: &Sandbox,
    fleet: &[Member],
    lead: i64,
) -> anyhow::Result<()> {
    let summary = sandbox.addresses();
    let config = format!(
        r#"store = "{store}"
socket = "{socket}"
freeze_lead_s = {lead}
muster_times = ["08:30"]

[[egress]]
name = "main"
address = "127.0.0.1"
bind = "127.0.0.1"

[callback]
enabled = false

[brokers]
angel_one = "{angel}"
angel_one_instruments = "{angel}/OpenAPI_File/files/OpenAPIScripMaster.json"
zerodha = "{kite}"
extra_ca = "{ca}"
"#,
        store = place.store().display(),
        socket = place.socket().display(),
        angel = summary.angel_one.base_url,
        kite = summary.kite.base_url,
        ca = place.certificates().display(),
    );
    std::fs::write(place.config(), config)?;
    std::fs::write(place.folder.join("passphrase"), format!("{PASSPHRASE}\n"))?;
    std::fs::write(place.certificates(), summary.ca_pem.unwrap_or_default())?;
    std::fs::write(place.fleet(), serde_json::to_vec(fleet)?)?;
    Ok(())
}

fn start(place: &Place, clock: &SandboxClock, journalled: bool) -> anyhow::Result<Child> {
    let (wall, exchange) = clock_anchor(clock);
    let daemon = Command::new(std::env::current_exe()?)
        .arg("musterd")
        .arg("--config")
        .arg(place.config())
        .args(["--anchor".to_owned(), wall.to_string(), exchange.to_string()])
        .args((!journalled).then_some("--unjournalled"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn();
    daemon.context("start the daemon's process")
}

async fn client(place: &Place) -> anyhow::Result<Client> {
    let connected = Client::connect(&place.socket(), "bench", env!("CARGO_PKG_VERSION")).await;
    Ok(connected?.0)
}

/// Arms the plan and waits until its run is closed; what the daemon's memory was then, in KiB.
async fn the_run(place: &Place, daemon: &Child) -> anyhow::Result<f64> {
    eventually_within(PATIENCE, "the daemon answers", async || client(place).await.is_ok()).await?;
    let client = client(place).await?;
    let spec = PlanSpec::new("bench".parse()?, vec![leg()?]);
    let plan = client.call(PutPlan { spec }).await?;
    let (name, hash) = (plan.spec.name.clone(), plan.hash);
    client.call(ArmPlan { plan: name, mode: Mode::Live, hash }).await?;
    say("armed");
    eventually_within(PATIENCE, "the run is closed", async || {
        let runs = client.call(ListRuns {}).await.unwrap_or_default();
        runs.iter().any(|run| matches!(run.state, RunState::Closed | RunState::Missed { .. }))
    })
    .await?;
    say("closed");
    rss_kib(daemon.id())
}

fn rss_kib(pid: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).context("its memory")?;
    Ok(kib.trim().parse()?)
}

/// Ends the daemon in order; how many transactions it made.
async fn stop(place: &Place, mut daemon: Child) -> anyhow::Result<u64> {
    let killed = Command::new("kill").arg(daemon.id().to_string()).status()?;
    ensure!(killed.success(), "the daemon could not be told to stop");
    eventually_within(PATIENCE, "the daemon ends", async || {
        daemon.try_wait().is_ok_and(|ended| ended.is_some())
    })
    .await?;
    let counted: Counted = serde_json::from_slice(&std::fs::read(place.folder.join(COUNTED))?)?;
    Ok(counted.commits)
}

/// Orders a second by other means.
#[derive(Debug, Default)]
struct Others {
    wrk: Option<f64>,
    python: Option<f64>,
}

/// The adapter alone: neither engine nor journal.
fn bare(place: &Place, root: &str) -> anyhow::Result<Sent> {
    let run = Command::new(std::env::current_exe()?)
        .arg("sender")
        .arg("--fleet")
        .arg(place.fleet())
        .arg("--certificates")
        .arg(place.certificates())
        .args(["--root", root])
        .stderr(Stdio::inherit())
        .output()?;
    serde_json::from_slice(&run.stdout).context("the bare sender")
}
