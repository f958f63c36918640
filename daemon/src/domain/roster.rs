//! Who takes part in a run of a plan: named by it, fit, its orders placeable and under its caps.

use std::collections::BTreeMap;

use muster_protocol::account::{Fitness, Unfit};
use muster_protocol::ids::AccountId;
use muster_protocol::order::{Broker, Leg};
use muster_protocol::plan::{PlanSpec, Terms};
use muster_protocol::time::{Timestamp, TradingDate};

use super::account::Account;
use super::model::{Model, NoInstrument};
use super::muster::{self, Ahead};
use super::vet::{cap_fault, order_fault};

/// An account's place in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The plan does not name it, or it is switched off: nothing is said of it.
    Aside,
    /// It takes part.
    In,
    /// It would, and cannot.
    Out(Vec<Unfit>),
}

/// A plan's accounts. Those with the same broker and terms meet the same faults, which are looked for
/// once.
pub struct Roster<'a> {
    model: &'a Model,
    ahead: Ahead<'a>,
    spec: Option<&'a PlanSpec>,
    legs: Vec<Leg>,
    faults: BTreeMap<(Broker, Terms), Vec<Unfit>>,
}

impl<'a> Roster<'a> {
    /// The roster of the run that is due; without one nobody takes part.
    pub fn new(model: &'a Model, ahead: Ahead<'a>) -> Self {
        let spec = ahead.due.map(|due| &due.kept.spec);
        let legs = spec.map(PlanSpec::ordered_legs).unwrap_or_default();
        Self { model, ahead, spec, legs, faults: BTreeMap::new() }
    }

    /// The place of an account in the run.
    pub fn standing(&mut self, (id, account): (AccountId, &Account), now: Timestamp) -> Standing {
        let Some(spec) = self.spec.filter(|spec| spec.accounts.names(id, &account.labels)) else {
            return Standing::Aside;
        };
        let mut reasons = match muster::fitness(self.model, now, id, self.ahead) {
            Fitness::Off => return Standing::Aside,
            Fitness::Fit => Vec::new(),
            Fitness::Unfit { reasons } => reasons,
        };
        let terms = spec.terms(id, &account.labels);
        let (model, legs) = (self.model, &self.legs);
        let faults = self.faults.entry((account.broker, terms));
        let of_group = (account.broker, terms);
        let date = self.ahead.due.map_or(now, |due| due.at).date();
        reasons.extend_from_slice(faults.or_insert_with(|| faults_of(model, legs, of_group, date)));
        if reasons.is_empty() { Standing::In } else { Standing::Out(reasons) }
    }
}

/// What is wrong with an account's orders. A list that has not come says nothing: then each order is
/// looked at before it is sent.
fn faults_of(
    model: &Model,
    legs: &[Leg],
    (broker, terms): (Broker, Terms),
    date: TradingDate,
) -> Vec<Unfit> {
    let mut faults = Vec::new();
    let mut own_legs: Vec<Leg> = Vec::new();
    for (leg, no) in legs.iter().zip(1_u8..) {
        let fault = match leg.times(terms.multiplier) {
            Some(own) => {
                let fault = match model.listed(broker, &own) {
                    Ok(instrument) => order_fault(&own, instrument),
                    Err(NoInstrument::NotLoaded) => None,
                    Err(NoInstrument::Unknown) => Some(unknown(leg, broker)),
                };
                let fault = fault.or_else(|| model.calendar.freeze_fault(&own, date));
                own_legs.push(own);
                fault
            }
            None => Some("the quantity times the multiplier is too much".to_owned()),
        };
        faults.extend(fault.map(|why| Unfit::Leg { leg: no, why }));
    }
    faults.extend(cap_fault(&own_legs, terms.caps).map(|why| Unfit::Cap { why }));
    faults
}

fn unknown(leg: &Leg, broker: Broker) -> String {
    format!("{}:{} is not in {}'s list of instruments", leg.exchange, leg.symbol, broker.title())
}
