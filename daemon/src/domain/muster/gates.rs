//! What each gate says. A gate fails only for what is known to be bad; what cannot be told leaves
//! nobody out, and says so.

use std::collections::BTreeSet;

use muster_protocol::account::Unfit;
use muster_protocol::check::{CheckStep, OrderPermission, StepVerdict};
use muster_protocol::failure::{Explained, FailureKind};
use muster_protocol::halt::HaltScope;
use muster_protocol::muster::{Gate, GateVerdict};
use muster_protocol::order::Exchange;
use muster_protocol::plan::Mode;
use muster_protocol::status::{EgressState, VaultState};
use muster_protocol::time::{MINUTE, Timestamp};

use super::super::clock_guard::TOLERANCE_MS;
use super::super::egress::SharedEgress;
use super::super::model::ListState;
use super::super::session::Session;
use super::funds::{Needed, needed};
use super::{Before, Judged};

/// A broker's clock is relied on as measured for so long.
const OFFSET_GOOD_MS: i64 = 60 * MINUTE;

impl Judged {
    const fn passed(known_at: Option<Timestamp>) -> Self {
        Self { verdict: GateVerdict::Passed, known_at, why: None }
    }

    const fn warned(known_at: Option<Timestamp>) -> Self {
        Self { verdict: GateVerdict::Warned, known_at, why: None }
    }

    const fn unknown(known_at: Option<Timestamp>) -> Self {
        Self { verdict: GateVerdict::Unknown, known_at, why: None }
    }

    const fn failed(known_at: Option<Timestamp>, why: Unfit) -> Self {
        Self { verdict: GateVerdict::Failed, known_at, why: Some(why) }
    }
}

impl Before<'_> {
    pub(super) fn judge(&self, gate: Gate) -> Judged {
        match gate {
            Gate::Active => self.active(),
            Gate::Vault => match self.model.vault {
                VaultState::Open => Judged::passed(None),
                VaultState::Sealed => Judged::failed(None, Unfit::Sealed),
            },
            Gate::Halt => self.halt(),
            Gate::Plan => self.plan(),
            Gate::Reach => self.reach(),
            Gate::Credential => self.credential(),
            Gate::Session => self.session(),
            Gate::Egress => self.egress(),
            Gate::OrderPermission => self.order_permission(),
            Gate::Clock => self.clock(),
            Gate::Instruments => self.instruments(),
            Gate::Segment => self.segment(),
            Gate::Funds => self.funds(),
            Gate::Doubt => match self.in_doubt() {
                0 => Judged::passed(None),
                orders => Judged::failed(None, Unfit::InDoubt { orders }),
            },
        }
    }

    /// Off is no fault of the account's: it has no reason of its own.
    fn active(&self) -> Judged {
        if self.account.active && self.account.auto_execute && self.is_named() {
            Judged::passed(None)
        } else {
            Judged { verdict: GateVerdict::Failed, known_at: None, why: None }
        }
    }

    /// Whether the plan that is due is for this account.
    pub(super) fn is_named(&self) -> bool {
        let spec = self.ahead.due.map(|due| &due.kept.spec);
        spec.is_none_or(|spec| spec.accounts.names(self.id, &self.account.labels))
    }

    fn halt(&self) -> Judged {
        let mut held = self.model.halts.iter();
        let held = held.any(|scope| match scope {
            HaltScope::All => true,
            HaltScope::User(user) => *user == self.account.user,
            // A plan that is halted holds its orders, not the account.
            HaltScope::Plan(_) => false,
        });
        if held { Judged::failed(None, Unfit::Halted) } else { Judged::passed(None) }
    }

    fn plan(&self) -> Judged {
        match self.ahead.due.map(|due| due.kept.mode) {
            None => Judged::unknown(None),
            Some(Mode::Live) => Judged::passed(None),
            Some(Mode::DryRun) => Judged::warned(None),
        }
    }

    fn reach(&self) -> Judged {
        let Some(checked) = self.checked_at() else { return Judged::unknown(None) };
        match self.failed_at(Gate::Reach) {
            Some(failure) => Judged::failed(Some(checked), said(failure)),
            None => Judged::passed(Some(checked)),
        }
    }

    fn credential(&self) -> Judged {
        let Some(checked) = self.checked_at() else { return Judged::failed(None, Unfit::Untested) };
        if let Some(failure) = self.failed_at(Gate::Credential) {
            return Judged::failed(Some(checked), said(failure));
        }
        match self.account.last_ok {
            Some(at) => Judged::passed(Some(at)),
            None => Judged::unknown(Some(checked)),
        }
    }

    fn session(&self) -> Judged {
        match self.account.session {
            Session::Live { since, until } if self.now < until => {
                if let Some(failure) = self.failed_at(Gate::Session) {
                    Judged::failed(self.checked_at(), said(failure))
                } else if until <= self.ahead.until {
                    Judged::failed(Some(since), Unfit::SessionEndsEarly { until })
                } else {
                    Judged::passed(Some(since))
                }
            }
            Session::Live { .. } | Session::None | Session::Ended { .. } => {
                let due = self.account.needs_person_to_log_in();
                Judged::failed(None, if due { Unfit::LoginDue } else { Unfit::NoSession })
            }
        }
    }

    fn egress(&self) -> Judged {
        let name = &self.account.identity.egress;
        let (state, at) = self.model.egress_state(name, self.now);
        if let Some(fault) = self.model.egress_fault(name, self.now) {
            return Judged::failed(at, fault);
        }
        // What a check saw counts until the egress was looked at again.
        let checked = self.checked_at();
        if let Some(failure) = self.failed_at(Gate::Egress)
            && (at.is_none() || at < checked)
        {
            return Judged::failed(checked, said(failure));
        }
        if let Some(users) = self.model.refused_share(self.id, self.account) {
            return Judged::failed(at, Unfit::EgressShared { users });
        }
        let shared = self.model.settings.shared_egress == SharedEgress::Warn
            && self.model.sharing(name, self.account.broker) > 1;
        match state {
            EgressState::AsRegistered if shared => Judged::warned(at),
            EgressState::AsRegistered => Judged::passed(at),
            EgressState::Stale
            | EgressState::Unobserved
            | EgressState::Another
            | EgressState::Gone => Judged::unknown(at),
        }
    }

    fn order_permission(&self) -> Judged {
        let at = self.account.permission_at;
        if let Some(failure) = self.failed_at(Gate::OrderPermission) {
            return Judged::failed(self.checked_at(), said(failure));
        }
        let untested = || Unfit::OrderPermission { permission: OrderPermission::Untested };
        match &self.account.permission {
            OrderPermission::Untested => Judged::failed(None, untested()),
            _ if self.model.permission_is_stale(self.account) => Judged::failed(at, untested()),
            permission @ (OrderPermission::Refused { .. } | OrderPermission::NoIpRegistered) => {
                Judged::failed(at, Unfit::OrderPermission { permission: permission.clone() })
            }
            OrderPermission::Allowed => {
                let today = at.is_some_and(|at| at.date() == self.now.date());
                if today { Judged::passed(at) } else { Judged::warned(at) }
            }
            // The probe is a guess about the order of the broker's checks; an unclear answer is no refusal.
            OrderPermission::CannotTell { .. } => Judged::unknown(at),
        }
    }

    fn clock(&self) -> Judged {
        let Some(offset) = self.model.clock.offset(self.account.broker) else {
            return Judged::unknown(None);
        };
        let at = Some(offset.at);
        if self.now.since(offset.at).saturating_abs() > OFFSET_GOOD_MS {
            Judged::unknown(at)
        } else if offset.offset_ms.saturating_abs() > TOLERANCE_MS {
            Judged::failed(at, Unfit::ClockOff { offset_ms: offset.offset_ms })
        } else {
            Judged::passed(at)
        }
    }

    fn instruments(&self) -> Judged {
        let broker = self.account.broker;
        let at = self.model.lists.get(&broker).and_then(|state| state.checked());
        let Some(due) = self.ahead.due else {
            // Nothing is due that names one; a list that does not come keeps every account out all the same.
            let reason = self.model.list_reason(broker, self.now);
            return reason.map_or(Judged::unknown(at), |reason| Judged::failed(at, reason));
        };
        let known = |exchange, symbol: &String| {
            self.model.instruments.contains_key(&(broker, exchange, symbol.clone()))
        };
        let missing: BTreeSet<&String> = due
            .legs
            .iter()
            .filter(|leg| !known(leg.exchange, &leg.symbol))
            .map(|leg| &leg.symbol)
            .collect();
        let today = self.model.is_list_good(broker, self.now);
        match self.model.lists.get(&broker) {
            Some(ListState::Failed { .. }) if !(today && missing.is_empty()) => {
                let why = "it could not be loaded today".to_owned();
                let reason = self.model.list_reason(broker, self.now);
                Judged::failed(at, reason.unwrap_or(Unfit::NoInstruments { why }))
            }
            Some(ListState::Loaded { .. }) if !missing.is_empty() => {
                let symbols = missing.into_iter().cloned().collect();
                Judged::failed(at, Unfit::UnknownInstruments { symbols })
            }
            Some(
                ListState::Loaded { .. } | ListState::Loading { .. } | ListState::Failed { .. },
            ) if today && missing.is_empty() => Judged::passed(at),
            // It is on its way; orders wait for it.
            Some(
                ListState::Loaded { .. } | ListState::Loading { .. } | ListState::Failed { .. },
            )
            | None => Judged::unknown(at),
        }
    }

    fn segment(&self) -> Judged {
        let Some(due) = self.ahead.due else { return Judged::unknown(None) };
        let Some((exchanges, at)) = &self.account.exchanges else { return Judged::unknown(None) };
        let wanted: BTreeSet<Exchange> = due.legs.iter().map(|leg| leg.exchange).collect();
        let off: Vec<Exchange> = wanted.into_iter().filter(|e| !exchanges.contains(e)).collect();
        if off.is_empty() {
            Judged::passed(Some(*at))
        } else {
            Judged::failed(Some(*at), Unfit::SegmentOff { exchanges: off })
        }
    }

    fn funds(&self) -> Judged {
        if let Some(failure) = self.failed_at(Gate::Funds) {
            return Judged::failed(self.checked_at(), said(failure));
        }
        let Some((available, at)) = self.account.funds else { return Judged::unknown(None) };
        let Some(due) = self.ahead.due else { return Judged::unknown(Some(at)) };
        let today = at.date() == self.now.date();
        match needed(due.legs, self.multiplier()) {
            _ if !today => Judged::unknown(Some(at)),
            Needed::AtMost(most) if available >= most => Judged::passed(Some(at)),
            Needed::Exactly(needed) if available >= needed => Judged::passed(Some(at)),
            Needed::Exactly(needed) => {
                Judged::failed(Some(at), Unfit::FundsShort { available, needed })
            }
            Needed::AtMost(_) | Needed::CannotTell => Judged::unknown(Some(at)),
        }
    }

    /// How many times its legs the plan orders for this account.
    pub(super) fn multiplier(&self) -> u32 {
        let spec = self.ahead.due.map(|due| &due.kept.spec);
        spec.map_or(1, |spec| spec.terms(self.id, &self.account.labels).multiplier)
    }

    pub(super) fn checked_at(&self) -> Option<Timestamp> {
        self.account.last_check.as_ref().map(|check| check.ended)
    }

    /// The failure of the latest check, if this is the gate it belongs to.
    pub(super) fn failed_at(&self, gate: Gate) -> Option<&Explained> {
        let check = self.account.last_check.as_ref()?;
        let failure = check.failed.as_ref()?;
        let mut steps = check.steps.iter();
        let failed = steps.find(|step| step.verdict == StepVerdict::Failed).map(|step| step.step);
        (gate_of(failed, failure.kind) == gate).then_some(failure)
    }
}

/// The gate a failed check belongs to: by its step, and by its kind where that says more.
fn gate_of(step: Option<CheckStep>, kind: FailureKind) -> Gate {
    match (step, kind) {
        (_, FailureKind::SessionExpired) => Gate::Session,
        (Some(CheckStep::Egress), _) => Gate::Egress,
        (Some(CheckStep::Funds), _) => Gate::Funds,
        (Some(CheckStep::OrderPermission), _)
        | (None, FailureKind::IpNotAllowed | FailureKind::NoIpRegistered) => Gate::OrderPermission,
        (Some(CheckStep::Login | CheckStep::Profile), _)
        | (None, FailureKind::CredentialsRejected | FailureKind::OtpRejected) => Gate::Credential,
        (Some(CheckStep::Reach), _)
        | (
            None,
            FailureKind::Refused
            | FailureKind::RateLimited
            | FailureKind::InDoubt
            | FailureKind::Unreachable
            | FailureKind::Maintenance
            | FailureKind::NeedsConsent
            | FailureKind::Malformed,
        ) => Gate::Reach,
    }
}

fn said(failure: &Explained) -> Unfit {
    let detail = failure.broker_says.clone().unwrap_or_default();
    Unfit::CheckFailed { kind: failure.kind, detail }
}
