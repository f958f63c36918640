//! What nobody knows of the brokers, answered either way: the adapters understand both.

use std::time::Duration;

use anyhow::Context;
use muster_protocol::account::Credential as Entered;
use muster_protocol::check::OrderPermission;
use muster_protocol::failure::FailureKind;
use muster_protocol::order::{Broker, PriceRule};
use muster_protocol::secret::Secret;
use muster_tests::sandbox::{
    AngelTypes, ListLogin, MarketTag, Operation, QuoteDialect, Rules, UnknownKey,
};
use musterd::broker::Auth;

use crate::bounds::looks_like;
use crate::subject::{Subject, checked, rules};

/// What nobody knows of the brokers, answered either way: the adapter understands both.
pub(crate) async fn either_answer_is_understood(subject: Subject) -> anyhow::Result<()> {
    let auth = subject.auth();
    let one = std::slice::from_ref(subject.instrument());
    for quote_dialect in [QuoteDialect::Service, QuoteDialect::Gateway] {
        subject.sandbox.set_rules(Rules { quote_dialect, ..rules() });
        let quote = subject.adapter.quotes(auth, one).await?[0].context("no price")?;
        assert_eq!((quote.last.0, quote.lower < quote.upper), (81_240, true));
    }
    either_refusal_of_an_address(&subject).await?;
    either_place_of_a_tag(&subject).await?;
    either_type_of_a_book(&subject).await?;
    subject.sandbox.set_rules(Rules { gzip_replies: true, ..rules() });
    let placed = subject.adapter.place(auth, &subject.order(30)).await?;
    assert!(subject.adapter.order_book(auth).await?.iter().any(|row| row.order_id == placed));
    either_end_of_a_session(&subject).await
}

/// A list that is given to everybody, or to who is logged in.
pub(crate) async fn a_list_is_read_with_and_without_a_session(
    subject: Subject,
) -> anyhow::Result<()> {
    for list_login in [ListLogin::Free, ListLogin::Needed] {
        subject.sandbox.set_rules(Rules { list_login, ..rules() });
        let signed = subject.adapter.list(Some(subject.auth()), None).await?.context("a list")?;
        let unsigned = subject.adapter.list(None, None).await;
        let wants = list_login == ListLogin::Needed && subject.broker == Broker::Zerodha;
        if wants {
            assert_eq!(unsigned.err().context("given")?.kind, FailureKind::SessionExpired);
        } else {
            assert_eq!(unsigned?.context("a list")?.listing, signed.listing);
        }
    }
    Ok(())
}

/// A login with a key the broker does not know is the key's fault, however it is answered.
pub(crate) async fn an_unknown_key_is_the_keys_fault(subject: Subject) -> anyhow::Result<()> {
    let mut entered = subject.entered()?;
    let (Entered::AngelOne { api_key, .. } | Entered::Zerodha { api_key, .. }) = &mut entered;
    let length = api_key.expose().len();
    *api_key = Secret::new("canary99".repeat(2).chars().take(length).collect());
    for unknown_key in [UnknownKey::Coded, UnknownKey::Bare, UnknownKey::Person] {
        subject.sandbox.set_rules(Rules { unknown_key, ..rules() });
        let before = subject.calls(Operation::Login);
        let error = subject.log_in(&checked(&entered)?).await?.err().context("logged in")?;
        assert_eq!(error.kind, FailureKind::CredentialsRejected, "{unknown_key:?}: {error}");
        assert!(error.says.is_some_and(|says| !says.contains("canary99")), "{unknown_key:?}");
        assert_eq!(subject.calls(Operation::Login), before + 1);
    }
    Ok(())
}

/// From an app's second address, and at whatever status.
async fn either_refusal_of_an_address(subject: &Subject) -> anyhow::Result<()> {
    let auth = subject.auth();
    // The daemon leaves by one address; where it is the second one, it may be refused.
    subject.allow(&["203.0.113.9", "127.0.0.1"])?;
    for angel_second_ip in [true, false] {
        subject.sandbox.set_rules(Rules { angel_second_ip, ..rules() });
        let probed = subject.adapter.probe_order_permission(auth).await?;
        let refused = matches!(probed.permission, OrderPermission::Refused { .. });
        assert_eq!(refused, !angel_second_ip && subject.broker == Broker::AngelOne);
    }
    subject.allow(&["203.0.113.9"])?;
    for ip_refusal_status in [200, 400, 403] {
        subject.sandbox.set_rules(Rules { ip_refusal_status, ..rules() });
        let error = subject.adapter.place(auth, &subject.order(1)).await.err();
        assert_eq!(error.context("placed")?.kind, FailureKind::IpNotAllowed);
    }
    subject.allow(&["127.0.0.1"])?;
    Ok(())
}

async fn either_place_of_a_tag(subject: &Subject) -> anyhow::Result<()> {
    let auth = subject.auth();
    for (number, market_tag) in [MarketTag::Kept, MarketTag::Listed].into_iter().enumerate() {
        subject.sandbox.set_rules(Rules { market_tag, ..rules() });
        let mut order = subject.order(10 + number);
        order.leg.price = PriceRule::Market;
        let placed = subject.adapter.place(auth, &order).await?;
        let found = subject.adapter.find_by_tag(auth, &order.tag).await?;
        assert_eq!(found.iter().map(|row| &row.order_id).collect::<Vec<_>>(), [&placed]);
    }
    Ok(())
}

/// Texts or numbers, with a token or without: a row tells the same.
async fn either_type_of_a_book(subject: &Subject) -> anyhow::Result<()> {
    let (auth, order) = (subject.auth(), subject.order(20));
    let placed = subject.adapter.place(auth, &order).await?;
    subject.sandbox.clock().advance(Duration::from_secs(2));
    for angel_types in [AngelTypes::Mixed, AngelTypes::Texts] {
        subject.sandbox.set_rules(Rules { angel_types, ..rules() });
        let book = subject.adapter.order_book(auth).await?;
        let row = book.iter().find(|row| row.order_id == placed).context("not in the book")?;
        looks_like(row, &order);
        assert_eq!((row.filled, row.average.map(|price| price.0)), (1, Some(84_215)));
    }
    Ok(())
}

/// A code of this very half minute, and a login that ends the session before it or does not.
async fn either_end_of_a_session(subject: &Subject) -> anyhow::Result<()> {
    let auth = subject.auth();
    for survives in [true, false] {
        let (totp_steps, old_token_survives) = (0, survives);
        let angel_old_token_survives = survives;
        let sessions = Rules { old_token_survives, angel_old_token_survives, ..rules() };
        subject.sandbox.set_rules(Rules { totp_steps, ..sessions });
        let opened = subject.log_in(&subject.credential).await??;
        let alive = subject.adapter.profile(auth).await;
        assert_eq!(alive.is_ok(), survives, "{alive:?}");
        let auth = Auth { credential: &subject.credential, session: &opened.secret };
        subject.adapter.profile(auth).await?;
    }
    Ok(())
}
