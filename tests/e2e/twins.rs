//! Two daemons on copies of one store, at the same brokers, at the same moment.

use std::sync::Arc;

use anyhow::Context;
use muster_protocol::client::Client;
use muster_protocol::event::JournalEntry;
use muster_protocol::plan::PlanSpec;
use muster_protocol::request::{JournalFilter, QueryJournal, Status};
use muster_protocol::status::HoldReason;
use muster_tests::harness::clock::DayClock;
use muster_tests::harness::{Setup, World, eventually, two_legs};
use musterd::config::Config;
use musterd::daemon::{DaemonError, Edges};
use musterd::passphrase::{Passphrase, Source};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const ACCOUNTS: usize = 6;
const LEGS: i64 = 40;

/// So many legs that the books are read while they leave.
fn long() -> anyhow::Result<PlanSpec> {
    let mut spec = two_legs();
    let leg = spec.legs.last().context("a leg")?.clone();
    let at = |step: i64| {
        let price = serde_json::from_value(serde_json::json!({
            "rule": "limit", "price": 90_000 + 5 * step
        }));
        Ok(muster_protocol::order::Leg { price: price?, quantity: 1.try_into()?, ..leg.clone() })
    };
    spec.legs = (0..LEGS).map(at).collect::<anyhow::Result<_>>()?;
    Ok(spec)
}

/// A daemon on a copy of the world's store.
struct Twin {
    socket: std::path::PathBuf,
    stop: CancellationToken,
    task: JoinHandle<Result<(), DaemonError>>,
}

impl Twin {
    async fn start(world: &World) -> anyhow::Result<Self> {
        let folder = world.folder().join("twin");
        std::fs::create_dir(&folder)?;
        for file in std::fs::read_dir(world.folder())? {
            let file = file?;
            let name = file.file_name();
            if name.to_string_lossy().starts_with("store.redb") {
                std::fs::copy(file.path(), folder.join(name))?;
            }
        }
        let (here, there) = (world.folder().display().to_string(), folder.display().to_string());
        let text = std::fs::read_to_string(world.config())?.replace(&here, &there);
        let text = text.replace("[callback]", "[callback]\nenabled = false");
        std::fs::write(folder.join("musterd.toml"), text)?;
        let config = Config::read(&folder.join("musterd.toml"))?;
        let source = Source::Credential {
            directory: world.folder().to_owned(),
            name: "passphrase".to_owned(),
        };
        let (stop, socket) = (CancellationToken::new(), folder.join("musterd.sock"));
        let edges = Edges { clock: Arc::new(DayClock(world.clock.clone())), socket: None };
        let passphrase = Some(Passphrase::read(&source)?);
        let task = tokio::spawn(musterd::daemon::run(config, passphrase, edges, stop.clone()));
        let twin = Self { socket, stop, task };
        eventually("the twin answers", async || twin.client().await.is_ok()).await?;
        Ok(twin)
    }

    async fn client(&self) -> anyhow::Result<Client> {
        Ok(Client::connect(&self.socket, "test", env!("CARGO_PKG_VERSION")).await?.0)
    }

    async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        Ok(self.task.await??)
    }
}

async fn journal(client: &Client) -> anyhow::Result<Vec<JournalEntry>> {
    let filter = JournalFilter::default();
    Ok(client.call(QueryJournal { after: 0, limit: 1_000, filter }).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn i18_two_daemons_on_copies_of_one_store_see_each_other_in_the_books_and_stop()
-> anyhow::Result<()> {
    let world = World::new(Setup { accounts: ACCOUNTS, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    world.arm(long()?).await?;
    daemon.stop().await?;
    let twin = Twin::start(&world).await?;
    let daemon = world.daemon().await?;
    let (one, other) = (world.client().await?.0, twin.client().await?);
    for client in [&one, &other] {
        assert_eq!(client.call(Status {}).await?.held, None, "neither knows of the other");
    }
    world.set_clock("2026-11-23T15:09:59+05:30")?;
    for client in [&one, &other] {
        eventually("it has seen the other and holds", async || {
            let status = client.call(Status {}).await;
            status.is_ok_and(|status| status.held == Some(HoldReason::SecondSender))
        })
        .await?;
    }
    // Both are held; what is on its way comes in.
    world.set_clock("2026-11-23T15:15:00+05:30")?;
    let whole = ACCOUNTS * usize::try_from(LEGS)?;
    eventually("what was not sent is said to be", async || {
        let Ok(lines) = journal(&one).await else { return false };
        lines.iter().any(|line| line.text.starts_with("MISSED") || line.text.contains("not sent"))
    })
    .await?;
    let orders = world.sandbox.orders();
    assert!(orders.len() < 2 * whole, "{} of {whole} each", orders.len());
    let mut tags: Vec<_> = orders.iter().filter_map(|order| order.tag.clone()).collect();
    tags.sort();
    let twice = tags.windows(2).filter(|pair| pair[0] == pair[1]).count();
    assert!(twice > 0, "they did not meet, and nothing was shown");
    for client in [&one, &other] {
        let lines = journal(client).await?;
        for words in ["DUPLICATE: the broker has another order of it", "SECOND SENDER"] {
            assert!(lines.iter().any(|line| line.text.contains(words)), "{words}");
        }
    }
    twin.stop().await?;
    daemon.stop().await
}
