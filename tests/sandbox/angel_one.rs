//! Angel One: logins, sessions, the address gate, and orders.

use std::time::Duration;

use muster_tests::sandbox::{AccountFields, Broker, CancelChecks, ExpiredToken, RateLimits, Rules};
use serde_json::{Value, json};

use crate::client::{
    ANGEL_BOOK, ANGEL_CANCEL, ANGEL_LOGIN, ANGEL_PLACE, ANGEL_PROFILE, angel, angel_account,
    angel_credentials, angel_order, angel_stranger, control, sandbox,
};

#[tokio::test]
async fn a_login_opens_a_session_for_the_client_it_names() {
    let sandbox = sandbox().await;
    let profile = angel(&sandbox).await.get(ANGEL_PROFILE).await.json();
    assert_eq!(profile["status"], json!(true));
    assert_eq!(profile["message"], "SUCCESS");
    assert_eq!(profile["data"]["clientcode"], angel_account(&sandbox).client_code.as_str());
    sandbox.stop().await;
}

#[tokio::test]
async fn a_code_is_good_for_one_step_either_side() {
    let sandbox = sandbox().await;
    let (stranger, login) = (angel_stranger(&sandbox), angel_credentials(&sandbox));
    sandbox.clock().advance(Duration::from_secs(30));
    assert_eq!(stranger.post(ANGEL_LOGIN, &login).await.json()["status"], json!(true));
    sandbox.clock().advance(Duration::from_secs(30));
    let refusal = stranger.post(ANGEL_LOGIN, &login).await;
    assert_eq!(refusal.status, 200);
    let wanted =
        json!({ "status": false, "message": "Invalid totp", "errorcode": "AB1050", "data": null });
    assert_eq!(refusal.json(), wanted);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_wrong_pin_looks_like_a_wrong_code_and_five_block_the_client() {
    let sandbox = sandbox().await;
    let stranger = angel_stranger(&sandbox);
    let right = angel_credentials(&sandbox);
    let mut wrong = right.clone();
    wrong["password"] = json!(if right["password"] == "0000" { "1111" } else { "0000" });
    for _ in 0..5 {
        assert_eq!(stranger.post(ANGEL_LOGIN, &wrong).await.json()["errorcode"], "AB1050");
    }
    let blocked = stranger.post(ANGEL_LOGIN, &right).await.json();
    assert_eq!(blocked["errorcode"], "AB1007");
    assert_eq!(blocked["message"], "USER IS BLOCKED FOR TRADING");
    let unblock = format!("/accounts/{}/unblock", angel_account(&sandbox).client_code);
    assert_eq!(control(&sandbox).post(&unblock, &json!({})).await.status, 200);
    assert_eq!(stranger.post(ANGEL_LOGIN, &right).await.json()["status"], json!(true));
    sandbox.stop().await;
}

#[tokio::test]
async fn the_gateway_refuses_in_its_own_dialect() {
    let sandbox = sandbox().await;
    let (stranger, member) = (angel_stranger(&sandbox), angel(&sandbox).await);
    let code = |answer: Value| answer["errorCode"].as_str().unwrap_or_default().to_owned();
    assert_eq!(code(stranger.get(ANGEL_PROFILE).await.json()), "AG8003");
    let double = stranger.clone().with("Authorization", "Bearer Bearer abc");
    let answer = double.get(ANGEL_PROFILE).await.json();
    let wanted =
        json!({ "success": false, "message": "Invalid Token", "errorCode": "AG8001", "data": "" });
    assert_eq!(answer, wanted);
    let strange_key = member.clone().with("X-PrivateKey", "AbCd1234");
    assert_eq!(code(strange_key.get(ANGEL_PROFILE).await.json()), "AG8004");
    let no_mac = member.clone().with("X-MACAddress", "");
    assert_eq!(no_mac.get(ANGEL_PROFILE).await.json()["errorcode"], "AB1004");
    let no_key = stranger.with("X-PrivateKey", "");
    let bare = no_key.post(ANGEL_LOGIN, &angel_credentials(&sandbox)).await;
    assert_eq!((bare.status, bare.body.as_str()), (400, ""));
    sandbox.stop().await;
}

#[tokio::test]
async fn the_session_ends_at_midnight_in_india() {
    let sandbox = sandbox().await;
    let member = angel(&sandbox).await;
    sandbox.clock().set(Some("2026-11-23T23:59:59+05:30".parse().unwrap()), None, None);
    assert_eq!(member.get(ANGEL_PROFILE).await.json()["status"], json!(true));
    sandbox.clock().advance(Duration::from_secs(1));
    assert_eq!(member.get(ANGEL_PROFILE).await.json()["errorCode"], "AG8001");
    sandbox.set_rules(Rules { expired_token: ExpiredToken::Told, ..Rules::default() });
    assert_eq!(member.get(ANGEL_PROFILE).await.json()["errorCode"], "AG8002");
    sandbox.stop().await;
}

#[tokio::test]
async fn an_order_goes_through_its_stages_and_keeps_its_tag() {
    let sandbox = sandbox().await;
    let member = angel(&sandbox).await;
    assert_eq!(member.get(ANGEL_BOOK).await.json()["data"], Value::Null);
    let placed = member.post(ANGEL_PLACE, &angel_order("muster000001")).await.json();
    let id = placed["data"]["orderid"].as_str().unwrap();
    assert_eq!((id.len(), id.starts_with("261123")), (15, true));
    let row = member.get(ANGEL_BOOK).await.json()["data"][0].clone();
    assert_eq!(
        (&row["ordertag"], &row["status"]),
        (&json!("muster000001"), &json!("put order req received"))
    );
    sandbox.clock().advance(Duration::from_millis(400));
    let unique = placed["data"]["uniqueorderid"].as_str().unwrap();
    let details = format!("/rest/secure/angelbroking/order/v1/details/{unique}");
    let row = member.get(&details).await.json()["data"].clone();
    assert_eq!((&row["status"], &row["averageprice"]), (&json!("complete"), &json!(812.4)));
    assert_eq!((&row["filledshares"], &row["orderid"]), (&json!("10"), &json!(id)));
    let truth = sandbox.orders();
    assert_eq!(truth.len(), 1);
    assert_eq!(truth[0].tag.as_deref(), Some("muster000001"));
    assert_eq!(truth[0].source_ip.to_string(), "127.0.0.1");
    sandbox.stop().await;
}

#[tokio::test]
async fn only_order_calls_ask_where_they_come_from() {
    let sandbox = sandbox().await;
    let abroad = angel(&sandbox).await.from("127.0.0.2");
    assert_eq!(abroad.get(ANGEL_PROFILE).await.json()["status"], json!(true));
    let text = "Access denied: Unregistered IP address. Register your IP before retrying.";
    let wanted = json!({ "success": false, "message": text, "errorCode": "AG7002", "data": "" });
    let refusal = abroad.post(ANGEL_PLACE, &angel_order("a")).await;
    assert_eq!((refusal.status, refusal.json()), (200, wanted.clone()));
    let cancel = json!({ "variety": "NORMAL", "orderid": "000000000000000" });
    assert_eq!(abroad.post(ANGEL_CANCEL, &cancel).await.json(), wanted);
    assert!(sandbox.orders().is_empty());
    let home = abroad.from("127.0.0.1");
    assert_eq!(home.post(ANGEL_CANCEL, &cancel).await.json()["errorcode"], "AB1013");
    sandbox.set_rules(Rules { cancel_checks: CancelChecks::OrderFirst, ..Rules::default() });
    assert_eq!(abroad.post(ANGEL_CANCEL, &cancel).await.json()["errorcode"], "AB1013");
    sandbox.stop().await;
}

#[tokio::test]
async fn bad_orders_are_refused_with_the_documented_codes() {
    let sandbox = sandbox().await;
    let member = angel(&sandbox).await;
    let cases = [
        ("ordertag", "12345678901234567890", "AB4008"),
        ("variety", "FANCY", "AB1008"),
        ("variety", "ROBO", "AB2002"),
        ("producttype", "CNC", "AB1012"),
        ("symboltoken", "3046", "AB1009"),
    ];
    for (field, value, code) in cases {
        let mut order = angel_order("a");
        order[field] = json!(value);
        assert_eq!(member.post(ANGEL_PLACE, &order).await.json()["errorcode"], code, "{field}");
    }
    assert!(sandbox.orders().is_empty());
    sandbox.stop().await;
}

#[tokio::test]
async fn without_funds_an_order_is_accepted_and_then_rejected_in_the_book() {
    let sandbox = sandbox().await;
    let fields = AccountFields { funds: Some("100.00".into()), ..AccountFields::default() };
    let poor = json!(sandbox.add_account(Broker::AngelOne, fields));
    let stranger = angel_stranger(&sandbox).with("X-PrivateKey", poor["api_key"].as_str().unwrap());
    let code = sandbox.one_time_code(Broker::AngelOne, poor["client_code"].as_str().unwrap());
    let login = json!({ "clientcode": poor["client_code"], "password": poor["pin"], "totp": code });
    let session = stranger.post(ANGEL_LOGIN, &login).await.json();
    let bearer = format!("Bearer {}", session["data"]["jwtToken"].as_str().unwrap());
    let member = stranger.with("Authorization", &bearer);
    assert_eq!(member.post(ANGEL_PLACE, &angel_order("a")).await.json()["status"], json!(true));
    sandbox.clock().advance(Duration::from_millis(200));
    let row = member.get(ANGEL_BOOK).await.json()["data"][0].clone();
    assert_eq!(row["status"], "rejected");
    let text = row["text"].as_str().unwrap();
    assert!(text.contains("100.00") && text.contains("8124.00"), "{text}");
    sandbox.stop().await;
}

#[tokio::test]
async fn a_tenth_order_call_in_one_second_is_throttled() {
    let sandbox = sandbox().await;
    let member = angel(&sandbox).await;
    for _ in 0..9 {
        assert_eq!(member.post(ANGEL_PLACE, &angel_order("a")).await.status, 200);
    }
    let refusal = member.post(ANGEL_PLACE, &angel_order("a")).await;
    assert_eq!((refusal.status, refusal.header("content-type")), (403, Some("text/plain")));
    assert_eq!(refusal.body, "Access denied because of exceeding access rate\n");
    sandbox.clock().advance(Duration::from_secs(1));
    assert_eq!(member.post(ANGEL_PLACE, &angel_order("a")).await.status, 200);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_refresh_rotates_the_tokens_and_a_logout_ends_them() {
    let sandbox = sandbox().await;
    let stranger = angel_stranger(&sandbox);
    let old = stranger.post(ANGEL_LOGIN, &angel_credentials(&sandbox)).await.json()["data"].clone();
    let bearer = |data: &Value| format!("Bearer {}", data["jwtToken"].as_str().unwrap());
    let member = stranger.clone().with("Authorization", &bearer(&old));
    let body = json!({ "refreshToken": old["refreshToken"] });
    let path = "/rest/auth/angelbroking/jwt//v1/generateTokens?%7B%7D";
    let new = member.post(path, &body).await.json()["data"].clone();
    assert_eq!(member.get(ANGEL_PROFILE).await.json()["errorCode"], "AG8001");
    let member = stranger.with("Authorization", &bearer(&new));
    let logout = json!({ "clientcode": angel_account(&sandbox).client_code });
    let ended = member.post("/rest/secure/angelbroking/user/v1/logout", &logout).await.json();
    assert_eq!((&ended["status"], &ended["data"]), (&json!(true), &json!("")));
    assert_eq!(member.get(ANGEL_PROFILE).await.json()["errorCode"], "AG8001");
    sandbox.stop().await;
}

#[tokio::test]
async fn other_calls_are_throttled_on_request() {
    let sandbox = sandbox().await;
    let member = angel(&sandbox).await;
    sandbox.set_rules(Rules { rate_limits: RateLimits::All, ..Rules::default() });
    assert_eq!(member.get(ANGEL_BOOK).await.status, 200);
    assert_eq!(member.get(ANGEL_BOOK).await.status, 403);
    assert_eq!(member.get(ANGEL_PROFILE).await.status, 200);
    sandbox.set_rules(Rules { rate_limits: RateLimits::Off, ..Rules::default() });
    for _ in 0..12 {
        assert_eq!(member.post(ANGEL_PLACE, &angel_order("a")).await.status, 200);
    }
    sandbox.stop().await;
}
