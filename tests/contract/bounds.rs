//! Answers that come late, too often or too long, and what is kept of an order all the same.

use anyhow::Context;
use muster_protocol::failure::FailureKind;
use muster_protocol::order::{PriceRule, Side};
use muster_tests::sandbox::{
    AccountFields, BookOrder, Fault, FaultKind, Operation, RateLimits, Rules,
};

use crate::subject::Subject;
use musterd::broker::{Adapter, BookRow, Order};

/// An answer that takes longer than a call may is none: the order may be there, and is.
pub(crate) async fn a_slow_reply_is_a_doubt(subject: Subject) -> anyhow::Result<()> {
    for (number, kind) in [FaultKind::Slow, FaultKind::Trickle].into_iter().enumerate() {
        subject.arm(Operation::Place, kind);
        let order = subject.order(number);
        let error = subject.adapter.place(subject.auth(), &order).await.err().context("placed")?;
        assert_eq!(error.kind, FailureKind::InDoubt, "{kind:?}: {error}");
        assert_eq!(subject.booked(&order), 1, "{kind:?}");
        subject.arm(Operation::Book, kind);
        let error = subject.adapter.order_book(subject.auth()).await.err().context("read")?;
        assert_eq!(error.kind, FailureKind::Unreachable, "{kind:?}: {error}");
    }
    assert_eq!(subject.calls(Operation::Place), 2, "each was sent once");
    Ok(())
}

/// Ten mebibytes are not read to their end, and half of an answer is none.
pub(crate) async fn a_body_over_the_cap_is_cut(subject: Subject) -> anyhow::Result<()> {
    subject.arm(Operation::Place, FaultKind::AcceptThenHuge);
    let order = subject.order(1);
    let error = subject.adapter.place(subject.auth(), &order).await.err().context("placed")?;
    assert_eq!(error.kind, FailureKind::InDoubt);
    assert!(error.to_string().contains("longer than is read"), "{error}");
    assert_eq!(subject.booked(&order), 1);
    subject.arm(Operation::Book, FaultKind::AcceptThenHuge);
    let error = subject.adapter.order_book(subject.auth()).await.err().context("read")?;
    assert_eq!(error.kind, FailureKind::Malformed);
    Ok(())
}

/// The book tells of an order what was sent, or nothing: by that one under another's tag is told apart.
pub(crate) fn looks_like(row: &BookRow, order: &Order) {
    let (leg, instrument) = (&order.leg, &order.instrument);
    let told = (row.exchange, row.side, row.quantity);
    assert_eq!(told, (Some(leg.exchange), Some(leg.side), Some(leg.quantity)));
    assert_eq!(row.symbol.as_ref(), Some(&instrument.broker_symbol));
    assert!(row.token.as_ref().is_none_or(|token| *token == instrument.token), "{row:?}");
}

/// An order's tag stands in the book as it was sent, whoever else's orders are there and in whatever
/// order they come; nobody else's is taken for ours.
pub(crate) async fn the_tag_comes_back(subject: Subject) -> anyhow::Result<()> {
    let order = subject.order(1);
    let placed = subject.adapter.place(subject.auth(), &order).await?;
    let others = [subject.order(2), subject.order(3)];
    for other in &others {
        subject.adapter.place(subject.auth(), other).await?;
    }
    for book_order in [BookOrder::Arrival, BookOrder::NewestFirst, BookOrder::Shuffled] {
        let rules = Rules { book_order, foreign_orders: true, ..crate::subject::rules() };
        subject.sandbox.set_rules(rules);
        let book = subject.adapter.order_book(subject.auth()).await?;
        let ours: Vec<_> = book.iter().filter(|row| row.tags.contains(&order.tag.0)).collect();
        assert_eq!(ours.len(), 1, "{book_order:?}");
        assert_eq!(ours[0].order_id, placed, "{book_order:?}");
        looks_like(ours[0], &order);
        let found = subject.adapter.find_by_tag(subject.auth(), &order.tag).await?;
        assert_eq!(found.len(), 1, "{book_order:?}");
        assert_eq!(found[0].order_id, placed);
    }
    a_stale_book_shows_nothing(&subject).await
}

/// A book that is behind shows nothing, which proves nothing: that is for whoever asks to know.
async fn a_stale_book_shows_nothing(subject: &Subject) -> anyhow::Result<()> {
    subject.arm(Operation::Book, FaultKind::Stale);
    let late = subject.order(4);
    subject.adapter.place(subject.auth(), &late).await?;
    assert!(subject.adapter.find_by_tag(subject.auth(), &late.tag).await?.is_empty());
    assert_eq!(subject.adapter.find_by_tag(subject.auth(), &late.tag).await?.len(), 1);
    Ok(())
}

/// A reader who is throttled is told so; an order that is throttled may have gone through.
pub(crate) async fn a_throttled_read_is_no_doubt_and_a_throttled_order_is(
    subject: Subject,
) -> anyhow::Result<()> {
    for operation in [Operation::Book, Operation::Profile, Operation::Funds] {
        subject.arm(operation, FaultKind::RefuseRateLimited);
    }
    let auth = subject.auth();
    let kinds = [
        subject.adapter.order_book(auth).await.err(),
        subject.adapter.profile(auth).await.err(),
        subject.adapter.funds(auth).await.err(),
    ];
    let kinds = kinds.map(|error| error.map(|error| error.kind));
    assert_eq!(kinds, [Some(FailureKind::RateLimited); 3]);
    for (kind, booked) in [(FaultKind::RefuseRateLimited, 0), (FaultKind::AcceptThenRateLimited, 1)]
    {
        subject.arm(Operation::Place, kind);
        let order = subject.order(booked);
        let error = subject.adapter.place(auth, &order).await.err().context("placed")?;
        assert_eq!(error.kind, FailureKind::InDoubt, "{kind:?}");
        assert_eq!(subject.booked(&order), booked, "{kind:?}");
    }
    Ok(())
}

/// The broker's own limit, run into: what it refused is in doubt and is not there; what it took is.
pub(crate) async fn a_flood_is_counted_right(subject: Subject) -> anyhow::Result<()> {
    let rules = Rules { rate_limits: RateLimits::Orders, ..crate::subject::rules() };
    subject.sandbox.set_rules(rules);
    let now = subject.sandbox.clock().now();
    subject.sandbox.clock().set(Some(now), None, Some(true));
    let mut refused = 0;
    for number in 0..14 {
        let order = subject.order(number);
        match subject.adapter.place(subject.auth(), &order).await {
            Ok(_) => assert_eq!(subject.booked(&order), 1),
            Err(error) => {
                assert_eq!(error.kind, FailureKind::InDoubt, "{error}");
                assert_eq!(subject.booked(&order), 0);
                refused += 1;
            }
        }
    }
    assert!((4..=5).contains(&refused), "{refused} of 14 refused");
    Ok(())
}

/// Under the daemon's own limits no reader ever meets the broker's, whatever it asks for at once.
pub(crate) async fn readers_stay_under_the_brokers_limits(subject: Subject) -> anyhow::Result<()> {
    let rules = Rules { rate_limits: RateLimits::All, ..crate::subject::rules() };
    subject.sandbox.set_rules(rules);
    let limited = subject.limited();
    // What was called before counts at the broker, too.
    let later = subject.sandbox.clock().now() + std::time::Duration::from_secs(5);
    subject.sandbox.clock().set(Some(later), None, None);
    let auth = subject.auth();
    for _ in 0..4 {
        limited.order_book(auth).await?;
        limited.trades(auth).await?;
        limited.profile(auth).await?;
        limited.funds(auth).await?;
        let one = std::slice::from_ref(subject.instrument());
        let quotes = limited.quotes(auth, one).await?;
        assert_eq!(quotes[0].context("no price")?.last.0, 81_240);
    }
    for _ in 0..12 {
        limited.profile(auth).await?;
    }
    for _ in 0..4 {
        limited.funds(auth).await?;
        limited.probe_order_permission(auth).await?;
    }
    Ok(())
}

/// A price that was left to the moment of sending is never sent as something else.
pub(crate) async fn an_unpriced_order_never_leaves(subject: Subject) -> anyhow::Result<()> {
    let mut order = subject.order(1);
    order.leg.price = PriceRule::Marketable { band: None };
    let error = subject.adapter.place(subject.auth(), &order).await.err().context("placed")?;
    assert_eq!((error.kind, subject.calls(Operation::Place)), (FailureKind::Unreachable, 0));
    Ok(())
}

/// What the account holder must agree to first is told as that, and nothing is agreed for them.
pub(crate) async fn consent_is_never_given_for_the_holder(subject: Subject) -> anyhow::Result<()> {
    let mut order = subject.order(1);
    match subject.broker {
        muster_protocol::order::Broker::AngelOne => {
            let cautionary = vec![order.instrument.broker_symbol.clone()];
            subject.sandbox.set_rules(Rules { cautionary, ..crate::subject::rules() });
        }
        muster_protocol::order::Broker::Zerodha => {
            let fields = AccountFields { ddpi: Some(false), ..AccountFields::default() };
            subject.sandbox.change_account(subject.side(), &subject.account()?, fields);
            order.leg.side = Side::Sell;
        }
    }
    let error = subject.adapter.place(subject.auth(), &order).await.err().context("placed")?;
    assert_eq!(error.kind, FailureKind::NeedsConsent, "{error}");
    assert_eq!(subject.booked(&order), 0);
    Ok(())
}

/// Maintenance said in the broker's words is told; that it has placed nothing is a guess, so it is a doubt.
pub(crate) async fn maintenance_is_told_where_the_broker_tells(
    subject: Subject,
) -> anyhow::Result<()> {
    use FailureKind::{InDoubt, Maintenance, Unreachable};
    let wanted = match subject.broker {
        muster_protocol::order::Broker::AngelOne => (Unreachable, InDoubt),
        muster_protocol::order::Broker::Zerodha => (Maintenance, InDoubt),
    };
    let fault = Fault::once(subject.side(), Operation::Profile, FaultKind::Maintenance);
    subject.sandbox.arm(fault);
    subject.arm(Operation::Place, FaultKind::Maintenance);
    let read = subject.adapter.profile(subject.auth()).await.err().context("read")?;
    let order = subject.order(1);
    let placed = subject.adapter.place(subject.auth(), &order).await.err().context("placed")?;
    assert_eq!((read.kind, placed.kind), wanted);
    assert_eq!(subject.booked(&order), 0);
    Ok(())
}
