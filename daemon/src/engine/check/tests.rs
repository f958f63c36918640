//! Checks against a scripted broker: each way a check can end.

use muster_protocol::failure::FailureKind as Kind;
use muster_protocol::order::Broker;

use super::*;
use crate::broker::peer::{Act, Peer};
use crate::broker::tests::{at, credential, http, session};

/// What each route answers; the first whose text is in the request line wins.
type Script = &'static [(&'static str, u16, &'static str)];

const ANGEL: Script = &[
    ("GET /ip", 200, "98.88.173.81\n"),
    ("GET / ", 404, "x"),
    ("loginByPassword", 200, r#"{"status":true,"errorcode":"","data":{"jwtToken":"CANARY-JWT"}}"#),
    ("getProfile", 200, r#"{"status":true,"data":{"clientcode":"A123456","name":"HEMA N"}}"#),
    ("getRMS", 200, r#"{"status":true,"data":{"net":"120450.0000","availablecash":null}}"#),
    ("cancelOrder", 200, r#"{"status":false,"message":"Order not found","errorcode":"AB1013"}"#),
];
const KITE: Script = &[
    ("GET /ip", 200, "98.88.173.81"),
    ("GET / ", 404, "x"),
    (
        "/session/token",
        200,
        r#"{"status":"success","data":{"access_token":"CANARYT1","user_id":"XX0000"}}"#,
    ),
    (
        "/user/profile",
        200,
        r#"{"status":"success","data":{"user_id":"XX0000","user_name":"Chitra R"}}"#,
    ),
    ("/user/margins", 200, r#"{"status":"success","data":{"equity":{"net":99725.05000000002}}}"#),
    (
        "DELETE /orders/",
        500,
        r#"{"status":"error","message":"Couldn't find that `order_id`.","error_type":"GeneralException"}"#,
    ),
];

struct Scene {
    broker: Broker,
    first: Script,
    address: &'static str,
    session: Option<SessionSecret>,
    token: Option<SecretText>,
    client_id: Option<&'static str>,
    clock: Ticking,
    codes: Codes,
    probe: bool,
}

/// Ten past three when it is made, and goes on from there; a wait moves it at once.
struct Ticking(std::sync::Mutex<Timestamp>);

#[async_trait::async_trait]
impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    async fn sleep_until(&self, at: Timestamp) {
        let mut now = self.0.lock().unwrap();
        *now = at.max(*now);
    }
}

fn ten_past_three() -> Timestamp {
    "2026-11-23T15:10:00+05:30".parse().unwrap()
}

impl Scene {
    /// `first` answers before the broker's usual script.
    fn new(broker: Broker, first: Script) -> Self {
        let (session, token, client_id) = (None, None, None);
        let clock = Ticking(std::sync::Mutex::new(ten_past_three()));
        let (codes, address) = (Codes::default(), "98.88.173.81");
        Self { broker, first, address, session, token, client_id, clock, codes, probe: true }
    }

    async fn run(self) -> (CheckResult, Vec<StepView>, Vec<String>) {
        let usual = match self.broker {
            Broker::AngelOne => ANGEL,
            Broker::Zerodha => KITE,
        };
        let first = self.first;
        let peer = Peer::start(move |request| {
            let line = request.lines().next().unwrap_or_default();
            let mut routes = first.iter().chain(usual);
            let route = routes.find(|(path, ..)| format!("{line} ").contains(path));
            route.map_or(Act::Close, |(_, status, body)| Act::Answer(*status, (*body).to_owned()))
        })
        .await;
        let egress = Egress {
            name: "main".parse().unwrap(),
            address: self.address.to_owned(),
            bind: None,
            proxy: None,
            observe_urls: vec![format!("{}/ip", peer.url)],
        };
        let (adapter, credential, observer) =
            (at(self.broker, &peer.url), credential(self.broker), http());
        let ctx = CheckContext {
            adapter: &*adapter,
            egress: &egress,
            observer: &observer,
            credential: &credential,
            session: self.session.as_ref(),
            request_token: self.token.as_ref(),
            client_id: self.client_id,
            clock: &self.clock,
            codes: &self.codes,
            probe: self.probe,
        };
        let mut reported = Vec::new();
        let result = run(ctx, &mut |view| reported.push(view)).await;
        let shown = format!("{:?} {:?} {reported:?}", result.steps, result.outcome);
        assert!(!shown.contains("CANARY"), "{shown}");
        (result, reported, peer.seen())
    }
}

fn details(result: &CheckResult) -> Vec<&str> {
    result.steps.iter().map(|step| step.detail.as_str()).collect()
}

fn failed(result: CheckResult) -> (CheckStep, Kind, Explained) {
    let (step, explained) = result.outcome.unwrap_err();
    (step, explained.kind, *explained)
}

#[tokio::test]
async fn every_step_passes_and_is_reported_twice() {
    let (result, reported, seen) = Scene::new(Broker::AngelOne, &[]).run().await;
    assert_eq!(result.outcome, Ok(()), "{:?}", result.steps);
    let words = details(&result);
    assert_eq!(words[0], "the world sees 98.88.173.81 (IPv4)");
    assert!(words[2].starts_with("TOTP accepted, clock offset "), "{}", words[2]);
    assert_eq!(words[3], "client A123456, HEMA N");
    assert_eq!(words[4], "\u{20b9} 1,20,450.00 available");
    assert_eq!(result.permission, OrderPermission::Allowed);
    assert!(result.latency_ms.is_some() && result.clock_offset_ms.is_some());
    let until = result.opened.unwrap().until.to_string();
    assert_eq!(until, "2026-11-24T00:00:00.000+05:30");
    let verdicts: Vec<_> = reported.iter().map(|view| (view.step, view.verdict)).collect();
    let both = |step| [(step, StepVerdict::Running), (step, StepVerdict::Passed)];
    assert_eq!(verdicts, CheckStep::ALL.map(both).concat());
    let login = seen.iter().find(|request| request.contains("loginByPassword")).unwrap();
    assert!(login.contains("\"password\":\"7391\"") && login.contains("x-privatekey: CANARY-KEY"));
}

#[tokio::test]
async fn zerodha_passes_with_a_request_token_and_asks_for_a_person_without() {
    let mut scene = Scene::new(Broker::Zerodha, &[]);
    scene.token = Some(SecretText::new("CANARYREQUEST".to_owned()));
    let (result, _, _) = scene.run().await;
    assert_eq!(result.outcome, Ok(()));
    assert_eq!(details(&result)[3], "client XX0000, Chitra R");
    assert_eq!(result.funds, Some(Paise(9_972_505)));
    let (result, _, seen) = Scene::new(Broker::Zerodha, &[]).run().await;
    let (step, kind, explained) = failed(result);
    assert_eq!((step, kind), (CheckStep::Login, Kind::SessionExpired));
    assert!(explained.action.contains("login link"));
    assert!(!seen.iter().any(|request| request.contains("/session/token")));
}

#[tokio::test]
async fn an_unregistered_address_fails_the_last_step_with_what_to_do() {
    let (result, ..) = Scene::new(Broker::AngelOne, &[(
        "cancelOrder", 200,
        r#"{"success":false,"message":"Access denied: Unregistered IP address.","errorCode":"AG7002","data":""}"#,
    )]).run().await;
    assert!(result.opened.is_some(), "the session is good all the same");
    assert_eq!(result.permission, OrderPermission::Refused { seen: None });
    let (step, kind, explained) = failed(result);
    assert_eq!((step, kind), (CheckStep::OrderPermission, Kind::IpNotAllowed));
    assert_eq!(explained.broker_says.unwrap(), "AG7002 Access denied: Unregistered IP address.");
    assert_eq!(explained.ip_to_register.as_deref(), Some("98.88.173.81"));
    let mut scene = Scene::new(
        Broker::Zerodha,
        &[(
            "DELETE /orders/",
            403,
            r#"{"status":"error","message":"IP (3.86.244.195) is not allowed to place orders for this app.","error_type":"PermissionException"}"#,
        )],
    );
    scene.session = Some(session(Broker::Zerodha));
    let (result, ..) = scene.run().await;
    let (_, kind, explained) = failed(result);
    assert_eq!((kind, explained.ip_seen.as_deref()), (Kind::IpNotAllowed, Some("3.86.244.195")));
}

#[tokio::test]
async fn an_unclear_probe_does_not_fail_the_check() {
    let page: Script = &[("cancelOrder", 200, "<html>Request Rejected</html>")];
    let (result, ..) = Scene::new(Broker::AngelOne, page).run().await;
    assert_eq!(result.outcome, Ok(()));
    assert_eq!(result.steps[5].verdict, StepVerdict::Unknown);
    assert!(matches!(result.permission, OrderPermission::CannotTell { .. }));
}

#[tokio::test]
async fn a_wrong_way_out_stops_the_check_before_the_credential_is_used() {
    for answer in ["203.0.113.9", "2001:db8::1"] {
        let first: Script = match answer {
            "203.0.113.9" => &[("GET /ip", 200, "203.0.113.9")],
            _ => &[("GET /ip", 200, "2001:db8::1")],
        };
        let (result, _, seen) = Scene::new(Broker::AngelOne, first).run().await;
        let (step, _, explained) = failed(result);
        assert_eq!((step, explained.ip_seen.as_deref()), (CheckStep::Egress, Some(answer)));
        assert_eq!(seen.len(), 1);
    }
    let odd: [Script; 2] = [&[("GET /ip", 503, "x")], &[("GET /ip", 200, "<b>1.2.3.4</b>")]];
    for odd in odd {
        let (result, ..) = Scene::new(Broker::AngelOne, odd).run().await;
        assert_eq!(result.steps[0].verdict, StepVerdict::Unknown);
        assert_eq!(result.outcome, Ok(()));
    }
}

#[tokio::test]
async fn a_live_session_is_reused_and_a_dead_one_is_replaced_once() {
    let logins = |seen: &[String]| seen.iter().filter(|r| r.contains("loginByPassword")).count();
    let mut scene = Scene::new(Broker::AngelOne, &[]);
    scene.session = Some(session(Broker::AngelOne));
    let (result, _, seen) = scene.run().await;
    assert_eq!((&result.outcome, logins(&seen)), (&Ok(()), 0));
    assert!(result.opened.is_none() && result.latency_ms.is_some());
    // Dead before and after the login: then it is not the session that is wrong.
    let dead: Script = &[(
        "getProfile",
        200,
        r#"{"success":false,"message":"Invalid Token","errorCode":"AG8001","data":""}"#,
    )];
    let mut scene = Scene::new(Broker::AngelOne, dead);
    scene.session = Some(session(Broker::AngelOne));
    let (result, _, seen) = scene.run().await;
    assert_eq!(logins(&seen), 1);
    let (step, kind, _) = failed(result);
    assert_eq!((step, kind), (CheckStep::Profile, Kind::CredentialsRejected));
}

#[tokio::test]
async fn a_refused_code_ends_the_check_after_one_try() {
    let (result, _, seen) = Scene::new(
        Broker::AngelOne,
        &[(
            "loginByPassword",
            200,
            r#"{"status":false,"message":"Invalid totp","errorcode":"AB1050","data":null}"#,
        )],
    )
    .run()
    .await;
    assert_eq!(seen.iter().filter(|r| r.contains("loginByPassword")).count(), 1);
    assert_eq!(result.steps[3].verdict, StepVerdict::Waiting);
    let (step, kind, explained) = failed(result);
    assert_eq!((step, kind), (CheckStep::Login, Kind::OtpRejected));
    assert_eq!(explained.broker_says.as_deref(), Some("AB1050 Invalid totp"));
}

#[tokio::test]
async fn anothers_session_is_refused() {
    let mut scene = Scene::new(Broker::Zerodha, &[]);
    scene.session = Some(session(Broker::Zerodha));
    scene.client_id = Some("YY1111");
    let (step, kind, explained) = failed(scene.run().await.0);
    assert_eq!((step, kind), (CheckStep::Profile, Kind::CredentialsRejected));
    assert!(explained.means.contains("XX0000") && explained.means.contains("YY1111"));
}

#[tokio::test]
async fn without_a_wish_to_know_the_order_permission_is_not_asked_for() {
    let mut scene = Scene::new(Broker::AngelOne, &[]);
    scene.probe = false;
    let (result, _, seen) = scene.run().await;
    assert_eq!(result.outcome, Ok(()));
    assert_eq!(result.steps[5].verdict, StepVerdict::Unknown);
    assert_eq!(result.permission, OrderPermission::Untested);
    assert!(!seen.iter().any(|request| request.contains("cancelOrder")));
}

/// The code a login sent.
fn code_of(seen: &[String]) -> String {
    let login = seen.iter().find(|request| request.contains("loginByPassword")).unwrap();
    let at = login.find("\"totp\":\"").unwrap() + 8;
    login.get(at..at + 6).unwrap().to_owned()
}

#[tokio::test]
async fn a_code_that_was_used_is_waited_out() {
    let fresh = Scene::new(Broker::AngelOne, &[]);
    let (first, _, seen) = fresh.run().await;
    let used = first.otp_step.unwrap();
    let again = Scene::new(Broker::AngelOne, &[]);
    again.codes.used("A123456", used);
    let (second, _, later) = again.run().await;
    assert_eq!(second.otp_step, Some(used + 1));
    assert_ne!(code_of(&seen), code_of(&later));
    // A step far ahead was used: the clock went back, and waiting would not end.
    let back = Scene::new(Broker::AngelOne, &[]);
    back.codes.used("A123456", used + 10);
    let (result, _, seen) = back.run().await;
    assert!(failed(result).2.broker_says.unwrap().contains("clock went back"));
    assert!(!seen.iter().any(|request| request.contains("loginByPassword")));
}
