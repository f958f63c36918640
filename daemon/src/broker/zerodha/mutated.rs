//! Kite's replies, for the properties that hold when they are damaged.

use super::orders::{accepted, rows};
use super::wire::data;
use crate::broker::mutations::{Sample, hold_when_damaged};

const SAMPLE: Sample = Sample {
    placed: r#"{"status":"success","data":{"order_id":"1953341975595868160"}}"#,
    number: "order_id",
    book: r#"{"status":"success","data":[{"order_id":"1953341975595868160","tag":"2X71A00K30F1QZ7WMPA","tags":["2X71A00K30F1QZ7WMPA","mktp"],"status":"OPEN","quantity":20,"filled_quantity":12,"average_price":842.15,"status_message":null}]}"#,
    failures: &[
        r#"{"status":"error","message":"IP (3.86.244.195) is not allowed to place orders for this app.","data":null,"error_type":"PermissionException"}"#,
        r#"{"status":"error","message":"Order request timed out. Please check the order book and confirm before placing again.","data":null}"#,
        r#"{"status":"error","message":"Insufficient funds.","data":null,"error_type":"MarginException"}"#,
        "<!DOCTYPE html><title>Just a moment...</title>",
    ],
    is_success: |body| body["status"] == "success",
    data,
    accepted,
    rows,
};

hold_when_damaged!(SAMPLE);
