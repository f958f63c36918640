//! Zerodha's Kite Connect v3 on the wire: its routes, its envelopes and its gate.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::sandbox::net::message::{Reply, Request};
use crate::sandbox::net::route::{Access, Operation, Route};
use crate::sandbox::people::account::Broker;
use crate::sandbox::people::limit::Excess;
use crate::sandbox::world::{Call, Handler, Manners, State};

mod depository;
mod extras;
mod instruments;
mod orders;
mod page;
mod place;
mod portfolio;
pub(crate) mod postback;
mod quotes;
mod rows;
mod session;
mod slices;
mod summaries;

pub use self::page::BrowserLogin;
pub(crate) use self::page::browser_login;

/// How this broker differs from the other.
pub(crate) static MANNERS: Manners = Manners {
    broker: BROKER,
    routes: ROUTES,
    account_of,
    admit,
    no_route,
    too_many,
    outage,
    says,
    own_error,
    firewall,
    maintenance,
};

static ROUTES: &[Route<Handler>] = &[
    open(Method::GET, "/connect/login", Operation::LoginPage, page::show),
    open(Method::POST, "/connect/login", Operation::LoginPage, page::submit),
    open(Method::POST, "/session/token", Operation::Login, session::exchange),
    open(Method::DELETE, "/session/token", Operation::Logout, session::logout),
    get("/user/profile", Operation::Profile, portfolio::profile),
    get("/user/profile/full", Operation::Profile, summaries::profile),
    get("/user/margins", Operation::Funds, portfolio::margins),
    get("/user/margins/{}", Operation::Funds, portfolio::margins),
    order(Method::POST, "/orders/{}", Operation::Place, place::place),
    order(Method::PUT, "/orders/{}/{}", Operation::Modify, orders::modify),
    order(Method::DELETE, "/orders/{}/{}", Operation::Cancel, orders::cancel),
    get("/orders", Operation::Book, orders::book),
    get("/orders/{}", Operation::Order, orders::history),
    get("/orders/{}/trades", Operation::OrderTrades, orders::trades),
    get("/trades", Operation::Trades, orders::trades),
    get("/portfolio/positions", Operation::Positions, portfolio::positions),
    order(Method::PUT, "/portfolio/positions", Operation::Convert, extras::convert),
    order(Method::POST, "/margins/orders", Operation::Margin, extras::orders),
    order(Method::POST, "/margins/basket", Operation::Margin, extras::basket),
    order(Method::POST, "/charges/orders", Operation::Charges, extras::note),
    get("/portfolio/holdings", Operation::Holdings, portfolio::holdings),
    get("/portfolio/holdings/summary", Operation::Holdings, summaries::summary),
    get("/portfolio/holdings/compact", Operation::Holdings, summaries::compact),
    get("/portfolio/holdings/auctions", Operation::Holdings, summaries::auctions),
    open(Method::POST, "/session/refresh_token", Operation::Refresh, session::refresh),
    Route::new(
        Method::POST,
        "/portfolio/holdings/authorise",
        Operation::Authorise,
        Access::Session,
        depository::request,
    ),
    open(
        Method::GET,
        "/connect/portfolio/authorise/holdings/{}/{}",
        Operation::LoginPage,
        depository::page,
    ),
    get("/quote/ltp", Operation::Ltp, quotes::ltp),
    get("/quote/ohlc", Operation::Quote, quotes::ohlc),
    get("/quote", Operation::Quote, quotes::quote),
    get("/instruments/historical/{}/{}", Operation::Candles, quotes::candles),
    public("/instruments", instruments::all),
    public("/instruments/{}", instruments::of_exchange),
];

const fn open(
    method: Method,
    path: &'static str,
    operation: Operation,
    handler: Handler,
) -> Route<Handler> {
    Route::new(method, path, operation, Access::Open, handler)
}

const fn get(path: &'static str, operation: Operation, handler: Handler) -> Route<Handler> {
    Route::new(Method::GET, path, operation, Access::Session, handler)
}

/// Whether the dumps ask for a signature is not documented: the handler asks the rules.
const fn public(path: &'static str, handler: Handler) -> Route<Handler> {
    Route::new(Method::GET, path, Operation::Instruments, Access::Public, handler)
}

const fn order(
    method: Method,
    path: &'static str,
    operation: Operation,
    handler: Handler,
) -> Route<Handler> {
    Route::new(method, path, operation, Access::Session, handler)
}

fn admit(call: &mut Call<'_>, access: Access) -> Result<(), Reply> {
    if access != Access::Session {
        return Ok(());
    }
    let account = account_of_token(call.state, call.request);
    call.account = account.ok_or_else(|| {
        refused(StatusCode::FORBIDDEN, "TokenException", "Incorrect `api_key` or `access_token`.")
    })?;
    Ok(())
}

/// The address gate of the order calls; the handlers ask it at their turn.
fn check_source(call: &mut Call<'_>) -> Result<(), Reply> {
    let source = call.request.source_ip();
    let allowed = call.allowed_ips(BROKER);
    if allowed.contains(&source) {
        return Ok(());
    }
    let message = if allowed.is_empty() {
        "No IPs configured for this app. Add allowed IPs on the Kite developer console.".to_owned()
    } else {
        format!(
            "IP ({source}) is not allowed to place orders for this app. Update allowed IPs on the \
             Kite developer console. Learn more - https://support.zerodha.com/category/\
             trading-and-markets/general-kite/kite-api/articles/static-ip"
        )
    };
    Err(refused(StatusCode::FORBIDDEN, "PermissionException", &message))
}

/// `Authorization: token api_key:access_token`, where the token belongs to the key's owner.
fn account_of_token(state: &State, request: &Request) -> Option<String> {
    let (key, token) = request.header("authorization")?.strip_prefix("token ")?.split_once(':')?;
    let session = state.sessions.by_token(BROKER, token)?;
    let owner = state.account_by_key(BROKER, key)?;
    (owner.id == session.account).then(|| owner.id.clone())
}

fn account_of(state: &State, request: &Request) -> Option<String> {
    account_of_token(state, request).or_else(|| {
        let (form, query) = (request.form(), request.query_pairs());
        let key = form.get("api_key").or_else(|| query.get("api_key"))?;
        state.account_by_key(BROKER, key).map(|account| account.id.clone())
    })
}

fn no_route(_: &Request) -> Reply {
    refused(StatusCode::NOT_FOUND, "GeneralException", "Route not found")
}

/// For the longer limits the text is documented, status and type are not.
fn too_many(excess: Excess) -> Reply {
    let text = match excess {
        Excess::Rate => "Too many requests",
        Excess::Cap => "Maximum allowed order requests exceeded",
    };
    refused(StatusCode::TOO_MANY_REQUESTS, "NetworkException", text)
}

/// What the API says when the order system behind it does not answer.
fn outage(status: StatusCode) -> Reply {
    let (kind, message) = match status.as_u16() {
        500 => ("GeneralException", "Something unexpected happened. Please try again."),
        504 => ("NetworkException", "Gateway timed out"),
        _ => ("NetworkException", "Request failed (kitetrade-oms)."),
    };
    refused(status, kind, message)
}

fn says(error_type: &str, message: &str) -> Reply {
    refused(StatusCode::BAD_REQUEST, error_type, message)
}

fn own_error() -> Reply {
    refused(StatusCode::INTERNAL_SERVER_ERROR, "GeneralException", "Something went wrong.")
}

/// The page of the network in front, as unusual clients have met it.
fn firewall() -> Reply {
    let page = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>\
                error code: 1010</body></html>\n";
    Reply::html(StatusCode::FORBIDDEN, page)
}

/// The words have been seen at night; status and type have not.
fn maintenance() -> Reply {
    let text = "Our order management system is under scheduled maintenance. Try placing your AMO \
                order after 5.30 AM.";
    refused(StatusCode::SERVICE_UNAVAILABLE, "GeneralException", text)
}

fn success(data: &Value) -> Reply {
    Reply::json(StatusCode::OK, &json!({ "status": "success", "data": data }))
}

fn refused(status: StatusCode, error_type: &str, message: &str) -> Reply {
    let body =
        json!({ "status": "error", "message": message, "data": null, "error_type": error_type });
    Reply::json(status, &body)
}

/// A missing or unusable parameter.
fn bad_input(message: &str) -> Reply {
    refused(StatusCode::BAD_REQUEST, "InputException", message)
}

fn missing(field: &str) -> Reply {
    bad_input(&format!("Missing `{field}`"))
}

const BROKER: Broker = Broker::Kite;
