//! Every row of the table, and the answers as they were documented or reported.

use muster_protocol::failure::FailureKind as Kind;
use serde_json::json;

use super::*;
use crate::broker::classify::Status;

fn reply(status: u16, body: &str) -> Reply {
    Reply { status, body: body.as_bytes().to_vec(), ..Reply::default() }
}

fn error(code: &str, message: &str) -> String {
    json!({ "status": "error", "message": message, "data": null, "error_type": code }).to_string()
}

fn kinds(status: u16, body: &str) -> (Kind, Kind) {
    let kind = |access| data(&reply(status, body), access, &[]).unwrap_err().error.kind;
    (kind(Access::Read), kind(Access::Write))
}

#[test]
fn every_row_is_reached() {
    for row in TABLE {
        let statuses: &[u16] = match row.status {
            Status::Any => &[400, 403, 500, 503],
            Status::Is(status) => &[status],
            Status::Client => &[400, 403],
            Status::Server => &[500, 502, 599],
        };
        for &status in statuses {
            let found = kinds(status, &error(row.code, &row.text.to_uppercase()));
            assert_eq!(found, (row.kinds.read, row.kinds.write), "{status} {row:?}");
        }
    }
}

#[test]
fn no_row_of_a_write_forgets_a_doubt() {
    for row in TABLE.iter().filter(|row| row.kinds.read != row.kinds.write) {
        assert_eq!(row.kinds.write, Kind::InDoubt, "{row:?}");
    }
}

const SEEN: &[(u16, &str, &str, Kind, Kind)] = &[
    (
        403,
        "TokenException",
        "Incorrect `api_key` or `access_token`.",
        Kind::SessionExpired,
        Kind::SessionExpired,
    ),
    (
        403,
        "TokenException",
        "Token is invalid or has expired.",
        Kind::SessionExpired,
        Kind::SessionExpired,
    ),
    (
        403,
        "TokenException",
        "Invalid `checksum`.",
        Kind::CredentialsRejected,
        Kind::CredentialsRejected,
    ),
    (400, "InputException", "Invalid `api_key`.", Kind::CredentialsRejected, Kind::InDoubt),
    (
        400,
        "InputException",
        "The user is not enabled for the app.",
        Kind::CredentialsRejected,
        Kind::CredentialsRejected,
    ),
    (
        403,
        "PermissionException",
        "Insufficient permission for that call.",
        Kind::Refused,
        Kind::Refused,
    ),
    (
        403,
        "PermissionException",
        "No IPs configured for this app. Add allowed IPs on the Kite developer console.",
        Kind::NoIpRegistered,
        Kind::NoIpRegistered,
    ),
    (429, "NetworkException", "Too many requests", Kind::RateLimited, Kind::InDoubt),
    (
        429,
        "NetworkException",
        "Maximum allowed order requests exceeded",
        Kind::Refused,
        Kind::Refused,
    ),
    (429, "GeneralException", "x", Kind::RateLimited, Kind::InDoubt),
    (
        400,
        "MarginException",
        "Insufficient funds. Required margin is 95417.84 but available margin is 74251.80. Check the orderbook for open orders.",
        Kind::Refused,
        Kind::Refused,
    ),
    (
        400,
        "",
        "Order request timed out. Please check the order book and confirm before placing again.",
        Kind::Unreachable,
        Kind::InDoubt,
    ),
    (
        400,
        "InputException",
        "Order request timed out. Please check the order book and confirm before placing again.",
        Kind::Unreachable,
        Kind::InDoubt,
    ),
    (503, "NetworkException", "Request failed (kitetrade-oms).", Kind::Unreachable, Kind::InDoubt),
    (500, "GeneralException", "Couldn't find that `order_id`.", Kind::Refused, Kind::Refused),
    (500, "OrderException", "x", Kind::Unreachable, Kind::InDoubt),
    (400, "OrderException", "x", Kind::Refused, Kind::Refused),
    (500, "InputException", "x", Kind::Unreachable, Kind::InDoubt),
    (500, "TokenException", "x", Kind::Unreachable, Kind::InDoubt),
    (404, "GeneralException", "Route not found", Kind::Refused, Kind::InDoubt),
    (502, "DataException", "x", Kind::Malformed, Kind::InDoubt),
    (400, "NewException", "x", Kind::Refused, Kind::InDoubt),
    (400, "OrderException", "Request timeout", Kind::Unreachable, Kind::InDoubt),
    (408, "InputException", "x", Kind::Unreachable, Kind::InDoubt),
    (403, "NewException", "x", Kind::Refused, Kind::InDoubt),
    (
        428,
        "",
        "10 quantity needs authorisation at depository.",
        Kind::NeedsConsent,
        Kind::NeedsConsent,
    ),
    (
        503,
        "",
        "Our order management system is under scheduled maintenance. Try placing your AMO order after 5.30 AM.",
        Kind::Maintenance,
        Kind::InDoubt,
    ),
    (200, "GeneralException", "x", Kind::Refused, Kind::InDoubt),
    (307, "", "", Kind::Malformed, Kind::InDoubt),
];

#[test]
fn answers_documented_or_seen() {
    for &(status, code, message, read, write) in SEEN {
        assert_eq!(kinds(status, &error(code, message)), (read, write), "{status} {message}");
    }
}

#[test]
fn what_is_not_kites_envelope_is_a_doubt() {
    for (status, body) in [
        (403, "<!DOCTYPE html><title>Just a moment...</title>"),
        (403, "error code: 1010"),
        (200, ""),
        (200, "{\"status\":\"succ"),
        (200, "[]"),
        (200, r#"{"data":{"order_id":"1"}}"#),
        (302, r#"{"status":"success","data":{"order_id":"1"}}"#),
    ] {
        assert_eq!(kinds(status, body), (Kind::Malformed, Kind::InDoubt), "{status} {body}");
    }
}

#[test]
fn the_refusal_of_an_address_names_it() {
    let seen = |ip: &str| {
        let message = format!("IP ({ip}) is not allowed to place orders for this app. Update ...");
        let body = error("PermissionException", &message);
        let fault = data(&reply(403, &body), Access::Write, &[]).unwrap_err();
        assert_eq!(fault.error.kind, Kind::IpNotAllowed);
        fault.error.ip_seen
    };
    assert_eq!(seen("3.86.244.195").unwrap(), "3.86.244.195");
    assert_eq!(seen("2401:4900::1").unwrap(), "2401:4900::1");
    assert_eq!(seen("\u{1b}[31m1.2.3.4"), None);
}

#[test]
fn words_hold_the_type_and_no_secret() {
    let body = error("TokenException", "Bad CANARY-TOKEN for CANARY-KEY");
    let fault =
        data(&reply(403, &body), Access::Read, &["CANARY-KEY", "CANARY-TOKEN"]).unwrap_err();
    assert_eq!(fault.error.says.unwrap(), "TokenException Bad [hidden] for [hidden]");
}

proptest::proptest! {
    #[test]
    fn no_body_panics_or_passes_for_a_success(status in 100u16..600, body: Vec<u8>, json in "[{}\\[\\]\":,a-z0-9 ]{0,64}") {
        for body in [body, json.into_bytes()] {
            let reply = Reply { body, ..reply(status, "") };
            for access in [Access::Read, Access::Write] {
                let error = data(&reply, access, &["secret"]).unwrap_err().error;
                proptest::prop_assert!(error.says.unwrap().chars().count() <= 300);
            }
        }
    }
}
