//! Connections that are used again: a peer may end one at any time, and no order may be sent a second
//! time because of that, by whatever part of the HTTP client. The peer counts what it reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use muster_protocol::failure::FailureKind as Kind;
use muster_protocol::order::Broker;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::tests::{at, credential, order, session};
use super::{Auth, BrokerError};

/// What the peer does once the order is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Reads all of it, then closes.
    Close,
    /// Reads all of it, then resets the connection.
    Reset,
    /// Reads a few bytes of it, then resets the connection.
    EarlyReset,
    /// Closes the connection that is kept before the order comes.
    Idle,
}

/// A peer that answers reads and keeps their connection.
struct Keeper {
    url: String,
    connections: Arc<AtomicUsize>,
    orders: Arc<AtomicUsize>,
}

impl Keeper {
    async fn start(end: End) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (connections, orders) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (opened, read) = (Arc::clone(&connections), Arc::clone(&orders));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                opened.fetch_add(1, Ordering::SeqCst);
                let read = Arc::clone(&read);
                tokio::spawn(async move { serve(stream, end, &read).await });
            }
        });
        Self { url, connections, orders }
    }

    fn counts(&self) -> (usize, usize) {
        (self.connections.load(Ordering::SeqCst), self.orders.load(Ordering::SeqCst))
    }
}

async fn serve(mut stream: TcpStream, end: End, orders: &AtomicUsize) {
    let mut bytes = Vec::new();
    loop {
        while !is_whole(&bytes) {
            if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
            if end == End::EarlyReset && bytes.starts_with(b"POST") {
                orders.fetch_add(1, Ordering::SeqCst);
                stream.set_zero_linger().unwrap();
                return;
            }
        }
        if bytes.starts_with(b"POST") {
            orders.fetch_add(1, Ordering::SeqCst);
            if end == End::Reset {
                stream.set_zero_linger().unwrap();
            }
            return;
        }
        bytes.clear();
        // What the read makes of it is of no interest here.
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
        if end == End::Idle {
            return;
        }
    }
}

fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

/// Reads, so that a connection is kept, then places.
async fn read_then_place(broker: Broker, url: &str) -> Result<(), BrokerError> {
    let (adapter, credential, session) = (at(broker, url), credential(broker), session(broker));
    let auth = Auth { credential: &credential, session: &session };
    drop(adapter.order_book(auth).await);
    // The client's own task puts the connection back.
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
    adapter.place(auth, &order()).await.map(drop)
}

#[tokio::test]
async fn an_order_read_on_a_kept_connection_is_never_sent_again() {
    for end in [End::Close, End::Reset, End::EarlyReset] {
        for broker in Broker::ALL {
            let keeper = Keeper::start(end).await;
            let error = read_then_place(broker, &keeper.url).await.unwrap_err();
            assert_eq!(error.kind, Kind::InDoubt, "{end:?}");
            // One connection served the read and the order: it was used again, and there was no other.
            assert_eq!(keeper.counts(), (1, 1), "{end:?} at {broker:?}");
        }
    }
}

/// The connection was closed before the order: the client may notice and take another, or not notice and
/// not know. In no case does the peer read two, and what is said not to have been sent was not.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_for_a_connection_that_is_gone_is_read_once_at_most() {
    for round in 0..100 {
        let broker = Broker::ALL[round % Broker::ALL.len()];
        let keeper = Keeper::start(End::Idle).await;
        let error = read_then_place(broker, &keeper.url).await.unwrap_err();
        let (connections, orders) = keeper.counts();
        assert!(orders <= 1 && connections <= 2, "{orders} orders on {connections}");
        assert!(error.kind == Kind::InDoubt || orders == 0, "{error} but {orders} were read");
    }
}
