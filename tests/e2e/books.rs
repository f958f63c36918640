//! The brokers' order books: read before anything leaves, followed to the end, tallied.

use muster_protocol::halt::HaltScope;
use muster_protocol::ids::RunId;
use muster_protocol::order::PriceRule;
use muster_protocol::plan::Ambiguity;
use muster_protocol::reply::RunDetails;
use muster_protocol::request::{Halt, QueryReport, Release, ShowRun};
use muster_protocol::run::{IntentStatus, RunState};
use muster_protocol::tally::TallyVerdict;
use muster_tests::harness::{Setup, Tally, World, eventually, tally, two_legs};
use muster_tests::sandbox::{Broker, Fault, FaultKind, LimitFills, MarketTag, Operation, Rules};

async fn run(world: &World) -> anyhow::Result<RunDetails> {
    let (client, _feed) = world.client().await?;
    let run: RunId = "btst@2026-11-23".to_owned().try_into()?;
    Ok(client.call(ShowRun { run }).await?)
}

async fn until(
    world: &World,
    what: &str,
    holds: impl Fn(&RunDetails) -> bool,
) -> anyhow::Result<RunDetails> {
    eventually(what, async || run(world).await.is_ok_and(|details| holds(&details))).await?;
    run(world).await
}

/// Accounts on auto-execute and a live plan, at noon.
async fn armed(accounts: usize) -> anyhow::Result<World> {
    let world = World::new(Setup { accounts, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    world.arm(two_legs()).await?;
    daemon.stop().await?;
    Ok(world)
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_followed_to_their_fills_and_tallied_against_books_and_trades()
-> anyhow::Result<()> {
    let world = armed(4).await?;
    let daemon = world.daemon().await?;
    world.set_clock("2026-11-23T15:09:59+05:30")?;
    let details = until(&world, "everything is filled", |seen| seen.run.counts.filled == 8).await?;
    assert!(details.intents.iter().all(|intent| intent.filled > 0 && intent.average.is_some()));
    let details = until(&world, "the tally", |seen| seen.run.tally.is_some()).await?;
    let counts = details.run.tally.unwrap_or_default();
    assert_eq!((counts.pass, counts.diff, counts.unknown), (4, 0, 0));
    let (client, _feed) = world.client().await?;
    let report = client.call(QueryReport { date: None }).await?;
    let lines = &report.runs[0].tally;
    assert!(lines.iter().all(|line| line.verdict == TallyVerdict::Pass && line.filled > 0));
    assert!(lines.iter().all(|line| line.filled == line.traded && line.placed == line.booked));
    assert!(!report.audit.hash.is_empty() && report.in_doubt == 0, "{report:?}");
    daemon.stop().await
}

/// Nobody knows whether Kite keeps an order's tag on a MARKET order. If it does not, a book that does not
/// show it proves nothing, and a plan that may send again must not.
#[tokio::test(flavor = "multi_thread")]
async fn i1_a_market_order_that_lost_its_tag_at_kite_is_never_sent_again() -> anyhow::Result<()> {
    let world = World::new(Setup { accounts: 2, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    let mut plan = two_legs();
    plan.ambiguity = Ambiguity::ResendOnce;
    plan.legs.iter_mut().for_each(|leg| leg.price = PriceRule::Market);
    world.arm(plan).await?;
    world.sandbox.set_rules(Rules { market_tag: MarketTag::Lost, ..Rules::default() });
    world.sandbox.arm(Fault::once(Broker::Kite, Operation::Place, FaultKind::AcceptThenClose));
    world.set_clock("2026-11-23T15:09:59+05:30")?;
    until(&world, "an order is in doubt", |seen| {
        seen.run.counts.in_doubt == 1 && seen.run.counts.planned + seen.run.counts.sending == 0
    })
    .await?;
    // Reads that would prove another order absent, all inside the window.
    for clock in ["15:10:36", "15:11:10", "15:11:45", "15:12:20"] {
        let before = world.sandbox.calls(Broker::Kite, Operation::Book);
        world.set_clock(&format!("2026-11-23T{clock}+05:30"))?;
        eventually("the book is read again", async || {
            world.sandbox.calls(Broker::Kite, Operation::Book) > before
        })
        .await?;
    }
    let details = run(&world).await?;
    assert_eq!(details.run.counts.in_doubt, 1, "{:?}", details.run.counts);
    assert_eq!(world.sandbox.calls(Broker::Kite, Operation::Place), 2, "none was sent again");
    let journal = world.look().await?.snapshot.journal;
    assert!(journal.iter().any(|entry| entry.text.contains("look for it at Kite")));
    daemon.stop().await
}

/// A world whose run of today is over, and whose store of noon was put back.
async fn put_back(accounts: usize) -> anyhow::Result<World> {
    let world = armed(accounts).await?;
    let noon = world.folder().join("noon.redb");
    std::fs::copy(world.store(), &noon)?;
    let daemon = world.daemon().await?;
    world.set_clock("2026-11-23T15:09:59+05:30")?;
    until(&world, "the run is closed", |seen| seen.run.state == RunState::Closed).await?;
    daemon.stop().await?;
    assert_eq!(world.sandbox.orders().len(), 2 * accounts);
    std::fs::copy(&noon, world.store())?;
    Ok(world)
}

/// Lets the held runs go, and waits for the one that is due again.
async fn released(world: &World) -> anyhow::Result<RunDetails> {
    let (client, _feed) = world.client().await?;
    client.call(Release {}).await?;
    let closed = |seen: &RunDetails| seen.run.state == RunState::Closed;
    until(world, "the run is closed once more", closed).await
}

/// The store of noon is put back in the afternoon and a person lets its runs go: the one that
/// happened is due again.
#[tokio::test(flavor = "multi_thread")]
async fn i18_a_restored_store_that_is_released_sends_nothing_a_second_time() -> anyhow::Result<()> {
    let world = put_back(3).await?;
    let daemon = world.daemon().await?;
    let details = released(&world).await?;
    assert_eq!(details.run.counts.placed(), 6, "{:?}", details.run.counts);
    let books = world.sandbox.orders();
    assert_eq!((books.len(), tally(&details.intents, &books)), (6, Tally::default()));
    daemon.stop().await
}

/// The same, and the plan was entered anew with another quantity before its runs were let go: its tags are on
/// orders that are not its own.
#[tokio::test(flavor = "multi_thread")]
async fn i18_a_changed_plan_takes_no_old_order_under_its_tags_for_its_own() -> anyhow::Result<()> {
    let world = put_back(2).await?;
    let before = world.clock.now();
    // Before the time of the run, as a person would put a store back and enter the plan.
    world.set_clock("2026-11-23T15:05:00+05:30")?;
    let daemon = world.daemon().await?;
    let mut plan = two_legs();
    plan.legs[1].quantity = 3.try_into()?;
    world.arm(plan).await?;
    world.clock.set(Some(before), None, None);
    let details = released(&world).await?;
    let counts = &details.run.counts;
    assert_eq!((counts.placed(), counts.not_sent), (2, 2), "{counts:?}");
    assert_eq!(world.sandbox.orders().len(), 4, "nothing was added");
    let journal = world.look().await?.snapshot.journal;
    let told = |words: &str| journal.iter().filter(|entry| entry.text.contains(words)).count();
    assert_eq!((told("NOT OURS"), told("its tag is on another order")), (2, 2));
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_halt_that_cancels_leaves_nothing_open_at_the_brokers() -> anyhow::Result<()> {
    let world = World::new(Setup { accounts: 2, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    world.arm(two_legs()).await?;
    world.sandbox.set_rules(Rules { limit_fills: LimitFills::Never, ..Rules::default() });
    world.set_clock("2026-11-23T15:09:59+05:30")?;
    until(&world, "all rest at the exchange", |seen| seen.run.counts.open == 4).await?;
    let (client, _feed) = world.client().await?;
    client.call(Halt { scope: HaltScope::All, cancel_open: true }).await?;
    let details = until(&world, "all are cancelled", |seen| seen.run.counts.cancelled == 4).await?;
    assert!(details.intents.iter().all(|intent| intent.status == IntentStatus::Cancelled));
    daemon.stop().await
}

/// Kite does not cancel what it is just sending on to the exchange, and says so. A halt must not leave it there.
#[tokio::test(flavor = "multi_thread")]
async fn a_halt_also_cancels_what_the_broker_was_busy_with() -> anyhow::Result<()> {
    let world = World::new(Setup { accounts: 2, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    world.arm(two_legs()).await?;
    let limit_fills = LimitFills::Never;
    let slow = Rules { limit_fills, received_delay_ms: 60_000, ..Rules::default() };
    world.sandbox.set_rules(slow);
    world.set_clock("2026-11-23T15:09:59+05:30")?;
    until(&world, "all are taken in", |seen| seen.run.counts.placed() == 4).await?;
    let (client, _feed) = world.client().await?;
    client.call(Halt { scope: HaltScope::All, cancel_open: true }).await?;
    let refusals = async || {
        let journal = world.look().await.map(|seen| seen.snapshot.journal).unwrap_or_default();
        journal.iter().filter(|entry| entry.text.contains("being processed")).count()
    };
    eventually("Kite refuses both", async || refusals().await >= 2).await?;
    // A minute later both rest at the exchange.
    world.set_clock("2026-11-23T15:11:30+05:30")?;
    until(&world, "all are cancelled", |seen| seen.run.counts.cancelled == 4).await?;
    daemon.stop().await
}
