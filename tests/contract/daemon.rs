//! Promises that need the whole daemon: it is real, on a real store and socket, with one account.

use anyhow::Context;
use muster_protocol::account::{AccountStatus, AccountView, SessionView};
use muster_protocol::halt::HaltScope;
use muster_protocol::ids::{AccountId, RunId};
use muster_protocol::order::Broker;
use muster_protocol::reply::RunDetails;
use muster_protocol::request::{Halt, Selection, ShowRun, TestAccounts};
use muster_protocol::run::{IntentStatus, RunState};
use muster_tests::harness::{Person, Setup, World, eventually, two_legs};
use muster_tests::sandbox::{self, Fault, FaultKind, Operation};

/// A world with one connected account of this broker.
struct Alone {
    world: World,
    side: sandbox::Broker,
    person: Person,
    account: AccountId,
}

impl Alone {
    async fn new(broker: Broker) -> anyhow::Result<(Self, muster_tests::harness::Daemon)> {
        let world = World::new(Setup { accounts: 2, ..Setup::default() }).await?;
        let daemon = world.daemon().await?;
        let ours = |person: &Person| {
            matches!(
                (person, broker),
                (Person::AngelOne(..), Broker::AngelOne) | (Person::Zerodha(..), Broker::Zerodha)
            )
        };
        let person = world.people()?.into_iter().find(ours).context("nobody at this broker")?;
        let account = world.connect_well(&person).await?;
        let side = match broker {
            Broker::AngelOne => sandbox::Broker::AngelOne,
            Broker::Zerodha => sandbox::Broker::Kite,
        };
        Ok((Self { world, side, person, account }, daemon))
    }

    fn calls(&self, operation: Operation) -> usize {
        self.world.sandbox.calls(self.side, operation)
    }

    async fn view(&self) -> anyhow::Result<AccountView> {
        let accounts = self.world.look().await?.snapshot.accounts;
        accounts.into_iter().find(|view| view.id == self.account).context("no account")
    }

    async fn run(&self) -> anyhow::Result<RunDetails> {
        let (client, _feed) = self.world.client().await?;
        let run: RunId = "btst@2026-11-23".to_owned().try_into()?;
        Ok(client.call(ShowRun { run }).await?)
    }

    /// What follows a session that was found dead: by itself, by the next test, or by the person.
    async fn log_in_again(&self, noticed: &AccountView) -> anyhow::Result<()> {
        match &self.person {
            Person::AngelOne(..) => {
                assert!(matches!(noticed.session, SessionView::Live { .. }), "{noticed:?}");
            }
            Person::Zerodha(_, account) => {
                assert_eq!(noticed.status, AccountStatus::LoginDue);
                self.world.log_in(self.account, account).await?;
            }
        }
        Ok(())
    }

    /// Asks for a test and waits for its end.
    async fn test(&self) -> anyhow::Result<AccountView> {
        let (client, _feed) = self.world.client().await?;
        let before = self.view().await?.history.first().map(|past| past.at);
        client.call(TestAccounts { accounts: Selection::Ids(vec![self.account]) }).await?;
        eventually("the test is over", async || {
            self.view().await.is_ok_and(|view| {
                view.status != AccountStatus::Testing
                    && view.history.first().map(|past| past.at) != before
            })
        })
        .await?;
        self.view().await
    }
}

/// The halt is set while the first order is on its way: its answer is taken in, and the second
/// order never leaves.
pub(crate) async fn nothing_is_sent_after_halt(broker: Broker) -> anyhow::Result<()> {
    let (alone, daemon) = Alone::new(broker).await?;
    let world = &alone.world;
    world.auto_execute_all().await?;
    world.arm(two_legs()).await?;
    let mut slow = Fault::once(alone.side, Operation::Place, FaultKind::Slow);
    slow.seconds = Some(1.0);
    world.sandbox.arm(slow);
    world.set_clock("2026-11-23T15:10:00+05:30")?;
    eventually("the first order has arrived", async || alone.calls(Operation::Place) > 0).await?;
    let (client, _feed) = world.client().await?;
    client.call(Halt { scope: HaltScope::All, cancel_open: false }).await?;
    let sent = alone.calls(Operation::Place);
    eventually("no order is on its way", async || {
        alone.run().await.is_ok_and(|run| run.run.counts.sending == 0)
    })
    .await?;
    world.set_clock("2026-11-23T15:30:00+05:30")?;
    eventually("the run is closed", async || {
        alone.run().await.is_ok_and(|run| run.run.state == RunState::Closed)
    })
    .await?;
    let run = alone.run().await?;
    assert_eq!((sent, alone.calls(Operation::Place)), (1, 1), "{:?}", run.run);
    let ends: Vec<IntentStatus> = run.intents.iter().map(|intent| intent.status).collect();
    // The first may be filled by now, by the broker's book.
    assert!(ends[0].is_placed() && ends[1] == IntentStatus::Missed, "{ends:?}");
    daemon.stop().await
}

/// A session that died is noticed at the next call; one login opens the next, and no more than one is
/// ever made: by itself where that is possible, by the person where it is not.
pub(crate) async fn session_expiry_is_noticed_and_relogin_happens_once(
    broker: Broker,
) -> anyhow::Result<()> {
    let (alone, daemon) = Alone::new(broker).await?;
    assert_eq!(alone.calls(Operation::Login), 1, "the one that connected it");
    alone.world.sandbox.arm(Fault::once(alone.side, Operation::Profile, FaultKind::TokenDeath));
    let profiles = alone.calls(Operation::Profile);
    let noticed = alone.test().await?;
    // Where no person is wanted, the test that finds it dead logs in and asks once more; no loop.
    let by_itself = usize::from(broker == Broker::AngelOne);
    assert_eq!(alone.calls(Operation::Login), 1 + by_itself);
    assert_eq!(alone.calls(Operation::Profile), profiles + 1 + by_itself);
    alone.log_in_again(&noticed).await?;
    let view = alone.view().await?;
    assert!(matches!(view.session, SessionView::Live { .. }), "{view:?}");
    assert_eq!(alone.calls(Operation::Login), 2);
    // A live session is used again.
    alone.test().await?;
    assert_eq!(alone.calls(Operation::Login), 2);
    daemon.stop().await
}
