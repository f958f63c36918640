//! Ten thousand accounts: whatever is asked for comes whole, in lines no longer than a line may be, and what
//! changes after a snapshot follows on it.

use std::collections::BTreeSet;
use std::process::Stdio;

use anyhow::Context;
use muster_protocol::event::{Delta, Feed, Snapshot};
use muster_protocol::frame::MAX_LINE;
use muster_protocol::ids::AccountId;
use muster_protocol::request::{
    JournalFilter, ListAccounts, ListPlans, ListRuns, Muster, QueryJournal, QueryReport, Selection,
    SetActive, ShowRun, Status, Subscribe,
};
use muster_tests::harness::{Setup, World};
use serde_json::Value;

use crate::crowd::{self, CROWD, RUN, took_part};
use crate::wire::Wire;

const DRILL: &str = env!("CARGO_BIN_EXE_muster-drill");

/// A sealed daemon: what it shows is the same, and it tests nobody by itself.
async fn world() -> anyhow::Result<World> {
    let starts = "2026-11-23T16:00:00+05:30".to_owned();
    let world = World::new(Setup { accounts: 0, starts, ..Setup::default() }).await?;
    std::fs::remove_file(world.folder().join("passphrase"))?;
    crowd::write(&world)?;
    Ok(world)
}

/// Everybody, by number.
fn all() -> BTreeSet<u32> {
    (1..=CROWD).collect()
}

fn numbers<'a>(ids: impl IntoIterator<Item = &'a AccountId>) -> BTreeSet<u32> {
    ids.into_iter().map(|id| id.0).collect()
}

/// The longest line that came, and how many did.
fn lines(heard: &[u8]) -> (usize, usize) {
    let lines: Vec<usize> = heard.split(|byte| *byte == b'\n').map(<[u8]>::len).collect();
    (lines.iter().copied().max().unwrap_or(0), lines.len() - 1)
}

fn is_whole(snapshot: &Snapshot) {
    assert_eq!(numbers(snapshot.accounts.iter().map(|account| &account.id)), all());
    let orders: BTreeSet<_> =
        snapshot.intents.iter().map(|i| (i.id.account.0, i.id.leg.0)).collect();
    let wanted = (1..=CROWD).filter(|n| took_part(*n)).flat_map(|n| [(n, 0), (n, 1)]);
    assert_eq!(orders, wanted.collect());
    assert_eq!((snapshot.runs.len(), snapshot.plans.len()), (1, 1));
    let counts = snapshot.status.counts;
    assert_eq!(counts.fit + counts.unfit + counts.off, CROWD);
}

#[tokio::test(flavor = "multi_thread")]
async fn i22_whatever_ten_thousand_accounts_make_long_comes_whole_and_in_lines_under_the_limit()
-> anyhow::Result<()> {
    let world = world().await?;
    let daemon = world.daemon().await?;
    commands(&world).await?;
    let mut wire = Wire::open(&world.socket()).await?;
    let accounts = wire.call(&ListAccounts {}).await??;
    assert_eq!(numbers(accounts.iter().map(|account| &account.id)), all());
    let long = wire.heard.len();
    assert!(long > 4 * MAX_LINE, "nothing long was asked for: {long} bytes");
    let board = wire.call(&Muster { plan: None, account: None, brief: false }).await??;
    assert_eq!(numbers(board.rows.iter().map(|row| &row.account)), all());
    let run = RUN.to_owned().try_into()?;
    let shown = wire.call(&ShowRun { run }).await??;
    assert_eq!(shown.intents.len(), 2 * shown.run.accounts as usize);
    assert_eq!(shown.run.left_out.len() + shown.run.accounts as usize, CROWD as usize);
    assert_eq!(wire.call(&ListRuns {}).await??, [shown.run]);
    let report = wire.call(&QueryReport { date: None }).await??;
    assert_eq!(report.runs.len(), 1);
    assert_eq!(wire.call(&ListPlans {}).await??.len(), 1);
    let status = wire.call(&Status {}).await??;
    let filter = JournalFilter::default();
    wire.call(&QueryJournal { after: 0, limit: 1_000, filter }).await??;
    let start = wire.call(&Subscribe { journal_tail: 1_000 }).await??;
    is_whole(&start.snapshot);
    assert_eq!(start.snapshot.status.counts, status.counts);

    // What changes next follows on the snapshot, although that came in parts.
    let (client, _feed) = world.client().await?;
    let accounts = Selection::Ids(vec![AccountId(7)]);
    client.call(SetActive { accounts, on: false }).await?;
    let (mut seq, mut told) = (start.seq, false);
    while !told {
        let Feed::Delta { seq: next, delta } = wire.change().await? else {
            anyhow::bail!("this one reads")
        };
        assert_eq!(next, seq + 1, "no gap");
        seq = next;
        told = matches!(*delta, Delta::Account(account) if account.id.0 == 7 && !account.active);
    }

    // More changes at once than wait for anybody: a fresh snapshot, in parts too.
    client.call(SetActive { accounts: Selection::All, on: false }).await?;
    let fresh = loop {
        if let Feed::Resync { snapshot, .. } = wire.change().await? {
            break snapshot;
        }
    };
    is_whole(&fresh);
    assert!(fresh.accounts.iter().all(|account| !account.active));

    let (longest, count) = lines(&wire.heard);
    assert!(longest <= MAX_LINE, "a line of {longest} bytes");
    assert!(count > 100, "{count} lines");
    daemon.stop().await
}

/// What a command of the client prints, and how it ends.
async fn muster(world: &World, line: &str) -> anyhow::Result<(Option<i32>, String)> {
    let mut command = tokio::process::Command::new(DRILL);
    command.arg("muster").args(line.split_whitespace()).env_clear();
    command.env("MUSTER_SOCKET", world.socket()).stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await?;
    anyhow::ensure!(!output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok((output.status.code(), String::from_utf8(output.stdout)?))
}

fn under(key: &str, text: &str) -> anyhow::Result<Value> {
    let mut object: Value = serde_json::from_str(text.trim())?;
    object.get_mut(key).map(Value::take).with_context(|| format!("no {key}"))
}

/// The client's commands show everybody.
async fn commands(world: &World) -> anyhow::Result<()> {
    let of = |rows: &Value, key: &str| -> BTreeSet<u64> {
        let rows = rows.as_array().into_iter().flatten();
        rows.filter_map(|row| row.get(key)?.as_u64()).collect()
    };
    let everybody: BTreeSet<u64> = (1..=u64::from(CROWD)).collect();
    let (code, text) = muster(world, "account list --json").await?;
    assert_eq!(code, Some(0));
    assert_eq!(of(&under("accounts", &text)?, "id"), everybody);
    let (code, text) = muster(world, "status --json").await?;
    assert_eq!(code, Some(0));
    let counts = under("status", &text)?["counts"].take();
    let sum: u64 = ["fit", "unfit", "off"].iter().filter_map(|word| counts[word].as_u64()).sum();
    assert_eq!(sum, u64::from(CROWD), "{counts}");
    let (code, text) = muster(world, "muster --json").await?;
    assert_eq!(code, Some(8), "nobody is fit while the vault is sealed");
    assert_eq!(of(&under("muster", &text)?["rows"], "account"), everybody);
    let (code, text) = muster(world, &format!("run show {RUN} --json")).await?;
    assert_eq!(code, Some(0));
    let intents = under("run", &text)?["intents"].take();
    assert_eq!(intents.as_array().map(Vec::len), Some(18_000));
    Ok(())
}
