//! The daemon of a bench, in a process of its own: the real one, under the machine's clock set to the
//! sandbox's time, with a counter beside it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use clap::Args;
use muster_protocol::time::Timestamp;
use musterd::clock::{Clock, Shown, SystemClock};
use musterd::config::Config;
use musterd::daemon::{Edges, run};
use musterd::passphrase::{Passphrase, Source};
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// How the daemon of a bench is started; by `muster-bench` itself.
#[derive(Debug, Args)]
pub struct Life {
    /// The configuration file.
    #[arg(long)]
    config: PathBuf,
    /// With a journal that is not written.
    #[arg(long)]
    unjournalled: bool,
    /// The same moment on this machine's clock and on the exchange's, in Unix milliseconds.
    #[arg(long, num_args = 2)]
    anchor: Vec<i64>,
}

/// What it counted.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Counted {
    /// Transactions.
    pub(super) commits: u64,
}

/// The file of the counts, beside the configuration.
pub(super) const COUNTED: &str = "counted.json";
/// What the store's writer calls a transaction.
const COMMIT: &str = "musterd::commit";

/// Counts transactions.
struct Counter(Arc<AtomicU64>);

impl<S: Subscriber> Layer<S> for Counter {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == COMMIT {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The machine's own clock, that of the product, ahead by so many milliseconds.
struct Shifted {
    machine: SystemClock,
    ahead: i64,
}

impl Shifted {
    fn new(ahead: i64) -> Self {
        // Of no time service: what it says is not measured here.
        Self { machine: SystemClock::new(PathBuf::new()), ahead }
    }
}

#[async_trait]
impl Clock for Shifted {
    fn now(&self) -> Timestamp {
        self.machine.now().plus(self.ahead)
    }

    async fn sleep_until(&self, at: Timestamp) {
        self.machine.sleep_until(at.plus(-self.ahead)).await;
    }

    fn shown(&self) -> Shown {
        let shown = self.machine.shown();
        Shown { wall_us: shown.wall_us.saturating_add(self.ahead.saturating_mul(1_000)), ..shown }
    }
}

/// Runs until it is told to stop, then writes down what it counted.
pub fn live(life: &Life) -> anyhow::Result<()> {
    let commits = Arc::new(AtomicU64::new(0));
    let only = tracing_subscriber::filter::filter_fn(|about| about.target() == COMMIT);
    let counter = Counter(Arc::clone(&commits)).with_filter(only);
    tracing_subscriber::registry().with(counter).init();
    if life.unjournalled {
        musterd::store::unjournalled::begin();
    }
    let config = Config::read(&life.config)?;
    let folder = life.config.parent().map(PathBuf::from).unwrap_or_default();
    let source = Source::Credential { directory: folder.clone(), name: "passphrase".to_owned() };
    let passphrase = Some(Passphrase::read(&source)?);
    let [wall, exchange] = life.anchor.as_slice() else {
        anyhow::bail!("--anchor takes two numbers")
    };
    let clock = Arc::new(Shifted::new(exchange.saturating_sub(*wall)));
    let edges = Edges { clock, socket: None };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let stop = CancellationToken::new();
        let told = stop.clone();
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::spawn(async move {
            terminate.recv().await;
            told.cancel();
        });
        anyhow::Ok(run(config, passphrase, edges, stop).await?)
    })?;
    let told = Counted { commits: commits.load(Ordering::Relaxed) };
    std::fs::write(folder.join(COUNTED), serde_json::to_vec(&told)?)?;
    Ok(())
}
