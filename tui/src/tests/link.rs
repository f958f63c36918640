//! The connection against a daemon that cuts, skips and comes back.

use std::sync::Arc;
use std::time::Duration;

use muster_protocol::account::AccountView;
use muster_protocol::event::{Delta, Snapshot};
use muster_protocol::frame::MAX_LINE;
use muster_protocol::ids::AccountId;
use muster_protocol::request::{Selection, TestAccounts};
use tokio::sync::mpsc;

use super::fake::{self, Act, Fake};
use super::world;
use crate::app::msg::{Answer, CallId, LinkNews};
use crate::app::world::World;
use crate::link::{self, Command, LinkEvent, Outgoing};

struct Client {
    commands: mpsc::UnboundedSender<Command>,
    events: mpsc::UnboundedReceiver<LinkEvent>,
}

impl Client {
    fn start(path: &std::path::Path) -> Self {
        let (commands, queue) = mpsc::unbounded_channel();
        let (to_test, events) = mpsc::unbounded_channel();
        let deliver: link::Deliver = Arc::new(move |event| drop(to_test.send(event)));
        tokio::spawn(link::run(path.to_owned(), queue, deliver));
        Self { commands, events }
    }

    async fn event(&mut self) -> LinkEvent {
        tokio::time::timeout(Duration::from_secs(60), self.events.recv()).await.unwrap().unwrap()
    }

    /// The next news that `wanted` takes; what comes before is passed over.
    async fn until<T>(&mut self, wanted: impl Fn(LinkNews) -> Option<T>) -> T {
        loop {
            if let LinkEvent::News(news, _) = self.event().await
                && let Some(found) = wanted(news)
            {
                return found;
            }
        }
    }

    async fn snapshot(&mut self) {
        self.until(|news| matches!(news, LinkNews::Snapshot(_)).then_some(())).await;
    }

    async fn whole(&mut self) -> Snapshot {
        let snapshot = self.until(|news| match news {
            LinkNews::Snapshot(snapshot) => Some(snapshot),
            _ => None,
        });
        *snapshot.await
    }

    async fn deltas(&mut self) -> Vec<Delta> {
        self.until(|news| match news {
            LinkNews::Deltas(deltas) => Some(deltas),
            _ => None,
        })
        .await
    }

    async fn lost(&mut self) -> crate::app::msg::Lost {
        self.until(|news| match news {
            LinkNews::Lost(lost) => Some(lost),
            _ => None,
        })
        .await
    }
}

fn removed(id: u32) -> Delta {
    Delta::AccountRemoved(AccountId(id))
}

#[tokio::test]
async fn a_snapshot_then_changes_and_after_a_cut_a_snapshot_again() {
    let (_dir, path) = fake::socket();
    let daemon = Fake::start(&path, world::snapshot());
    let mut client = Client::start(&path);
    client.snapshot().await;
    daemon.send(Act::Send(11, Box::new(removed(1))));
    let deltas = client
        .until(|news| match news {
            LinkNews::Deltas(deltas) => Some(deltas),
            _ => None,
        })
        .await;
    assert_eq!(deltas, [removed(1)]);
    daemon.send(Act::Cut);
    let lost = client.lost().await;
    assert_eq!((lost.attempt, lost.stopped), (1, false));
    assert!((200..=250).contains(&lost.retry_in_ms), "{}", lost.retry_in_ms);
    client.snapshot().await;
    assert_eq!(daemon.subscriptions(), 2);
}

#[tokio::test]
async fn a_gap_in_the_numbers_asks_for_a_new_snapshot() {
    let (_dir, path) = fake::socket();
    let daemon = Fake::start(&path, world::snapshot());
    let mut client = Client::start(&path);
    client.snapshot().await;
    // One from before the snapshot is passed over, a missing one is noticed.
    daemon.send(Act::Send(9, Box::new(removed(1))));
    daemon.send(Act::Send(13, Box::new(removed(2))));
    client.snapshot().await;
    assert_eq!(daemon.subscriptions(), 2);
}

#[tokio::test]
async fn what_is_left_of_the_old_subscription_is_not_taken_for_the_new_ones() {
    let (_dir, path) = fake::socket();
    let daemon = Fake::start(&path, world::snapshot());
    let mut client = Client::start(&path);
    client.snapshot().await;
    daemon.send(Act::Burst((500..600).map(|seq| (seq, removed(2))).collect()));
    client.snapshot().await;
    daemon.send(Act::Send(11, Box::new(removed(1))));
    let deltas = client
        .until(|news| match news {
            LinkNews::Deltas(deltas) => Some(deltas),
            _ => None,
        })
        .await;
    assert_eq!(deltas, [removed(1)]);
    assert_eq!(daemon.subscriptions(), 2);
}

#[tokio::test]
async fn without_a_daemon_it_tries_for_ever_and_finds_one_that_comes() {
    let (_dir, path) = fake::socket();
    let mut client = Client::start(&path);
    let first = client.lost().await;
    assert!(first.stopped && first.reason.contains("no socket"), "{}", first.reason);
    assert_eq!(client.lost().await.attempt, 2);
    let _daemon = Fake::start(&path, world::snapshot());
    client.commands.send(Command::RetryNow).ok().unwrap();
    client.snapshot().await;
}

#[tokio::test]
async fn ten_thousand_accounts_come_in_parts_and_are_whole_with_every_change_after_them() {
    let (_dir, path) = fake::socket();
    let start = world::snapshot();
    let account = |number| AccountView { id: AccountId(number), ..start.accounts[0].clone() };
    let many = Snapshot { accounts: (1..=10_000).map(account).collect(), ..start.clone() };
    let is_long = serde_json::to_string(&many).unwrap().len() > 4 * MAX_LINE;
    assert!(is_long, "it fits into a few lines");
    let daemon = Fake::start(&path, many.clone());
    let mut client = Client::start(&path);
    let mut shown = World::default();
    shown.replace(client.whole().await);
    let everybody: Vec<AccountId> = (1..=10_000).map(AccountId).collect();
    assert_eq!(shown.accounts.keys().copied().collect::<Vec<_>>(), everybody);

    daemon.send(Act::Send(11, Box::new(removed(5_000))));
    let deltas = client.deltas().await;
    for delta in deltas {
        shown.apply(delta);
    }
    assert_eq!(shown.accounts.len(), 9_999);
    // A fresh snapshot comes in parts too, and what follows has the next number.
    daemon.send(Act::Resync(12));
    daemon.send(Act::Send(13, Box::new(removed(7))));
    let whole = client.whole().await;
    assert_eq!(whole, many);
    shown.replace(whole);
    for delta in client.deltas().await {
        shown.apply(delta);
    }
    assert_eq!(shown.accounts.len(), 9_999);
    assert!(!shown.accounts.contains_key(&AccountId(7)));
    assert_eq!(daemon.subscriptions(), 1, "nothing was missing");
}

#[tokio::test]
async fn requests_are_answered_and_refused_at_once_without_a_daemon() {
    let (_dir, path) = fake::socket();
    let mut client = Client::start(&path);
    let call = || {
        let accounts = Selection::Ids(vec![AccountId(1)]);
        Outgoing::Test(TestAccounts { accounts })
    };
    client.commands.send(Command::Call { id: CallId(1), call: call() }).ok().unwrap();
    let refused = loop {
        if let LinkEvent::Reply { id, answer } = client.event().await {
            break (id, answer);
        }
    };
    assert!(refused.0 == CallId(1) && refused.1.is_err());

    let mut daemon = Fake::start(&path, world::snapshot());
    client.snapshot().await;
    client.commands.send(Command::Call { id: CallId(2), call: call() }).ok().unwrap();
    assert_eq!(daemon.called().await.0, "account.test");
    let answered = loop {
        if let LinkEvent::Reply { id, answer } = client.event().await {
            break (id, answer);
        }
    };
    assert!(matches!(answered, (CallId(2), Ok(Answer::Touched(_)))));
}

#[tokio::test]
async fn changes_merge_while_the_screen_is_slow() {
    let (_dir, path) = fake::socket();
    let daemon = Fake::start(&path, world::snapshot());
    let mut client = Client::start(&path);
    client.snapshot().await;
    let status = world::snapshot().status;
    for seq in 11..1_011 {
        daemon.send(Act::Send(seq, Box::new(Delta::Status(status.clone()))));
    }
    daemon.send(Act::Send(1_011, Box::new(removed(1))));
    // Two batches are in flight and hold their permits; the rest waits, merged.
    let mut held = Vec::new();
    let mut batches = 0;
    loop {
        let LinkEvent::News(LinkNews::Deltas(deltas), permit) = client.event().await else {
            continue;
        };
        batches += 1;
        let last = deltas.contains(&removed(1));
        held.push(permit);
        if last {
            break;
        }
        if held.len() == 2 {
            let third = tokio::time::timeout(Duration::from_millis(50), client.events.recv()).await;
            assert!(third.is_err(), "a third batch without a permit");
            held.clear();
        }
    }
    assert!(batches < 500, "{batches}");
}
