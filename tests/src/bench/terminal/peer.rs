//! A daemon that says what a figure needs, on a real socket, with the protocol's own framing.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use muster_protocol::conn::{LineReader, encode, lines, write_line};
use muster_protocol::event::{Delta, Feed, JournalEntry, Snapshot};
use muster_protocol::frame::{MAX_LINE, ReplyLine, RequestLine};
use muster_protocol::reply::Subscribed;
use serde_json::{Value, json};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::crowd;

/// How many entries a snapshot brings, as the daemon's does.
const TAIL: usize = 1_000;

/// Entries in one write of the flood.
const CHUNK: u64 = 500;

/// The peer, with a runtime of its own.
pub(super) struct Peer {
    runtime: tokio::runtime::Runtime,
    folder: tempfile::TempDir,
    says: mpsc::Sender<Vec<Delta>>,
}

/// What every connection is told, and what it hears on the way.
struct World {
    snapshot: Snapshot,
    journal: Mutex<VecDeque<JournalEntry>>,
}

impl Peer {
    /// Listens.
    pub(super) fn start(snapshot: Snapshot) -> anyhow::Result<Self> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let folder = tempfile::tempdir()?;
        let (says, queue) = mpsc::channel(4);
        let listener = {
            let _inside = runtime.enter();
            UnixListener::bind(folder.path().join("musterd.sock"))?
        };
        let journal = Mutex::new(snapshot.journal.iter().cloned().collect());
        let world = Arc::new(World { snapshot, journal });
        runtime.spawn(serve(listener, queue, world));
        Ok(Self { runtime, folder, says })
    }

    /// Where it listens.
    pub(super) fn socket(&self) -> &Path {
        // The path is made once and lives as long as the folder.
        let path: PathBuf = self.folder.path().join("musterd.sock");
        Box::leak(path.into_boxed_path())
    }

    /// Lets time pass.
    pub(super) fn rest(&self, time: Duration) {
        let nothing = std::future::pending::<()>();
        // Nothing comes: the time is up.
        let _ = self.runtime.block_on(async { tokio::time::timeout(time, nothing).await });
    }

    /// Says batch after batch until the guard is dropped.
    pub(super) fn flood(
        &self,
        batch: impl Fn(u64) -> (Vec<Delta>, Duration) + Send + 'static,
    ) -> DropGuard {
        let enough = CancellationToken::new();
        let (until, says) = (enough.clone(), self.says.clone());
        self.runtime.spawn(async move {
            for round in 0.. {
                let (deltas, pause) = batch(round);
                let next = tokio::time::Instant::now() + pause;
                if until.is_cancelled() || says.send(deltas).await.is_err() {
                    return;
                }
                tokio::time::sleep_until(next).await;
            }
        });
        enough.drop_guard()
    }

    /// Says entries 2 to `last` evenly within a second; gives the moment the last one was said.
    pub(super) fn entries(&self, last: u64) -> anyhow::Result<Instant> {
        let start = tokio::time::Instant::now();
        let says = self.says.clone();
        self.runtime.block_on(async move {
            let mut seq = 2;
            while seq <= last {
                let end = seq.saturating_add(CHUNK).min(last.saturating_add(1));
                let deltas = (seq..end).map(|seq| Delta::Journal(crowd::entry(seq))).collect();
                says.send(deltas).await.context("nobody listens")?;
                seq = end;
                let due = seq.saturating_mul(1_000).checked_div(last).unwrap_or(0);
                tokio::time::sleep_until(start + Duration::from_millis(due)).await;
            }
            Ok(Instant::now())
        })
    }
}

async fn serve(listener: UnixListener, mut queue: mpsc::Receiver<Vec<Delta>>, world: Arc<World>) {
    while let Ok((stream, _)) = listener.accept().await {
        // A client that goes ends its connection and no other.
        let _ = one(stream, &mut queue, &world).await;
    }
}

/// Serves one connection until it ends.
async fn one(
    stream: UnixStream,
    queue: &mut mpsc::Receiver<Vec<Delta>>,
    world: &World,
) -> anyhow::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = LineReader::new(reader);
    let mut subscribed = None;
    loop {
        tokio::select! {
            line = reader.next(MAX_LINE) => {
                let Some(line) = line? else { return Ok(()) };
                let request: RequestLine<'_> = serde_json::from_slice(&line)?;
                if request.method == "subscribe" {
                    subscribed = Some(0_u64);
                }
                let reply = ReplyLine::result(request.id, world.answer(&request.method)?);
                for line in lines(&reply)? {
                    write_line(&mut writer, &line?).await?;
                }
            }
            Some(deltas) = queue.recv(), if subscribed.is_some() => {
                let mut bytes = Vec::new();
                for delta in deltas {
                    world.keep(&delta);
                    let seq = subscribed.get_or_insert(0);
                    *seq += 1;
                    let feed = Feed::Delta { seq: *seq, delta: Box::new(delta) };
                    bytes.extend_from_slice(&encode(&ReplyLine::feed(feed))?);
                }
                write_line(&mut writer, &bytes).await?;
            }
        }
    }
}

impl World {
    fn answer(&self, method: &str) -> anyhow::Result<Value> {
        Ok(match method {
            "hello" => json!({
                "protocol": 1,
                "build": env!("CARGO_PKG_VERSION"),
                "role": "operator",
                "now": self.snapshot.status.now
            }),
            "subscribe" => {
                let kept = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
                let journal = kept.iter().cloned().collect();
                let snapshot = Snapshot { journal, ..self.snapshot.clone() };
                serde_json::to_value(Subscribed { seq: 0, snapshot })?
            }
            _ => json!({}),
        })
    }

    fn keep(&self, delta: &Delta) {
        if let Delta::Journal(entry) = delta {
            let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
            journal.push_back(entry.clone());
            while journal.len() > TAIL {
                journal.pop_front();
            }
        }
    }
}
