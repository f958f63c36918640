//! One request, built before it is sent: method, URL, headers, body, bounds.

use std::time::Duration;

use reqwest::header::{
    ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue,
    IF_MODIFIED_SINCE, IF_NONE_MATCH,
};
use reqwest::{Method, Url};
use url::Position;

use super::{Leave, Validators};

/// A day's list of all instruments is read up to here, for so long.
const DUMP_CAP: usize = 96 * 1024 * 1024;
const DUMP_TIMEOUT: Duration = Duration::from_secs(120);
/// How long a form is at most, usually.
const FORM: usize = 256;
/// How many headers a call has, the client's own two among them.
const HEADERS: usize = 8;
/// Answers are read up to here.
const BODY_CAP: usize = 1024 * 1024;

/// A request that is not sent yet.
pub struct Call {
    pub(super) method: Method,
    pub(super) url: Url,
    /// `None` once a value could not stand in a header: such a call is never sent.
    pub(super) headers: Option<HeaderMap>,
    pub(super) body: Option<Vec<u8>>,
    pub(super) cap: usize,
    pub(super) timeout: Option<Duration>,
    pub(super) leave: Leave,
}

impl Call {
    /// A GET.
    pub fn get(url: Url) -> Self {
        Self::of(Method::GET, url)
    }

    /// A DELETE without a body.
    pub fn delete(url: Url) -> Self {
        Self::of(Method::DELETE, url)
    }

    /// A POST of JSON.
    pub fn post_json(url: Url, body: &serde_json::Value) -> Self {
        Self::post(url, "application/json", body.to_string())
    }

    /// A POST of form fields.
    pub fn post_form<V: AsRef<str>>(url: Url, fields: &[(&str, V)]) -> Self {
        let form = form_urlencoded::Serializer::new(String::with_capacity(FORM))
            .extend_pairs(fields)
            .finish();
        Self::post(url, "application/x-www-form-urlencoded", form)
    }

    /// Adds a header anyone may see.
    #[must_use]
    pub fn plain(self, name: &'static str, value: &str) -> Self {
        self.header(HeaderName::from_static(name), value)
    }

    /// Adds a header whose value every call has.
    #[must_use]
    pub fn constant(self, name: &'static str, value: &'static str) -> Self {
        self.fixed(HeaderName::from_static(name), value)
    }

    /// Adds a header that is masked wherever headers are shown.
    #[must_use]
    pub fn secret(mut self, name: &'static str, value: &str) -> Self {
        self.headers = self.headers.and_then(|mut headers| {
            let mut value = HeaderValue::from_str(value).ok()?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_static(name), value);
            Some(headers)
        });
        self
    }

    /// Reads a long answer, for long, and only if it is not the one that is known.
    #[must_use]
    pub fn dump(mut self, known: Option<&Validators>) -> Self {
        self.cap = DUMP_CAP;
        self.timeout = Some(DUMP_TIMEOUT);
        let Some(Validators { etag, modified }) = known else { return self };
        if let Some(etag) = etag {
            self = self.header(IF_NONE_MATCH, etag);
        }
        match modified {
            Some(modified) => self.header(IF_MODIFIED_SINCE, modified),
            None => self,
        }
    }

    /// Leaves only if it may still, asked once its connection is there; for a call with a body.
    #[must_use]
    pub fn if_still(mut self, leave: &Leave) -> Self {
        self.leave = leave.clone();
        self
    }

    /// Reads a shorter answer.
    #[must_use]
    pub const fn capped(mut self, cap: usize) -> Self {
        self.cap = cap;
        self
    }

    /// A header with a value known beforehand: nothing to check and nothing to copy.
    fn fixed(mut self, name: HeaderName, value: &'static str) -> Self {
        if let Some(headers) = &mut self.headers {
            headers.insert(name, HeaderValue::from_static(value));
        }
        self
    }

    fn header(mut self, name: HeaderName, value: &str) -> Self {
        self.headers = self.headers.and_then(|mut headers| {
            headers.insert(name, HeaderValue::from_str(value).ok()?);
            Some(headers)
        });
        self
    }

    fn post(url: Url, content_type: &'static str, body: String) -> Self {
        let mut call = Self::of(Method::POST, url).fixed(CONTENT_TYPE, content_type);
        if let Some(headers) = &mut call.headers {
            headers.insert(CONTENT_LENGTH, body.len().into());
        }
        call.body = Some(body.into_bytes());
        call
    }

    /// Whose headers are all there from the start: the client would add those that are missing to each of
    /// its copies of the map, which then grows.
    fn of(method: Method, url: Url) -> Self {
        let headers = Some(HeaderMap::with_capacity(HEADERS));
        let (cap, leave) = (BODY_CAP, Leave::default());
        let call = Self { method, url, headers, body: None, cap, timeout: None, leave };
        let host = call.url[Position::BeforeHost..Position::AfterPort].to_owned();
        call.header(HOST, &host).fixed(ACCEPT, "application/json, text/csv, text/plain")
    }
}
