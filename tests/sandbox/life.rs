//! What becomes of an order: stages with their delays, pieces, changes, cancellations, and books
//! that are late, in disorder or hold what is not the client's.

use std::time::Duration;

use muster_tests::sandbox::{BookOrder, LimitFills, PlacedBy, Rules, Sandbox};
use serde_json::{Value, json};

use crate::client::{
    ANGEL_BOOK, ANGEL_CANCEL, ANGEL_PLACE, Caller, angel, angel_account, angel_order, control,
    kite, kite_order, sandbox,
};

const ANGEL_MODIFY: &str = "/rest/secure/angelbroking/order/v1/modifyOrder";

fn set(sandbox: &Sandbox, rules: Rules) {
    sandbox.set_rules(rules);
}

async fn place(member: &Caller, order: &str) -> String {
    let placed = member.send("POST", "/orders/regular", order).await.json();
    placed["data"]["order_id"].as_str().unwrap_or_else(|| panic!("{placed}")).to_owned()
}

async fn last(member: &Caller, id: &str) -> Value {
    let rows = member.get(&format!("/orders/{id}")).await.json();
    rows["data"].as_array().and_then(|rows| rows.last().cloned()).unwrap()
}

fn words(rows: &Value, key: &str) -> Vec<String> {
    let rows = rows["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    rows.iter().map(|row| row[key].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn an_order_may_stay_received_for_ninety_seconds() {
    let sandbox = sandbox().await;
    set(&sandbox, Rules { received_delay_ms: 90_000, ..Rules::default() });
    let member = kite(&sandbox).await;
    let id = place(&member, &kite_order("a")).await;
    sandbox.clock().advance(Duration::from_secs(90));
    assert_eq!(last(&member, &id).await["status"], "PUT ORDER REQ RECEIVED");
    let early = member.send("DELETE", &format!("/orders/regular/{id}"), "").await;
    let text = early.json()["message"].as_str().unwrap().to_owned();
    assert_eq!(text, "Order cannot be cancelled as it is being processed. Try later.");
    sandbox.clock().advance(Duration::from_secs(1));
    assert_eq!(last(&member, &id).await["status"], "COMPLETE");
    sandbox.stop().await;
}

#[tokio::test]
async fn an_order_fills_in_pieces_or_in_part() {
    let sandbox = sandbox().await;
    set(&sandbox, Rules { fills: 2, fill_gap_ms: 1000, ..Rules::default() });
    let member = kite(&sandbox).await;
    let id = place(&member, &kite_order("a")).await;
    sandbox.clock().advance(Duration::from_millis(400));
    let row = member.get("/orders").await.json()["data"][0].clone();
    assert_eq!((&row["status"], &row["filled_quantity"]), (&json!("OPEN"), &json!(1)));
    sandbox.clock().advance(Duration::from_secs(1));
    assert_eq!(last(&member, &id).await["status"], "COMPLETE");
    let trades = member.get(&format!("/orders/{id}/trades")).await.json();
    assert_eq!(trades["data"].as_array().map(Vec::len), Some(2));
    set(&sandbox, Rules { fill_percent: 50, ..Rules::default() });
    let id = place(&member, &kite_order("b")).await;
    sandbox.clock().advance(Duration::from_secs(60));
    let path = format!("/orders/regular/{id}");
    assert_eq!(member.send("DELETE", &path, "").await.status, 200);
    let row = last(&member, &id).await;
    assert_eq!((&row["status"], &row["filled_quantity"]), (&json!("CANCELLED"), &json!(1)));
    assert_eq!(row["cancelled_quantity"], 1);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_change_goes_through_its_own_stages_and_at_most_twenty_five_are_taken() {
    let sandbox = sandbox().await;
    set(&sandbox, Rules { limit_fills: LimitFills::Never, ..Rules::default() });
    let member = kite(&sandbox).await;
    let id = place(&member, &kite_order("a")).await;
    let path = format!("/orders/regular/{id}");
    for _ in 0..25 {
        sandbox.clock().advance(Duration::from_secs(1));
        assert_eq!(member.send("PUT", &path, "price=1500&quantity=3").await.status, 200);
    }
    sandbox.clock().advance(Duration::from_secs(1));
    let row = last(&member, &id).await;
    assert_eq!((&row["price"], &row["quantity"]), (&json!(1500.0), &json!(3)));
    let refusal = member.send("PUT", &path, "price=1400").await.json();
    assert_eq!(refusal["message"], "Maximum allowed order modifications exceeded.");
    assert_eq!(refusal["error_type"], "NetworkException");
    let history = words(&member.get(&format!("/orders/{id}")).await.json(), "status");
    let changed = ["MODIFY VALIDATION PENDING", "MODIFY PENDING", "MODIFIED", "OPEN"];
    assert_eq!(history[4..8], changed);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_cancellation_can_lose_against_a_fill() {
    let sandbox = sandbox().await;
    let slow = Rules { fill_delay_ms: 4000, cancel_delay_ms: 5000, ..Rules::default() };
    set(&sandbox, slow);
    let member = angel(&sandbox).await;
    let placed = member.post(ANGEL_PLACE, &angel_order("a")).await.json();
    sandbox.clock().advance(Duration::from_millis(3500));
    let cancel = json!({ "variety": "NORMAL", "orderid": placed["data"]["orderid"] });
    assert_eq!(member.post(ANGEL_CANCEL, &cancel).await.json()["status"], true);
    assert_eq!(words(&member.get(ANGEL_BOOK).await.json(), "status"), ["cancel pending"]);
    sandbox.clock().advance(Duration::from_secs(5));
    assert_eq!(words(&member.get(ANGEL_BOOK).await.json(), "status"), ["complete"]);
    let again = member.post(ANGEL_CANCEL, &cancel).await.json();
    assert_eq!(again["status"], false);
    sandbox.stop().await;
}

#[tokio::test]
async fn angel_one_takes_a_change_of_an_open_order() {
    let sandbox = sandbox().await;
    set(&sandbox, Rules { limit_fills: LimitFills::Never, ..Rules::default() });
    let member = angel(&sandbox).await;
    let placed = member.post(ANGEL_PLACE, &angel_order("a")).await.json();
    let mut change = angel_order("a");
    change["orderid"] = placed["data"]["orderid"].clone();
    change["price"] = json!("800");
    assert_eq!(member.post(ANGEL_MODIFY, &change).await.json()["status"], false, "too early");
    sandbox.clock().advance(Duration::from_secs(1));
    assert_eq!(member.post(ANGEL_MODIFY, &change).await.json()["status"], true);
    assert_eq!(
        words(&member.get(ANGEL_BOOK).await.json(), "status"),
        ["modify validation pending"]
    );
    sandbox.clock().advance(Duration::from_secs(1));
    let row = member.get(ANGEL_BOOK).await.json()["data"][0].clone();
    assert_eq!((&row["status"], &row["price"]), (&json!("open"), &json!(800.0)));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_book_can_lag_be_in_disorder_and_hold_what_is_not_the_clients() {
    let sandbox = sandbox().await;
    set(&sandbox, Rules { book_lag_ms: 2000, ..Rules::default() });
    let member = angel(&sandbox).await;
    member.post(ANGEL_PLACE, &angel_order("first")).await;
    assert_eq!(member.get(ANGEL_BOOK).await.json()["data"], Value::Null, "not there yet");
    sandbox.clock().advance(Duration::from_millis(2150));
    let book = member.get(ANGEL_BOOK).await.json();
    assert_eq!(words(&book, "status"), ["validation pending"], "as it was two seconds ago");
    let hand = json!({
        "broker": "angel_one", "account": angel_account(&sandbox).client_code, "exchange": "NSE",
        "symbol": "INFY-EQ", "side": "SELL", "quantity": 1,
    });
    assert_eq!(control(&sandbox).post("/orders", &hand).await.status, 200);
    set(&sandbox, Rules { book_order: BookOrder::NewestFirst, ..Rules::default() });
    let book = member.get(ANGEL_BOOK).await.json();
    assert_eq!(words(&book, "ordertag"), ["", "first"]);
    assert_eq!(sandbox.orders()[1].placed_by, PlacedBy::Hand);
    let other = json!({ "broker": "angel_one", "client_code": "S999999" });
    control(&sandbox).post("/accounts", &other).await;
    let hand = json!({
        "broker": "angel_one", "account": "S999999", "exchange": "NSE", "symbol": "INFY-EQ",
        "side": "BUY", "quantity": 1, "tag": "first",
    });
    control(&sandbox).post("/orders", &hand).await;
    set(&sandbox, Rules { foreign_orders: true, ..Rules::default() });
    let book = member.get(ANGEL_BOOK).await.json();
    assert_eq!(words(&book, "ordertag"), ["first", "", "first"], "another's with the same tag");
    set(&sandbox, Rules { book_order: BookOrder::Shuffled, ..Rules::default() });
    let mut book = words(&member.get(ANGEL_BOOK).await.json(), "ordertag");
    book.sort();
    assert_eq!(book, ["", "first"]);
    sandbox.stop().await;
}
