//! A bare client: writes any bytes, keeps every byte it is sent, understands lines where asked to.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use muster_protocol::event::Feed;
use muster_protocol::frame::{CallLine, Failure, PART_METHOD, ReplyLine, Version};
use muster_protocol::parts::Joiner;
use muster_protocol::reply::Welcome;
use muster_protocol::request::{Call, Hello};
use muster_protocol::version::ProtocolVersion;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;

/// How long a line or the end of a connection may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// A connection.
pub(crate) struct Wire {
    reader: Box<dyn AsyncRead + Unpin + Send>,
    writer: Box<dyn AsyncWrite + Unpin + Send>,
    /// Every byte that came.
    pub(crate) heard: Vec<u8>,
    read: usize,
    /// How much after that holds no end of a line.
    seen: usize,
    closed: bool,
    next_id: u64,
    /// What came of a subscription while something else was waited for.
    feed: VecDeque<Feed>,
    joiner: Joiner,
}

impl Wire {
    /// Connects and says nothing.
    pub(crate) async fn silent(socket: &Path) -> anyhow::Result<Self> {
        let (reader, writer) = UnixStream::connect(socket).await.context("connect")?.into_split();
        Ok(Self::over(reader, writer))
    }

    /// A connection that somebody else made.
    pub(crate) fn over(
        reader: impl AsyncRead + Unpin + Send + 'static,
        writer: impl AsyncWrite + Unpin + Send + 'static,
    ) -> Self {
        Self {
            reader: Box::new(reader),
            writer: Box::new(writer),
            heard: Vec::new(),
            read: 0,
            seen: 0,
            closed: false,
            next_id: 0,
            feed: VecDeque::new(),
            joiner: Joiner::default(),
        }
    }

    /// Connects and says hello.
    pub(crate) async fn open(socket: &Path) -> anyhow::Result<Self> {
        let mut wire = Self::silent(socket).await?;
        wire.hello().await?;
        Ok(wire)
    }

    /// Says hello; what the daemon says.
    pub(crate) async fn hello(&mut self) -> anyhow::Result<Welcome> {
        let (build, client) = ("0".to_owned(), "wire".to_owned());
        let hello = Hello { protocol: ProtocolVersion::CURRENT, build, client };
        self.call(&hello).await?.context("hello was refused")
    }

    /// Writes these bytes; the other side may have closed.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes).await?;
        self.writer.flush().await
    }

    /// Writes a line.
    pub(crate) async fn say(&mut self, line: &str) -> anyhow::Result<()> {
        self.write(format!("{line}\n").as_bytes()).await.context("write a line")
    }

    /// Writes a line and reads the next that is no change of a subscription.
    pub(crate) async fn ask(&mut self, line: &str) -> anyhow::Result<Value> {
        self.say(line).await?;
        self.answer().await
    }

    /// The failure a line is refused with.
    pub(crate) async fn refused(&mut self, line: &str) -> anyhow::Result<Failure> {
        let answer = self.ask(line).await?;
        let error = answer.get("error").with_context(|| format!("not refused: {answer}"))?;
        Ok(serde_json::from_value(error.clone())?)
    }

    /// A call and its reply.
    pub(crate) async fn call<C: Call>(
        &mut self,
        call: &C,
    ) -> anyhow::Result<Result<C::Reply, Failure>> {
        self.next_id += 1;
        let id = self.next_id;
        let line = CallLine { jsonrpc: Version::V2, id, method: C::METHOD, params: call };
        let answer = self.ask(&serde_json::to_string(&line)?).await?;
        Ok(match serde_json::from_value(answer)? {
            ReplyLine::Result { id: of, result, .. } if of == id => {
                Ok(serde_json::from_value(result)?)
            }
            ReplyLine::Error { id: Some(of), error, .. } if of == id => Err(error),
            other => bail!("an answer to something else: {other:?}"),
        })
    }

    /// The next change of the subscription.
    pub(crate) async fn change(&mut self) -> anyhow::Result<Feed> {
        if let Some(feed) = self.feed.pop_front() {
            return Ok(feed);
        }
        match serde_json::from_value(self.line().await?.context("the connection ended")?)? {
            ReplyLine::Feed { params, .. } => Ok(params),
            other => bail!("not a change: {other:?}"),
        }
    }

    /// The next line that is no change.
    pub(crate) async fn answer(&mut self) -> anyhow::Result<Value> {
        loop {
            let line = self.line().await?.context("the connection ended")?;
            if line.get("method").is_none() {
                return Ok(line);
            }
            if let ReplyLine::Feed { params, .. } = serde_json::from_value(line)? {
                self.feed.push_back(params);
            }
        }
    }

    /// Reads until the other side closes; the lines that came before.
    pub(crate) async fn closed(&mut self) -> anyhow::Result<Vec<Value>> {
        let mut lines = Vec::new();
        while let Some(line) = self.line().await? {
            lines.push(line);
        }
        Ok(lines)
    }

    /// Whether the other side was seen to close.
    pub(crate) const fn is_closed(&self) -> bool {
        self.closed
    }

    /// The next line; `None` once the other side has closed.
    async fn line(&mut self) -> anyhow::Result<Option<Value>> {
        loop {
            let fresh = self.heard.get(self.read..).unwrap_or_default();
            let unseen = fresh.get(self.seen..).unwrap_or_default();
            let newline = unseen.iter().position(|byte| *byte == b'\n').map(|at| self.seen + at);
            self.seen = fresh.len();
            if let Some(end) = newline {
                self.seen = 0;
                let line: Value =
                    serde_json::from_slice(&fresh[..end]).context("a line that is no JSON")?;
                self.read += end + 1;
                if line.get("method").is_none_or(|method| method != PART_METHOD) {
                    anyhow::ensure!(!self.joiner.is_waiting(), "a line between two parts");
                    return Ok(Some(line));
                }
                let part = line.get("params").context("a part of nothing")?;
                if let Some(whole) = self.joiner.add(&serde_json::from_value(part.clone())?)? {
                    return Ok(Some(serde_json::from_str(&whole)?));
                }
                continue;
            }
            self.heard.reserve(CHUNK);
            let read = tokio::time::timeout(PATIENCE, self.reader.read_buf(&mut self.heard)).await;
            match read.context("nothing came")? {
                // A reset is how a closed socket looks when it still held unread bytes.
                Ok(0) | Err(_) => {
                    self.closed = true;
                    return Ok(None);
                }
                Ok(_) => {}
            }
        }
    }
}
