//! Angel One's replies, for the properties that hold when they are damaged.

use super::orders::{accepted, rows};
use super::wire::data;
use crate::broker::mutations::{Sample, hold_when_damaged};

const SAMPLE: Sample = Sample {
    placed: r#"{"status":true,"message":"SUCCESS","errorcode":"","data":{"script":"SBIN-EQ","orderid":"260513000257131","uniqueorderid":"34reqfachdfih"}}"#,
    number: "orderid",
    book: r#"{"status":true,"message":"SUCCESS","errorcode":"","data":[{"variety":"NORMAL","orderid":"260513000257131","ordertag":"2X71A00K30F1QZ7WMPA","status":"open","orderstatus":"open","quantity":"20","filledshares":"12","averageprice":842.15,"text":""}]}"#,
    failures: &[
        r#"{"success":false,"message":"Access denied: Unregistered IP address. Register your IP before retrying.","errorCode":"AG7002","data":""}"#,
        r#"{"status":false,"message":"ordertag length should be less than 20 characters","errorcode":"AB4008","data":null}"#,
        r#"{"status":false,"message":"Something Went Wrong, Please Try After Sometime","errorcode":"AB1004","data":null}"#,
        "Access denied because of exceeding access rate\n",
        "<html><head><title>Request Rejected</title></head><body>support ID: 1</body></html>",
    ],
    is_success: |body| body["status"] == true || body["success"] == true,
    data,
    accepted,
    rows,
};

hold_when_damaged!(SAMPLE);
