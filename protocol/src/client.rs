//! The async client: one task owns the connection; calls and the feed go through channels.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};
use zeroize::Zeroizing;

use crate::conn::{LineReader, encode, write_line};
use crate::endpoint;
use crate::event::Feed;
use crate::frame::{CallLine, Failure, MAX_LINE, PART_METHOD, Part, Version};
use crate::parts::Joiner;
use crate::reply::Welcome;
use crate::request::{Call, Hello};
use crate::version::ProtocolVersion;

/// Why a call has no reply.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The daemon refused; its words.
    #[error(transparent)]
    Refused(#[from] Failure),
    /// The daemon is gone, or was never there.
    #[error("the daemon does not answer")]
    Disconnected,
    /// The request is too large, or the reply is not what it should be.
    #[error("the daemon and this client do not understand each other; are they of one version?")]
    Misunderstood,
    /// No answer in time.
    #[error("the daemon did not answer in {0} s")]
    TimedOut(u64),
}

/// How long a call waits for its reply, or for the next part of it.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// How many feed items wait for a slow reader before the rest are dropped; the gap in the
/// sequence numbers then shows.
pub const FEED_QUEUE: usize = 4096;

type Reply = Result<Box<RawValue>, Failure>;
type Answer = oneshot::Sender<Reply>;

/// A call on its way out, encoded by the caller so that no copy of a secret stays behind.
struct Outgoing {
    id: u64,
    line: Zeroizing<Vec<u8>>,
    answer: Answer,
}

/// A connection that has said hello. Dropping it closes the connection.
pub struct Client {
    line: Line,
    next_id: AtomicU64,
    welcome: Welcome,
    lost: Arc<AtomicBool>,
}

/// The changes a subscription brings, in order. Ends when the connection does.
pub type FeedReceiver = mpsc::Receiver<Feed>;

impl Client {
    /// Connects to the socket at `path` and says hello as `kind` (for example `muster`).
    pub async fn connect(
        path: &Path,
        kind: &str,
        build: &str,
    ) -> Result<(Self, FeedReceiver), CallError> {
        let stream = endpoint::connect(path).await.map_err(|_| CallError::Disconnected)?;
        let (reader, writer) = tokio::io::split(stream);
        Self::over(reader, writer, kind, build).await
    }

    /// Says hello over a connection that is already made.
    pub async fn over<R, W>(
        reader: R,
        writer: W,
        kind: &str,
        build: &str,
    ) -> Result<(Self, FeedReceiver), CallError>
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        let (calls, call_queue) = mpsc::channel(64);
        let (feed, feed_queue) = mpsc::channel(FEED_QUEUE);
        let parts = Arc::new(AtomicU64::new(0));
        let line = Line { calls, parts: Arc::clone(&parts) };
        let (joiner, lost) = (Joiner::default(), Arc::new(AtomicBool::new(false)));
        let dropped = Arc::clone(&lost);
        let pump = Pump { reader: LineReader::new(reader), writer, feed, joiner, parts, dropped };
        tokio::spawn(pump.run(call_queue));
        let hello = Hello {
            protocol: ProtocolVersion::CURRENT,
            build: build.to_owned(),
            client: kind.to_owned(),
        };
        let welcome = line.ask(0, &hello).await?;
        Ok((Self { line, next_id: AtomicU64::new(1), welcome, lost }, feed_queue))
    }

    /// What the daemon said to hello.
    pub const fn welcome(&self) -> &Welcome {
        &self.welcome
    }

    /// Whether changes were dropped since this was last asked, because their reader was too slow. Their
    /// numbers are missing; of the last one nobody would see that before the next comes.
    pub fn has_lost(&self) -> bool {
        self.lost.swap(false, Ordering::Relaxed)
    }

    /// Asks and waits for the reply, at most [`CALL_TIMEOUT`] for it or for each of its parts.
    pub async fn call<C: Call>(&self, call: C) -> Result<C::Reply, CallError> {
        self.line.ask(self.next_id.fetch_add(1, Ordering::Relaxed), &call).await
    }
}

/// The way to the connection's owner.
struct Line {
    calls: mpsc::Sender<Outgoing>,
    /// How many parts of messages have come.
    parts: Arc<AtomicU64>,
}

impl Line {
    async fn ask<C: Call>(&self, id: u64, call: &C) -> Result<C::Reply, CallError> {
        let line = CallLine { jsonrpc: Version::V2, id, method: C::METHOD, params: call };
        let line = encode(&line).map_err(|_| CallError::Misunderstood)?;
        let (answer, reply) = oneshot::channel();
        let sent = self.calls.send(Outgoing { id, line, answer }).await;
        sent.map_err(|_| CallError::Disconnected)?;
        let reply = self.reply(reply).await??;
        serde_json::from_str(reply.get()).map_err(|_| CallError::Misunderstood)
    }

    /// Waits for a reply; as long as parts of a long one come, it is on its way.
    async fn reply(&self, reply: oneshot::Receiver<Reply>) -> Result<Reply, CallError> {
        tokio::pin!(reply);
        loop {
            let before = self.parts.load(Ordering::Relaxed);
            match tokio::time::timeout(CALL_TIMEOUT, &mut reply).await {
                Ok(reply) => return reply.map_err(|_| CallError::Disconnected),
                Err(_) if self.parts.load(Ordering::Relaxed) != before => {}
                Err(_) => return Err(CallError::TimedOut(CALL_TIMEOUT.as_secs())),
            }
        }
    }
}

/// A line from the daemon. What it brings stays as text until its type is known: a reply about ten thousand
/// accounts is read once.
#[derive(Deserialize)]
struct Heard<'a> {
    #[serde(rename = "jsonrpc")]
    _version: Version,
    #[serde(default)]
    id: Option<u64>,
    #[serde(default)]
    method: Option<String>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<Failure>,
}

/// The one owner of the connection.
struct Pump<R, W> {
    reader: LineReader<R>,
    writer: W,
    feed: mpsc::Sender<Feed>,
    joiner: Joiner,
    parts: Arc<AtomicU64>,
    dropped: Arc<AtomicBool>,
}

/// Calls that wait for their reply, by number.
type Waiting = BTreeMap<u64, Answer>;

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Pump<R, W> {
    async fn run(mut self, mut calls: mpsc::Receiver<Outgoing>) {
        let mut waiting = Waiting::new();
        loop {
            tokio::select! {
                call = calls.recv() => {
                    let Some(Outgoing { id, line, answer }) = call else { return };
                    waiting.insert(id, answer);
                    if write_line(&mut self.writer, &line).await.is_err() {
                        return;
                    }
                }
                line = self.reader.next(MAX_LINE) => {
                    let Ok(Some(line)) = line else { return };
                    if self.hear(&line, &mut waiting).is_none() {
                        return;
                    }
                }
            }
        }
    }

    /// Takes a line; `None` if it is not what it should be, and then the connection ends.
    fn hear(&mut self, line: &[u8], waiting: &mut Waiting) -> Option<()> {
        let heard: Heard<'_> = serde_json::from_slice(line).ok()?;
        if heard.method.as_deref() != Some(PART_METHOD) {
            // Nothing comes between the parts of a message.
            return if self.joiner.is_waiting() { None } else { self.take(heard, waiting) };
        }
        let part: Part = serde_json::from_str(heard.params?.get()).ok()?;
        self.parts.fetch_add(1, Ordering::Relaxed);
        match self.joiner.add(&part).ok()? {
            None => Some(()),
            Some(whole) => self.take(serde_json::from_str(&whole).ok()?, waiting),
        }
    }

    /// Takes a whole message.
    fn take(&self, heard: Heard<'_>, waiting: &mut Waiting) -> Option<()> {
        match (heard.id, heard.result, heard.error, heard.method.as_deref()) {
            (Some(id), Some(result), None, None) => settle(waiting, id, Ok(result.to_owned())),
            (Some(id), None, Some(error), None) => settle(waiting, id, Err(error)),
            (None, None, None, Some("feed")) => {
                let item = serde_json::from_str(heard.params?.get()).ok()?;
                // A full queue drops the item; its number is then missing, which the reader sees.
                if self.feed.try_send(item).is_err() {
                    self.dropped.store(true, Ordering::Relaxed);
                }
            }
            _ => return None,
        }
        Some(())
    }
}

fn settle(waiting: &mut Waiting, id: u64, reply: Reply) {
    if let Some(answer) = waiting.remove(&id) {
        // The caller may have stopped waiting.
        drop(answer.send(reply));
    }
}
