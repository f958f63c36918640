//! Every kind of fault, seen by the client that meets it and in the book behind it.

use muster_tests::sandbox::{Broker, Fault, FaultKind, Operation, Sandbox};
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
        (FaultKind::Hang, 0),
        (FaultKind::AcceptThenClose, 1),
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
            FaultKind::AcceptThenNoId | FaultKind::AcceptThenTimedOut | FaultKind::Slow
        );
        assert_eq!(whole, json, "{kind:?}");
        assert_eq!(answer.is_whole(), kind != FaultKind::AcceptThenCut, "{kind:?}");
        sandbox.stop().await;
    }
}

#[tokio::test]
async fn a_refusing_fault_places_nothing() {
    for (kind, status) in [(FaultKind::RefuseStatus, 503), (FaultKind::RefuseRateLimited, 403)] {
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
