//! Everything that can happen to the client. No message holds a secret: what is typed into a secret
//! field goes to the secret store, and only facts about it come here.

use muster_protocol::event::{Delta, Snapshot};
use muster_protocol::house::HouseView;
use muster_protocol::ids::PlanId;
use muster_protocol::muster::MusterBoard;
use muster_protocol::reply::{RunDetails, Ticket, Touched, Welcome};
use muster_protocol::time::Timestamp;

use crate::app::form::{FieldName, SecretFacts, SecretField};
use crate::app::key::Key;
use crate::app::layout::Size;

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Msg {
    /// A key, unless it went to the secret store.
    Key(Key),
    /// Text pasted into a field that is no secret.
    Paste(String),
    /// A pasted block names this field, which is no secret.
    Fill { field: FieldName, text: String },
    /// A pasted block has been taken: so many fields, and so many lines that name none.
    Filled { filled: usize, odd: usize },
    /// Something was pasted where nothing takes text.
    PasteIgnored,
    /// What is typed into a secret field has changed.
    SecretChanged { field: SecretField, facts: SecretFacts },
    /// The terminal has another size.
    Resize(Size),
    /// Time went by.
    Tick,
    /// News of the connection to the daemon.
    Link(LinkNews),
    /// A request was answered.
    Reply { id: CallId, answer: Result<Answer, String> },
    /// Something outside the daemon was done, or could not be.
    Notice(Notice),
}

/// A request under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CallId(pub(crate) u64);

/// News of the connection.
#[derive(Debug)]
pub(crate) enum LinkNews {
    /// A connection is being made.
    Connecting,
    /// The daemon has said hello.
    Connected(Welcome),
    /// Everything, from here on.
    Snapshot(Box<Snapshot>),
    /// What has changed since, in order.
    Deltas(Vec<Delta>),
    /// The connection is gone, or could not be made.
    Lost(Lost),
}

/// A connection that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lost {
    /// Which attempt comes next, from 1.
    pub(crate) attempt: u32,
    /// In how many milliseconds.
    pub(crate) retry_in_ms: i64,
    /// True when nobody listens at the socket.
    pub(crate) stopped: bool,
    /// Why, in words.
    pub(crate) reason: String,
}

/// What the daemon answered.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Done.
    Done,
    /// Begun or done for these accounts.
    Touched(Touched),
    /// A connection or login has begun.
    Ticket(Ticket),
    /// The store and what guards it.
    House(Box<HouseView>),
    /// A run with its intents.
    Run(Box<RunDetails>),
    /// Who is fit for a plan: everybody, or one account with its gates.
    Muster { plan: PlanId, one: bool, board: Box<MusterBoard> },
}

/// A line for the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    /// True when something did not work.
    pub(crate) bad: bool,
    /// What to say.
    pub(crate) text: String,
    /// When it was said, on the client's own clock.
    pub(crate) at: Timestamp,
}

impl Notice {
    /// Good news; the time is filled in when it is shown.
    pub(crate) fn good(text: impl Into<String>) -> Self {
        Self { bad: false, text: text.into(), at: Timestamp::from_millis(0) }
    }

    /// Bad news.
    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Self { bad: true, text: text.into(), at: Timestamp::from_millis(0) }
    }
}
