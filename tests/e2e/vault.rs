//! The vault over the socket: sealed and open, and its slots.

use muster_protocol::account::AccountView;
use muster_protocol::client::{CallError, Client};
use muster_protocol::frame::Code;
use muster_protocol::request::{
    AddSlot, ChangeSecret, ListSlots, Reencrypt, RemoveSlot, Rotate, Seal, Selection, Status,
    TestAccounts, Unseal,
};
use muster_protocol::run::RunState;
use muster_protocol::secret::Secret;
use muster_protocol::status::VaultState;
use muster_protocol::vault::SlotKind;
use muster_tests::harness::{Setup, World, eventually, two_legs};
use musterd::vault::new_key_text;

const PASSPHRASE: &str = "CANARY-passphrase";

async fn world(accounts: usize) -> anyhow::Result<World> {
    World::new(Setup { accounts, ..Setup::default() }).await
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn code<T: std::fmt::Debug>(answer: Result<T, CallError>) -> anyhow::Result<Code> {
    match answer {
        Err(CallError::Refused(failure)) => Ok(failure.code),
        other => anyhow::bail!("not refused: {other:?}"),
    }
}

async fn vault(client: &Client) -> anyhow::Result<VaultState> {
    Ok(client.call(Status {}).await?.vault)
}

#[tokio::test(flavor = "multi_thread")]
async fn with_no_passphrase_at_hand_it_starts_sealed_and_a_due_run_is_missed() -> anyhow::Result<()>
{
    let world = world(2).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    world.arm(two_legs()).await?;
    daemon.stop().await?;
    std::fs::remove_file(world.folder().join("passphrase"))?;
    let daemon = world.daemon().await?;
    let (client, _feed) = world.client().await?;
    assert_eq!(vault(&client).await?, VaultState::Sealed);
    let test = client.call(TestAccounts { accounts: Selection::All }).await;
    assert_eq!(code(test)?, Code::Sealed);
    world.set_clock("2026-11-23T15:10:01+05:30")?;
    eventually("it is said that the run cannot happen", async || {
        world.look().await.is_ok_and(|seen| {
            let mut texts = seen.snapshot.journal.iter().map(|entry| entry.text.as_str());
            texts.any(|text| text.starts_with("due, but the vault is sealed"))
        })
    })
    .await?;
    world.set_clock("2026-11-23T15:20:00+05:30")?;
    eventually("the run is missed", async || {
        let Ok(seen) = world.look().await else { return false };
        let missed = RunState::Missed { reason: "the vault is sealed".to_owned() };
        seen.snapshot.runs.iter().any(|run| run.state == missed)
    })
    .await?;
    assert!(world.sandbox.orders().is_empty());
    client.call(Unseal { secret: secret(PASSPHRASE) }).await?;
    assert_eq!(vault(&client).await?, VaultState::Open);
    client.call(TestAccounts { accounts: Selection::All }).await?;
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn i14_a_wrong_passphrase_is_refused_and_then_one_has_to_wait() -> anyhow::Result<()> {
    let world = world(1).await?;
    let daemon = world.daemon().await?;
    let (client, _feed) = world.client().await?;
    let taken = client.call(Unseal { secret: secret(PASSPHRASE) }).await;
    assert_eq!(code(taken)?, Code::Conflict, "it is open");
    client.call(Seal {}).await?;
    world.clock.set(None, None, Some(true));
    let wrong = client.call(Unseal { secret: secret("CANARY-wrong") }).await;
    assert_eq!(code(wrong)?, Code::Forbidden);
    let early = client.call(Unseal { secret: secret(PASSPHRASE) }).await;
    assert_eq!(code(early)?, Code::Busy);
    world.set_clock("2026-11-23T12:30:00+05:30")?;
    client.call(Unseal { secret: secret(PASSPHRASE) }).await?;
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_are_added_changed_and_removed_and_a_rotation_leaves_one() -> anyhow::Result<()> {
    let world = world(2).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    let (client, _feed) = world.client().await?;
    let key = new_key_text()?;
    let add = |kind, new: &str| AddSlot { secret: secret(PASSPHRASE), kind, new: secret(new) };
    client.call(add(SlotKind::Recovery, &key)).await?;
    assert_eq!(code(client.call(add(SlotKind::KeyFile, "no key")).await)?, Code::InvalidParams);
    let other = "CANARY-another one";
    let change = ChangeSecret { secret: secret(PASSPHRASE), new: secret(other) };
    client.call(change).await?;
    let gone = client.call(RemoveSlot { secret: secret(PASSPHRASE), slot: 1 }).await;
    assert_eq!(code(gone)?, Code::Forbidden);
    world.set_clock("2026-11-23T12:30:00+05:30")?;
    let kinds: Vec<SlotKind> =
        client.call(ListSlots {}).await?.iter().map(|slot| slot.kind).collect();
    assert_eq!(kinds, [SlotKind::Passphrase, SlotKind::Recovery]);
    client.call(RemoveSlot { secret: secret(&key), slot: 0 }).await?;
    let last = client.call(RemoveSlot { secret: secret(&key), slot: 1 }).await;
    assert_eq!(code(last)?, Code::Conflict);
    client.call(Rotate { secret: secret(&key) }).await?;
    let users: Vec<_> = world.people()?.iter().map(|person| person.user().clone()).collect();
    for user in users {
        client.call(Reencrypt { user }).await?;
    }
    daemon.stop().await?;
    // After a restart the recovery key opens it, and every credential still works.
    std::fs::write(world.folder().join("passphrase"), key.as_bytes())?;
    let daemon = world.daemon().await?;
    let (client, _feed) = world.client().await?;
    client.call(TestAccounts { accounts: Selection::All }).await?;
    eventually("both accounts pass their test again", async || {
        world.look().await.is_ok_and(|seen| {
            let accounts = &seen.snapshot.accounts;
            let latest = |account: &AccountView| account.history.last().map(|past| past.failed);
            accounts.len() == 2 && accounts.iter().all(|a| latest(a) == Some(None))
        })
    })
    .await?;
    daemon.stop().await
}
