//! Every answer of Angel One's that is documented or was reported, and what it means. Written from the
//! sources, not from the table: the two are held against each other.

use muster_protocol::failure::FailureKind::{
    self as Kind, CredentialsRejected, InDoubt, IpNotAllowed, Malformed, NeedsConsent, OtpRejected,
    RateLimited, Refused, SessionExpired, Unreachable,
};
use muster_protocol::order::Broker;
use serde_json::json;

use super::table::TABLE;
use crate::broker::classify::Said;
use crate::broker::sheets::{Known, hold, hold_login};

/// Code, message, meaning for a read, meaning for a write.
type Line = (&'static str, &'static str, Kind, Kind);

const fn both(code: &'static str, message: &'static str, kind: Kind) -> Line {
    (code, message, kind, kind)
}

/// Failures that come as JSON.
const LINES: &[Line] = &[
    both(
        "AG7002",
        "Access denied: Unregistered IP address. Register your IP before retrying.",
        IpNotAllowed,
    ),
    both("", "Access denied: Unregistered IP address.", IpNotAllowed),
    both("AG8001", "Invalid Token", SessionExpired),
    both("AG8002", "Token Expired", SessionExpired),
    both("AG8003", "Token missing", SessionExpired),
    both("AG8004", "Invalid API Key", CredentialsRejected),
    both("AB8050", "Invalid Refresh Token", SessionExpired),
    both("AB8051", "Refresh Token Expired", SessionExpired),
    both("AB1000", "Invalid Email Or Password", CredentialsRejected),
    both("AB1001", "Invalid Email", CredentialsRejected),
    both("AB1002", "Invalid Password Length", CredentialsRejected),
    both("AB1003", "Client Already Exists", CredentialsRejected),
    ("AB1004", "Something Went Wrong, Please Try After Sometime", Unreachable, InDoubt),
    both("AB1005", "User Type Must Be USER", Refused),
    both("AB1006", "Client Is Block For Trading", Refused),
    ("AB1007", "AMX Error", Refused, InDoubt),
    both("AB1007", "USER IS BLOCKED FOR TRADING", Refused),
    both("AB1007", "Invalid login id or password", CredentialsRejected),
    both("AB1007", "LoginbyPassword is not allowed. Please use MPIN", CredentialsRejected),
    both("", "LoginbyPassword is not allowed. Please use MPIN", CredentialsRejected),
    both("AB1007", "Your login id is not known", CredentialsRejected),
    ("AB1007", "AMX Error: request timed out", Unreachable, InDoubt),
    ("AB1007", "Gateway Timeout", Unreachable, InDoubt),
    both("AB1008", "Invalid Order Variety", Refused),
    both("AB1009", "Symbol Not Found", Refused),
    both("AB1010", "AMX Session Expired", SessionExpired),
    both("AB1011", "Client not login", SessionExpired),
    both("AB1012", "Invalid Product Type", Refused),
    both("AB1013", "Order not found", Refused),
    // Never asked for by a write; a reader who asks knows what an absence means to it.
    ("AB1014", "Trade not found", Refused, InDoubt),
    ("AB1015", "Holding not found", Refused, InDoubt),
    ("AB1016", "Position not found", Refused, InDoubt),
    both("AB1017", "Position conversion failed", Refused),
    both("AB1018", "Failed to get symbol details", Refused),
    ("AB1019", "Too many requests", RateLimited, InDoubt),
    ("AB1019", "exceeding access rate", RateLimited, InDoubt),
    ("AB1019", "Invalid symbol", Refused, InDoubt),
    ("AB1019", "Something else", Refused, InDoubt),
    ("AB1021", "Too many requests", RateLimited, InDoubt),
    both("AB1031", "Old Password Mismatch", CredentialsRejected),
    both("AB1032", "User Not Found", CredentialsRejected),
    both("AB1050", "Invalid totp", OtpRejected),
    ("AB2000", "Error not specified", Unreachable, InDoubt),
    ("AB2001", "Internal Error, Please try after sometime", Unreachable, InDoubt),
    both("AB2002", "ROBO order is block", Refused),
    ("AB2020", "Insufficient funds", Refused, InDoubt),
    both("AB4008", "ordertag length should be less than 20 characters", Refused),
    both("AB4018", "Symbol token cannot be empty", Refused),
    both("AB4036", "Scrip is on the exchange's cautionary list", NeedsConsent),
    both(
        "",
        "Order price is beyond the Limit Price Protection range. Kindly place the order within the range.",
        Refused,
    ),
    ("AB9000", "Internal server error", Unreachable, InDoubt),
    both("AB9001", "Invalid parameters", Refused),
    both("AB9002", "Method not allowed", Refused),
    both("AB9003", "Invalid client id", Refused),
    both("AB9004", "Invalid status array size", Refused),
    ("AB9005", "Invalid session id", SessionExpired, InDoubt),
    both("AB9006", "Invalid order quantity", Refused),
    both("AB9007", "Invalid disclosed quantity", Refused),
    both("AB9008", "Invalid price", Refused),
    both("AB9009", "Invalid trigger price", Refused),
    both("AB9010", "Invalid exchange segment", Refused),
    both("AB9011", "Invalid symbol token", Refused),
    both("AB9012", "Invalid trading symbol", Refused),
    both("AB9013", "Invalid rule id", Refused),
    both("AB9014", "Invalid order side", Refused),
    both("AB9015", "Invalid product type", Refused),
    both("AB9016", "Invalid time period", Refused),
    both("AB9017", "Invalid page value", Refused),
    both("AB9018", "Invalid count value", Refused),
    // Codes that no source knows, some of them in circulation: never taken for a proof.
    ("AB1053", "Account locked", Refused, InDoubt),
    ("AG7001", "Invalid API key", Refused, InDoubt),
    ("AB9019", "Whatever comes next", Refused, InDoubt),
    ("", "Something nobody has seen", Refused, InDoubt),
    ("", "", Refused, InDoubt),
];

const PAGE: &str = "<html><head><title>Request Rejected</title></head><body>The requested URL was \
                    rejected. Your support ID is: 1 CANARY-KEY</body></html>";

/// What comes without the JSON of either dialect.
const BARE: &[(u16, &str, Kind, Kind)] = &[
    (200, r#"{"message":"Token missing"}"#, SessionExpired, SessionExpired),
    (403, "Access denied because of exceeding access rate\n", RateLimited, InDoubt),
    (403, "ACCESS DENIED BECAUSE OF EXCEEDING RATE LIMIT", RateLimited, InDoubt),
    (200, "Access denied because of exceeding access rate", RateLimited, InDoubt),
    (200, "", Malformed, InDoubt),
    (200, PAGE, Malformed, InDoubt),
    (403, PAGE, Malformed, InDoubt),
    (400, "CANARY-KEY", Malformed, InDoubt),
    (200, "[]", Malformed, InDoubt),
    (200, "null", Malformed, InDoubt),
    (200, "\u{feff}", Malformed, InDoubt),
    (500, "", Unreachable, InDoubt),
    (502, PAGE, Unreachable, InDoubt),
    (503, "", Unreachable, InDoubt),
    (504, "upstream request timeout", Unreachable, InDoubt),
    // The docs' page with texts for values: not `true`, so no success.
    (200, r#"{"status":"true","message":"SUCCESS","data":{"orderid":"1"}}"#, Refused, InDoubt),
    (200, r#"{"status":"false","message":"","errorcode":"","data":"null"}"#, Refused, InDoubt),
    (200, r#"{"status":403,"message":"Forbidden"}"#, Refused, InDoubt),
    (200, r#"{"status":1,"data":{"orderid":"1"}}"#, Refused, InDoubt),
    (200, r#"{"status":true,"message":"SUCCESS"}"#, Malformed, InDoubt),
    (302, r#"{"status":true,"data":{"orderid":"1"}}"#, Malformed, InDoubt),
    (
        307,
        r#"{"status":false,"errorcode":"AB1009","message":"Symbol Not Found"}"#,
        Malformed,
        InDoubt,
    ),
    (502, r#"{"status":true,"data":{"orderid":"1"}}"#, Unreachable, InDoubt),
    (500, r#"{"success":false,"errorCode":"AG7002","message":"x"}"#, Unreachable, InDoubt),
];

fn dialects(&(code, message, read, write): &Line) -> [Known; 2] {
    let told = format!("{message} CANARY-KEY").trim().to_owned();
    let service = json!({ "status": false, "message": told, "errorcode": code, "data": null });
    let gateway = json!({ "success": false, "message": told, "errorCode": code, "data": "" });
    [service, gateway].map(|body| Known { status: 200, body: body.to_string(), read, write })
}

#[tokio::test]
async fn every_answer_known_means_what_it_means() {
    for known in LINES.iter().flat_map(dialects) {
        hold(Broker::AngelOne, &known).await;
    }
}

#[tokio::test]
async fn every_stray_answer_known_means_what_it_means() {
    for &(status, body, read, write) in BARE {
        hold(Broker::AngelOne, &Known { status, body: body.to_owned(), read, write }).await;
    }
}

#[tokio::test]
async fn a_bare_no_to_a_login_is_the_keys_fault_and_to_any_other_call_is_none() {
    let (read, write) = (Malformed, InDoubt);
    for body in ["", "\r\n"] {
        let known = Known { status: 400, body: body.to_owned(), read, write };
        hold_login(Broker::AngelOne, &known, CredentialsRejected).await;
    }
}

#[test]
fn every_row_of_the_table_is_met_by_an_answer() {
    let said = |code: &str, message: &str| Said {
        status: 200,
        code: code.to_owned(),
        message: message.to_owned(),
    };
    let bare = said("", "Token missing");
    let said = LINES.iter().map(|(code, message, ..)| said(code, message)).chain([bare]);
    let met: Vec<_> = said.filter_map(|said| said.row(TABLE)).collect();
    let idle = TABLE.iter().filter(|row| !met.iter().any(|met| std::ptr::eq(*met, *row)));
    assert_eq!(idle.collect::<Vec<_>>(), Vec::<&crate::broker::classify::Row>::new());
}
