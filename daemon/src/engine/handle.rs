//! The way into the engine for everyone outside: ask, subscribe, hand over a redirect.

use muster_protocol::event::{Feed, JournalEntry};
use muster_protocol::frame::{Code, Failure};
use muster_protocol::ids::{RunId, TicketId, UserId};
use muster_protocol::reply::{Role, Subscribed};
use muster_protocol::request::Request;
use muster_protocol::status::AuditHead;
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};

use super::archive::Read;
use super::perform::Note;
use crate::credential::{SecretText, SessionSecret};
use crate::custody::keys::Derived;
use crate::domain::msg::{CheckDone, KeyRefusal, Msg, Who};
use crate::store::StoreError;

/// A reply as JSON text, written straight from its own type: thousands of accounts are not made a tree of
/// values first.
pub type Said = Box<RawValue>;

/// Who asks.
#[derive(Debug, Clone)]
pub struct Peer {
    /// What it may do.
    pub role: Role,
    /// Who it is, for the journal: `uid 1000`.
    pub name: String,
}

impl Peer {
    /// As journal and audit name it.
    pub(super) fn who(&self) -> Who {
        Who { name: self.name.clone(), role: self.role.words() }
    }

    /// The person the peer is held to, if it is no operator or viewer.
    pub const fn only(&self) -> Option<&UserId> {
        match &self.role {
            Role::User { user } => Some(user),
            Role::Operator | Role::Viewer => None,
        }
    }
}

/// What arrives at the engine from peers.
pub(super) enum Input {
    Ask { peer: Peer, request: Box<Request>, reply: oneshot::Sender<Result<Said, Failure>> },
    Subscribe { peer: Peer, tail: u32, reply: oneshot::Sender<Result<Subscription, Failure>> },
    Redirect { query: SecretText, reply: oneshot::Sender<Result<(), Failure>> },
}

/// What comes back from work the engine began.
pub(super) enum Back {
    Msg(Box<Msg>),
    Check {
        target: muster_protocol::check::CheckTarget,
        session: Option<SessionSecret>,
        done: Box<CheckDone>,
    },
    Committed {
        note: Note,
        journal: Vec<JournalEntry>,
        audit: Option<AuditHead>,
    },
    Keys(Result<Derived, KeyRefusal>),
    Packed(Vec<(RunId, Result<Read, String>)>),
    StoreFailed(StoreError),
}

/// A subscription: the snapshot, then the changes. Dropping the receiver ends it.
pub struct Subscription {
    /// The snapshot and its number.
    pub start: Subscribed,
    /// The changes after it.
    pub feed: mpsc::Receiver<Feed>,
}

/// The engine as others see it. Cheap to clone; the engine ends when it is told to stop, not when
/// the handles are dropped.
#[derive(Clone)]
pub struct Handle {
    inputs: mpsc::Sender<Input>,
}

impl Handle {
    pub(super) const fn new(inputs: mpsc::Sender<Input>) -> Self {
        Self { inputs }
    }

    /// Asks; the reply comes when what was asked is done and durable. The permission must have been
    /// checked.
    pub async fn ask(&self, peer: Peer, request: Request) -> Result<Said, Failure> {
        let (reply, answer) = oneshot::channel();
        let input = Input::Ask { peer, request: Box::new(request), reply };
        self.inputs.send(input).await.map_err(|_| stopping())?;
        answer.await.map_err(|_| stopping())?
    }

    /// Begins a subscription with so many journal entries in its snapshot.
    pub async fn subscribe(&self, peer: Peer, tail: u32) -> Result<Subscription, Failure> {
        let (reply, answer) = oneshot::channel();
        self.inputs.send(Input::Subscribe { peer, tail, reply }).await.map_err(|_| stopping())?;
        answer.await.map_err(|_| stopping())?
    }

    /// Hands over the query a browser came back with from a broker's login page.
    pub async fn redirect(&self, query: SecretText) -> Result<(), Failure> {
        let (reply, answer) = oneshot::channel();
        self.inputs.send(Input::Redirect { query, reply }).await.map_err(|_| stopping())?;
        answer.await.map_err(|_| stopping())?
    }
}

fn stopping() -> Failure {
    Failure::new(Code::Busy, "the daemon is stopping")
}

/// Numbers for tickets: from the clock, so that a restart does not hand out an old one again.
pub(super) struct Tickets(u64);

impl Tickets {
    pub(super) fn new(now: muster_protocol::time::Timestamp) -> Self {
        Self(u64::try_from(now.millis()).unwrap_or(0))
    }

    pub(super) fn next(&mut self) -> TicketId {
        self.0 = self.0.wrapping_add(1);
        TicketId(self.0)
    }
}
