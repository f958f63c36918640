//! What a gate found, in words for a person.

use muster_protocol::account::offset_words;
use muster_protocol::check::OrderPermission;
use muster_protocol::muster::Gate;
use muster_protocol::status::EgressState;

use super::super::session::Session;
use super::funds::{Needed, needed};
use super::{Before, Judged};

impl Before<'_> {
    pub(super) fn detail(&self, gate: Gate, judged: &Judged) -> String {
        if let Some(why) = &judged.why {
            return why.words();
        }
        match gate {
            Gate::Active => self.active_words().to_owned(),
            Gate::Vault => "open".to_owned(),
            Gate::Halt => "not halted".to_owned(),
            Gate::Plan => self.plan_words(),
            Gate::Reach => self.latency_words(),
            Gate::Credential => "accepted".to_owned(),
            Gate::Session => match self.account.session {
                Session::Live { until, .. } => format!("until {}", until.day_clock()),
                Session::None | Session::Ended { .. } => String::new(),
            },
            Gate::Egress => self.egress_words(),
            Gate::OrderPermission => match &self.account.permission {
                OrderPermission::CannotTell { why } => format!("cannot tell: {why}"),
                permission @ (OrderPermission::Allowed
                | OrderPermission::Untested
                | OrderPermission::Refused { .. }
                | OrderPermission::NoIpRegistered) => permission.words().to_owned(),
            },
            Gate::Clock => match self.model.clock.offset(self.account.broker) {
                None => "not compared with the broker's yet".to_owned(),
                Some(offset) => offset_words(offset.offset_ms),
            },
            Gate::Instruments => self.instrument_words(judged),
            Gate::Segment => match (&self.account.exchanges, self.ahead.due) {
                (_, None) => NO_RUN.to_owned(),
                (None, Some(_)) => "cannot tell: the broker does not say".to_owned(),
                (Some(_), Some(_)) => "enabled".to_owned(),
            },
            Gate::Funds => self.funds_words(),
            Gate::Doubt => "none".to_owned(),
        }
    }

    fn active_words(&self) -> &'static str {
        match (self.account.active, self.account.auto_execute) {
            (true, true) if !self.is_named() => "the plan is not for this account",
            (true, true) => "takes part",
            (true, false) => "auto-execute is off",
            (false, _) => "inactive",
        }
    }

    fn plan_words(&self) -> String {
        let Some(due) = self.ahead.due else { return NO_RUN.to_owned() };
        let frozen = if due.frozen { ", frozen" } else { "" };
        format!("{} {}{frozen}, hash {:.12}", due.plan, due.kept.mode.words(), due.hash)
    }

    fn latency_words(&self) -> String {
        let latency = self.account.last_check.as_ref().and_then(|check| check.latency_ms);
        latency.map_or_else(String::new, |ms| format!("{ms} ms"))
    }

    fn egress_words(&self) -> String {
        let name = &self.account.identity.egress;
        let address = self.model.leaves_as(name).unwrap_or("address unknown");
        let sharing = self.model.sharing(name, self.account.broker);
        let shared =
            if sharing > 1 { format!(", shared by {sharing} people") } else { String::new() };
        let (state, _) = self.model.egress_state(name, self.now);
        match state {
            EgressState::AsRegistered => format!("{name} {address}{shared}"),
            EgressState::Unobserved => format!("{name}: cannot tell, nothing observes it{shared}"),
            EgressState::Stale | EgressState::Another | EgressState::Gone => {
                format!("{name}: cannot tell, {address} was seen too long ago{shared}")
            }
        }
    }

    fn instrument_words(&self, judged: &Judged) -> String {
        match (self.ahead.due, judged.verdict) {
            (None, _) => NO_RUN.to_owned(),
            (Some(due), muster_protocol::muster::GateVerdict::Passed) => {
                format!("all {} legs listed", due.legs.len())
            }
            (Some(_), _) => "cannot tell: today's list is on its way".to_owned(),
        }
    }

    fn funds_words(&self) -> String {
        let Some((available, at)) = self.account.funds else {
            return "cannot tell: not asked yet".to_owned();
        };
        let Some(due) = self.ahead.due else { return format!("{available} available") };
        if at.date() != self.now.date() {
            return format!("{available} available on {}", at.date().words());
        }
        match needed(due.legs, self.multiplier()) {
            Needed::Exactly(needed) => format!("{available} available, {needed} needed"),
            Needed::AtMost(most) if available >= most => {
                format!("{available} available, at most {most} needed")
            }
            Needed::AtMost(_) | Needed::CannotTell => {
                format!("{available} available; cannot tell if that is enough")
            }
        }
    }
}

const NO_RUN: &str = "no run is due";
