//! Angel One's `SmartAPI` on the wire: its routes, its two JSON dialects and its gate.

use hyper::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::sandbox::fault::FIREWALL_PAGE;
use crate::sandbox::net::message::{Reply, Request};
use crate::sandbox::net::route::{Access, Operation, Route};
use crate::sandbox::people::account::Broker;
use crate::sandbox::people::limit::Excess;
use crate::sandbox::rules::{ExpiredToken, UnknownKey};
use crate::sandbox::world::{Call, Handler, Manners, State};

mod extras;
mod instruments;
mod orders;
mod place;
mod portfolio;
mod quotes;
mod rows;
mod session;

/// How this broker differs from the other.
pub(crate) static MANNERS: Manners = Manners {
    broker: BROKER,
    routes: ROUTES,
    account_of,
    admit,
    no_route,
    too_many,
    outage: crate::sandbox::fault::outage,
    says,
    own_error: went_wrong,
    firewall,
    maintenance,
};

static ROUTES: &[Route<Handler>] = &[
    post(
        "/rest/auth/angelbroking/user/v1/loginByPassword",
        Operation::Login,
        Access::Open,
        session::login,
    ),
    post(
        "/rest/auth/angelbroking/jwt/v1/generateTokens",
        Operation::Refresh,
        Access::Session,
        session::refresh,
    ),
    post(
        "/rest/secure/angelbroking/user/v1/logout",
        Operation::Logout,
        Access::Session,
        session::logout,
    ),
    get("/rest/secure/angelbroking/user/v1/getProfile", Operation::Profile, portfolio::profile),
    get("/rest/secure/angelbroking/user/v1/getRMS", Operation::Funds, portfolio::funds),
    post(
        "/rest/secure/angelbroking/order/v1/placeOrder",
        Operation::Place,
        Access::Session,
        place::place,
    ),
    post(
        "/rest/secure/angelbroking/order/v1/modifyOrder",
        Operation::Modify,
        Access::Session,
        orders::modify,
    ),
    post(
        "/rest/secure/angelbroking/order/v1/cancelOrder",
        Operation::Cancel,
        Access::Session,
        orders::cancel,
    ),
    get("/rest/secure/angelbroking/order/v1/getOrderBook", Operation::Book, orders::book),
    get("/rest/secure/angelbroking/order/v1/details/{}", Operation::Order, orders::details),
    get("/rest/secure/angelbroking/order/v1/getTradeBook", Operation::Trades, orders::trades),
    get(
        "/rest/secure/angelbroking/order/v1/getPosition",
        Operation::Positions,
        portfolio::positions,
    ),
    get(
        "/rest/secure/angelbroking/portfolio/v1/getHolding",
        Operation::Holdings,
        portfolio::holdings,
    ),
    post(
        "/rest/secure/angelbroking/order/v1/getLtpData",
        Operation::Ltp,
        Access::Session,
        quotes::ltp,
    ),
    get(
        "/rest/secure/angelbroking/portfolio/v1/getAllHolding",
        Operation::Holdings,
        portfolio::all_holdings,
    ),
    session_post(
        "/order-service/rest/secure/angelbroking/order/v1/getLtpData",
        Operation::Ltp,
        quotes::ltp,
    ),
    session_post("/rest/secure/angelbroking/market/v1/quote", Operation::Quote, quotes::quote),
    session_post(
        "/rest/secure/angelbroking/order/v1/searchScrip",
        Operation::Search,
        quotes::search,
    ),
    session_post(
        "/rest/secure/angelbroking/historical/v1/getCandleData",
        Operation::Candles,
        quotes::candles,
    ),
    session_post(
        "/rest/secure/angelbroking/order/v1/convertPosition",
        Operation::Convert,
        extras::convert,
    ),
    session_post("/rest/secure/angelbroking/margin/v1/batch", Operation::Margin, extras::margin),
    session_post(
        "/rest/secure/angelbroking/brokerage/v1/estimateCharges",
        Operation::Charges,
        extras::charges,
    ),
    get(
        "/rest/secure/angelbroking/securities/v1/cautionaryScrips",
        Operation::Cautionary,
        extras::cautionary,
    ),
    Route::new(
        Method::GET,
        "/OpenAPI_File/files/OpenAPIScripMaster.json",
        Operation::Instruments,
        Access::Public,
        instruments::master,
    ),
];

const fn post(
    path: &'static str,
    operation: Operation,
    access: Access,
    handler: Handler,
) -> Route<Handler> {
    Route::new(Method::POST, path, operation, access, handler)
}

const fn session_post(
    path: &'static str,
    operation: Operation,
    handler: Handler,
) -> Route<Handler> {
    post(path, operation, Access::Session, handler)
}

const fn get(path: &'static str, operation: Operation, handler: Handler) -> Route<Handler> {
    Route::new(Method::GET, path, operation, Access::Session, handler)
}

/// The checks in the gateway's order: key, headers, token.
fn admit(call: &mut Call<'_>, access: Access) -> Result<(), Reply> {
    if access == Access::Public {
        return Ok(());
    }
    check_headers(call)?;
    if access == Access::Open {
        return Ok(());
    }
    let key = call.request.header("x-privatekey").unwrap_or_default();
    let token = bearer(call.request).ok_or_else(|| gateway("AG8003", "Token missing"))?;
    let Some(session) = call.state.sessions.by_token(BROKER, token) else {
        let told = call.state.rules.expired_token == ExpiredToken::Told;
        return Err(if told && session::died_of_age(token, call.now) {
            gateway("AG8002", "Token Expired")
        } else {
            gateway("AG8001", "Invalid Token")
        });
    };
    let account = session.account.clone();
    let owner = call.state.account_by_key(BROKER, key);
    if owner.is_none_or(|owner| owner.id != account) {
        return Err(gateway("AG8001", "Invalid Token"));
    }
    call.account = account;
    Ok(())
}

/// The address gate of the order calls; the handlers ask it at their turn.
fn check_source(call: &mut Call<'_>) -> Result<(), Reply> {
    let source = call.request.source_ip();
    let counted = if call.state.rules.angel_second_ip { usize::MAX } else { 1 };
    if call.allowed_ips(BROKER).iter().take(counted).any(|allowed| *allowed == source) {
        return Ok(());
    }
    let refusal = gateway(
        "AG7002",
        "Access denied: Unregistered IP address. Register your IP before retrying.",
    );
    let status = u16::try_from(call.state.rules.ip_refusal_status).ok();
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    Err(refusal.at(status.unwrap_or(StatusCode::OK)))
}

fn check_headers(call: &Call<'_>) -> Result<(), Reply> {
    let present = |name: &&str| call.request.header(name).is_some_and(|value| !value.is_empty());
    if !present(&"x-privatekey") {
        return Err(match call.operation {
            Operation::Login => Reply::text(StatusCode::BAD_REQUEST, ""),
            _ => gateway("AG8004", "Invalid API Key"),
        });
    }
    let key = call.request.header("x-privatekey").unwrap_or_default();
    if call.state.account_by_key(BROKER, key).is_none() {
        return Err(match call.operation {
            Operation::Login => unknown_key(call.state.rules.unknown_key),
            _ => gateway("AG8004", "Invalid API Key"),
        });
    }
    let content_type = call.request.header("content-type").unwrap_or_default();
    let has_json = call.request.method == Method::GET || content_type.contains("json");
    if !has_json || !IDENTITY_HEADERS.iter().all(present) {
        return Err(went_wrong());
    }
    if call.request.header("x-usertype") != Some("USER") {
        return Err(refused("AB1005", "User type must be USER"));
    }
    Ok(())
}

/// What a login with a strange key gets, which nobody has told.
fn unknown_key(rule: UnknownKey) -> Reply {
    match rule {
        UnknownKey::Coded => gateway("AG8004", "Invalid API Key"),
        UnknownKey::Bare => Reply::text(StatusCode::BAD_REQUEST, ""),
        UnknownKey::Person => refused("AB1000", "Invalid Email Or Password"),
    }
}

fn account_of(state: &State, request: &Request) -> Option<String> {
    if let Some(session) = bearer(request).and_then(|token| state.sessions.by_token(BROKER, token))
    {
        return Some(session.account.clone());
    }
    Some(text(&request.json()?, "clientcode"))
}

/// `None` without the header; a value that is no bearer token is an empty one.
fn bearer(request: &Request) -> Option<&str> {
    let value = request.header("authorization")?;
    Some(value.strip_prefix("Bearer ").unwrap_or_default()).filter(|_| !value.is_empty())
}

/// Unknown paths meet the firewall.
fn no_route(_: &Request) -> Reply {
    firewall()
}

fn firewall() -> Reply {
    Reply::html(StatusCode::OK, FIREWALL_PAGE)
}

/// Nothing of the kind has been seen: a guess.
fn maintenance() -> Reply {
    crate::sandbox::fault::outage(StatusCode::SERVICE_UNAVAILABLE)
}

/// The same line for every limit.
fn too_many(_: Excess) -> Reply {
    Reply::text(StatusCode::FORBIDDEN, "Access denied because of exceeding access rate\n")
}

/// The service dialect's success.
fn success(data: &Value) -> Reply {
    let body = json!({ "status": true, "message": "SUCCESS", "errorcode": "", "data": data });
    Reply::json(StatusCode::OK, &body)
}

/// The service dialect's refusal.
fn refused(code: &str, message: &str) -> Reply {
    let body = json!({ "status": false, "message": message, "errorcode": code, "data": null });
    Reply::json(StatusCode::OK, &body)
}

/// The gateway dialect's refusal.
fn gateway(code: &str, message: &str) -> Reply {
    let body = json!({ "success": false, "message": message, "errorCode": code, "data": "" });
    Reply::json(StatusCode::OK, &body)
}

/// The gateway dialect's success.
fn gateway_success(data: &Value) -> Reply {
    let body = json!({ "success": true, "message": "SUCCESS", "errorCode": "", "data": data });
    Reply::json(StatusCode::OK, &body)
}

/// In the dialect of whom the code is: the gateway's begin with AG.
fn says(code: &str, message: &str) -> Reply {
    if code.starts_with("AG") { gateway(code, message) } else { refused(code, message) }
}

/// What bad bodies and bad headers get.
fn went_wrong() -> Reply {
    refused("AB1004", "Something Went Wrong, Please Try After Sometime")
}

/// A field that clients send as a string or as a number.
fn text(body: &Map<String, Value>, key: &str) -> String {
    match body.get(key) {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

const BROKER: Broker = Broker::AngelOne;
const IDENTITY_HEADERS: [&str; 5] =
    ["x-usertype", "x-sourceid", "x-clientlocalip", "x-clientpublicip", "x-macaddress"];
