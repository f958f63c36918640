//! Peers held to one person, and what is not theirs.

use muster_protocol::frame::Code;
use muster_protocol::ids::{AccountId, TicketId};
use muster_protocol::order::Broker;
use muster_protocol::plan::Mode;

use super::super::effect::Effect;
use super::super::msg::{Ask, Asked, CheckDone, Msg, ReplyTo};
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

/// The same account of the broker twice would be sent every order twice; and where the credential of another
/// one takes its place, orders in doubt would be looked for in a stranger's book.
#[test]
fn an_account_of_the_broker_is_connected_once_and_keeps_its_number() {
    for (client, replaces, stored) in [
        ("A1", None, false),
        ("a1", None, false),
        ("A9", None, true),
        ("A1", Some(AccountId(1)), true),
        ("A9", Some(AccountId(1)), false),
    ] {
        let mut day = Day::new(1, Mode::DryRun, "2026-11-23T09:00:00+05:30");
        let ticket = TicketId(7);
        let user = "user1".parse().unwrap();
        let broker = Broker::AngelOne;
        let ask = Ask::Connect { ticket, user, broker, egress: None, replaces, link: None };
        let asked = Asked { reply: ReplyTo(1), who: super::who("uid 0"), only: None, ask };
        day.take(vec![Msg::Asked(asked)], usize::MAX);
        let done = CheckDone {
            failed: None,
            opened_until: None,
            session_dead: false,
            profile: Some((client.to_owned(), "Asha".to_owned())),
            funds: None,
            permission: None,
            latency_ms: None,
            seen_from: None,
            exchanges: None,
            otp_step: None,
        };
        let target = muster_protocol::check::CheckTarget::Ticket(ticket);
        let before = day.store.len();
        day.take(vec![Msg::CheckDone { target, done: Box::new(done) }], usize::MAX);
        let kept = day.store.iter().skip(before);
        let kept = kept.filter(|record| matches!(record, super::Record::Account(..))).count();
        assert_eq!(kept == 1, stored, "{client} {replaces:?}: {:?}", day.said);
    }
}
