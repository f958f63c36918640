//! The brokers' lists of instruments: what each says of a leg, and who waits for one.

use muster_protocol::order::{Broker, Leg};
use muster_protocol::plan::PlanSpec;
use muster_protocol::time::Timestamp;

use super::instrument::Instrument;
use super::model::{Model, NoInstrument};
use super::msg::ReplyTo;
use super::run::Run;

/// A check of a plan that waits for a broker's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checking {
    /// Who waits.
    pub reply: ReplyTo,
    /// The plan.
    pub spec: PlanSpec,
    /// When it is answered at the latest.
    pub until: Timestamp,
}

impl Model {
    /// A leg's instrument at a broker: as it was frozen, else from today's list.
    pub fn instrument<'a>(
        &'a self,
        run: &'a Run,
        broker: Broker,
        leg: &Leg,
    ) -> Result<&'a Instrument, NoInstrument> {
        let frozen = run.fixed.instruments.iter().find(|(of, instrument)| {
            *of == broker && instrument.exchange == leg.exchange && instrument.symbol == leg.symbol
        });
        frozen.map_or_else(|| self.listed(broker, leg), |(_, instrument)| Ok(instrument))
    }

    /// A leg's instrument as today's list of the broker has it.
    pub fn listed(&self, broker: Broker, leg: &Leg) -> Result<&Instrument, NoInstrument> {
        let key = (leg.exchange, leg.symbol.clone());
        let looked_for = self.looked_for.get(&broker).is_some_and(|all| all.contains(&key));
        let found = self.instruments.get(&(broker, key.0, key.1));
        found.ok_or(if looked_for { NoInstrument::Unknown } else { NoInstrument::NotLoaded })
    }
}
