//! What a fault makes of an answer.

use hyper::StatusCode;
use serde_json::Value;

use super::{Fault, FaultKind};
use crate::sandbox::net::Answer;
use crate::sandbox::net::message::{Reply, Request};
use crate::sandbox::people::limit::Excess;
use crate::sandbox::world::Manners;

impl Fault {
    /// The answer that needs no work from the broker, if this kind is one.
    pub(crate) fn instead(&self, manners: &Manners, request: &Request) -> Option<Answer> {
        let reply = match self.kind {
            FaultKind::Drop => return Some(Answer::Close),
            FaultKind::Reset => return Some(Answer::Reset),
            FaultKind::Hang => return Some(Answer::Hang(self.wait(60.0))),
            FaultKind::RefuseStatus => outage(self.status_or(503)),
            FaultKind::RefuseRateLimited => (manners.too_many)(Excess::Rate),
            FaultKind::RefuseError => (manners.own_error)(),
            FaultKind::RefuseEmpty => Reply::text(self.status_or(400), ""),
            FaultKind::RefuseSaid => self.said(manners),
            FaultKind::Redirect => self.again(request),
            FaultKind::Firewall => (manners.firewall)(),
            FaultKind::Maintenance => (manners.maintenance)(),
            _ => return None,
        };
        Some(Answer::Send(reply))
    }

    /// Spoils the reply of a call that has been done.
    pub(crate) fn spoil(&self, mut reply: Reply, manners: &Manners, request: &Request) -> Answer {
        match self.kind {
            FaultKind::Slow => return Answer::Later(self.wait(3.0), reply),
            FaultKind::Trickle => return Answer::Trickle(self.wait(10.0), reply),
            FaultKind::AcceptThenClose => return Answer::Close,
            FaultKind::AcceptThenReset => return Answer::Reset,
            FaultKind::AcceptThenHang => return Answer::Hang(self.wait(60.0)),
            FaultKind::AcceptThenCut => return Answer::Cut(reply),
            FaultKind::WrongDate => {
                reply.date_ahead = i64::try_from(self.wait(3600.0).as_secs()).unwrap_or(0);
            }
            FaultKind::AcceptThenStatus => reply = (manners.outage)(self.status_or(502)),
            FaultKind::AcceptThenError => reply = (manners.own_error)(),
            FaultKind::AcceptThenRedirect => reply = self.again(request),
            FaultKind::AcceptThenHtml => reply = Reply::html(StatusCode::OK, FIREWALL_PAGE),
            FaultKind::AcceptThenEmpty => reply.body.clear(),
            FaultKind::AcceptThenNoId => reply.body = without_ids(&reply.body),
            FaultKind::AcceptThenTruncated => reply.body = first_half(&reply.body),
            FaultKind::AcceptThenGarbage => {
                "{\"status\":tru,,}\u{fffd}".clone_into(&mut reply.body);
            }
            FaultKind::AcceptThenHuge => reply.body = huge(&reply.body),
            FaultKind::AcceptThenSaid => reply = self.said(manners),
            FaultKind::AcceptThenRateLimited => reply = (manners.too_many)(Excess::Rate),
            FaultKind::AcceptThenTimedOut => reply = timed_out(),
            FaultKind::Drop
            | FaultKind::Reset
            | FaultKind::Hang
            | FaultKind::Stall
            | FaultKind::RefuseStatus
            | FaultKind::RefuseRateLimited
            | FaultKind::RefuseError
            | FaultKind::RefuseEmpty
            | FaultKind::RefuseSaid
            | FaultKind::Redirect
            | FaultKind::Firewall
            | FaultKind::Maintenance
            | FaultKind::Stale
            | FaultKind::Reject
            | FaultKind::TokenDeath => {}
        }
        Answer::Send(reply)
    }

    /// Whatever a broker may say, in its own form.
    fn said(&self, manners: &Manners) -> Reply {
        let code = self.code.as_deref().unwrap_or_default();
        let message = self.message.as_deref().unwrap_or_default();
        let reply = (manners.says)(code, message);
        let status = self.status.map(|_| self.status_or(400));
        status.map_or_else(|| reply.clone(), |status| reply.clone().at(status))
    }

    /// To the address it was sent to: who follows, sends it twice.
    fn again(&self, request: &Request) -> Reply {
        let mut reply = Reply::redirect(request.path.clone());
        reply.status = self.status_or(307);
        reply
    }
}

/// What a proxy in front of a dead back end says.
pub(crate) fn outage(status: StatusCode) -> Reply {
    let page = format!(
        "<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\n"
    );
    Reply::html(status, page)
}

fn without_ids(body: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(body) else { return body.to_owned() };
    if let Some(data) = value.get_mut("data").and_then(Value::as_object_mut) {
        data.retain(|key, _| !matches!(key.as_str(), "orderid" | "uniqueorderid" | "order_id"));
    }
    value.to_string()
}

fn first_half(body: &str) -> String {
    body.chars().take(body.chars().count() / 2).collect()
}

/// The same JSON object with ten mebibytes more in it.
fn huge(body: &str) -> String {
    let body = body.trim_end().strip_suffix('}').unwrap_or(body);
    format!("{body},\"filler\":\"{}\"}}", "x".repeat(10 * 1024 * 1024))
}

fn timed_out() -> Reply {
    let text =
        "Order request timed out. Please check the order book and confirm before placing again.";
    let body = serde_json::json!({
        "status": "error", "message": text, "data": null, "error_type": "NetworkException",
    });
    Reply::json(StatusCode::BAD_REQUEST, &body)
}

/// The page Angel One's firewall shows.
pub(crate) const FIREWALL_PAGE: &str = "<html><head><title>Request Rejected</title></head><body>\
The requested URL was rejected. Please consult with your administrator.<br><br>\
Your support ID is: 4823913041239017512</body></html>\n";
