//! I20: after a seal, the memory of the whole process holds no key of any step, no passphrase, no credential
//! and no session, in any form, whatever it did before. It is read as root, as nobody else may.

use std::path::Path;

use anyhow::Context;
use data_encoding::BASE32_NOPAD;
use muster_protocol::account::AccountView;
use muster_protocol::order::Broker;
use muster_protocol::request::{ListAccounts, Login, Seal, Selection, TestAccounts, Unseal};
use muster_protocol::secret::Secret;
use muster_tests::harness::{Outside, Setup, World, eventually, two_legs};

use crate::memory::{Keys, Needles, keys_of, may_read_memory};

const DRILL: &str = env!("CARGO_BIN_EXE_muster-drill");
const PASSPHRASE: &str = "CANARY-passphrase";

/// Only what no sealed daemon may hold.
fn needles(world: &World, keys: &Keys) -> anyhow::Result<Needles> {
    let mut needles = Needles::default();
    needles.add("master key", &keys.master);
    for user in &keys.users {
        needles.add("user key", user);
    }
    for (name, key) in &keys.derived {
        needles.add(name, key);
    }
    needles.add("passphrase", PASSPHRASE.as_bytes());
    let summary = world.sandbox.summary();
    for account in &summary.angel_one.accounts {
        needles.add("TOTP secret", account.totp_secret.as_bytes());
        let decoded = BASE32_NOPAD.decode(account.totp_secret.as_bytes());
        needles.add("TOTP secret, decoded", &decoded?);
        needles.add("api key of Angel One", account.api_key.as_bytes());
        // Four digits by themselves stand anywhere; as a value of these names they are what they are.
        for name in ["password", "mpin"] {
            needles.add("MPIN", format!("\"{name}\":\"{}\"", account.pin).as_bytes());
        }
    }
    for account in &summary.kite.accounts {
        needles.add("api secret", account.api_secret.as_bytes());
        needles.add("api key of Kite", account.api_key.as_bytes());
    }
    for token in world.sandbox.issued_tokens() {
        needles.add("token", token.as_bytes());
    }
    Ok(needles)
}

/// Tests every account, which uses credentials and sessions, and waits until all have passed.
async fn use_everything(world: &World, tests: usize) -> anyhow::Result<()> {
    let (client, _feed) = world.client().await?;
    client.call(TestAccounts { accounts: Selection::All }).await?;
    eventually("every account was tested", async || {
        let Ok(accounts) = client.call(ListAccounts {}).await else { return false };
        let tested = |account: &AccountView| {
            account.history.len() >= tests && account.history.iter().all(|p| p.failed.is_none())
        };
        accounts.len() == 4 && accounts.iter().all(tested)
    })
    .await
}

/// Seals, and waits until what was under way has come to its end.
async fn sealed(world: &World, daemon: &Outside, needles: &Needles) -> anyhow::Result<()> {
    let (client, _feed) = world.client().await?;
    client.call(Seal {}).await?;
    drop(client);
    let mut last = String::new();
    let gone = eventually("nothing secret is in memory", async || {
        let found = needles.found_in(daemon.pid());
        last = format!("{found:?}");
        found.is_ok_and(|found| found.is_empty())
    })
    .await;
    gone.with_context(|| format!("still there: {last}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn i20_after_seal_no_key_and_no_secret_is_in_memory() -> anyhow::Result<()> {
    if !may_read_memory() {
        return Ok(());
    }
    // Frozen soon after the start, which makes the tags of its orders; it fires long after the test.
    let extra_config = "freeze_lead_s = 600\n".to_owned();
    let world = World::new(Setup { accounts: 4, extra_config, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    world.arm(two_legs()).await?;
    daemon.stop().await?;
    let keys = keys_of(&world.store(), PASSPHRASE.as_bytes()).context("read the store's keys")?;
    assert_eq!(keys.users.len(), 4);

    // Opened at the start, by a credential.
    world.set_clock("2026-11-23T15:02:00+05:30")?;
    let daemon = Outside::start(&world, Path::new(DRILL)).await?;
    eventually("the run is frozen", async || {
        world.look().await.is_ok_and(|seen| !seen.snapshot.runs.is_empty())
    })
    .await?;
    use_everything(&world, 2).await?;
    let needles_of = |world: &World| needles(world, &keys);
    let found = needles_of(&world)?.found_in(daemon.pid())?;
    assert!(found.contains_key("master key") && found.contains_key("root"), "it sees: {found:?}");
    sealed(&world, &daemon, &needles_of(&world)?).await?;

    // Opened over the socket, and people connect anew.
    let (client, _feed) = world.client().await?;
    client.call(Unseal { secret: Secret::new(PASSPHRASE.to_owned()) }).await?;
    use_everything(&world, 3).await?;
    // A login link is signed.
    for account in client.call(ListAccounts {}).await? {
        if account.broker == Broker::Zerodha {
            client.call(Login { account: account.id }).await?;
        }
    }
    let found = needles_of(&world)?.found_in(daemon.pid())?;
    assert!(found.contains_key("master key"), "it sees: {found:?}");
    drop(client);
    sealed(&world, &daemon, &needles_of(&world)?).await?;
    daemon.kill()
}
