//! The day: at ten past three every fit account gets its orders, once; killed or not.

use std::path::Path;

use anyhow::Context;
use muster_protocol::ids::RunId;
use muster_protocol::reply::RunDetails;
use muster_protocol::request::ShowRun;
use muster_protocol::run::{IntentStatus, RunState};
use muster_tests::harness::{Outside, Setup, Tally, World, eventually, tally, two_legs};
use muster_tests::sandbox::{Broker, Fault, FaultKind, Operation};

const DRILL: &str = env!("CARGO_BIN_EXE_muster-drill");

async fn run(world: &World) -> anyhow::Result<RunDetails> {
    let (client, _feed) = world.client().await?;
    let run: RunId = "btst@2026-11-23".to_owned().try_into()?;
    Ok(client.call(ShowRun { run }).await?)
}

async fn closed(world: &World) -> anyhow::Result<RunDetails> {
    eventually("the run is closed", async || {
        run(world).await.is_ok_and(|details| details.run.state == RunState::Closed)
    })
    .await
    .with_context(|| "the run does not close")?;
    run(world).await
}

/// A world with so many accounts connected, on auto-execute, with a live plan; its daemon was killed,
/// and the clock shows a moment before the time.
async fn ready(accounts: usize) -> anyhow::Result<World> {
    let world = World::new(Setup { accounts, ..Setup::default() }).await?;
    let daemon = start(&world).await?;
    assert_eq!(world.connect_all().await?.len(), accounts);
    world.auto_execute_all().await?;
    world.arm(two_legs()).await?;
    daemon.kill()?;
    world.set_clock("2026-11-23T15:09:58+05:30")?;
    Ok(world)
}

/// A daemon in a process of its own; it takes over the world's clock as it is now.
async fn start(world: &World) -> anyhow::Result<Outside> {
    Outside::start(world, Path::new(DRILL)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_accounts_get_their_orders_once() -> anyhow::Result<()> {
    let world = World::new(Setup { accounts: 50, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    world.arm(two_legs()).await?;
    world.set_clock("2026-11-23T15:09:59+05:30")?;
    let details = closed(&world).await?;
    assert_eq!(details.run.counts.placed(), 100, "{:?}", details.run);
    assert_eq!(details.run.counts.total(), 100);
    let books = world.sandbox.orders();
    assert_eq!(tally(&details.intents, &books), Tally::default());
    assert_eq!(books.len(), 100);
    let fired = details.run.fired_at.context("it fired")?;
    assert!(fired >= details.run.fire_at, "I4: never before the time");
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_the_run_it_fires_after_the_restart() -> anyhow::Result<()> {
    let world = ready(6).await?;
    let daemon = start(&world).await?;
    let details = closed(&world).await?;
    assert_eq!(details.run.counts.placed(), 12);
    assert_eq!(tally(&details.intents, &world.sandbox.orders()), Tally::default());
    daemon.kill()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_during_the_run_no_order_is_sent_twice_and_none_is_lost()
-> anyhow::Result<()> {
    let world = ready(12).await?;
    // Every order call takes a while, so that each kill meets some on their way.
    for broker in [Broker::AngelOne, Broker::Kite] {
        let mut slow = Fault::once(broker, Operation::Place, FaultKind::Slow);
        (slow.times, slow.seconds) = (Some(u32::MAX), Some(0.3));
        world.sandbox.arm(slow);
    }
    let mut daemon = start(&world).await?;
    for _ in 0..5 {
        // The next order reaches a broker, or none is left that could: then it is killed.
        let before = world.sandbox.orders().len();
        eventually("something moves", async || {
            let moved = world.sandbox.orders().len() > before;
            moved || run(&world).await.is_ok_and(|details| nothing_open(&details))
        })
        .await?;
        daemon.kill()?;
        daemon = start(&world).await?;
    }
    eventually("every order is settled or in doubt", async || {
        run(&world).await.is_ok_and(|details| {
            let open = details.run.counts.planned + details.run.counts.sending;
            open == 0
                && details
                    .intents
                    .iter()
                    .all(|intent| looked_up_or_settled(intent.status, intent.lookups))
        })
    })
    .await?;
    let details = run(&world).await?;
    let books = world.sandbox.orders();
    assert_eq!(tally(&details.intents, &books), Tally::default(), "{:#?}", details.run);
    let counts = details.run.counts;
    assert_eq!(counts.total(), 24);
    assert_eq!(counts.placed() + counts.in_doubt, 24, "{counts:?}");
    assert_eq!(usize::try_from(counts.placed())?, books.len());
    daemon.kill()
}

fn nothing_open(details: &RunDetails) -> bool {
    let counts = details.run.counts;
    details.run.fired_at.is_some() && counts.planned + counts.sending == 0
}

fn looked_up_or_settled(status: IntentStatus, lookups: u32) -> bool {
    status.is_settled() || (status == IntentStatus::InDoubt && lookups >= 2)
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_broker_has_it_the_order_is_found_by_its_tag() -> anyhow::Result<()> {
    let world = ready(2).await?;
    for broker in [Broker::AngelOne, Broker::Kite] {
        world.sandbox.arm(Fault::once(broker, Operation::Place, FaultKind::AcceptThenHang));
    }
    let daemon = start(&world).await?;
    eventually("both brokers took the first order", async || world.sandbox.orders().len() >= 2)
        .await?;
    daemon.kill()?;
    let daemon = start(&world).await?;
    let details = closed(&world).await?;
    assert_eq!(details.run.counts.placed(), 4, "{:#?}", details.intents);
    assert_eq!(details.intents.iter().filter(|intent| intent.lookups > 0).count(), 2);
    assert_eq!(tally(&details.intents, &world.sandbox.orders()), Tally::default());
    daemon.kill()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_the_run_nothing_more_is_sent() -> anyhow::Result<()> {
    let world = ready(4).await?;
    let daemon = start(&world).await?;
    let before = closed(&world).await?;
    daemon.kill()?;
    let daemon = start(&world).await?;
    let after = run(&world).await?;
    // What the books tell since goes on; what was sent does not change.
    let sent = |seen: &RunDetails| -> Vec<_> {
        let placed = seen.intents.iter().filter(|intent| intent.status.is_placed());
        placed.map(|i| (i.id.clone(), i.tag.clone(), i.order_id.clone(), i.sent_at)).collect()
    };
    assert_eq!((after.run.closed_at, sent(&after)), (before.run.closed_at, sent(&before)));
    assert_eq!(sent(&after).len(), 8);
    assert_eq!(world.sandbox.orders().len(), 8);
    daemon.kill()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_out_or_a_502_is_in_doubt_and_looked_up_never_sent_again() -> anyhow::Result<()> {
    let world = World::new(Setup { accounts: 4, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    world.arm(two_legs()).await?;
    let mut status = Fault::once(Broker::AngelOne, Operation::Place, FaultKind::AcceptThenStatus);
    status.status = Some(502);
    world.sandbox.arm(status);
    world.sandbox.arm(Fault::once(Broker::Kite, Operation::Place, FaultKind::AcceptThenClose));
    // This one never arrives: it stays in doubt, and is not sent again.
    world.sandbox.arm(Fault::once(Broker::Kite, Operation::Place, FaultKind::Drop));
    world.set_clock("2026-11-23T15:09:59+05:30")?;
    eventually("two were found and one stays in doubt", async || {
        run(&world).await.is_ok_and(|details| {
            let found = details.intents.iter().filter(|i| i.status.is_placed() && i.lookups > 0);
            let doubt = details
                .intents
                .iter()
                .filter(|i| i.status == IntentStatus::InDoubt && i.lookups >= 2);
            found.count() == 2 && doubt.count() == 1
        })
    })
    .await?;
    let details = run(&world).await?;
    assert_eq!((details.run.counts.placed(), details.run.counts.in_doubt), (7, 1));
    let books = world.sandbox.orders();
    assert_eq!(books.len(), 7);
    assert_eq!(tally(&details.intents, &books), Tally::default());
    // The window closes: the run is closed with the doubt counted, and the doubt stays.
    world.set_clock("2026-11-23T15:20:00+05:30")?;
    assert_eq!(closed(&world).await?.run.counts.in_doubt, 1);
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_daemon_on_the_same_store_is_refused() -> anyhow::Result<()> {
    let world = World::new(Setup { accounts: 1, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    let second = world.daemon_refused().await?;
    assert!(second.contains("another"), "{second}");
    assert!(world.look().await.is_ok(), "the first one is untouched");
    daemon.stop().await
}
