//! The control port, the observer, and how a sandbox starts and stops.

use data_encoding::BASE32_NOPAD;
use muster_tests::sandbox::{AccountFields, Broker, Sandbox, SandboxConfig, Summary};
use serde_json::{Value, json};

use crate::client::{
    ANGEL_LOGIN, ANGEL_PLACE, ANGEL_PROFILE, Caller, angel, angel_account, angel_order,
    angel_stranger, control, kite, kite_account, sandbox,
};

#[tokio::test]
async fn the_truth_names_every_order_with_its_source() {
    let sandbox = sandbox().await;
    angel(&sandbox).await.post(ANGEL_PLACE, &angel_order("muster7")).await;
    let orders = control(&sandbox).get("/orders").await.json();
    let order = &orders[0];
    assert_eq!((&order["broker"], &order["tag"]), (&json!("angel_one"), &json!("muster7")));
    assert_eq!((&order["side"], &order["quantity"]), (&json!("BUY"), &json!(10)));
    assert_eq!(order["source_ip"], "127.0.0.1");
    assert_eq!(order["received_at"], "2026-11-23T15:08:00.000+05:30");
    sandbox.stop().await;
}

#[tokio::test]
async fn a_jump_of_the_clock_kills_the_tokens_of_the_day() {
    let sandbox = sandbox().await;
    let (angel, kite) = (angel(&sandbox).await, kite(&sandbox).await);
    let wanted = json!({ "now": "2026-11-24T09:00:00+05:30", "speed": 60.0, "frozen": true });
    let shown = control(&sandbox).post("/clock", &wanted).await.json();
    assert_eq!(shown["now"], "2026-11-24T09:00:00.000+05:30");
    assert_eq!(control(&sandbox).get("/clock").await.json(), shown);
    assert_eq!(angel.get(ANGEL_PROFILE).await.json()["errorCode"], "AG8001");
    assert_eq!(kite.get("/user/profile").await.status, 403);
    control(&sandbox).post("/clock", &json!({ "now": "2026-11-23T15:08:00+05:30" })).await;
    assert_eq!(kite.get("/user/profile").await.status, 403, "the dead stay dead");
    sandbox.stop().await;
}

#[tokio::test]
async fn registered_addresses_and_accounts_are_changed_from_outside() {
    let sandbox = sandbox().await;
    let (member, control) = (angel(&sandbox).await, control(&sandbox));
    let code = angel_account(&sandbox).client_code;
    let path = format!("/accounts/{code}/allowed-ips");
    let changed = control.post(&path, &json!(["203.0.113.7", "2001:db8::7"])).await.json();
    assert_eq!(changed["allowed_ips"], json!(["203.0.113.7", "2001:db8::7"]));
    let refusal = member.post(ANGEL_PLACE, &angel_order("a")).await.json();
    assert_eq!(refusal["errorCode"], "AG7002");
    let fields =
        json!({ "broker": "kite", "id": "ZZ0001", "redirect_url": "http://127.0.0.1:9/cb" });
    let added = control.post("/accounts", &fields).await.json();
    assert_eq!(
        (&added["user_id"], &added["redirect_url"]),
        (&json!("ZZ0001"), &fields["redirect_url"])
    );
    assert_eq!(control.post("/accounts", &fields).await.status, 409);
    assert_eq!(control.get("/accounts").await.json().as_array().map(Vec::len), Some(3));
    assert_eq!(control.get("/nothing").await.status, 404);
    sandbox.stop().await;
}

#[tokio::test]
async fn an_account_can_be_broken_and_mended() {
    let sandbox = sandbox().await;
    let control = control(&sandbox);
    let account = angel_account(&sandbox);
    let path = format!("/accounts/{}", account.client_code);
    let broken = json!({ "totp_secret": "ABCDEFGHIJKLMNOP", "funds": "10.50" });
    let changed = control.send("PATCH", &path, &broken.to_string()).await.json();
    assert_eq!(changed["totp_secret"], broken["totp_secret"]);
    assert_eq!(changed["pin"], account.pin.as_str(), "what is not named stays");
    let old_code = json!({ "clientcode": account.client_code, "password": account.pin,
                           "totp": code_of(&account.totp_secret) });
    let refused = angel_stranger(&sandbox).post(ANGEL_LOGIN, &old_code).await.json();
    assert_eq!(refused["status"], false, "{refused}");
    let mended = AccountFields { totp_secret: Some(account.totp_secret), ..Default::default() };
    let at = Broker::AngelOne;
    assert!(sandbox.change_account(at, &account.client_code, mended.clone()).is_some());
    let again = angel_stranger(&sandbox).post(ANGEL_LOGIN, &old_code).await.json();
    assert_eq!(again["status"], true, "{again}");
    assert!(sandbox.change_account(at, "NOBODY", mended).is_none());
    for bad in [json!({ "funds": "much" }), json!({ "id": "X" }), json!({ "shoe_size": 43 })] {
        assert_eq!(control.post(&path, &bad).await.status, 400, "{bad}");
    }
    assert_eq!(control.post("/accounts/NOBODY", &json!({})).await.status, 404);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_script_can_do_the_browser_login() {
    let sandbox = sandbox().await;
    let (account, control) = (kite_account(&sandbox), control(&sandbox));
    let mut login = json!({
        "user_id": account.user_id, "api_key": account.api_key, "redirect_params": "state=abc",
    });
    let url = control.post("/kite-login", &login).await.json()["redirect_url"].clone();
    let url = url.as_str().unwrap();
    assert!(
        url.starts_with("http://127.0.0.1:8000/callback?action=login&type=login&status=success")
    );
    assert!(url.contains("&request_token=CANARY") && url.ends_with("&state=abc"), "{url}");
    login["cancel"] = json!(true);
    let url = control.post("/kite-login", &login).await.json()["redirect_url"].clone();
    assert_eq!(url, "http://127.0.0.1:8000/callback?status=cancelled");
    sandbox.stop().await;
}

#[tokio::test]
async fn switches_and_prices_are_changed_by_name() {
    let sandbox = sandbox().await;
    let control = control(&sandbox);
    let rules = control.post("/rules", &json!({ "limit_fills": "marketable" })).await.json();
    assert_eq!(
        (&rules["limit_fills"], &rules["rate_limits"]),
        (&json!("marketable"), &json!("orders"))
    );
    assert_eq!(control.post("/rules", &json!({ "no_such_rule": 1 })).await.status, 400);
    let price = json!({ "exchange": "NSE", "symbol": "SBIN", "ltp": "900.00" });
    assert_eq!(control.post("/market", &price).await.json()["ltp"], 900.0);
    let member = angel(&sandbox).await;
    member.post(ANGEL_PLACE, &angel_order("resting")).await;
    control.post("/clock", &json!({ "now": "2026-11-23T15:10:00+05:30" })).await;
    assert_eq!(sandbox.orders()[0].status, "open");
    control.post("/market", &json!({ "exchange": "NSE", "symbol": "SBIN", "ltp": "800" })).await;
    assert_eq!(sandbox.orders()[0].status, "complete");
    sandbox.stop().await;
}

#[tokio::test]
async fn the_observer_tells_a_caller_its_address() {
    let sandbox = sandbox().await;
    let caller = Caller::new(&sandbox.summary().observer_url);
    assert_eq!(caller.get("/").await.body, "127.0.0.1");
    assert_eq!(caller.from("127.0.0.2").get("/").await.body, "127.0.0.2");
    sandbox.stop().await;
}

#[tokio::test]
async fn accounts_are_split_and_secrets_carry_the_canary() {
    let config = SandboxConfig { accounts: 5, tls: true, ..SandboxConfig::default() };
    let sandbox = Sandbox::start(config).await.unwrap();
    let summary = sandbox.summary();
    assert_eq!((summary.angel_one.accounts.len(), summary.kite.accounts.len()), (3, 2));
    assert!(summary.ca_pem.as_deref().unwrap().starts_with("-----BEGIN CERTIFICATE"));
    assert!(summary.angel_one.base_url.starts_with("https://127.0.0.1:"));
    let angel = &summary.angel_one.accounts[2];
    assert!(angel.api_key.starts_with("CANARY") && angel.api_key.len() == 8);
    assert!(angel.totp_secret.starts_with("CANARY") && angel.pin.len() == 4);
    let kite = &summary.kite.accounts[1];
    for secret in [&kite.password, &kite.totp_secret, &kite.api_secret] {
        assert!(secret.starts_with("CANARY"), "{secret}");
    }
    let text = serde_json::to_string(&summary).unwrap();
    assert_eq!(json!(serde_json::from_str::<Summary>(&text).unwrap()), json!(summary));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_stopped_sandbox_has_closed_its_ports() {
    let sandbox = sandbox().await;
    let address = sandbox.control_url().strip_prefix("http://").unwrap().to_owned();
    let clock: Value = control(&sandbox).get("/clock").await.json();
    assert_eq!(clock["frozen"], json!(true));
    sandbox.stop().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

/// The six digits of a secret when the sandbox's day begins.
fn code_of(secret: &str) -> String {
    let secret = BASE32_NOPAD.decode(secret.as_bytes()).expect("a base32 secret");
    let totp = totp_rs::Builder::new().with_secret(secret).build_noncompliant();
    let start: jiff::Timestamp = "2026-11-23T15:08:00+05:30".parse().expect("a literal");
    totp.generate(start.as_second().unsigned_abs()).to_string()
}
