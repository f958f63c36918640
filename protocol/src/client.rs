//! The async client: one task owns the connection; calls and the feed go through channels.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use zeroize::Zeroizing;

use crate::conn::{LineReader, encode, write_line};
use crate::endpoint;
use crate::event::Feed;
use crate::frame::{CallLine, Failure, MAX_LINE, PART_METHOD, Part, Version};
use crate::parts::Joiner;
use crate::reply::{Subscribed, Welcome};
use crate::request::{Call, Hello, Subscribe};
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
    /// Where changes go from its reply on, if it subscribes anew.
    feed: Option<mpsc::Sender<Feed>>,
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
        let welcome = line.ask(0, &hello, None).await?;
        Ok((Self { line, next_id: AtomicU64::new(1), welcome, lost }, feed_queue))
    }

    /// What the daemon said to hello.
    pub const fn welcome(&self) -> &Welcome {
        &self.welcome
    }

    /// Whether changes were dropped since this was last asked, because their reader was too slow. Their
    /// numbers are missing; of the last one nobody would see that before the next comes.
    pub fn has_lost(&self) -> bool {
        self.lost.swap(false, Ordering::SeqCst)
    }

    /// Asks and waits for the reply, at most [`CALL_TIMEOUT`] for it or for each of its parts.
    pub async fn call<C: Call>(&self, call: C) -> Result<C::Reply, CallError> {
        self.line.ask(self.next_id(), &call, None).await
    }

    /// Subscribes, and gives a feed of its own: every subscription numbers its changes by itself, and what is
    /// left of an older one must not be taken for this one's. The older feed ends.
    pub async fn subscribe(
        &self,
        call: Subscribe,
    ) -> Result<(Subscribed, FeedReceiver), CallError> {
        let (feed, feed_queue) = mpsc::channel(FEED_QUEUE);
        let subscribed = self.line.ask(self.next_id(), &call, Some(feed)).await?;
        Ok((subscribed, feed_queue))
    }

    fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }
}

/// The way to the connection's owner.
struct Line {
    calls: mpsc::Sender<Outgoing>,
    /// How many parts of messages have come.
    parts: Arc<AtomicU64>,
}

impl Line {
    async fn ask<C: Call>(
        &self,
        id: u64,
        call: &C,
        feed: Option<mpsc::Sender<Feed>>,
    ) -> Result<C::Reply, CallError> {
        let line = CallLine { jsonrpc: Version::V2, id, method: C::METHOD, params: call };
        let line = encode(&line).map_err(|_| CallError::Misunderstood)?;
        let (answer, reply) = oneshot::channel();
        let sent = self.calls.send(Outgoing { id, line, answer, feed }).await;
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

/// Calls that wait for their reply, by number, with the feed that begins with it.
type Waiting = BTreeMap<u64, (Answer, Option<mpsc::Sender<Feed>>)>;

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Pump<R, W> {
    async fn run(mut self, mut calls: mpsc::Receiver<Outgoing>) {
        let mut waiting = Waiting::new();
        loop {
            tokio::select! {
                call = calls.recv() => {
                    let Some(Outgoing { id, line, answer, feed }) = call else { return };
                    waiting.insert(id, (answer, feed));
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
    fn take(&mut self, heard: Heard<'_>, waiting: &mut Waiting) -> Option<()> {
        match (heard.id, heard.result, heard.error, heard.method.as_deref()) {
            (Some(id), Some(result), None, None) => self.settle(waiting, id, Ok(result.to_owned())),
            (Some(id), None, Some(error), None) => self.settle(waiting, id, Err(error)),
            (None, None, None, Some("feed")) => {
                let item = serde_json::from_str(heard.params?.get()).ok()?;
                // A full queue drops the item; its number is then missing, which the reader sees. That it
                // is dropped is said before it is: whoever empties the queue and looks then cannot miss it.
                if let Err(TrySendError::Full(item)) = self.feed.try_send(item) {
                    self.dropped.store(true, Ordering::SeqCst);
                    drop(self.feed.try_send(item));
                }
            }
            _ => return None,
        }
        Some(())
    }

    /// Hands a reply to who waits for it. What comes after that of a subscription is the new one's.
    fn settle(&mut self, waiting: &mut Waiting, id: u64, reply: Reply) {
        if let Some((answer, feed)) = waiting.remove(&id) {
            if let (Some(feed), Ok(_)) = (feed, &reply) {
                self.feed = feed;
                self.dropped.store(false, Ordering::SeqCst);
            }
            // The caller may have stopped waiting.
            drop(answer.send(reply));
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt, DuplexStream};

    use super::*;

    const WELCOME: &str =
        r#"{"protocol": 1, "build": "0", "role": "operator", "now": "2026-11-23T12:00:00+05:30"}"#;
    const SUBSCRIBED: &str = r#"{"seq": 0, "snapshot": {"status": {"version": "0", "started": "2026-11-23T08:00:00+05:30",
        "now": "2026-11-23T12:00:00+05:30", "vault": "open", "market": "open", "calendar_until": "2026-12-31", "egress": [],
        "counts": {"fit": 0, "unfit": 0, "off": 0}}, "accounts": [], "plans": [], "runs": [], "intents": [], "checks": [],
        "journal": []}}"#;

    /// The daemon's side of a pipe: reads a request, answers with this result.
    async fn answer(requests: &mut LineReader<DuplexStream>, to: &mut DuplexStream, result: &str) {
        let line = requests.next(MAX_LINE).await.unwrap().unwrap();
        let id = serde_json::from_slice::<serde_json::Value>(&line).unwrap()["id"].clone();
        let result = result.replace('\n', " ");
        let reply = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{result}}}\n");
        to.write_all(reply.as_bytes()).await.unwrap();
    }

    /// A client that was welcomed, and the daemon's sides of its pipes.
    async fn connected() -> ((Client, FeedReceiver), LineReader<DuplexStream>, DuplexStream) {
        let (ours, mut to) = tokio::io::duplex(1 << 22);
        let (requests, writer) = tokio::io::duplex(1 << 20);
        let mut requests = LineReader::new(requests);
        let connected = Client::over(ours, writer, "test", "0");
        let (connected, ()) = tokio::join!(connected, answer(&mut requests, &mut to, WELCOME));
        (connected.unwrap(), requests, to)
    }

    async fn changes(to: &mut DuplexStream, numbers: std::ops::RangeInclusive<u64>, gone: u32) {
        for seq in numbers {
            let delta = Box::new(crate::event::Delta::AccountRemoved(crate::ids::AccountId(gone)));
            let line = encode(&crate::frame::ReplyLine::feed(Feed::Delta { seq, delta })).unwrap();
            to.write_all(&line).await.unwrap();
        }
    }

    fn numbers(feed: &mut FeedReceiver) -> Vec<(u64, u32)> {
        let read = |item| match item {
            Feed::Delta { seq, delta } => match *delta {
                crate::event::Delta::AccountRemoved(id) => (seq, id.0),
                other => panic!("{other:?}"),
            },
            Feed::Resync { seq, .. } => panic!("a snapshot, {seq}"),
        };
        std::iter::from_fn(|| feed.try_recv().ok()).map(read).collect()
    }

    /// Every subscription counts from 1. What was left of the one before was taken for the new one's, and the
    /// new one's own changes for older than it: the screen stood still until more was said.
    #[tokio::test]
    async fn a_subscription_brings_its_own_changes_and_none_of_an_older_one() {
        let ((client, _first), mut requests, mut to) = connected().await;
        let mut newest = None;
        for gone in 1..=3 {
            let asked = client.subscribe(Subscribe { journal_tail: 0 });
            let said = async {
                answer(&mut requests, &mut to, SUBSCRIBED).await;
                changes(&mut to, 1..=u64::from(gone) * 2, gone).await;
            };
            let (subscribed, ()) = tokio::join!(asked, said);
            newest = Some(subscribed.unwrap().1);
        }
        // Whatever was said is heard once this is answered.
        let (done, ()) = tokio::join!(
            client.subscribe(Subscribe { journal_tail: 0 }),
            answer(&mut requests, &mut to, SUBSCRIBED)
        );
        let mut feed = newest.unwrap();
        assert_eq!(numbers(&mut feed), (1..=6).map(|seq| (seq, 3)).collect::<Vec<_>>());
        assert!(feed.is_closed() && numbers(&mut done.unwrap().1).is_empty());
        assert!(!client.has_lost());
    }

    #[tokio::test]
    async fn what_is_dropped_is_said_and_forgotten_with_the_subscription() {
        let ((client, mut feed), mut requests, mut to) = connected().await;
        let many = u64::try_from(FEED_QUEUE).unwrap() + 10;
        changes(&mut to, 1..=many, 1).await;
        let asked = client.call(Subscribe { journal_tail: 0 });
        let (_, ()) = tokio::join!(asked, answer(&mut requests, &mut to, SUBSCRIBED));
        assert_eq!(numbers(&mut feed).len(), FEED_QUEUE);
        assert!(client.has_lost() && !client.has_lost());
        changes(&mut to, 1..=many, 2).await;
        let asked = client.subscribe(Subscribe { journal_tail: 0 });
        let (anew, ()) = tokio::join!(asked, answer(&mut requests, &mut to, SUBSCRIBED));
        assert!(anew.is_ok() && !client.has_lost(), "the snapshot has what was dropped before it");
    }
}
