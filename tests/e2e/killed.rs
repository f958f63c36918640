//! The real daemon killed with SIGKILL in the middle of each operation on keys, of a backup and of a purge, at
//! every place these pass. What is left opens with the old secrets or with the new ones, whole.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use muster_protocol::client::{CallError, Client};
use muster_protocol::ids::UserId;
use muster_protocol::request::{
    AddSlot, Backup, ChangeSecret, ListAccounts, Purge, Reencrypt, RemoveAccount, RemoveSlot,
    Rotate, Status, UpgradeKdf,
};
use muster_protocol::secret::Secret;
use muster_protocol::status::VaultState;
use muster_protocol::vault::SlotKind;
use muster_tests::harness::{Outside, Setup, World, eventually};
use musterd::failpoint::Point;
use musterd::passphrase::{Passphrase, Source};
use musterd::store::Store;
use musterd::upkeep;
use musterd::vault::new_key_text;

const DRILL: &str = env!("CARGO_BIN_EXE_muster-drill");
const PASSPHRASE: &str = "CANARY-passphrase";
const SIGKILL: i32 = 9;

/// The secrets of the drill, and where it lies.
struct Ground {
    world: World,
    /// Opens it at the start: a key, which costs nothing to try.
    key: String,
    paper: String,
    new: String,
    user: UserId,
    /// The sealed records of somebody who was removed, and their wrapped key.
    gone: Vec<Vec<u8>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    AddSlot,
    RemoveSlot,
    Change,
    ChangePassphrase,
    Upgrade,
    Rotate,
    Reencrypt,
    Backup,
    Purge,
}

impl Deed {
    const ALL: [Self; 9] = [
        Self::AddSlot,
        Self::RemoveSlot,
        Self::Change,
        Self::ChangePassphrase,
        Self::Upgrade,
        Self::Rotate,
        Self::Reencrypt,
        Self::Backup,
        Self::Purge,
    ];

    async fn ask(self, client: &Client, on: &Ground) -> Result<(), CallError> {
        let secret = |text: &str| Secret::new(text.to_owned());
        let (key, new) = (|| secret(&on.key), || secret(&on.new));
        match self {
            Self::AddSlot => {
                let kind = SlotKind::Recovery;
                client.call(AddSlot { secret: key(), kind, new: new() }).await.map(drop)
            }
            Self::RemoveSlot => client.call(RemoveSlot { secret: key(), slot: 2 }).await.map(drop),
            Self::Change => client.call(ChangeSecret { secret: key(), new: new() }).await.map(drop),
            Self::ChangePassphrase => {
                let (secret, new) = (secret(PASSPHRASE), secret("CANARY-another one"));
                client.call(ChangeSecret { secret, new }).await.map(drop)
            }
            Self::Upgrade => client.call(UpgradeKdf { secret: secret(PASSPHRASE) }).await.map(drop),
            Self::Rotate => client.call(Rotate { secret: key() }).await.map(drop),
            Self::Reencrypt => client.call(Reencrypt { user: on.user.clone() }).await.map(drop),
            Self::Backup => {
                let file = on.backup().display().to_string();
                client.call(Backup { file }).await.map(drop)
            }
            Self::Purge => client.call(Purge {}).await.map(drop),
        }
    }

    /// Where it is killed. What is asked for beforehand and done beside the loop is written down twice.
    fn places(self) -> Vec<(Point, u32)> {
        let twice = matches!(self, Self::Backup | Self::Purge);
        let passes = if twice { 1..=2 } else { 1..=1 };
        let written = [Point::BeforeAudit, Point::AuditWritten];
        let mut places: Vec<_> =
            passes.flat_map(|pass| written.map(|point| (point, pass))).collect();
        places.push((Point::AuditDurable, 1));
        if self == Self::Purge {
            places.extend(Point::OF_PURGE.map(|point| (point, 1)));
        }
        places
    }
}

impl Ground {
    /// Three slots, two people, and one who was removed.
    async fn new() -> anyhow::Result<Self> {
        let world = World::new(Setup { accounts: 3, ..Setup::default() }).await?;
        let text = || new_key_text().map(|text| text.to_string());
        let (key, paper, new) = (text()?, text()?, text()?);
        let daemon = world.daemon().await?;
        world.connect_all().await?;
        let (client, _feed) = world.client().await?;
        for (kind, new) in [(SlotKind::KeyFile, &key), (SlotKind::Recovery, &paper)] {
            let secret = Secret::new(PASSPHRASE.to_owned());
            client.call(AddSlot { secret, kind, new: Secret::new(new.clone()) }).await?;
        }
        let accounts = client.call(ListAccounts {}).await?;
        let [leaves, stays, ..] = accounts.as_slice() else { anyhow::bail!("too few accounts") };
        let (account, user) = (leaves.id, stays.user.clone());
        daemon.stop().await?;
        let store = Store::open(&world.store())?;
        let rows = store.sealed()?.into_iter().filter(|row| row.account == account);
        let mut gone: Vec<_> = rows.map(|row| row.bytes).collect();
        let keys = store.user_keys()?.into_iter().filter(|(user, _)| *user == leaves.user);
        gone.extend(keys.map(|(_, key)| key));
        anyhow::ensure!(gone.len() == 3, "a credential, a session and a key");
        store.close()?;
        let daemon = world.daemon().await?;
        let (client, _feed) = world.client().await?;
        client.call(RemoveAccount { account, confirm: leaves.user.clone() }).await?;
        daemon.stop().await?;
        let ground = Self { world, key, paper, new, user, gone };
        ground.keep()?;
        anyhow::ensure!(ground.holds_what_is_gone()?, "there is nothing to be purged");
        Ok(ground)
    }

    fn backup(&self) -> PathBuf {
        self.world.folder().join("backup")
    }

    /// The store and the epoch beside it, and where they are kept.
    fn files(&self) -> [(PathBuf, PathBuf); 2] {
        let folder = self.world.folder();
        ["store.redb", "store.redb.epoch"]
            .map(|name| (folder.join(name), folder.join(format!("kept-{name}"))))
    }

    fn keep(&self) -> anyhow::Result<()> {
        self.files().iter().try_for_each(|(file, kept)| std::fs::copy(file, kept).map(drop))?;
        Ok(())
    }

    /// As it was in the beginning.
    fn again(&self) -> anyhow::Result<()> {
        self.files().iter().try_for_each(|(file, kept)| std::fs::copy(kept, file).map(drop))?;
        if self.backup().exists() {
            std::fs::remove_file(self.backup())?;
        }
        self.opens_with(&self.key)
    }

    /// What opens it at the next start.
    fn opens_with(&self, secret: &str) -> anyhow::Result<()> {
        Ok(std::fs::write(self.world.folder().join("passphrase"), secret)?)
    }

    /// Which of the keys open the store; with each, every record opens and every chain holds.
    fn opening(&self, file: &Path) -> anyhow::Result<[bool; 3]> {
        let mut opening = [false; 3];
        for (opens, text) in opening.iter_mut().zip([&self.key, &self.paper, &self.new]) {
            let name = "tried".to_owned();
            let directory = self.world.folder().to_owned();
            std::fs::write(directory.join(&name), text)?;
            let secret = Passphrase::read(&Source::Credential { directory, name })?;
            match upkeep::verify(file, &secret) {
                Ok(found) => {
                    anyhow::ensure!(found.sealed == 4, "{found:?}");
                    *opens = true;
                }
                Err(upkeep::UpkeepError::Vault(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(opening)
    }

    fn deeds(&self) -> anyhow::Result<Vec<String>> {
        let (rows, _) = upkeep::audit(&self.world.store())?;
        Ok(rows.into_iter().map(|row| row.entry.what).collect())
    }

    fn holds_what_is_gone(&self) -> anyhow::Result<bool> {
        let bytes = std::fs::read(self.world.store())?;
        let holds = |gone: &Vec<u8>| bytes.windows(gone.len()).any(|part| part == gone);
        Ok(self.gone.iter().any(holds))
    }
}

/// What opens the vault with the key, the paper key and the new key once the deed is done.
const fn after(deed: Deed) -> [bool; 3] {
    match deed {
        Deed::AddSlot => [true, true, true],
        Deed::RemoveSlot | Deed::Rotate => [true, false, false],
        Deed::Change => [false, true, true],
        Deed::ChangePassphrase | Deed::Upgrade | Deed::Reencrypt | Deed::Backup | Deed::Purge => {
            BEFORE
        }
    }
}

const BEFORE: [bool; 3] = [true, true, false];

/// The daemon dies at the place; how much of the audit was there before.
async fn die(on: &Ground, deed: Deed, (point, pass): (Point, u32)) -> anyhow::Result<usize> {
    on.again()?;
    let before = on.deeds()?.len();
    let at = format!("{}:{pass}", point.name());
    let mut daemon = Outside::spawn(&on.world, Path::new(DRILL), &["--fail-at".to_owned(), at])?;
    eventually("the daemon answers", async || on.world.client().await.is_ok()).await?;
    let (client, _feed) = on.world.client().await?;
    anyhow::ensure!(deed.ask(&client, on).await.is_err(), "it was answered");
    let mut status = None;
    eventually("the daemon is killed", async || {
        status = daemon.ended().ok().flatten();
        status.is_some()
    })
    .await?;
    let status = status.context("it runs")?;
    anyhow::ensure!(status.signal() == Some(SIGKILL), "it ended by itself: {status}");
    Ok(before)
}

/// Whole, with the old secrets or with the new ones, and what was done is in the audit with it; the secret
/// that opens it now.
fn left(
    on: &Ground,
    deed: Deed,
    (point, pass): (Point, u32),
    before: usize,
) -> anyhow::Result<&str> {
    let opening = on.opening(&on.world.store())?;
    let new: Vec<String> = on.deeds()?.split_off(before);
    let done = new.last().is_some_and(|what| !what.starts_with("asked for: "));
    anyhow::ensure!(done == (point == Point::AuditDurable), "{new:?}");
    anyhow::ensure!(opening == if done { after(deed) } else { BEFORE }, "{opening:?}");
    if on.backup().exists() {
        anyhow::ensure!(on.opening(&on.backup())? == BEFORE, "a backup that does not open");
    }
    let renamed =
        matches!(point, Point::PurgeRenamed | Point::PurgeFolderSynced | Point::PurgeOverwritten);
    if deed == Deed::Purge && (renamed || done || pass == 2) {
        anyhow::ensure!(!on.holds_what_is_gone()?, "what was removed is in the store still");
    }
    Ok(if opening[0] { &on.key } else { &on.new })
}

/// The next daemon opens it and goes on.
async fn goes_on(on: &Ground, deed: Deed) -> anyhow::Result<()> {
    let daemon = Outside::start(&on.world, Path::new(DRILL)).await?;
    let (client, _feed) = on.world.client().await?;
    let status = client.call(Status {}).await?;
    anyhow::ensure!((status.vault, status.held) == (VaultState::Open, None), "{status:?}");
    anyhow::ensure!(client.call(ListAccounts {}).await?.len() == 2);
    if deed == Deed::Purge {
        client.call(Purge {}).await?;
        anyhow::ensure!(!on.holds_what_is_gone()?, "what was removed is in the store still");
        let left = on.world.folder().join("store.redb.purging").exists();
        anyhow::ensure!(!left, "what the first purge left lies there still");
    }
    daemon.kill()
}

async fn kill(on: &Ground, deed: Deed, place: (Point, u32)) -> anyhow::Result<()> {
    let before = die(on, deed, place).await?;
    on.opens_with(left(on, deed, place, before)?)?;
    goes_on(on, deed).await
}

#[tokio::test(flavor = "multi_thread")]
async fn i11_killed_in_any_operation_on_keys_a_backup_or_a_purge_the_store_is_old_or_new_and_whole()
-> anyhow::Result<()> {
    let ground = Ground::new().await?;
    let mut kills = 0;
    for deed in Deed::ALL {
        for place in deed.places() {
            kill(&ground, deed, place).await.with_context(|| format!("{deed:?} at {place:?}"))?;
            kills += 1;
        }
    }
    assert_eq!(kills, 7 * 3 + 5 + 10);
    Ok(())
}
