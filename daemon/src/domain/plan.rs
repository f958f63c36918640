//! A plan as the model keeps it: what was written down, its hash, live or dry-run.

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use muster_protocol::order::{Leg, PriceRule, Product};
use muster_protocol::plan::{MAX_LEGS, Mode, PlanSpec};
use muster_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::illegal::Illegal;

/// What happens to a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlanEvent {
    /// Written down or changed; dry-run from now on.
    Put {
        /// The number of the plan in order tags, 0 to 1295, never reused.
        no: u16,
        /// What was written down.
        spec: PlanSpec,
        /// When.
        at: Timestamp,
    },
    /// Set live or dry-run.
    Armed {
        /// Which.
        mode: Mode,
        /// When.
        at: Timestamp,
    },
    /// Forgotten.
    Removed {
        /// When.
        at: Timestamp,
    },
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// In force.
    Kept(Kept),
    /// Forgotten; its number stays taken.
    Removed {
        /// The number.
        no: u16,
    },
}

/// A plan in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its number in order tags.
    pub no: u16,
    /// What was written down.
    pub spec: PlanSpec,
    /// Live or dry-run.
    pub mode: Mode,
    /// Since when it is as it is; it fires only after this.
    pub since: Timestamp,
    /// SHA-256 of the specification, hex.
    pub hash: String,
}

impl Plan {
    /// The plan after the event; `None` is the plan that does not exist yet.
    pub fn next(this: Option<&Self>, event: &PlanEvent) -> Result<Self, Illegal> {
        let illegal = |state, event| Err(Illegal { machine: "plan", state, event });
        match (this, event) {
            (_, PlanEvent::Put { no, .. }) if this.is_some_and(|plan| plan.no() != *no) => {
                illegal("kept", "put under another number")
            }
            (_, PlanEvent::Put { no, spec, at }) => Ok(Self::Kept(Kept {
                no: *no,
                hash: hash(spec),
                spec: spec.clone(),
                mode: Mode::DryRun,
                since: *at,
            })),
            (Some(Self::Kept(kept)), PlanEvent::Armed { mode, .. }) => {
                Ok(Self::Kept(Kept { mode: *mode, ..kept.clone() }))
            }
            (Some(Self::Kept(kept)), PlanEvent::Removed { .. }) => {
                Ok(Self::Removed { no: kept.no })
            }
            (None, _) => illegal("none", "armed or removed"),
            (Some(Self::Removed { .. }), _) => illegal("removed", "armed or removed"),
        }
    }

    /// Its number in order tags.
    pub const fn no(&self) -> u16 {
        match self {
            Self::Kept(kept) => kept.no,
            Self::Removed { no } => *no,
        }
    }

    /// The plan, if it is in force.
    pub const fn kept(&self) -> Option<&Kept> {
        match self {
            Self::Kept(kept) => Some(kept),
            Self::Removed { .. } => None,
        }
    }
}

/// Why a plan cannot be taken; says what to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPlan {
    /// No legs, or too many.
    #[error("a plan has 1 to {MAX_LEGS} legs; this one has {0}")]
    Legs(usize),
    /// No weekdays.
    #[error("name at least one weekday")]
    Weekdays,
    /// The window is over before it begins.
    #[error("window_until must be later than at")]
    Window,
    /// A symbol that no exchange has.
    #[error("leg {leg}: {symbol:?} is not a symbol: use A-Z, 0-9, '&' and '-', at most 30")]
    Symbol {
        /// Which leg, from 1.
        leg: usize,
        /// What was given.
        symbol: String,
    },
    /// A price that cannot be.
    #[error("leg {leg}: the limit price must be more than 0")]
    Price {
        /// Which leg, from 1.
        leg: usize,
    },
    /// Delivery of something that cannot be delivered, or the reverse.
    #[error("leg {leg}: delivery is for shares (NSE, BSE); carry_forward is for derivatives")]
    Product {
        /// Which leg, from 1.
        leg: usize,
    },
    /// The same leg twice is more often a slip than a wish.
    #[error("leg {leg} is the same as an earlier one; write one leg with the sum")]
    Twice {
        /// Which leg, from 1.
        leg: usize,
    },
}

/// Whether a plan can be taken, without knowing any broker's instruments.
pub fn validate(spec: &PlanSpec) -> Result<(), InvalidPlan> {
    if spec.legs.is_empty() || spec.legs.len() > MAX_LEGS {
        return Err(InvalidPlan::Legs(spec.legs.len()));
    }
    if spec.weekdays.is_empty() {
        return Err(InvalidPlan::Weekdays);
    }
    if spec.window_until <= spec.at {
        return Err(InvalidPlan::Window);
    }
    let mut seen = BTreeSet::new();
    for (leg, leg_no) in spec.legs.iter().zip(1..) {
        validate_leg(leg, leg_no)?;
        if !seen.insert(leg) {
            return Err(InvalidPlan::Twice { leg: leg_no });
        }
    }
    Ok(())
}

fn validate_leg(leg: &Leg, no: usize) -> Result<(), InvalidPlan> {
    use muster_protocol::order::Exchange::{Bse, Nse};
    let symbol_fits = (1..=30).contains(&leg.symbol.len())
        && leg
            .symbol
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'&' | b'-'));
    if !symbol_fits {
        let symbol = leg.symbol.chars().take(40).collect();
        return Err(InvalidPlan::Symbol { leg: no, symbol });
    }
    if matches!(leg.price, PriceRule::Limit { price } if price.0 <= 0) {
        return Err(InvalidPlan::Price { leg: no });
    }
    let cash = matches!(leg.exchange, Nse | Bse);
    match (leg.product, cash) {
        (Product::Delivery, false) | (Product::CarryForward, true) => {
            Err(InvalidPlan::Product { leg: no })
        }
        (Product::Intraday, _) | (Product::Delivery, true) | (Product::CarryForward, false) => {
            Ok(())
        }
    }
}

/// SHA-256 over the specification's JSON, whose field order is fixed by its type.
fn hash(spec: &PlanSpec) -> String {
    let bytes = serde_json::to_vec(spec).unwrap_or_default();
    HEXLOWER.encode(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> PlanSpec {
        serde_json::from_value(serde_json::json!({
            "name": "btst", "at": "15:10", "window_until": "15:14",
            "legs": [{"exchange": "NSE", "symbol": "SBIN", "side": "BUY", "quantity": 20,
                      "product": "delivery", "price": {"rule": "limit", "price": 84215}}]
        }))
        .unwrap()
    }

    #[test]
    fn a_changed_plan_is_dry_run_again() {
        let at = Timestamp::from_millis(0);
        let put = PlanEvent::Put { no: 1, spec: spec(), at };
        let plan = Plan::next(None, &put).unwrap();
        let armed = Plan::next(Some(&plan), &PlanEvent::Armed { mode: Mode::Live, at }).unwrap();
        assert_eq!(armed.kept().unwrap().mode, Mode::Live);
        let changed = Plan::next(Some(&armed), &put).unwrap();
        assert_eq!(changed.kept().unwrap().mode, Mode::DryRun);
        let other = PlanEvent::Put { no: 2, spec: spec(), at };
        assert!(Plan::next(Some(&plan), &other).is_err());
    }

    #[test]
    fn a_plan_is_checked() {
        assert_eq!(validate(&spec()), Ok(()));
        let with = |change: &dyn Fn(&mut PlanSpec)| {
            let mut spec = spec();
            change(&mut spec);
            validate(&spec)
        };
        assert!(with(&|s| s.legs.clear()).is_err());
        assert!(with(&|s| s.legs.push(s.legs[0].clone())).is_err());
        assert!(with(&|s| s.window_until = s.at).is_err());
        assert!(with(&|s| s.legs[0].symbol = "sbin".to_owned()).is_err());
        assert!(with(&|s| s.legs[0].product = Product::CarryForward).is_err());
    }

    #[test]
    fn the_hash_changes_with_any_field() {
        let mut other = spec();
        other.legs[0].quantity = 21.try_into().unwrap();
        assert_ne!(hash(&spec()), hash(&other));
    }
}
