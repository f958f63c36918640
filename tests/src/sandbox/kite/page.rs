//! The login page in a person's browser, and the same login done for a script.

use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{BROKER, bad_input, missing};
use crate::sandbox::net::message::{Pairs, Reply};
use crate::sandbox::people::account::Account;
use crate::sandbox::people::session::RequestToken;
use crate::sandbox::random::MIXED;
use crate::sandbox::rules::{CancelRedirect, ConsentPage};
use crate::sandbox::world::{Call, State};

/// A browser login that a script asks for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrowserLogin {
    /// Who logs in.
    pub user_id: String,
    /// The app's key, as in the login link.
    pub api_key: String,
    /// The value of the link's `redirect_params`, decoded once: `state=abc&more=1`.
    #[serde(default)]
    pub redirect_params: String,
    /// Whether the person declines.
    #[serde(default)]
    pub cancel: bool,
}

/// Where the browser is sent; the refusal text if the login cannot be.
pub(crate) fn browser_login(
    state: &mut State,
    now: jiff::Timestamp,
    login: &BrowserLogin,
) -> Result<String, &'static str> {
    let app = state.account_by_key(BROKER, &login.api_key).cloned().ok_or("Invalid `api_key`.")?;
    if app.id != login.user_id {
        return Err("The user is not enabled for the app.");
    }
    if login.cancel {
        let cancelled = ("status", "cancelled");
        return match state.rules.cancel_redirect {
            CancelRedirect::Bare => redirect(&app, &[cancelled], ""),
            CancelRedirect::Full => {
                let pairs = [("action", "login"), ("type", "login"), cancelled];
                redirect(&app, &pairs, &login.redirect_params)
            }
        };
    }
    let token = state.random.text("CANARY", MIXED, 32);
    state.sessions.promise(RequestToken {
        token: token.clone(),
        account: app.id.clone(),
        created_at: now,
    });
    let success =
        [("action", "login"), ("type", "login"), ("status", "success"), ("request_token", &token)];
    redirect(&app, &success, &login.redirect_params)
}

/// The pairs inside `redirect_params` come back as ordinary query parameters.
fn redirect(app: &Account, pairs: &[(&str, &str)], params: &str) -> Result<String, &'static str> {
    let mut url = Url::parse(&app.redirect_url).map_err(|_| "The app has no redirect URL.")?;
    let params = Pairs::parse(params.as_bytes());
    url.query_pairs_mut().extend_pairs(pairs).extend_pairs(params.iter());
    Ok(url.into())
}

pub(super) fn show(call: &mut Call<'_>) -> Reply {
    let query = call.request.query_pairs();
    let Some(key) = query.get("api_key") else { return missing("api_key") };
    if call.state.account_by_key(BROKER, key).is_none() {
        return bad_input("Invalid `api_key`.");
    }
    form(StatusCode::OK, key, query.get("redirect_params").unwrap_or_default(), "")
}

pub(super) fn submit(call: &mut Call<'_>) -> Reply {
    let fields = call.request.form();
    let field = |name| fields.get(name).unwrap_or_default();
    let (key, params) = (field("api_key"), field("redirect_params"));
    let Some(app) = call.state.account_by_key(BROKER, key).cloned() else {
        return bad_input("Invalid `api_key`.");
    };
    let mut login = BrowserLogin {
        user_id: field("user_id").to_owned(),
        api_key: key.to_owned(),
        redirect_params: params.to_owned(),
        cancel: field("action") == "cancel",
    };
    let agreed = field("action") == "allow" && app.consent.as_deref() == fields.get("consent");
    if login.cancel || agreed {
        login.user_id.clone_from(&app.id);
    } else if let Err(text) = check_factors(call, &fields, &login.user_id) {
        return form(StatusCode::FORBIDDEN, key, params, text);
    } else if asks_for_consent(call, &app, &login.user_id) {
        return consent_form(call, &app, params);
    }
    if let (true, Some(app)) = (agreed, call.state.account(BROKER, &app.id)) {
        (app.consented, app.consent) = (true, None);
    }
    match browser_login(call.state, call.now, &login) {
        Ok(url) => Reply::redirect(url),
        Err(text) => bad_input(text),
    }
}

fn asks_for_consent(call: &Call<'_>, app: &Account, user_id: &str) -> bool {
    let shown = call.state.rules.consent_page == ConsentPage::Shown;
    shown && !app.consented && app.id == user_id
}

/// The second page: the person is known and is asked about the app.
fn consent_form(call: &mut Call<'_>, app: &Account, params: &str) -> Reply {
    let word = call.state.random.text("", MIXED, 32);
    if let Some(app) = call.state.account(BROKER, &app.id) {
        app.consent = Some(word.clone());
    }
    let (key, params) = (escaped(&app.api_key), escaped(params));
    let page = format!(
        "<!doctype html><html><head><title>Kite sandbox consent</title></head><body>\n\
         <h1>Kite sandbox</h1><p>Let this app trade for {}?</p>\n\
         <form method=\"post\" action=\"/connect/login\">\n\
         <input type=\"hidden\" name=\"api_key\" value=\"{key}\">\n\
         <input type=\"hidden\" name=\"redirect_params\" value=\"{params}\">\n\
         <input type=\"hidden\" name=\"consent\" value=\"{word}\">\n\
         <p><button name=\"action\" value=\"allow\">Authorize</button>\n\
         <button name=\"action\" value=\"cancel\">Cancel</button></p>\n\
         </form></body></html>\n",
        escaped(&app.id)
    );
    Reply::html(StatusCode::OK, page)
}

fn check_factors(call: &mut Call<'_>, fields: &Pairs, user_id: &str) -> Result<(), &'static str> {
    let (now, max_wrong) = (call.now, call.state.rules.max_wrong_logins);
    let steps = call.state.rules.totp_steps;
    let account = call.state.account(BROKER, user_id).ok_or("Invalid username or password.")?;
    if account.wrong_logins >= max_wrong {
        return Err("Your account has been locked. Reset your password to unlock it.");
    }
    account.wrong_logins += 1;
    if fields.get("password") != Some(&account.password) {
        return Err("Invalid username or password.");
    }
    if !account.code_is_right(fields.get("totp").unwrap_or_default(), (now, steps)) {
        return Err("Invalid TOTP.");
    }
    account.wrong_logins = 0;
    Ok(())
}

fn form(status: StatusCode, key: &str, params: &str, complaint: &str) -> Reply {
    let (key, params) = (escaped(key), escaped(params));
    let page = format!(
        "<!doctype html><html><head><title>Kite sandbox login</title></head><body>\n\
         <h1>Kite sandbox</h1><p>{complaint}</p>\n\
         <form method=\"post\" action=\"/connect/login\">\n\
         <input type=\"hidden\" name=\"api_key\" value=\"{key}\">\n\
         <input type=\"hidden\" name=\"redirect_params\" value=\"{params}\">\n\
         <p><label>User ID <input name=\"user_id\"></label></p>\n\
         <p><label>Password <input name=\"password\" type=\"password\"></label></p>\n\
         <p><label>TOTP <input name=\"totp\" inputmode=\"numeric\"></label></p>\n\
         <p><button name=\"action\" value=\"login\">Login</button>\n\
         <button name=\"action\" value=\"cancel\">Cancel</button></p>\n\
         </form></body></html>\n"
    );
    Reply::html(status, page)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
