//! One request and one answer, free of sockets: what the simulated brokers read and say.

use std::net::{IpAddr, SocketAddr};

use data_encoding::HEXLOWER;
use hyper::body::Bytes;
use hyper::{HeaderMap, Method, StatusCode};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// A request whose body has arrived in full.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) peer: SocketAddr,
}

/// Name and value pairs of a query or a form, in their order.
#[derive(Debug, Default)]
pub(crate) struct Pairs(Vec<(String, String)>);

/// A reply as the broker would send it.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
    pub(crate) location: Option<String>,
    /// Whether the body travels compressed.
    pub(crate) gzip: bool,
    /// Seconds by which the `Date` is ahead.
    pub(crate) date_ahead: i64,
    /// By what a client may ask whether it has changed.
    pub(crate) etag: Option<String>,
}

impl Request {
    /// The TCP source address; an IPv4 caller on an IPv6 socket is shown as IPv4.
    pub(crate) fn source_ip(&self) -> IpAddr {
        self.peer.ip().to_canonical()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as a JSON object, if it is one.
    pub(crate) fn json(&self) -> Option<Map<String, Value>> {
        serde_json::from_slice(&self.body).ok()
    }

    pub(crate) fn form(&self) -> Pairs {
        Pairs::parse(&self.body)
    }

    pub(crate) fn query_pairs(&self) -> Pairs {
        Pairs::parse(self.query.as_bytes())
    }
}

impl Pairs {
    pub(crate) fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// The first value under `name`; an empty one counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &(String, String)> {
        self.0.iter()
    }
}

impl Reply {
    /// The same with another status.
    pub(crate) fn at(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        Self { content_type: "application/json", ..Self::text(status, body.to_string()) }
    }

    pub(crate) fn text(status: StatusCode, body: impl Into<String>) -> Self {
        let content_type = "text/plain";
        Self {
            status,
            content_type,
            body: body.into(),
            location: None,
            gzip: false,
            date_ahead: 0,
            etag: None,
        }
    }

    pub(crate) fn html(status: StatusCode, body: impl Into<String>) -> Self {
        Self { content_type: "text/html; charset=utf-8", ..Self::text(status, body) }
    }

    pub(crate) fn gzip_csv(body: String) -> Self {
        Self { content_type: "text/csv", gzip: true, ..Self::text(StatusCode::OK, body) }
    }

    /// The same with an `ETag`; nothing but that to a client that has it already.
    pub(crate) fn unless_known(mut self, request: &Request) -> Self {
        let digest = Sha256::digest(self.body.as_bytes());
        let etag = format!("\"{}\"", HEXLOWER.encode(digest.get(..12).unwrap_or_default()));
        if request.header("if-none-match") == Some(&etag) {
            self = Self::text(StatusCode::NOT_MODIFIED, "");
        }
        self.etag = Some(etag);
        self
    }

    pub(crate) fn redirect(location: String) -> Self {
        Self { location: Some(location), ..Self::text(StatusCode::FOUND, "") }
    }
}
