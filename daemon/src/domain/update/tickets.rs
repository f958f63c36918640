//! Connections and logins under way: stored nowhere until they pass.

use muster_protocol::check::CheckTarget;
use muster_protocol::frame::Code;
use muster_protocol::ids::{AccountId, EgressName, TicketId, UserId};
use muster_protocol::order::Broker;
use muster_protocol::time::MINUTE;

use super::super::check::{Check, CheckEvent};
use super::super::effect::{Answer, Changed, CheckJob, Effect, Route};
use super::super::model::{Ticket, TicketKind};
use super::super::msg::{Ask, ReplyTo};
use super::Step;

/// How long the result of a connection stays to be looked at.
const KEPT_MS: i64 = 15 * MINUTE;
/// The most connections and logins under way at once.
const MAX_TICKETS: usize = 200;

impl Step<'_> {
    pub(super) fn connect(&mut self, reply: ReplyTo, ask: Ask) {
        let Ask::Connect { ticket, user, broker, egress, replaces, link } = ask else { return };
        match self.connect_route(&user, broker, egress, replaces) {
            Ok(route) => {
                let kind = TicketKind::Connect { replaces };
                self.open_ticket(reply, ticket, (kind, route), link);
            }
            Err((code, why)) => {
                self.effects.push(Effect::DropTicket(ticket));
                self.refuse(reply, code, why);
            }
        }
    }

    fn connect_route(
        &self,
        user: &UserId,
        broker: Broker,
        egress: Option<EgressName>,
        replaces: Option<AccountId>,
    ) -> Result<Route, (Code, String)> {
        let known = &self.model.settings.egress;
        let egress = match egress {
            None => known.first().map(|e| e.name.clone()),
            Some(name) => known.iter().find(|e| e.name == name).map(|e| e.name.clone()),
        };
        let Some(egress) = egress else {
            return Err((
                Code::NotFound,
                "there is no egress of this name; see `muster status`".to_owned(),
            ));
        };
        if let Some(id) = replaces {
            let same =
                self.model.accounts.get(&id).is_some_and(|a| a.user == *user && a.broker == broker);
            if !same {
                let why = format!("account {id} is not {user}'s at {}", broker.title());
                return Err((Code::Conflict, why));
            }
        }
        if replaces.is_none() && !self.model.may_join(user, &egress, broker) {
            let why = format!(
                "another person's account at {} leaves by egress {egress} already, and sharing is refused; name an egress of their own, or set shared_egress in the configuration",
                broker.title()
            );
            return Err((Code::Conflict, why));
        }
        Ok(Route { user: user.clone(), broker, egress })
    }

    pub(super) fn login(
        &mut self,
        reply: ReplyTo,
        ticket: TicketId,
        account: AccountId,
        link: Option<String>,
    ) {
        let Some(route) = self.model.route(account) else {
            self.effects.push(Effect::DropTicket(ticket));
            self.refuse(reply, Code::NotFound, format!("there is no account {account}"));
            return;
        };
        self.open_ticket(reply, ticket, (TicketKind::Login { account }, route), link);
    }

    fn open_ticket(
        &mut self,
        reply: ReplyTo,
        id: TicketId,
        (kind, route): (TicketKind, Route),
        link: Option<String>,
    ) {
        if self.model.tickets.len() >= MAX_TICKETS {
            self.effects.push(Effect::DropTicket(id));
            self.refuse(reply, Code::Busy, "too many connections are being made; try again later");
            return;
        }
        let target = CheckTarget::Ticket(id);
        let check = Check::new(target, route.user.clone(), route.broker, self.now);
        let expires = self.now.plus(self.model.settings.login_ttl_ms);
        let ticket = Ticket { kind, route, check, expires: self.now.plus(KEPT_MS), saving: None };
        self.model.tickets.insert(id, ticket);
        self.model.looked_out = self.now;
        self.effects.push(Effect::ObserveEgresses);
        let good_until = link.is_some().then_some(expires);
        let answer =
            muster_protocol::reply::Ticket { ticket: id, link: link.clone(), expires: good_until };
        self.answer(reply, Answer::Ticket(answer));
        if let Some(link) = link {
            self.move_check(target, CheckEvent::AwaitLogin { link, expires });
        } else {
            self.publish(Changed::Check(id));
            self.start_ticket_check(id);
        }
    }

    fn start_ticket_check(&mut self, id: TicketId) {
        let Some(ticket) = self.model.tickets.get(&id) else { return };
        let account = match ticket.kind {
            TicketKind::Connect { replaces } => replaces,
            TicketKind::Login { account } => Some(account),
        };
        let claimed = account.and_then(|id| self.model.accounts.get(&id));
        let claimed = claimed.map(|account| account.identity.client_id.clone());
        let target = CheckTarget::Ticket(id);
        let route = ticket.route.clone();
        let job = CheckJob { target, account, route, claimed, reuse_session: false, probe: true };
        self.effects.push(Effect::StartCheck(job));
    }

    pub(super) fn redirected(&mut self, reply: ReplyTo, id: TicketId, cancelled: bool) {
        let target = CheckTarget::Ticket(id);
        if !self.model.tickets.contains_key(&id) {
            self.refuse(reply, Code::NotFound, "this login is over; ask for a new link");
            return;
        }
        let event = if cancelled {
            CheckEvent::Abandoned(
                "the login was declined at the broker's page; ask for a new link to log in after all"
                    .to_owned(),
            )
        } else {
            CheckEvent::Begin
        };
        if !self.move_check(target, event) {
            self.refuse(
                reply,
                Code::Conflict,
                "this login has already come back; ask for a new link",
            );
            return;
        }
        self.answer(reply, Answer::Done);
        if cancelled {
            self.effects.push(Effect::DropTicket(id));
        } else {
            self.start_ticket_check(id);
        }
    }

    pub(super) fn abandon(&mut self, reply: ReplyTo, id: TicketId) {
        let why = CheckEvent::Abandoned("given up".to_owned());
        self.move_check(CheckTarget::Ticket(id), why);
        self.effects.push(Effect::DropTicket(id));
        self.answer(reply, Answer::Done);
    }

    /// Links that ran out, and results that were there long enough to be seen.
    pub(super) fn end_tickets(&mut self) {
        let now = self.now;
        let waiting_too_long = |ticket: &Ticket| {
            use muster_protocol::check::CheckOutcome::AwaitingLogin;
            matches!(&ticket.check.view().outcome, AwaitingLogin { expires, .. } if *expires <= now)
        };
        let stale = self.model.tickets.iter().filter(|(_, ticket)| waiting_too_long(ticket));
        let stale: Vec<TicketId> = stale.map(|(id, _)| *id).collect();
        for id in stale {
            let why = CheckEvent::Abandoned("the link ran out".to_owned());
            self.move_check(CheckTarget::Ticket(id), why);
            self.effects.push(Effect::DropTicket(id));
        }
        let gone = |ticket: &Ticket| ticket.expires <= now;
        let over: Vec<TicketId> =
            self.model.tickets.iter().filter(|(_, t)| gone(t)).map(|(id, _)| *id).collect();
        for id in over {
            self.model.tickets.remove(&id);
            self.effects.push(Effect::DropTicket(id));
        }
    }

    /// Whether the ticket may be touched by a peer held to one person.
    pub(super) fn ticket_is_of(&self, id: TicketId, only: Option<&UserId>) -> bool {
        let owner = self.model.tickets.get(&id).map(|ticket| &ticket.route.user);
        only.is_none_or(|user| owner == Some(user))
    }
}
