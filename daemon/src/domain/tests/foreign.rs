//! Peers held to one person, and what is not theirs.

use muster_protocol::frame::Code;
use muster_protocol::ids::TicketId;
use muster_protocol::order::Broker;
use muster_protocol::plan::Mode;

use super::super::effect::Effect;
use super::super::msg::{Ask, Asked, Msg, ReplyTo};
use super::super::update::update;
use super::Day;

/// The engine has put the credential aside under the ticket: if nothing dropped it, it would stay
/// in memory till the daemon ends, one more with every try.
#[test]
fn a_connection_for_somebody_else_is_refused_and_its_credential_dropped() {
    let mut day = Day::new(1, Mode::DryRun, "2026-11-23T09:00:00+05:30");
    let ticket = TicketId(7);
    let ask = Ask::Connect {
        ticket,
        user: "bela".parse().unwrap(),
        broker: Broker::AngelOne,
        egress: None,
        replaces: None,
        link: None,
    };
    let only = Some("asha".parse().unwrap());
    let asked = Asked { reply: ReplyTo(1), who: super::who("uid 1000"), only, ask };
    let effects = update(&mut day.model, day.now, Msg::Asked(asked));
    let refused = |effect: &Effect| matches!(effect, Effect::Reply(_, Err(failure)) if failure.code == Code::Forbidden);
    assert!(effects.iter().any(refused), "{effects:?}");
    assert!(
        effects.iter().any(|e| matches!(e, Effect::DropTicket(t) if *t == ticket)),
        "{effects:?}"
    );
    assert!(day.model.tickets.is_empty());
}
