//! Everything that can happen to the model: one closed enum.

use muster_protocol::check::{CheckTarget, OrderPermission, StepView};
use muster_protocol::failure::Explained;
use muster_protocol::frame::Failure;
use muster_protocol::halt::{HaltScope, Verdict};
use muster_protocol::ids::{
    AccountId, Attempt, EgressName, IntentId, Label, OrderId, OrderTag, PlanId, RunId, TicketId,
    UserId,
};
use muster_protocol::money::Paise;
use muster_protocol::order::Broker;
use muster_protocol::plan::{Mode, PlanSpec};
use muster_protocol::request::Selection;
use muster_protocol::status::Observed;
use muster_protocol::time::Timestamp;
use muster_protocol::vault::KeyTask;

use super::book::{BookRow, Trade};
use super::effect::BackupJob;
use super::instrument::Instrument;
use super::intent::Cause;
use super::record::Record;

/// What happened.
#[derive(Debug)]
pub enum Msg {
    /// The store was replayed; the first message there is.
    Started,
    /// Time has passed.
    Tick,
    /// A peer asked for something.
    Asked(Asked),
    /// These records are durable.
    Committed(Vec<Record>),
    /// The tags of a run about to be frozen were made.
    TagsMade {
        /// The run.
        run: RunId,
        /// A tag for each account and leg, in order.
        tags: Vec<(AccountId, Vec<OrderTag>)>,
    },
    /// The tag of a further attempt was made.
    TagMade {
        /// The intent.
        intent: IntentId,
        /// The attempt.
        attempt: Attempt,
        /// The tag.
        tag: OrderTag,
        /// Who wants it sent again.
        by: String,
        /// Who waits for the reply, if anybody.
        reply: Option<ReplyTo>,
    },
    /// A check's step moved on.
    CheckStep {
        /// Which check.
        target: CheckTarget,
        /// The step.
        step: StepView,
    },
    /// A check is done.
    CheckDone {
        /// Which check.
        target: CheckTarget,
        /// What it found.
        done: Box<CheckDone>,
    },
    /// A send came back.
    Outcome {
        /// Which intent.
        intent: IntentId,
        /// The broker's number, or why there is none.
        outcome: Result<OrderId, Cause>,
    },
    /// An account's order book was read.
    BookRead {
        /// Which account.
        account: AccountId,
        /// What it shows, or why it could not be read.
        read: Result<Read, Cause>,
    },
    /// A cancellation was answered.
    Cancelled {
        /// Which.
        intent: IntentId,
        /// Whether the broker took it.
        outcome: Result<(), Cause>,
    },
    /// A broker's instruments were loaded.
    Instruments {
        /// Which broker.
        broker: Broker,
        /// Those found, or why none.
        loaded: Result<Vec<Instrument>, Cause>,
    },
    /// A backup was made, or why not.
    BackedUp(BackupJob, Result<u64, Failure>),
    /// A secret was tried.
    KeysDerived(Result<(), KeyRefusal>),
    /// The world saw an egress.
    Observed {
        /// Which.
        egress: EgressName,
        /// What it saw.
        observed: Observed,
    },
}

/// What a read of an order book brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The whole book.
    pub rows: Vec<BookRow>,
    /// The trades, if they were asked for, or why they could not be read.
    pub trades: Option<Result<Vec<Trade>, Cause>>,
}

/// Why a key task came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRefusal {
    /// The secret opened nothing.
    pub wrong: bool,
    /// What the peer is told.
    pub failure: Failure,
}

/// What a check found, secrets left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckDone {
    /// Why it failed, if it did.
    pub failed: Option<Explained>,
    /// Until when a session opened by this check lives.
    pub opened_until: Option<Timestamp>,
    /// The session it was begun with turned out to be dead.
    pub session_dead: bool,
    /// The client id and name the broker gave.
    pub profile: Option<(String, String)>,
    /// The funds.
    pub funds: Option<Paise>,
    /// The order-permission verdict.
    pub permission: Option<OrderPermission>,
    /// Round trip of the profile call, in milliseconds.
    pub latency_ms: Option<u32>,
}

/// Which waiting peer a reply belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplyTo(pub u64);

/// Who asks, for journal and audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// By the kernel's word: `uid 1000`.
    pub name: String,
    /// In which role.
    pub role: String,
}

/// A peer's request, its secrets already put aside.
#[derive(Debug)]
pub struct Asked {
    /// Who waits for the reply.
    pub reply: ReplyTo,
    /// Who asks.
    pub who: Who,
    /// The person the peer is held to, if it is no operator.
    pub only: Option<UserId>,
    /// What is asked.
    pub ask: Ask,
}

/// A halt to set or to end.
#[derive(Debug)]
pub struct HaltChange {
    /// Of what.
    pub scope: HaltScope,
    /// Set it, or end it.
    pub on: bool,
    /// Set it and cancel what is open at the brokers.
    pub cancel: bool,
}

/// What can be asked of the model.
#[derive(Debug)]
pub enum Ask {
    /// Test a credential and store it if it passes. The credential waits under the ticket.
    Connect {
        /// The ticket.
        ticket: TicketId,
        /// Whose account it is to be.
        user: UserId,
        /// Where.
        broker: Broker,
        /// Which way out; the first if none is named.
        egress: Option<EgressName>,
        /// The account whose credential it replaces.
        replaces: Option<AccountId>,
        /// The link the person must open first.
        link: Option<String>,
    },
    /// Begin the daily login.
    Login {
        /// The ticket.
        ticket: TicketId,
        /// Which account.
        account: AccountId,
        /// The link the person must open; `None` where login needs no person.
        link: Option<String>,
    },
    /// The person came back from the login page; the token waits under the ticket.
    Redirected {
        /// The ticket.
        ticket: TicketId,
        /// The person declined.
        cancelled: bool,
    },
    /// Give a connection or login up.
    Abandon {
        /// The ticket.
        ticket: TicketId,
    },
    /// Run the connection test.
    Test(Selection),
    /// Switch accounts on or off.
    SetActive(Selection, bool),
    /// Let accounts take part in runs, or not.
    SetAutoExecute(Selection, bool),
    /// Put labels on accounts, and take others off.
    Label {
        /// Which.
        accounts: Selection,
        /// These are put on.
        add: Vec<Label>,
        /// These are taken off.
        remove: Vec<Label>,
    },
    /// Forget an account.
    Remove {
        /// Which.
        account: AccountId,
        /// Its user's name, typed once more.
        confirm: UserId,
    },
    /// Write a plan down.
    PutPlan(PlanSpec),
    /// Set a plan live or dry-run.
    Arm {
        /// Which.
        plan: PlanId,
        /// What it is to be.
        mode: Mode,
        /// The hash the person saw.
        hash: String,
    },
    /// Forget a plan.
    RemovePlan(PlanId),
    /// Do this with the secret that waits under the reply's number.
    Keys(KeyTask),
    /// Wipe the keys.
    Seal,
    /// Copy the store to a file.
    Backup(String),
    /// Let held runs go.
    Release,
    /// Seal all of a user's again under a new key.
    Reencrypt(UserId),
    /// Set a halt or end it.
    Halt(HaltChange),
    /// Settle an order in doubt.
    Resolve {
        /// Which.
        intent: IntentId,
        /// What a person found out.
        verdict: Verdict,
    },
}
