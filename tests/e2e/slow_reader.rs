//! I23: who does not read delays nobody, and learns in the end how things stand; who reads misses nothing.

use anyhow::Context;
use muster_protocol::event::{Delta, Feed, Snapshot};
use muster_protocol::ids::RunId;
use muster_protocol::reply::RunDetails;
use muster_protocol::request::{
    JournalFilter, QueryJournal, Selection, SetActive, ShowRun, Subscribe,
};
use muster_protocol::run::{IntentStatus, RunState};
use muster_tests::harness::{Setup, Tally, World, eventually, tally, two_legs};

use crate::wire::Wire;

async fn run(world: &World) -> anyhow::Result<RunDetails> {
    let (client, _feed) = world.client().await?;
    let run: RunId = "btst@2026-11-23".to_owned().try_into()?;
    Ok(client.call(ShowRun { run }).await?)
}

async fn world(accounts: usize) -> anyhow::Result<World> {
    World::new(Setup { accounts, ..Setup::default() }).await
}

/// More changes than wait for one subscriber, and more than a socket's buffer takes.
async fn flood(world: &World) -> anyhow::Result<()> {
    let (client, _feed) = world.client().await?;
    for turn in 0..80 {
        let accounts = Selection::All;
        client.call(SetActive { accounts, on: turn % 2 == 1 }).await?;
    }
    Ok(())
}

/// The run, for everyone who is connected.
async fn fire(world: &World) -> anyhow::Result<RunDetails> {
    world.auto_execute_all().await?;
    world.arm(two_legs()).await?;
    world.set_clock("2026-11-23T15:09:59+05:30")?;
    eventually("the run is closed", async || {
        run(world).await.is_ok_and(|details| details.run.state == RunState::Closed)
    })
    .await?;
    run(world).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_gets_every_number_and_ends_where_a_snapshot_begins() -> anyhow::Result<()> {
    let world = world(4).await?;
    let daemon = world.daemon().await?;
    let mut wire = Wire::open(&world.socket()).await?;
    let start = wire.call(&Subscribe { journal_tail: 1_000 }).await??;
    world.connect_all().await?;
    let details = fire(&world).await?;
    assert_eq!(details.run.counts.placed(), 8);
    let (mut seq, mut journal, mut closed) = (start.seq, start.snapshot.journal, false);
    let mut accepted = 0;
    while !closed || accepted < 8 {
        let Feed::Delta { seq: next, delta } = wire.change().await? else {
            panic!("this one reads, so nothing is resent")
        };
        assert_eq!(next, seq + 1, "no gap");
        seq = next;
        match *delta {
            Delta::Journal(entry) => journal.push(entry),
            Delta::Intent(intent) => {
                accepted += usize::from(intent.status == IntentStatus::Accepted);
            }
            Delta::Run(run) => closed = run.state == RunState::Closed,
            _ => {}
        }
    }
    // The journal as it was told is the journal as it is kept.
    let last = journal.last().context("an empty journal")?.seq;
    let (client, _feed) = world.client().await?;
    let mut kept = client
        .call(QueryJournal { after: 0, limit: 1_000, filter: JournalFilter::default() })
        .await?;
    kept.retain(|entry| entry.seq <= last);
    assert_eq!(journal, kept);
    daemon.stop().await
}

/// Twenty clients that subscribe and do not read.
async fn deaf(world: &World) -> anyhow::Result<Vec<Wire>> {
    let mut deaf = Vec::new();
    for _ in 0..20 {
        let mut wire = Wire::open(&world.socket()).await?;
        let subscribe =
            r#"{"jsonrpc":"2.0","id":2,"method":"subscribe","params":{"journal_tail":9}}"#;
        wire.say(subscribe).await?;
        deaf.push(wire);
    }
    Ok(deaf)
}

/// Reads to the fresh snapshot, without a gap on the way; its number.
async fn resynced(wire: &mut Wire) -> anyhow::Result<(u64, Snapshot)> {
    anyhow::ensure!(wire.answer().await?.get("result").is_some(), "the subscription began");
    let mut seq = 0;
    loop {
        match wire.change().await? {
            Feed::Delta { seq: next, .. } => assert_eq!(next, seq + 1, "no gap"),
            Feed::Resync { seq: next, snapshot } => {
                assert!(next > seq, "the snapshot is newer than all before it");
                return Ok((next, *snapshot));
            }
        }
        seq += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_again_begins_with_a_snapshot_of_how_things_stand() -> anyhow::Result<()> {
    let world = world(20).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    let mut deaf = deaf(&world).await?;
    flood(&world).await?;
    let wire = deaf.first_mut().context("nobody is deaf")?;
    let (seq, snapshot) = resynced(wire).await?;
    assert_eq!(snapshot.accounts.len(), 20);
    assert!(snapshot.accounts.iter().all(|account| account.active), "the last turn was on");
    assert_eq!(snapshot.journal.len(), 9, "as many entries as it asked for");
    // And on from there.
    world.auto_execute_all().await?;
    match wire.change().await? {
        Feed::Delta { seq: next, .. } => assert_eq!(next, seq + 1),
        Feed::Resync { .. } => panic!("it reads again"),
    }
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_reads_delays_no_run() -> anyhow::Result<()> {
    let world = world(20).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    let deaf = deaf(&world).await?;
    flood(&world).await?;
    let details = fire(&world).await?;
    assert_eq!(details.run.counts.placed(), 40, "{:?}", details.run);
    assert_eq!(tally(&details.intents, &world.sandbox.orders()), Tally::default());
    let fired = details.run.fired_at.context("it fired")?;
    let late = fired.since(details.run.fire_at);
    assert!((0..1_000).contains(&late), "fired {late} ms after its time");
    // In the end each learns how things stand, or was given up and has to connect again.
    for mut wire in deaf {
        if let Ok((_, snapshot)) = resynced(&mut wire).await {
            let run = snapshot.runs.first().context("no run")?;
            assert_eq!((&run.state, run.counts.placed()), (&RunState::Closed, 40));
        } else {
            assert!(wire.is_closed(), "neither a snapshot nor the end");
        }
    }
    daemon.stop().await
}
