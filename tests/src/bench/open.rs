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
    /// The newest of them, which came after the journal was last packed: those of a run of 10,000 orders.
    #[arg(long, default_value_t = 20_000)]
    loose: u64,
    /// Where the store is made; memory is not a disk.
    #[arg(long)]
    folder: Option<PathBuf>,
}

/// The writer that is killed; started by `muster-bench` itself.
#[derive(Debug, Args)]
pub struct Writing {
    /// The store.
    #[arg(long)]
    store: PathBuf,
    /// How many there are to be.
    #[arg(long)]
    rows: u64,
    /// How many of them come after the last packing.
    #[arg(long)]
    loose: u64,
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
        .args(["--loose", &what.loose.to_string()])
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

/// Writes so many rows, says so, and goes on writing until it is killed. What is old is packed meanwhile,
/// as a daemon does in quiet hours.
pub fn fill(what: &Writing) -> anyhow::Result<()> {
    let store = Store::open(&what.store)?;
    let epochs = Epochs::beside(&what.store);
    let write = |batch: Batch| {
        let (_, next) = epochs.look(&store)?;
        epochs.advance(&store, batch, next)
    };
    let mut written = 0;
    while written < what.rows {
        let chunk = CHUNK.min(what.rows.saturating_sub(written));
        let journal = (0..chunk).map(|n| entry(written + n)).collect();
        write(Batch { journal, ..Batch::default() })?;
        written += chunk;
        while written + what.loose <= what.rows && store.is_loose()? {
            write(Batch { pack: true, ..Batch::default() })?;
        }
    }
    writeln!(std::io::stdout(), "{written}")?;
    loop {
        write(Batch { journal: vec![entry(written)], ..Batch::default() })?;
        written += 1;
    }
}

/// The lines of orders: no two accounts, times or numbers of orders alike.
fn entry(n: u64) -> JournalEntry {
    let account = u32::try_from(n % 10_000).unwrap_or_default() + 1;
    let day = n / 20_000;
    let mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    JournalEntry {
        seq: 0,
        at: Timestamp::from_millis(1_795_406_520_000)
            .plus((day * 86_400_000 + mixed % 4_000).cast_signed()),
        level: Level::Info,
        area: Area::Order,
        user: format!("zs{}", 100_000 + account).parse().ok(),
        account: Some(muster_protocol::ids::AccountId(account)),
        broker: Some(muster_protocol::order::Broker::Zerodha),
        run: "btst@2026-11-23".to_owned().try_into().ok(),
        text: format!(
            "accepted as 26112300{:08} · BUY NSE:SBIN {} @ 900.00",
            mixed,
            mixed % 90 + 1
        ),
    }
}
