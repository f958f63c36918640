//! I12 and I19 on a real file: the disk is full. The daemon refuses what it cannot write down, says so and
//! ends; what it answered before is there.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use anyhow::Context;
use muster_protocol::client::CallError;
use muster_protocol::frame::{Code, Failure};
use muster_protocol::ids::AccountId;
use muster_protocol::plan::Mode;
use muster_protocol::request::{
    ArmPlan, ListAccounts, ListAudit, PutPlan, Selection, SetActive, TestAccounts,
};
use muster_tests::harness::{Outside, Setup, World, eventually, two_legs};
use muster_tests::sandbox::{Broker, Operation};

const DRILL: &str = env!("CARGO_BIN_EXE_muster-drill");
/// Far more than fit into the room that is left.
const MANY: u32 = 2_000;

/// Room for some changes, and not for what the last one would write down.
const ROOM: u64 = 512 * 1024;

/// What a call was refused with.
fn refusal<T: std::fmt::Debug>(answer: Result<T, CallError>) -> anyhow::Result<Failure> {
    match answer {
        Err(CallError::Refused(failure)) => Ok(failure),
        other => anyhow::bail!("not refused: {other:?}"),
    }
}

async fn ended(mut daemon: Outside) -> anyhow::Result<ExitStatus> {
    let mut status = None;
    eventually("the daemon ends", async || {
        status = daemon.ended().ok().flatten();
        status.is_some()
    })
    .await?;
    status.context("it runs")
}

#[tokio::test(flavor = "multi_thread")]
async fn i12_with_a_full_disk_it_ends_and_says_so_and_what_was_answered_is_there()
-> anyhow::Result<()> {
    let world = World::new(Setup { accounts: 2, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    daemon.stop().await?;
    // Not a byte more, in blocks of 512; without the signal that would kill it.
    let blocks = std::fs::metadata(world.store())?.len().div_ceil(512);
    let first = format!("trap '' XFSZ; ulimit -f {blocks}");
    let daemon = Outside::start_after(&world, Path::new(DRILL), &first).await?;
    let (client, _feed) = world.client().await?;
    let mut answered = None;
    let mut refused = None;
    for quantity in 1..=MANY {
        let mut spec = two_legs();
        spec.legs[0].quantity = serde_json::from_value(quantity.into())?;
        match client.call(PutPlan { spec: spec.clone() }).await {
            Ok(plan) => answered = Some((spec, plan.hash)),
            refusing => {
                refused = Some(refusal(refusing)?);
                break;
            }
        }
    }
    let refused = refused.context("all of the plans fitted")?;
    assert!(refused.message.contains("cannot be written down"), "{refused}");
    assert!(!ended(daemon).await?.success());
    let words = std::fs::read_to_string(world.folder().join("stderr"))?;
    assert!(words.contains("no order can be recorded and none is sent"), "{words}");
    assert!(world.sandbox.orders().is_empty());

    // With room again, everything goes on from the last answer, or from the request that got none.
    let daemon = Outside::start(&world, Path::new(DRILL)).await?;
    let (client, _feed) = world.client().await?;
    if let Some((spec, hash)) = answered {
        let plans = world.look().await?.snapshot.plans;
        assert_eq!(plans.len(), 1);
        let found = plans[0].spec.legs[0].quantity;
        let least = spec.legs[0].quantity;
        assert!(found >= least, "{found:?} after {least:?} was answered");
        let plan = client.call(PutPlan { spec }).await?;
        assert_eq!(plan.hash, hash);
        let name = plan.spec.name.clone();
        client.call(ArmPlan { plan: name, mode: Mode::Live, hash }).await?;
    }
    daemon.kill()
}

/// A file system of its own for the store, of a few mebibytes. Gone when dropped.
struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts it and moves the store there; `None`, and said, where one may not mount.
    fn under(world: &World) -> anyhow::Result<Option<Self>> {
        let folder = world.folder().join("disk");
        std::fs::create_dir(&folder)?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs"]).arg(&folder);
        if !mount.output().is_ok_and(|mounted| mounted.status.success()) {
            let words = "left out: a small file system takes root, and the right to mount";
            writeln!(std::io::stderr(), "{words}")?;
            return Ok(None);
        }
        let disk = Self { folder };
        for name in ["store.redb", "store.redb.epoch"] {
            std::fs::copy(world.folder().join(name), disk.folder.join(name))?;
        }
        let config = std::fs::read_to_string(world.config())?;
        let (old, new) = (world.store(), disk.folder.join("store.redb"));
        let config = config.replace(&old.display().to_string(), &new.display().to_string());
        std::fs::write(world.config(), config)?;
        Ok(Some(disk))
    }

    fn filler(&self) -> PathBuf {
        self.folder.join("filler")
    }

    /// Leaves no room.
    fn fill(&self) -> anyhow::Result<()> {
        let mut filler = File::options().create(true).append(true).open(self.filler())?;
        for size in [64 * 1024, 4 * 1024, 1] {
            while filler.write_all(&vec![1; size]).is_ok() {}
        }
        Ok(())
    }

    /// Leaves so many bytes of room.
    fn leave(&self, bytes: u64) -> anyhow::Result<()> {
        self.fill()?;
        let filler = File::options().write(true).open(self.filler())?;
        Ok(filler.set_len(filler.metadata()?.len().saturating_sub(bytes))?)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(&self.folder).status());
    }
}

/// Every call the brokers have had, but the ones no credential is for.
fn calls(world: &World) -> usize {
    let operations = [Operation::Login, Operation::Profile, Operation::Funds, Operation::Cancel];
    let both = [Broker::AngelOne, Broker::Kite].into_iter();
    both.flat_map(|broker| operations.map(|of| world.sandbox.calls(broker, of))).sum()
}

/// So often the same account, which makes a long entry in the audit.
fn long(account: AccountId, times: usize) -> Selection {
    Selection::Ids(vec![account; times])
}

#[tokio::test(flavor = "multi_thread")]
async fn i19_what_the_audit_has_no_room_for_is_refused_with_the_reason_and_not_done()
-> anyhow::Result<()> {
    let world = World::new(Setup { accounts: 1, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    let account = world.connect_all().await?[0];
    daemon.stop().await?;
    let Some(disk) = SmallDisk::under(&world)? else { return Ok(()) };
    let daemon = Outside::start(&world, Path::new(DRILL)).await?;
    let (client, _feed) = world.client().await?;
    disk.leave(ROOM)?;

    // Something is changed, again and again, until it is refused; and then it is not changed.
    let (mut on, mut done, mut refused) = (true, 0, None);
    for _ in 0..MANY {
        let change = SetActive { accounts: long(account, 10_000), on: !on };
        match client.call(change).await {
            Ok(_) => {
                done += 1;
                on = !on;
            }
            refusing => {
                refused = Some(refusal(refusing)?);
                break;
            }
        }
    }
    let failure = refused.context("the audit had room for all")?;
    assert!(done > 0, "it was refused before the disk was full");
    assert_eq!(failure.code, Code::Internal);
    for words in ["refused", "cannot be written down", "No space left on device", "The daemon ends"]
    {
        assert!(failure.message.contains(words), "{failure}");
    }
    assert!(!ended(daemon).await?.success());

    // A secret would be used: not a byte leaves for the broker.
    disk.leave(ROOM)?;
    let daemon = Outside::start(&world, Path::new(DRILL)).await?;
    let (client, _feed) = world.client().await?;
    assert_eq!(client.call(ListAccounts {}).await?[0].active, on, "what was refused is not done");
    let before = calls(&world);
    let failure = refusal(client.call(TestAccounts { accounts: long(account, 300_000) }).await)?;
    assert!(failure.message.contains("Nothing of it was begun"), "{failure}");
    assert!(!ended(daemon).await?.success());
    assert_eq!(calls(&world), before, "a broker was called");

    // With room, neither is in the audit, and everything goes on.
    std::fs::remove_file(disk.filler())?;
    let daemon = Outside::start(&world, Path::new(DRILL)).await?;
    let (client, _feed) = world.client().await?;
    let rows = client.call(ListAudit { after: 0, before: None, limit: 1_000 }).await?;
    let last = rows.last().context("an empty audit")?;
    assert_eq!(last.entry.what, if on { "activate" } else { "deactivate" });
    assert!(rows.iter().all(|row| row.entry.what != "test"), "{last:?}");
    client.call(TestAccounts { accounts: Selection::Ids(vec![account]) }).await?;
    eventually("the broker is asked", async || calls(&world) > before).await?;
    daemon.kill()
}
