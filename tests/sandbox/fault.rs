//! Every kind of fault, seen by the client that meets it and in the book behind it.

use std::time::Duration;

use muster_tests::sandbox::{Broker, Fault, FaultKind, Operation, Rules, Sandbox};
use serde_json::{Value, json};

use crate::client::{
    ANGEL_BOOK, ANGEL_PLACE, ANGEL_PROFILE, Answer, angel, angel_order, control, kite, kite_order,
    sandbox,
};

/// Places one order at Angel One under a fault; the answer, and how many orders there are then.
async fn place_under(sandbox: &Sandbox, kind: FaultKind) -> (Option<Answer>, usize) {
    let member = angel(sandbox).await;
    sandbox.arm(Fault {
        seconds: Some(0.01),
        ..Fault::once(Broker::AngelOne, Operation::Place, kind)
    });
    let body = angel_order("a").to_string();
    let answer = member.try_send("POST", ANGEL_PLACE, &body).await;
    assert!(sandbox.faults().is_empty(), "{kind:?} is used up");
    (answer, sandbox.orders().len())
}

#[tokio::test]
async fn a_connection_can_die_before_and_after_the_order_is_taken() {
    let cases = [
        (FaultKind::Drop, 0),
        (FaultKind::Reset, 0),
        (FaultKind::Hang, 0),
        (FaultKind::AcceptThenClose, 1),
        (FaultKind::AcceptThenReset, 1),
        (FaultKind::AcceptThenHang, 1),
    ];
    for (kind, orders) in cases {
        let sandbox = sandbox().await;
        let (answer, placed) = place_under(&sandbox, kind).await;
        assert!(answer.is_none(), "{kind:?}");
        assert_eq!(placed, orders, "{kind:?}");
        sandbox.stop().await;
    }
}

#[tokio::test]
async fn an_accepted_order_can_be_answered_with_anything() {
    let cases = [
        (FaultKind::AcceptThenStatus, 502, "502"),
        (FaultKind::AcceptThenError, 200, "AB1004"),
        (FaultKind::AcceptThenRedirect, 307, ""),
        (FaultKind::AcceptThenGarbage, 200, "tru,,"),
        (FaultKind::AcceptThenHuge, 200, "xxxxx"),
        (FaultKind::Trickle, 200, "orderid"),
        (FaultKind::WrongDate, 200, "orderid"),
        (FaultKind::Reject, 200, "orderid"),
        (FaultKind::AcceptThenHtml, 200, "Request Rejected"),
        (FaultKind::AcceptThenEmpty, 200, ""),
        (FaultKind::AcceptThenNoId, 200, "\"script\":\"SBIN-EQ\""),
        (FaultKind::AcceptThenTruncated, 200, "{\"data\":"),
        (FaultKind::AcceptThenCut, 200, "{\"data\":"),
        (FaultKind::AcceptThenRateLimited, 403, "exceeding access rate"),
        (FaultKind::AcceptThenTimedOut, 400, "check the order book"),
        (FaultKind::Slow, 200, "orderid"),
    ];
    for (kind, status, text) in cases {
        let sandbox = sandbox().await;
        let (answer, placed) = place_under(&sandbox, kind).await;
        let answer = answer.unwrap();
        assert_eq!((answer.status, placed), (status, 1), "{kind:?}");
        assert!(answer.body.contains(text), "{kind:?}: {}", answer.body);
        let whole = serde_json::from_str::<Value>(&answer.body).is_ok();
        let json = matches!(
            kind,
            FaultKind::AcceptThenNoId
                | FaultKind::AcceptThenTimedOut
                | FaultKind::AcceptThenError
                | FaultKind::AcceptThenHuge
                | FaultKind::Trickle
                | FaultKind::WrongDate
                | FaultKind::Reject
                | FaultKind::Slow
        );
        assert_eq!(whole, json, "{kind:?}");
        assert_eq!(answer.is_whole(), kind != FaultKind::AcceptThenCut, "{kind:?}");
        sandbox.stop().await;
    }
}

#[tokio::test]
async fn a_refusing_fault_places_nothing() {
    let cases = [
        (FaultKind::RefuseStatus, 503),
        (FaultKind::RefuseRateLimited, 403),
        (FaultKind::RefuseError, 200),
        (FaultKind::Redirect, 307),
        (FaultKind::Firewall, 200),
        (FaultKind::Maintenance, 503),
    ];
    for (kind, status) in cases {
        let sandbox = sandbox().await;
        let (answer, placed) = place_under(&sandbox, kind).await;
        assert_eq!((answer.unwrap().status, placed), (status, 0), "{kind:?}");
        sandbox.stop().await;
    }
}

#[tokio::test]
async fn a_token_can_die_under_a_call() {
    let sandbox = sandbox().await;
    let member = angel(&sandbox).await;
    sandbox.arm(Fault::once(Broker::AngelOne, Operation::Book, FaultKind::TokenDeath));
    assert_eq!(member.get(ANGEL_PROFILE).await.json()["status"], json!(true));
    assert_eq!(member.get(ANGEL_BOOK).await.json()["errorCode"], "AG8001");
    assert_eq!(member.get(ANGEL_PROFILE).await.json()["errorCode"], "AG8001");
    sandbox.stop().await;
}

#[tokio::test]
async fn kite_speaks_of_its_outages_in_its_own_envelope() {
    let sandbox = sandbox().await;
    let member = kite(&sandbox).await;
    for (status, text) in [(500, "Something unexpected"), (504, "Gateway timed out")] {
        let fault = Fault::once(Broker::Kite, Operation::Place, FaultKind::AcceptThenStatus);
        sandbox.arm(Fault { status: Some(status), ..fault });
        let answer = member.send("POST", "/orders/regular", &kite_order("a")).await;
        assert_eq!(answer.status, status);
        assert!(answer.body.contains(text), "{}", answer.body);
    }
    sandbox.arm(Fault::once(Broker::Kite, Operation::Place, FaultKind::RefuseRateLimited));
    let answer = member.send("POST", "/orders/regular", &kite_order("a")).await;
    assert_eq!((answer.status, sandbox.orders().len()), (429, 2));
    sandbox.stop().await;
}

#[tokio::test]
async fn faults_are_aimed_counted_and_diced_over_the_control_port() {
    let sandbox = sandbox().await;
    let (member, control) = (angel(&sandbox).await, control(&sandbox));
    let other = json!({ "broker": "angel_one", "account": "S999999", "kind": "drop" });
    let twice =
        json!({ "broker": "angel_one", "operation": "profile", "kind": "drop", "times": 2 });
    assert_eq!(control.post("/faults", &json!([other, twice])).await.status, 200);
    for _ in 0..2 {
        assert!(member.try_send("GET", ANGEL_PROFILE, "").await.is_none());
    }
    assert_eq!(member.get(ANGEL_PROFILE).await.status, 200);
    assert_eq!(control.send("DELETE", "/faults", "").await.json(), json!([]));
    let dice =
        json!({ "broker": "angel_one", "kind": "refuse_status", "probability": 0.5, "seed": 7 });
    let mut rounds = Vec::new();
    for _ in 0..2 {
        control.send("DELETE", "/faults", "").await;
        control.post("/faults", &dice).await;
        let mut hits = Vec::new();
        for _ in 0..20 {
            hits.push(member.get(ANGEL_PROFILE).await.status == 503);
        }
        rounds.push(hits);
    }
    assert_eq!(rounds[0], rounds[1], "the same seed throws the same dice");
    assert!(rounds[0].contains(&true) && rounds[0].contains(&false));
    let bad = control.post("/faults", &json!({ "broker": "angel_one", "kind": "sulk" })).await;
    assert_eq!(bad.status, 400);
    sandbox.stop().await;
}

#[tokio::test]
async fn an_order_can_arrive_after_its_answer() {
    let sandbox = sandbox().await;
    let member = kite(&sandbox).await;
    let fault = Fault::once(Broker::Kite, Operation::Place, FaultKind::AcceptThenTimedOut);
    sandbox.arm(Fault { late_seconds: Some(5.0), ..fault });
    let answer = member.send("POST", "/orders/regular", &kite_order("late")).await;
    assert_eq!(answer.status, 400);
    assert_eq!(member.get("/orders").await.json()["data"], json!([]), "not there yet");
    sandbox.clock().advance(Duration::from_millis(5200));
    let row = member.get("/orders").await.json()["data"][0].clone();
    assert_eq!((&row["tag"], &row["status"]), (&json!("late"), &json!("OPEN PENDING")));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_cancellation_can_be_done_after_its_answer_and_lose_against_a_fill() {
    for (fill_ms, end) in [(60_000, "CANCELLED"), (4_000, "COMPLETE")] {
        let sandbox = sandbox().await;
        sandbox.set_rules(Rules { fill_delay_ms: fill_ms, ..Rules::default() });
        let member = kite(&sandbox).await;
        let placed = member.send("POST", "/orders/regular", &kite_order("late")).await.json();
        sandbox.clock().advance(Duration::from_millis(fill_ms * 3 / 4 + 100));
        let fault = Fault::once(Broker::Kite, Operation::Cancel, FaultKind::AcceptThenClose);
        sandbox.arm(Fault { late_seconds: Some(5.0), ..fault });
        let path = format!("/orders/regular/{}", placed["data"]["order_id"].as_str().unwrap());
        assert!(member.try_send("DELETE", &path, "").await.is_none());
        let word = async || member.get("/orders").await.json()["data"][0]["status"].clone();
        assert_eq!(word().await, "OPEN");
        sandbox.clock().advance(Duration::from_millis(5_200));
        assert_eq!(word().await, end);
        sandbox.stop().await;
    }
}

#[tokio::test]
async fn the_exchange_can_reject_what_the_broker_took() {
    let sandbox = sandbox().await;
    let member = kite(&sandbox).await;
    sandbox.arm(Fault::once(Broker::Kite, Operation::Place, FaultKind::Reject));
    assert_eq!(member.send("POST", "/orders/regular", &kite_order("a")).await.status, 200);
    sandbox.clock().advance(Duration::from_secs(1));
    let row = member.get("/orders").await.json()["data"][0].clone();
    assert_eq!(
        (&row["status"], &row["status_message"]),
        (&json!("REJECTED"), &json!("Adapter is Logged Off"))
    );
    sandbox.stop().await;
}

#[tokio::test]
async fn a_date_can_be_wrong_a_book_old_and_a_connection_silent() {
    let sandbox = sandbox().await;
    let member = angel(&sandbox).await;
    sandbox.arm(Fault::once(Broker::AngelOne, Operation::Profile, FaultKind::WrongDate));
    let answer = member.get(ANGEL_PROFILE).await;
    assert_eq!(answer.header("date"), Some("Mon, 23 Nov 2026 10:38:00 GMT"));
    member.post(ANGEL_PLACE, &angel_order("a")).await;
    sandbox.clock().advance(Duration::from_secs(10));
    sandbox.arm(Fault::once(Broker::AngelOne, Operation::Book, FaultKind::Stale));
    assert_eq!(member.get(ANGEL_BOOK).await.json()["data"], Value::Null);
    assert_eq!(member.get(ANGEL_BOOK).await.json()["data"][0]["status"], "complete");
    let stall = Fault::once(Broker::AngelOne, Operation::Book, FaultKind::Stall);
    sandbox.arm(Fault { seconds: Some(0.05), ..stall });
    assert!(member.try_send("GET", ANGEL_BOOK, "").await.is_none());
    assert!(member.try_send("GET", ANGEL_BOOK, "").await.is_some());
    sandbox.stop().await;
}

#[tokio::test]
async fn the_truth_tells_what_was_asked_done_and_answered() {
    let sandbox = sandbox().await;
    let member = angel(&sandbox).await;
    let fault = Fault::once(Broker::AngelOne, Operation::Place, FaultKind::AcceptThenClose);
    sandbox.arm(fault);
    member.try_send("POST", ANGEL_PLACE, &angel_order("a").to_string()).await;
    member.from("127.0.0.2").post(ANGEL_PLACE, &angel_order("b")).await;
    member.get("/nowhere").await;
    let truth = control(&sandbox).get("/truth").await.json();
    let requests = truth["requests"].as_array().unwrap();
    let [login, placed, refused, lost] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!((&login["operation"], &login["answer"]), (&json!("login"), &json!("200")));
    assert_eq!(
        (&placed["fault"], &placed["answer"]),
        (&json!("accept_then_close"), &json!("closed"))
    );
    assert_eq!(placed["placed"], json!([truth["orders"][0]["order_id"]]));
    assert_eq!((&refused["source_ip"], &refused["placed"]), (&json!("127.0.0.2"), &json!([])));
    assert_eq!((&lost["operation"], &lost["path"]), (&Value::Null, &json!("/nowhere")));
    assert_eq!(truth["orders"][0]["history"][0]["status"], "put order req received");
    assert!(!truth.to_string().contains("CANARY"), "no secret is in it");
    sandbox.stop().await;
}

#[tokio::test]
async fn whatever_a_broker_may_say_can_be_said() {
    let sandbox = sandbox().await;
    let (angel, kite) = (angel(&sandbox).await, kite(&sandbox).await);
    let said = |broker, kind, code: &str, status| {
        let fault = Fault::once(broker, Operation::Place, kind);
        let (code, message) = (Some(code.to_owned()), Some("Words of its own.".to_owned()));
        sandbox.arm(Fault { code, message, status, ..fault });
    };
    said(Broker::AngelOne, FaultKind::RefuseSaid, "AB2002", None);
    let answer = angel.post(ANGEL_PLACE, &angel_order("muster01")).await;
    assert_eq!((answer.status, &answer.json()["errorcode"]), (200, &json!("AB2002")));
    said(Broker::AngelOne, FaultKind::AcceptThenSaid, "AG8004", Some(403));
    let answer = angel.post(ANGEL_PLACE, &angel_order("muster02")).await;
    assert_eq!((answer.status, &answer.json()["errorCode"]), (403, &json!("AG8004")));
    said(Broker::Kite, FaultKind::RefuseSaid, "HoldingException", None);
    let answer = kite.send("POST", "/orders/regular", &kite_order("muster03")).await;
    assert_eq!((answer.status, &answer.json()["error_type"]), (400, &json!("HoldingException")));
    assert_eq!(answer.json()["message"], "Words of its own.");
    sandbox.arm(Fault::once(Broker::AngelOne, Operation::Place, FaultKind::RefuseEmpty));
    let answer = angel.post(ANGEL_PLACE, &angel_order("muster04")).await;
    assert_eq!((answer.status, answer.body.as_str()), (400, ""));
    let tags: Vec<_> = sandbox.orders().into_iter().filter_map(|order| order.tag).collect();
    assert_eq!(tags, ["muster02"], "only that was done");
    sandbox.stop().await;
}
