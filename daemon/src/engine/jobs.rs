//! Work that takes its time: spawned with what it needs, comes back as a message. Nothing here is
//! ever tried twice.

use std::net::IpAddr;
use std::sync::Arc;

use muster_protocol::check::{CheckTarget, OrderPermission};
use muster_protocol::failure::{Explained, FailureKind};
use muster_protocol::ids::{AccountId, EgressName, IntentId, OrderId};
use muster_protocol::order::Broker;
use muster_protocol::status::Observed;

use tokio::task::JoinSet;

use super::Engine;
use super::check::{self, CheckContext, CheckResult, observe};
use super::gate::Leaving;
use super::handle::Back;
use super::owed::Owed;
use super::pricing::{self, Priced};
use crate::broker::http::ADDRESS_GONE;
use crate::broker::{Adapter, Auth, BrokerError, Leave, Order};
use crate::credential::{Credential, SecretText, SessionSecret};
use crate::custody::CustodyError;
use crate::domain::effect::{CheckJob, Route, SendJob};
use crate::domain::egress::Trouble;
use crate::domain::intent::Cause;
use crate::domain::msg::{CheckDone, Msg, Read};
use crate::failpoint::{Point, hit};

/// What a call for an account is signed with.
pub(super) struct Signing {
    pub(super) adapter: Arc<dyn Adapter>,
    credential: Arc<Credential>,
    session: Arc<SessionSecret>,
}

impl Signing {
    /// What an adapter takes.
    pub(super) fn auth(&self) -> Auth<'_> {
        Auth { credential: &self.credential, session: &self.session }
    }
}

impl Engine {
    fn back(&self, msg: Msg) {
        // The receiver lives as long as the engine.
        drop(self.back_to.send(Back::Msg(Box::new(msg))));
    }

    /// What signs the account's calls, or why nothing can.
    pub(super) fn signing(&self, route: &Route, account: AccountId) -> Result<Signing, Cause> {
        let cannot =
            |why: String| Cause { kind: FailureKind::Refused, says: Some(why), ip_seen: None };
        let adapter = self.brokers.adapter(route.broker, &route.egress);
        let adapter = adapter
            .ok_or_else(|| cannot(format!("egress {} is not configured any more", route.egress)))?;
        let failed = |error: CustodyError| cannot(error.to_string());
        let (credential, session) = self.custody.signing(&route.user, account).map_err(failed)?;
        Ok(Signing { adapter, credential, session })
    }

    /// Sends one order, once.
    pub(super) fn send(&mut self, job: SendJob) {
        let SendJob { intent, route, leg, instrument, tag, from, until } = job;
        let signing = match self.signing(&route, intent.account) {
            Ok(signing) => signing,
            Err(cause) => {
                // Nothing was sent: the model's word for that is a failure to connect.
                let cause = Cause { kind: FailureKind::Unreachable, ..cause };
                self.back(Msg::Outcome { intent, outcome: Err(cause) });
                return;
            }
        };
        let (back_to, gate) = (self.back_to.clone(), self.gate.clone());
        let clock = Arc::clone(&self.clock);
        tokio::spawn(async move {
            let owed = Owed::new(intent.clone(), back_to.clone());
            let auth = signing.auth();
            let leg = match pricing::price(&*signing.adapter, auth, (&leg, &instrument)).await {
                Ok(Priced { leg, last }) => {
                    if let Some(last) = last {
                        let priced = Msg::Priced { intent: intent.clone(), last, leg: leg.clone() };
                        drop(back_to.send(Back::Msg(Box::new(priced))));
                    }
                    leg
                }
                Err(cause) => return owed.pay(Err(cause)),
            };
            let (user, account) = (route.user, intent.account);
            let leaving = Leaving { user, account, run: intent.run, from, until };
            let shut = Arc::new(move || gate.shut(&leaving, clock.now()));
            // Not a byte has left: the model's word for that is a failure to connect.
            let stopped =
                |why| Cause { kind: FailureKind::Unreachable, says: Some(why), ip_seen: None };
            let outcome = if let Some(why) = shut() {
                Err(stopped(why))
            } else {
                // Asked once more when there is a connection, which may take its time.
                let still = Arc::clone(&shut);
                let leave = Leave::if_still(move || still().is_none());
                let order = Order { leg, instrument, tag, leave };
                hit(Point::BeforePost);
                let outcome = signing.adapter.place(auth, &order).await.map_err(cause);
                hit(Point::Replied);
                let unsent = |cause: &Cause| cause.kind == FailureKind::Unreachable;
                let why = outcome.as_ref().err().filter(|cause| unsent(cause)).and(shut());
                why.map_or(outcome, |why| Err(stopped(why)))
            };
            owed.pay(outcome);
        });
    }

    /// Opens connections that orders will find open: so many first contacts at one time, since a
    /// connection that is free would be used again. What fails is tried anew by the order itself.
    pub(super) fn warm(&self, broker: Broker, egress: &EgressName, connections: usize) {
        let Some(adapter) = self.brokers.adapter(broker, egress) else { return };
        let now = self.clock.now();
        tokio::spawn(async move {
            let mut contacts = JoinSet::new();
            for _ in 0..connections {
                let adapter = Arc::clone(&adapter);
                contacts.spawn(async move { adapter.reach(now).await.map(drop) });
            }
            let made = contacts.join_all().await;
            let failed: Vec<BrokerError> = made.into_iter().filter_map(Result::err).collect();
            if let Some(error) = failed.first() {
                let (broker, count) = (broker.title(), failed.len());
                tracing::warn!(broker, count, %error, "connections could not be opened ahead of the run");
            }
        });
    }

    /// Reads one account's order book, and its trades if they are wanted.
    pub(super) fn read_book(&mut self, account: AccountId, route: &Route, trades: bool) {
        let signing = match self.signing(route, account) {
            Ok(signing) => signing,
            Err(cause) => return self.back(Msg::BookRead { account, read: Err(cause) }),
        };
        let back_to = self.back_to.clone();
        tokio::spawn(async move {
            let auth = signing.auth();
            let read = match signing.adapter.order_book(auth).await.map_err(cause) {
                Ok(rows) if trades => {
                    let trades = signing.adapter.trades(auth).await.map_err(cause);
                    Ok(Read { rows, trades: Some(trades) })
                }
                Ok(rows) => Ok(Read { rows, trades: None }),
                Err(cause) => Err(cause),
            };
            drop(back_to.send(Back::Msg(Box::new(Msg::BookRead { account, read }))));
        });
    }

    /// Asks once for an order to be cancelled.
    pub(super) fn cancel(&mut self, intent: IntentId, route: &Route, order_id: OrderId) {
        let signing = match self.signing(route, intent.account) {
            Ok(signing) => signing,
            Err(cause) => return self.back(Msg::Cancelled { intent, outcome: Err(cause) }),
        };
        let back_to = self.back_to.clone();
        tokio::spawn(async move {
            let auth = signing.auth();
            hit(Point::BeforeCancel);
            let outcome = signing.adapter.cancel(auth, &order_id).await.map_err(cause);
            hit(Point::CancelReplied);
            drop(back_to.send(Back::Msg(Box::new(Msg::Cancelled { intent, outcome }))));
        });
    }

    /// Runs a check.
    pub(super) fn start_check(&mut self, job: CheckJob) {
        let target = job.target;
        let prepared = match self.prepare(&job) {
            Ok(prepared) => prepared,
            Err(why) => {
                let done = Box::new(could_not_start(why));
                drop(self.back_to.send(Back::Check { target, session: None, done }));
                return;
            }
        };
        let back_to = self.back_to.clone();
        let (clock, codes) = (Arc::clone(&self.clock), Arc::clone(&self.codes));
        let task = tokio::spawn(async move {
            let Prepared { adapter, way, credential, session, token } = prepared;
            let context = CheckContext {
                adapter: &*adapter,
                egress: &way.egress,
                observer: &way.observer,
                credential: &credential,
                session: session.as_deref(),
                request_token: token.as_ref(),
                client_id: job.claimed.as_deref(),
                clock: &*clock,
                codes: &codes,
                probe: job.probe,
            };
            let step_to = back_to.clone();
            let mut report = move |step| {
                drop(step_to.send(Back::Msg(Box::new(Msg::CheckStep { target, step }))));
            };
            let result = check::run(context, &mut report).await;
            let had_session = session.is_some();
            drop(back_to.send(finished(target, result, had_session)));
        });
        self.running.insert(target, task.abort_handle());
    }

    fn prepare(&mut self, job: &CheckJob) -> Result<Prepared, String> {
        let route = &job.route;
        let adapter = self.brokers.adapter(route.broker, &route.egress);
        let way = self.brokers.way(&route.egress);
        let (Some(adapter), Some(way)) = (adapter, way) else {
            return Err(format!("egress {} is not configured any more", route.egress));
        };
        let draft = match job.target {
            CheckTarget::Ticket(ticket) => self.custody.draft(ticket),
            CheckTarget::Account(_) => None,
        };
        let credential = match (draft, job.account) {
            (Some(draft), _) => draft,
            (None, Some(account)) => {
                self.custody.credential(&route.user, account).map_err(|error| error.to_string())?
            }
            (None, None) => return Err("the connection is over".to_owned()),
        };
        let session = match job.account.filter(|_| job.reuse_session) {
            Some(account) => {
                self.custody.session(&route.user, account).map_err(|error| error.to_string())?
            }
            None => None,
        };
        let token = match job.target {
            CheckTarget::Ticket(ticket) => self.tokens.remove(&ticket),
            CheckTarget::Account(_) => None,
        };
        Ok(Prepared { adapter, way, credential, session, token })
    }

    /// Asks once what the world sees of each egress, so that the address to register is known to be
    /// right before anybody registers it.
    pub(super) fn observe_egresses(&self) {
        for way in self.brokers.ways() {
            let (back_to, clock) = (self.back_to.clone(), Arc::clone(&self.clock));
            let urls = way.egress.observe_urls.clone();
            let here = way.egress.bind.is_none_or(observe::is_here);
            if urls.is_empty() && here {
                continue;
            }
            tokio::spawn(async move {
                let found = if here {
                    let seen = observe::observe(&way.observer, &urls).await;
                    seen.map_err(|error| (error.to_string(), error.is_gone()))
                } else {
                    Err((ADDRESS_GONE.to_owned(), true))
                };
                let at = clock.now();
                let observed = match found {
                    Ok(seen) => Ok(Observed { address: words(seen), at }),
                    Err((why, gone)) => {
                        tracing::warn!(why, egress = %way.egress.name, "the egress could not be observed");
                        Err(Trouble { why, gone, at })
                    }
                };
                let msg = Msg::Observed { egress: way.egress.name.clone(), observed };
                drop(back_to.send(Back::Msg(Box::new(msg))));
            });
        }
    }
}

/// What a check task takes along.
struct Prepared {
    adapter: Arc<dyn Adapter>,
    way: Arc<super::brokers::WayOut>,
    credential: Arc<Credential>,
    session: Option<Arc<SessionSecret>>,
    token: Option<SecretText>,
}

fn finished(target: CheckTarget, result: CheckResult, had_session: bool) -> Back {
    let reached = !matches!(result.permission, OrderPermission::Untested);
    let (session, opened_until) = match result.opened {
        Some(opened) => (Some(opened.secret), Some(opened.until)),
        None => (None, None),
    };
    let failed = result.outcome.err().map(|(_, explained)| *explained);
    let dead = |failed: &Explained| failed.kind == FailureKind::SessionExpired;
    let done = CheckDone {
        session_dead: had_session && failed.as_ref().is_some_and(dead),
        failed,
        opened_until,
        exchanges: result.profile.as_ref().and_then(|profile| profile.exchanges.clone()),
        profile: result.profile.map(|profile| (profile.client_id, profile.holder)),
        funds: result.funds,
        permission: reached.then_some(result.permission),
        latency_ms: result.latency_ms,
        seen_from: result.seen_from.map(words),
        otp_step: result.otp_step,
    };
    Back::Check { target, session, done: Box::new(done) }
}

fn could_not_start(why: String) -> CheckDone {
    let failure = Explained {
        kind: FailureKind::Refused,
        broker_says: None,
        means: why,
        action: "see the journal and the daemon's log".to_owned(),
        ip_seen: None,
        ip_to_register: None,
    };
    CheckDone {
        failed: Some(failure),
        opened_until: None,
        session_dead: false,
        profile: None,
        funds: None,
        permission: None,
        latency_ms: None,
        seen_from: None,
        exchanges: None,
        otp_step: None,
    }
}

pub(super) fn cause(error: BrokerError) -> Cause {
    Cause { kind: error.kind, says: error.says, ip_seen: error.ip_seen }
}

fn words(address: IpAddr) -> String {
    address.to_string()
}
