//! Somebody else who sends: a second daemon on a copy of this store, or another installation that trades
//! for the same account. Nobody can keep the first order of each from being there twice, since neither knows
//! of the other before a book shows it; what is known then stops the rest.

use muster_protocol::event::{Area, JournalEntry, Level};
use muster_protocol::ids::{AccountId, IntentId, RunId};
use muster_protocol::run::IntentStatus;
use muster_protocol::status::HoldReason;

use super::super::book::{Book, BookRow};
use super::super::effect::Commit;
use super::super::intent::{IntentEvent, Stage};
use super::super::likeness::Tagged;
use super::super::model::Deciding;
use super::super::record::{HoldEvent, Record};
use super::super::tag::{PREFIX, of_muster};
use super::Step;
use super::books::Evidence;

/// With so many accounts of a run sent for twice, nobody sends any more: one may be its broker's fault.
const TWINS: usize = 2;

impl Step<'_> {
    /// An order is there twice; or one that had not left when the account's book was read for this run is
    /// there all the same. Either way somebody else sends this run.
    pub(super) fn note_second_sender(&mut self, id: &IntentId, said: &[Evidence], book: &Book<'_>) {
        let Some(intent) = self.model.intents.get(id) else { return };
        let planned = intent.status() == IntentStatus::Planned;
        // Of a number that a person gave and the book does not have, there is no second order.
        let ours = if let Stage::Accepted { order_id, .. } = &intent.stage {
            book.order(order_id).is_some()
        } else {
            true
        };
        let Some(reading) = self.model.readings.get_mut(&id.run) else { return };
        let was_read = reading.read.contains(&id.account);
        let second = said.iter().any(|(event, _)| {
            let twice = matches!(event, IntentEvent::Duplicated { .. });
            let found = matches!(event, IntentEvent::Found { .. });
            twice && ours || found && planned && was_read
        });
        if second {
            reading.twins.insert(id.account);
        }
    }

    /// Orders that bear an intent's tag and cannot be its own, said once each. One that was not there when the
    /// account's book was read for this run is sent by somebody else.
    pub(super) fn note_others(&mut self, id: &IntentId, tagged: &Tagged<'_>) -> Vec<JournalEntry> {
        let mut said = Vec::new();
        for (row, how) in &tagged.others {
            let Some(reading) = self.model.readings.get_mut(&id.run) else { continue };
            if !reading.others.insert((id.clone(), row.order_id.clone())) {
                continue;
            }
            if reading.read.contains(&id.account) {
                reading.twins.insert(id.account);
            }
            let text = format!(
                "NOT OURS: order {} has its tag and is {how}: an older store was put back, or somebody else sends; look at the broker",
                row.order_id
            );
            said.push(self.of_intent(id, Level::Error, text));
        }
        said
    }

    /// Whether nothing more of this run is sent for the account: after a restart by what is durable.
    pub(super) fn has_second_sender(&self, run: &RunId, account: AccountId) -> bool {
        let seen = self.model.readings.get(run).is_some_and(|kept| kept.twins.contains(&account));
        seen || self.model.legs_of(run, account).any(|(_, intent)| {
            matches!(&intent.stage, Stage::Accepted { order, .. } if !order.duplicates.is_empty())
        })
    }

    /// Two accounts of one run are no accident: all runs are held until a person has looked.
    pub(super) fn hold_if_twinned(&mut self) {
        let twinned = self.model.readings.iter().find(|(_, kept)| kept.twins.len() >= TWINS);
        let Some((run, kept)) = twinned else { return };
        let (run, accounts) = (run.clone(), kept.twins.len());
        if self.model.held.is_some() || !self.model.deciding.insert(Deciding::Hold) {
            return;
        }
        let reason = HoldReason::SecondSender;
        let text = format!("SECOND SENDER: {accounts} accounts; {}", reason.words());
        let mut commit = Commit::default();
        commit.journal.push(self.of_run(&run, Level::Error, text));
        commit.records.push(Record::Hold(HoldEvent::Held { reason, at: self.now }));
        self.commit(commit);
    }

    /// Orders in the book that carry a tag of Muster's and are none of this store's, said once a run.
    pub(super) fn strangers(
        &mut self,
        account: AccountId,
        rows: &[BookRow],
    ) -> Option<JournalEntry> {
        let strange = self.model.strange_orders(account, self.now.date(), rows);
        let first = strange.first()?;
        let own = strange.iter().filter(|order| order.own).count();
        let mut new = false;
        for kept in self.model.readings.values_mut() {
            let before = kept.strange.insert(account, own);
            new |= before.is_none();
            // Another one since the account was read for this run: somebody is sending now.
            if kept.read.contains(&account) && own > before.unwrap_or(0) {
                kept.twins.insert(account);
            }
        }
        let whose = if first.own {
            "this installation: an older store was put back, or a second daemon runs other plans"
        } else {
            "another installation that trades for this account"
        };
        let (orders, number) = (strange.len(), first.order_id);
        let text = format!(
            "STRANGE: {orders} orders in the book that this store does not know, the first {number}, of {whose}"
        );
        new.then(|| self.about(account, Level::Error, Area::Order, text))
    }
}

/// An order of Muster's that this store does not know.
pub(in crate::domain) struct Strange<'a> {
    /// Its tag is of this installation.
    pub(in crate::domain) own: bool,
    /// The broker's number.
    pub(in crate::domain) order_id: &'a muster_protocol::ids::OrderId,
}

impl super::super::model::Model {
    /// The orders of this date in an account's book that carry a tag of Muster's and are none of ours.
    pub(in crate::domain) fn strange_orders<'a>(
        &self,
        account: AccountId,
        date: muster_protocol::time::TradingDate,
        rows: &'a [BookRow],
    ) -> Vec<Strange<'a>> {
        let open = self.open_runs.iter().flat_map(|run| self.legs_of(run, account));
        let own: Vec<&str> = open.filter_map(|(_, intent)| intent.tag.0.get(..PREFIX)).collect();
        let tags = rows.iter().filter_map(|row| {
            let tag = row.tags.iter().find(|tag| of_muster(tag, date))?;
            let prefix = tag.get(..PREFIX)?;
            (!own.contains(&prefix)).then_some((prefix, row))
        });
        let tags: Vec<(&str, &BookRow)> = tags.collect();
        if tags.is_empty() {
            return Vec::new();
        }
        // Seldom so far: those of runs that are over, too.
        let known: std::collections::BTreeSet<&str> =
            self.intents.values().filter_map(|intent| intent.tag.0.get(..PREFIX)).collect();
        let digits = own.first().and_then(|prefix| prefix.get(ACCOUNT));
        let strange = tags.into_iter().filter(|(prefix, _)| !known.contains(prefix));
        let strange = strange.map(|(prefix, row)| Strange {
            own: digits.is_some() && prefix.get(ACCOUNT) == digits,
            order_id: &row.order_id,
        });
        strange.collect()
    }
}

/// Where the account's digits stand in a tag.
const ACCOUNT: std::ops::Range<usize> = 5..9;
