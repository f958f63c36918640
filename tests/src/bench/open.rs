//! How long a store takes to open after a writer on it was killed.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use clap::Args;
use muster_protocol::event::{Area, JournalEntry, Level};
use muster_protocol::time::Timestamp;
use musterd::store::{Batch, Epochs, Store};
use serde::Serialize;
use tokio::time::Instant;

use super::say;

/// How many rows.
#[derive(Debug, Args)]
pub struct Open {
    /// Rows of the journal.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// Where the store is made; memory is not a disk.
    #[arg(long)]
    folder: Option<PathBuf>,
}

/// The writer that is killed; started by `muster-bench` itself.
#[derive(Debug, Args)]
pub struct Rows {
    /// The store.
    #[arg(long)]
    store: PathBuf,
    /// How many there are to be.
    #[arg(long)]
    rows: u64,
}

#[derive(Debug, Serialize)]
struct Opened {
    rows: u64,
    mib: u64,
    open_ms: f64,
    journal_tail_ms: f64,
}

const CHUNK: u64 = 10_000;

/// Fills a store, kills the writer, and measures.
pub fn open(what: &Open) -> anyhow::Result<()> {
    let parent = what.folder.clone().unwrap_or_else(std::env::temp_dir);
    let folder = tempfile::tempdir_in(parent)?;
    let store = folder.path().join("store.redb");
    let mut writer = Command::new(std::env::current_exe()?)
        .arg("rows")
        .arg("--store")
        .arg(&store)
        .args(["--rows", &what.rows.to_string()])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut told = String::new();
    let stdout = writer.stdout.take().context("the writer's output")?;
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut told)?;
    writer.kill()?;
    writer.wait()?;
    let opened = measure(&store)?;
    say(&format!("{opened:?}"));
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&opened)?)?;
    Ok(())
}

fn measure(path: &Path) -> anyhow::Result<Opened> {
    let began = Instant::now();
    let store = Store::open(path)?;
    let open_ms = began.elapsed().as_secs_f64() * 1e3;
    let tail = store.journal(&muster_protocol::request::JournalFilter::default(), 0, 1_000)?;
    let journal_tail_ms = began.elapsed().as_secs_f64() * 1e3 - open_ms;
    let rows = tail.last().map_or(0, |entry| entry.seq);
    let mib = std::fs::metadata(path)?.len() >> 20;
    Ok(Opened { rows, mib, open_ms, journal_tail_ms })
}

/// Writes so many rows, says so, and goes on writing until it is killed.
pub fn fill(what: &Rows) -> anyhow::Result<()> {
    use std::io::Write;
    let store = Store::open(&what.store)?;
    let epochs = Epochs::beside(&what.store);
    let (mut written, mut chunk) = (0, CHUNK);
    loop {
        let journal = (0..chunk).map(|_| entry()).collect();
        let (_, next) = epochs.look(&store)?;
        epochs.advance(&store, Batch { journal, ..Batch::default() }, next)?;
        written += chunk;
        if written == what.rows {
            writeln!(std::io::stdout(), "{written}")?;
            chunk = 1;
        }
    }
}

fn entry() -> JournalEntry {
    JournalEntry {
        seq: 0,
        at: Timestamp::from_millis(1_795_406_520_000),
        level: Level::Info,
        area: Area::Order,
        user: "zs100001".parse().ok(),
        account: Some(muster_protocol::ids::AccountId(100_001)),
        broker: Some(muster_protocol::order::Broker::Zerodha),
        run: "btst@2026-11-23".to_owned().try_into().ok(),
        text: "accepted as 2611230000000014 · BUY NSE:SBIN 1 @ 900.00".to_owned(),
    }
}
