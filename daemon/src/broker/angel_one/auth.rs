//! Angel One's login, logout, profile and funds.

use data_encoding::BASE64URL_NOPAD;
use muster_protocol::failure::FailureKind;
use muster_protocol::money::Paise;
use muster_protocol::order::Exchange;
use muster_protocol::time::{TimeOfDay, Timestamp};
use serde::Deserialize;
use serde_json::json;
use totp_rs::{Builder, Secret};
use zeroize::Zeroizing;

use super::wire::{self, Signing};
use super::{AngelOne, malformed};
use crate::broker::classify::{Access, Fault};
use crate::broker::error::BrokerError;
use crate::broker::http::{Call, Reply};
use crate::broker::{Auth, Opened, Profile, Proof, json, scrub};
use crate::credential::{Credential, SecretText, SessionSecret};

const LOGIN: [&str; 6] = ["rest", "auth", "angelbroking", "user", "v1", "loginByPassword"];
/// The words for a login that was refused without any.
const BARE_NO: &str =
    "HTTP 400 without a word: so it answers a missing API key, and perhaps one it does not know";
/// What is read of a token.
#[derive(Deserialize)]
struct Claims {
    exp: i64,
}

/// No token seen is a tenth of it.
const MAX_JWT: usize = 8 * 1024;

impl AngelOne {
    /// Logs in with the MPIN and the code for the proof's instant, which is the broker's, not ours.
    pub(super) async fn open(
        &self,
        credential: &Credential,
        proof: Proof<'_>,
        now: Timestamp,
    ) -> Result<Opened, BrokerError> {
        let (
            Credential::AngelOne { api_key, client_id, mpin, totp_secret },
            Proof::OneTimeCode { now: at },
        ) = (credential, proof)
        else {
            return Err(Fault::foreign().into());
        };
        let code = one_time_code(totp_secret, at)?;
        let body = json!({ "clientcode": client_id, "password": mpin.expose(), "totp": *code });
        let call = wire::with_app(Call::post_json(self.base.with(&LOGIN), &body), api_key);
        let secrets = [api_key.expose(), mpin.expose(), totp_secret.expose(), code.as_str()];
        let reply = self.http.send(call).await.map_err(|e| Fault::unsent(e, Access::Read))?;
        if is_bare_no(&reply) {
            return Err(BrokerError::says(FailureKind::CredentialsRejected, BARE_NO));
        }
        let data = wire::data(&reply, Access::Read, &secrets)?;
        let jwt = json::text(&data, "jwtToken").ok_or_else(malformed)?;
        let jwt = jwt.strip_prefix("Bearer ").unwrap_or(&jwt);
        if jwt.len() > MAX_JWT || !jwt.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(malformed());
        }
        let secret = SessionSecret::AngelOne { jwt: SecretText::new(jwt.to_owned()) };
        // What the token says of its end may come sooner than the day's, never later.
        let flush = flush_after(now);
        let ends = said_end(jwt).filter(|ends| *ends > now);
        let until = ends.map_or(flush, |ends| ends.min(flush));
        Ok(Opened { secret, until, client_id: None })
    }

    /// Whose session it is.
    pub(super) async fn who(&self, auth: Auth<'_>) -> Result<Profile, BrokerError> {
        let data = self.get(auth, &["user", "v1", "getProfile"]).await?;
        let client_id = json::text(&data, "clientcode").ok_or_else(malformed)?;
        let holder = json::text(&data, "name").unwrap_or_default();
        let exchanges = json::known(&data, "exchanges", segment);
        let (client_id, holder) = (scrub::words(&client_id, &[]), scrub::words(&holder, &[]));
        Ok(Profile { client_id, holder, exchanges })
    }

    /// `net`, and where it is missing `availablecash`, which behaves like it (reported).
    pub(super) async fn money(&self, auth: Auth<'_>) -> Result<Paise, BrokerError> {
        let data = self.get(auth, &["user", "v1", "getRMS"]).await?;
        let net = json::rupees(&data, "net").or_else(|| json::rupees(&data, "availablecash"));
        net.ok_or_else(malformed)
    }

    /// Ends the session.
    pub(super) async fn close(&self, auth: Auth<'_>) -> Result<(), BrokerError> {
        let client = Signing::of(auth)?.client_id;
        let body = json!({ "clientcode": client });
        self.post(auth, &["user", "v1", "logout"], &body, Access::Read).await?;
        Ok(())
    }
}

/// A login with an empty key is answered with a bare 400 (reported). What an unknown key gets is not
/// known: if it is the same, trying again by itself would only come nearer to a block.
fn is_bare_no(reply: &Reply) -> bool {
    reply.status == 400 && !reply.cut && reply.body.trim_ascii().is_empty()
}

/// The profile's names of the segments (documented).
fn segment(name: &str) -> Option<Exchange> {
    Some(match name {
        "nse_cm" => Exchange::Nse,
        "bse_cm" => Exchange::Bse,
        "nse_fo" => Exchange::Nfo,
        "bse_fo" => Exchange::Bfo,
        "mcx_fo" => Exchange::Mcx,
        "cde_fo" => Exchange::Cds,
        _ => return None,
    })
}

fn one_time_code(secret: &SecretText, now: Timestamp) -> Result<Zeroizing<String>, BrokerError> {
    let rejected = || {
        BrokerError::says(FailureKind::CredentialsRejected, "the TOTP secret stored is not base32")
    };
    let secret = Secret::try_from_base32(secret.expose()).map_err(|_| rejected())?;
    let seconds = u64::try_from(now.unix_seconds()).unwrap_or_default();
    // The compliant builder refuses 80-bit secrets, which are what Angel One issues.
    let totp = Builder::new().with_secret(secret).build_noncompliant();
    Ok(Zeroizing::new(totp.generate(seconds).to_string()))
}

/// The end that a token's own claims name, if they can be read: nothing rests on it but when a new login
/// is made.
fn said_end(jwt: &str) -> Option<Timestamp> {
    let claims = Zeroizing::new(BASE64URL_NOPAD.decode(jwt.split('.').nth(1)?.as_bytes()).ok()?);
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    Some(Timestamp::from_millis(claims.exp.checked_mul(1000)?))
}

/// Angel One ends every session at midnight, exchange time (documented).
fn flush_after(now: Timestamp) -> Timestamp {
    now.date().tomorrow().at(TimeOfDay::hm(0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_the_rfcs_and_short_secrets_work() {
        // RFC 6238, appendix B, SHA-1, cut to six digits.
        let rfc = SecretText::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".to_owned());
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")]
        {
            let at = Timestamp::from_millis(seconds * 1000);
            assert_eq!(one_time_code(&rfc, at).unwrap().as_str(), code);
        }
        let short = SecretText::new("JBSWY3DPEHPK3PXP".to_owned());
        assert_eq!(one_time_code(&short, Timestamp::from_millis(0)).unwrap().len(), 6);
        let broken = SecretText::new("1".to_owned());
        let error = one_time_code(&broken, Timestamp::from_millis(0)).unwrap_err();
        assert_eq!(error.kind, FailureKind::CredentialsRejected);
    }

    #[test]
    fn a_tokens_own_end_is_read_where_it_can_be() {
        let token = |claims: &str| format!("e30.{}.x", BASE64URL_NOPAD.encode(claims.as_bytes()));
        let end = |claims: &str| said_end(&token(claims)).map(Timestamp::millis);
        assert_eq!(end(r#"{"username":"A1","exp":1763900000}"#), Some(1_763_900_000_000));
        for odd in [r#"{"exp":"soon"}"#, "{}", "", "[]", r#"{"exp":9223372036854775807}"#] {
            assert_eq!(end(odd), None, "{odd}");
        }
        for odd in ["", "a", "a.b", "a.!!.c", "..", "a.eyJleHAiOjF9\u{e9}.c"] {
            assert_eq!(said_end(odd), None, "{odd}");
        }
    }

    #[test]
    fn sessions_end_at_the_next_midnight() {
        let until = |now: &str| flush_after(now.parse().unwrap()).to_string();
        assert_eq!(until("2026-11-23T08:55:00+05:30"), "2026-11-24T00:00:00.000+05:30");
        assert_eq!(until("2026-11-23T00:00:00+05:30"), "2026-11-24T00:00:00.000+05:30");
        assert_eq!(until("2026-12-31T23:59:59+05:30"), "2027-01-01T00:00:00.000+05:30");
    }
}
