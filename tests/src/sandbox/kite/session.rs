//! The exchange of a request token, and logout. Access tokens end at six in the morning.

use data_encoding::HEXLOWER;
use hyper::StatusCode;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{BROKER, bad_input, missing, refused, success};
use crate::sandbox::exchange::clock::{ist, next_hour_of_day};
use crate::sandbox::net::message::Reply;
use crate::sandbox::people::account::{Account, Plan};
use crate::sandbox::people::session::Session;
use crate::sandbox::random::MIXED;
use crate::sandbox::world::Call;

pub(super) fn exchange(call: &mut Call<'_>) -> Reply {
    let form = call.request.form();
    let Some(key) = form.get("api_key") else { return missing("api_key") };
    let Some(token) = form.get("request_token") else { return missing("request_token") };
    let Some(checksum) = form.get("checksum") else { return missing("checksum") };
    let Some(app) = call.state.account_by_key(BROKER, key).cloned() else {
        return bad_input("Invalid `api_key`.");
    };
    // A wrong secret leaves the request token in place: the person need not log in again.
    let stale =
        || refused(StatusCode::FORBIDDEN, "TokenException", "Token is invalid or has expired.");
    if call.state.sessions.promised_to(token) != Some(&app.id) {
        return stale();
    }
    let proof = Sha256::digest(format!("{key}{token}{}", app.api_secret));
    if HEXLOWER.encode(&proof) != checksum {
        return refused(StatusCode::FORBIDDEN, "TokenException", "Invalid `checksum`.");
    }
    let lifetime = call.state.rules.request_token_life();
    if call.state.sessions.redeem(token, call.now, lifetime).is_none() {
        return stale();
    }
    open(call, &app)
}

/// A new access token for the platforms the broker has approved. The documents leave open whether
/// the refresh token changes; here it does.
pub(super) fn refresh(call: &mut Call<'_>) -> Reply {
    let form = call.request.form();
    let Some(key) = form.get("api_key") else { return missing("api_key") };
    let Some(token) = form.get("refresh_token") else { return missing("refresh_token") };
    let Some(checksum) = form.get("checksum") else { return missing("checksum") };
    let Some(app) = call.state.account_by_key(BROKER, key).cloned() else {
        return bad_input("Invalid `api_key`.");
    };
    if HEXLOWER.encode(&Sha256::digest(format!("{key}{token}{}", app.api_secret))) != checksum {
        return refused(StatusCode::FORBIDDEN, "TokenException", "Invalid `checksum`.");
    }
    let session = call.state.sessions.by_refresh(BROKER, token);
    let Some(old) = session.filter(|session| session.account == app.id) else {
        let text = "Token is invalid or has expired.";
        return refused(StatusCode::FORBIDDEN, "TokenException", text);
    };
    let old = old.token.clone();
    call.state.sessions.end(BROKER, &old);
    let (access, refresh) = begin(call, &app);
    success(&json!({ "user_id": app.id, "access_token": access, "refresh_token": refresh }))
}

/// Begins a session; its access token and, for approved platforms, its refresh token.
fn begin(call: &mut Call<'_>, app: &Account) -> (String, String) {
    let token = call.state.random.text("CANARY", MIXED, 32);
    let refresh_token = match app.plan {
        Plan::Approved => call.state.random.text("CANARY", MIXED, 32),
        Plan::Personal | Plan::Connect => String::new(),
    };
    call.state.sessions.open(Session {
        broker: BROKER,
        account: app.id.clone(),
        token: token.clone(),
        refresh_token: refresh_token.clone(),
        expires_at: next_hour_of_day(call.now, 6),
    });
    (token, refresh_token)
}

fn open(call: &mut Call<'_>, app: &Account) -> Reply {
    if !call.state.rules.old_token_survives {
        call.state.sessions.end_all(BROKER, &app.id);
    }
    let (token, refresh_token) = begin(call, app);
    let mut data = super::portfolio::person(&app.id);
    let fresh = json!({
        "api_key": app.api_key,
        "access_token": token,
        "public_token": call.state.random.text("", MIXED, 32),
        "refresh_token": refresh_token,
        "enctoken": "",
        "silo": "",
        "login_time": ist(call.now).strftime("%Y-%m-%d %H:%M:%S").to_string(),
    });
    if let (Some(data), Some(fresh)) = (data.as_object_mut(), fresh.as_object()) {
        data.extend(fresh.clone());
    }
    success(&data)
}

/// Works with the pair in the query; the header is not needed. A refresh token in place of the
/// access token ends the session, too.
pub(super) fn logout(call: &mut Call<'_>) -> Reply {
    let query = call.request.query_pairs();
    let Some(key) = query.get("api_key") else { return missing("api_key") };
    let sessions = &call.state.sessions;
    let session = match (query.get("access_token"), query.get("refresh_token")) {
        (Some(token), _) => sessions.by_token(BROKER, token),
        (None, Some(token)) => sessions.by_refresh(BROKER, token),
        (None, None) => return missing("access_token"),
    };
    let owner = call.state.account_by_key(BROKER, key).map(|app| &app.id);
    let Some(token) = session.filter(|live| Some(&live.account) == owner) else {
        let text = "Incorrect `api_key` or `access_token`.";
        return refused(StatusCode::FORBIDDEN, "TokenException", text);
    };
    let token = token.token.clone();
    call.state.sessions.end(BROKER, &token);
    success(&json!(true))
}
