//! A daemon that says what a test tells it, on a real socket, with the protocol's own framing: for what a
//! real one cannot be made to say in time.

use std::path::PathBuf;

use muster_protocol::conn::{LineReader, encode, write_line};
use muster_protocol::event::{Delta, Feed, Snapshot};
use muster_protocol::frame::{MAX_LINE, ReplyLine, RequestLine};
use muster_protocol::reply::Subscribed;
use serde_json::{Value, json};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;

/// How many entries a snapshot brings, as the daemon's does.
const TAIL: usize = 1_000;

/// The daemon's side of a test; it goes with it.
pub(crate) struct Scripted {
    folder: tempfile::TempDir,
    says: mpsc::Sender<Vec<Delta>>,
}

impl Scripted {
    /// Listens; whoever subscribes gets this snapshot and then what is said.
    pub(crate) fn start(snapshot: Snapshot) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let listener = UnixListener::bind(folder.path().join("musterd.sock"))?;
        // What is said waits for its reader: it is never ahead of the client by more than a few batches.
        let (says, queue) = mpsc::channel(4);
        tokio::spawn(serve(listener, queue, snapshot));
        Ok(Self { folder, says })
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("musterd.sock")
    }

    /// Says changes, each with the number after the one before.
    pub(crate) async fn say(&self, deltas: Vec<Delta>) -> anyhow::Result<()> {
        self.says.send(deltas).await.map_err(|_| anyhow::anyhow!("nobody listens any more"))
    }
}

async fn serve(
    listener: UnixListener,
    mut queue: mpsc::Receiver<Vec<Delta>>,
    mut snapshot: Snapshot,
) -> anyhow::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        one(stream, &mut queue, &mut snapshot).await?;
    }
}

/// Serves one connection to its end.
async fn one(
    stream: UnixStream,
    queue: &mut mpsc::Receiver<Vec<Delta>>,
    snapshot: &mut Snapshot,
) -> anyhow::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = LineReader::new(reader);
    let mut said = None;
    loop {
        tokio::select! {
            line = reader.next(MAX_LINE) => {
                let Some(line) = line? else { return Ok(()) };
                let request: RequestLine<'_> = serde_json::from_slice(&line)?;
                let answer = answer(&request.method, snapshot)?;
                if request.method == "subscribe" {
                    said = Some(0_u64);
                }
                write_line(&mut writer, &encode(&ReplyLine::result(request.id, answer))?).await?;
            }
            Some(deltas) = queue.recv(), if said.is_some() => {
                let mut bytes = Vec::new();
                for delta in deltas {
                    keep(snapshot, &delta);
                    let seq = said.get_or_insert(0);
                    *seq += 1;
                    let feed = Feed::Delta { seq: *seq, delta: Box::new(delta) };
                    bytes.extend_from_slice(&encode(&ReplyLine::feed(feed))?);
                }
                write_line(&mut writer, &bytes).await?;
            }
        }
    }
}

/// Whoever subscribes anew, for more was said than it could take, hears of what was said.
fn keep(snapshot: &mut Snapshot, delta: &Delta) {
    match delta {
        Delta::Journal(entry) => {
            snapshot.journal.push(entry.clone());
            let old = snapshot.journal.len().saturating_sub(TAIL);
            snapshot.journal.drain(..old);
        }
        Delta::Account(account) => {
            let known = snapshot.accounts.iter_mut().find(|known| known.id == account.id);
            if let Some(known) = known {
                known.clone_from(account);
            }
        }
        _ => {}
    }
}

fn answer(method: &str, snapshot: &Snapshot) -> anyhow::Result<Value> {
    Ok(match method {
        "hello" => json!({
            "protocol": 1,
            "build": env!("CARGO_PKG_VERSION"),
            "role": "operator",
            "now": snapshot.status.now
        }),
        "subscribe" => serde_json::to_value(Subscribed { seq: 0, snapshot: snapshot.clone() })?,
        _ => json!({}),
    })
}
