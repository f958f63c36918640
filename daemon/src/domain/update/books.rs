//! The brokers' order books: when each is read, and what a read says of every intent of the account.

use muster_protocol::event::{Area, JournalEntry, Level};
use muster_protocol::failure::FailureKind;
use muster_protocol::ids::{AccountId, IntentId, RunId};
use muster_protocol::run::IntentStatus;
use muster_protocol::status::VaultState;
use muster_protocol::time::{Timestamp, TradingDate};

use super::super::absence::{self, Clean};
use super::super::book::{Book, BookRow, OrderState, Progress};
use super::super::effect::{Commit, Effect};
use super::super::intent::{Cause, Intent, IntentEvent, Stage};
use super::super::likeness::Tagged;
use super::super::model::{Deciding, Model};
use super::super::msg::Read;
use super::super::record::Record;
use super::super::run;
use super::super::watch::{MAX_READS, MAX_READS_FIRING, doubt_read, follow_read};
use super::Step;
use super::tallies::{tally_read, wants_trades};

/// How long before a run each account's book is read, in milliseconds: it finds what a restored store
/// or a second daemon has placed already, and warms the connection. A run of many accounts begins
/// sooner, at the rate the reads allow.
pub(super) fn preflight_ms(accounts: usize) -> i64 {
    i64::try_from(accounts).unwrap_or(i64::MAX).saturating_mul(5).max(30_000)
}

/// How many reads may be under way.
pub(super) fn room(model: &Model) -> usize {
    if model.firing.is_empty() { MAX_READS } else { MAX_READS_FIRING }
}

/// One thing a read says of an intent, and how it is said aloud.
pub(super) type Evidence = (IntentEvent, Option<(Level, String)>);

impl Step<'_> {
    /// Decides anew when the account's book is read next.
    pub(super) fn watch(&mut self, account: AccountId) {
        let wanted = wanted_read(self.model, account, self.now.date());
        self.model.watches.set(account, wanted);
    }

    /// Reads the order books that are due.
    pub(super) fn read_books(&mut self) {
        if self.model.vault == VaultState::Sealed || self.model.stopping {
            return;
        }
        while let Some(account) = self.model.watches.begin(self.now, room(self.model)) {
            let Some(route) = self.model.route(account) else {
                self.unreadable(account, "the account was removed");
                continue;
            };
            let trades = wants_trades(self.model, account, self.now);
            self.effects.push(Effect::ReadBook { account, route, trades });
        }
    }

    fn unreadable(&mut self, account: AccountId, why: &str) {
        let cause = Cause { kind: FailureKind::Refused, says: Some(why.to_owned()), ip_seen: None };
        self.book_read(account, Err(cause));
    }

    /// A read came back: what it says is recorded, and what waited for it goes on.
    pub(super) fn book_read(&mut self, account: AccountId, read: Result<Read, Cause>) {
        let Some(started) = self.model.watches.ended(account, read.is_ok()) else { return };
        let mut commit = Commit::default();
        match read {
            Ok(read) => {
                let book = Book::new(&read.rows);
                self.take_evidence(account, started, &book, &mut commit);
                commit.journal.extend(self.cancel_what_stayed(account, started, &book));
                let strange = self.strangers(account, &read.rows);
                commit.journal.extend(strange);
                self.tally_account(account, &book, read.trades.as_ref());
                self.note_read(account, started);
            }
            Err(cause) => {
                let says = cause.says.clone().unwrap_or_else(|| cause.kind.words().to_owned());
                // Said at the 1st, 2nd, 4th, 8th time ...: a broker that is away all day fills no journal.
                let failures = self.model.watches.failures(account);
                if failures.is_power_of_two() {
                    let text = format!("the order book could not be read: {says}; trying again");
                    commit.journal.push(self.about(account, Level::Warn, Area::Order, text));
                }
                if cause.kind == FailureKind::SessionExpired {
                    commit.records.extend(self.session_over(account));
                    self.log_in_again(account);
                }
                self.tally_unread(account, &says);
            }
        }
        if commit != Commit::default() {
            self.commit(commit);
        }
        self.hold_if_twinned();
        self.end_tallies();
        self.watch(account);
    }

    /// From now on this account's orders may leave, and those that waited for the read do.
    fn note_read(&mut self, account: AccountId, started: Timestamp) {
        let mut released = Vec::new();
        for (run, reading) in &mut self.model.readings {
            let of_run = self.model.runs.get(run).is_some_and(|run| run.part(account).is_some());
            let since =
                reading.anew.get(&account).map_or(reading.since, |at| reading.since.max(*at));
            if of_run && started >= since && reading.read.insert(account) {
                released.push(run.clone());
            }
        }
        for run in released {
            self.enqueue(&run, account);
        }
    }

    fn take_evidence(
        &mut self,
        account: AccountId,
        started: Timestamp,
        book: &Book<'_>,
        commit: &mut Commit,
    ) {
        let today = self.now.date();
        let runs: Vec<RunId> = self.model.open_runs.iter().cloned().collect();
        for run in runs.into_iter().filter(|run| run.date == today) {
            let legs: Vec<IntentId> =
                self.model.legs_of(&run, account).map(|(id, _)| id.clone()).collect();
            for id in legs {
                if self.model.deciding.contains(&Deciding::Intent(id.clone())) {
                    continue;
                }
                let Some(intent) = self.model.intents.get(&id) else { continue };
                let tagged = self.model.tagged(&id, intent, book);
                let mut said = evidence(intent, &tagged, book, self.now);
                if matches!(intent.stage, Stage::InDoubt { .. }) && said.is_empty() {
                    said = match tagged.others.first() {
                        Some(_) => self.not_provable(&id),
                        None => self.not_shown(&id, started, book),
                    };
                }
                commit.journal.extend(self.note_others(&id, &tagged));
                if said.is_empty() {
                    continue;
                }
                self.note_second_sender(&id, &said, book);
                self.model.deciding.insert(Deciding::Intent(id.clone()));
                for (event, aloud) in said {
                    let entry = aloud.map(|(level, text)| self.of_intent(&id, level, text));
                    commit.journal.extend(entry);
                    commit.records.push(Record::Intent(id.clone(), event));
                }
            }
        }
    }

    /// An order in doubt whose tag is on another order: what the book does not show under it proves nothing.
    fn not_provable(&mut self, id: &IntentId) -> Vec<Evidence> {
        if let Some(reading) = self.model.readings.get_mut(&id.run) {
            reading.clean.remove(id);
        }
        let proven =
            self.model.intents.get(id).is_some_and(|intent| {
                matches!(intent.stage, Stage::InDoubt { absent: Some(_), .. })
            });
        let text = "only another order has its tag; still IN DOUBT, not sent again";
        let missing = IntentEvent::Missing { at: self.now };
        if proven { Vec::new() } else { vec![(missing, Some((Level::Warn, text.to_owned())))] }
    }

    /// An order in doubt that the book does not show: one look more, or the proof of absence.
    fn not_shown(&mut self, id: &IntentId, started: Timestamp, book: &Book<'_>) -> Vec<Evidence> {
        let Some(Stage::InDoubt { since, absent, sent, .. }) =
            self.model.intents.get(id).map(|intent| intent.stage.clone())
        else {
            return Vec::new();
        };
        let at = self.now;
        let witness = self.model.legs_of(&id.run, id.account).any(|(_, other)| {
            matches!(&other.stage, Stage::Accepted { sent: theirs, order_id, .. }
                if theirs.at.since(sent.at).abs() <= absence::SETTLE_MS
                    && book.order(order_id).is_some())
        });
        let broker = self.model.accounts.get(&id.account).map(|account| account.broker);
        let leg = self.model.runs.get(&id.run).and_then(|run| run.leg_of(id.account, id.leg));
        let findable = broker.zip(leg).is_some_and(|(at, leg)| absence::keeps_tag(at, leg.price));
        let proven = match self.model.readings.get_mut(&id.run) {
            Some(_) if !findable => false,
            Some(reading) => {
                let clean = reading.clean.entry(id.clone()).or_default();
                clean.push(Clean { started, witness });
                absence::is_proven(since.max(reading.since), clean)
            }
            None => false,
        };
        let missing = if findable {
            "not in the order book; still IN DOUBT, not sent again"
        } else {
            "not in the order book under its tag, which Kite may drop on a MARKET order; look for \
             it at Kite; still IN DOUBT, not sent again"
        };
        let missing = (IntentEvent::Missing { at }, Some((Level::Warn, missing.to_owned())));
        match (absent, proven) {
            // Said once; what is known does not change any more.
            (Some(_), _) => Vec::new(),
            (None, true) => {
                let text = "the broker does not have it: proven by its order book";
                let aloud = Some((Level::Error, text.to_owned()));
                vec![(IntentEvent::Missing { at }, None), (IntentEvent::Absent { at }, aloud)]
            }
            (None, false) => vec![missing],
        }
    }
}

/// When the account's book is to be read next, if anything wants it read.
fn wanted_read(model: &Model, account: AccountId, today: TradingDate) -> Option<Timestamp> {
    let last = model.watches.last(account);
    // No broker tells of another day.
    let of_today = model.runs_open().filter(|(id, _)| id.date == today);
    let wants = of_today.filter_map(|(id, run)| {
        run.part(account)?;
        let legs = || model.legs_of(id, account);
        let reading = model.readings.get(id)?;
        let unread = !reading.read.contains(&account);
        let before = match run.stage {
            run::Stage::Frozen if unread => {
                let lead = preflight_ms(run.fixed.participants.len());
                Some(reading.since.max(run.fixed.fire_at.plus(-lead)))
            }
            run::Stage::Firing { .. } if unread => {
                let planned = legs().any(|(_, intent)| intent.status() == IntentStatus::Planned);
                planned.then_some(reading.since)
            }
            run::Stage::Frozen
            | run::Stage::Firing { .. }
            | run::Stage::Closed { .. }
            | run::Stage::Missed { .. } => None,
        };
        let answered = |id| model.cancel_answers.get(id).map(|answer| answer.at);
        let open = legs().filter_map(|(id, intent)| next_look(intent, answered(id), last));
        open.chain(before).chain(tally_read(model, id, run, account)).min()
    });
    wants.min()
}

/// When an intent wants its account's book read.
fn next_look(
    intent: &Intent,
    answered: Option<Timestamp>,
    last: Option<Timestamp>,
) -> Option<Timestamp> {
    match &intent.stage {
        Stage::InDoubt { since, .. } => Some(doubt_read(*since, last)),
        Stage::Accepted { at, order, .. } => {
            let over = order.progress.as_ref().is_some_and(|progress| progress.state.is_final());
            // A cancellation is followed like a fresh order, and so is each answer to one.
            let since = order.cancelling.max(answered).unwrap_or(*at);
            (!over).then(|| follow_read(since, last))
        }
        Stage::Planned
        | Stage::Sending(_)
        | Stage::Refused { .. }
        | Stage::NotSent { .. }
        | Stage::Missed
        | Stage::Rehearsed => None,
    }
}

/// What a book says of an intent; nothing about one that is on its way.
fn evidence(intent: &Intent, tagged: &Tagged<'_>, book: &Book<'_>, at: Timestamp) -> Vec<Evidence> {
    let rows = tagged.ours.as_slice();
    // A refused order may stand in the book as rejected, and a rejected one is no second order.
    let live = |row: &&BookRow| row.state != OrderState::Rejected;
    match &intent.stage {
        Stage::Planned if rows.is_empty() => tagged.others.first().map_or_else(Vec::new, |other| {
            let (row, how) = other;
            let why = format!("its tag is on another order, {}: {how}", row.order_id);
            let kind = FailureKind::Refused;
            let cause = Cause { kind, says: Some(why.clone()), ip_seen: None };
            let text = format!("not sent: {why}; place it by hand if it is still wanted");
            vec![(IntentEvent::NotSent { cause, at }, Some((Level::Error, text)))]
        }),
        Stage::Planned => found(intent, rows, at, ("already at the broker as", Level::Error)),
        Stage::InDoubt { .. } => {
            found(intent, rows, at, ("found in the order book as", Level::Info))
        }
        Stage::Refused { .. } | Stage::NotSent { .. } | Stage::Missed => {
            let rows: Vec<&BookRow> = rows.iter().copied().filter(live).collect();
            found(intent, &rows, at, ("NOT EXPECTED at the broker, but there as", Level::Error))
        }
        Stage::Accepted { order_id, order, .. } => {
            let more = rows.iter().copied().filter(live).filter(|row| {
                row.order_id != *order_id && !order.duplicates.contains(&row.order_id)
            });
            let mut said: Vec<Evidence> = more.map(|row| duplicated(row, at)).collect();
            let row = book.order(order_id);
            said.extend(row.and_then(|row| followed(row, order.progress.as_ref(), at)));
            said
        }
        Stage::Sending(_) | Stage::Rehearsed => Vec::new(),
    }
}

/// One of the rows is the intent's order: that of its own attempt, else one that is not rejected. Any
/// other that is not is one too many.
fn found(
    intent: &Intent,
    rows: &[&BookRow],
    at: Timestamp,
    (words, level): (&str, Level),
) -> Vec<Evidence> {
    let own = |row: &&&BookRow| row.tags.contains(&intent.tag.0);
    let live = |row: &&&BookRow| row.state != OrderState::Rejected;
    let choice = rows.iter().find(|row| own(row) && live(row));
    let choice = choice.or_else(|| rows.iter().find(live)).or_else(|| rows.first());
    let Some(row) = choice.copied() else { return Vec::new() };
    let order_id = row.order_id.clone();
    let text = format!("{words} {order_id}");
    let more = rows.iter().filter(|other| live(other) && other.order_id != row.order_id);
    let mut said = vec![(IntentEvent::Found { order_id, at }, Some((level, text)))];
    said.extend(followed(row, None, at));
    said.extend(more.map(|row| duplicated(row, at)));
    said
}

fn duplicated(row: &BookRow, at: Timestamp) -> Evidence {
    let order_id = row.order_id.clone();
    let text = format!(
        "DUPLICATE: the broker has another order of it, {order_id}; nothing is cancelled by itself"
    );
    (IntentEvent::Duplicated { order_id, at }, Some((Level::Error, text)))
}

fn followed(row: &BookRow, known: Option<&Progress>, at: Timestamp) -> Option<Evidence> {
    let progress = Progress::from(row);
    if known == Some(&progress) {
        return None;
    }
    let says = progress.text.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
    let average = progress.average.map(|price| format!(" at {}", price.rupees()));
    let average = average.filter(|_| progress.filled > 0).unwrap_or_default();
    let aloud = match progress.state {
        OrderState::Filled => Some((Level::Info, format!("filled {}{average}", progress.filled))),
        OrderState::Rejected => Some((Level::Error, format!("rejected at the broker{says}"))),
        OrderState::Cancelled => {
            Some((Level::Warn, format!("cancelled, {} filled{average}{says}", progress.filled)))
        }
        OrderState::Pending | OrderState::Open => None,
    };
    Some((IntentEvent::Followed { progress, at }, aloud))
}

/// A journal entry about an order's cancellation.
pub(super) fn about_cancel(
    step: &Step<'_>,
    id: &IntentId,
    outcome: &Result<(), Cause>,
) -> JournalEntry {
    match outcome {
        Ok(()) => step.of_intent(id, Level::Warn, "its cancellation was taken"),
        Err(cause) => {
            let says = cause.says.clone().unwrap_or_else(|| cause.kind.words().to_owned());
            step.of_intent(id, Level::Error, format!("its cancellation failed: {says}"))
        }
    }
}
