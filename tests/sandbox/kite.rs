//! Kite: the login page, the exchange, the address gate, and orders.

use std::time::Duration;

use muster_tests::sandbox::{
    AccountFields, Broker, ConsentPage, Plan, Rules, Sandbox, SandboxConfig,
};
use serde_json::{Value, json};

use crate::client::{
    exchange_form, kite, kite_account, kite_order, kite_stranger, request_token, sandbox,
};

#[tokio::test]
async fn the_page_sends_the_browser_back_with_a_token_and_the_pairs() {
    let sandbox = sandbox().await;
    let (stranger, account) = (kite_stranger(&sandbox), kite_account(&sandbox));
    let link = format!(
        "/connect/login?v=3&api_key={}&redirect_params=state%3Dn%2B1%26x%3Da%2526b",
        account.api_key
    );
    let page = stranger.get(&link).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("value=\"state=n+1&amp;x=a%26b\""), "{}", page.body);
    let code = sandbox.one_time_code(Broker::Kite, &account.user_id).unwrap();
    let form = format!(
        "api_key={}&redirect_params=state%3Dn%2B1%26x%3Da%2526b&user_id={}&password={}&totp={code}&action=login",
        account.api_key, account.user_id, account.password
    );
    let sent = stranger.send("POST", "/connect/login", &form).await;
    assert_eq!(sent.status, 302);
    let url = url::Url::parse(sent.header("location").unwrap()).unwrap();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let value = |name: &str| pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1.as_str());
    assert_eq!((value("status"), value("action")), (Some("success"), Some("login")));
    assert_eq!((value("state"), value("x")), (Some("n 1"), Some("a&b")));
    assert_eq!(value("request_token").unwrap().len(), 32);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_person_may_cancel_or_mistype() {
    let sandbox = sandbox().await;
    let (stranger, account) = (kite_stranger(&sandbox), kite_account(&sandbox));
    let form = format!("api_key={}&redirect_params=state%3D1&action=cancel", account.api_key);
    let sent = stranger.send("POST", "/connect/login", &form).await;
    let wanted = format!("{}?status=cancelled", account.redirect_url);
    assert_eq!(sent.header("location"), Some(wanted.as_str()));
    let form = format!("api_key={}&user_id={}&password=x", account.api_key, account.user_id);
    let again = stranger.send("POST", "/connect/login", &form).await;
    assert_eq!((again.status, again.header("location")), (403, None));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_request_token_serves_once_and_only_with_the_right_secret() {
    let sandbox = sandbox().await;
    let (stranger, account) = (kite_stranger(&sandbox), kite_account(&sandbox));
    let token = request_token(&sandbox);
    let refused = |message: &str| json!({ "status": "error", "message": message, "data": null, "error_type": "TokenException" });
    let wrong = exchange_form(&account, &token, "wrong");
    let answer = stranger.send("POST", "/session/token", &wrong).await;
    assert_eq!((answer.status, answer.json()), (403, refused("Invalid `checksum`.")));
    let right = exchange_form(&account, &token, &account.api_secret);
    let answer = stranger.send("POST", "/session/token", &right).await.json();
    assert_eq!(answer["data"]["user_id"], account.user_id.as_str());
    assert_eq!(answer["data"]["login_time"], "2026-11-23 15:08:00");
    let again = stranger.send("POST", "/session/token", &right).await;
    assert_eq!((again.status, again.json()), (403, refused("Token is invalid or has expired.")));
    let late = exchange_form(&account, &request_token(&sandbox), &account.api_secret);
    sandbox.clock().advance(Duration::from_secs(180));
    let answer = stranger.send("POST", "/session/token", &late).await;
    assert_eq!(answer.json(), refused("Token is invalid or has expired."));
    sandbox.stop().await;
}

#[tokio::test]
async fn the_token_dies_at_six_or_at_logout() {
    let sandbox = sandbox().await;
    let member = kite(&sandbox).await;
    sandbox.clock().set(Some("2026-11-24T05:59:59+05:30".parse().unwrap()), None, None);
    assert_eq!(member.get("/user/profile").await.status, 200);
    sandbox.clock().advance(Duration::from_secs(1));
    let dead = member.get("/user/profile").await;
    assert_eq!(dead.status, 403);
    assert_eq!(dead.json()["message"], "Incorrect `api_key` or `access_token`.");
    let member = kite(&sandbox).await;
    let pair = member.headers.last().unwrap().1.clone();
    let (key, token) = pair.strip_prefix("token ").unwrap().split_once(':').unwrap();
    let query = format!("/session/token?api_key={key}&access_token={token}");
    let ended = member.send("DELETE", &query, "").await.json();
    assert_eq!(ended, json!({ "status": "success", "data": true }));
    assert_eq!(member.get("/user/profile").await.status, 403);
    sandbox.stop().await;
}

#[tokio::test]
async fn an_order_has_a_long_id_its_tag_and_a_history() {
    let sandbox = sandbox().await;
    let member = kite(&sandbox).await;
    let placed = member.send("POST", "/orders/regular", &kite_order("muster01")).await.json();
    let id = placed["data"]["order_id"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 19);
    sandbox.clock().advance(Duration::from_millis(400));
    let row = member.get("/orders").await.json()["data"][0].clone();
    assert_eq!((&row["order_id"], &row["status"]), (&json!(id), &json!("COMPLETE")));
    assert_eq!((&row["tag"], &row["average_price"]), (&json!("muster01"), &json!(1523.1)));
    let history = member.get(&format!("/orders/{id}")).await.json();
    let words: Vec<&Value> =
        history["data"].as_array().unwrap().iter().map(|row| &row["status"]).collect();
    let wanted =
        ["PUT ORDER REQ RECEIVED", "VALIDATION PENDING", "OPEN PENDING", "OPEN", "COMPLETE"];
    assert_eq!(words, wanted);
    let trades = member.get(&format!("/orders/{id}/trades")).await.json();
    assert_eq!(trades["data"][0]["quantity"], 2);
    assert_eq!(sandbox.orders()[0].tag.as_deref(), Some("muster01"));
    sandbox.stop().await;
}

#[tokio::test]
async fn the_gate_names_the_address_or_says_there_is_none() {
    let sandbox = sandbox().await;
    let abroad = kite(&sandbox).await.from("127.0.0.2");
    let refusal = abroad.send("POST", "/orders/regular", &kite_order("a")).await;
    assert_eq!(refusal.status, 403);
    assert_eq!(refusal.json()["error_type"], "PermissionException");
    assert_eq!(
        refusal.json()["message"],
        "IP (127.0.0.2) is not allowed to place orders for this app. Update allowed IPs on the Kite \
         developer console. Learn more - https://support.zerodha.com/category/trading-and-markets/\
         general-kite/kite-api/articles/static-ip"
    );
    let home = abroad.from("127.0.0.1");
    let unknown = home.send("DELETE", "/orders/regular/1", "").await.json();
    assert_eq!(unknown["message"], "Couldn't find that `order_id`.");
    sandbox.set_allowed_ips(Broker::Kite, &kite_account(&sandbox).user_id, Vec::new());
    let none = home.send("DELETE", "/orders/regular/1", "").await.json();
    assert_eq!(
        none["message"],
        "No IPs configured for this app. Add allowed IPs on the Kite developer console."
    );
    sandbox.stop().await;
}

#[tokio::test]
async fn a_market_order_needs_protection_and_becomes_a_limit() {
    let sandbox = sandbox().await;
    let member = kite(&sandbox).await;
    let order = "exchange=NSE&tradingsymbol=TATASTEEL&transaction_type=BUY&order_type=MARKET&quantity=1&product=CNC";
    let refusal = member.send("POST", "/orders/regular", order).await;
    assert_eq!((refusal.status, &refusal.json()["error_type"]), (400, &json!("InputException")));
    let text = refusal.json()["message"].as_str().unwrap().to_owned();
    assert!(text.starts_with("Market orders without market protection are not allowed"), "{text}");
    let protected = format!("{order}&market_protection=-1");
    assert_eq!(member.send("POST", "/orders/regular", &protected).await.status, 200);
    sandbox.clock().advance(Duration::from_secs(1));
    let row = member.get("/orders").await.json()["data"][0].clone();
    assert_eq!((&row["order_type"], &row["tag"]), (&json!("LIMIT"), &Value::Null));
    assert_eq!((&row["price"], &row["average_price"]), (&json!(158.25), &json!(156.7)));
    assert_eq!(row["tags"], json!(["mktp", "mktp:1.00"]));
    sandbox.stop().await;
}

#[tokio::test]
async fn an_order_beyond_the_funds_is_refused_at_once() {
    let sandbox = sandbox().await;
    let member = kite(&sandbox).await;
    let order = kite_order("a").replace("quantity=2", "quantity=2000");
    let refusal = member.send("POST", "/orders/regular", &order).await;
    assert_eq!((refusal.status, &refusal.json()["error_type"]), (400, &json!("MarginException")));
    assert_eq!(
        refusal.json()["message"],
        "Insufficient funds. Required margin is 3046200.00 but available margin is 1000000.00."
    );
    let long = member.send("POST", "/orders/regular", &kite_order("123456789012345678901")).await;
    assert_eq!(long.json()["error_type"], "InputException");
    assert!(sandbox.orders().is_empty());
    sandbox.stop().await;
}

#[tokio::test]
async fn an_app_serves_only_its_own_user() {
    let sandbox = sandbox().await;
    let (stranger, account) = (kite_stranger(&sandbox), kite_account(&sandbox));
    let other = json!(sandbox.add_account(Broker::Kite, AccountFields::default()));
    let user = other["user_id"].as_str().unwrap();
    let code = sandbox.one_time_code(Broker::Kite, user).unwrap();
    let form = format!(
        "api_key={}&user_id={user}&password={}&totp={code}",
        account.api_key,
        other["password"].as_str().unwrap()
    );
    let refusal = stranger.send("POST", "/connect/login", &form).await;
    assert_eq!(refusal.json()["message"], "The user is not enabled for the app.");
    sandbox.stop().await;
}

#[tokio::test]
async fn an_eleventh_order_in_one_second_is_too_many() {
    let sandbox = sandbox().await;
    let member = kite(&sandbox).await;
    for _ in 0..10 {
        assert_eq!(member.send("POST", "/orders/regular", &kite_order("a")).await.status, 200);
    }
    let refusal = member.send("POST", "/orders/regular", &kite_order("a")).await;
    assert_eq!((refusal.status, &refusal.json()["message"]), (429, &json!("Too many requests")));
    sandbox.stop().await;
}

#[tokio::test]
async fn an_ipv6_caller_is_named_as_one() {
    let sandbox = Sandbox::start(SandboxConfig {
        listen: "::1".parse().unwrap(),
        allowed_ips: Some(vec!["203.0.113.7".parse().unwrap()]),
        ..SandboxConfig::default()
    });
    let sandbox = sandbox.await.unwrap();
    let mut stranger = kite_stranger(&sandbox);
    stranger.from = "::1".parse().unwrap();
    let account = kite_account(&sandbox);
    let form = exchange_form(&account, &request_token(&sandbox), &account.api_secret);
    let session = stranger.send("POST", "/session/token", &form).await.json();
    let token = session["data"]["access_token"].as_str().unwrap();
    let member = stranger.with("Authorization", &format!("token {}:{token}", account.api_key));
    let refusal = member.send("POST", "/orders/regular", &kite_order("a")).await.json();
    assert!(
        refusal["message"].as_str().unwrap().starts_with("IP (::1) is not allowed"),
        "{refusal}"
    );
    sandbox.stop().await;
}

#[tokio::test]
async fn the_first_login_may_ask_for_consent_to_the_app() {
    let sandbox = sandbox().await;
    sandbox.set_rules(Rules { consent_page: ConsentPage::Shown, ..Rules::default() });
    let (stranger, account) = (kite_stranger(&sandbox), kite_account(&sandbox));
    let code = sandbox.one_time_code(Broker::Kite, &account.user_id).unwrap();
    let login = format!(
        "api_key={}&redirect_params=state%3Dx&user_id={}&password={}&totp={code}&action=login",
        account.api_key, account.user_id, account.password
    );
    let page = stranger.send("POST", "/connect/login", &login).await;
    assert_eq!(page.status, 200);
    let word = page.body.split("name=\"consent\" value=\"").nth(1).unwrap();
    let word = word.split('"').next().unwrap();
    let answer = |action: &str, word: &str| {
        format!(
            "api_key={}&redirect_params=state%3Dx&consent={word}&action={action}",
            account.api_key
        )
    };
    let forged = stranger.send("POST", "/connect/login", &answer("allow", "guess")).await;
    assert_eq!(forged.status, 403);
    let declined = stranger.send("POST", "/connect/login", &answer("cancel", word)).await;
    assert!(declined.header("location").unwrap().ends_with("?status=cancelled"));
    let agreed = stranger.send("POST", "/connect/login", &answer("allow", word)).await;
    let url = agreed.header("location").unwrap();
    assert!(url.contains("request_token=") && url.ends_with("&state=x"), "{url}");
    let again = stranger.send("POST", "/connect/login", &login).await;
    assert_eq!(again.status, 302, "asked once for each app");
    sandbox.stop().await;
}

#[tokio::test]
async fn an_approved_platform_renews_its_session() {
    let sandbox = sandbox().await;
    let (stranger, account) = (kite_stranger(&sandbox), kite_account(&sandbox));
    let fields = AccountFields { plan: Some(Plan::Approved), ..AccountFields::default() };
    sandbox.change_account(Broker::Kite, &account.user_id, fields);
    let form = exchange_form(&account, &request_token(&sandbox), &account.api_secret);
    let session = stranger.send("POST", "/session/token", &form).await.json();
    let refresh = session["data"]["refresh_token"].as_str().unwrap().to_owned();
    let form = exchange_form(&account, &refresh, &account.api_secret)
        .replace("request_token=", "refresh_token=");
    let renewed = stranger.send("POST", "/session/refresh_token", &form).await.json();
    let token = renewed["data"]["access_token"].as_str().unwrap();
    let member =
        stranger.clone().with("Authorization", &format!("token {}:{token}", account.api_key));
    assert_eq!(member.get("/user/profile").await.status, 200);
    assert_eq!(stranger.send("POST", "/session/refresh_token", &form).await.status, 403);
    sandbox.stop().await;
}
