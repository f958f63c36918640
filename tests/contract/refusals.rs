//! Answers that are a no: which no, and that nothing is tried again.

use anyhow::Context;
use muster_protocol::account::Credential as Entered;
use muster_protocol::check::OrderPermission;
use muster_protocol::failure::FailureKind;
use muster_protocol::order::Broker;
use muster_protocol::secret::Secret;
use muster_tests::sandbox::{FaultKind, Operation};

use crate::subject::{Subject, checked};

/// A broker that says no has no order, and the adapter says so.
pub(crate) async fn a_refusal_is_never_in_doubt(subject: Subject) -> anyhow::Result<()> {
    let mut unknown = subject.order(1);
    unknown.instrument.broker_symbol = "NOSUCH-EQ".to_owned();
    let mut too_long = subject.order(2);
    too_long.tag.0.push_str("TOOLONG");
    for order in [&unknown, &too_long] {
        let error = subject.adapter.place(subject.auth(), order).await.err().context("placed")?;
        assert_eq!(error.kind, FailureKind::Refused, "{error}");
        assert!(error.says.is_some_and(|says| !says.is_empty()), "in the broker's words");
    }
    subject.allow(&["203.0.113.9"])?;
    let error = subject.adapter.place(subject.auth(), &subject.order(3)).await.err();
    assert_eq!(error.context("placed")?.kind, FailureKind::IpNotAllowed);
    subject.arm(Operation::Place, FaultKind::TokenDeath);
    let error = subject.adapter.place(subject.auth(), &subject.order(4)).await.err();
    assert_eq!(error.context("placed")?.kind, FailureKind::SessionExpired);
    assert!(subject.sandbox.orders().is_empty());
    assert_eq!(subject.calls(Operation::Place), 4, "each was sent once");
    Ok(())
}

/// A broker blocks an account after a few wrong logins: one is made, no second.
pub(crate) async fn rejected_credentials_are_not_retried(subject: Subject) -> anyhow::Result<()> {
    for (wrong, kind) in wrong_credentials(&subject)? {
        let before = subject.calls(Operation::Login);
        let error = subject.log_in(&checked(&wrong)?).await?.err().context("logged in")?;
        assert!(kind.contains(&error.kind), "{error:?} for {wrong:?}");
        assert!(error.kind.is_credential(), "nobody tries {error:?} again by themselves");
        assert_eq!(subject.calls(Operation::Login), before + 1);
    }
    // And the right one still works.
    subject.log_in(&subject.credential).await??;
    Ok(())
}

/// What is wrong, and what it may be taken for.
fn wrong_credentials(subject: &Subject) -> anyhow::Result<Vec<(Entered, Vec<FailureKind>)>> {
    use FailureKind::{CredentialsRejected, OtpRejected};
    let secret = |text: &str| Secret::new(text.to_owned());
    let mut wrong = Vec::new();
    match subject.broker {
        Broker::AngelOne => {
            let mut with = |change: fn(&mut Secret, &mut Secret, &mut Secret), kind| {
                let mut entered = subject.entered()?;
                if let Entered::AngelOne { api_key, mpin, totp_secret, .. } = &mut entered {
                    change(api_key, mpin, totp_secret);
                }
                wrong.push((entered, vec![kind]));
                anyhow::Ok(())
            };
            with(
                |_, _, totp| *totp = Secret::new("CANARYCANARYCANARYCANARYCANARY22".to_owned()),
                OtpRejected,
            )?;
            with(|_, mpin, _| *mpin = Secret::new(other_pin(mpin.expose())), OtpRejected)?;
            with(|key, _, _| *key = Secret::new("CANARY99".to_owned()), CredentialsRejected)?;
        }
        Broker::Zerodha => {
            let Entered::Zerodha { api_key, .. } = subject.entered()? else { return Ok(wrong) };
            let api_secret = secret("CANARYwrongwrongwrongwrongwrong0");
            wrong.push((Entered::Zerodha { api_key, api_secret }, vec![CredentialsRejected]));
            let Entered::Zerodha { api_secret, .. } = subject.entered()? else { return Ok(wrong) };
            let api_key = secret("canarywrong00000");
            wrong.push((Entered::Zerodha { api_key, api_secret }, vec![CredentialsRejected]));
        }
    }
    Ok(wrong)
}

fn other_pin(pin: &str) -> String {
    if pin == "0000" { "1111".to_owned() } else { "0000".to_owned() }
}

/// Kite says which address it saw; Angel One does not, and none is made up.
pub(crate) async fn ip_refusal_names_the_ip(subject: Subject) -> anyhow::Result<()> {
    subject.allow(&["203.0.113.9"])?;
    let seen = match subject.broker {
        Broker::AngelOne => None,
        Broker::Zerodha => Some("127.0.0.1".to_owned()),
    };
    let error = subject.adapter.place(subject.auth(), &subject.order(1)).await.err();
    let error = error.context("placed")?;
    assert_eq!((error.kind, &error.ip_seen), (FailureKind::IpNotAllowed, &seen));
    let probed = subject.adapter.probe_order_permission(subject.auth()).await?;
    assert_eq!(probed.permission, OrderPermission::Refused { seen });
    subject.allow(&["127.0.0.1"])?;
    let probed = subject.adapter.probe_order_permission(subject.auth()).await?;
    assert_eq!(probed.permission, OrderPermission::Allowed);
    assert!(subject.sandbox.orders().is_empty(), "a probe places nothing");
    Ok(())
}

/// A key without any address is told from one with another, where the broker tells.
pub(crate) async fn no_address_at_all(subject: Subject) -> anyhow::Result<()> {
    subject.allow(&[])?;
    let (kind, permission) = match subject.broker {
        Broker::AngelOne => (FailureKind::IpNotAllowed, OrderPermission::Refused { seen: None }),
        Broker::Zerodha => (FailureKind::NoIpRegistered, OrderPermission::NoIpRegistered),
    };
    let error = subject.adapter.place(subject.auth(), &subject.order(1)).await.err();
    assert_eq!(error.context("placed")?.kind, kind);
    let probed = subject.adapter.probe_order_permission(subject.auth()).await?;
    assert_eq!(probed.permission, permission);
    assert!(subject.sandbox.orders().is_empty());
    Ok(())
}

/// A session that died is told as such by every call, and only by those.
pub(crate) async fn session_death_is_told(subject: Subject) -> anyhow::Result<()> {
    subject.adapter.profile(subject.auth()).await?;
    subject.arm(Operation::Profile, FaultKind::TokenDeath);
    let auth = subject.auth();
    let kinds = [
        subject.adapter.profile(auth).await.err(),
        subject.adapter.funds(auth).await.err(),
        subject.adapter.order_book(auth).await.err(),
        subject.adapter.place(auth, &subject.order(1)).await.err(),
        subject.adapter.probe_order_permission(auth).await.err(),
    ];
    let kinds = kinds.map(|error| error.map(|error| error.kind));
    assert_eq!(kinds, [Some(FailureKind::SessionExpired); 5]);
    assert!(subject.sandbox.orders().is_empty());
    // An exchange day later it is the same by age.
    let opened = subject.log_in(&subject.credential).await??;
    let auth = musterd::broker::Auth { credential: &subject.credential, session: &opened.secret };
    subject.adapter.profile(auth).await?;
    subject.sandbox.clock().set(Some("2026-11-24T12:00:00+05:30".parse()?), None, None);
    let error = subject.adapter.profile(auth).await.err().context("still live")?;
    assert_eq!(error.kind, FailureKind::SessionExpired);
    Ok(())
}
