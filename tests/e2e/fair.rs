//! Nobody waits for anybody else's broker, and nobody is faster than the broker allows: both seen from the
//! brokers' side.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use muster_protocol::money::Paise;
use muster_protocol::order::PriceRule;
use muster_protocol::plan::PlanSpec;
use muster_protocol::request::ListRuns;
use muster_protocol::run::RunState;
use muster_protocol::time::Timestamp;
use muster_tests::harness::{Setup, World, eventually, two_legs};
use muster_tests::sandbox::{Broker, Fault, FaultKind, Operation};

/// When each order call arrived, by account, in milliseconds.
fn arrivals(world: &World) -> anyhow::Result<BTreeMap<(Broker, String), Vec<i64>>> {
    let mut by_account: BTreeMap<_, Vec<i64>> = BTreeMap::new();
    for request in world.sandbox.requests() {
        if request.operation == Some(Operation::Place) {
            let account = request.account.context("an order call of nobody")?;
            let at: Timestamp = request.at.parse()?;
            by_account.entry((request.broker, account)).or_default().push(at.millis());
        }
    }
    Ok(by_account)
}

async fn closed(world: &World, runs: usize) -> anyhow::Result<()> {
    let (client, _feed) = world.client().await?;
    eventually("the runs are closed", async || {
        let all = client.call(ListRuns {}).await.unwrap_or_default();
        all.iter().filter(|run| run.state == RunState::Closed).count() == runs
    })
    .await
}

/// Every call to one broker hangs, and there are more of them than calls under way at once: they used to
/// keep all the others waiting until they were given up.
#[tokio::test(flavor = "multi_thread")]
async fn i7_a_broker_that_hangs_delays_nobody_s_first_order() -> anyhow::Result<()> {
    let accounts = 80;
    let world = World::new(Setup { accounts, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    world.arm(two_legs()).await?;
    let mut hang = Fault::once(Broker::Kite, Operation::Place, FaultKind::Hang);
    let hangs = 3_000;
    (hang.times, hang.seconds) = (Some(40), Some(3.0));
    world.sandbox.arm(hang);
    world.set_clock("2026-11-23T15:09:55+05:30")?;
    eventually("everybody's first order is there", async || {
        arrivals(&world).is_ok_and(|arrivals| arrivals.len() == accounts)
    })
    .await?;
    let arrivals = arrivals(&world)?;
    let first = |broker| {
        let of_broker = arrivals.iter().filter(move |((of, _), _)| *of == broker);
        of_broker.filter_map(|(_, at)| at.first().copied())
    };
    let began = first(Broker::Kite).min().context("no call to Kite")?;
    // Not one call to Kite was answered before all of them, and all to Angel One, had arrived.
    for broker in [Broker::AngelOne, Broker::Kite] {
        let last = first(broker).max().context("no call")?;
        assert!(last < began + hangs, "{broker:?} began {} ms after the first", last - began);
    }
    daemon.stop().await
}

/// Two runs of ten orders each at one time: a rate that each kept by itself would be broken by both.
#[tokio::test(flavor = "multi_thread")]
async fn i8_nobody_sends_more_than_ten_orders_a_second() -> anyhow::Result<()> {
    let world = World::new(Setup { accounts: 4, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    for name in ["one", "two"] {
        let mut legs = Vec::new();
        for step in 0..5 {
            let mut two = two_legs().legs;
            // Each at a price of its own: two legs that are the same are one.
            two[0].price = PriceRule::Limit { price: Paise(140_000 + 10 * step) };
            two[1].price = PriceRule::Limit { price: Paise(90_000 + 10 * step) };
            legs.extend(two);
        }
        let spec = PlanSpec::new(name.parse()?, legs);
        world.arm(spec).await?;
    }
    world.set_clock("2026-11-23T15:09:57+05:30")?;
    closed(&world, 2).await?;
    assert_eq!(at_most_ten_a_second(&world)?, 4 * 20);
    daemon.stop().await
}

/// How many orders arrived, if no account's did too fast.
fn at_most_ten_a_second(world: &World) -> anyhow::Result<usize> {
    let arrivals = arrivals(world)?;
    for (account, at) in &arrivals {
        for eleven in at.windows(11) {
            let took = eleven[10] - eleven[0];
            ensure!(took >= 1_000, "{account:?} sent 11 orders in {took} ms");
        }
    }
    Ok(arrivals.values().map(Vec::len).sum())
}

/// Orders that wait for a price are asked for it together, and used to leave together when it came, with
/// those that need none: the brokers throttled them, and they were in doubt.
#[tokio::test(flavor = "multi_thread")]
async fn i8_nor_when_many_runs_wait_for_one_price() -> anyhow::Result<()> {
    let world = World::new(Setup { accounts: 2, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    for number in 0..14 {
        let mut legs = two_legs().legs;
        if number < 10 {
            legs.truncate(1);
            legs[0].price = PriceRule::Marketable { band: Some(20) };
        }
        world.arm(PlanSpec::new(format!("plan{number:02}").parse()?, legs)).await?;
    }
    world.set_clock("2026-11-23T15:09:57+05:30")?;
    closed(&world, 14).await?;
    assert_eq!(at_most_ten_a_second(&world)?, 2 * 18);
    daemon.stop().await
}
