//! What a broker's answer means, decided from a table of data. What no row knows is a doubt on a
//! write. Knows no broker: the tables are in their folders.

use muster_protocol::failure::FailureKind;
use serde_json::Value;

use super::error::BrokerError;
use super::http::{Reply, SendError};
use super::scrub;

/// Whether a call can change something at the broker that must not happen twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Reading, logging in or out: an unclear end harms nothing.
    Read,
    /// Placing or cancelling: an unclear end is a doubt.
    Write,
}

/// Where a row's knowledge comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The broker's documentation or staff.
    Documented,
    /// Seen live and reported by users.
    Reported,
    /// Inferred from the two.
    Guess,
}

/// Which HTTP status a row asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// Any.
    Any,
    /// This one.
    Is(u16),
    /// 400 to 499.
    Client,
    /// 500 and up.
    Server,
}

/// A kind for reads and one for writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kinds {
    /// On [`Access::Read`].
    pub(super) read: FailureKind,
    /// On [`Access::Write`].
    pub(super) write: FailureKind,
}

impl Kinds {
    /// The fault leaves the fate open.
    pub(super) const DOUBT: Self =
        Self { read: FailureKind::Unreachable, write: FailureKind::InDoubt };
    /// Throttled; even then a write may have gone through.
    pub(super) const THROTTLED: Self =
        Self { read: FailureKind::RateLimited, write: FailureKind::InDoubt };
    /// Not understood.
    pub(super) const MALFORMED: Self =
        Self { read: FailureKind::Malformed, write: FailureKind::InDoubt };
    /// Understood as a no, but not which.
    pub(super) const UNKNOWN: Self =
        Self { read: FailureKind::Refused, write: FailureKind::InDoubt };

    /// The same for both.
    pub(super) const fn both(kind: FailureKind) -> Self {
        Self { read: kind, write: kind }
    }

    /// The kind for this access.
    pub(super) const fn on(self, access: Access) -> FailureKind {
        match access {
            Access::Read => self.read,
            Access::Write => self.write,
        }
    }
}

/// One row of a broker's error table; rows are tried in order, all conditions must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    /// The broker's code, any if empty; a `*` at the end stands for the rest.
    pub(super) code: &'static str,
    /// Words the message contains, lower case; any if empty.
    pub(super) text: &'static str,
    /// The HTTP status.
    pub(super) status: Status,
    /// What it means.
    pub(super) kinds: Kinds,
    /// True if an order call that ends so has passed the broker's address check.
    pub(super) past_address_check: bool,
    /// How this is known.
    pub(super) source: Source,
}

impl Row {
    /// A row by code and words, at any status.
    pub(super) const fn new(
        code: &'static str,
        text: &'static str,
        kinds: Kinds,
        source: Source,
    ) -> Self {
        Self { code, text, status: Status::Any, kinds, past_address_check: false, source }
    }

    /// The same row, for this status only.
    #[must_use]
    pub(super) const fn at(mut self, status: Status) -> Self {
        self.status = status;
        self
    }

    /// The same row, proving that the address was accepted.
    #[must_use]
    pub(super) const fn past_address_check(mut self) -> Self {
        self.past_address_check = true;
        self
    }

    fn matches(&self, said: &Said) -> bool {
        let code = match self.code.strip_suffix('*') {
            Some(prefix) => said.code.starts_with(prefix),
            None => self.code.is_empty() || self.code == said.code,
        };
        let status = match self.status {
            Status::Any => true,
            Status::Is(status) => said.status == status,
            Status::Client => (400..500).contains(&said.status),
            Status::Server => said.status >= 500,
        };
        code && status && said.message.to_lowercase().contains(self.text)
    }
}

/// What the broker said, taken out of its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    /// The HTTP status.
    pub(super) status: u16,
    /// Its code, empty if none.
    pub(super) code: String,
    /// Its message, raw: scrub before showing.
    pub(super) message: String,
}

impl Said {
    /// The first row that holds.
    pub(super) fn row<'t>(&self, table: &'t [Row]) -> Option<&'t Row> {
        table.iter().find(|row| row.matches(self))
    }

    /// The code and the scrubbed message. The code is kept apart from the scrubbing: a secret of
    /// four digits would otherwise show itself by a hole in a known code.
    pub(super) fn words(&self, secrets: &[&str]) -> String {
        let message = scrub::words(&self.message, secrets);
        let plain = self.code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        match (plain && (1..=32).contains(&self.code.len()), message.is_empty()) {
            (true, true) => self.code.clone(),
            (true, false) => scrub::words(&format!("{} {message}", self.code), &[]),
            (false, true) => format!("HTTP {}", self.status),
            (false, false) => message,
        }
    }
}

/// A failed call, with what it proves about the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// The error.
    pub(super) error: BrokerError,
    /// See [`Row::past_address_check`].
    pub(super) past_address_check: bool,
    /// False if there was no answer at all.
    pub(super) answered: bool,
}

impl Fault {
    /// An answer that was a no.
    pub(super) const fn answer(error: BrokerError, past_address_check: bool) -> Self {
        Self { error, past_address_check, answered: true }
    }

    /// A credential of another broker; never sent anywhere.
    pub(super) fn foreign() -> Self {
        let error = BrokerError::says(FailureKind::Refused, "the credential is of another broker");
        Self { error, past_address_check: false, answered: false }
    }

    /// No answer: on a write only a failed connection proves that nothing was placed.
    pub(super) fn unsent(error: SendError, access: Access) -> Self {
        let kind = match (error, access) {
            (SendError::NotSent(_), _) | (SendError::Unclear(_), Access::Read) => {
                FailureKind::Unreachable
            }
            (SendError::Unclear(_), Access::Write) => FailureKind::InDoubt,
        };
        let error = BrokerError::says(kind, error.words());
        Self { error, past_address_check: false, answered: false }
    }
}

impl From<Fault> for BrokerError {
    fn from(fault: Fault) -> Self {
        fault.error
    }
}

/// The body as a JSON object, if it is a whole one. What sends a call elsewhere is not the broker's
/// answer to it, whatever it says.
pub(super) fn object(reply: &Reply) -> Option<Value> {
    let answered = !reply.cut && !(300..400).contains(&reply.status);
    let value: Value = serde_json::from_slice(&reply.body).ok().filter(|_| answered)?;
    value.is_object().then_some(value)
}

/// True for a 2xx status.
pub(super) const fn is_2xx(status: u16) -> bool {
    status >= 200 && status < 300
}

/// Describes a body that is not the broker's envelope.
pub(super) fn stray_words(reply: &Reply, secrets: &[&str]) -> String {
    let status = reply.status;
    let text = String::from_utf8_lossy(reply.body.get(..2048).unwrap_or(&reply.body));
    let text = scrub::words(&text, secrets);
    if reply.cut {
        format!("HTTP {status} with an answer longer than is read")
    } else if text.is_empty() {
        format!("HTTP {status} with an empty body")
    } else if text.starts_with('<') || reply.content_type.contains("html") {
        format!("HTTP {status} with a web page instead of an answer")
    } else {
        scrub::words(&format!("HTTP {status}: {text}"), &[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_does_not_betray_a_short_secret() {
        let said = Said { status: 200, code: "AB1050".into(), message: "Invalid 1050 totp".into() };
        assert_eq!(said.words(&["1050"]), "AB1050 Invalid [hidden] totp");
        let odd = Said { status: 403, code: "<b>".into(), message: String::new() };
        assert_eq!(odd.words(&[]), "HTTP 403");
    }

    #[test]
    fn only_a_failed_connection_proves_that_nothing_was_sent() {
        let kind = |error, access| Fault::unsent(error, access).error.kind;
        let (not_sent, unclear) = (SendError::NotSent("a"), SendError::Unclear("b"));
        assert_eq!(kind(not_sent, Access::Write), FailureKind::Unreachable);
        assert_eq!(kind(unclear, Access::Write), FailureKind::InDoubt);
        assert_eq!(kind(unclear, Access::Read), FailureKind::Unreachable);
    }

    #[test]
    fn stray_bodies_are_described_not_shown_whole() {
        let reply = |body: &str, cut| Reply {
            status: 403,
            body: body.as_bytes().to_vec(),
            cut,
            ..Reply::default()
        };
        assert_eq!(stray_words(&reply("", false), &[]), "HTTP 403 with an empty body");
        assert!(stray_words(&reply("<html>support ID 1", false), &[]).contains("web page"));
        assert_eq!(stray_words(&reply("slow down\n", false), &[]), "HTTP 403: slow down");
        assert!(object(&reply("{}", true)).is_none() && object(&reply("[]", false)).is_none());
    }
}
