//! An egress that is a proxy: the brokers see its address, nothing leaves once it is gone, and its
//! password is nowhere but in the configuration.

use std::net::IpAddr;
use std::path::Path;

use anyhow::Context;
use muster_protocol::account::{AccountStatus, AccountView, Fitness};
use muster_protocol::check::OrderPermission;
use muster_protocol::failure::FailureKind;
use muster_protocol::order::Broker as At;
use muster_protocol::request::{ListAccounts, Selection, SetEgress, Status, TestAccounts};
use muster_protocol::status::EgressState;
use muster_tests::harness::{Manner, Outside, PROXY, Proxy, Setup, Speaks, World, eventually};
use muster_tests::sandbox::Broker;

use crate::hunt::{Prey, Trail};

const DRILL: &str = env!("CARGO_BIN_EXE_muster-drill");

async fn account(world: &World) -> anyhow::Result<AccountView> {
    let (client, _feed) = world.client().await?;
    let accounts = client.call(ListAccounts {}).await?;
    accounts.into_iter().find(|account| account.broker == At::AngelOne).context("nobody there")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_egress_through_a_proxy_is_the_proxys_address_or_none() -> anyhow::Result<()> {
    let world = World::new(Setup { accounts: 2, ..Setup::default() }).await?;
    let proxy = Proxy::start(Speaks::Socks5, Manner::Passes).await?;
    let observer = world.sandbox.summary().observer_url;
    let mut config = std::fs::read_to_string(world.config())?;
    let way = format!(
        "\n[[egress]]\nname = \"via\"\naddress = \"{PROXY}\"\nproxy = \"{}\"\nobserve_url = \"{observer}\"\n",
        proxy.url()
    );
    config += &way;
    std::fs::write(world.config(), config)?;
    let daemon = Outside::start(&world, Path::new(DRILL)).await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    let AccountView { id, client_id, .. } = account(&world).await?;
    let through: IpAddr = PROXY.into();
    assert!(world.sandbox.set_allowed_ips(Broker::AngelOne, &client_id, vec![through]));
    let (client, _feed) = world.client().await?;
    let before = world.sandbox.requests().len();
    client.call(SetEgress { account: id, egress: "via".parse()? }).await?;
    eventually("orders are taken from the proxy's address", async || {
        account(&world).await.is_ok_and(|account| {
            account.permission == OrderPermission::Allowed && account.fitness == Fitness::Fit
        })
    })
    .await?;
    let status = client.call(Status {}).await?;
    assert_eq!(status.egress[1].state, EgressState::AsRegistered, "{:?}", status.egress);

    proxy.stop().await;
    client.call(TestAccounts { accounts: Selection::Ids(vec![id]) }).await?;
    eventually("the account cannot reach its broker", async || {
        account(&world)
            .await
            .is_ok_and(|account| account.status == AccountStatus::Failed(FailureKind::Unreachable))
    })
    .await?;
    let shown = serde_json::to_string(&account(&world).await?)?;
    assert!(shown.contains("nothing answers at the address of the egress's proxy"), "{shown}");
    let later = world.sandbox.requests().into_iter().skip(before);
    let mine = later.filter(|request| request.account.as_deref() == Some(client_id.as_str()));
    let strays: Vec<_> = mine.filter(|request| request.source_ip != through).collect();
    assert!(strays.is_empty(), "left by another way: {strays:?}");

    let mut trail = Trail::default();
    trail.add("the log", std::fs::read(world.folder().join("stderr"))?);
    trail.add("a snapshot", serde_json::to_vec(&world.look().await?.snapshot)?);
    daemon.kill()?;
    trail.add("the store", std::fs::read(world.store())?);
    assert_eq!(trail.finds(&[Prey::new("the proxy's password", b"CANARYproxy")]), [""; 0]);
    Ok(())
}

/// A mistake on the line of a proxy is told without the line.
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_configuration_does_not_show_a_proxys_password() -> anyhow::Result<()> {
    let world = World::new(Setup { accounts: 2, ..Setup::default() }).await?;
    let config = std::fs::read_to_string(world.config())?;
    for wrong in ["\"socks5h://desk:CANARYproxy@127.0.0.9:1", "[\"http://desk:CANARYproxy@h\"]"] {
        let config = config.replacen("bind =", &format!("proxy = {wrong}\nbind ="), 1);
        std::fs::write(world.config(), config)?;
        let error = musterd::config::Config::read(&world.config()).err().context("it was read")?;
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("CANARY"), "{shown}");
        assert!(shown.contains("line ") && shown.contains("proxy"), "{shown}");
    }
    Ok(())
}
