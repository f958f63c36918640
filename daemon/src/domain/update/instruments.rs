//! The brokers' lists of instruments: asked for when a plan names what is not known, again after a
//! failure, and anew at every muster since tokens change overnight.

use std::collections::BTreeSet;

use muster_protocol::event::{Area, Level};
use muster_protocol::order::{Broker, Exchange};
use muster_protocol::time::SECOND;

use super::super::effect::Effect;
use super::super::instrument::Instrument;
use super::super::intent::Cause;
use super::super::model::ListState;
use super::Step;

/// How long after a failure a list is asked for again.
const AGAIN_MS: i64 = 10 * SECOND;

impl Step<'_> {
    /// Asks for the lists of the brokers at which a plan names something that is not known.
    pub(super) fn want_instruments(&mut self) {
        let wanted = self.wanted();
        for broker in self.brokers() {
            let known = |(exchange, symbol): &(Exchange, String)| {
                self.model.instruments.contains_key(&(broker, *exchange, symbol.clone()))
            };
            if !wanted.iter().all(known) {
                self.load(broker, wanted.clone());
            }
        }
    }

    /// Asks for every list anew.
    pub(super) fn refresh_instruments(&mut self) {
        let wanted = self.wanted();
        for broker in self.brokers() {
            if !wanted.is_empty() {
                self.load(broker, wanted.clone());
            }
        }
    }

    /// Asks again for the lists that did not come.
    pub(super) fn retry_instruments(&mut self) {
        let now = self.now;
        let due = self.model.lists.iter().filter_map(|(broker, state)| match state {
            ListState::Failed { again } if *again <= now => Some(*broker),
            ListState::Failed { .. } | ListState::Loading | ListState::Loaded => None,
        });
        for broker in due.collect::<Vec<Broker>>() {
            let wanted = self.wanted();
            self.load(broker, wanted);
        }
    }

    fn load(&mut self, broker: Broker, wanted: BTreeSet<(Exchange, String)>) {
        self.model.lists.insert(broker, ListState::Loading);
        self.effects.push(Effect::LoadInstruments { broker, wanted });
    }

    fn wanted(&self) -> BTreeSet<(Exchange, String)> {
        let kept = self.model.plans.values().filter_map(|plan| plan.kept());
        let legs = kept.flat_map(|plan| &plan.spec.legs);
        legs.map(|leg| (leg.exchange, leg.symbol.clone())).collect()
    }

    fn brokers(&self) -> BTreeSet<Broker> {
        self.model.accounts.values().map(|account| account.broker).collect()
    }

    pub(super) fn instruments(&mut self, broker: Broker, loaded: Result<Vec<Instrument>, Cause>) {
        match loaded {
            Ok(found) => {
                self.model.lists.insert(broker, ListState::Loaded);
                self.model.listed_at.insert(broker, self.now);
                for instrument in found {
                    let key = (broker, instrument.exchange, instrument.symbol.clone());
                    self.model.instruments.insert(key, instrument);
                }
                self.pump();
            }
            Err(cause) => {
                let again = self.now.plus(AGAIN_MS);
                self.model.lists.insert(broker, ListState::Failed { again });
                let says = cause.says.unwrap_or_else(|| cause.kind.words().to_owned());
                let text = format!(
                    "{}'s list of instruments could not be loaded: {says}; trying again",
                    broker.title()
                );
                let mut entry = self.entry(Level::Error, Area::Daemon, text);
                entry.broker = Some(broker);
                self.log(entry);
            }
        }
    }
}
