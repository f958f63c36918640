//! What nobody knows of the brokers, with a real daemon under either answer.

use anyhow::Context;
use muster_protocol::account::{Fitness, SessionView, Unfit};
use muster_protocol::check::{CheckOutcome, CheckTarget, CheckView};
use muster_protocol::failure::FailureKind;
use muster_protocol::ids::AccountId;
use muster_protocol::reply::Ticket;
use muster_protocol::request::{Login, Selection, SubmitRedirect, TestAccounts};
use muster_protocol::secret::Secret;
use muster_tests::harness::{Person, Setup, World, eventually};
use muster_tests::sandbox::{
    Broker, CancelRedirect, KiteAccount, ListLogin, Operation, Rules, UnknownKey,
};

async fn world(rules: Rules) -> anyhow::Result<World> {
    let world = World::new(Setup { accounts: 2, ..Setup::default() }).await?;
    world.sandbox.set_rules(rules);
    Ok(world)
}

fn zerodha(world: &World) -> anyhow::Result<KiteAccount> {
    let mut people = world.people()?.into_iter();
    let found = people.find_map(|person| match person {
        Person::Zerodha(_, account) => Some(account),
        Person::AngelOne(..) => None,
    });
    found.context("no Zerodha account")
}

async fn number(world: &World, account: &KiteAccount) -> anyhow::Result<AccountId> {
    let accounts = world.look().await?.snapshot.accounts;
    let found = accounts.into_iter().find(|view| view.client_id == account.user_id);
    Ok(found.context("no such account")?.id)
}

/// Why Zerodha's account lacks its broker's list, if it does.
async fn lacking(world: &World, id: AccountId) -> Option<String> {
    let accounts = world.look().await.ok()?.snapshot.accounts;
    let view = accounts.into_iter().find(|view| view.id == id)?;
    let Fitness::Unfit { reasons } = view.fitness else { return None };
    let reason = reasons.iter().find(|reason| matches!(reason, Unfit::NoInstruments { .. }));
    reason.map(Unfit::words)
}

async fn journal_has(world: &World, words: &str) -> bool {
    let Ok(seen) = world.look().await else { return false };
    seen.snapshot.journal.iter().any(|entry| entry.text.contains(words))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_wants_a_login_comes_with_the_first_person_who_logs_in() -> anyhow::Result<()> {
    let world = world(Rules { list_login: ListLogin::Needed, ..Rules::default() }).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    let account = zerodha(&world)?;
    let id = number(&world, &account).await?;
    let lent = format!("asked for with the session of account {id}");
    eventually("the list came", async || journal_has(&world, &lent).await).await?;
    assert_eq!(lacking(&world, id).await, None);
    // Next trading day, half past eight: the list is due, and nobody at Zerodha has logged in.
    world.set_clock("2026-11-25T08:31:00+05:30")?;
    eventually("the account is unfit, and told why", async || {
        lacking(&world, id).await.is_some_and(|why| why.contains("log in at Zerodha"))
    })
    .await?;
    let before = world.sandbox.calls(Broker::Kite, Operation::Instruments);
    world.log_in(id, &account).await?;
    // By the login, not by the next try: the clock has not moved there.
    eventually("the list came with the login", async || lacking(&world, id).await.is_none())
        .await?;
    let after = world.sandbox.calls(Broker::Kite, Operation::Instruments);
    assert!(after > before, "{before} {after}");
    daemon.stop().await
}

/// The person opens a login and cancels it at the broker's page: where the browser is sent.
async fn cancel(world: &World, id: AccountId) -> anyhow::Result<(Ticket, String)> {
    let (client, _feed) = world.client().await?;
    let ticket = client.call(Login { account: id }).await?;
    let back = world.browser_cancels(&zerodha(world)?, &ticket)?;
    Ok((ticket, back))
}

async fn outcome(world: &World, ticket: &Ticket) -> anyhow::Result<CheckOutcome> {
    let checks = world.look().await?.snapshot.checks;
    let of = |check: &&CheckView| check.target == CheckTarget::Ticket(ticket.ticket);
    Ok(checks.iter().find(of).context("no such check")?.outcome.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_login_tells_the_person_what_to_do() -> anyhow::Result<()> {
    let world = world(Rules::default()).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    let account = zerodha(&world)?;
    let id = number(&world, &account).await?;
    // Without the state nobody knows whose it was: the link stays good.
    let (ticket, back) = cancel(&world, id).await?;
    let told = world.browser_returns(&back).await.err().context("taken for a login")?;
    assert!(told.to_string().contains("open the same link again"), "{told}");
    assert!(matches!(outcome(&world, &ticket).await?, CheckOutcome::AwaitingLogin { .. }));
    world.browser_returns(&world.browser_login(&account, &ticket)?).await?;
    // With it the login is over, and both who wait for it are told.
    world.sandbox.set_rules(Rules { cancel_redirect: CancelRedirect::Full, ..Rules::default() });
    let (ticket, back) = cancel(&world, id).await?;
    let told = world.browser_returns(&back).await.err().context("taken for a login")?;
    assert!(told.to_string().contains("ask for a new link"), "{told}");
    let CheckOutcome::Abandoned { reason: why } = outcome(&world, &ticket).await? else {
        anyhow::bail!("the terminal still waits")
    };
    assert!(why.contains("declined") && why.contains("new link"), "{why}");
    // A forged one ends nobody's.
    let (ticket, back) = cancel(&world, id).await?;
    let forged = back.replace("state=", "state=A");
    let told = world.browser_returns(&forged).await.err().context("taken for a login")?;
    assert!(told.to_string().contains("was not made by this daemon"), "{told}");
    assert!(matches!(outcome(&world, &ticket).await?, CheckOutcome::AwaitingLogin { .. }));
    // Pasted, it is the same.
    let (client, _feed) = world.client().await?;
    let redirected = Secret::new(back);
    client.call(SubmitRedirect { ticket: ticket.ticket, redirected }).await?;
    assert!(matches!(outcome(&world, &ticket).await?, CheckOutcome::Abandoned { .. }));
    let session = world.look().await?.snapshot.accounts.into_iter().find(|view| view.id == id);
    assert!(matches!(session.context("gone")?.session, SessionView::Live { .. }), "as it was");
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_the_broker_does_not_know_any_more_is_not_tried_again() -> anyhow::Result<()> {
    for unknown_key in [UnknownKey::Coded, UnknownKey::Bare, UnknownKey::Person] {
        let world = world(Rules { unknown_key, ..Rules::default() }).await?;
        let daemon = world.daemon().await?;
        let people = world.people()?;
        let angel = people.iter().find(|person| matches!(person, Person::AngelOne(..)));
        let Person::AngelOne(_, account) = angel.context("no account")? else { continue };
        let id = world.connect_well(angel.context("no account")?).await?;
        let fields = serde_json::from_value(serde_json::json!({ "api_key": "CANARY77" }))?;
        world.sandbox.change_account(Broker::AngelOne, &account.client_code, fields);
        let logins = || world.sandbox.calls(Broker::AngelOne, Operation::Login);
        let before = logins();
        // The sessions of Monday are over.
        world.set_clock("2026-11-25T07:00:00+05:30")?;
        let (client, _feed) = world.client().await?;
        client.call(TestAccounts { accounts: Selection::Ids(vec![id]) }).await?;
        let failed = async || {
            let accounts = world.look().await.ok()?.snapshot.accounts;
            let view = accounts.into_iter().find(|view| view.id == id)?;
            match view.last_check?.outcome {
                CheckOutcome::Failed { failure } => Some(failure),
                _ => None,
            }
        };
        eventually("the key is rejected", async || failed().await.is_some()).await?;
        let failure = failed().await.context("no failure")?;
        assert_eq!(failure.kind, FailureKind::CredentialsRejected, "{unknown_key:?}");
        assert!(failure.action.contains("Compare key"), "{failure:?}");
        assert_eq!(logins(), before + 1, "{unknown_key:?}");
        // Neither does the morning's muster try it.
        world.set_clock("2026-11-25T09:05:00+05:30")?;
        eventually("the muster was called", async || journal_has(&world, "muster: checking").await)
            .await?;
        assert_eq!(logins(), before + 1, "{unknown_key:?}");
        daemon.stop().await?;
    }
    Ok(())
}
