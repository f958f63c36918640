//! The six steps, each ending in words or in an explanation.

use std::time::Duration;

use muster_protocol::check::{CheckStep, OrderPermission};
use muster_protocol::failure::{Explained, FailureKind};
use muster_protocol::time::{SECOND, Timestamp};
use tokio::time::Instant;

use super::codes::Turn;
use super::observe::observe;
use super::{Check, Found, millis_since};
use crate::broker::explain::{About, explain};
use crate::broker::{Auth, BrokerError, Profile, Proof};
use crate::credential::Credential;
use crate::egress::{Egress, Seen};

/// The longest wait for a one-time code nobody has used: two steps, and some.
const CODE_WAIT_MS: i64 = 65 * SECOND;
/// The same by a clock that cannot stand still.
const CODE_PATIENCE: Duration = Duration::from_secs(90);
/// From here on a wrong clock is worth a word when a code is refused.
const CLOCK_OFF_MS: u64 = 10_000;

type Step = Result<Found, Box<Explained>>;

impl<'a> Check<'a> {
    pub(super) async fn egress(&mut self) -> Step {
        let egress = self.ctx.egress;
        if egress.observe_urls.is_empty() {
            return Ok(Found::unknown("nothing observes this egress from outside"));
        }
        let seen = match observe(self.ctx.observer, &egress.observe_urls).await {
            Ok(seen) => seen,
            Err(error) if error.is_gone() => return Err(Box::new(gone(egress))),
            Err(error) => return Ok(Found::unknown(format!("not observed: {error}"))),
        };
        self.result.seen_from = Some(seen);
        let configured = egress.to_register().unwrap_or_default();
        let (means, action) = match egress.judge(seen) {
            Seen::AsConfigured => {
                return Ok(Found::passed(format!("the world sees {seen} (IPv4)")));
            }
            Seen::Ipv6 => (
                format!("Calls leave over IPv6 as {seen}, but brokers register IPv4 addresses."),
                "Bind the egress to an IPv4 address of this server, then test again.".to_owned(),
            ),
            Seen::Another => (
                format!("The world sees {seen}, but people registered {configured}."),
                format!(
                    "Repair the way out so that it leaves as {configured}, or change the egress and register {seen}; then test again."
                ),
            ),
        };
        Err(Box::new(Explained {
            kind: FailureKind::IpNotAllowed,
            broker_says: None,
            means,
            action,
            ip_seen: Some(seen.to_string()),
            ip_to_register: egress.to_register().map(str::to_owned),
        }))
    }

    pub(super) async fn reach(&mut self) -> Step {
        let reached = self.ctx.adapter.reach(self.now()).await;
        let reached = reached.map_err(|error| Box::new(self.explain(CheckStep::Reach, &error)))?;
        self.result.clock_offset_ms = reached.clock_offset_ms;
        Ok(Found::passed(reached.detail))
    }

    /// A new browser login first, else a session that still lives, else a login without a person.
    pub(super) async fn login(&mut self) -> Step {
        if let (None, Some(session)) = (self.ctx.request_token, self.ctx.session) {
            let auth = Auth { credential: self.ctx.credential, session };
            match self.timed_profile(auth).await {
                Ok((profile, took)) => {
                    self.result.profile = Some(profile);
                    self.result.latency_ms = Some(took);
                    return Ok(Found::passed("the live session is still accepted"));
                }
                // What else is wrong is the profile step's to say.
                Err(error) if error.kind != FailureKind::SessionExpired => {
                    return Ok(Found::unknown("a session is at hand, not proven yet"));
                }
                Err(_) => {}
            }
        }
        let proof = match (self.ctx.request_token, self.ctx.credential) {
            (Some(token), _) => Proof::RequestToken(token),
            (None, Credential::AngelOne { client_id, .. }) => {
                let at = self.one_time(client_id).await;
                let now = at.map_err(|error| Box::new(self.explain(CheckStep::Login, &error)))?;
                Proof::OneTimeCode { now }
            }
            (None, Credential::Zerodha { .. }) => {
                let error = BrokerError::bare(FailureKind::SessionExpired);
                return Err(Box::new(self.explain(CheckStep::Login, &error)));
            }
        };
        let opened = self.ctx.adapter.login(self.ctx.credential, proof, self.now()).await;
        let opened = opened.map_err(|error| Box::new(self.explain(CheckStep::Login, &error)))?;
        let until = format!("session until {}", opened.until.day_clock());
        let detail = match (self.ctx.credential, &opened.client_id) {
            (Credential::AngelOne { .. }, _) => {
                format!("TOTP accepted{}, {until}", self.clock_words())
            }
            (_, Some(client)) => format!("logged in as {client}, {until}"),
            (_, None) => until,
        };
        self.result.opened = Some(opened);
        Ok(Found::passed(detail))
    }

    pub(super) async fn profile(&mut self) -> Step {
        let profile = match self.result.profile.take() {
            Some(profile) => profile,
            None => self.first_profile().await?,
        };
        let claimed = self.claimed().filter(|id| !id.eq_ignore_ascii_case(&profile.client_id));
        if let Some(claimed) = claimed {
            return Err(Box::new(Explained {
                kind: FailureKind::CredentialsRejected,
                broker_says: None,
                means: format!(
                    "The session is of client {}, but the account is {claimed}'s.",
                    profile.client_id
                ),
                action: "Log in as the account's own client, or connect the other as an account of its own."
                    .to_owned(),
                ip_seen: None,
                ip_to_register: None,
            }));
        }
        let detail = match profile.holder.as_str() {
            "" => format!("client {}", profile.client_id),
            holder => format!("client {}, {holder}", profile.client_id),
        };
        self.result.profile = Some(profile);
        Ok(Found::passed(detail))
    }

    pub(super) async fn funds(&mut self) -> Step {
        let auth = self.with_session(CheckStep::Funds)?;
        let funds = self.ctx.adapter.funds(auth).await;
        let funds = funds.map_err(|error| Box::new(self.explain(CheckStep::Funds, &error)))?;
        self.result.funds = Some(funds);
        Ok(Found::passed(format!("{funds} available")))
    }

    pub(super) async fn order_permission(&mut self) -> Step {
        let step = CheckStep::OrderPermission;
        if !self.ctx.probe {
            return Ok(Found::unknown("not asked again: the last verdict stands"));
        }
        let auth = self.with_session(step)?;
        let probed = self.ctx.adapter.probe_order_permission(auth).await;
        let probed = probed.map_err(|error| Box::new(self.explain(step, &error)))?;
        self.result.permission = probed.permission.clone();
        let (kind, ip_seen) = match probed.permission {
            OrderPermission::Allowed => {
                return Ok(Found::passed("orders are taken from this address"));
            }
            OrderPermission::CannotTell { why } => return Ok(Found::unknown(why)),
            OrderPermission::Untested => return Ok(Found::unknown("not asked")),
            OrderPermission::Refused { seen } => (FailureKind::IpNotAllowed, seen),
            OrderPermission::NoIpRegistered => (FailureKind::NoIpRegistered, None),
        };
        Err(Box::new(self.explain(step, &BrokerError { kind, says: probed.says, ip_seen })))
    }

    async fn first_profile(&mut self) -> Result<Profile, Box<Explained>> {
        let fresh = self.result.opened.is_some();
        let auth = self.with_session(CheckStep::Profile)?;
        let (profile, took) = self.timed_profile(auth).await.map_err(|mut error| {
            // A session opened a moment ago has not run out: the key is wrong.
            if fresh && error.kind == FailureKind::SessionExpired {
                error.kind = FailureKind::CredentialsRejected;
            }
            Box::new(self.explain(CheckStep::Profile, &error))
        })?;
        self.result.latency_ms = Some(took);
        Ok(profile)
    }

    async fn timed_profile(&self, auth: Auth<'_>) -> Result<(Profile, u32), BrokerError> {
        let begun = Instant::now();
        let profile = self.ctx.adapter.profile(auth).await?;
        Ok((profile, millis_since(begun)))
    }

    /// The instant to make a one-time code for, by the broker's clock: in a step no code was used of,
    /// and with some of it left.
    async fn one_time(&mut self, client_id: &str) -> Result<Timestamp, BrokerError> {
        let offset = self.result.clock_offset_ms.unwrap_or(0);
        let begun = Instant::now();
        loop {
            let at = self.now().plus(offset);
            match self.ctx.codes.take(client_id, at) {
                Turn::Now { step } => {
                    self.result.otp_step = Some(step);
                    return Ok(at);
                }
                Turn::From(then)
                    if then.since(at) > CODE_WAIT_MS || begun.elapsed() > CODE_PATIENCE =>
                {
                    let why =
                        "a one-time code of a later time was used already: the clock went back";
                    return Err(BrokerError::says(FailureKind::Refused, why));
                }
                Turn::From(then) => {
                    self.ctx.clock.sleep_until(then.plus(offset.saturating_neg())).await;
                }
            }
        }
    }

    fn claimed(&self) -> Option<&'a str> {
        match self.ctx.credential {
            Credential::AngelOne { client_id, .. } => Some(client_id),
            Credential::Zerodha { .. } => self.ctx.client_id,
        }
    }

    fn explain(&self, step: CheckStep, error: &BrokerError) -> Explained {
        let about = About {
            broker: self.ctx.adapter.broker(),
            step,
            ip_to_register: self.ctx.egress.to_register(),
            client_id: self.claimed(),
        };
        let mut explained = explain(error, &about);
        let off = self.result.clock_offset_ms.map_or(0, i64::unsigned_abs);
        if error.kind == FailureKind::OtpRejected && off > CLOCK_OFF_MS {
            let means = &explained.means;
            explained.means = format!("{means} This server's clock is off by {} s.", off / 1000);
        }
        explained
    }

    fn with_session(&self, step: CheckStep) -> Result<Auth<'_>, Box<Explained>> {
        let opened = self.result.opened.as_ref().map(|opened| &opened.secret);
        match opened.or(self.ctx.session) {
            Some(session) => Ok(Auth { credential: self.ctx.credential, session }),
            None => {
                Err(Box::new(self.explain(step, &BrokerError::bare(FailureKind::SessionExpired))))
            }
        }
    }

    fn clock_words(&self) -> String {
        self.result.clock_offset_ms.map_or_else(String::new, |offset| {
            let (sign, off) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs());
            format!(", clock offset {sign}{}.{} s", off / 1000, off % 1000 / 100)
        })
    }
}

/// Nothing leaves by an egress whose address is gone; least of all by another one.
fn gone(egress: &Egress) -> Explained {
    let bind = egress.bind.map_or_else(String::new, |bind| bind.to_string());
    Explained {
        kind: FailureKind::Unreachable,
        broker_says: None,
        means: format!(
            "This machine has no address {bind} any more, so nothing leaves by egress {}.",
            egress.name
        ),
        action: "Give the machine the address back, or change the egress; then test again."
            .to_owned(),
        ip_seen: None,
        ip_to_register: egress.to_register().map(str::to_owned),
    }
}
