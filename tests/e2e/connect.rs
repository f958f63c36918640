//! Connecting accounts: nothing is stored until the test succeeds, and a failure says what to do.

use anyhow::Context;
use muster_protocol::check::{CheckOutcome, CheckStep, OrderPermission, StepVerdict};
use muster_protocol::client::CallError;
use muster_protocol::failure::{Explained, FailureKind};
use muster_protocol::frame::Code;
use muster_protocol::request::{Connect, ListAccounts};
use muster_tests::harness::{Person, Setup, World};
use muster_tests::sandbox::Broker;

fn failure(outcome: &CheckOutcome) -> &Explained {
    let CheckOutcome::Failed { failure } = outcome else { unreachable!("not failed: {outcome:?}") };
    failure
}

async fn world(accounts: usize) -> anyhow::Result<World> {
    World::new(Setup { accounts, ..Setup::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn both_kinds_of_account_connect_and_survive_a_restart() -> anyhow::Result<()> {
    let world = world(2).await?;
    let daemon = world.daemon().await?;
    let accounts = world.connect_all().await?;
    assert_eq!(accounts.len(), 2);
    let before = world.look().await?.snapshot;
    assert!(before.accounts.iter().all(|a| a.permission == OrderPermission::Allowed), "{before:?}");
    assert!(before.accounts.iter().all(|a| a.last_ok.is_some() && !a.auto_execute));
    daemon.stop().await?;
    let daemon = world.daemon().await?;
    let after = world.look().await?.snapshot;
    assert_eq!(after.accounts, before.accounts);
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_address_names_the_one_to_register_and_stores_nothing() -> anyhow::Result<()> {
    let world = world(2).await?;
    for person in world.people()? {
        let (broker, id) = match &person {
            Person::AngelOne(_, account) => (Broker::AngelOne, account.client_code.clone()),
            Person::Zerodha(_, account) => (Broker::Kite, account.user_id.clone()),
        };
        world.sandbox.set_allowed_ips(broker, &id, vec!["203.0.113.9".parse()?]);
    }
    let daemon = world.daemon().await?;
    for person in world.people()? {
        let check = world.connect(&person).await?;
        let failure = failure(&check.outcome);
        assert_eq!(failure.kind, FailureKind::IpNotAllowed);
        assert_eq!(failure.ip_to_register.as_deref(), Some("127.0.0.1"));
        assert!(failure.action.contains("127.0.0.1"), "{failure:?}");
        // Kite says which address it saw; Angel One does not.
        let seen = matches!(person, Person::Zerodha(..)).then_some("127.0.0.1");
        assert_eq!(failure.ip_seen.as_deref(), seen);
        let last = check.steps.last().context("no steps")?;
        assert_eq!((last.step, last.verdict), (CheckStep::OrderPermission, StepVerdict::Failed));
        assert!(check.steps.iter().rev().skip(1).all(|step| step.verdict == StepVerdict::Passed));
        assert_eq!(check.saved_as, None);
    }
    assert!(world.look().await?.snapshot.accounts.is_empty());
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_at_all_is_told_from_a_wrong_one() -> anyhow::Result<()> {
    let world = world(2).await?;
    let daemon = world.daemon().await?;
    for person in world.people()? {
        if let Person::Zerodha(_, account) = &person {
            world.sandbox.set_allowed_ips(Broker::Kite, &account.user_id, vec![]);
            let check = world.connect(&person).await?;
            assert_eq!(failure(&check.outcome).kind, FailureKind::NoIpRegistered);
        }
    }
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_totp_secret_is_refused_once_and_not_tried_again() -> anyhow::Result<()> {
    let world = world(1).await?;
    let daemon = world.daemon().await?;
    let Some(Person::AngelOne(user, mut account)) = world.people()?.pop() else {
        anyhow::bail!("no Angel One account")
    };
    account.totp_secret = "CANARYCANARYCANARYCANARY22".to_owned();
    let check = world.connect(&Person::AngelOne(user, account)).await?;
    let failure = failure(&check.outcome);
    assert_eq!(failure.kind, FailureKind::OtpRejected);
    assert!(failure.broker_says.as_deref().is_some_and(|says| says.contains("AB1050")));
    assert!(world.look().await?.snapshot.accounts.is_empty());
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_cannot_be_right_is_refused_before_any_broker_is_asked() -> anyhow::Result<()>
{
    let world = world(1).await?;
    let daemon = world.daemon().await?;
    let Some(Person::AngelOne(user, mut account)) = world.people()?.pop() else {
        anyhow::bail!("no Angel One account")
    };
    account.pin = "12345".to_owned();
    let person = Person::AngelOne(user.clone(), account);
    let (client, _feed) = world.client().await?;
    let credential = person.credential();
    let asked = client.call(Connect { user, egress: None, replaces: None, credential }).await;
    let Err(CallError::Refused(refused)) = asked else { panic!("{asked:?}") };
    assert_eq!(refused.code, Code::InvalidParams);
    assert!(refused.message.contains("MPIN") && !refused.message.contains("12345"));
    assert!(client.call(ListAccounts {}).await?.is_empty());
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daily_login_comes_back_by_callback_and_by_paste() -> anyhow::Result<()> {
    let world = world(2).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    let Some(Person::Zerodha(_, account)) = world.people()?.pop() else {
        anyhow::bail!("no Zerodha account")
    };
    let id = |snapshot: &muster_protocol::event::Snapshot| {
        let mut accounts = snapshot.accounts.iter();
        accounts.find(|a| a.client_id == account.user_id).map(|a| (a.id, a.session, a.status))
    };
    world.set_clock("2026-11-25T08:00:00+05:30")?;
    muster_tests::harness::eventually("the sessions end by the daily flush", async || {
        let Ok(seen) = world.look().await else { return false };
        id(&seen.snapshot).is_some_and(|(_, _, status)| {
            status == muster_protocol::account::AccountStatus::LoginDue
        })
    })
    .await?;
    let (number, ..) = id(&world.look().await?.snapshot).context("the account is gone")?;
    let check = world.log_in(number, &account).await?;
    assert_eq!(check.outcome, CheckOutcome::Passed);
    world.set_clock("2026-11-26T08:00:00+05:30")?;
    let check = world.log_in_by_paste(number, &account).await?;
    assert_eq!(check.outcome, CheckOutcome::Passed);
    muster_tests::harness::eventually("the new session is live", async || {
        let Ok(seen) = world.look().await else { return false };
        id(&seen.snapshot).is_some_and(|(_, session, _)| {
            matches!(session, muster_protocol::account::SessionView::Live { .. })
        })
    })
    .await?;
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_or_foreign_redirect_is_refused() -> anyhow::Result<()> {
    let world = world(2).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    let Some(Person::Zerodha(_, account)) = world.people()?.pop() else {
        anyhow::bail!("no Zerodha account")
    };
    let (client, _feed) = world.client().await?;
    let accounts = client.call(ListAccounts {}).await?;
    let id = accounts.iter().find(|a| a.client_id == account.user_id).context("no account")?.id;
    let ticket = client.call(muster_protocol::request::Login { account: id }).await?;
    let back = world.browser_login(&account, &ticket)?;
    let forged = back.replace("state=", "state=A");
    assert!(world.browser_returns(&forged).await.is_err());
    let stateless = back.split("&state=").next().context("no state")?;
    assert!(world.browser_returns(stateless).await.is_err());
    // The true one still works, once.
    world.browser_returns(&back).await?;
    assert!(world.browser_returns(&back).await.is_err());
    daemon.stop().await
}
