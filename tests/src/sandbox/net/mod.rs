//! Sockets and HTTP/1.1. One connection is one task that the application may have closed
//! at any moment, because a connection that dies at the wrong time is what a sandbox is for.

use std::convert::Infallible;
use std::io::Write;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, DATE, ETAG, HeaderValue, LOCATION,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::body::{End, Payload};
use self::message::{Reply, Request};
use self::stream::SharedStream;

mod body;
pub(crate) mod courier;
pub(crate) mod message;
pub(crate) mod route;
mod stream;
pub(crate) mod tls;

/// What answers on one listener.
pub(crate) trait App: Send + Sync + 'static {
    fn answer(&self, request: &Request) -> Answer;

    /// How long a new connection is left in silence before its first byte.
    fn stall(&self) -> Option<Duration> {
        None
    }

    /// What the `Date` header says: the sender's own clock, where it has one.
    fn date(&self) -> Option<Timestamp> {
        None
    }
}

/// What becomes of a request, and of the connection it came on.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The reply, at once.
    Send(Reply),
    /// The reply, late.
    Later(Duration, Reply),
    /// The reply, its body a few bytes at a time.
    Trickle(Duration, Reply),
    /// Half the reply, then the connection closes.
    Cut(Reply),
    /// No reply: the connection closes.
    Close,
    /// No reply: the connection is reset.
    Reset,
    /// No reply for so long, then the connection closes.
    Hang(Duration),
}

/// The tasks of one sandbox and the word that ends them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lifetime {
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

/// Accepts until told to stop; each connection is a task of its own.
pub(crate) fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    app: Arc<dyn App>,
    life: &Lifetime,
) {
    let life = life.clone();
    life.tasks.clone().spawn(async move {
        loop {
            let accepted = tokio::select! {
                () = life.stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            let Ok((stream, peer)) = accepted else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let (tls, app, stop) = (tls.clone(), Arc::clone(&app), life.stop.clone());
            life.tasks.spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = connection(stream, peer, tls, app) => {}
                }
            });
        }
    });
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    app: Arc<dyn App>,
) {
    if let Some(silence) = app.stall() {
        tokio::time::sleep(silence).await;
        return;
    }
    let stream = SharedStream::new(stream);
    let ending = Ending { socket: stream.clone(), close: CancellationToken::new() };
    match tls {
        None => talk(stream, peer, app, ending).await,
        Some(acceptor) => {
            let handshake = tokio::time::timeout(HANDSHAKE_LIMIT, acceptor.accept(stream)).await;
            if let Ok(Ok(stream)) = handshake {
                talk(stream, peer, app, ending).await;
            }
        }
    }
}

/// How the application ends a connection.
#[derive(Debug, Clone)]
struct Ending {
    socket: SharedStream,
    close: CancellationToken,
}

/// Dropping the HTTP connection drops the socket: that is how an answer closes it.
async fn talk<S>(stream: S, peer: SocketAddr, app: Arc<dyn App>, ending: Ending)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request| respond(request, peer, Arc::clone(&app), ending.clone()));
    let http = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        _ = http => {}
        () = ending.close.cancelled() => {}
    }
}

async fn respond(
    request: hyper::Request<Incoming>,
    peer: SocketAddr,
    app: Arc<dyn App>,
    ending: Ending,
) -> Result<Response<Payload>, Infallible> {
    let answer = match read(request, peer).await {
        Some(request) => app.answer(&request),
        None => Answer::Send(Reply::text(StatusCode::PAYLOAD_TOO_LARGE, "body too large\n")),
    };
    let dated = |reply: Reply, build: fn(Reply) -> Response<Payload>| {
        let ahead = SignedDuration::from_secs(reply.date_ahead);
        let date = app.date().and_then(|date| date.checked_add(ahead).ok());
        dated(build(reply), date)
    };
    match answer {
        Answer::Send(reply) => Ok(dated(reply, response)),
        Answer::Later(wait, reply) => {
            tokio::time::sleep(wait).await;
            Ok(dated(reply, response))
        }
        Answer::Trickle(over, reply) => Ok(trickling(dated(reply, response), over)),
        Answer::Cut(reply) => Ok(dated(reply, cut)),
        Answer::Close => Ok(never(&ending.close).await),
        Answer::Reset => {
            ending.socket.end_with_reset();
            Ok(never(&ending.close).await)
        }
        Answer::Hang(wait) => {
            tokio::time::sleep(wait).await;
            Ok(never(&ending.close).await)
        }
    }
}

/// Has the connection closed and never returns.
async fn never(close: &CancellationToken) -> Response<Payload> {
    close.cancel();
    std::future::pending().await
}

/// `None` when the body is too long or breaks off.
async fn read(request: hyper::Request<Incoming>, peer: SocketAddr) -> Option<Request> {
    let (parts, mut incoming) = request.into_parts();
    let mut body = Vec::new();
    while !incoming.is_end_stream() {
        let frame = std::future::poll_fn(|cx| Pin::new(&mut incoming).poll_frame(cx)).await;
        let Some(frame) = frame else { break };
        let Ok(data) = frame.ok()?.into_data() else { continue };
        if body.len() + data.len() > BODY_LIMIT {
            return None;
        }
        body.extend_from_slice(&data);
    }
    Some(Request {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: Bytes::from(body),
        peer,
    })
}

fn response(reply: Reply) -> Response<Payload> {
    let data = if reply.gzip { gzip(reply.body.as_bytes()) } else { reply.body.into_bytes() };
    let payload = Payload::whole(Bytes::from(data));
    let mut response = Response::new(payload);
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    if reply.gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if let Some(etag) = reply.etag.and_then(|etag| HeaderValue::from_str(&etag).ok()) {
        headers.insert(ETAG, etag);
    }
    if let Some(location) = reply.location.and_then(|url| HeaderValue::from_str(&url).ok()) {
        headers.insert(LOCATION, location);
    }
    response
}

fn dated(mut response: Response<Payload>, date: Option<Timestamp>) -> Response<Payload> {
    let text = date.map(|date| date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    if let Some(date) = text.and_then(|text| HeaderValue::from_str(&text).ok()) {
        response.headers_mut().insert(DATE, date);
    }
    response
}

/// Writing to memory does not fail; if it did, the body would be empty.
fn gzip(body: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(body).and_then(|()| packed.finish()).unwrap_or_default()
}

/// The same body in small pieces, with equal pauses.
fn trickling(mut response: Response<Payload>, over: Duration) -> Response<Payload> {
    response.body_mut().trickle(over);
    response
}

/// Announces the whole length, sends half of it, and fails.
fn cut(reply: Reply) -> Response<Payload> {
    let mut response = response(reply);
    let payload = response.body_mut();
    let whole = payload.data.as_ref().map_or(0, Bytes::len);
    payload.data = payload.data.take().map(|data| data.slice(..whole / 2));
    payload.end = End::Flushing;
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(whole));
    response
}

const BODY_LIMIT: usize = 1024 * 1024;
/// After a failed accept, which means that files or memory have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
