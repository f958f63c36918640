//! Kite's login page, token exchange, logout, profile and funds.

use data_encoding::HEXLOWER;
use form_urlencoded::Serializer;
use muster_protocol::money::Paise;
use muster_protocol::order::Exchange;
use muster_protocol::time::{TimeOfDay, Timestamp};
use sha2::{Digest, Sha256};

use super::wire::{self, Signing};
use super::{Zerodha, malformed};
use crate::broker::classify::{Access, Fault};
use crate::broker::error::BrokerError;
use crate::broker::http::Call;
use crate::broker::{Auth, Opened, Profile, Proof, json, scrub};
use crate::credential::{Credential, SecretText, SessionSecret};

/// No token seen is a tenth of it.
const MAX_TOKEN: usize = 1024;

impl Zerodha {
    /// The page a person logs in at. What is to come back is itself a query string inside the
    /// query, hence encoded twice.
    pub(super) fn page(&self, credential: &Credential, state: &str) -> Option<String> {
        let Credential::Zerodha { api_key, .. } = credential else { return None };
        let back = Serializer::new(String::new()).append_pair("state", state).finish();
        let mut url = self.login.url();
        url.query_pairs_mut()
            .append_pair("v", "3")
            .append_pair("api_key", api_key.expose())
            .append_pair("redirect_params", &back);
        Some(url.into())
    }

    /// Exchanges the request token for the day's session. The token works once.
    pub(super) async fn open(
        &self,
        credential: &Credential,
        proof: Proof<'_>,
        now: Timestamp,
    ) -> Result<Opened, BrokerError> {
        let (Credential::Zerodha { api_key, api_secret }, Proof::RequestToken(token)) =
            (credential, proof)
        else {
            return Err(Fault::foreign().into());
        };
        let checksum = checksum(api_key, token, api_secret);
        let secrets = [api_key.expose(), token.expose(), api_secret.expose(), checksum.as_str()];
        let fields = [
            ("api_key", api_key.expose()),
            ("request_token", token.expose()),
            ("checksum", checksum.as_str()),
        ];
        let url = self.base.with(&["session", "token"]);
        let call = wire::versioned(Call::post_form(url, &fields));
        let reply = self.http.send(call).await.map_err(|e| Fault::unsent(e, Access::Read))?;
        let data = wire::data(&reply, Access::Read, &secrets)?;
        let token = json::text(&data, "access_token").ok_or_else(malformed)?;
        if token.len() > MAX_TOKEN || !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(malformed());
        }
        let client_id = json::text(&data, "user_id").map(|id| scrub::words(&id, &[]));
        let secret = SessionSecret::Zerodha { access_token: SecretText::new(token) };
        Ok(Opened { secret, until: flush_after(now), client_id })
    }

    /// Whose session it is.
    pub(super) async fn who(&self, auth: Auth<'_>) -> Result<Profile, BrokerError> {
        let data = self.get(auth, &["user", "profile"]).await?;
        let client_id = json::text(&data, "user_id").ok_or_else(malformed)?;
        let holder = json::text(&data, "user_name").unwrap_or_default();
        let code = |code: &str| Exchange::ALL.into_iter().find(|exchange| exchange.code() == code);
        let exchanges = json::known(&data, "exchanges", code);
        let (client_id, holder) = (scrub::words(&client_id, &[]), scrub::words(&holder, &[]));
        Ok(Profile { client_id, holder, exchanges })
    }

    /// The equity segment's `net`, read as it is: the documented formulas do not reproduce it.
    pub(super) async fn money(&self, auth: Auth<'_>) -> Result<Paise, BrokerError> {
        let data = self.get(auth, &["user", "margins"]).await?;
        data.get("equity").and_then(|equity| json::rupees(equity, "net")).ok_or_else(malformed)
    }

    /// Ends the session; the person's own logins at Kite stay.
    pub(super) async fn close(&self, auth: Auth<'_>) -> Result<(), BrokerError> {
        let signing = Signing::of(auth)?;
        let mut url = self.base.with(&["session", "token"]);
        url.query_pairs_mut()
            .append_pair("api_key", signing.api_key.expose())
            .append_pair("access_token", signing.access_token.expose());
        self.signed(auth, Call::delete(url), Access::Read).await?;
        Ok(())
    }
}

fn checksum(api_key: &SecretText, token: &SecretText, api_secret: &SecretText) -> String {
    let parts = [api_key.expose(), token.expose(), api_secret.expose()];
    let hash = parts.iter().fold(Sha256::new(), Sha256::chain_update).finalize();
    HEXLOWER.encode(&hash)
}

/// Kite's tokens die at six in the morning, exchange time (documented).
fn flush_after(now: Timestamp) -> Timestamp {
    let six = TimeOfDay::hm(6, 0);
    let today = now.date().at(six);
    if now.since(today) < 0 { today } else { now.date().tomorrow().at(six) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::http::{Http, Route, Timeouts, Tls};
    use crate::broker::registry::Endpoints;

    fn secret(text: &str) -> SecretText {
        SecretText::new(text.to_owned())
    }

    #[test]
    fn the_state_is_encoded_twice() {
        let tls = Tls::new(None).unwrap();
        let http = Http::new(&tls, &Route::default(), Timeouts::default()).unwrap();
        let zerodha = Zerodha::new(&Endpoints::default(), http);
        let credential =
            Credential::Zerodha { api_key: secret("ab12"), api_secret: secret("CANARY") };
        assert_eq!(
            zerodha.page(&credential, "n 1&x").unwrap(),
            "https://kite.zerodha.com/connect/login?v=3&api_key=ab12&redirect_params=state%3Dn%2B1%2526x"
        );
    }

    #[test]
    fn the_checksum_is_over_key_token_and_secret() {
        let sum = checksum(&secret("a"), &secret("b"), &secret("c"));
        // SHA-256 of "abc".
        assert_eq!(sum, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn sessions_end_at_the_next_six_in_the_morning() {
        let until = |now: &str| flush_after(now.parse().unwrap()).to_string();
        assert_eq!(until("2026-11-23T05:59:59+05:30"), "2026-11-23T06:00:00.000+05:30");
        assert_eq!(until("2026-11-23T06:00:00+05:30"), "2026-11-24T06:00:00.000+05:30");
        assert_eq!(until("2026-11-23T15:10:00+05:30"), "2026-11-24T06:00:00.000+05:30");
    }
}
