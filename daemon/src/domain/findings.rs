//! What a person should know of a plan: what is wrong with it, and what cannot be known yet.

use std::collections::{BTreeMap, BTreeSet};

use muster_protocol::ids::AccountId;
use muster_protocol::order::{Broker, Exchange, Leg, PriceRule, Validity};
use muster_protocol::plan::{Finding, PlanCheck, PlanSpec, Terms, Weight};
use muster_protocol::time::{TimeOfDay, Timestamp, TradingDate};
use muster_protocol::valid::validate;

use super::account::Account;
use super::calendar::{FreezeQuantity, Session};
use super::model::{Model, NoInstrument};
use super::plan::hash;
use super::schedule::next_fire;
use super::vet::{cap_fault, order_fault};

/// The most findings that are told at once.
const MOST: usize = 40;

impl Model {
    /// What there is to say of a plan now.
    pub fn plan_check(&self, spec: &PlanSpec, now: Timestamp) -> PlanCheck {
        let findings = self.findings(spec, now);
        let accounts = self.named(spec).count();
        PlanCheck {
            good: findings.iter().all(|finding| finding.weight != Weight::Error),
            hash: hash(spec),
            next_fire: next_fire(spec, &self.calendar, now).ok().map(|fire| fire.at),
            accounts: u32::try_from(accounts).unwrap_or(u32::MAX),
            findings,
        }
    }

    /// Whether a check would say more if it waited: a list that is on its way would tell.
    pub fn lists_missing(&self, spec: &PlanSpec) -> bool {
        let brokers: BTreeSet<Broker> = self.named(spec).map(|(_, a)| a.broker).collect();
        let missing = |broker: Broker, leg: &Leg| {
            matches!(self.listed(broker, leg), Err(NoInstrument::NotLoaded))
        };
        brokers.into_iter().any(|broker| spec.legs.iter().any(|leg| missing(broker, leg)))
    }

    /// Errors first, then warnings.
    pub fn findings(&self, spec: &PlanSpec, now: Timestamp) -> Vec<Finding> {
        if let Err(invalid) = validate(spec) {
            return vec![invalid.into()];
        }
        let mut findings = self.of_times(spec, now);
        findings.extend(self.of_accounts(spec));
        findings.extend(of_orders(spec));
        let date =
            next_fire(spec, &self.calendar, now).map_or_else(|_| now.date(), |fire| fire.date);
        findings.extend(self.of_freezes(spec, date));
        findings.sort_by_key(|finding| finding.weight);
        findings.truncate(MOST);
        findings
    }

    /// The accounts a plan names, switched on or not.
    fn named<'a>(&'a self, spec: &'a PlanSpec) -> impl Iterator<Item = (AccountId, &'a Account)> {
        let accounts = self.accounts.iter().map(|(id, account)| (*id, account));
        accounts.filter(|(id, account)| spec.accounts.names(*id, &account.labels))
    }

    fn of_times(&self, spec: &PlanSpec, now: Timestamp) -> Vec<Finding> {
        let fire = match next_fire(spec, &self.calendar, now) {
            Ok(fire) => fire,
            Err(why) => {
                let text = format!("it will not fire: {why}");
                return vec![Finding { text, ..warning(None, None) }];
            }
        };
        let exchanges: BTreeSet<Exchange> = spec.legs.iter().map(|leg| leg.exchange).collect();
        let mut findings = Vec::new();
        for (at, until) in spec.firings() {
            for exchange in &exchanges {
                let session = self.calendar.session(fire.date, *exchange);
                let said = session.and_then(|s| of_session(&s, *exchange, (at, until), fire.date));
                findings.extend(said);
            }
        }
        findings
    }

    /// What is said of the exchanges' freeze quantities, and what is not.
    fn of_freezes(&self, spec: &PlanSpec, date: TradingDate) -> Vec<Finding> {
        let mut multipliers: BTreeSet<u32> =
            spec.shares.iter().filter_map(|share| share.multiplier).collect();
        multipliers.insert(spec.multiplier);
        let mut findings = Vec::new();
        for (leg, no) in spec.legs.iter().zip(1_u8..) {
            let own = multipliers.iter().filter_map(|times| leg.times(*times));
            let fault = own.filter_map(|own| self.calendar.freeze_fault(&own, date)).next();
            if let Some(text) = fault {
                findings.push(Finding { text, ..error(Some(no), None) });
            }
            let derivative = !matches!(leg.exchange, Exchange::Nse | Exchange::Bse);
            let text = match self.calendar.freeze_quantity(leg, date) {
                FreezeQuantity::Known(_) => continue,
                FreezeQuantity::Outdated => {
                    "what was said of its freeze quantity is not valid any more; see muster calendar show"
                }
                FreezeQuantity::Unknown if derivative => {
                    "no broker's list has the exchange's freeze quantity: say it with muster calendar freeze, or keep each order below it"
                }
                FreezeQuantity::Unknown => continue,
            };
            findings.push(Finding { text: text.to_owned(), ..warning(Some(no), None) });
        }
        findings
    }

    fn of_accounts(&self, spec: &PlanSpec) -> Vec<Finding> {
        // Accounts with the same broker and terms meet the same faults.
        let mut groups: BTreeMap<(Broker, Terms), Vec<AccountId>> = BTreeMap::new();
        for (id, account) in self.named(spec) {
            let terms = spec.terms(id, &account.labels);
            groups.entry((account.broker, terms)).or_default().push(id);
        }
        let mut findings = Vec::new();
        if groups.is_empty() {
            let text = format!("no account takes part: {}", spec.accounts.words());
            findings.push(Finding { text, ..warning(None, None) });
        }
        for ((_, terms), ids) in &groups {
            let legs = spec.legs.iter().filter_map(|leg| leg.times(terms.multiplier));
            if let Some(why) = cap_fault(&legs.collect::<Vec<_>>(), terms.caps) {
                let text = format!("{} would be left out: cap: {why}", accounts(ids));
                findings.push(Finding { text, ..warning(None, None) });
            }
        }
        let mut said = BTreeSet::new();
        for (broker, terms) in groups.into_keys() {
            for (leg, no) in spec.legs.iter().zip(1_u8..) {
                let finding = self.of_leg((leg, no), broker, terms.multiplier);
                let new = finding.filter(|found| said.insert((no, broker, found.text.clone())));
                findings.extend(new);
            }
        }
        findings
    }

    fn of_leg(&self, (leg, no): (&Leg, u8), broker: Broker, multiplier: u32) -> Option<Finding> {
        let own = leg.times(multiplier)?;
        let text = match self.listed(broker, &own) {
            Ok(instrument) => order_fault(&own, instrument)?,
            Err(NoInstrument::Unknown) => {
                format!("{}:{} is not in the list of instruments", leg.exchange, leg.symbol)
            }
            Err(NoInstrument::NotLoaded) => {
                let text = "the list of instruments has not come: symbol, lot and tick are checked when it has";
                return Some(Finding { text: text.to_owned(), ..warning(Some(no), Some(broker)) });
            }
        };
        Some(Finding { text, ..error(Some(no), Some(broker)) })
    }
}

/// What a session says to a firing at this time.
fn of_session(
    session: &Session,
    exchange: Exchange,
    (at, until): (TimeOfDay, TimeOfDay),
    date: TradingDate,
) -> Option<Finding> {
    if !session.holds(at) {
        let text = format!(
            "{exchange} takes no orders at {at} on {date}: from {} to {}",
            session.opens, session.until
        );
        return Some(Finding { text, ..error(None, None) });
    }
    let last = session.last_send(at);
    let text = if at < session.continuous_from {
        format!("{at} is before {exchange} trades continuously, from {}", session.continuous_from)
    } else if session.is_auction(at) {
        format!(
            "at {at} shares of {exchange} that underlie F&O are in or before their closing auction, which takes no IOC orders"
        )
    } else if last < until {
        format!("orders of {at} end at {last}, before window_until: the session of {exchange}")
    } else {
        return None;
    };
    Some(Finding { text, ..warning(None, None) })
}

/// What is known of order types and brokers without a list.
fn of_orders(spec: &PlanSpec) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (leg, no) in spec.legs.iter().zip(1_u8..) {
        if leg.price == PriceRule::Market || leg.validity == Validity::Ioc {
            let what = if leg.price == PriceRule::Market { "market" } else { "IOC" };
            let text = format!(
                "{what} orders of programs are taken by its documentation and barred by its news page; a limit for the day is sure"
            );
            findings.push(Finding { text, ..warning(Some(no), Some(Broker::AngelOne)) });
        }
    }
    findings
}

fn error(leg: Option<u8>, broker: Option<Broker>) -> Finding {
    Finding { weight: Weight::Error, leg, broker, text: String::new() }
}

fn warning(leg: Option<u8>, broker: Option<Broker>) -> Finding {
    Finding { weight: Weight::Warning, ..error(leg, broker) }
}

/// How many, not which: a plan's findings are for everybody who may look.
fn accounts(ids: &[AccountId]) -> String {
    if ids.len() == 1 { "1 account".to_owned() } else { format!("{} accounts", ids.len()) }
}
