//! Everything the model can want done: one closed enum, no secret in it.

use std::collections::BTreeSet;

use muster_protocol::check::CheckTarget;
use muster_protocol::event::{AuditEntry, JournalEntry};
use muster_protocol::frame::Failure;
use muster_protocol::ids::{
    AccountId, EgressName, IntentId, OrderId, OrderTag, PlanId, RunId, TicketId, UserId,
};
use muster_protocol::order::{Broker, Exchange, Leg};
use muster_protocol::plan::PlanCheck;
use muster_protocol::reply::{BackedUp, Purged, RunCalled, Ticket};
use muster_protocol::time::Timestamp;
use muster_protocol::vault::KeyTask;

use super::instrument::Instrument;
use super::msg::{ReplyTo, Who};
use super::record::Record;
use super::tag::TagParts;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Make these durable in one transaction; they come back as `Msg::Committed`.
    Commit(Commit),
    /// Answer a peer now.
    Reply(ReplyTo, Result<Answer, Failure>),
    /// Tell subscribers that this changed.
    Publish(Changed),
    /// Run a check.
    StartCheck(CheckJob),
    /// Stop a check and forget what it was about to store.
    DropTicket(TicketId),
    /// Make the tags of a run about to be frozen.
    MakeTags {
        /// The run.
        run: RunId,
        /// For each account the parts of each leg's tag.
        parts: Vec<(AccountId, Vec<TagParts>)>,
    },
    /// Make the tag of a further attempt; it comes back as `Msg::TagMade`.
    MakeTag {
        /// The intent.
        intent: IntentId,
        /// The parts of its tag.
        parts: TagParts,
        /// Who wants it sent again.
        by: String,
        /// Who waits for the reply, if anybody.
        reply: Option<ReplyTo>,
    },
    /// Send an order: its record is durable.
    Send(SendJob),
    /// Read an account's order book.
    ReadBook {
        /// Which account.
        account: AccountId,
        /// Whose, where, through which egress.
        route: Route,
        /// Its trades as well.
        trades: bool,
    },
    /// Cancel an order, once: that it is asked for is durable.
    Cancel {
        /// Which.
        intent: IntentId,
        /// Whose, where, through which egress.
        route: Route,
        /// The broker's number.
        order_id: OrderId,
    },
    /// Try a peer's secret for what it is to do.
    DeriveKeys {
        /// The peer, whose secrets wait.
        reply: ReplyTo,
        /// What for.
        task: KeyTask,
    },
    /// Take the opened vault over: that it was opened is durable.
    OpenVault,
    /// Copy the store to a file.
    Backup(BackupJob),
    /// Pack old journal entries, as many as a transaction may take.
    PackJournal,
    /// Write the store into a new file in the old one's place.
    Purge(PurgeJob),
    /// Pack the records of these runs for the archive; they come back as `Msg::Packed`.
    PackRuns {
        /// Which.
        runs: Vec<RunId>,
    },
    /// Wipe every key and every secret in memory.
    SealVault,
    /// Ask what the world sees of each egress.
    ObserveEgresses,
    /// Open so many connections to a broker ahead of a run's orders.
    Warm {
        /// The broker.
        broker: Broker,
        /// The way out.
        egress: EgressName,
        /// How many.
        connections: usize,
    },
    /// Load a broker's instruments.
    LoadInstruments {
        /// Which broker.
        broker: Broker,
        /// Which instruments.
        wanted: BTreeSet<(Exchange, String)>,
        /// One that was the broker's then or later is good enough.
        due: Timestamp,
        /// Whose session it may be asked for with, if the broker wants one.
        lender: Option<(AccountId, Route)>,
    },
}

/// What is made durable together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Commit {
    /// The records, in order.
    pub records: Vec<Record>,
    /// Journal entries; the store numbers them.
    pub journal: Vec<JournalEntry>,
    /// What is sealed or forgotten with them.
    pub seal: Vec<Seal>,
    /// Who did what: nothing of the rest is durable without it.
    pub audit: Vec<AuditEntry>,
    /// Who is answered once all of it is durable.
    pub ack: Option<(ReplyTo, Answer)>,
    /// What begins once all of it is durable; it comes back as `Msg::Audited`.
    pub then: Vec<Effect>,
    /// The run whose packed records go to the archive and leave the log.
    pub archive: Option<RunId>,
}

/// What custody does in the same transaction as the records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seal {
    /// Seal the ticket's credential and session as this account's.
    Adopt {
        /// The ticket.
        ticket: TicketId,
        /// Whose.
        user: UserId,
        /// Which account.
        account: AccountId,
    },
    /// Seal the session a check of this account, or this ticket, opened.
    Session {
        /// Where the session waits.
        from: CheckTarget,
        /// Whose.
        user: UserId,
        /// Which account.
        account: AccountId,
    },
    /// Take over what was derived: another header, another master key.
    Keys,
    /// Make a new key for a user and seal all of theirs again.
    Reencrypt {
        /// Whose.
        user: UserId,
    },
    /// Forget everything sealed for this account.
    Forget {
        /// Whose.
        user: UserId,
        /// Which account.
        account: AccountId,
    },
}

/// A reply without the views that are made when it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is done.
    Done,
    /// A connection or login has begun.
    Ticket(Ticket),
    /// Begun or done for these.
    Touched(Vec<AccountId>),
    /// A backup was made.
    BackedUp(BackedUp),
    /// The store lies in a new file.
    Purged(Purged),
    /// The plan as it is now.
    Plan(PlanId),
    /// A run was called for.
    RunCalled(RunCalled),
    /// What is wrong with a plan.
    PlanCheck(PlanCheck),
    /// The exchange calendar as it is now.
    Calendar,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Changed {
    /// The daemon itself.
    Status,
    /// An account.
    Account(AccountId),
    /// An account is gone.
    AccountRemoved(AccountId),
    /// A plan.
    Plan(PlanId),
    /// A plan is gone.
    PlanRemoved(PlanId),
    /// A run.
    Run(RunId),
    /// An intent.
    Intent(IntentId),
    /// A connection being made.
    Check(TicketId),
}

/// How an account's calls leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Whose keys.
    pub user: UserId,
    /// To which broker.
    pub broker: Broker,
    /// Through which egress.
    pub egress: EgressName,
}

/// A check to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckJob {
    /// What it is about.
    pub target: CheckTarget,
    /// The stored account it is about, if there is one.
    pub account: Option<AccountId>,
    /// How its calls leave.
    pub route: Route,
    /// The client id the account had when it was connected; another one fails the check.
    pub claimed: Option<String>,
    /// A session should still be live: try it before logging in.
    pub reuse_session: bool,
    /// Whether the order permission is asked for.
    pub probe: bool,
}

/// A copy of the store to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupJob {
    /// Who waits for it.
    pub reply: ReplyTo,
    /// Who asked.
    pub who: Who,
    /// Where to.
    pub file: String,
}

/// A store to be written into a new file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurgeJob {
    /// Who waits for it.
    pub reply: ReplyTo,
    /// Who asked.
    pub who: Who,
}

impl Effect {
    /// Whether it uses a secret or changes something outside the model, so that it begins only when it is
    /// durable who asked for it. Sealing and halting are not held up: they only take away.
    pub const fn waits_for_audit(&self) -> bool {
        matches!(
            self,
            Self::StartCheck(_)
                | Self::MakeTag { .. }
                | Self::DeriveKeys { .. }
                | Self::Backup(_)
                | Self::Purge(_)
                | Self::LoadInstruments { lender: Some(_), .. }
        )
    }
}

/// An order to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendJob {
    /// Which intent.
    pub intent: IntentId,
    /// How it leaves.
    pub route: Route,
    /// What is ordered.
    pub leg: Leg,
    /// The instrument at the broker.
    pub instrument: Instrument,
    /// The tag it carries.
    pub tag: OrderTag,
    /// It leaves at this instant or later.
    pub from: Timestamp,
    /// It leaves before this instant.
    pub until: Timestamp,
}
