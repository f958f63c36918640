//! Kite's calls on the wire: the signing header and the envelope of its answers.

use std::net::IpAddr;

use muster_protocol::failure::FailureKind;
use serde_json::Value;

use super::table::TABLE;
use crate::broker::classify::{Access, Fault, Kinds, Said, is_2xx, object, stray_words};
use crate::broker::error::BrokerError;
use crate::broker::http::{Call, Reply};
use crate::broker::{Auth, json};
use crate::credential::{Credential, SecretText, SessionSecret};

/// Adds the header that selects the interface's version.
pub(super) fn versioned(call: Call) -> Call {
    call.constant("x-kite-version", "3")
}

/// What signs a call, taken out of an [`Auth`] that is Zerodha's.
pub(super) struct Signing<'a> {
    /// The app's key.
    pub(super) api_key: &'a SecretText,
    /// The day's token.
    pub(super) access_token: &'a SecretText,
}

impl<'a> Signing<'a> {
    /// Refuses another broker's credential or session.
    pub(super) fn of(auth: Auth<'a>) -> Result<Self, Fault> {
        match (auth.credential, auth.session) {
            (Credential::Zerodha { api_key, .. }, SessionSecret::Zerodha { access_token }) => {
                Ok(Self { api_key, access_token })
            }
            _ => Err(Fault::foreign()),
        }
    }

    /// Signs a call.
    pub(super) fn sign(&self, call: Call) -> Call {
        let (key, token) = (self.api_key.expose(), self.access_token.expose());
        let value = zeroize::Zeroizing::new(["token ", key, ":", token].concat());
        versioned(call).secret("authorization", &value)
    }

    /// What must not show up in words.
    pub(super) fn secrets(&self) -> [&str; 2] {
        [self.api_key.expose(), self.access_token.expose()]
    }
}

/// The `data` of a success, or what the failure means.
pub(super) fn data(reply: &Reply, access: Access, secrets: &[&str]) -> Result<Value, Fault> {
    // Without the envelope it is not Kite that speaks: an edge's web page, or nothing at all.
    let Some(mut body) = object(reply) else {
        let kind = Kinds::MALFORMED.on(access);
        return Err(Fault::answer(BrokerError::says(kind, stray_words(reply, secrets)), false));
    };
    let status = body.get("status").and_then(Value::as_str).unwrap_or_default();
    if is_2xx(reply.status) && status == "success" {
        return Ok(body.get_mut("data").map_or(Value::Null, Value::take));
    }
    let said = Said {
        status: reply.status,
        code: json::text(&body, "error_type").unwrap_or_default(),
        message: json::text(&body, "message").unwrap_or_default(),
    };
    // Neither an error of Kite's nor a success: whoever said it, it proves nothing.
    let kites = status == "error";
    let row = kites.then(|| said.row(TABLE)).flatten();
    let unknown = if kites { Kinds::UNKNOWN } else { Kinds::MALFORMED };
    let kind = row.map_or(unknown, |row| row.kinds).on(access);
    let ip_seen = (kind == FailureKind::IpNotAllowed).then(|| address(&said.message)).flatten();
    let error = BrokerError { kind, says: Some(said.words(secrets)), ip_seen };
    Err(Fault::answer(error, row.is_some_and(|row| row.past_address_check)))
}

/// The address in parentheses; only what is one is taken over.
fn address(message: &str) -> Option<String> {
    let (_, rest) = message.split_once('(')?;
    let (inside, _) = rest.split_once(')')?;
    inside.trim().parse::<IpAddr>().ok().map(|ip| ip.to_string())
}

#[cfg(test)]
mod tests;
