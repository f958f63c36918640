//! The brokers' lists of instruments in a running daemon: looked up through the socket, kept over a
//! restart, renewed each trading day, and a reason to be unfit where they are not of today.

use anyhow::Context;
use muster_protocol::account::{Fitness, Unfit};
use muster_protocol::client::CallError;
use muster_protocol::frame::Code;
use muster_protocol::instrument::InstrumentView;
use muster_protocol::order::Broker;
use muster_protocol::request::SearchInstruments;
use muster_tests::harness::{Setup, World, eventually};
use muster_tests::sandbox::{self, Fault, FaultKind, Operation};

async fn search(world: &World, text: &str) -> anyhow::Result<Vec<InstrumentView>> {
    let (client, _feed) = world.client().await?;
    Ok(client.call(SearchInstruments { text: text.to_owned(), limit: 50 }).await?)
}

fn downloads(world: &World) -> usize {
    let calls = |side| world.sandbox.calls(side, Operation::Instruments);
    calls(sandbox::Broker::AngelOne) + calls(sandbox::Broker::Kite)
}

/// From now on neither broker gives its list.
fn no_lists(world: &World) {
    for side in [sandbox::Broker::AngelOne, sandbox::Broker::Kite] {
        let fault = Fault::once(side, Operation::Instruments, FaultKind::RefuseStatus);
        world.sandbox.arm(Fault { times: Some(u32::MAX), ..fault });
    }
}

async fn listed(world: &World) -> anyhow::Result<()> {
    eventually("both lists are here", async || {
        let found = search(world, "nse:sbin").await;
        found.is_ok_and(|found| found.first().is_some_and(|row| row.brokers.len() == 2))
    })
    .await
}

/// Why accounts are unfit for want of a list: of which day the one that is here is.
async fn lacking(world: &World) -> anyhow::Result<Vec<String>> {
    let accounts = world.look().await?.snapshot.accounts;
    let reasons = accounts.into_iter().filter_map(|account| match account.fitness {
        Fitness::Unfit { reasons } => reasons
            .into_iter()
            .find(|reason| matches!(reason, Unfit::NoInstruments { .. }))
            .map(|reason| reason.words()),
        Fitness::Fit | Fitness::Off => None,
    });
    Ok(reasons.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_searched_through_the_socket() -> anyhow::Result<()> {
    let world = World::new(Setup { accounts: 2, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    let (client, _feed) = world.client().await?;
    let early = client.call(SearchInstruments { text: "sbin".to_owned(), limit: 5 }).await;
    let Err(CallError::Refused(early)) = early else { anyhow::bail!("a list before any account") };
    assert_eq!(early.code, Code::NotFound);
    world.connect_all().await?;
    listed(&world).await?;
    let found = search(&world, "nfo: nifty fut").await?;
    let first = found.first().context("nothing found")?;
    assert!(first.symbol.starts_with("NIFTY") && first.symbol.ends_with("FUT"), "{first:?}");
    assert_eq!(first.brokers, Broker::ALL);
    assert!(search(&world, "no such thing").await?.is_empty());
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_kept_over_a_restart_unless_its_file_is_damaged() -> anyhow::Result<()> {
    let world = World::new(Setup { accounts: 2, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    listed(&world).await?;
    daemon.stop().await?;
    let before = downloads(&world);
    let daemon = world.daemon().await?;
    listed(&world).await?;
    assert_eq!(downloads(&world), before, "what was kept needs no network");
    daemon.stop().await?;
    for name in ["angel.list", "zerodha.list"] {
        let file = world.folder().join("instruments").join(name);
        let mut bytes = std::fs::read(&file)?;
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&file, bytes)?;
    }
    let daemon = world.daemon().await?;
    listed(&world).await?;
    assert_eq!(downloads(&world), before + 2, "both were downloaded again");
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_list_of_today_nobody_is_fit() -> anyhow::Result<()> {
    let world = World::new(Setup { accounts: 2, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    listed(&world).await?;
    assert_eq!(lacking(&world).await?, Vec::<String>::new());
    no_lists(&world);
    // The next trading day, after the hour at which lists are new; sessions are over, too.
    world.set_clock("2026-11-25T08:31:00+05:30")?;
    eventually("both accounts lack a list", async || {
        lacking(&world).await.is_ok_and(|why| {
            why.len() == 2 && why.iter().all(|why| why.ends_with("is of 2026-11-23"))
        })
    })
    .await?;
    world.sandbox.disarm();
    world.set_clock("2026-11-25T08:45:00+05:30")?;
    eventually("the lists came", async || {
        lacking(&world).await.is_ok_and(|reasons| reasons.is_empty())
    })
    .await?;
    daemon.stop().await
}
