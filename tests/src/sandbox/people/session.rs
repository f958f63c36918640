//! Sessions and one-time request tokens, with the moments they die.

use std::collections::HashMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::account::Broker;

/// What a login gave.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) broker: Broker,
    pub(crate) account: String,
    pub(crate) token: String,
    pub(crate) refresh_token: String,
    pub(crate) expires_at: Timestamp,
}

/// What a browser login gave: good for one exchange within its time.
#[derive(Debug, Clone)]
pub(crate) struct RequestToken {
    pub(crate) token: String,
    pub(crate) account: String,
    pub(crate) created_at: Timestamp,
}

/// Every session and request token that is still worth something.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    live: HashMap<(Broker, String), Session>,
    /// When the first of them dies.
    first_end: Option<Timestamp>,
    requests: Vec<RequestToken>,
    /// Every token that ever left, dead ones too.
    issued: Vec<String>,
}

impl Sessions {
    pub(crate) fn open(&mut self, session: Session) {
        self.issued.push(session.token.clone());
        self.issued.push(session.refresh_token.clone());
        self.first_end =
            Some(self.first_end.map_or(session.expires_at, |end| end.min(session.expires_at)));
        self.live.insert((session.broker, session.token.clone()), session);
    }

    /// Drops what has died by `now`; a token stays dead though the clock be set back.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        if self.first_end.is_none_or(|end| now < end) {
            return;
        }
        self.live.retain(|_, session| now < session.expires_at);
        self.first_end = self.live.values().map(|session| session.expires_at).min();
    }

    pub(crate) fn by_token(&self, broker: Broker, token: &str) -> Option<&Session> {
        self.live.get(&(broker, token.to_owned()))
    }

    pub(crate) fn by_refresh(&self, broker: Broker, token: &str) -> Option<&Session> {
        let known = |session: &&Session| session.broker == broker && session.refresh_token == token;
        self.live.values().find(known).filter(|_| !token.is_empty())
    }

    pub(crate) fn end(&mut self, broker: Broker, token: &str) {
        self.live.remove(&(broker, token.to_owned()));
    }

    /// Ends every session of one account.
    pub(crate) fn end_all(&mut self, broker: Broker, account: &str) {
        self.live.retain(|_, session| session.broker != broker || session.account != account);
    }

    pub(crate) fn promise(&mut self, request: RequestToken) {
        self.issued.push(request.token.clone());
        self.requests.push(request);
    }

    /// Takes a request token out, so that it serves once.
    pub(crate) fn redeem(
        &mut self,
        token: &str,
        now: Timestamp,
        lifetime: Duration,
    ) -> Option<RequestToken> {
        let at = self.requests.iter().position(|request| request.token == token)?;
        let request = self.requests.remove(at);
        let age = now.duration_since(request.created_at);
        let limit = SignedDuration::try_from(lifetime).unwrap_or(SignedDuration::MAX);
        (age < limit).then_some(request)
    }

    /// Every session, refresh and request token that was given out.
    pub(crate) fn issued(&self) -> impl Iterator<Item = &String> {
        self.issued.iter().filter(|token| !token.is_empty())
    }

    /// Whose request token this is, leaving it in place.
    pub(crate) fn promised_to(&self, token: &str) -> Option<&str> {
        let found = self.requests.iter().find(|request| request.token == token);
        found.map(|request| request.account.as_str())
    }
}
