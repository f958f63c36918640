//! Angel One's calls on the wire: the headers, and the two JSON dialects of its answers.

use serde_json::Value;

use super::table::{TABLE, THROTTLE_TEXTS};
use crate::broker::classify::{Access, Fault, Kinds, Said, is_2xx, object, stray_words};
use crate::broker::error::BrokerError;
use crate::broker::http::{Call, Reply};
use crate::broker::{Auth, json};
use crate::credential::{Credential, SecretText, SessionSecret};

/// Prefix of the calls that need a session.
pub(super) const SECURE: [&str; 3] = ["rest", "secure", "angelbroking"];

/// Adds the headers every call carries. The three about the client must be there and are not
/// checked (reported); what counts is the address the connection comes from.
pub(super) fn with_app(call: Call, api_key: &SecretText) -> Call {
    // Exactly, as its own clients send it.
    call.constant("accept", "application/json")
        .constant("x-usertype", "USER")
        .constant("x-sourceid", "WEB")
        .constant("x-clientlocalip", "127.0.0.1")
        .constant("x-clientpublicip", "127.0.0.1")
        .constant("x-macaddress", "00:00:00:00:00:00")
        .secret("x-privatekey", api_key.expose())
}

/// What signs a call, taken out of an [`Auth`] that is Angel One's.
pub(super) struct Signing<'a> {
    api_key: &'a SecretText,
    jwt: &'a SecretText,
    /// The client code.
    pub(super) client_id: &'a str,
}

impl<'a> Signing<'a> {
    /// Refuses another broker's credential or session.
    pub(super) fn of(auth: Auth<'a>) -> Result<Self, Fault> {
        match (auth.credential, auth.session) {
            (Credential::AngelOne { api_key, client_id, .. }, SessionSecret::AngelOne { jwt }) => {
                Ok(Self { api_key, jwt, client_id })
            }
            _ => Err(Fault::foreign()),
        }
    }

    /// Signs a call.
    pub(super) fn sign(&self, call: Call) -> Call {
        let bearer = zeroize::Zeroizing::new(format!("Bearer {}", self.jwt.expose()));
        with_app(call, self.api_key).secret("authorization", &bearer)
    }

    /// What must not show up in words.
    pub(super) fn secrets(&self) -> [&str; 2] {
        [self.api_key.expose(), self.jwt.expose()]
    }
}

/// The `data` of a success, or what the failure means.
pub(super) fn data(reply: &Reply, access: Access, secrets: &[&str]) -> Result<Value, Fault> {
    let fault = |kinds: Kinds, words: String| {
        Fault::answer(BrokerError::says(kinds.on(access), words), false)
    };
    let Some(mut body) = object(reply) else {
        let words = stray_words(reply, secrets);
        let lower = String::from_utf8_lossy(&reply.body).to_lowercase();
        let throttled = THROTTLE_TEXTS.iter().any(|text| lower.contains(text));
        let kinds = match (reply.status >= 500, throttled) {
            (true, _) => Kinds::DOUBT,
            (false, true) => Kinds::THROTTLED,
            (false, false) => Kinds::MALFORMED,
        };
        return Err(fault(kinds, words));
    };
    let said = said(reply.status, &body);
    if reply.status >= 500 {
        return Err(fault(Kinds::DOUBT, said.words(secrets)));
    }
    // Only `true` itself: failures were seen with the text "false" and with a number.
    let flag = |name: &str| body.get(name).and_then(Value::as_bool) == Some(true);
    if flag("status") || flag("success") {
        // A success without `data` is not taken for the null of an empty list.
        return match body.get_mut("data").map(Value::take) {
            Some(data) if is_2xx(reply.status) => Ok(data),
            _ => Err(fault(Kinds::MALFORMED, said.words(secrets))),
        };
    }
    let words = said.words(secrets);
    Err(match said.row(TABLE) {
        Some(row) => {
            let error = BrokerError::says(row.kinds.on(access), words);
            Fault::answer(error, row.past_address_check)
        }
        None => fault(Kinds::UNKNOWN, words),
    })
}

fn said(status: u16, body: &Value) -> Said {
    let code = json::text(body, "errorcode").or_else(|| json::text(body, "errorCode"));
    let message = json::text(body, "message").unwrap_or_default();
    Said { status, code: code.unwrap_or_default(), message }
}

#[cfg(test)]
mod tests;
