//! A run under way, with one order of every kind that matters.

use muster_protocol::account::Unfit;
use muster_protocol::failure::{Explained, FailureKind};
use muster_protocol::ids::{AccountId, IntentId, LegNo, OrderId, OrderTag};
use muster_protocol::order::Broker;
use muster_protocol::plan::{Ambiguity, Mode};
use muster_protocol::run::{IntentStatus, IntentView, LeftOut, RunState, RunView};
use muster_protocol::time::SECOND;

use super::world::{legs, now, plan, run_id};

/// A run under way: six intents, one refused, one in doubt.
pub(crate) fn firing() -> (RunView, Vec<IntentView>) {
    use IntentStatus::{Accepted, InDoubt, Planned, Refused, Sending};
    let fired = now().plus(-2 * SECOND);
    let statuses = [Accepted, Accepted, Refused, Accepted, InDoubt, Sending, Planned];
    let users = ["asha.k", "asha.k", "asha.k", "chitra.r", "chitra.r", "chitra.r", "ivan.t"];
    let intents: Vec<IntentView> = (0_u8..7)
        .map(|n| {
            let status = statuses[usize::from(n)];
            let leg = legs()[usize::from(n % 3)].clone();
            IntentView {
                id: IntentId {
                    run: run_id("btst@2026-11-23"),
                    account: AccountId(u32::from(n / 3) * 2 + 1),
                    leg: LegNo(n % 3),
                },
                user: users[usize::from(n)].parse().unwrap(),
                broker: if n < 3 { Broker::AngelOne } else { Broker::Zerodha },
                leg,
                broker_symbol: None,
                status,
                tag: Some(OrderTag(format!("2X71A00K30F1QZ7W{n}"))),
                order_id: (status == Accepted).then(|| OrderId(format!("26112300000{n}"))),
                sent_at: (status != Planned).then_some(fired),
                took_ms: (status == Accepted || status == Refused).then(|| 80 + u32::from(n) * 31),
                lookups: u32::from(status == InDoubt) * 2,
                filled: 0,
                average: None,
                book_says: None,
                absent_since: None,
                duplicates: vec![],
                failure: (status == Refused).then(|| Explained {
                    kind: FailureKind::Refused,
                    broker_says: Some("insufficient funds (needs \u{20b9} 14,820)".to_owned()),
                    means: "Not enough money for this order.".to_owned(),
                    action: "Add funds.".to_owned(),
                    ip_seen: None,
                    ip_to_register: None,
                }),
            }
        })
        .collect();
    let run = RunView {
        id: run_id("btst@2026-11-23"),
        mode: Mode::Live,
        state: RunState::Firing,
        fire_at: fired,
        fired_at: Some(fired.plus(4)),
        closed_at: None,
        hash: plan().hash,
        legs: legs(),
        ambiguity: Ambiguity::Hold,
        accounts: 3,
        left_out: vec![LeftOut {
            account: AccountId(4),
            user: "deepak.s".parse().unwrap(),
            broker: Broker::Zerodha,
            reasons: vec![Unfit::LoginDue],
        }],
        counts: statuses.into_iter().collect(),
        tally: None,
    };
    (run, intents)
}
