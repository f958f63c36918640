//! Orders that are stopped while their connection is being made: the peer counts what it reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use muster_protocol::failure::FailureKind as Kind;
use muster_protocol::order::Broker;
use tokio::net::TcpListener;

use super::peer::{Act, Peer};
use super::tests::{at, credential, order, session};
use super::{Auth, BrokerError, Leave, Order};

async fn place(broker: Broker, url: &str, leave: Leave) -> Result<(), BrokerError> {
    let (adapter, credential, session) = (at(broker, url), credential(broker), session(broker));
    let auth = Auth { credential: &credential, session: &session };
    // A connection that is kept, where the peer keeps one.
    drop(adapter.order_book(auth).await);
    adapter.place(auth, &Order { leave, ..order() }).await.map(drop)
}

fn answers(_: &str) -> Act {
    let body = r#"{"status":"success","data":{"order_id":"7","orderid":"7"}}"#;
    Act::Answer(200, body.replace("\"success\"", "true"))
}

#[tokio::test]
async fn i10_an_order_that_is_stopped_once_its_connection_is_there_never_arrives() {
    for broker in Broker::ALL {
        let peer = Peer::start(answers).await;
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let no = Leave::if_still(move || count.fetch_add(1, Ordering::SeqCst) == usize::MAX);
        let error = place(broker, &peer.url, no).await.unwrap_err();
        // The model's word for what is proven not to have left.
        assert_eq!(error.kind, Kind::Unreachable);
        assert_eq!(error.says.as_deref(), Some("stopped as it was about to leave"));
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        let seen = peer.seen();
        assert!(seen.iter().all(|request| request.starts_with("GET")), "{seen:?}");
    }
}

#[tokio::test]
async fn an_order_that_may_leave_is_sent_whole_with_its_length() {
    for broker in Broker::ALL {
        let peer = Peer::start(answers).await;
        drop(place(broker, &peer.url, Leave::if_still(|| true)).await);
        drop(place(broker, &peer.url, Leave::default()).await);
        let seen = peer.seen();
        let orders: Vec<&String> = seen.iter().filter(|r| r.starts_with("POST")).collect();
        let (head, body) = orders[0].split_once("\r\n\r\n").unwrap();
        assert!(body.contains("SBIN"));
        let host = peer.url.strip_prefix("http://").unwrap();
        for (name, value) in [("host", host), ("content-length", &body.len().to_string())] {
            let is_it = |line: &&str| line.split_once(": ").is_some_and(|(is, _)| is == name);
            let lines: Vec<&str> = head.lines().filter(is_it).collect();
            assert_eq!(lines, [format!("{name}: {value}")]);
        }
        assert_eq!(orders[0], orders[1], "asked or not, the same is sent");
    }
}

/// A broker that is slow to shake hands: what is said meanwhile counts.
#[tokio::test]
async fn i10_nobody_is_asked_before_the_connection_is_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let yes = Leave::if_still(move || count.fetch_add(1, Ordering::SeqCst) < usize::MAX);
    let error = place(Broker::Zerodha, &url, yes).await.unwrap_err();
    assert_eq!((error.kind, asked.load(Ordering::SeqCst)), (Kind::Unreachable, 0));
}
