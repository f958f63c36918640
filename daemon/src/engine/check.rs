//! A check: six steps in order, each reported as it runs; the first that fails ends it.
//! Stores nothing: what it found and the session it opened are in its result.

pub mod codes;
pub mod observe;
mod steps;

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use muster_protocol::check::{CheckStep, OrderPermission, StepVerdict, StepView};
use muster_protocol::failure::Explained;
use muster_protocol::money::Paise;
use muster_protocol::time::Timestamp;
use tokio::time::Instant;

use self::codes::Codes;
use crate::broker::http::Http;
use crate::broker::{Adapter, Opened, Profile};
use crate::clock::Clock;
use crate::credential::{Credential, SecretText, SessionSecret};
use crate::egress::Egress;

/// What a check works with.
#[derive(Clone, Copy)]
pub struct CheckContext<'a> {
    /// The broker through the account's egress.
    pub adapter: &'a dyn Adapter,
    /// The account's egress.
    pub egress: &'a Egress,
    /// A client through that egress, for observing it.
    pub observer: &'a Http,
    /// The credential.
    pub credential: &'a Credential,
    /// A session that should still live.
    pub session: Option<&'a SessionSecret>,
    /// What a browser login just ended with; wins over `session` (Zerodha).
    pub request_token: Option<&'a SecretText>,
    /// Whose account it should be, where it is known beside the credential.
    pub client_id: Option<&'a str>,
    /// The exchange clock.
    pub clock: &'a dyn Clock,
    /// Which one-time codes were used.
    pub codes: &'a Codes,
    /// Whether the order permission is asked for.
    pub probe: bool,
}

/// How a check ended and what it found.
pub struct CheckResult {
    /// All six steps, in order.
    pub steps: Vec<StepView>,
    /// Every step passed or could not tell; or the step that failed, explained.
    pub outcome: Result<(), (CheckStep, Box<Explained>)>,
    /// The session opened on the way, also when a later step failed: it is good, keep it.
    pub opened: Option<Opened>,
    /// Whose account it is.
    pub profile: Option<Profile>,
    /// The money available.
    pub funds: Option<Paise>,
    /// Whether orders are taken from this egress.
    pub permission: OrderPermission,
    /// How long the profile call took, in milliseconds.
    pub latency_ms: Option<u32>,
    /// The broker's clock minus ours, in milliseconds.
    pub clock_offset_ms: Option<i64>,
    /// The address the world saw.
    pub seen_from: Option<IpAddr>,
    /// The step of which a one-time code was used.
    pub otp_step: Option<i64>,
}

/// How a step ended, unless it failed.
struct Found {
    verdict: StepVerdict,
    detail: String,
}

impl Found {
    fn passed(detail: impl Into<String>) -> Self {
        Self { verdict: StepVerdict::Passed, detail: detail.into() }
    }

    fn unknown(detail: impl Into<String>) -> Self {
        Self { verdict: StepVerdict::Unknown, detail: detail.into() }
    }
}

/// Runs a check. Each change of a step goes to `report`.
pub async fn run(ctx: CheckContext<'_>, report: &mut (dyn FnMut(StepView) + Send)) -> CheckResult {
    let mut check = Check::new(ctx);
    for step in CheckStep::ALL {
        let begun = Instant::now();
        check.note(view(step, StepVerdict::Running, None, String::new()), report);
        let found = check.step(step).await;
        let took = Some(millis_since(begun));
        match found {
            Ok(Found { verdict, detail }) => check.note(view(step, verdict, took, detail), report),
            Err(explained) => {
                let detail = failed_words(&explained);
                check.note(view(step, StepVerdict::Failed, took, detail), report);
                check.result.outcome = Err((step, explained));
                break;
            }
        }
    }
    check.result
}

/// A check under way.
struct Check<'a> {
    ctx: CheckContext<'a>,
    result: CheckResult,
}

impl<'a> Check<'a> {
    fn new(ctx: CheckContext<'a>) -> Self {
        let waiting = |step| view(step, StepVerdict::Waiting, None, String::new());
        let result = CheckResult {
            steps: CheckStep::ALL.map(waiting).to_vec(),
            outcome: Ok(()),
            opened: None,
            profile: None,
            funds: None,
            permission: OrderPermission::Untested,
            latency_ms: None,
            clock_offset_ms: None,
            seen_from: None,
            otp_step: None,
        };
        Self { ctx, result }
    }

    async fn step(&mut self, step: CheckStep) -> Result<Found, Box<Explained>> {
        match step {
            CheckStep::Egress => self.egress().await,
            CheckStep::Reach => self.reach().await,
            CheckStep::Login => self.login().await,
            CheckStep::Profile => self.profile().await,
            CheckStep::Funds => self.funds().await,
            CheckStep::OrderPermission => self.order_permission().await,
        }
    }

    fn note(&mut self, view: StepView, report: &mut (dyn FnMut(StepView) + Send)) {
        if let Some(slot) = self.result.steps.iter_mut().find(|known| known.step == view.step) {
            slot.clone_from(&view);
        }
        report(view);
    }

    fn now(&self) -> Timestamp {
        self.ctx.clock.now()
    }
}

fn view(step: CheckStep, verdict: StepVerdict, took_ms: Option<u32>, detail: String) -> StepView {
    StepView { step, verdict, took_ms, detail }
}

fn millis_since(begun: Instant) -> u32 {
    u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX)
}

fn failed_words(explained: &Explained) -> String {
    let kind = explained.kind.words();
    match &explained.broker_says {
        Some(says) => format!("{kind}: {says}"),
        None => kind.to_owned(),
    }
}
