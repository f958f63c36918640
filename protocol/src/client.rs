//! The async client: one task owns the connection; calls and the feed go through channels.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};
use zeroize::Zeroizing;

use crate::conn::{LineReader, encode, write_line};
use crate::endpoint;
use crate::event::Feed;
use crate::frame::{CallLine, Failure, MAX_LINE, ReplyLine, Version};
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

/// How long a call waits for its reply.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// How many feed items wait for a slow reader before the rest are dropped; the gap in the
/// sequence numbers then shows.
pub const FEED_QUEUE: usize = 4096;

type Answer = oneshot::Sender<Result<Value, Failure>>;

/// A call on its way out, encoded by the caller so that no copy of a secret stays behind.
struct Outgoing {
    id: u64,
    line: Zeroizing<Vec<u8>>,
    answer: Answer,
}

/// A connection that has said hello. Dropping it closes the connection.
pub struct Client {
    calls: mpsc::Sender<Outgoing>,
    next_id: AtomicU64,
    welcome: Welcome,
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
        tokio::spawn(Pump { reader: LineReader::new(reader), writer, feed }.run(call_queue));
        let hello = Hello {
            protocol: ProtocolVersion::CURRENT,
            build: build.to_owned(),
            client: kind.to_owned(),
        };
        let welcome = ask(&calls, 0, &hello).await?;
        Ok((Self { calls, next_id: AtomicU64::new(1), welcome }, feed_queue))
    }

    /// What the daemon said to hello.
    pub const fn welcome(&self) -> &Welcome {
        &self.welcome
    }

    /// Asks and waits for the reply, at most [`CALL_TIMEOUT`].
    pub async fn call<C: Call>(&self, call: C) -> Result<C::Reply, CallError> {
        ask(&self.calls, self.next_id.fetch_add(1, Ordering::Relaxed), &call).await
    }
}

async fn ask<C: Call>(
    calls: &mpsc::Sender<Outgoing>,
    id: u64,
    call: &C,
) -> Result<C::Reply, CallError> {
    let line = CallLine { jsonrpc: Version::V2, id, method: C::METHOD, params: call };
    let line = encode(&line).map_err(|_| CallError::Misunderstood)?;
    let (answer, reply) = oneshot::channel();
    let sent = calls.send(Outgoing { id, line, answer }).await;
    sent.map_err(|_| CallError::Disconnected)?;
    let value = tokio::time::timeout(CALL_TIMEOUT, reply)
        .await
        .map_err(|_| CallError::TimedOut(CALL_TIMEOUT.as_secs()))?
        .map_err(|_| CallError::Disconnected)??;
    serde_json::from_value(value).map_err(|_| CallError::Misunderstood)
}

/// The one owner of the connection.
struct Pump<R, W> {
    reader: LineReader<R>,
    writer: W,
    feed: mpsc::Sender<Feed>,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Pump<R, W> {
    async fn run(mut self, mut calls: mpsc::Receiver<Outgoing>) {
        let mut waiting: BTreeMap<u64, Answer> = BTreeMap::new();
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
                    match serde_json::from_slice(&line) {
                        Ok(ReplyLine::Result { id, result, .. }) => settle(&mut waiting, id, Ok(result)),
                        Ok(ReplyLine::Error { id: Some(id), error, .. }) => settle(&mut waiting, id, Err(error)),
                        // A full queue drops the item; its number is then missing, which the reader sees.
                        Ok(ReplyLine::Feed { params, .. }) => drop(self.feed.try_send(params)),
                        Ok(ReplyLine::Error { id: None, .. }) | Err(_) => return,
                    }
                }
            }
        }
    }
}

fn settle(waiting: &mut BTreeMap<u64, Answer>, id: u64, reply: Result<Value, Failure>) {
    if let Some(answer) = waiting.remove(&id) {
        // The caller may have stopped waiting.
        drop(answer.send(reply));
    }
}
