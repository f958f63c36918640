//! Page 5: the daemon itself. What costs it a look at the disk is asked for while somebody looks.

use std::collections::BTreeMap;

use muster_protocol::check::CheckOutcome;
use muster_protocol::failure::FailureKind;
use muster_protocol::house::HouseView;
use muster_protocol::order::Broker;
use muster_protocol::time::{SECOND, Timestamp};

use crate::app::effect::{Ask, Effect};
use crate::app::keymap::Cmd;
use crate::app::model::{Link, Model, Page};

/// How often the house is asked about while it is looked at.
const EVERY: i64 = 30 * SECOND;

/// About how many rows the page has with one egress.
const ROWS: usize = 36;

/// What the page remembers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SystemScreen {
    pub(crate) scroll: usize,
    /// The store and what guards it, once the daemon has said.
    pub(crate) house: Option<HouseView>,
    /// Why it would not say.
    pub(crate) trouble: Option<String>,
    /// When it was last asked, on the client's own clock.
    asked: Option<Timestamp>,
}

/// How the accounts at a broker fare, as their last tests tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Health {
    pub(crate) broker: Broker,
    /// Accounts that are switched on.
    pub(crate) accounts: usize,
    /// The latency in the middle, in milliseconds.
    pub(crate) latency: Option<u32>,
    /// When any account's test last passed.
    pub(crate) last_ok: Option<Timestamp>,
    /// What the last tests failed of, and how many did.
    pub(crate) failed: BTreeMap<FailureKind, usize>,
}

impl Health {
    /// True when the broker itself seems not to answer.
    pub(crate) fn is_down(&self) -> bool {
        let broken = [FailureKind::Unreachable, FailureKind::Maintenance, FailureKind::Malformed];
        broken.iter().any(|kind| self.failed.contains_key(kind))
    }
}

/// Every broker somebody has an account at.
pub(crate) fn health(model: &Model) -> Vec<Health> {
    let of = |broker| {
        let active = || model.world.accounts.values().filter(|a| a.broker == broker && a.active);
        let mut latencies: Vec<u32> = active().filter_map(|account| account.latency_ms).collect();
        latencies.sort_unstable();
        let mut failed = BTreeMap::new();
        for account in active() {
            let outcome = account.last_check.as_ref().map(|check| &check.outcome);
            if let Some(CheckOutcome::Failed { failure }) = outcome {
                let count: &mut usize = failed.entry(failure.kind).or_default();
                *count = count.saturating_add(1);
            }
        }
        Health {
            broker,
            accounts: active().count(),
            latency: latencies.get(latencies.len() / 2).copied(),
            last_ok: active().filter_map(|account| account.last_ok).max(),
            failed,
        }
    };
    Broker::ALL.into_iter().map(of).filter(|health| health.accounts > 0).collect()
}

/// Asks about the house if it is looked at and was not asked about lately.
pub(crate) fn look(model: &mut Model) -> Vec<Effect> {
    let due = model.system.asked.is_none_or(|at| model.local.since(at) >= EVERY);
    if model.page != Page::System || model.link != Link::Live || !due {
        return Vec::new();
    }
    model.system.asked = Some(model.local);
    vec![model.ask(Ask::House, "")]
}

/// The daemon is another one, or the same one anew.
pub(crate) fn connected(model: &mut Model) {
    model.system.asked = None;
}

/// The daemon's answer about the house.
pub(crate) fn told(model: &mut Model, answer: Result<HouseView, String>) {
    match answer {
        Ok(house) => (model.system.house, model.system.trouble) = (Some(house), None),
        Err(why) => model.system.trouble = Some(why),
    }
}

/// Does a command of this page.
pub(crate) fn act(model: &mut Model, cmd: Cmd) {
    let body = usize::from(model.size.body());
    let ways = model.world.status.as_ref().map_or(0, |status| status.egress.len());
    let most = ROWS.saturating_add(ways.saturating_mul(2)).saturating_sub(body);
    let at = model.system.scroll;
    model.system.scroll = match cmd {
        Cmd::Up => at.saturating_sub(1),
        Cmd::Down => at.saturating_add(1),
        Cmd::PageUp => at.saturating_sub(body),
        Cmd::PageDown => at.saturating_add(body),
        Cmd::Bottom => most,
        Cmd::Top | Cmd::Back => 0,
        _ => at,
    }
    .min(most);
}
