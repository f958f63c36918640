//! What is done to the store's keys and to what they sealed: purged, audited, forgotten after a seal.

use std::path::Path;

use anyhow::Context;
use muster_protocol::client::{CallError, Client};
use muster_protocol::frame::{Code, Failure};
use muster_protocol::request::{
    ListAccounts, ListAudit, Purge, RemoveAccount, Seal, Selection, Status, TestAccounts, Unseal,
    VerifyAudit,
};
use muster_protocol::secret::Secret;
use muster_protocol::status::VaultState;
use muster_tests::harness::{Outside, SECRET_MARK, Setup, World, eventually};
use musterd::config::Config;
use musterd::daemon::{Edges, Opening, run};
use musterd::passphrase::{Passphrase, Source};
use musterd::store::{Epochs, Store};
use tokio_util::sync::CancellationToken;

use crate::memory::{may_read_memory, occurrences};

const DRILL: &str = env!("CARGO_BIN_EXE_muster-drill");
const PASSPHRASE: &str = "CANARY-passphrase";

async fn world(accounts: usize) -> anyhow::Result<World> {
    World::new(Setup { accounts, ..Setup::default() }).await
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn refusal<T: std::fmt::Debug>(answer: Result<T, CallError>) -> anyhow::Result<Failure> {
    match answer {
        Err(CallError::Refused(failure)) => Ok(failure),
        other => anyhow::bail!("not refused: {other:?}"),
    }
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|part| part == needle)
}

/// What the store has of one user: the wrapped key, and the sealed bytes of the account.
fn of_user(world: &World, user: &str) -> anyhow::Result<Vec<Vec<u8>>> {
    let store = Store::open(&world.store())?;
    let keys = store.user_keys()?.into_iter().filter(|(name, _)| name.as_str() == user);
    let mut found: Vec<Vec<u8>> = keys.map(|(_, key)| key).collect();
    anyhow::ensure!(found.len() == 1, "{user} has a key");
    // Two accounts: the lower number was connected first.
    let rows = store.sealed()?;
    let first = rows.iter().map(|row| row.account).min().context("no row")?;
    found.extend(rows.into_iter().filter(|row| row.account == first).map(|row| row.bytes));
    store.close()?;
    Ok(found)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_removed_user_had_is_nowhere_in_the_store_after_a_purge() -> anyhow::Result<()> {
    let world = world(2).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    daemon.stop().await?;
    let user = world.people()?.first().context("nobody")?.user().clone();
    let theirs = of_user(&world, user.as_str())?;
    assert!(theirs.len() >= 2);

    let daemon = world.daemon().await?;
    let (client, _feed) = world.client().await?;
    let accounts = client.call(ListAccounts {}).await?;
    let account = accounts.iter().find(|account| account.user == user).context("no account")?.id;
    client.call(RemoveAccount { account, confirm: user.clone() }).await?;
    let told = world.look().await?.snapshot.journal;
    let told = told.iter().any(|entry| entry.text.contains("The user's key is destroyed"));
    assert!(told, "it is said what remains where");
    let before = std::fs::read(world.store())?;
    assert!(theirs.iter().any(|bytes| holds(&before, bytes)), "a deleted row stays in the file");

    let made = client.call(Purge {}).await?;
    assert!(made.overwritten && made.before == before.len() as u64);
    let after = std::fs::read(world.store())?;
    assert!(theirs.iter().all(|bytes| !holds(&after, bytes)));
    // It goes on in the new file, and a restart finds it whole.
    client.call(TestAccounts { accounts: Selection::All }).await?;
    let rows = client.call(ListAudit { after: 0, before: None, limit: 1_000 }).await?;
    let deeds: Vec<_> = rows.iter().map(|row| row.entry.what.as_str()).collect();
    let asked = deeds.iter().position(|deed| *deed == "asked for: write the store anew");
    assert_eq!(deeds.get(asked.context("not audited")? + 1), Some(&"write the store anew"));
    daemon.stop().await?;
    let daemon = world.daemon().await?;
    let (client, _feed) = world.client().await?;
    assert_eq!(client.call(Status {}).await?.held, None, "a purge is no older store put back");
    assert_eq!(client.call(ListAccounts {}).await?.len(), 1);
    daemon.stop().await?;
    let store = Store::open(&world.store())?;
    assert!(store.epoch()? > 3 && Epochs::beside(&world.store()).look(&store)?.1 > 4);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn i19_the_audit_is_listed_and_followed_while_the_daemon_runs() -> anyhow::Result<()> {
    let world = world(1).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    let (client, _feed) = world.client().await?;
    let kept = client.call(Status {}).await?.audit.context("no head")?;
    client.call(TestAccounts { accounts: Selection::All }).await?;
    let held = client.call(VerifyAudit { head: Some(kept.hash.to_uppercase()) }).await?;
    assert_eq!(held.kept, Some(kept.entries), "a head that was kept is an entry still");
    assert!(held.head.entries > kept.entries);
    let other = Some("0".repeat(64));
    assert_eq!(refusal(client.call(VerifyAudit { head: other }).await)?.code, Code::NotFound);
    let rows = client.call(ListAudit { after: 0, before: None, limit: 1_000 }).await?;
    assert_eq!(rows.len() as u64, held.head.entries);
    assert_eq!(rows.last().map(|row| &row.hash), Some(&held.head.hash));
    let uid = format!("uid {}", rustix::process::geteuid().as_raw());
    assert!(rows.iter().all(|row| row.entry.by == uid || row.entry.by == "the login callback"));
    assert!(rows.iter().any(|row| row.entry.what == "test" && row.entry.role == "operator"));
    let newest = client.call(ListAudit { after: 1, before: None, limit: 1 }).await?;
    assert_eq!(newest.as_slice(), rows.last_chunk::<1>().context("no rows")?);
    let before = ListAudit { after: 0, before: newest.first().map(|row| row.number), limit: 1 };
    assert_eq!(client.call(before).await?, rows[rows.len() - 2..rows.len() - 1]);
    daemon.stop().await?;
    // The same without a daemon.
    let offline = musterd::upkeep::verify_audit(&world.store(), Some(&kept.hash))?;
    assert_eq!((offline.kept, offline.head.entries), (Some(kept.entries), held.head.entries));
    Ok(())
}

/// The words and the code with which a secret is refused.
async fn refused(client: &Client, text: &str) -> anyhow::Result<(Code, String)> {
    let failure = refusal(client.call(Unseal { secret: secret(text) }).await)?;
    Ok((failure.code, failure.message))
}

#[tokio::test(flavor = "multi_thread")]
async fn i14_a_damaged_slot_is_answered_like_a_wrong_passphrase_and_each_wait_is_longer()
-> anyhow::Result<()> {
    let world = world(1).await?;
    std::fs::remove_file(world.folder().join("passphrase"))?;
    let daemon = world.daemon().await?;
    world.clock.set(None, None, Some(true));
    let (client, _feed) = world.client().await?;
    let wrong = refused(&client, "CANARY-wrong").await?;
    assert_eq!(wrong.0, Code::Forbidden);
    assert!(refused(&client, PASSPHRASE).await?.1.ends_with("the next try is in 1 s"));
    world.set_clock("2026-11-23T12:30:00+05:30")?;
    assert_eq!(refused(&client, "CANARY-wrong").await?, wrong);
    assert!(refused(&client, PASSPHRASE).await?.1.ends_with("the next try is in 2 s"));
    daemon.stop().await?;

    // One bit of the sealed master key in the only slot.
    let store = Store::open(&world.store())?;
    let mut header = store.header()?.context("no header")?;
    header[87 + 64 + 20] ^= 1;
    let epochs = Epochs::beside(&world.store());
    let next = epochs.look(&store)?.1;
    let batch = musterd::store::Batch { header: Some(header), ..Default::default() };
    epochs.advance(&store, batch, next)?;
    store.close()?;
    let daemon = world.daemon().await?;
    let (client, _feed) = world.client().await?;
    assert_eq!(refused(&client, PASSPHRASE).await?, wrong, "nobody can tell the two apart");
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn i20_after_seal_no_credential_and_no_session_is_in_memory() -> anyhow::Result<()> {
    if !may_read_memory() {
        return Ok(());
    }
    let world = world(2).await?;
    let daemon = Outside::start(&world, Path::new(DRILL)).await?;
    world.connect_all().await?;
    let (client, _feed) = world.client().await?;
    client.call(TestAccounts { accounts: Selection::All }).await?;
    eventually("a secret is seen in memory while it is open", async || {
        occurrences(daemon.pid(), SECRET_MARK.as_bytes()).is_ok_and(|found| found > 0)
    })
    .await?;
    client.call(Seal {}).await?;
    eventually("no secret is found", async || {
        occurrences(daemon.pid(), SECRET_MARK.as_bytes()).is_ok_and(|found| found == 0)
    })
    .await?;
    daemon.kill()
}

fn credential(world: &World, name: &str, text: &str) -> anyhow::Result<(String, Passphrase)> {
    let directory = world.folder().to_owned();
    std::fs::write(directory.join(name), text)?;
    let source = Source::Credential { directory, name: name.to_owned() };
    Ok((name.to_owned(), Passphrase::read(&source)?))
}

/// How a daemon that finds these credentials begins, and what its journal says of it.
async fn begun(world: &World, of: &[(&str, &str)]) -> anyhow::Result<(VaultState, Vec<String>)> {
    let read = of.iter().map(|(name, text)| credential(world, name, text));
    let opening = Opening::Credentials(read.collect::<anyhow::Result<_>>()?);
    let (config, stop) = (Config::read(&world.config())?, CancellationToken::new());
    let clock = std::sync::Arc::new(muster_tests::harness::clock::DayClock(world.clock.clone()));
    let daemon = tokio::spawn(run(config, opening, Edges { clock, socket: None }, stop.clone()));
    eventually("the daemon answers", async || world.client().await.is_ok()).await?;
    let seen = world.look().await?.snapshot;
    stop.cancel();
    daemon.await??;
    let texts = seen.journal.into_iter().map(|entry| entry.text);
    Ok((seen.status.vault, texts.filter(|text| !text.starts_with("musterd")).collect()))
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_tried_in_order_and_if_none_fits_it_starts_sealed_and_says_so()
-> anyhow::Result<()> {
    let world = world(1).await?;
    let key = musterd::vault::new_key_text()?;
    let (state, said) = begun(&world, &[("musterd.passphrase", PASSPHRASE)]).await?;
    assert_eq!((state, said.len()), (VaultState::Open, 0));
    let both = [("musterd.key", key.as_str()), ("musterd.passphrase", PASSPHRASE)];
    let (state, said) = begun(&world, &both).await?;
    assert_eq!((state, said.len()), (VaultState::Open, 1));
    assert!(said.concat().starts_with("the credential musterd.key: "), "{said:?}");
    let (state, said) = begun(&world, &[("musterd.key", key.as_str())]).await?;
    assert_eq!(state, VaultState::Sealed);
    assert!(said.iter().any(|text| text.starts_with("started SEALED")), "{said:?}");
    Ok(())
}
