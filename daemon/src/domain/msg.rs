//! Everything that can happen to the model: one closed enum.

use std::collections::BTreeSet;

use muster_protocol::calendar::CalendarChange;
use muster_protocol::check::{CheckTarget, OrderPermission, StepView};
use muster_protocol::failure::Explained;
use muster_protocol::frame::Failure;
use muster_protocol::halt::{HaltScope, Verdict};
use muster_protocol::ids::{
    AccountId, Attempt, EgressName, IntentId, Label, OrderId, OrderTag, PlanId, RunId, TicketId,
    UserId,
};
use muster_protocol::money::Paise;
use muster_protocol::order::{Broker, Exchange, Leg};
use muster_protocol::plan::{Mode, PlanSpec};
use muster_protocol::reply::Purged;
use muster_protocol::request::Selection;
use muster_protocol::run::CalledAs;
use muster_protocol::status::Observed;
use muster_protocol::time::Timestamp;
use muster_protocol::vault::KeyTask;

use super::archive::Whole;
use super::book::{BookRow, Trade};
use super::clock_guard::Reading;
use super::effect::{BackupJob, Effect, PurgeJob};
use super::egress::Trouble;
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
    /// It is durable who asked for this: it may begin.
    Audited(Vec<Effect>),
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
    /// An order got its limit from the last price and is about to leave.
    Priced {
        /// Which intent.
        intent: IntentId,
        /// The last price.
        last: Paise,
        /// The leg as it leaves.
        leg: Leg,
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
        /// What came of it.
        loaded: ListLoaded,
    },
    /// A backup was made, or why not.
    BackedUp(BackupJob, Result<u64, Failure>),
    /// The store lies in a new file, or why not.
    Purged(PurgeJob, Result<Purged, Failure>),
    /// The records of runs were packed for the archive: each run as it is read back from there, or why not.
    Packed(Vec<(RunId, Result<Whole, String>)>),
    /// A secret was tried.
    KeysDerived(Result<(), KeyRefusal>),
    /// The world was asked what it sees of an egress.
    Observed {
        /// Which.
        egress: EgressName,
        /// What it saw, or why nothing is known.
        observed: Result<Observed, Trouble>,
    },
    /// The machine's clocks were read; comes before every other message of a turn.
    Clock(Reading),
}

/// What came of loading a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListLoaded {
    /// What was wanted of it.
    pub wanted: BTreeSet<(Exchange, String)>,
    /// What it has of that.
    pub found: Vec<Instrument>,
    /// When the list that is here was last the broker's; `None` if there is none.
    pub checked: Option<Timestamp>,
    /// How many instruments it has.
    pub size: usize,
    /// Why there is no newer one, if one was asked for.
    pub failed: Option<Cause>,
    /// Whose session it was asked for with, where the broker wanted one.
    pub lent: Option<AccountId>,
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
    /// The address the world saw the check come from.
    pub seen_from: Option<String>,
    /// Where the broker lets the account trade, if it says so.
    pub exchanges: Option<Vec<Exchange>>,
    /// The step of which a one-time code was used.
    pub otp_step: Option<i64>,
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

/// A run that a person calls for, as they saw the plan.
#[derive(Debug)]
pub struct RunCall {
    /// The run it is to be.
    pub run: RunId,
    /// The plan's hash.
    pub hash: String,
    /// How it was armed.
    pub mode: Mode,
    /// What the run is to the plan's next firing of today.
    pub called: CalledAs,
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
    /// Give an account another way out.
    SetEgress {
        /// Which account.
        account: AccountId,
        /// Which way out.
        egress: EgressName,
    },
    /// Call everybody to a muster now.
    CallMuster,
    /// Forget an account.
    Remove {
        /// Which.
        account: AccountId,
        /// Its user's name, typed once more.
        confirm: UserId,
    },
    /// Write a plan down.
    PutPlan(PlanSpec),
    /// Say what is wrong with a plan.
    CheckPlan(PlanSpec),
    /// Change the exchange calendar.
    Amend {
        /// What changes.
        change: CalendarChange,
        /// Why.
        reason: String,
    },
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
    /// Have a plan run now.
    RunNow(RunCall),
    /// Do this with the secret that waits under the reply's number.
    Keys(KeyTask),
    /// Wipe the keys.
    Seal,
    /// Copy the store to a file.
    Backup(String),
    /// Write the store into a new file.
    Purge,
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
