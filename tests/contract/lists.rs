//! The brokers' lists of instruments: the same names at both, sent once, whole or not at all.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use muster_protocol::failure::FailureKind;
use muster_protocol::order::{Broker, Exchange};
use muster_tests::sandbox::{FaultKind, Operation, Rules};

use crate::subject::{Subject, rules};

/// A list that has not changed is not sent again, where the broker can tell; else it comes anew.
pub(crate) async fn an_unchanged_list_is_not_sent_again(subject: Subject) -> anyhow::Result<()> {
    let first = subject.adapter.list(None, None).await?.context("a list")?;
    assert!(first.listing.len() > 200, "{}", first.listing.len());
    assert!(subject.adapter.list(None, Some(&first.validators)).await?.is_none());
    // The next month has other contracts.
    subject.sandbox.clock().set(Some("2026-12-28T12:00:00+05:30".parse()?), None, None);
    let next =
        subject.adapter.list(None, Some(&first.validators)).await?.context("it has changed")?;
    assert_ne!(next.listing, first.listing);
    subject.sandbox.set_rules(Rules { list_etags: false, ..rules() });
    let again =
        subject.adapter.list(None, Some(&next.validators)).await?.context("it comes again")?;
    assert_eq!(again.listing, next.listing);
    assert_eq!(again.validators, musterd::broker::catalog::Validators::default());
    Ok(())
}

/// Half a list would make half the instruments unknown: it is none.
pub(crate) async fn half_a_list_is_none(subject: Subject) -> anyhow::Result<()> {
    use FailureKind::{Malformed, Unreachable};
    for kind in [
        FaultKind::AcceptThenCut,
        FaultKind::AcceptThenTruncated,
        FaultKind::AcceptThenGarbage,
        FaultKind::AcceptThenEmpty,
        FaultKind::AcceptThenHtml,
        FaultKind::AcceptThenStatus,
        FaultKind::RefuseRateLimited,
        FaultKind::Drop,
        FaultKind::Redirect,
    ] {
        subject.arm(Operation::Instruments, kind);
        match subject.adapter.list(None, None).await {
            Err(error) => {
                let fair = [Malformed, Unreachable, FailureKind::RateLimited];
                assert!(fair.contains(&error.kind), "{kind:?}: {error}");
            }
            Ok(list) => {
                let rows = list.map_or(0, |list| list.listing.len());
                anyhow::bail!("{kind:?} was taken for a list of {rows}");
            }
        }
    }
    assert!(subject.adapter.list(None, None).await?.is_some());
    Ok(())
}

/// One name for an instrument, whatever the broker calls it.
#[tokio::test(flavor = "multi_thread")]
async fn both_lists_name_the_same() -> anyhow::Result<()> {
    let mut names: BTreeMap<Broker, BTreeSet<(Exchange, String, i64, u32)>> = BTreeMap::new();
    for broker in Broker::ALL {
        let subject = Subject::new(broker).await?;
        let list = subject.adapter.list(None, None).await?.context("a list")?.listing;
        let rows = list.iter().map(|listed| listed.instrument);
        let rows = rows.map(|row| (row.exchange, row.symbol, row.tick.0, row.lot.get()));
        names.insert(broker, rows.collect());
    }
    let (angel, zerodha) = (&names[&Broker::AngelOne], &names[&Broker::Zerodha]);
    assert!(angel.len() > 200);
    assert_eq!(angel.symmetric_difference(zerodha).collect::<Vec<_>>(), Vec::<&_>::new());
    for symbol in ["NIFTY26NOVFUT", "NIFTY26NOV26000CE"] {
        assert!(angel.iter().any(|row| row.1 == symbol), "{symbol}");
    }
    Ok(())
}
