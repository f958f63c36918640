//! The connection to the daemon, in a task of its own: connects for ever, subscribes, merges changes,
//! answers requests. It knows no screen.

mod backoff;
mod call;
mod merge;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use muster_protocol::client::{CallError, Client, FeedReceiver};
use muster_protocol::endpoint;
use muster_protocol::event::Feed;
use muster_protocol::request::Subscribe;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::app::msg::{Answer, CallId, LinkNews, Lost};

pub(crate) use call::Outgoing;
use merge::Merged;

/// How many entries of the journal a snapshot brings.
const JOURNAL_TAIL: u32 = 1_000;

/// How many batches of changes may wait for the screen; meanwhile changes merge here.
const IN_FLIGHT: usize = 2;

/// What the connection tells its owner.
pub(crate) enum LinkEvent {
    /// News; the permit is given back when the news has been taken in.
    News(LinkNews, Option<OwnedSemaphorePermit>),
    /// A request was answered.
    Reply { id: CallId, answer: Result<Answer, String> },
}

/// What the owner wants of the connection.
pub(crate) enum Command {
    Call { id: CallId, call: Outgoing },
    RetryNow,
}

/// Where events go.
pub(crate) type Deliver = Arc<dyn Fn(LinkEvent) + Send + Sync>;

/// Connects and serves until the owner drops its sender.
pub(crate) async fn run(
    path: PathBuf,
    mut commands: mpsc::UnboundedReceiver<Command>,
    deliver: Deliver,
) {
    let mut attempt = 0_u32;
    loop {
        news(&deliver, LinkNews::Connecting);
        let lost = match connecting(&path, &mut commands, &deliver).await {
            Some(Ok((client, feed))) => {
                let served = serve(Arc::new(client), feed, &mut commands, &deliver).await;
                match served {
                    Served::OwnerGone => return,
                    Served::Lost { subscribed, reason } => {
                        if subscribed {
                            attempt = 0;
                        }
                        (false, reason)
                    }
                }
            }
            Some(Err(lost)) => lost,
            None => return,
        };
        attempt = attempt.saturating_add(1);
        let wait = backoff::delay_ms(attempt, backoff::chance());
        let (stopped, reason) = lost;
        let retry_in_ms = i64::try_from(wait).unwrap_or(backoff::MOST_MS_I64);
        news(&deliver, LinkNews::Lost(Lost { attempt, retry_in_ms, stopped, reason }));
        if !waited(Duration::from_millis(wait), &mut commands, &deliver).await {
            return;
        }
    }
}

/// How a connection ended.
enum Served {
    OwnerGone,
    Lost { subscribed: bool, reason: String },
}

type Connected = Result<(Client, FeedReceiver), (bool, String)>;

fn news(deliver: &Deliver, news: LinkNews) {
    deliver(LinkEvent::News(news, None));
}

/// Makes a connection; `None` when the owner is gone. Requests meanwhile are refused at once.
async fn connecting(
    path: &Path,
    commands: &mut mpsc::UnboundedReceiver<Command>,
    deliver: &Deliver,
) -> Option<Connected> {
    let connect = connect(path);
    tokio::pin!(connect);
    loop {
        tokio::select! {
            connected = &mut connect => return Some(connected),
            command = commands.recv() => refuse(&command?, deliver),
        }
    }
}

async fn connect(path: &Path) -> Connected {
    let stream = endpoint::connect(path).await.map_err(|error| (true, no_daemon(path, &error)))?;
    let (reader, writer) = tokio::io::split(stream);
    Client::over(reader, writer, "muster", env!("CARGO_PKG_VERSION"))
        .await
        .map_err(|error| (false, error.to_string()))
}

/// Why nobody answers at the socket, and what to look at.
pub(crate) fn no_daemon(path: &Path, error: &std::io::Error) -> String {
    let path = path.display();
    match error.kind() {
        std::io::ErrorKind::NotFound => format!("there is no socket at {path}"),
        std::io::ErrorKind::ConnectionRefused => format!("nobody listens at {path}"),
        std::io::ErrorKind::PermissionDenied => {
            format!("you may not open {path}; are you in the daemon's group?")
        }
        _ => format!("{path}: {error}"),
    }
}

fn refuse(command: &Command, deliver: &Deliver) {
    if let Command::Call { id, .. } = *command {
        let answer = Err("the daemon is not connected; nothing was sent".to_owned());
        deliver(LinkEvent::Reply { id, answer });
    }
}

/// Waits for the next attempt; false when the owner is gone.
async fn waited(
    wait: Duration,
    commands: &mut mpsc::UnboundedReceiver<Command>,
    deliver: &Deliver,
) -> bool {
    let sleep = tokio::time::sleep(wait);
    tokio::pin!(sleep);
    loop {
        tokio::select! {
            () = &mut sleep => return true,
            command = commands.recv() => match command {
                None => return false,
                Some(Command::RetryNow) => return true,
                Some(command) => refuse(&command, deliver),
            },
        }
    }
}

/// The state of one connection.
struct Session<'a> {
    client: Arc<Client>,
    deliver: &'a Deliver,
    /// The number of the last change taken.
    last: u64,
    merged: Merged,
    feed: FeedReceiver,
}

async fn serve(
    client: Arc<Client>,
    feed: FeedReceiver,
    commands: &mut mpsc::UnboundedReceiver<Command>,
    deliver: &Deliver,
) -> Served {
    let permits = Arc::new(Semaphore::new(IN_FLIGHT));
    let mut session = Session { client, deliver, last: 0, merged: Merged::default(), feed };
    news(deliver, LinkNews::Connected(session.client.welcome().clone()));
    if let Err(error) = session.subscribe().await {
        return Served::Lost { subscribed: false, reason: error.to_string() };
    }
    loop {
        let waiting = !session.merged.is_empty();
        tokio::select! {
            item = session.feed.recv() => {
                let Some(item) = item else {
                    let reason = "the connection was lost".to_owned();
                    return Served::Lost { subscribed: true, reason };
                };
                if let Err(error) = session.take(item).await {
                    return Served::Lost { subscribed: true, reason: error.to_string() };
                }
            }
            command = commands.recv() => match command {
                None => return Served::OwnerGone,
                Some(Command::RetryNow) => {}
                Some(Command::Call { id, call }) => session.call(id, call),
            },
            permit = Arc::clone(&permits).acquire_owned(), if waiting => {
                let deltas = session.merged.take();
                deliver(LinkEvent::News(LinkNews::Deltas(deltas), permit.ok()));
            }
        }
    }
}

impl Session<'_> {
    /// Everything anew, and changes from there on. What is left of an older subscription goes with its feed.
    async fn subscribe(&mut self) -> Result<(), CallError> {
        let asked = Subscribe { journal_tail: JOURNAL_TAIL };
        let (subscribed, feed) = self.client.subscribe(asked).await?;
        (self.last, self.feed) = (subscribed.seq, feed);
        self.merged = Merged::default();
        news(self.deliver, LinkNews::Snapshot(Box::new(subscribed.snapshot)));
        Ok(())
    }

    async fn take(&mut self, item: Feed) -> Result<(), CallError> {
        match item {
            // From before the last snapshot.
            Feed::Delta { seq, .. } if seq <= self.last => Ok(()),
            Feed::Delta { seq, delta } if seq == self.last.saturating_add(1) => {
                self.last = seq;
                self.merged.push(*delta);
                // The end of a flood: no later number would show that the last ones were dropped.
                if self.feed.is_empty() && self.client.has_lost() {
                    return self.subscribe().await;
                }
                Ok(())
            }
            // Something is missing.
            Feed::Delta { .. } => self.subscribe().await,
            Feed::Resync { seq, snapshot } => {
                self.last = seq;
                self.merged = Merged::default();
                news(self.deliver, LinkNews::Snapshot(snapshot));
                Ok(())
            }
        }
    }

    fn call(&self, id: CallId, call: Outgoing) {
        let (client, deliver) = (Arc::clone(&self.client), Arc::clone(self.deliver));
        tokio::spawn(async move {
            let answer = call.perform(&client).await.map_err(|error| error.to_string());
            deliver(LinkEvent::Reply { id, answer });
        });
    }
}
