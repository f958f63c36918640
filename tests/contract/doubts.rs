//! Answers that settle nothing about an order, and how it is found all the same.

use anyhow::Context;
use muster_protocol::failure::FailureKind;
use muster_tests::sandbox::{FaultKind, Operation};
use musterd::broker::BrokerError;

use crate::faults::{KINDS, Leaves, leaves};
use crate::subject::Subject;

/// The answer is lost; the order is in the book, under its tag, once.
pub(crate) async fn in_doubt_is_found_by_tag(subject: Subject) -> anyhow::Result<()> {
    let (lost, absent, other) = (subject.order(1), subject.order(2), subject.order(3));
    subject.arm(Operation::Place, FaultKind::AcceptThenClose);
    let error = subject.adapter.place(subject.auth(), &lost).await.err().context("placed")?;
    assert_eq!(error.kind, FailureKind::InDoubt);
    let known = subject.adapter.place(subject.auth(), &other).await?;
    let found = subject.adapter.find_by_tag(subject.auth(), &lost.tag).await?;
    let orders = subject.sandbox.orders();
    let kept = orders.iter().find(|row| row.tag.as_deref() == Some(lost.tag.0.as_str()));
    let kept = kept.context("the broker has it")?;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].order_id.0, kept.order_id);
    assert!(found[0].tags.contains(&lost.tag.0));
    assert!(subject.adapter.find_by_tag(subject.auth(), &absent.tag).await?.is_empty());
    let found = subject.adapter.find_by_tag(subject.auth(), &other.tag).await?;
    assert_eq!(found.iter().map(|row| &row.order_id).collect::<Vec<_>>(), [&known]);
    assert_eq!(subject.adapter.order_book(subject.auth()).await?.len(), 2);
    Ok(())
}

/// Whatever goes wrong after the first byte left: in doubt, sent once, and found if it is there.
pub(crate) async fn every_unclear_answer_is_in_doubt(subject: Subject) -> anyhow::Result<()> {
    let unclear =
        KINDS.into_iter().filter(|kind| matches!(leaves(*kind), Leaves::AnOrder | Leaves::NoOrder));
    let statuses = [500, 502, 503, 504].map(|status| (FaultKind::AcceptThenStatus, Some(status)));
    for (number, (kind, status)) in unclear.map(|kind| (kind, None)).chain(statuses).enumerate() {
        let (order, before) = (subject.order(number), subject.calls(Operation::Place));
        match status {
            Some(status) => subject.arm_status(Operation::Place, kind, status),
            None => subject.arm(Operation::Place, kind),
        }
        let answer = subject.adapter.place(subject.auth(), &order).await;
        let error = answer.err().with_context(|| format!("{kind:?} was taken for a success"))?;
        assert_eq!(error.kind, FailureKind::InDoubt, "{kind:?} {status:?}: {error}");
        assert_eq!(subject.calls(Operation::Place), before + 1, "{kind:?} was sent once");
        let found = subject.adapter.find_by_tag(subject.auth(), &order.tag).await?.len();
        assert_eq!(found, usize::from(leaves(kind) == Leaves::AnOrder), "{kind:?}");
        assert_eq!(subject.booked(&order), found);
    }
    Ok(())
}

/// Every call with every fault: what is said of it holds nothing secret and no address called.
pub(crate) async fn secrets_never_in_errors(subject: Subject) -> anyhow::Result<()> {
    let mut errors: Vec<BrokerError> = Vec::new();
    for (number, kind) in KINDS.into_iter().enumerate() {
        for operation in CALLS {
            subject.arm(operation, kind);
        }
        let auth = subject.auth();
        errors.extend(subject.log_in(&subject.credential).await?.err());
        errors.extend(subject.adapter.profile(auth).await.err());
        errors.extend(subject.adapter.funds(auth).await.err());
        errors.extend(subject.adapter.order_book(auth).await.err());
        errors.extend(subject.adapter.place(auth, &subject.order(number)).await.err());
        errors.extend(subject.adapter.probe_order_permission(auth).await.err());
        errors.extend(subject.adapter.logout(auth).await.err());
        subject.sandbox.disarm();
    }
    assert!(errors.len() > 60, "{} errors to look at", errors.len());
    let pin = subject.sandbox.summary().angel_one.accounts[0].pin.clone();
    for error in errors {
        let shown = format!("{error} {error:?}").to_lowercase();
        for secret in ["canary", "http:", "127.0.0.1:", &format!(" {pin} "), "eyj"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
    Ok(())
}

/// What an adapter calls.
const CALLS: [Operation; 7] = [
    Operation::Login,
    Operation::Profile,
    Operation::Funds,
    Operation::Book,
    Operation::Place,
    Operation::Cancel,
    Operation::Logout,
];
