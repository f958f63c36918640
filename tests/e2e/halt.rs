//! The stop switch while orders are on their way to the brokers.

use std::net::IpAddr;

use muster_protocol::halt::HaltScope;
use muster_protocol::ids::RunId;
use muster_protocol::reply::RunDetails;
use muster_protocol::request::{Halt, ShowRun};
use muster_tests::harness::{Manner, PROXY, Proxy, Setup, Speaks, World, eventually, two_legs};
use muster_tests::sandbox::{Broker, Operation};

async fn run(world: &World) -> anyhow::Result<RunDetails> {
    let (client, _feed) = world.client().await?;
    let run: RunId = "btst@2026-11-23".to_owned().try_into()?;
    Ok(client.call(ShowRun { run }).await?)
}

/// A world whose accounts leave by a proxy, and with time for connections that are long in the making.
async fn behind(proxy: &Proxy) -> anyhow::Result<World> {
    let world = World::new(Setup { accounts: 2, ..Setup::default() }).await?;
    let config = std::fs::read_to_string(world.config())?
        .replace("address = \"127.0.0.1\"\nbind = \"127.0.0.1\"", &{
            format!("address = \"{PROXY}\"\nproxy = \"{}\"", proxy.url())
        })
        .replace("connect_ms = 2000\ncall_ms = 4000", "connect_ms = 30000\ncall_ms = 31000");
    std::fs::write(world.config(), config)?;
    let (summary, through) = (world.sandbox.summary(), IpAddr::from(PROXY));
    for account in summary.angel_one.accounts {
        let id = &account.client_code;
        assert!(world.sandbox.set_allowed_ips(Broker::AngelOne, id, vec![through]));
    }
    for account in summary.kite.accounts {
        assert!(world.sandbox.set_allowed_ips(Broker::Kite, &account.user_id, vec![through]));
    }
    Ok(world)
}

fn calls(world: &World, operation: Operation) -> usize {
    let requests = world.sandbox.requests();
    requests.iter().filter(|request| request.operation == Some(operation)).count()
}

/// The brokers shake hands slowly, as they do at that time of day: the orders wait for their connections when
/// the halt is acknowledged. They used to leave as soon as those were there.
#[tokio::test(flavor = "multi_thread")]
async fn i10_an_order_that_waits_for_its_connection_does_not_leave_after_a_halt()
-> anyhow::Result<()> {
    let proxy = Proxy::start(Speaks::Socks5, Manner::Passes).await?;
    let world = behind(&proxy).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    world.arm(two_legs()).await?;
    let before = calls(&world, Operation::Book);
    world.set_clock("2026-11-23T15:09:50+05:30")?;
    eventually("the books are read", async || calls(&world, Operation::Book) >= before + 2).await?;
    proxy.hold(true);
    world.set_clock("2026-11-23T15:10:00+05:30")?;
    let on_their_way = |seen: &RunDetails| seen.run.counts.sending == 2;
    eventually("both first orders are on their way", async || {
        run(&world).await.is_ok_and(|seen| on_their_way(&seen))
    })
    .await?;
    let (client, _feed) = world.client().await?;
    client.call(Halt { scope: HaltScope::All, cancel_open: false }).await?;
    let passed = proxy.passed();
    proxy.hold(false);
    eventually("both are known not to have left", async || {
        run(&world).await.is_ok_and(|seen| seen.run.counts.not_sent == 2)
    })
    .await?;
    assert!(proxy.passed() > passed, "their connections came");
    assert_eq!((calls(&world, Operation::Place), world.sandbox.orders().len()), (0, 0));
    let journal = world.look().await?.snapshot.journal;
    let told = journal.iter().filter(|entry| entry.text.contains("halted before it left"));
    assert_eq!(told.count(), 2);
    daemon.stop().await
}
