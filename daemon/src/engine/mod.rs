//! The runner of the domain: one loop that owns the model, the custody and the feed; takes messages
//! one by one, performs their effects, commits each turn's records together.

mod archive;
mod ask;
mod audit;
mod brokers;
pub mod check;
mod feed;
mod gate;
mod handle;
mod health;
mod house;
mod jobs;
mod keys;
mod last_words;
pub mod limited;
mod lists;
mod merged;
mod offsets;
mod owed;
mod perform;
mod points;
mod pricing;
mod show;
mod slow;

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use muster_protocol::check::CheckTarget;
use muster_protocol::event::{JournalEntry, Level};
use muster_protocol::frame::Failure;
use muster_protocol::ids::{RunId, TicketId, UserId};
use muster_protocol::request::JournalFilter;
use muster_protocol::status::VaultState;
use muster_protocol::time::{SECOND, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, yield_now};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use self::check::codes::{Codes, step_of};
use self::feed::Watchers;
use self::gate::Gate;
use self::handle::{Back, Input, Tickets};
use self::perform::{Note, Turn};
use crate::clock::{Clock, Shown};
use crate::credential::{SecretText, SessionSecret};
use crate::custody::Custody;
use crate::custody::keys::{Derived, KeySecrets};
use crate::domain::clock_guard::Reading;
use crate::domain::effect::Changed;
use crate::domain::model::Model;
use crate::domain::msg::{Msg, ReplyTo};
use crate::domain::record::Record;
use crate::domain::update::{next_deadline, update};
use crate::store::{Epochs, Packed, Report, Store, StoreError, Writer, decode};
use crate::vault::wiping_once;

pub use self::archive::{ArchiveError, verify_archive};
pub use self::brokers::{Brokers, BrokersError, BrokersSetup};
pub use self::handle::{Handle, Peer, Said, Subscription};

/// Why the engine ended, other than being told to.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store failed; nothing more is sent. A restart recovers.
    #[error("the store failed, so no order can be recorded and none is sent: {0}")]
    Store(#[from] StoreError),
    /// The writing thread could not be started.
    #[error("the store's writing thread could not be started")]
    Thread(#[source] std::io::Error),
}

/// Everything the engine is made of.
pub struct Parts {
    /// The empty model, its settings and calendar in it.
    pub model: Model,
    /// The store, open.
    pub store: Arc<Store>,
    /// The second place of its epoch.
    pub epochs: Epochs,
    /// The keys, and what they sealed.
    pub custody: Custody,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The brokers' adapters.
    pub brokers: Brokers,
}

/// How many peers' requests wait.
const INPUTS: usize = 1_024;
/// How many messages one turn takes, so that a flood cannot keep a commit waiting.
const TURN: usize = 256;
/// The status is told again after this long, so that watchers can set their clocks.
const STATUS_EVERY: i64 = 10 * SECOND;
/// A stop waits this long for orders on their way; what comes later is in doubt and looked up at the
/// next start. Longer than any call, shorter than systemd's patience.
const STOP_WITHIN: Duration = Duration::from_secs(40);
/// The loop does not tick more often than this, whatever the deadline says.
const LEAST_WAIT: i64 = 1;

/// The engine. Owns all state; nothing else does.
pub struct Engine {
    model: Model,
    store: Arc<Store>,
    writer: Writer<Note>,
    epochs: Epochs,
    custody: Custody,
    clock: Arc<dyn Clock>,
    brokers: Brokers,
    watchers: Watchers,
    inputs: mpsc::Receiver<Input>,
    back: mpsc::UnboundedReceiver<Back>,
    back_to: mpsc::UnboundedSender<Back>,
    waiting: BTreeMap<ReplyTo, oneshot::Sender<Result<Said, Failure>>>,
    next_reply: u64,
    tickets: Tickets,
    tokens: BTreeMap<TicketId, SecretText>,
    opened: BTreeMap<CheckTarget, SessionSecret>,
    running: BTreeMap<CheckTarget, AbortHandle>,
    /// Secrets for the vault, until they are tried.
    key_secrets: BTreeMap<ReplyTo, KeySecrets>,
    /// What a secret led to, until the model has decided.
    derived: Option<Derived>,
    gate: Gate,
    /// Which one-time codes were used.
    codes: Arc<Codes>,
    status_at: Timestamp,
    /// When the newest backup was made.
    backed_up: Option<Timestamp>,
    /// Records of runs, packed for the archive, until the model has decided.
    packed: BTreeMap<RunId, Packed>,
}

impl Engine {
    /// Replays the store into the model and makes the engine ready to run.
    pub fn new(parts: Parts) -> Result<(Self, Handle), EngineError> {
        let Parts { mut model, store, epochs, custody, clock, brokers } = parts;
        for (seq, bytes) in store.numbered()? {
            let record: Record = decode(&bytes)?;
            if let Err(illegal) = model.apply(&record) {
                // It had no effect when it was written either: live and replay stay the same.
                tracing::error!(seq, %illegal, "a record was passed over");
            }
        }
        model.pack();
        let journal = store.journal(&JournalFilter::default(), 0, 1_000)?;
        model.audit = store.audit_head()?;
        let backed_up = house::last_backup(&store)?;
        let (inputs_to, inputs) = mpsc::channel(INPUTS);
        let (back_to, back) = mpsc::unbounded_channel();
        let report_to = back_to.clone();
        let writer = Writer::start(Arc::clone(&store), move |report| {
            let back = match report {
                Report::Committed { note, journal, audit, .. } => {
                    Back::Committed { note, journal, audit }
                }
                Report::Failed(error) => Back::StoreFailed(error),
            };
            // The engine may have ended already.
            drop(report_to.send(back));
        })
        .map_err(EngineError::Thread)?;
        let now = clock.now();
        let codes = used_codes(&model, now);
        let engine = Self {
            model,
            store,
            writer,
            epochs,
            custody,
            clock,
            brokers,
            watchers: Watchers::new(journal),
            inputs,
            back,
            back_to,
            waiting: BTreeMap::new(),
            next_reply: 0,
            tickets: Tickets::new(now),
            tokens: BTreeMap::new(),
            opened: BTreeMap::new(),
            running: BTreeMap::new(),
            key_secrets: BTreeMap::new(),
            derived: None,
            gate: Gate::default(),
            codes: Arc::new(codes),
            status_at: now,
            backed_up,
            packed: BTreeMap::new(),
        };
        Ok((engine, Handle::new(inputs_to)))
    }

    /// Runs until told to stop, then lets what is on its way come back and be recorded.
    pub async fn run(mut self, stop: CancellationToken) -> Result<(), EngineError> {
        let mut first = vec![Msg::Started];
        let mut patience = None;
        loop {
            self.turn(std::mem::take(&mut first));
            if stop.is_cancelled() {
                self.model.stopping = true;
                let until = *patience.get_or_insert_with(|| Instant::now() + STOP_WITHIN);
                let done = self.model.in_flight.is_empty() && self.model.deciding.is_empty();
                if done || Instant::now() >= until {
                    break;
                }
            }
            first = match self.next(&stop).await {
                Ok(msgs) => msgs,
                Err(error) => {
                    self.refuse_all(&error);
                    return Err(error);
                }
            };
        }
        self.writer.stop();
        Ok(())
    }

    /// Waits for something to happen and takes what has happened, up to a turn's worth.
    async fn next(&mut self, stop: &CancellationToken) -> Result<Vec<Msg>, EngineError> {
        let now = self.clock.now();
        let deadline =
            next_deadline(&self.model, now).map_or(self.status_at, |at| at.min(self.status_at));
        let deadline = deadline.max(now.plus(LEAST_WAIT));
        let clock = Arc::clone(&self.clock);
        let stopping = self.model.stopping;
        let telling = self.watchers.due(Instant::now());
        let telling = async move {
            match telling {
                Some(at) => sleep_until(at).await,
                None => pending().await,
            }
        };
        let mut msgs = Vec::new();
        tokio::select! {
            biased;
            Some(back) = self.back.recv() => msgs.extend(self.came_back(back)?),
            () = stop.cancelled(), if !stopping => {}
            Some(input) = self.inputs.recv(), if !stopping => msgs.extend(self.came_in(input)),
            () = clock.sleep_until(deadline) => {}
            () = telling => {}
        }
        // Whoever is about to come back does so first: a turn costs the same for one message and for many.
        yield_now().await;
        while msgs.len() < TURN {
            if let Ok(back) = self.back.try_recv() {
                msgs.extend(self.came_back(back)?);
            } else if let Some(input) = (!stopping).then(|| self.inputs.try_recv().ok()).flatten() {
                msgs.extend(self.came_in(input));
            } else {
                break;
            }
        }
        msgs.push(Msg::Tick);
        Ok(msgs)
    }

    fn reading(&self) -> Reading {
        let Shown { wall_us, steady_ms, awake_ms, ntp } = self.clock.shown();
        Reading { wall_us, steady_ms, awake_ms, ntp, offsets: self.brokers.offsets.all() }
    }

    fn came_in(&mut self, input: Input) -> Option<Msg> {
        match input {
            Input::Ask { peer, request, reply } => self.ask(&peer, *request, reply),
            Input::Redirect { query, reply } => self.redirect(&query, reply),
            Input::Subscribe { peer, tail, reply } => {
                let now = self.clock.now();
                let subscription = self.watchers.subscribe(&self.model, now, &peer, tail);
                // The peer may have gone.
                drop(reply.send(subscription));
                None
            }
        }
    }

    fn came_back(&mut self, back: Back) -> Result<Option<Msg>, EngineError> {
        match back {
            Back::Msg(msg) => {
                if matches!(*msg, Msg::BackedUp(_, Ok(_))) {
                    self.backed_up = Some(self.clock.now());
                }
                Ok(Some(*msg))
            }
            Back::Check { target, session, done } => {
                self.running.remove(&target);
                if let Some(session) = session {
                    self.keep_opened(target, session);
                }
                Ok(Some(Msg::CheckDone { target, done }))
            }
            Back::Committed { note, journal, audit } => {
                if let Some(head) = audit {
                    self.model.audit = head;
                }
                journal.iter().for_each(log);
                self.watchers.journal(journal);
                points::durable(&note);
                slow::warn(&note);
                let Note { records, then, acks, packs: _, since: _ } = note;
                let switched = gate::accounts_of(&records);
                self.turn(vec![Msg::Committed(records), Msg::Audited(then)]);
                self.gate.switched(&switched, &self.model);
                for (to, answer) in acks {
                    let answer = self.answer(answer);
                    self.reply(to, answer);
                }
                Ok(None)
            }
            Back::Keys(result) => {
                let result = result.map(|derived| self.derived = Some(derived));
                Ok(Some(Msg::KeysDerived(result)))
            }
            Back::Packed(packed) => Ok(Some(self.came_packed(packed))),
            Back::StoreFailed(error) => Err(error.into()),
        }
    }

    /// A session a check opened waits here until its record is written; a connection's waits with
    /// its draft. One of a check nobody waits for any more is dropped.
    fn keep_opened(&mut self, target: CheckTarget, session: SessionSecret) {
        let awaited = match target {
            CheckTarget::Ticket(ticket) => self.model.tickets.contains_key(&ticket),
            CheckTarget::Account(account) => self.model.checks.contains_key(&account),
        };
        if !awaited || self.custody.state() == VaultState::Sealed {
            return;
        }
        match target {
            CheckTarget::Ticket(ticket) if self.custody.draft(ticket).is_some() => {
                self.custody.hold_draft_session(ticket, session);
            }
            CheckTarget::Ticket(_) | CheckTarget::Account(_) => {
                self.opened.insert(target, session);
            }
        }
    }

    /// Takes the messages one by one and performs what follows, then commits it all together.
    fn turn(&mut self, msgs: Vec<Msg>) {
        let mut turn = Turn::default();
        let mut queue = VecDeque::from(msgs);
        // First of all: a clock that was set decides what the time that has come means.
        queue.push_front(Msg::Clock(self.reading()));
        wiping_once(|| {
            while let Some(msg) = queue.pop_front() {
                let now = self.clock.now();
                let effects = update(&mut self.model, now, msg);
                self.gate.set(&self.model);
                queue.extend(self.perform(effects, &mut turn));
            }
        });
        if self.clock.now() >= self.status_at {
            self.status_at = self.clock.now().plus(STATUS_EVERY);
            turn.changed(Changed::Status);
        }
        self.end_turn(turn);
    }
}

/// The one-time codes that were used, or may have been just before a crash.
fn used_codes(model: &Model, now: Timestamp) -> Codes {
    let codes = Codes::default();
    for account in model.accounts.values() {
        let last = account.otp_step.unwrap_or(0).max(step_of(now));
        codes.used(&account.identity.client_id, last);
    }
    codes
}

/// The journal's entries go to the log too, for whoever reads that and not the socket. They hold no
/// secret; the broker's words in them were scrubbed where they were read.
fn log(entry: &JournalEntry) {
    let (area, text) = (entry.area.words(), &entry.text);
    let user = entry.user.as_ref().map_or("", UserId::as_str);
    match entry.level {
        Level::Info => tracing::info!(area, user, "{text}"),
        Level::Warn => tracing::warn!(area, user, "{text}"),
        Level::Error => tracing::error!(area, user, "{text}"),
    }
}
