//! The exchange of a request token, and logout. Access tokens end at six in the morning.

use data_encoding::HEXLOWER;
use hyper::StatusCode;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{BROKER, bad_input, missing, refused, success};
use crate::sandbox::exchange::clock::{ist, next_hour_of_day};
use crate::sandbox::net::message::Reply;
use crate::sandbox::people::account::Account;
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

fn open(call: &mut Call<'_>, app: &Account) -> Reply {
    if !call.state.rules.old_token_survives {
        call.state.sessions.end_all(BROKER, &app.id);
    }
    let token = call.state.random.text("CANARY", MIXED, 32);
    call.state.sessions.open(Session {
        broker: BROKER,
        account: app.id.clone(),
        token: token.clone(),
        refresh_token: String::new(),
        expires_at: next_hour_of_day(call.now, 6),
    });
    let mut data = super::portfolio::person(&app.id);
    let fresh = json!({
        "api_key": app.api_key,
        "access_token": token,
        "public_token": call.state.random.text("", MIXED, 32),
        "refresh_token": "",
        "enctoken": "",
        "silo": "",
        "login_time": ist(call.now).strftime("%Y-%m-%d %H:%M:%S").to_string(),
    });
    if let (Some(data), Some(fresh)) = (data.as_object_mut(), fresh.as_object()) {
        data.extend(fresh.clone());
    }
    success(&data)
}

/// Works with the pair in the query; the header is not needed.
pub(super) fn logout(call: &mut Call<'_>) -> Reply {
    let query = call.request.query_pairs();
    let Some(key) = query.get("api_key") else { return missing("api_key") };
    let Some(token) = query.get("access_token") else { return missing("access_token") };
    let owner = call.state.account_by_key(BROKER, key).map(|app| app.id.clone());
    let session = call.state.sessions.by_token(BROKER, token).map(|live| live.account.clone());
    if owner.is_none() || owner != session {
        let text = "Incorrect `api_key` or `access_token`.";
        return refused(StatusCode::FORBIDDEN, "TokenException", text);
    }
    call.state.sessions.end(BROKER, token);
    success(&json!(true))
}
