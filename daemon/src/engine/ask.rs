//! Requests: what only reads is answered from the model; what decides becomes a message, its secrets
//! put aside first.

use muster_protocol::account::Credential as Entered;
use muster_protocol::frame::{Code, Failure};
use muster_protocol::ids::{AccountId, TicketId, UserId};
use muster_protocol::reply::{Done, Welcome};
use muster_protocol::request::{Connect, QueryJournal, Request, SubmitRedirect};
use muster_protocol::status::VaultState;
use muster_protocol::version::ProtocolVersion;
use serde::Serialize;
use tokio::sync::oneshot;

use super::Engine;
use super::handle::{Peer, Said};
use super::keys::KeyRequest;
use crate::broker::zerodha::redirect::{self, Redirected};
use crate::credential::{Credential, SecretText};
use crate::domain::msg::{Ask, Asked, HaltChange, Msg, ReplyTo, RunCall, Who};
use crate::domain::view;

pub(super) type Reply = oneshot::Sender<Result<Said, Failure>>;

/// The most journal entries in one reply.
const MAX_JOURNAL: u32 = 1_000;

impl Engine {
    pub(super) fn ask(&mut self, peer: &Peer, request: Request, reply: Reply) -> Option<Msg> {
        let only = peer.only();
        let now = self.clock.now();
        let answer = match request {
            Request::Hello(_) => said(&self.welcome(peer)),
            Request::Subscribe(_) => Err(Failure::new(
                Code::InvalidRequest,
                "subscribe works on a connection of its own",
            )),
            Request::Status(_) => said(&view::status(&self.model, now, only)),
            long @ (Request::ListAccounts(_)
            | Request::ListPlans(_)
            | Request::ListRuns(_)
            | Request::Muster(_)
            | Request::ShowRun(_)
            | Request::QueryReport(_)) => {
                self.show(long, only, reply);
                return None;
            }
            Request::ShowCalendar(_) => said(&self.model.calendar.view(now.date())),
            Request::ListSlots(_) => said(&self.custody.slots()),
            Request::House(_) => self.house(peer).and_then(|house| said(&house)),
            Request::QueryJournal(query) => {
                self.query_journal(query, only, reply);
                return None;
            }
            Request::VerifyAudit(asked) => {
                self.verify_audit(asked.head, reply);
                return None;
            }
            Request::ListAudit(asked) => {
                self.list_audit(&asked, reply);
                return None;
            }
            Request::SearchInstruments(search) => {
                self.search_instruments(search, reply);
                return None;
            }
            decides => return self.decide(peer, decides, reply),
        };
        // The peer may have gone.
        drop(reply.send(answer));
        None
    }

    fn decide(&mut self, peer: &Peer, request: Request, reply: Reply) -> Option<Msg> {
        self.next_reply = self.next_reply.wrapping_add(1);
        let reply_to = ReplyTo(self.next_reply);
        let ask = if request.needs_keys() && self.custody.state() == VaultState::Sealed {
            Err(Failure::new(
                Code::Sealed,
                "the vault is sealed; open it with `muster vault unseal`",
            ))
        } else {
            match KeyRequest::of(request) {
                KeyRequest::Task(task, secrets) => {
                    self.key_secrets.insert(reply_to, secrets);
                    Ok(Ask::Keys(task))
                }
                KeyRequest::Other(request) => self.ask_of(request, peer.only()),
            }
        };
        let ask = match ask {
            Ok(ask) => ask,
            Err(failure) => {
                drop(reply.send(Err(failure)));
                return None;
            }
        };
        self.waiting.insert(reply_to, reply);
        let only = peer.only().cloned();
        Some(Msg::Asked(Asked { reply: reply_to, who: peer.who(), only, ask }))
    }

    fn ask_of(&mut self, request: Request, only: Option<&UserId>) -> Result<Ask, Failure> {
        Ok(match request {
            Request::Connect(connect) => self.connect(connect)?,
            Request::Login(login) => self.login(login.account, only)?,
            Request::SubmitRedirect(submitted) => self.submitted(&submitted, only)?,
            Request::Abandon(abandon) => Ask::Abandon { ticket: abandon.ticket },
            Request::TestAccounts(test) => Ask::Test(test.accounts),
            Request::SetActive(set) => Ask::SetActive(set.accounts, set.on),
            Request::SetAutoExecute(set) => Ask::SetAutoExecute(set.accounts, set.on),
            Request::SetEgress(set) => Ask::SetEgress { account: set.account, egress: set.egress },
            Request::CallMuster(_) => Ask::CallMuster,
            Request::LabelAccounts(label) => {
                Ask::Label { accounts: label.accounts, add: label.add, remove: label.remove }
            }
            Request::RemoveAccount(remove) => {
                Ask::Remove { account: remove.account, confirm: remove.confirm }
            }
            Request::PutPlan(put) => Ask::PutPlan(put.spec),
            Request::CheckPlan(check) => Ask::CheckPlan(check.spec),
            Request::AmendCalendar(amend) => {
                Ask::Amend { change: amend.change, reason: amend.reason }
            }
            Request::ArmPlan(arm) => Ask::Arm { plan: arm.plan, mode: arm.mode, hash: arm.hash },
            Request::RemovePlan(remove) => Ask::RemovePlan(remove.plan),
            Request::RunNow(now) => Ask::RunNow(RunCall {
                run: now.run,
                hash: now.hash,
                mode: now.mode,
                called: now.called,
            }),
            Request::Seal(_) => Ask::Seal,
            Request::Backup(backup) => Ask::Backup(backup.file),
            Request::Purge(_) => Ask::Purge,
            Request::Release(_) => Ask::Release,
            Request::Reencrypt(of) => Ask::Reencrypt(of.user),
            Request::Halt(halt) => {
                let (scope, cancel) = (halt.scope, halt.cancel_open);
                Ask::Halt(HaltChange { scope, on: true, cancel })
            }
            Request::Resume(resume) => {
                Ask::Halt(HaltChange { scope: resume.scope, on: false, cancel: false })
            }
            Request::ResolveIntent(resolve) => {
                Ask::Resolve { intent: resolve.intent, verdict: resolve.verdict }
            }
            Request::Hello(_)
            | Request::Status(_)
            | Request::Subscribe(_)
            | Request::ListAccounts(_)
            | Request::ListPlans(_)
            | Request::ListRuns(_)
            | Request::Muster(_)
            | Request::ShowRun(_)
            | Request::QueryReport(_)
            | Request::QueryJournal(_)
            | Request::ShowCalendar(_)
            | Request::VerifyAudit(_)
            | Request::ListAudit(_)
            | Request::SearchInstruments(_)
            | Request::ListSlots(_)
            | Request::House(_)
            | Request::Unseal(_)
            | Request::AddSlot(_)
            | Request::RemoveSlot(_)
            | Request::ChangeSecret(_)
            | Request::UpgradeKdf(_)
            | Request::Rotate(_) => {
                return Err(Failure::new(Code::Internal, "this request decides nothing"));
            }
        })
    }

    fn welcome(&self, peer: &Peer) -> Welcome {
        Welcome {
            protocol: ProtocolVersion::CURRENT,
            build: self.model.settings.version.clone(),
            role: peer.role.clone(),
            now: self.clock.now(),
        }
    }

    /// Reads the journal beside the loop.
    fn query_journal(&self, mut query: QueryJournal, only: Option<&UserId>, reply: Reply) {
        let store = std::sync::Arc::clone(&self.store);
        if let Some(user) = only {
            query.filter.user = Some(user.clone());
        }
        tokio::task::spawn_blocking(move || {
            let limit = query.limit.min(MAX_JOURNAL);
            let entries = store.journal(&query.filter, query.after, limit);
            let answer = entries.map_err(|error| {
                tracing::error!(%error, "the journal could not be read");
                Failure::new(
                    Code::Internal,
                    "the journal could not be read; the daemon's log says why",
                )
            });
            drop(reply.send(answer.and_then(|entries| said(&entries))));
        });
    }

    /// Puts the credential aside under a new ticket and makes the login link, where there is one.
    fn connect(&mut self, connect: Connect) -> Result<Ask, Failure> {
        let Connect { user, egress, replaces, credential: entered } = connect;
        let credential = checked(&entered)?;
        let broker = credential.broker();
        let ticket = self.tickets.next();
        let link = self.login_link(&credential, ticket, egress.as_ref())?;
        self.custody.hold_draft(ticket, credential);
        Ok(Ask::Connect { ticket, user, broker, egress, replaces, link })
    }

    /// To a peer held to one person others' accounts are not there.
    fn login(&mut self, account: AccountId, only: Option<&UserId>) -> Result<Ask, Failure> {
        let route = self.model.route(account);
        let Some(route) = route.filter(|r| only.is_none_or(|user| r.user == *user)) else {
            let why = format!("there is no account {account}; see `muster account list`");
            return Err(Failure::new(Code::NotFound, why));
        };
        let credential = self.custody.credential(&route.user, account).map_err(|error| {
            tracing::error!(%error, %account, "the credential could not be opened");
            Failure::new(Code::Sealed, error.to_string())
        })?;
        let ticket = self.tickets.next();
        let link = self.login_link(&credential, ticket, Some(&route.egress))?;
        Ok(Ask::Login { ticket, account, link })
    }

    fn login_link(
        &self,
        credential: &Credential,
        ticket: TicketId,
        egress: Option<&muster_protocol::ids::EgressName>,
    ) -> Result<Option<String>, Failure> {
        let egress = egress.or_else(|| self.model.settings.egress.first().map(|e| &e.name));
        let adapter = egress.and_then(|name| self.brokers.adapter(credential.broker(), name));
        let Some(adapter) = adapter else {
            return Err(Failure::new(
                Code::NotFound,
                "there is no egress of this name; see `muster status`",
            ));
        };
        let expires = self.clock.now().plus(self.model.settings.login_ttl_ms);
        let state = self
            .custody
            .sign_state(ticket, expires)
            .map_err(|error| Failure::new(Code::Sealed, error.to_string()))?;
        Ok(adapter.login_page(credential, &state))
    }

    /// A pasted address or token: it may carry the state of the login it belongs to, and then must
    /// be of this one.
    fn submitted(
        &mut self,
        submitted: &SubmitRedirect,
        only: Option<&UserId>,
    ) -> Result<Ask, Failure> {
        let text = submitted.redirected.expose();
        let ticket = submitted.ticket;
        match redirect::parse(text) {
            Redirected::Cancelled { state } => {
                if let Some(state) = &state {
                    self.must_be(ticket, state)?;
                }
                Ok(Ask::Redirected { ticket, cancelled: true })
            }
            Redirected::Invalid(why) => {
                Err(Failure::new(Code::InvalidParams, format!("this is not a redirect: {why}")))
            }
            Redirected::LoggedIn { request_token, state } => {
                if let Some(state) = &state {
                    self.must_be(ticket, state)?;
                }
                self.keep_token(ticket, request_token, only);
                Ok(Ask::Redirected { ticket, cancelled: false })
            }
        }
    }

    /// Refuses an address that carries another login's state.
    fn must_be(&self, ticket: TicketId, state: &str) -> Result<(), Failure> {
        if self.signed_for(state)? == ticket {
            return Ok(());
        }
        let why = "this address belongs to another login; paste the newest one";
        Err(Failure::new(Code::Conflict, why))
    }

    /// The login a state was signed for.
    fn signed_for(&self, state: &str) -> Result<TicketId, Failure> {
        let ticket = self.custody.verify_state(state, self.clock.now());
        ticket.map_err(|error| bad_state(&error))
    }

    /// Keeps a token for the login it belongs to. One for a login that is over, or not the peer's,
    /// is dropped here; the domain refuses the rest.
    fn keep_token(&mut self, ticket: TicketId, token: SecretText, only: Option<&UserId>) {
        let owner = self.model.tickets.get(&ticket).map(|kept| &kept.route.user);
        if owner.is_some_and(|owner| only.is_none_or(|user| user == owner)) {
            self.tokens.insert(ticket, token);
        }
    }

    /// What the callback listener received: the state says which login it belongs to.
    pub(super) fn redirect(
        &mut self,
        query: &SecretText,
        reply: oneshot::Sender<Result<(), Failure>>,
    ) -> Option<Msg> {
        let came = match self.arrived(query) {
            Ok(came) => came,
            Err(failure) => {
                drop(reply.send(Err(failure)));
                return None;
            }
        };
        let cancelled = matches!(came, Ask::Redirected { cancelled: true, .. });
        let (typed, untyped) = oneshot::channel();
        tokio::spawn(async move {
            let answer = untyped
                .await
                .unwrap_or_else(|_| Err(Failure::new(Code::Busy, "the daemon is stopping")));
            let told = match answer {
                // The peer at the terminal is told by the check; the person in the browser here.
                Ok(_) if cancelled => Err(Failure::new(Code::Conflict, DECLINED)),
                Ok(_) => Ok(()),
                Err(failure) => Err(failure),
            };
            drop(reply.send(told));
        });
        self.next_reply = self.next_reply.wrapping_add(1);
        let reply_to = ReplyTo(self.next_reply);
        self.waiting.insert(reply_to, typed);
        let who = Who { name: "the login callback".to_owned(), role: "signed state".to_owned() };
        Some(Msg::Asked(Asked { reply: reply_to, who, only: None, ask: came }))
    }

    fn arrived(&mut self, query: &SecretText) -> Result<Ask, Failure> {
        match redirect::parse(query.expose()) {
            Redirected::LoggedIn { request_token, state } => {
                let Some(state) = &state else {
                    let why = "the address carries no state, so it is not known whose login it is; paste it in the terminal client";
                    return Err(Failure::new(Code::InvalidParams, why));
                };
                let ticket = self.signed_for(state)?;
                self.keep_token(ticket, request_token, None);
                Ok(Ask::Redirected { ticket, cancelled: false })
            }
            Redirected::Cancelled { state: Some(state) } => {
                let ticket = self.signed_for(&state)?;
                Ok(Ask::Redirected { ticket, cancelled: true })
            }
            // Kite has given no state back after a cancellation: nobody knows whose this was.
            Redirected::Cancelled { state: None } => Err(Failure::new(
                Code::Conflict,
                "The login was declined at the broker's page. Nothing was changed: to log in after all, open the same link again, or ask for a new one in the terminal.",
            )),
            Redirected::Invalid(why) => Err(Failure::new(Code::InvalidParams, why.to_owned())),
        }
    }
}

/// What a person who declined reads in the browser.
const DECLINED: &str = "The login was declined at the broker's page, and its link is over. To log in after all, ask for a new link in the terminal.";

fn checked(entered: &Entered) -> Result<Credential, Failure> {
    Credential::check(entered).map_err(|wrong| Failure::new(Code::InvalidParams, wrong.to_string()))
}

fn bad_state(error: &impl std::fmt::Display) -> Failure {
    Failure::new(Code::Conflict, format!("{error}; ask for a new link"))
}

pub(super) fn said<T: Serialize>(reply: &T) -> Result<Said, Failure> {
    serde_json::value::to_raw_value(reply).map_err(|error| {
        tracing::error!(%error, "a reply could not be encoded");
        Failure::new(Code::Internal, "the reply could not be encoded")
    })
}

pub(super) fn done() -> Result<Said, Failure> {
    said(&Done {})
}
