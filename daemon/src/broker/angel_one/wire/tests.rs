//! Every row of the table, and the answers as they were reported from the field.

use muster_protocol::failure::FailureKind as Kind;
use serde_json::json;

use super::*;
use crate::broker::classify::Status;

fn reply(status: u16, body: &str) -> Reply {
    Reply {
        status,
        content_type: String::new(),
        date: None,
        body: body.as_bytes().to_vec(),
        cut: false,
    }
}

fn kinds(status: u16, body: &str) -> (Kind, Kind) {
    let kind = |access| data(&reply(status, body), access, &[]).unwrap_err().error.kind;
    (kind(Access::Read), kind(Access::Write))
}

#[test]
fn every_row_is_reached_in_both_dialects() {
    for row in TABLE {
        let code = row.code.replace('*', "7");
        assert_eq!(row.status, Status::Any, "{row:?}");
        for body in [
            json!({ "status": false, "message": row.text, "errorcode": code, "data": null }),
            json!({ "success": false, "message": row.text.to_uppercase(), "errorCode": code, "data": "" }),
        ] {
            let found = kinds(200, &body.to_string());
            assert_eq!(found, (row.kinds.read, row.kinds.write), "{row:?}");
        }
    }
}

#[test]
fn no_row_of_a_write_forgets_a_doubt() {
    for row in TABLE.iter().filter(|row| row.kinds.read != row.kinds.write) {
        assert_eq!(row.kinds.write, Kind::InDoubt, "{row:?}");
    }
}

const PAGE: &str = "<html><head><title>Request Rejected</title></head>support ID: 1</html>";

const SEEN: &[(u16, &str, Kind, Kind)] = &[
    (
        200,
        r#"{"success":false,"message":"Access denied: Unregistered IP address. Register your IP before retrying.","errorCode":"AG7002","data":""}"#,
        Kind::IpNotAllowed,
        Kind::IpNotAllowed,
    ),
    (
        200,
        r#"{"status":false,"message":"Invalid totp","errorcode":"AB1050","data":null}"#,
        Kind::OtpRejected,
        Kind::OtpRejected,
    ),
    (
        200,
        r#"{"success":false,"message":"Invalid Token","errorCode":"AG8001","data":""}"#,
        Kind::SessionExpired,
        Kind::SessionExpired,
    ),
    (200, r#"{"message":"Token missing"}"#, Kind::SessionExpired, Kind::SessionExpired),
    (
        200,
        r#"{"status":false,"message":"USER IS BLOCKED FOR TRADING","errorcode":"AB1007","data":null}"#,
        Kind::Refused,
        Kind::Refused,
    ),
    (
        200,
        r#"{"status":"false","message":"x","errorcode":"ZZ1","data":"null"}"#,
        Kind::Refused,
        Kind::InDoubt,
    ),
    (200, r#"{"status":403,"message":"Forbidden"}"#, Kind::Refused, Kind::InDoubt),
    (403, "Access denied because of exceeding access rate\n", Kind::RateLimited, Kind::InDoubt),
    (200, PAGE, Kind::Malformed, Kind::InDoubt),
    (400, "", Kind::Malformed, Kind::InDoubt),
    (200, "", Kind::Malformed, Kind::InDoubt),
    (200, "{\"status\":tr", Kind::Malformed, Kind::InDoubt),
    (302, r#"{"status":true,"data":{"orderid":"1"}}"#, Kind::Malformed, Kind::InDoubt),
    (502, PAGE, Kind::Unreachable, Kind::InDoubt),
    (
        503,
        r#"{"success":false,"errorCode":"AG7002","message":""}"#,
        Kind::Unreachable,
        Kind::InDoubt,
    ),
];

#[test]
fn answers_seen_in_the_field() {
    for &(status, body, read, write) in SEEN {
        assert_eq!(kinds(status, body), (read, write), "{status} {body}");
    }
}

#[test]
fn success_is_true_and_nothing_else() {
    let read = |body: &str| data(&reply(200, body), Access::Read, &[]);
    assert_eq!(read(r#"{"status":true,"data":{"a":1}}"#).unwrap(), json!({ "a": 1 }));
    assert_eq!(read(r#"{"success":true,"data":""}"#).unwrap(), json!(""));
    assert_eq!(read(r#"{"status":true,"data":null}"#).unwrap(), Value::Null);
    assert_eq!(kinds(200, r#"{"status":true}"#), (Kind::Malformed, Kind::InDoubt));
    assert_eq!(kinds(200, r#"{"status":false,"errorcode":"AB1014"}"#).1, Kind::InDoubt);
}

#[test]
fn words_hold_the_code_and_no_secret() {
    let body = r#"{"success":false,"message":"Invalid Token eyJCANARY.x CANARY-KEY","errorCode":"AG8001"}"#;
    let fault = data(&reply(200, body), Access::Read, &["CANARY-KEY"]).unwrap_err();
    assert_eq!(fault.error.says.unwrap(), "AG8001 Invalid Token [hidden] [hidden]");
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
