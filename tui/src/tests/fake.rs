//! A daemon that does what a test says, on a real socket, with the protocol's own framing.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use muster_protocol::conn::{LineReader, encode, lines, write_line};
use muster_protocol::event::{Delta, Feed, JournalEntry, Snapshot};
use muster_protocol::frame::{MAX_LINE, ReplyLine, RequestLine};
use muster_protocol::reply::Subscribed;
use muster_protocol::request::QueryJournal;
use serde_json::{Value, json};
use tokio::io::AsyncWrite;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;

use super::world;

/// What the daemon is to do next.
pub(crate) enum Act {
    /// Send a change with this number.
    Send(u64, Box<Delta>),
    /// Send a fresh snapshot with this number.
    Resync(u64),
    /// Send changes with these numbers in one write.
    Burst(Vec<(u64, Delta)>),
    /// Cut the connection.
    Cut,
}

/// The daemon's side of a test.
pub(crate) struct Fake {
    pub(crate) acts: mpsc::UnboundedSender<Act>,
    subscriptions: Arc<AtomicUsize>,
    snapshot: Arc<Mutex<Snapshot>>,
    calls: mpsc::UnboundedReceiver<(String, String)>,
}

impl Fake {
    /// Listens; every snapshot is this one, with the number 10.
    pub(crate) fn start(path: &Path, snapshot: Snapshot) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let (acts, queue) = mpsc::unbounded_channel();
        let (called, calls) = mpsc::unbounded_channel();
        let subscriptions = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&subscriptions);
        let snapshot = Arc::new(Mutex::new(snapshot));
        let shown = Arc::clone(&snapshot);
        tokio::spawn(serve(listener, queue, Peer { snapshot: shown, counter, called }));
        Self { acts, subscriptions, snapshot, calls }
    }

    pub(crate) fn subscriptions(&self) -> usize {
        self.subscriptions.load(Ordering::SeqCst)
    }

    /// The next request that is neither hello nor subscribe, with its parameters.
    pub(crate) async fn called(&mut self) -> (String, String) {
        self.calls.recv().await.unwrap()
    }

    /// Shows this from now on; whoever watches is not told.
    pub(crate) fn shows(&self, snapshot: Snapshot) {
        *self.snapshot.lock().unwrap() = snapshot;
    }

    pub(crate) fn send(&self, act: Act) {
        self.acts.send(act).ok().unwrap();
    }
}

/// A socket in a directory that goes with the test.
pub(crate) fn socket() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("musterd.sock");
    (dir, path)
}

struct Peer {
    snapshot: Arc<Mutex<Snapshot>>,
    counter: Arc<AtomicUsize>,
    called: mpsc::UnboundedSender<(String, String)>,
}

async fn serve(listener: UnixListener, mut acts: mpsc::UnboundedReceiver<Act>, peer: Peer) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        if !one(stream, &mut acts, &peer).await {
            return;
        }
    }
}

/// Serves one connection; false when the test is over.
async fn one(stream: UnixStream, acts: &mut mpsc::UnboundedReceiver<Act>, peer: &Peer) -> bool {
    let (reader, mut writer) = stream.into_split();
    let mut reader = LineReader::new(reader);
    let mut subscribed = false;
    loop {
        tokio::select! {
            line = reader.next(MAX_LINE) => {
                let Ok(Some(line)) = line else { return true };
                let request: RequestLine<'_> = serde_json::from_slice(&line).unwrap();
                subscribed |= request.method == "subscribe";
                let result = peer.answer(&request);
                send(&mut writer, &ReplyLine::result(request.id, result)).await;
            }
            act = acts.recv(), if subscribed => match act {
                None => return false,
                Some(Act::Cut) => return true,
                Some(Act::Burst(deltas)) => {
                    let lines = deltas.into_iter().map(|(seq, delta)| {
                        let delta = Box::new(delta);
                        encode(&ReplyLine::feed(Feed::Delta { seq, delta })).unwrap().to_vec()
                    });
                    let bytes: Vec<u8> = lines.flatten().collect();
                    drop(write_line(&mut writer, &bytes).await);
                }
                Some(Act::Resync(seq)) => {
                    let snapshot = Box::new(peer.snapshot.lock().unwrap().clone());
                    send(&mut writer, &ReplyLine::feed(Feed::Resync { seq, snapshot })).await;
                }
                Some(Act::Send(seq, delta)) => {
                    let feed = Feed::Delta { seq, delta };
                    send(&mut writer, &ReplyLine::feed(feed)).await;
                }
            },
        }
    }
}

impl Peer {
    fn answer(&self, request: &RequestLine<'_>) -> Value {
        let params = request.params.map_or("{}", |params| params.get());
        let snapshot = self.snapshot.lock().unwrap().clone();
        match request.method.as_str() {
            "hello" => serde_json::to_value(world::welcome()).unwrap(),
            "subscribe" => {
                self.counter.fetch_add(1, Ordering::SeqCst);
                serde_json::to_value(Subscribed { seq: 10, snapshot }).unwrap()
            }
            "house" => json!(world::house()),
            "status" => json!(snapshot.status),
            "account.list" => json!(snapshot.accounts),
            "plan.list" => json!(snapshot.plans),
            "run.list" => json!(snapshot.runs),
            "journal" => json!(newest(&snapshot, &serde_json::from_str(params).unwrap())),
            "muster" => json!(world::board(&snapshot)),
            method => {
                drop(self.called.send((method.to_owned(), params.to_owned())));
                match method {
                    "account.connect" | "account.login" => json!({ "ticket": 7 }),
                    "account.test" | "account.set_active" | "account.set_auto_execute" => {
                        json!({ "accounts": [1] })
                    }
                    _ => json!({}),
                }
            }
        }
    }
}

/// The newest so many, oldest first, as the store has it.
fn newest(snapshot: &Snapshot, query: &QueryJournal) -> Vec<JournalEntry> {
    let found = snapshot.journal.iter();
    let found = found.filter(|entry| entry.seq > query.after && query.filter.admits(entry));
    let mut found: Vec<JournalEntry> =
        found.rev().take(usize::try_from(query.limit).unwrap()).cloned().collect();
    found.reverse();
    found
}

async fn send<W: AsyncWrite + Unpin>(writer: &mut W, line: &ReplyLine) {
    for line in lines(line).unwrap() {
        // A client that has gone is part of some tests.
        drop(write_line(writer, &line.unwrap()).await);
    }
}
