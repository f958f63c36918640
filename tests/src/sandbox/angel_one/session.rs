//! Login with PIN and one-time code, refresh, logout. Sessions end at midnight in India.

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{BROKER, bearer, refused, success, text, unknown_key, went_wrong};
use crate::sandbox::exchange::clock::next_hour_of_day;
use crate::sandbox::net::message::Reply;
use crate::sandbox::people::account::Account;
use crate::sandbox::people::session::Session;
use crate::sandbox::random::MIXED;
use crate::sandbox::rules::TotpReuse;
use crate::sandbox::world::Call;

pub(super) fn login(call: &mut Call<'_>) -> Reply {
    let Some(body) = call.request.json() else { return went_wrong() };
    let key = call.request.header("x-privatekey").unwrap_or_default();
    let client = text(&body, "clientcode");
    let (max_wrong, reuse) = (call.state.rules.max_wrong_logins, call.state.rules.totp_reuse);
    let steps = call.state.rules.totp_steps;
    let (now, rule) = (call.now, call.state.rules.unknown_key);
    let Some(account) = call.state.account(BROKER, &client) else {
        return refused("AB1007", "Invalid login id or password");
    };
    if account.api_key != key {
        return unknown_key(rule);
    }
    if account.wrong_logins >= max_wrong {
        return refused("AB1007", "USER IS BLOCKED FOR TRADING");
    }
    let code = text(&body, "totp");
    let used = reuse == TotpReuse::Refused && account.last_code.as_deref() == Some(&code);
    let checked = check_factors(account, &body, (now, steps));
    // What a code used twice is answered is a guess.
    let checked = checked.and_then(|()| if used { Err(bad_code()) } else { Ok(()) });
    if let Err(refusal) = checked {
        account.wrong_logins += 1;
        return refusal;
    }
    account.wrong_logins = 0;
    account.last_code = Some(code);
    if !call.state.rules.angel_old_token_survives {
        call.state.sessions.end_all(BROKER, &client);
    }
    let mut data = open(call, &client);
    if let (Some(state), Value::Object(data)) = (body.get("state"), &mut data) {
        data.insert("state".into(), state.clone());
    }
    success(&data)
}

/// A wrong PIN and a wrong code give the same answer, as at the broker.
fn check_factors(
    account: &Account,
    body: &Map<String, Value>,
    at: (Timestamp, u32),
) -> Result<(), Reply> {
    let pin = text(body, "password");
    let looks_like_a_pin = pin.len() == 4 && pin.bytes().all(|byte| byte.is_ascii_digit());
    if !pin.is_empty() && !looks_like_a_pin {
        let text = "LoginbyPassword is not allowed. Please switch to Login by MPIN now.";
        return Err(refused("AB1007", text));
    }
    if pin != account.password || !account.code_is_right(&text(body, "totp"), at) {
        return Err(bad_code());
    }
    Ok(())
}

fn bad_code() -> Reply {
    refused("AB1050", "Invalid totp")
}

pub(super) fn refresh(call: &mut Call<'_>) -> Reply {
    let Some(body) = call.request.json() else { return went_wrong() };
    let refresh_token = text(&body, "refreshToken");
    let found = call.state.sessions.by_refresh(BROKER, &refresh_token);
    let Some(session) = found.filter(|session| session.account == call.account) else {
        return refused("AB8050", "Invalid Refresh Token");
    };
    let (client, old) = (session.account.clone(), session.token.clone());
    call.state.sessions.end(BROKER, &old);
    success(&open(call, &client))
}

pub(super) fn logout(call: &mut Call<'_>) -> Reply {
    let client = call.request.json().map(|body| text(&body, "clientcode"));
    if client.as_deref() != Some(call.account.as_str()) {
        return went_wrong();
    }
    if let Some(token) = bearer(call.request) {
        call.state.sessions.end(BROKER, token);
    }
    success(&json!(""))
}

/// Opens a session and returns its three tokens.
fn open(call: &mut Call<'_>, client: &str) -> Value {
    let expires_at = next_hour_of_day(call.now, 0);
    let token = jwt(call, client, expires_at);
    let refresh_token = jwt(call, client, expires_at);
    let feed_token = jwt(call, client, expires_at);
    call.state.sessions.open(Session {
        broker: BROKER,
        account: client.to_owned(),
        token: token.clone(),
        refresh_token: refresh_token.clone(),
        expires_at,
    });
    json!({ "jwtToken": token, "refreshToken": refresh_token, "feedToken": feed_token })
}

/// The shape of a JWT with an honest expiry; the signature is made up.
fn jwt(call: &mut Call<'_>, client: &str, expires_at: Timestamp) -> String {
    let claims = json!({
        "username": client,
        "iat": call.now.as_second(),
        "exp": expires_at.as_second(),
        "jti": call.state.random.uuid(),
    });
    let claims = BASE64URL_NOPAD.encode(claims.to_string().as_bytes());
    format!("{JWT_HEADER}.{claims}.{}", call.state.random.text("CANARY", MIXED, 86))
}

/// Whether a token that is not live was one whose day is over.
pub(super) fn died_of_age(token: &str, now: Timestamp) -> bool {
    let claims =
        token.split('.').nth(1).and_then(|part| BASE64URL_NOPAD.decode(part.as_bytes()).ok());
    let claims: Option<Value> = claims.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let expiry = claims.and_then(|claims| claims.get("exp")?.as_i64());
    expiry.is_some_and(|expiry| expiry <= now.as_second())
}

/// `{"alg":"HS512"}`
const JWT_HEADER: &str = "eyJhbGciOiJIUzUxMiJ9";
