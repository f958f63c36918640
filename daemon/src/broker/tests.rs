//! Both adapters against a peer that misbehaves: what each fault of the wire becomes.

use std::sync::Arc;
use std::time::Duration;

use muster_protocol::failure::FailureKind as Kind;
use muster_protocol::ids::{OrderId, OrderTag};
use muster_protocol::money::{Paise, Quantity};
use muster_protocol::order::{Broker, Exchange, Leg, PriceRule, Product, Side, Validity};
use muster_protocol::time::Timestamp;

use super::base_url::BaseUrl;
use super::http::{Call, Http, Route, SendError, Timeouts, Tls};
use super::peer::{Act, Peer};
use super::{Adapter, Auth, BrokerError, Endpoints, Leave, Order, Proof, adapter};
use crate::credential::{Credential, SecretText, SessionSecret};
use crate::domain::instrument::Instrument;

pub(crate) fn http() -> Http {
    let timeouts =
        Timeouts { connect: Duration::from_millis(300), total: Duration::from_millis(600) };
    Http::new(&Tls::new(None).unwrap(), &Route::default(), timeouts).unwrap()
}

pub(crate) fn at(broker: Broker, url: &str) -> Arc<dyn Adapter> {
    let base = BaseUrl::parse(url).unwrap();
    let endpoints = Endpoints {
        angel_one: base.clone(),
        angel_one_instruments: BaseUrl::parse(&format!("{url}/master.json")).unwrap(),
        zerodha: base.clone(),
        zerodha_login: base,
    };
    adapter(broker, &endpoints, http())
}

pub(crate) fn secret(text: &str) -> SecretText {
    SecretText::new(text.to_owned())
}

pub(crate) fn credential(broker: Broker) -> Credential {
    match broker {
        Broker::AngelOne => Credential::AngelOne {
            api_key: secret("CANARY-KEY"),
            client_id: "A123456".to_owned(),
            mpin: secret("7391"),
            totp_secret: secret("JBSWY3DPEHPK3PXP"),
        },
        Broker::Zerodha => Credential::Zerodha {
            api_key: secret("CANARY-KEY"),
            api_secret: secret("CANARY-SECRET"),
        },
    }
}

pub(crate) fn session(broker: Broker) -> SessionSecret {
    match broker {
        Broker::AngelOne => SessionSecret::AngelOne { jwt: secret("CANARY-TOKEN") },
        Broker::Zerodha => SessionSecret::Zerodha { access_token: secret("CANARY-TOKEN") },
    }
}

pub(crate) fn order() -> Order {
    let one = Quantity::try_from(1).unwrap();
    let (exchange, symbol) = (Exchange::Nse, "SBIN".to_owned());
    Order {
        instrument: Instrument {
            exchange,
            symbol: symbol.clone(),
            broker_symbol: symbol.clone(),
            token: "3045".to_owned(),
            tick: Paise(5),
            lot: one,
        },
        leg: Leg {
            exchange,
            symbol,
            side: Side::Buy,
            quantity: one,
            product: Product::Delivery,
            price: PriceRule::Limit { price: Paise(84_215) },
            validity: Validity::Day,
        },
        tag: OrderTag("2X71A00K30F1QZ7WMPA".to_owned()),
        leave: Leave::default(),
    }
}

/// Places, cancels and reads against the same peer.
async fn all(broker: Broker, url: &str) -> [BrokerError; 3] {
    let (adapter, credential, session) = (at(broker, url), credential(broker), session(broker));
    let auth = Auth { credential: &credential, session: &session };
    [
        adapter.place(auth, &order()).await.unwrap_err(),
        adapter.cancel(auth, &OrderId("1".to_owned())).await.unwrap_err(),
        adapter.order_book(auth).await.unwrap_err(),
    ]
}

async fn expect(script: fn() -> Act, write: Kind, read: Kind) {
    for broker in Broker::ALL {
        let peer = Peer::start(move |_| script()).await;
        let errors = all(broker, &peer.url).await;
        assert_eq!(errors.each_ref().map(|e| e.kind), [write, write, read], "{errors:?}");
        for error in errors {
            let shown = format!("{error} {error:?}");
            let leak = ["CANARY", "127.0.0.1", "http:"].iter().find(|word| shown.contains(**word));
            assert_eq!(leak, None, "{shown}");
        }
        assert_eq!(peer.seen().len(), 3, "each call is sent once");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for status in ["302", "307", "308"] {
        let peer = Peer::start(|_| Act::Close).await;
        let target = peer.url.clone();
        let other = Peer::start(move |_| {
            let head = format!("HTTP/1.1 {status} X\r\nlocation: {target}/again\r\n");
            Act::Raw(format!("{head}content-length: 0\r\n\r\n").into_bytes())
        })
        .await;
        let errors = all(Broker::Zerodha, &other.url).await;
        assert_eq!(errors.map(|e| e.kind), [Kind::InDoubt, Kind::InDoubt, Kind::Malformed]);
        assert_eq!((other.seen().len(), peer.seen().len()), (3, 0));
    }
}

#[tokio::test]
async fn silence_is_a_doubt_about_an_order() {
    expect(|| Act::Hang, Kind::InDoubt, Kind::Unreachable).await;
}

#[tokio::test]
async fn closing_after_reading_is_a_doubt() {
    expect(|| Act::Close, Kind::InDoubt, Kind::Unreachable).await;
}

#[tokio::test]
async fn half_an_answer_is_a_doubt() {
    let half = || Act::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{\"sta".to_vec());
    expect(half, Kind::InDoubt, Kind::Unreachable).await;
    let cut = || Act::Answer(200, "{\"status\":true,\"data\":{\"orderid\":".to_owned());
    expect(cut, Kind::InDoubt, Kind::Malformed).await;
}

#[tokio::test]
async fn an_endless_answer_is_cut() {
    let long = || {
        let mut bytes = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"status\":true,".to_vec();
        bytes.resize(10 * 1024 * 1024, b' ');
        Act::Raw(bytes)
    };
    expect(long, Kind::InDoubt, Kind::Malformed).await;
}

#[tokio::test]
async fn a_success_without_a_number_is_a_doubt() {
    for (broker, body) in [
        (Broker::AngelOne, r#"{"status":true,"message":"SUCCESS","errorcode":"","data":null}"#),
        (Broker::AngelOne, r#"{"status":true,"data":{"orderid":"CANARY/../x"}}"#),
        (Broker::Zerodha, r#"{"status":"success","data":{}}"#),
        (Broker::Zerodha, r#"{"status":"success","data":{"order_id":null}}"#),
    ] {
        let peer = Peer::start(|_| Act::Answer(200, body.to_owned())).await;
        let (credential, session) = (credential(broker), session(broker));
        let auth = Auth { credential: &credential, session: &session };
        let error = at(broker, &peer.url).place(auth, &order()).await.unwrap_err();
        assert_eq!(error.kind, Kind::InDoubt, "{body}");
    }
}

#[tokio::test]
async fn a_refused_connection_proves_nothing_was_sent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for broker in Broker::ALL {
        let errors = all(broker, &url).await;
        assert_eq!(errors.each_ref().map(|e| e.kind), [Kind::Unreachable; 3]);
        assert_eq!(errors[0].says.as_deref(), Some("the connection was refused"));
    }
    let call = || Call::get(BaseUrl::parse(&url).unwrap().url());
    assert!(matches!(http().send(call()).await, Err(SendError::NotSent(_))));
    // Not an address of this machine (reserved for documentation).
    let bind = Some("192.0.2.1".parse().unwrap());
    let route = Route { bind, proxy: None };
    let elsewhere = Http::new(&Tls::new(None).unwrap(), &route, Timeouts::default()).unwrap();
    let error = elsewhere.send(call()).await.unwrap_err();
    assert_eq!(error.words(), "the egress address is not an address of this machine");
}

#[tokio::test]
async fn a_peer_that_speaks_no_tls_is_never_sent_a_request() {
    let peer = Peer::start(|_| Act::Close).await;
    let url = peer.url.replace("http:", "https:");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let garbage = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 200 OK\r\n\r\n").await;
        std::future::pending::<()>().await;
    });
    for (url, words) in [
        (url, "no connection in the time allowed"),
        (garbage, "TLS failed: the certificate or the protocol was not accepted"),
    ] {
        let error = all(Broker::AngelOne, &url).await[0].clone();
        assert_eq!((error.kind, error.says.as_deref()), (Kind::Unreachable, Some(words)));
    }
}

#[tokio::test]
async fn a_secret_that_cannot_stand_in_a_header_is_never_sent() {
    let peer = Peer::start(|_| Act::Close).await;
    let session = SessionSecret::Zerodha { access_token: secret("CANARY\r\nx: y") };
    let credential = credential(Broker::Zerodha);
    let auth = Auth { credential: &credential, session: &session };
    let error = at(Broker::Zerodha, &peer.url).place(auth, &order()).await.unwrap_err();
    assert_eq!((error.kind, peer.seen().len()), (Kind::Unreachable, 0));
}

#[tokio::test]
async fn another_brokers_credential_goes_nowhere() {
    let peer = Peer::start(|_| Act::Close).await;
    let (credential, session) = (credential(Broker::Zerodha), session(Broker::Zerodha));
    let auth = Auth { credential: &credential, session: &session };
    let angel = at(Broker::AngelOne, &peer.url);
    let now = Timestamp::from_millis(0);
    let login = angel.login(&credential, Proof::OneTimeCode { now }, now).await;
    assert!(login.is_err() && angel.place(auth, &order()).await.is_err());
    assert!(angel.login_page(&credential, "s").is_none());
    assert!(peer.seen().is_empty());
}

#[tokio::test]
async fn a_gzipped_answer_is_read() {
    // `printf '{"status":"success","data":[]}' | gzip -n`
    const EMPTY: &str = "1f8b0800000000000203ab562a2e492c292d56b2522a2e4d4e4e2d2e56d2514a492c4954b28a8ead05008e759e601e000000";
    let body = data_encoding::HEXLOWER.decode(EMPTY.as_bytes()).unwrap();
    let peer = Peer::start(move |_| {
        let head = format!("content-encoding: gzip\r\ncontent-length: {}\r\n\r\n", body.len());
        Act::Raw([b"HTTP/1.1 200 OK\r\n", head.as_bytes(), &body].concat())
    })
    .await;
    let (credential, session) = (credential(Broker::Zerodha), session(Broker::Zerodha));
    let auth = Auth { credential: &credential, session: &session };
    assert!(at(Broker::Zerodha, &peer.url).order_book(auth).await.unwrap().is_empty());
}
