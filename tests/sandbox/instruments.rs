//! The instrument dumps as they come over the wire, and that an order takes what they name.

use muster_tests::sandbox::{AccountFields, Broker, Fault, FaultKind, Operation};
use serde_json::{Value, json};

use crate::client::{
    ANGEL_PLACE, Caller, angel, angel_account, angel_order, kite, kite_account, sandbox,
};

const MASTER: &str = "/OpenAPI_File/files/OpenAPIScripMaster.json";

#[tokio::test]
async fn the_master_is_a_public_array_of_texts() {
    let sandbox = sandbox().await;
    let answer = Caller::new(&sandbox.summary().angel_one.base_url).get(MASTER).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    let rows = answer.json();
    let rows = rows.as_array().unwrap();
    assert!((200..1000).contains(&rows.len()), "{}", rows.len());
    assert!(rows.iter().all(|row| row.as_object().unwrap().values().all(Value::is_string)));
    let find = |symbol: &str| rows.iter().find(|row| row["symbol"] == symbol).unwrap().clone();
    let share = json!({
        "token": "3045", "symbol": "SBIN-EQ", "name": "SBIN", "expiry": "",
        "strike": "-1.000000", "lotsize": "1", "instrumenttype": "", "exch_seg": "NSE",
        "tick_size": "5.000000",
    });
    assert_eq!(find("SBIN-EQ"), share);
    let future = find("NIFTY29DEC26FUT");
    assert_eq!((&future["expiry"], &future["name"]), (&json!("29DEC2026"), &json!("NIFTY")));
    assert_eq!((&future["instrumenttype"], &future["exch_seg"]), (&json!("FUTIDX"), &json!("NFO")));
    assert_eq!(find("NIFTY23NOV2626000CE")["strike"], "2600000.000000");
    assert_eq!(find("Nifty 50")["instrumenttype"], "AMXIDX");
    sandbox.stop().await;
}

#[tokio::test]
async fn the_dump_is_compressed_csv_of_twelve_columns() {
    let sandbox = sandbox().await;
    let caller = Caller::new(&sandbox.summary().kite.base_url).with("X-Kite-Version", "3");
    let answer = caller.get_gzip("/instruments").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/csv")));
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    assert!(answer.body.lines().all(|line| line.split(',').count() == 12));
    let has = |line: &str| assert!(answer.body.lines().any(|known| known == line), "{line}");
    has("779521,3045,SBIN,\"SBIN\",0,,0,0.05,1,EQ,NSE,NSE");
    has("128028676,500112,SBIN,\"SBIN\",0,,0,0.05,1,EQ,BSE,BSE");
    let future = answer.body.lines().find(|line| line.contains("NIFTY26NOVFUT")).unwrap();
    assert!(future.ends_with(",\"NIFTY\",0,2026-11-23,0,0.1,65,FUT,NFO-FUT,NFO"), "{future}");
    let option = answer.body.lines().find(|line| line.contains("NIFTY26NOV26000CE")).unwrap();
    assert!(option.ends_with(",2026-11-23,26000,0.05,65,CE,NFO-OPT,NFO"), "{option}");
    sandbox.stop().await;
}

#[tokio::test]
async fn a_dump_of_one_exchange_holds_that_exchange() {
    let sandbox = sandbox().await;
    let caller = Caller::new(&sandbox.summary().kite.base_url);
    let futures = caller.get_gzip("/instruments/NFO").await.body;
    assert!(futures.lines().skip(1).all(|line| line.ends_with(",NFO")));
    assert_eq!(caller.get_gzip("/instruments/MCX").await.body.lines().count(), 1);
    let stranger = caller.get("/instruments/LSE").await;
    assert_eq!((stranger.status, &stranger.json()["error_type"]), (400, &json!("InputException")));
    sandbox.stop().await;
}

#[tokio::test]
async fn what_the_dumps_name_can_be_ordered() {
    let sandbox = sandbox().await;
    let summary = sandbox.summary();
    let master = Caller::new(&summary.angel_one.base_url).get(MASTER).await.json();
    let rows = master.as_array().unwrap();
    let row = rows.iter().find(|row| row["symbol"] == "NIFTY29DEC26FUT").unwrap();
    let mut order = angel_order("future");
    for (field, value) in [
        ("tradingsymbol", row["symbol"].clone()),
        ("symboltoken", row["token"].clone()),
        ("exchange", json!("NFO")),
        ("producttype", json!("CARRYFORWARD")),
        ("quantity", row["lotsize"].clone()),
        ("price", json!("26150.00")),
    ] {
        order[field] = value;
    }
    let rich = || AccountFields { funds: Some("2500000".into()), ..AccountFields::default() };
    let (client, user) = (angel_account(&sandbox).client_code, kite_account(&sandbox).user_id);
    sandbox.change_account(Broker::AngelOne, &client, rich()).unwrap();
    sandbox.change_account(Broker::Kite, &user, rich()).unwrap();
    let answer = angel(&sandbox).await.post(ANGEL_PLACE, &order).await.json();
    assert_eq!(answer["status"], true, "{answer}");
    let form = "exchange=NFO&tradingsymbol=NIFTY26DECFUT&transaction_type=BUY&order_type=LIMIT\
                &price=26150&quantity=65&product=NRML&validity=DAY";
    let answer = kite(&sandbox).await.send("POST", "/orders/regular", form).await.json();
    assert_eq!(answer["status"], "success", "{answer}");
    assert!(sandbox.orders().iter().all(|order| order.status != "rejected"));
    sandbox.stop().await;
}

#[tokio::test]
async fn the_list_of_the_next_month_comes_with_the_clock() {
    let sandbox = sandbox().await;
    sandbox.clock().set("2026-11-25T09:00:00+05:30".parse().ok(), None, None);
    let body = Caller::new(&sandbox.summary().kite.base_url).get_gzip("/instruments").await.body;
    assert!(!body.contains(",NIFTY26NOVFUT,") && body.contains(",NIFTY27FEBFUT,"));
    assert!(body.contains(",NIFTY26DEC26000CE,"));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_dump_can_be_cut_off() {
    let sandbox = sandbox().await;
    sandbox.arm(Fault::once(Broker::Kite, Operation::Instruments, FaultKind::Drop));
    let caller = Caller::new(&sandbox.summary().kite.base_url);
    assert!(caller.try_send("GET", "/instruments/NSE", "").await.is_none());
    assert_eq!(caller.get_gzip("/instruments/NSE").await.status, 200);
    sandbox.stop().await;
}
