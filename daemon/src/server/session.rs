//! One connection: hello first, then requests in turn, and a subscription's changes between them.

use std::time::Duration;

use muster_protocol::conn::{ConnError, LineReader, lines, write_line};
use muster_protocol::event::Feed;
use muster_protocol::frame::{Code, Failure, MAX_HELLO, MAX_LINE, ReplyLine, RequestLine};
use muster_protocol::request::{InvalidRequest, Request};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::engine::{Handle, Peer};

/// What a connection needs.
pub(super) struct Session {
    pub(super) handle: Handle,
    pub(super) peer: Peer,
    pub(super) hello_within: Duration,
    /// After it nothing more is read; what was asked is answered.
    pub(super) stop: CancellationToken,
}

/// A peer that does not read is dropped after this long; nothing else waits for it.
const WRITE_WITHIN: Duration = Duration::from_secs(10);

/// Serves one connection until either side ends it.
pub(super) async fn run<R, W>(reader: R, mut writer: W, session: Session)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut reader = LineReader::new(reader);
    if !session.greeted(&mut reader, &mut writer).await {
        return;
    }
    let mut feed: Option<mpsc::Receiver<Feed>> = None;
    loop {
        tokio::select! {
            () = session.stop.cancelled() => return,
            line = reader.next(MAX_LINE) => {
                let line = match line {
                    Ok(Some(line)) => line,
                    Ok(None) | Err(ConnError::Io(_) | ConnError::Encode(_)) => return,
                    Err(long @ ConnError::TooLong(_)) => {
                        let failure = Failure::new(Code::InvalidRequest, long.to_string());
                        // The rest of the line cannot be told from the next one: the connection ends.
                        drop(send(&mut writer, &reply(None, Err(failure))).await);
                        return;
                    }
                };
                let answer = session.answer(&line, &mut feed).await;
                if send(&mut writer, &answer).await.is_err() {
                    return;
                }
            }
            Some(item) = next_change(feed.as_mut()) => {
                if send(&mut writer, &ReplyLine::feed(item)).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// The next change; waits for ever without a subscription.
async fn next_change(feed: Option<&mut mpsc::Receiver<Feed>>) -> Option<Feed> {
    match feed {
        Some(feed) => feed.recv().await,
        None => std::future::pending().await,
    }
}

impl Session {
    /// Hears the hello, answers it, and says whether the connection goes on.
    async fn greeted<R, W>(&self, reader: &mut LineReader<R>, writer: &mut W) -> bool
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let first = tokio::select! {
            first = tokio::time::timeout(self.hello_within, reader.next(MAX_HELLO)) => first,
            () = self.stop.cancelled() => return false,
        };
        let Ok(Ok(Some(line))) = first else { return false };
        let (id, hello) = read(&line);
        let is_hello = matches!(hello, Ok(Request::Hello(_)));
        let answer = match hello {
            Ok(request @ Request::Hello(_)) => self.handle.ask(self.peer.clone(), request).await,
            Ok(_) => Err(Failure::new(Code::InvalidRequest, "say hello first")),
            Err(failure) => Err(failure),
        };
        send(writer, &reply(id, answer)).await.is_ok() && is_hello
    }

    async fn answer(&self, line: &[u8], feed: &mut Option<mpsc::Receiver<Feed>>) -> ReplyLine {
        let (id, request) = read(line);
        let answer = match request {
            Err(failure) => Err(failure),
            Ok(request) if !self.peer.role.allows(request.permission()) => {
                let why = format!("{} may not use {}", self.peer.name, request.method());
                Err(Failure::new(Code::Forbidden, why))
            }
            Ok(Request::Hello(_)) => {
                Err(Failure::new(Code::InvalidRequest, "hello was already said"))
            }
            Ok(Request::Subscribe(wanted)) => {
                match self.handle.subscribe(self.peer.clone(), wanted.journal_tail.min(1_000)).await
                {
                    Ok(subscription) => {
                        *feed = Some(subscription.feed);
                        serde_json::to_value(subscription.start).map_err(|_| {
                            Failure::new(Code::Internal, "the snapshot cannot be encoded")
                        })
                    }
                    Err(failure) => Err(failure),
                }
            }
            Ok(request) => self.handle.ask(self.peer.clone(), request).await,
        };
        reply(id, answer)
    }
}

/// Reads a line as a request; what cannot be read is refused with as much of its number as there is.
fn read(line: &[u8]) -> (Option<u64>, Result<Request, Failure>) {
    let Ok(text) = std::str::from_utf8(line) else {
        return (None, Err(Failure::new(Code::Parse, "the line is not UTF-8")));
    };
    let line: RequestLine<'_> = match serde_json::from_str(text) {
        Ok(line) => line,
        Err(error) => {
            let code = if error.is_data() { Code::InvalidRequest } else { Code::Parse };
            let why = "the line is not a JSON-RPC 2.0 request with jsonrpc, id, method and params";
            return (None, Err(Failure::new(code, why)));
        }
    };
    let request = Request::parse(&line.method, line.params).map_err(|error| {
        let code = match error {
            InvalidRequest::UnknownMethod => Code::UnknownMethod,
            InvalidRequest::Params(_) => Code::InvalidParams,
        };
        Failure::new(code, error.to_string())
    });
    (Some(line.id), request)
}

fn reply(id: Option<u64>, answer: Result<Value, Failure>) -> ReplyLine {
    match (id, answer) {
        (Some(id), Ok(value)) => ReplyLine::result(id, value),
        (id, Err(failure)) => ReplyLine::error(id, failure),
        (None, Ok(_)) => {
            ReplyLine::error(None, Failure::new(Code::Internal, "a reply without a number"))
        }
    }
}

/// Writes a message, in parts where it is longer than a line; the peer has its time for each of them.
async fn send<W: AsyncWrite + Unpin>(writer: &mut W, message: &ReplyLine) -> Result<(), ConnError> {
    let lines = match lines(message) {
        Err(ConnError::TooLong(_)) => {
            let id = match message {
                ReplyLine::Result { id, .. } => Some(*id),
                ReplyLine::Error { .. } | ReplyLine::Feed { .. } | ReplyLine::Part { .. } => None,
            };
            let failure = Failure::new(Code::Internal, "the reply is too long; ask for less");
            lines(&ReplyLine::error(id, failure))?
        }
        other => other?,
    };
    for line in lines {
        let line = line?;
        let written = tokio::time::timeout(WRITE_WITHIN, write_line(writer, &line)).await;
        written.unwrap_or_else(|_| Err(ConnError::Io(std::io::ErrorKind::TimedOut.into())))?;
    }
    Ok(())
}
