//! Damaged replies: no panic, and nothing taken for an order or a row that the reply does not say.

use proptest::prelude::*;
use serde_json::Value;

use super::orders::{accepted, rows};
use super::wire::data;
use crate::broker::classify::{Access, Said};
use crate::broker::http::Reply;
use crate::broker::mutations::{damage, damaged};

fn reply(status: u16, body: Vec<u8>) -> Reply {
    Reply { status, content_type: String::new(), date: None, body, cut: false }
}

const PLACED: &str = r#"{"status":"success","data":{"order_id":"1953341975595868160"}}"#;
const BOOK: &str = r#"{"status":"success","data":[{"order_id":"1953341975595868160","tag":"2X71A00K30F1QZ7WMPA","tags":["2X71A00K30F1QZ7WMPA","mktp"],"status":"OPEN","quantity":20,"filled_quantity":12,"average_price":842.15,"status_message":null}]}"#;
const FAILURES: &[&str] = &[
    r#"{"status":"error","message":"IP (3.86.244.195) is not allowed to place orders for this app.","data":null,"error_type":"PermissionException"}"#,
    r#"{"status":"error","message":"Order request timed out. Please check the order book and confirm before placing again.","data":null}"#,
    r#"{"status":"error","message":"Insufficient funds.","data":null,"error_type":"MarginException"}"#,
    "<!DOCTYPE html><title>Just a moment...</title>",
];

fn says_success(bytes: &[u8]) -> Option<Value> {
    let body: Value = serde_json::from_slice(bytes).ok()?;
    (body["status"] == "success").then_some(body)
}

proptest! {
    #[test]
    fn an_order_is_taken_for_placed_only_where_the_reply_says_so(damage in damage()) {
        let bytes = damaged(PLACED, &damage);
        let answer = data(&reply(200, bytes.clone()), Access::Write, &[]);
        let placed = answer.map_err(|fault| fault.error).and_then(|data| accepted(&data));
        match placed {
            Ok(id) => {
                let body = says_success(&bytes);
                prop_assert!(body.is_some(), "{}", String::from_utf8_lossy(&bytes));
                let told = body.map(|body| body["data"]["order_id"].clone()).unwrap_or_default();
                let told = told.as_str().map_or_else(|| told.to_string(), |t| t.trim().to_owned());
                prop_assert_eq!(told, id.0);
            }
            // A reply that may once have said yes is never a proof of no.
            Err(error) => {
                prop_assert_eq!(error.kind, muster_protocol::failure::FailureKind::InDoubt);
            }
        }
    }

    #[test]
    fn a_failure_never_becomes_an_order(which in 0..FAILURES.len(), damage in damage(), status in 200_u16..600) {
        let bytes = damaged(FAILURES[which], &damage);
        let answer = data(&reply(status, bytes), Access::Write, &[]);
        let placed = answer.map_err(|fault| fault.error).and_then(|data| accepted(&data));
        prop_assert!(placed.is_err(), "{placed:?}");
    }

    #[test]
    fn a_book_is_whole_or_it_is_none(damage in damage()) {
        let bytes = damaged(BOOK, &damage);
        let Ok(book) = data(&reply(200, bytes), Access::Read, &[]) else { return Ok(()) };
        if let Ok(read) = rows(&book) {
            let told = book.as_array().map_or(0, Vec::len);
            prop_assert_eq!(read.len(), told);
            for row in read {
                prop_assert!(row.order_id.0.bytes().all(|b| b.is_ascii_graphic()));
                prop_assert!(!row.status.chars().any(char::is_control));
            }
        }
    }

    #[test]
    fn words_of_a_damaged_reply_are_short_and_plain(damage in damage()) {
        let bytes = damaged(FAILURES[0], &damage);
        if let Err(fault) = data(&reply(200, bytes), Access::Write, &["IP"]) {
            let says = fault.error.says.unwrap_or_default();
            prop_assert!(says.chars().count() <= 300 && !says.chars().any(char::is_control));
        }
        let said = Said { status: 200, code: String::new(), message: String::new() };
        prop_assert_eq!(said.words(&[]), "HTTP 200");
    }
}
