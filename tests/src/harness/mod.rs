//! A whole world in one place: the sandbox, a real daemon on a temporary store, people who connect.

pub mod clock;
mod daemon;
pub mod eventually;
mod http;
mod journal;
mod people;
mod proxy;
mod tally;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::Context;
use muster_protocol::client::{Client, FeedReceiver};
use muster_protocol::plan::{Mode, PlanSpec, PlanView};
use muster_protocol::reply::Subscribed;
use muster_protocol::request::{ArmPlan, PutPlan, Selection, SetAutoExecute, Subscribe};

use self::clock::DayClock;
use crate::sandbox::{Sandbox, SandboxClock, SandboxConfig};

pub use self::daemon::{Daemon, Outside};
pub use self::eventually::{eventually, eventually_within};
pub use self::journal::fill_journal;
pub use self::people::{Person, SECRET_MARK};
pub use self::proxy::{Manner, PROXY, Proxy, Speaks};
pub use self::tally::{Tally, tally};

/// How a world begins.
pub struct Setup {
    /// Accounts at the sandbox, over both brokers.
    pub accounts: usize,
    /// Exchange time at the start, RFC 3339.
    pub starts: String,
    /// Exchange seconds a real second.
    pub speed: f64,
    /// More lines for the daemon's configuration.
    pub extra_config: String,
    /// Whether a daemon in this process writes its log where the test runner shows it; not where a
    /// screen is shown.
    pub logs: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            accounts: 4,
            starts: "2026-11-23T12:00:00+05:30".to_owned(),
            speed: 1.0,
            extra_config: String::new(),
            logs: true,
        }
    }
}

/// The world.
pub struct World {
    /// Both brokers.
    pub sandbox: Sandbox,
    /// The exchange clock of everybody in it.
    pub clock: SandboxClock,
    folder: tempfile::TempDir,
    logs: bool,
}

impl World {
    /// Starts the sandbox and writes the daemon's configuration and store; no daemon runs yet.
    pub async fn new(setup: Setup) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir_in(fast_folder())?;
        let callback = free_port().await?;
        let starts = setup.starts.parse().context("the starting time")?;
        let clock = SandboxClock::starting_at(starts, setup.speed);
        let sandbox = Sandbox::start(SandboxConfig {
            accounts: setup.accounts,
            clock: clock.clone(),
            redirect_url: format!("http://127.0.0.1:{callback}/kite"),
            ..SandboxConfig::default()
        })
        .await?;
        let world = Self { sandbox, clock, folder, logs: setup.logs };
        world.write_config(callback, &setup.extra_config)?;
        std::fs::write(world.folder.path().join("passphrase"), "CANARY-passphrase\n")?;
        daemon::init(&world)?;
        Ok(world)
    }

    /// Starts a daemon in this process.
    pub async fn daemon(&self) -> anyhow::Result<Daemon> {
        self.daemon_by(Arc::new(DayClock(self.clock.clone()))).await
    }

    /// Starts a daemon in this process that lives by this clock.
    pub async fn daemon_by(&self, clock: Arc<dyn musterd::clock::Clock>) -> anyhow::Result<Daemon> {
        Daemon::start(self, clock).await
    }

    /// Starts a daemon that is expected to be refused; its words.
    pub async fn daemon_refused(&self) -> anyhow::Result<String> {
        daemon::refused(self).await
    }

    /// The folder with the store, the socket and the configuration.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The daemon's socket.
    pub fn socket(&self) -> PathBuf {
        self.folder().join("musterd.sock")
    }

    /// The daemon's store.
    pub fn store(&self) -> PathBuf {
        self.folder().join("store.redb")
    }

    /// The daemon's configuration.
    pub fn config(&self) -> PathBuf {
        self.folder().join("musterd.toml")
    }

    /// A client on the daemon's socket, and what it is told.
    pub async fn client(&self) -> anyhow::Result<(Client, FeedReceiver)> {
        let connected = Client::connect(&self.socket(), "test", env!("CARGO_PKG_VERSION")).await;
        connected.context("connect to the daemon")
    }

    /// A fresh snapshot, with the whole journal's tail.
    pub async fn look(&self) -> anyhow::Result<Subscribed> {
        let (client, _feed) = self.client().await?;
        Ok(client.call(Subscribe { journal_tail: 1_000 }).await?)
    }

    /// Puts the plan and sets it live.
    pub async fn arm(&self, spec: PlanSpec) -> anyhow::Result<PlanView> {
        let (client, _feed) = self.client().await?;
        let plan = client.call(PutPlan { spec }).await?;
        let name = plan.spec.name.clone();
        Ok(client.call(ArmPlan { plan: name, mode: Mode::Live, hash: plan.hash }).await?)
    }

    /// Lets every account take part in runs.
    pub async fn auto_execute_all(&self) -> anyhow::Result<()> {
        let (client, _feed) = self.client().await?;
        client.call(SetAutoExecute { accounts: Selection::All, on: true }).await?;
        Ok(())
    }

    /// Moves the exchange clock.
    pub fn set_clock(&self, to: &str) -> anyhow::Result<()> {
        self.clock.set(Some(to.parse().context("the time to move to")?), None, None);
        Ok(())
    }

    fn write_config(&self, callback: u16, extra: &str) -> anyhow::Result<()> {
        let summary = self.sandbox.summary();
        let text = format!(
            r#"store = "{store}"
socket = "{socket}"
{extra}
[[egress]]
name = "main"
address = "127.0.0.1"
bind = "127.0.0.1"
observe_url = "{observer}"

[callback]
listen = "127.0.0.1:{callback}"

[brokers]
angel_one = "{angel}"
angel_one_instruments = "{angel}/OpenAPI_File/files/OpenAPIScripMaster.json"
zerodha = "{kite}"
zerodha_login = "{login}"

[http]
connect_ms = 2000
call_ms = 4000
"#,
            store = self.store().display(),
            socket = self.socket().display(),
            observer = summary.observer_url,
            angel = summary.angel_one.base_url,
            kite = summary.kite.base_url,
            login = summary.kite.login_url,
        );
        std::fs::write(self.config(), text)?;
        Ok(())
    }
}

/// Memory, where there is some to keep files in: a disk that others keep busy can take half a minute
/// to make a commit durable. What a crash of the machine leaves is tested where the store is.
fn fast_folder() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}

/// A port for a callback. Below the range the system hands out by itself: a free port from there could
/// be another listener's by the time the daemon binds it.
async fn free_port() -> anyhow::Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let own = u16::try_from(std::process::id() % 500).unwrap_or(0) * 20;
    for _ in 0..TRIES {
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST_PORT + (own.wrapping_add(next) % PORTS);
        if tokio::net::TcpListener::bind(("127.0.0.1", port)).await.is_ok() {
            return Ok(port);
        }
    }
    anyhow::bail!("no port is free for the login callback")
}

const FIRST_PORT: u16 = 20_000;
const PORTS: u16 = 10_000;
const TRIES: u16 = 1_000;

/// Two legs everybody in the sandbox can trade: sell one share, buy another.
pub fn two_legs() -> PlanSpec {
    serde_json::from_value(serde_json::json!({
        "name": "btst",
        "legs": [
            {"exchange": "NSE", "symbol": "INFY", "side": "SELL", "quantity": 1,
             "product": "delivery", "price": {"rule": "limit", "price": 140_000}},
            {"exchange": "NSE", "symbol": "SBIN", "side": "BUY", "quantity": 2,
             "product": "delivery", "price": {"rule": "limit", "price": 90_000}},
        ]
    }))
    .expect("the literal above is a plan; every test that arms it reads it")
}

/// The same moment on this machine's clock and on the exchange's, in Unix milliseconds: what a
/// process of its own needs to live by the same time.
pub(crate) fn clock_anchor(clock: &SandboxClock) -> (i64, i64) {
    clock.anchor()
}
