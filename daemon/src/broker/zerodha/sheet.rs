//! Every answer of Kite's that is documented or was reported, and what it means. Written from the
//! sources, not from the table: the two are held against each other.

use muster_protocol::failure::FailureKind::{
    self as Kind, CredentialsRejected, InDoubt, IpNotAllowed, Maintenance, Malformed, NeedsConsent,
    NoIpRegistered, RateLimited, Refused, SessionExpired, Unreachable,
};
use muster_protocol::order::Broker;
use serde_json::json;

use super::table::TABLE;
use crate::broker::classify::Said;
use crate::broker::sheets::{Known, hold};

/// Status, type, message, meaning for a read, meaning for a write.
type Line = (u16, &'static str, &'static str, Kind, Kind);

const fn both(status: u16, code: &'static str, message: &'static str, kind: Kind) -> Line {
    (status, code, message, kind, kind)
}

const LISTED: &str = "IP (3.86.244.195) is not allowed to place orders for this app. Update allowed IPs on the Kite developer console. Learn more - https://support.zerodha.com/category/trading-and-markets/general-kite/kite-api/articles/static-ip";
const NONE: &str = "No IPs configured for this app. Add allowed IPs on the Kite developer console.";
const NONE_WITH_LINK: &str = "No IPs configured for this app. Add allowed IPs on the Kite developer console. (https://developers.kite.trade)";
const TIMED_OUT: &str =
    "Order request timed out. Please check the order book and confirm before placing again.";
const UNPROTECTED: &str = "Market orders without market protection are not allowed via API. Please set market protection or use a Limit order.";
const NIGHT: &str = "Our order management system is under scheduled maintenance. Try placing your AMO order after 5.30 AM.";
const TICK: &str = "Tick size for this script is 0.10. Kindly enter price in the multiple of tick size for this script";
const TRIGGER_TICK: &str = "Tick size for this script is 0.10. Kindly enter trigger price in the multiple of tick size for this script";
const MIS: &str = "MIS (intraday) are blocked as the markets are not open for trading today. Try placing an AMO order.";
const CIRCUIT: &str = "Your order price is lower than the current lower circuit limit of 70.65. Place an order within the daily range.";
const FUNDS: &str = "Insufficient funds. Required margin is 95417.84 but available margin is 74251.80. Check the orderbook for open orders.";
const GONE: &str =
    "The instrument you are placing an order for has either expired or does not exist.";

/// The catalogue of messages.
const MESSAGES: &[Line] = &[
    both(403, "TokenException", "Incorrect `api_key` or `access_token`.", SessionExpired),
    both(403, "TokenException", "Token is invalid or has expired.", SessionExpired),
    both(403, "TokenException", "Invalid `checksum`.", CredentialsRejected),
    both(400, "InputException", "Missing `api_key`", Refused),
    (400, "InputException", "Invalid `api_key`.", CredentialsRejected, InDoubt),
    both(400, "InputException", "The user is not enabled for the app.", CredentialsRejected),
    both(403, "ForbiddenError", "The user is not enabled on the app.", CredentialsRejected),
    both(403, "PermissionException", "Insufficient permission for that call.", Refused),
    both(
        403,
        "PermissionException",
        "That API call is not allowed for the authenticated user",
        Refused,
    ),
    both(403, "PermissionException", LISTED, IpNotAllowed),
    // The type of this refusal has varied.
    both(403, "InputException", LISTED, IpNotAllowed),
    both(400, "", LISTED, IpNotAllowed),
    both(403, "PermissionException", NONE, NoIpRegistered),
    both(403, "PermissionException", NONE_WITH_LINK, NoIpRegistered),
    both(400, "GeneralException", NONE, NoIpRegistered),
    (429, "NetworkException", "Too many requests", RateLimited, InDoubt),
    both(400, "InputException", "Maximum allowed order requests exceeded", Refused),
    both(429, "NetworkException", "Maximum allowed order requests exceeded", Refused),
    both(429, "NetworkException", "Maximum allowed order modifications exceeded.", Refused),
    both(400, "NetworkException", "Maximum allowed order modifications exceeded.", Refused),
    both(400, "MarginException", FUNDS, Refused),
    both(400, "InputException", UNPROTECTED, Refused),
    (400, "", TIMED_OUT, Unreachable, InDoubt),
    (400, "OrderException", TIMED_OUT, Unreachable, InDoubt),
    (503, "NetworkException", TIMED_OUT, Unreachable, InDoubt),
    (400, "", "Please check the order book before placing again.", Unreachable, InDoubt),
    (400, "OrderException", "Gateway Timeout", Unreachable, InDoubt),
    (408, "InputException", "x", Unreachable, InDoubt),
    (429, "MarginException", "x", RateLimited, InDoubt),
    (503, "NetworkException", "Request failed (kitetrade-oms).", Unreachable, InDoubt),
    (400, "GeneralException", "Request failed (kitetrade-oms).", Unreachable, InDoubt),
    (503, "NetworkException", "request 5f1a timed out", Unreachable, InDoubt),
    (504, "NetworkException", "Gateway timed out", Unreachable, InDoubt),
    both(400, "GeneralException", "Couldn't find that `order_id`.", Refused),
    both(500, "GeneralException", "Couldn't find that `order_id`.", Refused),
    both(400, "InputException", GONE, Refused),
    both(400, "InputException", TICK, Refused),
    both(400, "InputException", TRIGGER_TICK, Refused),
    both(400, "InputException", MIS, Refused),
    (400, "", NIGHT, Maintenance, InDoubt),
    (503, "GeneralException", NIGHT, Maintenance, InDoubt),
    both(400, "", CIRCUIT, Refused),
    both(428, "", "10 quantity needs authorisation at depository.", NeedsConsent),
    both(400, "HoldingException", "10 quantity needs authorisation at depository.", NeedsConsent),
    both(
        400,
        "InputException",
        "Quantity should be greater than or equal to 3510 for order slicing.",
        Refused,
    ),
    both(
        400,
        "InputException",
        "Order cannot be cancelled as it is being processed. Try later.",
        Refused,
    ),
    both(
        400,
        "InputException",
        "Order cannot be modified as it is being processed. Try later.",
        Refused,
    ),
    both(400, "InputException", "interval exceeds max limit: 60 days", Refused),
];

/// The types, where no message is known, at the statuses they come with.
const TYPES: &[Line] = &[
    both(403, "TokenException", "x", SessionExpired),
    both(400, "UserException", "x", Refused),
    both(403, "UserException", "x", Refused),
    both(400, "OrderException", "x", Refused),
    (500, "OrderException", "x", Unreachable, InDoubt),
    both(400, "InputException", "x", Refused),
    (500, "InputException", "x", Unreachable, InDoubt),
    both(400, "MarginException", "x", Refused),
    both(400, "HoldingException", "x", Refused),
    (502, "NetworkException", "x", Unreachable, InDoubt),
    (503, "NetworkException", "x", Unreachable, InDoubt),
    (504, "NetworkException", "x", Unreachable, InDoubt),
    (400, "NetworkException", "x", Unreachable, InDoubt),
    (429, "NetworkException", "x", RateLimited, InDoubt),
    (502, "DataException", "x", Malformed, InDoubt),
    (504, "DataException", "x", Malformed, InDoubt),
    (500, "GeneralException", "x", Unreachable, InDoubt),
    (404, "GeneralException", "x", Refused, InDoubt),
    both(403, "PermissionException", "x", Refused),
    both(403, "TwoFAException", "x", Refused),
    (403, "ForbiddenError", "x", Refused, InDoubt),
    // A dead session never comes with a server's error.
    (500, "TokenException", "x", Unreachable, InDoubt),
];

/// The statuses documented, with a type that nobody knows.
const STATUSES: &[Line] = &[
    (400, "NewException", "x", Refused, InDoubt),
    (401, "NewException", "x", Refused, InDoubt),
    (403, "NewException", "x", Refused, InDoubt),
    (404, "NewException", "x", Refused, InDoubt),
    (405, "NewException", "x", Refused, InDoubt),
    (410, "NewException", "x", Refused, InDoubt),
    both(428, "NewException", "x", NeedsConsent),
    (429, "NewException", "x", RateLimited, InDoubt),
    (500, "NewException", "x", Unreachable, InDoubt),
    (502, "NewException", "x", Unreachable, InDoubt),
    (503, "NewException", "x", Unreachable, InDoubt),
    (504, "NewException", "x", Unreachable, InDoubt),
    (200, "NewException", "x", Refused, InDoubt),
];

const EDGE: &str =
    "<!DOCTYPE html><html><head><title>Just a moment...</title></head>CANARY-KEY</html>";

/// What comes without Kite's envelope: it may be anybody's, so it proves nothing of an order.
const BARE: &[(u16, &str)] = &[
    (403, EDGE),
    (503, EDGE),
    (403, "error code: 1010"),
    (502, "Bad Gateway"),
    (400, ""),
    (400, "Bad Request CANARY-KEY"),
    (400, r#"{"message":"bad request"}"#),
    (400, r#"{"error":"x","code":400}"#),
    (403, r#"{"message":"IP (1.2.3.4) is not allowed to place orders for this app."}"#),
    (428, "{}"),
    (200, ""),
    (200, "[]"),
    (200, "null"),
    (200, r#"{"data":{"order_id":"1","access_token":"x","user_id":"x"}}"#),
    (200, r#"{"status":true,"data":{"order_id":"1"}}"#),
    (200, r#"{"status":"Success","data":{"order_id":"1"}}"#),
    (302, r#"{"status":"success","data":{"order_id":"1"}}"#),
    (
        307,
        r#"{"status":"error","error_type":"InputException","message":"tick size for this script"}"#,
    ),
    (400, r#"{"status":"success","data":{"order_id":"1"}}"#),
    (500, r#"{"status":"success","data":{"order_id":"1"}}"#),
];

fn known(&(status, code, message, read, write): &Line) -> Known {
    let message = format!("{message} CANARY-KEY");
    let mut body = json!({ "status": "error", "message": message, "data": null });
    if !code.is_empty() {
        body["error_type"] = code.into();
    }
    Known { status, body: body.to_string(), read, write }
}

#[tokio::test]
async fn every_message_known_means_what_it_means() {
    for line in MESSAGES {
        hold(Broker::Zerodha, &known(line)).await;
    }
}

#[tokio::test]
async fn every_type_and_status_means_what_it_means() {
    for line in TYPES.iter().chain(STATUSES) {
        hold(Broker::Zerodha, &known(line)).await;
    }
}

#[tokio::test]
async fn what_is_not_kites_proves_nothing() {
    for &(status, body) in BARE {
        let (read, write) = (Malformed, InDoubt);
        hold(Broker::Zerodha, &Known { status, body: body.to_owned(), read, write }).await;
    }
}

#[test]
fn every_row_of_the_table_is_met_by_an_answer() {
    let lines = MESSAGES.iter().chain(TYPES).chain(STATUSES);
    let said = lines.map(|&(status, code, message, ..)| Said {
        status,
        code: code.to_owned(),
        message: message.to_owned(),
    });
    let met: Vec<_> = said.filter_map(|said| said.row(TABLE)).collect();
    let idle = TABLE.iter().filter(|row| !met.iter().any(|met| std::ptr::eq(*met, *row)));
    assert_eq!(idle.collect::<Vec<_>>(), Vec::<&crate::broker::classify::Row>::new());
}
