//! Ways out through a proxy: the broker sees the proxy's address, and what the proxy does not let through
//! goes nowhere else. Over TLS, as the real brokers are called.

use std::net::IpAddr;

use anyhow::Context;
use muster_protocol::failure::FailureKind;
use muster_tests::harness::{Manner, PROXY, Proxy, Speaks};
use muster_tests::sandbox::Operation;
use musterd::broker::BrokerError;

use crate::subject::Subject;

const BOTH: [Speaks; 2] = [Speaks::Socks5, Speaks::Http];

/// I9 through a proxy: orders and everything else come from its address.
pub(crate) async fn orders_leave_by_the_proxy_and_by_nothing_else(
    subject: Subject,
) -> anyhow::Result<()> {
    subject.allow(&[&PROXY.to_string()])?;
    for (number, speaks) in BOTH.into_iter().enumerate() {
        let proxy = Proxy::start(speaks, Manner::Passes).await?;
        let adapter = subject.through(proxy.url())?;
        adapter.profile(subject.auth()).await?;
        adapter.place(subject.auth(), &subject.order(number)).await?;
        assert!(proxy.passed() > 0, "{speaks:?}");
    }
    let orders = subject.sandbox.orders();
    assert_eq!(orders.len(), 2);
    assert!(orders.iter().all(|order| order.source_ip == IpAddr::from(PROXY)), "{orders:?}");
    let reads = subject.sandbox.requests();
    let through = reads.iter().filter(|request| request.source_ip == IpAddr::from(PROXY));
    assert_eq!(through.count(), 4, "each profile and each order");
    let error = subject.adapter.place(subject.auth(), &subject.order(9)).await.err();
    assert_eq!(error.context("placed without it")?.kind, FailureKind::IpNotAllowed);
    Ok(())
}

/// Whatever keeps a proxy from connecting: nothing was sent, and that is known and said.
pub(crate) async fn a_proxy_that_does_not_connect_lets_nothing_out(
    subject: Subject,
) -> anyhow::Result<()> {
    for speaks in BOTH {
        // An HTTP proxy's answers other than 407 all look the same from here.
        let by_rule = if speaks == Speaks::Socks5 { "by its rules" } else { "password and rules" };
        for (manner, words) in
            [(Manner::Refuses, by_rule), (Manner::Closes, "closed without an answer")]
        {
            let proxy = Proxy::start(speaks, manner).await?;
            let error = failure(&subject, proxy.url()).await?;
            assert!(error.to_string().contains(words), "{speaks:?} {manner:?}: {error}");
        }
        let proxy = Proxy::start(speaks, Manner::Passes).await?;
        let error = failure(&subject, proxy.url_with("CANARYwrong")).await?;
        assert!(error.to_string().contains("does not take its name and password"), "{error}");
        let gone = proxy.url();
        proxy.stop().await;
        let error = failure(&subject, gone).await?;
        assert!(error.to_string().contains("nothing answers at the address"), "{error}");
    }
    Ok(())
}

/// SOCKS5 has a code for each reason: each is told for itself.
pub(crate) async fn each_refusal_of_a_socks_proxy_says_which(
    subject: Subject,
) -> anyhow::Result<()> {
    for (code, words) in [
        (1, "a fault of its own"),
        (2, "by its rules"),
        (3, "cannot reach the broker's network"),
        (4, "cannot reach the broker's host"),
        (5, "the broker refused"),
        (6, "lost its way"),
        (7, "makes no connections for others"),
        (8, "takes no names"),
    ] {
        let proxy = Proxy::start(Speaks::Socks5, Manner::Says(code)).await?;
        let error = failure(&subject, proxy.url()).await?;
        assert!(error.to_string().contains(words), "{code}: {error}");
    }
    let proxy = Proxy::start(Speaks::Socks5, Manner::Babbles).await?;
    let error = failure(&subject, proxy.url()).await?;
    assert!(error.to_string().contains("does not speak its kind"), "{error}");
    let proxy = Proxy::start(Speaks::Http, Manner::Says(5)).await?;
    let error = failure(&subject, proxy.url()).await?;
    assert!(error.to_string().contains("the egress's proxy did not connect"), "{error}");
    Ok(())
}

/// An order through this proxy, which must be known not to have been sent.
async fn failure(subject: &Subject, proxy: String) -> anyhow::Result<BrokerError> {
    let before = subject.sandbox.requests().len();
    let adapter = subject.through(proxy)?;
    let error = adapter.place(subject.auth(), &subject.order(1)).await.err().context("placed")?;
    assert_eq!(error.kind, FailureKind::Unreachable, "{error}");
    assert_eq!(subject.sandbox.requests().len(), before, "nothing arrived");
    let shown = format!("{error} {error:?}");
    for secret in ["CANARY", "desk", "127.0.0."] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    Ok(error)
}

/// A proxy that ends while it is used: what was not answered is in doubt or known not to have been sent,
/// and never goes straight to the broker.
pub(crate) async fn a_proxy_that_goes_away_lets_nothing_out(
    subject: Subject,
) -> anyhow::Result<()> {
    for speaks in BOTH {
        let proxy = Proxy::start(speaks, Manner::Passes).await?;
        let adapter = subject.through(proxy.url())?;
        adapter.profile(subject.auth()).await?;
        proxy.stop().await;
        for number in 0..3 {
            let error = adapter.place(subject.auth(), &subject.order(number)).await.err();
            let kind = error.context("placed")?.kind;
            // The first may have met the connection that was kept.
            let fair = matches!(kind, FailureKind::Unreachable)
                || number == 0 && kind == FailureKind::InDoubt;
            assert!(fair, "{kind:?}");
        }
    }
    assert_eq!(subject.calls(Operation::Place), 0);
    assert!(subject.sandbox.orders().is_empty());
    Ok(())
}
