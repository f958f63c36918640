//! Backups made while everything goes on, stores put back, and the audit.

use std::path::{Path, PathBuf};

use muster_protocol::client::CallError;
use muster_protocol::frame::Code;
use muster_protocol::ids::RunId;
use muster_protocol::request::{Backup, House, Release, Seal, ShowRun, Status};
use muster_protocol::run::RunState;
use muster_protocol::status::HoldReason;
use muster_tests::harness::{SECRET_MARK, Setup, World, eventually, two_legs};
use musterd::passphrase::{Passphrase, Source};
use musterd::upkeep::{self, UpkeepError};

fn passphrase(world: &World) -> anyhow::Result<Passphrase> {
    let directory = world.folder().to_owned();
    Ok(Passphrase::read(&Source::Credential { directory, name: "passphrase".to_owned() })?)
}

async fn backup(world: &World, name: &str) -> anyhow::Result<PathBuf> {
    let file = world.folder().join(name);
    let (client, _feed) = world.client().await?;
    client.call(Backup { file: file.display().to_string() }).await?;
    Ok(file)
}

/// Two accounts on auto-execute and a live plan.
async fn armed() -> anyhow::Result<World> {
    let world = World::new(Setup { accounts: 2, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    world.arm(two_legs()).await?;
    daemon.stop().await?;
    Ok(world)
}

#[tokio::test(flavor = "multi_thread")]
async fn i18_a_backup_put_back_is_noticed_and_its_runs_are_held_until_a_person_says_go()
-> anyhow::Result<()> {
    let world = armed().await?;
    let daemon = world.daemon().await?;
    let file = backup(&world, "backup.redb").await?;
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file)?.permissions());
    assert_eq!(mode & 0o777, 0o600);
    daemon.stop().await?;
    let found = upkeep::verify(&file, &passphrase(&world)?)?;
    assert!(found.backup && found.sealed >= 4 && found.audit.entries > 0, "{found:?}");
    upkeep::restore(&world.store(), &file, &passphrase(&world)?)?;

    let daemon = world.daemon().await?;
    let (client, _feed) = world.client().await?;
    assert_eq!(client.call(Status {}).await?.held, Some(HoldReason::OlderStore));
    world.set_clock("2026-11-23T15:10:01+05:30")?;
    eventually("it is said that the run is held", async || {
        world.look().await.is_ok_and(|seen| {
            let mut texts = seen.snapshot.journal.iter().map(|entry| entry.text.as_str());
            texts.any(|text| text.starts_with("due, but runs are HELD"))
        })
    })
    .await?;
    assert!(world.sandbox.orders().is_empty());
    client.call(Release {}).await?;
    let run: RunId = "btst@2026-11-23".to_owned().try_into()?;
    eventually("the run happens inside its window", async || {
        let shown = client.call(ShowRun { run: run.clone() }).await;
        shown.is_ok_and(|shown| shown.run.state == RunState::Closed)
    })
    .await?;
    assert_eq!(world.sandbox.orders().len(), 4);
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn i18_a_file_copied_back_by_hand_is_noticed_too_and_a_restart_is_not() -> anyhow::Result<()>
{
    let world = World::new(Setup { accounts: 1, ..Setup::default() }).await?;
    let held = async || -> anyhow::Result<Option<HoldReason>> {
        let daemon = world.daemon().await?;
        let (client, _feed) = world.client().await?;
        let held = client.call(Status {}).await?.held;
        daemon.stop().await?;
        Ok(held)
    };
    assert_eq!((held().await?, held().await?), (None, None));
    let copy = world.folder().join("copy");
    std::fs::copy(world.store(), &copy)?;
    assert_eq!(held().await?, None);
    std::fs::copy(&copy, world.store())?;
    assert_eq!(held().await?, Some(HoldReason::OlderStore));
    assert_eq!(held().await?, Some(HoldReason::OlderStore), "a restart lets nothing go");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_backup_is_refused_and_none_takes_another_files_place() -> anyhow::Result<()> {
    let world = armed().await?;
    let daemon = world.daemon().await?;
    let file = backup(&world, "backup.redb").await?;
    let again = backup(&world, "backup.redb").await;
    assert!(again.is_err_and(|error| error.to_string().contains("there already")));
    let over = backup(&world, "store.redb").await;
    assert!(over.is_err(), "the store itself is a file that is there");
    let (client, _feed) = world.client().await?;
    client.call(Seal {}).await?;
    let sealed = client.call(Backup { file: "/tmp/never".to_owned() }).await;
    assert!(matches!(sealed, Err(CallError::Refused(failure)) if failure.code == Code::Sealed));
    daemon.stop().await?;
    // A whole redb file with one row fewer.
    let store = musterd::store::Store::open(&file)?;
    store.close()?;
    drop_an_account(&file)?;
    let refused = upkeep::verify(&file, &passphrase(&world)?);
    assert!(matches!(refused, Err(UpkeepError::NotAuthentic(_))), "{refused:?}");
    let refused = upkeep::restore(&world.store(), &file, &passphrase(&world)?);
    assert!(matches!(refused, Err(UpkeepError::NotAuthentic(_))), "{refused:?}");
    // A store that was never backed up is no backup either.
    let refused = upkeep::restore(&file, &world.store(), &passphrase(&world)?);
    assert!(matches!(refused, Err(UpkeepError::NotAuthentic(_))), "{refused:?}");
    Ok(())
}

/// What somebody does who can write the file and knows no key.
fn drop_an_account(file: &Path) -> anyhow::Result<()> {
    let store = musterd::store::Store::open(file)?;
    let epochs = musterd::store::Epochs::beside(file);
    epochs.advance(&store, musterd::store::Batch::default(), 99)?;
    Ok(store.close()?)
}

#[tokio::test(flavor = "multi_thread")]
async fn i19_what_was_done_is_in_the_audit_with_its_head_in_the_status() -> anyhow::Result<()> {
    let world = armed().await?;
    let daemon = world.daemon().await?;
    let (client, _feed) = world.client().await?;
    client.call(Seal {}).await?;
    let head = client.call(Status {}).await?.audit.unwrap_or_default();
    daemon.stop().await?;
    let (entries, found) = upkeep::audit(&world.store())?;
    assert_eq!(found, head);
    let deeds: Vec<&str> = entries.iter().map(|entry| entry.what.as_str()).collect();
    assert_eq!(deeds.last(), Some(&"seal the vault"));
    assert!(deeds.contains(&"connect") && deeds.contains(&"put a plan"), "{deeds:?}");
    assert!(entries.iter().all(|entry| !entry.by.is_empty() && !entry.role.is_empty()));
    let text = format!("{entries:?}").to_uppercase();
    assert!(!text.contains(SECRET_MARK), "I13: no secret in the audit");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_backup_is_known_now_and_after_a_restart() -> anyhow::Result<()> {
    let world = armed().await?;
    let daemon = world.daemon().await?;
    let house = world.client().await?.0.call(House {}).await?;
    assert_eq!(house.backup, None);
    assert!(house.records > 0 && house.journal > 0 && house.slots.len() == 1, "{house:?}");
    let file = std::fs::metadata(world.store())?.len();
    assert_eq!(house.store_bytes, Some(file));
    backup(&world, "backup.redb").await?;
    let made = world.client().await?.0.call(House {}).await?.backup;
    assert!(made.is_some());
    daemon.stop().await?;
    let daemon = world.daemon().await?;
    let known = world.client().await?.0.call(House {}).await?.backup;
    let apart = made.zip(known).map(|(made, known)| made.since(known).abs());
    assert!(apart.is_some_and(|ms| ms < 5_000), "{made:?} {known:?}");
    daemon.stop().await
}
