//! The muster before the run, and the ways out: each account by its own, or not at all.

use std::net::IpAddr;

use anyhow::Context;
use muster_protocol::account::{AccountView, Fitness, Unfit};
use muster_protocol::check::OrderPermission;
use muster_protocol::ids::AccountId;
use muster_protocol::muster::{Gate, GateVerdict, MusterBoard};
use muster_protocol::order::Broker as At;
use muster_protocol::request::{CallMuster, ListAccounts, Muster, SetEgress, ShowRun, Status};
use muster_protocol::run::RunState;
use muster_protocol::status::EgressState;
use muster_tests::harness::{Person, Setup, World, eventually, two_legs};
use muster_tests::sandbox::Broker;

async fn board(world: &World) -> anyhow::Result<MusterBoard> {
    let (client, _feed) = world.client().await?;
    Ok(client.call(Muster { plan: None, account: None, brief: false }).await?)
}

async fn accounts(world: &World) -> anyhow::Result<Vec<AccountView>> {
    let (client, _feed) = world.client().await?;
    Ok(client.call(ListAccounts {}).await?)
}

/// The first account at Angel One: its number, and its code there.
async fn at_angel_one(world: &World) -> anyhow::Result<(AccountId, String)> {
    let of_angel = |account: &AccountView| account.broker == At::AngelOne;
    let found = accounts(world).await?.into_iter().find(of_angel).context("nobody there")?;
    Ok((found.id, found.client_id))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_fails_at_a_gate_before_the_run_is_left_out_and_the_others_go_on() -> anyhow::Result<()>
{
    let world = World::new(Setup { accounts: 4, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    world.arm(two_legs()).await?;
    let (id, code) = at_angel_one(&world).await?;
    let fit = |board: &MusterBoard| board.counts.fit;
    eventually("all are fit", async || board(&world).await.is_ok_and(|b| fit(&b) == 4)).await?;
    let calm = board(&world).await?;
    for row in &calm.rows {
        assert_eq!(row.gates.len(), Gate::ALL.len());
        assert!(row.gates.iter().all(|gate| gate.verdict != GateVerdict::Failed), "{row:#?}");
    }
    // The address is taken off the broker's list at noon; the muster before the run finds it out.
    assert!(world.sandbox.set_allowed_ips(Broker::AngelOne, &code, vec![]));
    world.set_clock("2026-11-23T15:00:00+05:30")?;
    eventually("the muster has found it", async || {
        board(&world).await.is_ok_and(|b| fit(&b) == 3 && b.checking == 0)
    })
    .await?;
    let called = board(&world).await?;
    assert!(called.mustered.is_some_and(|at| *at.clock() >= *"15:00:00"));
    let row = called.rows.iter().find(|row| row.account == id).context("no row")?;
    let failed = row.gates.iter().filter(|gate| gate.verdict == GateVerdict::Failed);
    let failed: Vec<Gate> = failed.map(|gate| gate.gate).collect();
    assert_eq!(failed, [Gate::OrderPermission]);
    world.set_clock("2026-11-23T15:09:59+05:30")?;
    let (client, _feed) = world.client().await?;
    let run = || -> anyhow::Result<_> { Ok("btst@2026-11-23".to_owned().try_into()?) };
    eventually("the run is closed", async || {
        let Ok(run) = run() else { return false };
        client.call(ShowRun { run }).await.is_ok_and(|shown| shown.run.state == RunState::Closed)
    })
    .await?;
    let shown = client.call(ShowRun { run: run()? }).await?;
    assert_eq!((shown.run.counts.accepted, shown.run.left_out.len()), (6, 1));
    let out = shown.run.left_out.first().context("nobody")?;
    assert_eq!(out.account, id);
    assert!(shown.run.late_us.is_some());
    daemon.stop().await
}

/// The world with two more ways out: another address of this machine, and one it does not have.
async fn three_ways(accounts: usize) -> anyhow::Result<World> {
    let world = World::new(Setup { accounts, ..Setup::default() }).await?;
    let url = world.sandbox.summary().observer_url;
    let mut config = std::fs::read_to_string(world.config())?;
    for (name, bind) in [("second", "127.0.0.2"), ("gone", "192.0.2.77")] {
        let way = format!(
            "\n[[egress]]\nname = \"{name}\"\naddress = \"{bind}\"\nbind = \"{bind}\"\nobserve_url = \"{url}\"\n"
        );
        config += &way;
    }
    std::fs::write(world.config(), config)?;
    Ok(world)
}

async fn permission(world: &World, id: AccountId) -> anyhow::Result<(OrderPermission, Fitness)> {
    let found = accounts(world).await?.into_iter().find(|account| account.id == id);
    let found = found.context("the account is gone")?;
    Ok((found.permission, found.fitness))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_leaves_by_the_way_it_is_given_and_by_no_other() -> anyhow::Result<()> {
    let world = three_ways(2).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    let (id, code) = at_angel_one(&world).await?;
    let (client, _feed) = world.client().await?;
    // The broker's list now holds the second address only.
    let second: IpAddr = "127.0.0.2".parse()?;
    assert!(world.sandbox.set_allowed_ips(Broker::AngelOne, &code, vec![second]));
    let set = |name: &str| -> anyhow::Result<SetEgress> {
        Ok(SetEgress { account: id, egress: name.parse()? })
    };
    client.call(set("second")?).await?;
    eventually("orders are taken from the second address", async || {
        permission(&world, id).await.is_ok_and(|(permission, fitness)| {
            permission == OrderPermission::Allowed && fitness == Fitness::Fit
        })
    })
    .await?;
    client.call(set("main")?).await?;
    eventually("they are not from the first", async || {
        let Ok((permission, _)) = permission(&world, id).await else { return false };
        matches!(permission, OrderPermission::Refused { .. })
    })
    .await?;
    // Nothing leaves where the machine has no such address, not by another one either.
    client.call(set("gone")?).await?;
    eventually("there is no way out", async || {
        let Ok((_, fitness)) = permission(&world, id).await else { return false };
        let gone = |why: &Unfit| matches!(why, Unfit::EgressGone { .. });
        matches!(fitness, Fitness::Unfit { reasons } if reasons.iter().any(gone))
    })
    .await?;
    let status = client.call(Status {}).await?;
    let found: Vec<EgressState> = status.egress.iter().map(|egress| egress.state).collect();
    let expected = [EgressState::AsRegistered, EgressState::AsRegistered, EgressState::Gone];
    assert_eq!(found, expected);
    assert!(client.call(set("fourth")?).await.is_err());
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_muster_that_is_called_spares_the_probe_and_a_shared_address_is_refused_if_configured()
-> anyhow::Result<()> {
    let extra_config = "shared_egress = \"refuse\"".to_owned();
    let world = World::new(Setup { accounts: 4, extra_config, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    let mut connected = 0;
    for person in world.people()? {
        let (client, _feed) = world.client().await?;
        let credential = person.credential();
        let user = person.user().clone();
        if connected > 0 && matches!(person, Person::AngelOne(..)) {
            let connect = muster_protocol::request::Connect {
                user,
                egress: None,
                replaces: None,
                credential,
            };
            let refused = client.call(connect).await;
            assert!(format!("{refused:?}").contains("sharing is refused"), "{refused:?}");
        } else if connected == 0 {
            world.connect_well(&person).await?;
            connected += 1;
        }
    }
    world.auto_execute_all().await?;
    let (id, _) = at_angel_one(&world).await?;
    let before = accounts(&world).await?.first().and_then(|account| account.permission_at);
    let (client, _feed) = world.client().await?;
    assert_eq!(client.call(CallMuster {}).await?.accounts, [id]);
    eventually("the check is over", async || board(&world).await.is_ok_and(|b| b.checking == 0))
        .await?;
    let account = accounts(&world).await?.pop().context("nobody")?;
    assert!(account.last_ok > before, "it was checked");
    assert_eq!(account.permission_at, before, "and the order permission was not asked for");
    daemon.stop().await
}
