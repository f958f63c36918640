//! A dry run: everything but the send, and a word of what would have been sent.

use muster_protocol::event::Level;
use muster_protocol::ids::{IntentId, RunId};
use muster_protocol::order::PriceRule;
use muster_protocol::plan::Mode;

use super::super::intent::IntentEvent;
use super::super::model::Deciding;
use super::super::record::Record;
use super::{Step, noted};

impl Step<'_> {
    pub(super) fn is_dry(&self, run: &RunId) -> bool {
        self.model.runs.get(run).is_some_and(|run| run.fixed.mode == Mode::DryRun)
    }

    /// An order that could be sent now, in a run that sends none.
    pub(super) fn rehearse(&mut self, id: IntentId) {
        self.model.spacing.entry(id.account).or_default().started(self.now);
        self.model.deciding.insert(Deciding::Intent(id.clone()));
        let words = self.would_send(&id).unwrap_or_default();
        let entry = self.of_intent(&id, Level::Info, format!("rehearsed, not sent: {words}"));
        let event = IntentEvent::Rehearsed { at: self.now };
        self.commit(noted(Record::Intent(id, event), entry, Vec::new()));
    }

    /// The order as the broker would have it: `NSE SBIN-EQ BUY 40 delivery LIMIT 842.15 DAY tag ...`.
    fn would_send(&self, id: &IntentId) -> Option<String> {
        let run = self.model.runs.get(&id.run)?;
        let leg = run.leg_of(id.account, id.leg)?;
        let broker = run.part(id.account)?.broker;
        let instrument = self.model.instrument(run, broker, &leg).ok()?;
        let price = match leg.price {
            PriceRule::Limit { price } => format!("LIMIT {}", price.rupees()),
            PriceRule::Marketable { .. } => "LIMIT by the last price when it is sent".to_owned(),
            PriceRule::Market => "MARKET with the broker's protection".to_owned(),
        };
        Some(format!(
            "{} {} {} {} {} {price} {} tag {}",
            leg.exchange,
            instrument.broker_symbol,
            leg.side.code(),
            leg.quantity,
            leg.product.words(),
            leg.validity.code(),
            self.model.intents.get(id)?.tag
        ))
    }
}
