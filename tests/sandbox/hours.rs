//! The exchange's day as the brokers let a client feel it: closed hours, orders kept for the next
//! day, the closing auction; and what else an order is refused for.

use std::time::Duration;

use muster_tests::sandbox::{AngelMarket, LimitFills, MarketHours, Rules, Sandbox};
use serde_json::{Value, json};

use crate::client::{
    ANGEL_BOOK, ANGEL_CANCEL, ANGEL_PLACE, Caller, angel, angel_order, control, kite, kite_account,
    kite_order, sandbox,
};

fn clock(sandbox: &Sandbox, at: &str) {
    sandbox.clock().set(Some(format!("{at}+05:30").parse().unwrap()), None, None);
}

async fn refusal(member: &Caller, path: &str, order: &str) -> (u16, String) {
    let answer = member.send("POST", path, order).await;
    (answer.status, answer.json()["message"].as_str().unwrap_or_default().to_owned())
}

async fn angel_row(member: &Caller) -> Value {
    let book = member.get(ANGEL_BOOK).await.json();
    book["data"].as_array().and_then(|rows| rows.last().cloned()).unwrap()
}

#[tokio::test]
async fn angel_one_keeps_what_comes_at_night_for_the_next_trading_day() {
    let sandbox = sandbox().await;
    clock(&sandbox, "2026-11-23T18:00:00");
    let member = angel(&sandbox).await;
    let placed = member.post(ANGEL_PLACE, &angel_order("night")).await.json();
    assert_eq!(placed["status"], true);
    assert_eq!(angel_row(&member).await["status"], "after market order req received");
    let gone = member.post(ANGEL_PLACE, &angel_order("gone")).await.json();
    let cancel = json!({ "variety": "NORMAL", "orderid": gone["data"]["orderid"] });
    assert_eq!(member.post(ANGEL_CANCEL, &cancel).await.json()["status"], true);
    assert_eq!(angel_row(&member).await["status"], "cancelled after market order");
    clock(&sandbox, "2026-11-25T09:14:00");
    let member = angel(&sandbox).await;
    let row = member.get(ANGEL_BOOK).await.json()["data"][0].clone();
    assert_eq!(row["status"], "open", "sent on after the holiday, before the day opens");
    clock(&sandbox, "2026-11-25T09:15:01");
    assert_eq!(sandbox.orders()[0].status, "complete");
    sandbox.stop().await;
}

#[tokio::test]
async fn kite_refuses_in_closed_hours_and_keeps_an_amo() {
    let sandbox = sandbox().await;
    clock(&sandbox, "2026-11-23T20:00:00");
    let member = kite(&sandbox).await;
    let day = kite_order("a").replace("CNC", "MIS");
    let (status, text) = refusal(&member, "/orders/regular", &day).await;
    assert_eq!((status, text.starts_with("MIS (intraday) are blocked")), (400, true), "{text}");
    let (status, text) = refusal(&member, "/orders/regular", &kite_order("a")).await;
    assert_eq!((status, text.contains("AMO")), (400, true), "{text}");
    let placed = member.send("POST", "/orders/amo", &kite_order("a")).await.json();
    let id = placed["data"]["order_id"].as_str().unwrap();
    let row = member.get("/orders").await.json()["data"][0].clone();
    assert_eq!((&row["status"], &row["variety"]), (&json!("AMO REQ RECEIVED"), &json!("amo")));
    let wrong = member.send("DELETE", &format!("/orders/regular/{id}"), "").await;
    assert!(wrong.status == 504 && wrong.body.contains("timed out"), "{}", wrong.body);
    clock(&sandbox, "2026-11-25T09:05:00");
    let member = kite(&sandbox).await;
    let right = member.send("DELETE", &format!("/orders/regular/{id}"), "").await;
    assert_eq!(right.status, 200, "sent on, it is an ordinary order: {}", right.body);
    let (status, text) = refusal(&member, "/orders/amo", &kite_order("b")).await;
    assert_eq!(status, 400, "{text}");
    sandbox.set_rules(Rules { market_hours: MarketHours::AlwaysOpen, ..Rules::default() });
    clock(&sandbox, "2026-11-25T22:00:00");
    assert_eq!(member.send("POST", "/orders/regular", &day).await.status, 200);
    sandbox.stop().await;
}

#[tokio::test]
async fn the_closing_auction_has_its_own_rules_until_december() {
    let sandbox = sandbox().await;
    let member = kite(&sandbox).await;
    sandbox.set_rules(Rules { limit_fills: LimitFills::Never, ..Rules::default() });
    assert_eq!(member.send("POST", "/orders/regular", &kite_order("rest")).await.status, 200);
    sandbox.set_rules(Rules::default());
    clock(&sandbox, "2026-11-23T15:16:00");
    assert_eq!(refusal(&member, "/orders/regular", &kite_order("a")).await.0, 400);
    clock(&sandbox, "2026-11-23T15:21:00");
    assert_eq!(member.send("POST", "/orders/regular", &kite_order("a")).await.status, 200);
    let at_once = kite_order("b").replace("DAY", "IOC");
    let (status, text) = refusal(&member, "/orders/regular", &at_once).await;
    assert_eq!((status, text.contains("auction")), (400, true), "{text}");
    clock(&sandbox, "2026-11-23T15:29:59");
    assert_eq!(sandbox.orders()[1].status, "OPEN", "all trade together at the end");
    clock(&sandbox, "2026-11-23T15:30:00");
    assert_eq!(sandbox.orders()[1].status, "COMPLETE");
    clock(&sandbox, "2026-12-07T15:20:00");
    let member = kite(&sandbox).await;
    assert_eq!(member.send("POST", "/orders/regular", &kite_order("c")).await.status, 200);
    sandbox.clock().advance(Duration::from_secs(1));
    assert_eq!(sandbox.orders()[2].status, "COMPLETE");
    sandbox.stop().await;
}

#[tokio::test]
async fn what_does_not_fill_dies_with_the_day_or_at_once() {
    let sandbox = sandbox().await;
    sandbox.set_rules(Rules { limit_fills: LimitFills::Never, ..Rules::default() });
    let member = kite(&sandbox).await;
    member.send("POST", "/orders/regular", &kite_order("day")).await;
    member.send("POST", "/orders/regular", &kite_order("ioc").replace("DAY", "IOC")).await;
    let minutes = kite_order("ttl").replace("validity=DAY", "validity=TTL&validity_ttl=2");
    member.send("POST", "/orders/regular", &minutes).await;
    let words = || sandbox.orders().into_iter().map(|order| order.status).collect::<Vec<_>>();
    sandbox.clock().advance(Duration::from_secs(1));
    assert_eq!(words(), ["OPEN", "CANCELLED", "OPEN"]);
    sandbox.clock().advance(Duration::from_secs(120));
    assert_eq!(words(), ["OPEN", "CANCELLED", "CANCELLED"]);
    clock(&sandbox, "2026-11-23T15:15:00");
    assert_eq!(words(), ["CANCELLED"; 3]);
    sandbox.stop().await;
}

#[tokio::test]
async fn an_order_has_to_fit_the_exchange() {
    let sandbox = sandbox().await;
    let member = kite(&sandbox).await;
    let future = "exchange=NFO&tradingsymbol=NIFTY26DECFUT&transaction_type=SELL&order_type=LIMIT\
                  &price=26150&product=NRML&validity=DAY";
    let cases = [
        (kite_order("a").replace("1523.1", "1523.15"), "Tick size for this script is 0.10."),
        (kite_order("a").replace("1523.1", "1200"), "lower circuit limit"),
        (kite_order("a").replace("1523.1", "1900"), "upper circuit limit"),
        (format!("{future}&quantity=1"), "Invalid `quantity`."),
        (format!("{future}&quantity=1820"), "freeze limit of 1755"),
    ];
    for (order, text) in cases {
        let (status, said) = refusal(&member, "/orders/regular", &order).await;
        assert_eq!((status, said.contains(text)), (400, true), "{said}");
    }
    let angel = angel(&sandbox).await;
    let mut order = angel_order("tick");
    order["price"] = json!("812.43");
    assert_eq!(angel.post(ANGEL_PLACE, &order).await.json()["status"], true);
    sandbox.clock().advance(Duration::from_secs(1));
    let row = angel_row(&angel).await;
    assert_eq!(row["status"], "rejected");
    assert!(row["text"].as_str().unwrap().contains("tick size"));
    sandbox.stop().await;
}

#[tokio::test]
async fn angel_one_converts_or_refuses_a_market_order() {
    let sandbox = sandbox().await;
    let member = angel(&sandbox).await;
    let mut order = angel_order("m");
    (order["ordertype"], order["price"]) = (json!("MARKET"), json!("0"));
    assert_eq!(member.post(ANGEL_PLACE, &order).await.json()["status"], true);
    sandbox.clock().advance(Duration::from_secs(1));
    let row = angel_row(&member).await;
    assert_eq!((&row["ordertype"], &row["price"]), (&json!("LIMIT"), &json!(816.45)));
    assert_eq!(row["averageprice"], 812.4);
    sandbox.set_rules(Rules { angel_market: AngelMarket::Refused, ..Rules::default() });
    assert_eq!(member.post(ANGEL_PLACE, &order).await.json()["status"], false);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_sale_of_held_shares_may_need_a_persons_word() {
    let sandbox = sandbox().await;
    let (member, account) = (kite(&sandbox).await, kite_account(&sandbox));
    let fields = json!({
        "ddpi": false,
        "holdings": [{ "exchange": "NSE", "symbol": "INFY", "quantity": 5, "average_price": "1" }],
    });
    control(&sandbox).post(&format!("/accounts/{}", account.user_id), &fields).await;
    let sale = kite_order("a").replace("BUY", "SELL");
    let (status, text) = refusal(&member, "/orders/regular", &sale).await;
    assert_eq!((status, text.as_str()), (428, "2 quantity needs authorisation at depository."));
    let asked = member.send("POST", "/portfolio/holdings/authorise", "").await.json();
    let request = asked["data"]["request_id"].as_str().unwrap();
    let page = format!("/connect/portfolio/authorise/holdings/{}/{request}", account.api_key);
    assert_eq!(member.get(&page).await.status, 302);
    assert_eq!(member.send("POST", "/orders/regular", &sale).await.status, 200);
    let held = member.get("/portfolio/holdings").await.json();
    assert_eq!(held["data"][0]["authorised_quantity"], 5);
    clock(&sandbox, "2026-11-25T10:00:00");
    let member = kite(&sandbox).await;
    assert_eq!(member.send("POST", "/orders/regular", &sale).await.status, 428);
    sandbox.stop().await;
}

#[tokio::test]
async fn kite_counts_the_orders_of_a_minute() {
    let sandbox = sandbox().await;
    let member = kite(&sandbox).await;
    for number in 0..400 {
        if number % 10 == 0 {
            sandbox.clock().advance(Duration::from_secs(1));
        }
        // Refused, and counted all the same.
        let order = kite_order("a").replace("INFY", "NOSUCH");
        assert_eq!(member.send("POST", "/orders/regular", &order).await.status, 400);
    }
    sandbox.clock().advance(Duration::from_secs(1));
    let (status, text) = refusal(&member, "/orders/regular", &kite_order("a")).await;
    assert_eq!((status, text.as_str()), (429, "Maximum allowed order requests exceeded"));
    sandbox.clock().advance(Duration::from_secs(60));
    assert_eq!(member.send("POST", "/orders/regular", &kite_order("a")).await.status, 200);
    sandbox.stop().await;
}
