//! Kite's reports of changed orders, received by a listener of the test's own.

use std::time::Duration;

use data_encoding::HEXLOWER;
use muster_tests::sandbox::{AccountFields, Broker, Rules, Sandbox};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::client::{kite, kite_account, kite_order, sandbox};

/// Has the app's reports sent to a listener of this test.
async fn listen(sandbox: &Sandbox) -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/kite", listener.local_addr().unwrap());
    let fields = AccountFields { postback_url: Some(url), ..AccountFields::default() };
    sandbox.change_account(Broker::Kite, &kite_account(sandbox).user_id, fields);
    listener
}

/// The next report; answered with 200.
async fn report(listener: &TcpListener) -> Value {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while !text.trim_end().ends_with('}') {
        let count = stream.read(&mut buffer).await.unwrap();
        text.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /kite HTTP/1.1\r\n"), "{head}");
    serde_json::from_str(body).unwrap()
}

#[tokio::test]
async fn a_change_of_an_order_is_reported_with_a_checksum() {
    let sandbox = sandbox().await;
    let (member, account) = (kite(&sandbox).await, kite_account(&sandbox));
    sandbox.set_rules(Rules { fills: 2, fill_gap_ms: 1000, ..Rules::default() });
    let listener = listen(&sandbox).await;
    let placed = member.send("POST", "/orders/regular", &kite_order("a")).await.json();
    sandbox.clock().advance(Duration::from_secs(5));
    let (part, whole) = (report(&listener).await, report(&listener).await);
    assert_eq!((&part["status"], &part["unfilled_quantity"]), (&json!("UPDATE"), &json!(1)));
    assert_eq!(
        (&whole["status"], &whole["user_id"]),
        (&json!("COMPLETE"), &json!(account.user_id))
    );
    let proof = format!(
        "{}{}{}",
        placed["data"]["order_id"].as_str().unwrap(),
        whole["order_timestamp"].as_str().unwrap(),
        account.api_secret
    );
    assert_eq!(whole["checksum"], HEXLOWER.encode(&Sha256::digest(proof)));
    assert!(whole.get("tags").is_none() && whole["tag"] == "a");
    sandbox.stop().await;
}

#[tokio::test]
async fn a_report_can_be_late_twice_or_lost() {
    let sandbox = sandbox().await;
    let member = kite(&sandbox).await;
    sandbox.set_rules(Rules { postback_delay_ms: 60_000, postback_copies: 2, ..Rules::default() });
    let listener = listen(&sandbox).await;
    member.send("POST", "/orders/regular", &kite_order("a")).await;
    sandbox.clock().advance(Duration::from_secs(30));
    let early = tokio::time::timeout(Duration::from_millis(200), listener.accept()).await;
    assert!(early.is_err(), "not before its time");
    sandbox.clock().advance(Duration::from_secs(31));
    assert_eq!(report(&listener).await, report(&listener).await);
    sandbox.set_rules(Rules { postback_copies: 0, ..Rules::default() });
    member.send("POST", "/orders/regular", &kite_order("b")).await;
    sandbox.clock().advance(Duration::from_secs(5));
    let lost = tokio::time::timeout(Duration::from_millis(200), listener.accept()).await;
    assert!(lost.is_err());
    sandbox.stop().await;
}
