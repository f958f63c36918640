//! The one HTTP client: no redirect, no repeat, no environment proxy, IPv4 from one address.
//! A connection pool belongs to one egress and one broker. Knows no broker.

mod call;
mod dates;
mod leave;
mod proxy;
mod tls;

use std::error::Error;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;
use muster_protocol::time::Timestamp;

use super::catalog::Validators;

pub use self::call::Call;
use self::leave::Stopped;

pub use self::dates::{Dates, Moment, Watch, least_offset};
pub use self::leave::Leave;
pub use self::tls::{SetupError, Tls};

/// How requests leave this machine.
#[derive(Debug, Clone, Default)]
pub struct Route {
    /// The source address; any IPv4 address of the machine if none.
    pub bind: Option<Ipv4Addr>,
    /// A SOCKS or HTTP proxy.
    pub proxy: Option<String>,
}

/// How long to wait.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For the connection; kept below `total`, since only an error while connecting proves that
    /// nothing was sent.
    pub connect: Duration,
    /// For the whole call.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), total: Duration::from_secs(15) }
    }
}

/// A client of one broker through one egress.
#[derive(Debug, Clone)]
pub struct Http {
    client: reqwest::Client,
    dates: Option<Dates>,
    proxied: bool,
}

/// The words of a request that did not leave because the egress has no such address any more.
pub const ADDRESS_GONE: &str = "the egress address is not an address of this machine";
/// The status of a file that is still what it was.
pub const NOT_MODIFIED: u16 = 304;

/// An answer, whatever its status.
#[derive(Debug, Default)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The content type, lower case, empty if none.
    pub content_type: String,
    /// The sender's clock, to the second.
    pub date: Option<Timestamp>,
    /// The body, up to the call's cap.
    pub body: Vec<u8>,
    /// True if the body was longer than the cap.
    pub cut: bool,
    /// By what the server knows it again.
    pub validators: Validators,
}

/// No answer. Built from fixed words, so it can hold neither a URL nor a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Proven: not a byte of the request left.
    #[error("{0}")]
    NotSent(&'static str),
    /// It may have arrived.
    #[error("{0}")]
    Unclear(&'static str),
}

impl Http {
    /// A client for this route.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that turns redirects and retries off"
    )]
    pub fn new(tls: &Tls, route: &Route, timeouts: Timeouts) -> Result<Self, SetupError> {
        if timeouts.connect >= timeouts.total {
            return Err(SetupError::Timeouts);
        }
        let source = route.bind.unwrap_or(Ipv4Addr::UNSPECIFIED);
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .http1_only()
            .connect_timeout(timeouts.connect)
            .timeout(timeouts.total)
            // A pooled connection the peer has closed turns an order into a doubt: keep it briefly.
            .pool_idle_timeout(Duration::from_secs(5))
            // With a source address only targets of its family are dialled, so this forces IPv4.
            .local_address(IpAddr::V4(source))
            .user_agent(concat!("muster/", env!("CARGO_PKG_VERSION")))
            .tls_backend_preconfigured(tls.for_one_client())
            .tls_version_min(reqwest::tls::Version::TLS_1_2);
        if let Some(proxy) = &route.proxy {
            builder = builder.proxy(reqwest::Proxy::all(proxy).map_err(|_| SetupError::Proxy)?);
        }
        let client = builder.build().map_err(|_| SetupError::Client)?;
        Ok(Self { client, dates: None, proxied: route.proxy.is_some() })
    }

    /// The same client, its peer's clock told to `dates` with each answer.
    #[must_use]
    pub fn telling(self, dates: Dates) -> Self {
        Self { dates: Some(dates), ..self }
    }

    /// Sends once and reads the answer, up to the call's cap.
    pub async fn send(&self, call: Call) -> Result<Reply, SendError> {
        let Call { method, url, headers, body, cap, timeout, leave } = call;
        let headers = headers.ok_or(SendError::NotSent("a header would hold signs it cannot"))?;
        let mut request = reqwest::Request::new(method, url);
        *request.headers_mut() = headers;
        *request.body_mut() = body.map(|body| leave.hold(body));
        if timeout.is_some() {
            *request.timeout_mut() = timeout;
        }
        let sent = self.dates.as_ref().map(|dates| dates.0.moment());
        let response = self.client.execute(request).await;
        let mut response = response.map_err(|error| self.failed(&error))?;
        let date = response.headers().get("date").and_then(|date| date.to_str().ok());
        let date = date.and_then(http_date);
        self.tell_date(&response, date, sent);
        let (mut body, mut cut) = (Vec::new(), false);
        while let Some(chunk) = response.chunk().await.map_err(|error| SendError::of(&error))? {
            let room = cap.saturating_sub(body.len());
            body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
            if chunk.len() > room {
                cut = true;
                break;
            }
        }
        let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok());
        Ok(Reply {
            status: response.status().as_u16(),
            content_type: header("content-type").unwrap_or_default().to_ascii_lowercase(),
            date,
            body,
            cut,
            validators: Validators {
                etag: header("etag").map(str::to_owned),
                modified: header("last-modified").map(str::to_owned),
            },
        })
    }
}

impl Http {
    fn failed(&self, error: &reqwest::Error) -> SendError {
        let sent = SendError::of(error);
        if self.proxied { proxy::blamed(sent, error) } else { sent }
    }

    /// A cache keeps the date of what it keeps: an answer of some age says nothing of the clock.
    fn tell_date(
        &self,
        response: &reqwest::Response,
        date: Option<Timestamp>,
        sent: Option<Moment>,
    ) {
        let date = date.filter(|_| !response.headers().contains_key("age"));
        if let (Some(dates), Some(date), Some(sent)) = (&self.dates, date, sent) {
            dates.0.dated(date, sent);
        }
    }
}

impl SendError {
    fn of(error: &reqwest::Error) -> Self {
        if error.is_connect() || error.is_builder() {
            Self::NotSent(not_sent_words(error))
        } else if is_stopped(error) {
            Self::NotSent("stopped as it was about to leave")
        } else if error.is_timeout() {
            Self::Unclear("no answer in the time allowed")
        } else {
            Self::Unclear("the connection broke before the answer was complete")
        }
    }

    /// The words, without what they prove.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotSent(words) | Self::Unclear(words) => words,
        }
    }
}

/// Whether it was not let go any more; until then the client has written nothing of it.
fn is_stopped(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.is::<Stopped>() {
            return true;
        }
        source = cause.source();
    }
    false
}

fn not_sent_words(error: &reqwest::Error) -> &'static str {
    if error.is_builder() {
        return "the request could not be built";
    }
    if error.is_dns() {
        return "the name could not be looked up";
    }
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(words) = cause_words(cause) {
            return words;
        }
        source = cause.source();
    }
    if error.is_timeout() {
        return "no connection in the time allowed";
    }
    "no connection could be made"
}

fn cause_words(cause: &(dyn Error + 'static)) -> Option<&'static str> {
    if cause.is::<rustls::Error>() {
        return Some("TLS failed: the certificate or the protocol was not accepted");
    }
    let io = cause.downcast_ref::<io::Error>()?;
    // An IO error is no source of what it wraps, and here they come nested.
    let inner = io.get_ref().and_then(|inner| cause_words(inner));
    inner.or_else(|| match io.kind() {
        io::ErrorKind::AddrNotAvailable => Some(ADDRESS_GONE),
        io::ErrorKind::ConnectionRefused => Some("the connection was refused"),
        _ => None,
    })
}

fn http_date(text: &str) -> Option<Timestamp> {
    let parsed = DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Timestamp::from_millis(parsed.as_millisecond()))
}
