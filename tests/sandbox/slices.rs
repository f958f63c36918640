//! Kite's slices: what is too much for one order at the exchange, cut by the broker.

use muster_tests::sandbox::{AccountFields, Broker, Rules, Sandbox, SliceReply};
use serde_json::{Value, json};

use crate::client::{Caller, kite, kite_account, sandbox};

/// A future of which 1755 are taken at once.
fn form(quantity: u64) -> String {
    format!(
        "exchange=NFO&tradingsymbol=NIFTY26DECFUT&transaction_type=BUY&order_type=LIMIT\
         &price=26150&quantity={quantity}&product=NRML&validity=DAY&tag=muster01&autoslice=true"
    )
}

async fn rich() -> (Sandbox, Caller) {
    let sandbox = sandbox().await;
    let user = kite_account(&sandbox).user_id;
    let funds = Some("200000000".to_owned());
    let fields = AccountFields { funds, ..AccountFields::default() };
    sandbox.change_account(Broker::Kite, &user, fields).unwrap();
    let member = kite(&sandbox).await;
    (sandbox, member)
}

#[tokio::test]
async fn slices_are_orders_of_their_own_without_the_clients_tag() {
    let (sandbox, member) = rich().await;
    let placed = member.send("POST", "/orders/regular", &form(4_000 / 65 * 65)).await.json();
    let data = &placed["data"];
    let (parent, children) = (data["order_id"].as_str().unwrap(), &data["children"]);
    let ids: Vec<&Value> = children.as_array().unwrap().iter().map(|c| &c["order_id"]).collect();
    let rows = member.get("/orders").await.json()["data"].clone();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.iter().map(|row| &row["order_id"]).collect::<Vec<_>>(), ids);
    let quantities: Vec<u64> = rows.iter().filter_map(|row| row["quantity"].as_u64()).collect();
    assert_eq!(quantities, [1755, 1755, 455]);
    for row in rows {
        assert_eq!(row["tag"], Value::Null);
        assert_eq!(row["tags"], json!(["autoslice", format!("autoslice:{parent}")]));
    }
    assert!(!ids.contains(&&data["order_id"]), "the parent is no order");
    sandbox.stop().await;
}

#[tokio::test]
async fn the_answer_has_either_form_and_mixed_outcomes() {
    let (sandbox, member) = rich().await;
    sandbox.set_rules(Rules { slice_reply: SliceReply::Flat, ..Rules::default() });
    // Money for four slices of six.
    let placed = member.send("POST", "/orders/regular", &form(1755 * 6)).await.json();
    let children = placed["data"].as_array().unwrap().clone();
    let placed: Vec<bool> = children.iter().map(|child| child["order_id"].is_string()).collect();
    assert_eq!(placed, [true, true, true, true, false, false]);
    let error = &children[5]["error"];
    assert_eq!((&error["code"], &error["error_type"]), (&json!(400), &json!("MarginException")));
    assert_eq!(sandbox.orders().len(), 4);
    sandbox.stop().await;
}

#[tokio::test]
async fn what_is_no_matter_of_slices_is_refused() {
    let (sandbox, member) = rich().await;
    for (quantity, words) in [
        (1755, "greater than or equal to 1820 for order slicing"),
        (1755 * 10 + 65, "more than 10 slices"),
        (1755 + 1, "Invalid `quantity`"),
    ] {
        let answer = member.send("POST", "/orders/regular", &form(quantity)).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert!(answer.body.contains(words), "{}", answer.body);
    }
    let whole = form(1755 + 65).replace("&autoslice=true", "");
    let answer = member.send("POST", "/orders/regular", &whole).await;
    assert!(answer.body.contains("freeze limit of 1755"), "{}", answer.body);
    assert!(sandbox.orders().is_empty());
    sandbox.stop().await;
}
