//! A clock that is set: nothing leaves by it until a broker or a person confirms it.

use std::sync::Arc;

use muster_protocol::account::{Fitness, Unfit};
use muster_protocol::order::Broker as At;
use muster_protocol::request::{
    JournalFilter, ListAccounts, Muster, QueryJournal, Release, Selection, ShowRun, Status,
    TestAccounts,
};
use muster_protocol::run::{RunState, RunView};
use muster_protocol::status::HoldReason;
use muster_tests::harness::clock::SetClock;
use muster_tests::harness::{Daemon, Setup, World, eventually, two_legs};
use muster_tests::sandbox::{Broker, Fault, FaultKind, Operation};

async fn ready(starts: &str) -> anyhow::Result<(World, Daemon)> {
    let starts = format!("2026-11-23T{starts}+05:30");
    let world = World::new(Setup { accounts: 2, starts, ..Setup::default() }).await?;
    let daemon = world.daemon_by(Arc::new(SetClock::new(world.clock.clone()))).await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    world.arm(two_legs()).await?;
    Ok((world, daemon))
}

async fn held(world: &World) -> anyhow::Result<Option<HoldReason>> {
    let (client, _feed) = world.client().await?;
    Ok(client.call(Status {}).await?.held)
}

async fn run(world: &World) -> anyhow::Result<RunView> {
    let (client, _feed) = world.client().await?;
    let run = "btst@2026-11-23".to_owned().try_into()?;
    Ok(client.call(ShowRun { run }).await?.run)
}

async fn closed(world: &World) -> anyhow::Result<RunView> {
    eventually("the run is closed", async || {
        run(world).await.is_ok_and(|run| run.state == RunState::Closed)
    })
    .await?;
    run(world).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_set_over_the_time_holds_the_run_until_a_broker_confirms_it() -> anyhow::Result<()>
{
    use Operation::{Book, Cancel, Funds, Profile, Trades};
    // No muster is due until the run, and what else asks a broker is told another time: nothing confirms
    // the one that was set.
    let (world, daemon) = ready("15:06:00").await?;
    for operation in [Book, Trades, Profile, Funds, Cancel] {
        for broker in [Broker::AngelOne, Broker::Kite] {
            let mut wrong = Fault::once(broker, operation, FaultKind::WrongDate);
            wrong.times = Some(u32::MAX);
            world.sandbox.arm(wrong);
        }
    }
    world.set_clock("2026-11-23T15:10:01+05:30")?;
    eventually("runs are held", async || {
        held(&world).await.is_ok_and(|held| held == Some(HoldReason::ClockSet))
    })
    .await?;
    assert!(world.sandbox.orders().is_empty() && run(&world).await.is_err());
    let (client, _feed) = world.client().await?;
    // A broker's answer carries its clock; now it agrees with the one that was set.
    world.sandbox.disarm();
    client.call(TestAccounts { accounts: Selection::All }).await?;
    assert_eq!(closed(&world).await?.counts.total(), 4);
    assert_eq!(world.sandbox.orders().len(), 4);
    let journal = QueryJournal { after: 0, limit: 1_000, filter: JournalFilter::default() };
    let lines = client.call(journal).await?;
    for words in ["the clock was set forward by", "HELD: the clock was set", "was confirmed"] {
        assert!(lines.iter().any(|entry| entry.text.contains(words)), "{words}");
    }
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_put_back_after_the_run_repeats_nothing_and_a_person_lets_runs_go_again()
-> anyhow::Result<()> {
    let (world, daemon) = ready("12:00:00").await?;
    // The musters that are due at once ask the brokers, and so confirm the time.
    world.set_clock("2026-11-23T15:09:59+05:30")?;
    assert_eq!(closed(&world).await?.counts.total(), 4);
    let sent = world.sandbox.orders().len();
    world.set_clock("2026-11-23T15:00:00+05:30")?;
    // A broker may confirm the new time, but not that it is later than what was shown before.
    eventually("runs are held", async || {
        held(&world).await.is_ok_and(|held| held == Some(HoldReason::ClockBehind))
    })
    .await?;
    daemon.stop().await?;
    // It outlasts a restart: what the clock showed before is in the store.
    let daemon = world.daemon().await?;
    assert_eq!(held(&world).await?, Some(HoldReason::ClockBehind));
    let (client, _feed) = world.client().await?;
    client.call(Release {}).await?;
    assert_eq!(held(&world).await?, None);
    world.set_clock("2026-11-23T15:11:00+05:30")?;
    eventually("the time has passed", async || {
        client.call(Status {}).await.is_ok_and(|status| status.now.clock().starts_with("15:11"))
    })
    .await?;
    assert_eq!((sent, world.sandbox.orders().len()), (4, 4));
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_whose_clock_differs_leaves_its_accounts_out_and_nobody_else() -> anyhow::Result<()>
{
    let world = World::new(Setup { accounts: 2, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    world.arm(two_legs()).await?;
    let (client, _feed) = world.client().await?;
    let mut wrong = Fault::once(Broker::AngelOne, Operation::Funds, FaultKind::WrongDate);
    (wrong.times, wrong.seconds) = (Some(u32::MAX), Some(5.0));
    world.sandbox.arm(wrong);
    let mut wrong = Fault::once(Broker::AngelOne, Operation::Cancel, FaultKind::WrongDate);
    (wrong.times, wrong.seconds) = (Some(u32::MAX), Some(5.0));
    world.sandbox.arm(wrong);
    client.call(TestAccounts { accounts: Selection::All }).await?;
    let off = |why: &Unfit| matches!(why, Unfit::ClockOff { offset_ms } if *offset_ms > 2_000);
    eventually("the clock is found to be off", async || {
        let Ok(accounts) = client.call(ListAccounts {}).await else { return false };
        accounts.iter().any(|account| {
            matches!(&account.fitness, Fitness::Unfit { reasons } if reasons.iter().any(off))
        })
    })
    .await?;
    let board = client.call(Muster { plan: None, account: None, brief: false }).await?;
    for row in &board.rows {
        let fit = row.fitness == Fitness::Fit;
        assert_eq!(fit, row.broker == At::Zerodha, "{row:#?}");
    }
    daemon.stop().await
}
