//! What the brokers' portals allow, and from which of an app's addresses orders are taken.

use muster_tests::sandbox::{AccountFields, Broker, Rules};
use serde_json::{Value, json};

use crate::client::{
    ANGEL_PLACE, angel, angel_account, angel_order, control, kite, kite_account, kite_order,
    sandbox,
};

#[tokio::test]
async fn an_address_is_one_apps_only_where_the_portal_says_so() {
    let sandbox = sandbox().await;
    let (control, account) = (control(&sandbox), angel_account(&sandbox));
    let other = sandbox.add_account(Broker::AngelOne, AccountFields::default());
    let muster_tests::sandbox::AccountSummary::AngelOne(other) = other else { panic!("Kite's") };
    let path = format!("/accounts/{}/allowed-ips", other.client_code);
    let ours = json!(["127.0.0.1"]);
    assert_eq!(control.post(&path, &ours).await.status, 200);
    sandbox.set_rules(Rules { unique_ips: true, ..Rules::default() });
    let refused = control.post(&path, &ours).await;
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("already associated with another app"), "{}", refused.body);
    assert_eq!(control.post(&path, &json!(["203.0.113.9"])).await.status, 200);
    let own = format!("/accounts/{}/allowed-ips", account.client_code);
    assert_eq!(control.post(&own, &ours).await.status, 200, "its own again");
    let kites = format!("/accounts/{}/allowed-ips", kite_account(&sandbox).user_id);
    assert_eq!(control.post(&kites, &ours).await.status, 200);
    let three = json!(["127.0.0.1", "127.0.0.2", "127.0.0.3"]);
    assert_eq!(control.post(&kites, &three).await.status, 400);
    sandbox.stop().await;
}

#[tokio::test]
async fn an_order_from_the_second_address_is_taken_or_not() {
    let sandbox = sandbox().await;
    let member = angel(&sandbox).await.from("127.0.0.2");
    let ips = ["127.0.0.1", "127.0.0.2"].map(|ip| ip.parse().unwrap()).to_vec();
    sandbox.set_allowed_ips(Broker::AngelOne, &angel_account(&sandbox).client_code, ips);
    let placed = member.post(ANGEL_PLACE, &angel_order("muster01")).await.json();
    assert_eq!(placed["status"], true);
    sandbox.set_rules(Rules { angel_second_ip: false, ..Rules::default() });
    let refused = member.post(ANGEL_PLACE, &angel_order("muster02")).await.json();
    assert_eq!(refused["errorCode"], "AG7002");
    let first = member.from("127.0.0.1");
    assert_eq!(first.post(ANGEL_PLACE, &angel_order("muster03")).await.json()["status"], true);
    sandbox.stop().await;
}

#[tokio::test]
async fn kite_compresses_where_it_is_asked_to() {
    let sandbox = sandbox().await;
    let member = kite(&sandbox).await;
    sandbox.set_rules(Rules { gzip_replies: true, ..Rules::default() });
    assert_eq!(member.get("/user/profile").await.header("content-encoding"), None);
    let member = member.with("Accept-Encoding", "gzip");
    let answer = member.get_gzip("/user/profile").await;
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    assert_eq!(answer.json()["status"], "success");
    sandbox.stop().await;
}

#[tokio::test]
async fn an_iceberg_has_two_legs_to_fifty() {
    let sandbox = sandbox().await;
    let member = kite(&sandbox).await;
    for (legs, status) in [("", 400), ("&iceberg_legs=1", 400), ("&iceberg_legs=51", 400)] {
        let form = format!("{}{legs}", kite_order("muster01"));
        let answer = member.send("POST", "/orders/iceberg", &form).await;
        assert_eq!(
            (answer.status, &answer.json()["error_type"]),
            (status, &json!("InputException"))
        );
    }
    let form = format!("{}&iceberg_legs=2&iceberg_quantity=1", kite_order("muster01"));
    let placed: Value = member.send("POST", "/orders/iceberg", &form).await.json();
    assert_eq!(placed["status"], "success", "{placed}");
    sandbox.stop().await;
}
