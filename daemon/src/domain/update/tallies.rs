//! The tally of a run: read once more when every order has come to its end, or when the day has.

use muster_protocol::event::{JournalEntry, Level};
use muster_protocol::ids::{AccountId, RunId};
use muster_protocol::plan::Mode;
use muster_protocol::tally::{TallyCounts, TallyLine, TallyVerdict};
use muster_protocol::time::{SECOND, Timestamp};

use super::super::book::{Book, Trade};
use super::super::intent::Cause;
use super::super::model::{Deciding, Model};
use super::super::record::Record;
use super::super::run::{Participant, Run, RunEvent, Stage};
use super::super::tally;
use super::{Step, noted};

/// How long after a run's end its orders are compared: trades are listed a little after their order.
const AFTER_END_MS: i64 = 3 * SECOND;

/// How long a comparison that does not agree waits for the next one: the book may lag.
const TRY_AGAIN_MS: i64 = 30 * SECOND;

/// How often an account is compared before a difference stands.
const TRIES: u32 = 3;

/// When the account's book is to be read for the run's tally, if it still is.
pub(super) fn tally_read(
    model: &Model,
    id: &RunId,
    run: &Run,
    account: AccountId,
) -> Option<Timestamp> {
    let Stage::Closed { at, tally: None, .. } = run.stage else { return None };
    run.part(account).filter(|_| run.fixed.mode == Mode::Live)?;
    let (tries, line) = model
        .readings
        .get(id)?
        .tally
        .get(&account)
        .map_or((0, None), |kept| (kept.0, kept.1.as_ref()));
    if line.is_some() {
        return None;
    }
    let ended = tally::at_its_end(model, id, account);
    let first = if ended { at.plus(AFTER_END_MS) } else { tally::follow_until(run) };
    let again = model.watches.last(account).filter(|_| tries > 0);
    Some(again.map_or(first, |last| first.max(last.plus(TRY_AGAIN_MS))))
}

/// Whether a read of this account now is for the run's tally.
fn is_due(model: &Model, (id, run): (&RunId, &Run), account: AccountId, now: Timestamp) -> bool {
    let Stage::Closed { at, tally: None, .. } = run.stage else { return false };
    let line = model.readings.get(id).and_then(|reading| reading.tally.get(&account)?.1.as_ref());
    let ended = tally::at_its_end(model, id, account) && now >= at.plus(AFTER_END_MS);
    line.is_none() && (ended || now >= tally::follow_until(run))
}

/// Whether a read of this account now is for a tally.
pub(super) fn wants_trades(model: &Model, account: AccountId, now: Timestamp) -> bool {
    model.runs_open().any(|open| {
        let live = open.1.part(account).is_some() && open.1.fixed.mode == Mode::Live;
        live && is_due(model, open, account, now)
    })
}

impl Step<'_> {
    /// Compares what was just read, for every run that waits for it.
    pub(super) fn tally_account(
        &mut self,
        account: AccountId,
        book: &Book<'_>,
        trades: Option<&Result<Vec<Trade>, Cause>>,
    ) {
        let Some(trades) = trades else { return };
        for (id, part, last) in self.tallied_now(account) {
            let Some(run) = self.model.runs.get(&id) else { continue };
            let line = match trades {
                Ok(trades) => tally::line(self.model, (&id, run), &part, book, trades),
                Err(cause) => {
                    let says = cause.says.as_deref().unwrap_or(cause.kind.words());
                    tally::unknown(&part, &format!("the trades could not be read: {says}"))
                }
            };
            self.keep_line(&id, line, last);
        }
    }

    /// The book could not be read; after some tries that is the tally.
    pub(super) fn tally_unread(&mut self, account: AccountId, says: &str) {
        for (id, part, last) in self.tallied_now(account) {
            let line = tally::unknown(&part, &format!("the order book could not be read: {says}"));
            self.keep_line(&id, line, last);
        }
    }

    /// The runs whose tally of this account is due, and whether this is the last try.
    fn tallied_now(&self, account: AccountId) -> Vec<(RunId, Participant, bool)> {
        let due = self.model.runs_open().filter_map(|(id, run)| {
            let kept = self.model.readings.get(id)?.tally.get(&account);
            let tries = kept.map_or(0, |kept| kept.0).saturating_add(1);
            let part = run.part(account).filter(|_| run.fixed.mode == Mode::Live)?;
            let due = is_due(self.model, (id, run), account, self.now);
            due.then(|| (id.clone(), part.clone(), tries >= TRIES))
        });
        due.collect()
    }

    fn keep_line(&mut self, run: &RunId, line: TallyLine, last: bool) {
        let Some(reading) = self.model.readings.get_mut(run) else { return };
        let kept = reading.tally.entry(line.account).or_default();
        kept.0 = kept.0.saturating_add(1);
        if last || line.verdict == TallyVerdict::Pass {
            kept.1 = Some(line);
        }
    }

    /// Records the tallies of which every line is known. A day that is over answers no more reads.
    pub(super) fn end_tallies(&mut self) {
        let today = self.model.clock.surely(self.now).date();
        let waiting = self.model.runs_open().filter(|(id, run)| {
            matches!(run.stage, Stage::Closed { tally: None, .. })
                && run.fixed.mode == Mode::Live
                && !self.model.deciding.contains(&Deciding::Run((*id).clone()))
        });
        let done = waiting.filter_map(|(id, run)| {
            let reading = self.model.readings.get(id);
            let line = |part: &Participant| -> Option<TallyLine> {
                let kept = reading.and_then(|reading| reading.tally.get(&part.account));
                let known = kept.and_then(|kept| kept.1.clone());
                let over = "the day was over before the books could be compared";
                known.or_else(|| (id.date < today).then(|| tally::unknown(part, over)))
            };
            let lines: Option<Vec<TallyLine>> = run.fixed.participants.iter().map(line).collect();
            Some((id.clone(), lines?))
        });
        let done: Vec<(RunId, Vec<TallyLine>)> = done.collect();
        for (id, lines) in done {
            self.model.deciding.insert(Deciding::Run(id.clone()));
            let counts: TallyCounts = lines.iter().collect();
            let level = if counts.diff > 0 {
                Level::Error
            } else if counts.unknown > 0 {
                Level::Warn
            } else {
                Level::Info
            };
            let entry = self.of_run(&id, level, format!("tally: {}", counts.words()));
            let tallied = RunEvent::Tallied { lines, at: self.now };
            let audit = self.audit_head(&id);
            let mut commit = noted(Record::Run(id, tallied), entry, Vec::new());
            commit.journal.push(audit);
            self.commit(commit);
        }
    }

    /// The head of the audit chain, said in the daemon's log too: kept there, it shows a chain that was
    /// cut.
    fn audit_head(&self, run: &RunId) -> JournalEntry {
        let head = &self.model.audit;
        let hash = if head.hash.is_empty() { "none" } else { &head.hash };
        let text = format!("audit at the end of the run: {} entries, head {hash}", head.entries);
        self.of_run(run, Level::Info, text)
    }
}
