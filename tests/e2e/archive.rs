//! A run that is over long since: out of the log and the memory, and still there for whoever asks.

use anyhow::Context;
use muster_protocol::account::{LastRun, SessionView};

use muster_protocol::client::{CallError, Client};
use muster_protocol::frame::Code;
use muster_protocol::halt::Verdict;
use muster_protocol::ids::{IntentId, RunId};
use muster_protocol::order::Broker;
use muster_protocol::reply::RunDetails;
use muster_protocol::request::{
    House, ListRuns, QueryReport, ResolveIntent, Selection, ShowRun, TestAccounts,
};
use muster_protocol::run::RunState;
use muster_protocol::tally::RunReport;
use muster_tests::harness::{Daemon, Setup, World, eventually, two_legs};
use musterd::passphrase::{Passphrase, Source};
use musterd::store::Store;
use musterd::upkeep::{self, UpkeepError};
use redb::ReadableTable;

const MONDAY: &str = "btst@2026-11-23";

fn passphrase(world: &World) -> anyhow::Result<Passphrase> {
    let directory = world.folder().to_owned();
    Ok(Passphrase::read(&Source::Credential { directory, name: "passphrase".to_owned() })?)
}

fn run(name: &str) -> anyhow::Result<RunId> {
    Ok(name.to_owned().try_into()?)
}

/// All that can be asked about Monday's run, and of what it is the last.
struct Told {
    details: RunDetails,
    report: Vec<RunReport>,
    last: Vec<Option<LastRun>>,
}

async fn ask(world: &World) -> anyhow::Result<Told> {
    let (client, _feed) = world.client().await?;
    let details = client.call(ShowRun { run: run(MONDAY)? }).await?;
    let date = Some("2026-11-23".parse()?);
    let report = client.call(QueryReport { date }).await?.runs;
    let accounts = world.look().await?.snapshot.accounts;
    Ok(Told { details, report, last: accounts.into_iter().map(|a| a.last_run).collect() })
}

fn assert_same(now: &Told, before: &Told, when: &str) {
    assert_eq!(now.details, before.details, "{when}");
    assert_eq!(now.report, before.report, "{when}");
}

/// Evenings after evenings go by, a quarter of an hour at a time, until the run is archived.
async fn archived(world: &World) -> anyhow::Result<()> {
    let mut minutes = 0;
    eventually("the run is archived", async || {
        minutes = (minutes + 1) % 240;
        let clock = format!("2026-12-01T{:02}:{:02}:00+05:30", 19 + minutes / 60, minutes % 60);
        let moved = world.set_clock(&clock).is_ok();
        let seen = world.look().await.map(|seen| seen.snapshot.journal).unwrap_or_default();
        let said = |text: &str| text.starts_with("archived: its 8 orders");
        moved && seen.iter().any(|entry| said(&entry.text))
    })
    .await
}

async fn placed(client: &Client, run: &RunId) -> Option<RunDetails> {
    let details = client.call(ShowRun { run: run.clone() }).await.ok()?;
    (details.run.state == RunState::Closed).then_some(details)
}

/// A world on Monday evening, its run over and tallied.
async fn tallied() -> anyhow::Result<(World, Daemon)> {
    let world = World::new(Setup::default()).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    world.arm(two_legs()).await?;
    world.set_clock("2026-11-23T15:09:59+05:30")?;
    let (client, _feed) = world.client().await?;
    let monday = run(MONDAY)?;
    eventually("it is over", async || placed(&client, &monday).await.is_some()).await?;
    world.set_clock("2026-11-23T16:10:00+05:30")?;
    eventually("it is tallied", async || {
        client.call(ShowRun { run: monday.clone() }).await.is_ok_and(|d| d.run.tally.is_some())
    })
    .await?;
    Ok((world, daemon))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_last_week_leaves_the_log_and_is_shown_as_before_also_after_a_restart()
-> anyhow::Result<()> {
    let (world, daemon) = tallied().await?;
    let (client, _feed) = world.client().await?;
    let monday = run(MONDAY)?;
    let before = ask(&world).await?;
    assert_eq!(before.details.intents.len(), 8);
    let list = client.call(ListRuns {}).await?;
    assert_eq!(list, std::slice::from_ref(&before.details.run));
    let full = client.call(House {}).await?.records;

    archived(&world).await?;
    let told = ask(&world).await?;
    assert_same(&told, &before, "archived");
    assert_eq!((told.last.len(), &told.last), (4, &before.last), "each one's last run");
    let list = client.call(ListRuns {}).await?;
    assert!(list.iter().all(|run| run.id != monday), "{list:?}");
    let late = ResolveIntent {
        intent: IntentId { run: monday.clone(), ..before.details.intents[0].id.clone() },
        verdict: Verdict::NotPlaced,
    };
    let refused = client.call(late).await;
    assert!(matches!(refused, Err(CallError::Refused(f)) if f.code == Code::Conflict));
    let few = client.call(House {}).await?.records;
    assert!(few < full, "{few} of {full}");
    daemon.stop().await?;
    let found = upkeep::verify(&world.store(), &passphrase(&world)?)?;
    assert_eq!(found.archived, 1);
    // A run is frozen, fired, closed and tallied, an order sent, accepted and followed at least.
    let of_run = Store::open(&world.store())?.archived(MONDAY)?.len();
    assert!(of_run >= 4 + 8 * 2, "{of_run}");

    let daemon = world.daemon().await?;
    let told = ask(&world).await?;
    assert_same(&told, &before, "after a restart");
    assert_eq!(told.last, before.last, "after a restart");
    world.set_clock("2026-12-02T12:00:00+05:30")?;
    let (client, _feed) = world.client().await?;
    client.call(TestAccounts { accounts: Selection::All }).await?;
    let mut ready = 0;
    eventually("who can log in alone has", async || {
        let accounts = world.look().await.map(|seen| seen.snapshot.accounts).unwrap_or_default();
        let live = accounts.iter().filter(|a| matches!(a.session, SessionView::Live { .. }));
        ready = live.filter(|account| account.broker == Broker::AngelOne).count();
        ready == 2
    })
    .await?;
    world.set_clock("2026-12-02T15:09:59+05:30")?;
    let wednesday = run("btst@2026-12-02")?;
    eventually("the plan fires as ever", async || placed(&client, &wednesday).await.is_some())
        .await?;
    let details = placed(&client, &wednesday).await.context("closed")?;
    assert_eq!(details.run.counts.placed(), 4, "{:?}", details.run);
    assert_eq!(world.sandbox.orders().len(), 8 + 4);
    assert_same(&ask(&world).await?, &before, "and after it");
    daemon.stop().await
}

/// What is not what was put there is not shown, and the rest of the daemon does not mind.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_archive_is_an_error_that_says_so() -> anyhow::Result<()> {
    let (world, daemon) = tallied().await?;
    let monday = run(MONDAY)?;
    archived(&world).await?;
    daemon.stop().await?;
    {
        let table = redb::TableDefinition::<(&str, u32), &[u8]>::new("archive");
        let db = redb::Database::open(world.store())?;
        let writing = db.begin_write()?;
        let mut block =
            writing.open_table(table)?.get((MONDAY, 0))?.context("a block")?.value().to_vec();
        let end = block.len() - 20;
        block.truncate(end);
        writing.open_table(table)?.insert((MONDAY, 0), block.as_slice())?;
        writing.commit()?;
    }
    let verified = upkeep::verify(&world.store(), &passphrase(&world)?);
    assert!(matches!(verified, Err(UpkeepError::Archive(_))), "{verified:?}");
    let daemon = world.daemon().await?;
    let (client, _feed) = world.client().await?;
    let date = Some("2026-11-23".parse()?);
    for refused in [
        client.call(ShowRun { run: monday.clone() }).await.map(drop),
        client.call(QueryReport { date }).await.map(drop),
    ] {
        let Err(CallError::Refused(failure)) = refused else { anyhow::bail!("{refused:?}") };
        assert!(failure.message.contains("musterd verify"), "{failure}");
    }
    assert!(!client.call(ListRuns {}).await?.is_empty(), "the others are as they were");
    daemon.stop().await
}
