//! What lies beside orders, and the switches for what is not known.

use jiff::ToSpan;
use muster_tests::sandbox::{Broker, Operation, Rules, TotpReuse};
use serde_json::{Value, json};

use crate::client::{
    ANGEL_LOGIN, ANGEL_PLACE, angel, angel_account, angel_credentials, angel_order, angel_stranger,
    control, kite, kite_account, kite_order, sandbox,
};

const SECURE: &str = "/rest/secure/angelbroking";

#[tokio::test]
async fn a_position_is_converted_whole_or_not_at_all() {
    let sandbox = sandbox().await;
    let (angel, kite) = (angel(&sandbox).await, kite(&sandbox).await);
    angel.post(ANGEL_PLACE, &angel_order("a")).await;
    kite.send("POST", "/orders/regular", &kite_order("k")).await;
    let now = sandbox.clock().now();
    sandbox.clock().set(now.checked_add(5.seconds()).ok(), None, None);
    let path = format!("{SECURE}/order/v1/convertPosition");
    let body = |quantity: u32| {
        json!({"exchange": "NSE", "tradingsymbol": "SBIN-EQ", "oldproducttype": "DELIVERY",
            "newproducttype": "INTRADAY", "transactiontype": "BUY", "quantity": quantity,
            "type": "DAY"})
    };
    assert_eq!(angel.post(&path, &body(3)).await.json()["errorcode"], "AB1017");
    let done = angel.post(&path, &body(10)).await.json();
    assert_eq!((&done["status"], &done["data"]), (&json!(true), &Value::Null));
    let rows = angel.get(&format!("{SECURE}/order/v1/getPosition")).await.json();
    assert_eq!(rows["data"][0]["producttype"], "INTRADAY");
    let form = |quantity: u32| {
        format!(
            "exchange=NSE&tradingsymbol=INFY&transaction_type=BUY&position_type=day\
             &quantity={quantity}&old_product=CNC&new_product=MIS"
        )
    };
    assert_eq!(kite.send("PUT", "/portfolio/positions", &form(1)).await.status, 400);
    let done = kite.send("PUT", "/portfolio/positions", &form(2)).await.json();
    assert_eq!(done, json!({"status": "success", "data": true}));
    // Whether the address is looked at is not known: both answers can be played.
    sandbox.set_rules(Rules { convert_checks_ip: true, ..Rules::default() });
    let elsewhere = kite.from("127.0.0.9");
    let refused = elsewhere.send("PUT", "/portfolio/positions", &form(2)).await;
    assert!(
        (refused.status, refused.body.contains("127.0.0.9")) == (403, true),
        "{}",
        refused.body
    );
    assert_eq!(angel.from("127.0.0.9").post(&path, &body(10)).await.json()["errorCode"], "AG7002");
    sandbox.stop().await;
}

#[tokio::test]
async fn margins_and_charges_are_reckoned() {
    let sandbox = sandbox().await;
    let (angel, kite) = (angel(&sandbox).await, kite(&sandbox).await);
    let row = json!({"exchange": "NSE", "qty": 10, "quantity": 10, "price": "812.40",
        "productType": "DELIVERY", "token": "3045", "tradeType": "BUY"});
    let many = |count: usize| json!({ "positions": vec![row.clone(); count] });
    let path = format!("{SECURE}/margin/v1/batch");
    let margin = angel.post(&path, &many(2)).await.json();
    assert_eq!(margin["data"]["totalMarginRequired"], 16_248.0);
    assert_eq!(angel.post(&path, &many(51)).await.json()["errorcode"], "AB1004");
    let path = format!("{SECURE}/brokerage/v1/estimateCharges");
    let charges = angel.post(&path, &json!({ "orders": [row] })).await.json();
    assert_eq!(charges["data"]["summary"]["trade_value"], 8_124.0);
    let kite = kite.with("Content-Type", "application/json");
    let order = json!({"exchange": "NSE", "tradingsymbol": "INFY", "transaction_type": "BUY",
        "variety": "regular", "product": "CNC", "order_type": "LIMIT", "quantity": 2, "price": 1500});
    let margins = kite.post("/margins/orders?mode=compact", &json!([order])).await.json();
    assert_eq!(margins["data"][0]["total"], 3_000.0);
    let basket = kite.post("/margins/basket?consider_positions=true", &json!([order, order])).await;
    assert_eq!(basket.json()["data"]["final"]["total"], 6_000.0);
    let note = kite.post("/charges/orders", &json!([order])).await.json();
    assert_eq!(note["data"][0]["charges"]["total"], 3.0);
    assert_eq!(kite.post("/margins/orders", &json!({})).await.status, 400);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_code_is_good_once_where_that_is_played() {
    let sandbox = sandbox().await;
    let stranger = angel_stranger(&sandbox);
    let credentials = angel_credentials(&sandbox);
    for _ in 0..2 {
        assert_eq!(stranger.post(ANGEL_LOGIN, &credentials).await.json()["status"], true);
    }
    sandbox.set_rules(Rules { totp_reuse: TotpReuse::Refused, ..Rules::default() });
    let again = stranger.post(ANGEL_LOGIN, &credentials).await.json();
    assert_eq!(again["errorcode"], "AB1050");
    let now = sandbox.clock().now();
    sandbox.clock().set(now.checked_add(30.seconds()).ok(), None, None);
    let next = stranger.post(ANGEL_LOGIN, &angel_credentials(&sandbox)).await.json();
    assert_eq!(next["status"], true);
    sandbox.stop().await;
}

#[tokio::test]
async fn at_night_kites_order_system_rests_where_that_is_played() {
    let sandbox = sandbox().await;
    sandbox.set_rules(Rules { nightly_maintenance: true, ..Rules::default() });
    for (at, rests) in [("2026-11-25T02:51:00+05:30", true), ("2026-11-25T06:31:00+05:30", false)] {
        sandbox.clock().set(at.parse().ok(), None, None);
        let caller = kite(&sandbox).await;
        let placed = caller.send("POST", "/orders/amo", &kite_order("n")).await;
        let told = placed.body.contains("under scheduled maintenance");
        assert_eq!(told, rests, "{at} {}", placed.body);
        assert_eq!(caller.get("/user/profile").await.status, 200, "reads go on");
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn addresses_change_once_a_week_where_that_is_played() {
    let sandbox = sandbox().await;
    sandbox.set_rules(Rules { weekly_ip_lock: true, ..Rules::default() });
    let control = control(&sandbox);
    for id in [angel_account(&sandbox).client_code, kite_account(&sandbox).user_id] {
        let path = format!("/accounts/{id}/allowed-ips");
        assert_eq!(control.post(&path, &json!(["127.0.0.5"])).await.status, 200);
        let again = control.post(&path, &json!(["127.0.0.6"])).await;
        assert!((again.status, again.body.contains("week")) == (409, true), "{}", again.body);
    }
    // The next Monday.
    sandbox.clock().set("2026-11-30T00:00:01+05:30".parse().ok(), None, None);
    for id in [angel_account(&sandbox).client_code, kite_account(&sandbox).user_id] {
        let path = format!("/accounts/{id}/allowed-ips");
        assert_eq!(control.post(&path, &json!(["127.0.0.6"])).await.status, 200);
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn shares_under_caution_are_listed() {
    let sandbox = sandbox().await;
    let cautionary = vec!["SBIN-EQ".to_owned()];
    sandbox.set_rules(Rules { cautionary, ..Rules::default() });
    let rows = angel(&sandbox).await.get(&format!("{SECURE}/securities/v1/cautionaryScrips")).await;
    assert_eq!(rows.json()["data"][0]["symboltoken"], "3045");
    assert_eq!(sandbox.calls(Broker::AngelOne, Operation::Cautionary), 1);
    sandbox.stop().await;
}
