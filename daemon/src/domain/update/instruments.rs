//! The brokers' lists of instruments: asked for when there is a broker to ask, each trading day from
//! half past eight since tokens change overnight, again before the open, and after a failure.

use std::collections::BTreeSet;

use muster_protocol::event::{Area, JournalEntry, Level};
use muster_protocol::failure::FailureKind;
use muster_protocol::ids::AccountId;
use muster_protocol::order::{Broker, Exchange};
use muster_protocol::time::{MINUTE, SECOND, TimeOfDay, Timestamp};

use super::super::effect::Effect;
use super::super::intent::Cause;
use super::super::model::ListState;
use super::super::msg::ListLoaded;
use super::super::schedule::{LIST_AT, last_of};
use super::Step;

/// How long after a first failure a list is asked for again; each time twice as long.
const AGAIN_MS: i64 = 10 * SECOND;
/// But no longer than this.
const AT_MOST_MS: i64 = 5 * MINUTE;
/// Until then a list may still be changed: neither broker promises a time.
const OPEN: TimeOfDay = TimeOfDay::hm(9, 15);

impl Step<'_> {
    /// Asks for the lists that are missing, of yesterday, or were not asked for all that plans name.
    pub(super) fn want_instruments(&mut self) {
        let wanted = self.wanted();
        for broker in self.brokers() {
            let looked_for = self.model.looked_for.get(&broker);
            let known = |key: &(Exchange, String)| {
                looked_for.is_some_and(|all| all.contains(key))
                    || self.model.instruments.contains_key(&(broker, key.0, key.1.clone()))
            };
            let here = match self.model.lists.get(&broker) {
                Some(ListState::Loading { .. }) => true,
                Some(ListState::Loaded { .. }) => self.model.is_list_good(broker, self.now),
                Some(ListState::Failed { .. }) | None => false,
            };
            if !here || !wanted.iter().all(known) {
                self.load(broker, &wanted, self.due());
            }
        }
    }

    /// Asks whether the lists have changed, as long as they may.
    pub(super) fn refresh_instruments(&mut self) {
        let before_open = self.now < self.now.date().at(OPEN);
        let due = if before_open { self.now } else { self.due() };
        let wanted = self.wanted();
        for broker in self.brokers() {
            self.load(broker, &wanted, due);
        }
    }

    /// Asks again for the lists that did not come, and for those that are of yesterday.
    pub(super) fn retry_instruments(&mut self) {
        let now = self.now;
        let model = &*self.model;
        let due = model.lists.iter().filter(|(broker, state)| match state {
            ListState::Failed { again, .. } => *again <= now,
            ListState::Loaded { .. } => !model.is_list_good(**broker, now),
            ListState::Loading { .. } => false,
        });
        for broker in due.map(|(broker, _)| *broker).collect::<Vec<Broker>>() {
            let wanted = self.wanted();
            self.load(broker, &wanted, self.due());
        }
    }

    /// Since when a list must have been the broker's.
    fn due(&self) -> Timestamp {
        last_of(LIST_AT, &self.model.calendar, self.now).unwrap_or(Timestamp::from_millis(0))
    }

    fn load(&mut self, broker: Broker, wanted: &BTreeSet<(Exchange, String)>, due: Timestamp) {
        let state = self.model.lists.get(&broker);
        let loading = ListState::Loading {
            checked: state.and_then(|state| state.checked()),
            tries: state.map_or(0, |state| state.tries()),
        };
        self.model.lists.insert(broker, loading);
        if !self.model.is_list_good(broker, self.now) {
            // Yesterday's tokens may be other instruments today: orders wait for the new list.
            self.model.instruments.retain(|(of, _, _), _| *of != broker);
            self.model.looked_for.remove(&broker);
        }
        let lender = self.model.lender(broker, self.now);
        self.effects.push(Effect::LoadInstruments { broker, wanted: wanted.clone(), due, lender });
    }

    /// Somebody logged in: a list that the broker gives to nobody else is asked for at once.
    pub(super) fn list_may_come(&mut self, id: AccountId) {
        let Some(broker) = self.model.accounts.get(&id).map(|account| account.broker) else {
            return;
        };
        let state = self.model.lists.get(&broker);
        if matches!(state, Some(ListState::Failed { wants_login: true, .. })) {
            let wanted = self.wanted();
            self.load(broker, &wanted, self.due());
        }
    }

    fn wanted(&self) -> BTreeSet<(Exchange, String)> {
        let kept = self.model.plans.values().filter_map(|plan| plan.kept());
        let checking = self.model.checking.iter().map(|check| &check.spec);
        let legs = kept.map(|plan| &plan.spec).chain(checking).flat_map(|spec| &spec.legs);
        legs.map(|leg| (leg.exchange, leg.symbol.clone())).collect()
    }

    fn brokers(&self) -> BTreeSet<Broker> {
        self.model.accounts.values().map(|account| account.broker).collect()
    }

    pub(super) fn instruments(&mut self, broker: Broker, loaded: ListLoaded) {
        let ListLoaded { wanted, found, checked, size, failed, lent } = loaded;
        // Yesterday's tokens may name something else today.
        for (exchange, symbol) in &wanted {
            self.model.instruments.remove(&(broker, *exchange, symbol.clone()));
        }
        let due = self.due();
        let good = checked.is_some_and(|checked| checked >= due);
        if good {
            self.model.looked_for.entry(broker).or_default().extend(wanted);
        }
        for instrument in found.into_iter().filter(|_| good) {
            let key = (broker, instrument.exchange, instrument.symbol.clone());
            self.model.instruments.insert(key, instrument);
        }
        let before = self.model.lists.get(&broker).copied();
        let title = broker.title();
        let entry = match (failed, checked) {
            (None, Some(checked)) => {
                self.model.lists.insert(broker, ListState::Loaded { checked });
                let news = before.and_then(ListState::checked) != Some(checked);
                let (date, time) = (checked.date(), checked.clock());
                let asked = lent.map_or(String::new(), |id| {
                    format!(", asked for with the session of account {id}")
                });
                let text =
                    format!("{title}'s list of instruments: {size}, as of {date} {time}{asked}");
                news.then(|| self.entry(Level::Info, Area::Daemon, text))
            }
            (failed, checked) => Some(self.list_failed((broker, before), (failed, checked), lent)),
        };
        if let Some(mut entry) = entry {
            entry.broker = Some(broker);
            self.log(entry);
        }
        self.list_changed(broker);
        if good {
            self.plans_looked_at_anew();
        }
        self.pump();
    }

    /// What follows from a list that did not come: when it is asked for again, and what is said.
    fn list_failed(
        &mut self,
        (broker, before): (Broker, Option<ListState>),
        (failed, checked): (Option<Cause>, Option<Timestamp>),
        lent: Option<AccountId>,
    ) -> JournalEntry {
        let tries = before.map_or(0, ListState::tries);
        let wants_login = failed.as_ref().is_some_and(|cause| wants_login(cause.kind));
        // Somebody logged in while it was asked for without a session.
        let now_lent = lent.is_none() && self.model.lender(broker, self.now).is_some();
        let wait = if wants_login && now_lent && tries == 0 {
            0
        } else {
            AGAIN_MS.saturating_mul(1 << tries.min(8)).min(AT_MOST_MS)
        };
        let again = self.now.plus(wait);
        let tries = tries.saturating_add(1);
        self.model.lists.insert(broker, ListState::Failed { again, tries, checked, wants_login });
        let says = failed.map_or("it did not come".to_owned(), |cause| {
            cause.says.unwrap_or_else(|| cause.kind.words().to_owned())
        });
        let login = if wants_login { ", and as soon as somebody logs in there" } else { "" };
        let when = if wait == 0 { "at once".to_owned() } else { format!("in {} s", wait / SECOND) };
        let title = broker.title();
        let text = format!(
            "{title}'s list of instruments could not be loaded: {says}; trying again {when}{login}"
        );
        self.entry(Level::Error, Area::Daemon, text)
    }

    /// A list that came or went makes accounts fit or unfit.
    fn list_changed(&mut self, broker: Broker) {
        let of_broker = self.model.accounts.iter().filter(|(_, account)| account.broker == broker);
        for id in of_broker.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.publish(super::Changed::Account(id));
        }
        self.publish(super::Changed::Status);
    }
}

/// Whether a list was refused for want of a live session.
const fn wants_login(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::SessionExpired | FailureKind::CredentialsRejected)
}
