//! The way a call takes: from the bound address, to the broker, nowhere else.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use muster_protocol::failure::FailureKind;
use muster_tests::sandbox::Operation;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::subject::Subject;

/// Whoever answers in the broker's place sends nobody to the broker, and nobody elsewhere.
pub(crate) async fn redirects_are_not_followed(subject: Subject) -> anyhow::Result<()> {
    let summary = subject.sandbox.summary();
    let broker = match subject.side() {
        muster_tests::sandbox::Broker::AngelOne => summary.angel_one.base_url,
        muster_tests::sandbox::Broker::Kite => summary.kite.base_url,
    };
    for (number, status) in [301, 302, 303, 307, 308].into_iter().enumerate() {
        let (at, asked) = redirector(status, broker.clone()).await?;
        let adapter = subject.detour(None, Some(&at))?;
        let calls = || [Operation::Place, Operation::Profile].map(|call| subject.calls(call));
        let before = calls();
        let error = adapter.place(subject.auth(), &subject.order(number)).await.err();
        assert_eq!(error.context("placed")?.kind, FailureKind::InDoubt, "{status}");
        assert!(adapter.profile(subject.auth()).await.is_err(), "{status}");
        assert_eq!(asked.load(Ordering::SeqCst), 2, "each was sent once");
        assert_eq!(calls(), before, "{status} was followed");
    }
    assert!(subject.sandbox.orders().is_empty());
    Ok(())
}

/// A peer that sends every call on to the same path elsewhere; its address and how often it was asked.
async fn redirector(status: u16, to: String) -> anyhow::Result<(String, Arc<AtomicUsize>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let at = format!("http://{}", listener.local_addr()?);
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 16 * 1024];
            let read = stream.read(&mut request).await.unwrap_or(0);
            let head = String::from_utf8_lossy(&request[..read]).into_owned();
            count.fetch_add(1, Ordering::SeqCst);
            let path = head.split(' ').nth(1).unwrap_or("/");
            let answer = format!(
                "HTTP/1.1 {status} Moved\r\nlocation: {to}{path}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            drop(stream.write_all(answer.as_bytes()).await);
        }
    });
    Ok((at, asked))
}

/// I9: the broker sees the egress's address, and no other.
pub(crate) async fn every_order_leaves_from_the_bound_address(
    subject: Subject,
) -> anyhow::Result<()> {
    let bound = Ipv4Addr::new(127, 0, 0, 7);
    subject.allow(&["127.0.0.7"])?;
    let adapter = subject.detour(Some(bound), None)?;
    for number in 0..5 {
        adapter.place(subject.auth(), &subject.order(number)).await?;
    }
    let orders = subject.sandbox.orders();
    assert_eq!(orders.len(), 5);
    assert!(orders.iter().all(|order| order.source_ip == bound), "{orders:?}");
    let error = subject.adapter.place(subject.auth(), &subject.order(9)).await.err();
    assert_eq!(error.context("placed from another")?.kind, FailureKind::IpNotAllowed);
    Ok(())
}

/// I9: if the address is gone, nothing leaves at all.
pub(crate) async fn no_order_leaves_from_another_address(subject: Subject) -> anyhow::Result<()> {
    // Reserved for documentation: no machine's.
    let adapter = subject.detour(Some(Ipv4Addr::new(192, 0, 2, 1)), None)?;
    let error = adapter.place(subject.auth(), &subject.order(1)).await.err().context("placed")?;
    assert_eq!(error.kind, FailureKind::Unreachable);
    assert_eq!(subject.calls(Operation::Place), 0);
    Ok(())
}
