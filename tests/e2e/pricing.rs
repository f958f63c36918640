//! Orders priced when they are sent: a LIMIT from the last price, and none where there is no price.

use muster_protocol::ids::RunId;
use muster_protocol::order::PriceRule;
use muster_protocol::reply::RunDetails;
use muster_protocol::request::ShowRun;
use muster_protocol::run::RunState;
use muster_tests::harness::{Setup, World, eventually, two_legs};
use muster_tests::sandbox::{AccountFields, Broker, Operation, Plan};

async fn run(world: &World) -> anyhow::Result<RunDetails> {
    let (client, _feed) = world.client().await?;
    let run: RunId = "btst@2026-11-23".to_owned().try_into()?;
    Ok(client.call(ShowRun { run }).await?)
}

/// Fires a plan of two marketable legs and waits until nothing of it is planned or on its way.
async fn fired(world: &World) -> anyhow::Result<RunDetails> {
    world.auto_execute_all().await?;
    let mut plan = two_legs();
    for leg in &mut plan.legs {
        leg.price = PriceRule::Marketable { band: Some(20) };
    }
    world.arm(plan).await?;
    world.set_clock("2026-11-23T15:09:59+05:30")?;
    eventually("the orders are settled", async || {
        run(world).await.is_ok_and(|details| {
            let counts = details.run.counts;
            let fired = !matches!(details.run.state, RunState::Frozen);
            fired && counts.planned + counts.sending == 0
        })
    })
    .await?;
    run(world).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_marketable_leg_leaves_as_a_limit_near_the_last_price() -> anyhow::Result<()> {
    let world = World::new(Setup { accounts: 2, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    fired(&world).await?;
    let orders = world.sandbox.orders();
    assert_eq!(orders.len(), 4);
    let of = |symbol: &str| {
        let mine = orders.iter().filter(|order| order.symbol.starts_with(symbol));
        mine.map(|order| format!("{} {:.2}", order.order_type, order.price)).collect::<Vec<_>>()
    };
    // 812.40 and a fifth of a percent, on a tick of 0.05.
    assert_eq!(of("SBIN"), ["LIMIT 814.00", "LIMIT 814.00"]);
    assert_eq!(of("INFY").len(), 2);
    let journal = world.look().await?.snapshot.journal;
    let told = journal.iter().filter(|entry| entry.text.contains("from the last price of 812.40"));
    assert_eq!(told.count(), 2);
    daemon.stop().await
}

/// A share near the day's highest price: a limit beyond it would be refused, one at it is taken.
#[tokio::test(flavor = "multi_thread")]
async fn a_marketable_leg_stays_inside_the_days_range() -> anyhow::Result<()> {
    let world = World::new(Setup { accounts: 2, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    // A fifth above the close of 812.40 is 974.88, and 974.85 its last tick.
    anyhow::ensure!(world.sandbox.set_ltp("NSE", "SBIN", "974.80"));
    let run = fired(&world).await?;
    assert_eq!(run.run.counts.accepted + run.run.counts.filled, 4, "{:?}", run.run.counts);
    let orders = world.sandbox.orders();
    let mine = orders.iter().filter(|order| order.symbol.starts_with("SBIN"));
    let prices: Vec<_> = mine.map(|order| format!("{:.2}", order.price)).collect();
    assert_eq!(prices, ["974.85", "974.85"]);
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_last_price_nothing_is_sent() -> anyhow::Result<()> {
    let world = World::new(Setup { accounts: 2, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    // Kite's apps on this plan have no prices.
    let id = world.sandbox.summary().kite.accounts[0].user_id.clone();
    let fields = AccountFields { plan: Some(Plan::Personal), ..AccountFields::default() };
    world.sandbox.change_account(Broker::Kite, &id, fields);
    let run = fired(&world).await?;
    assert_eq!(world.sandbox.calls(Broker::Kite, Operation::Place), 0);
    assert_eq!(world.sandbox.calls(Broker::AngelOne, Operation::Place), 2);
    assert_eq!(run.run.counts.not_sent, 2, "{:?}", run.run.counts);
    daemon.stop().await
}
