//! A plan as the model keeps it: what was written down, its hash, live or dry-run.

use data_encoding::HEXLOWER;
use muster_protocol::plan::{Mode, PlanSpec};
use muster_protocol::run::Called;
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
    /// A person wants a run of it now.
    Called {
        /// Who, and what it is to the next of the plan's own times.
        called: Called,
        /// The latest send.
        until: Timestamp,
        /// When: the instant it is to fire.
        at: Timestamp,
    },
    /// Forgotten.
    Removed {
        /// When.
        at: Timestamp,
    },
}

impl PlanEvent {
    /// Why nothing more is sent of the plan's runs, if that follows. What is frozen survives a change.
    pub const fn calls_off(&self) -> Option<&'static str> {
        match self {
            Self::Armed { mode: Mode::DryRun, .. } => Some("the plan was disarmed"),
            Self::Removed { .. } => Some("the plan was removed"),
            Self::Armed { mode: Mode::Live, .. } | Self::Put { .. } | Self::Called { .. } => None,
        }
    }
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there are few, and most are the large one")]
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
    /// The last run that a person called for, until the plan is changed, armed or disarmed.
    pub call: Option<Call>,
}

/// A run that a person called for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Who, and what it is to the next of the plan's own times.
    pub called: Called,
    /// The instant it is to fire.
    pub at: Timestamp,
    /// The latest send.
    pub until: Timestamp,
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
                call: None,
            })),
            // Whoever called for a run saw the plan armed as it was.
            (Some(Self::Kept(kept)), PlanEvent::Armed { mode, .. }) => {
                Ok(Self::Kept(Kept { mode: *mode, call: None, ..kept.clone() }))
            }
            (Some(Self::Kept(kept)), PlanEvent::Called { called, until, at }) => {
                let call = Some(Call { called: called.clone(), at: *at, until: *until });
                Ok(Self::Kept(Kept { call, ..kept.clone() }))
            }
            (Some(Self::Kept(kept)), PlanEvent::Removed { .. }) => {
                Ok(Self::Removed { no: kept.no })
            }
            (None, _) => illegal("none", "armed, called or removed"),
            (Some(Self::Removed { .. }), _) => illegal("removed", "armed, called or removed"),
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

/// SHA-256 over the specification's JSON, whose field order is fixed by its type.
pub fn hash(spec: &PlanSpec) -> String {
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
    fn the_hash_changes_with_any_field() {
        let mut other = spec();
        other.legs[0].quantity = 21.try_into().unwrap();
        assert_ne!(hash(&spec()), hash(&other));
        let changes: [fn(&mut PlanSpec); 8] = [
            |s| s.at = muster_protocol::time::TimeOfDay::hm(15, 9).into(),
            |s| s.window_until = muster_protocol::time::TimeOfDay::hm(15, 13).into(),
            |s| s.special_sessions = true,
            |s| s.accounts = muster_protocol::plan::Takers::Ids(vec![]),
            |s| s.multiplier = 2,
            |s| s.caps.orders = Some(1),
            |s| s.sells_first = false,
            |s| s.ambiguity = muster_protocol::plan::Ambiguity::ResendOnce,
        ];
        for change in changes {
            let mut other = spec();
            change(&mut other);
            assert_ne!(hash(&spec()), hash(&other));
        }
    }
}
