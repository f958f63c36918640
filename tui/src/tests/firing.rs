//! A run under way, with one order of every kind that matters.

use muster_protocol::account::Unfit;
use muster_protocol::failure::{Explained, FailureKind};
use muster_protocol::ids::{AccountId, IntentId, LegNo, OrderId, OrderTag};
use muster_protocol::money::Paise;
use muster_protocol::order::Broker;
use muster_protocol::plan::{Ambiguity, Mode};
use muster_protocol::run::{IntentStatus, IntentView, LeftOut, RunCounts, RunState, RunView};
use muster_protocol::time::{SECOND, TimeOfDay, TradingDate};

use super::world::{legs, now, plan, run_id};

/// A run under way: six intents, one refused, one in doubt.
pub(crate) fn firing() -> (RunView, Vec<IntentView>) {
    use IntentStatus::{Accepted, Filled, InDoubt, PartlyFilled, Planned, Refused, Sending};
    let fired = now().plus(-2 * SECOND);
    let statuses = [Accepted, Filled, Refused, PartlyFilled, InDoubt, Sending, Planned];
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
                order_id: status.is_placed().then(|| OrderId(format!("26112300000{n}"))),
                sent_at: (status != Planned).then_some(fired),
                took_ms: (status.is_placed() || status == Refused).then(|| 80 + u32::from(n) * 31),
                lookups: u32::from(status == InDoubt) * 2,
                filled: match status {
                    Filled => 10,
                    PartlyFilled => 25,
                    _ => 0,
                },
                average: matches!(status, Filled | PartlyFilled).then(|| Paise(84_215)),
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
        late_us: Some(4_000),
        called: None,
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

/// A week of runs that are over: good, one refused, one missed, one rehearsed.
pub(crate) fn past_runs() -> Vec<RunView> {
    let (run, _) = firing();
    let days = [
        ("2026-11-16", 0),
        ("2026-11-17", 1),
        ("2026-11-18", 2),
        ("2026-11-19", 0),
        ("2026-11-20", 3),
    ];
    let over = |(day, kind): (&str, u32)| {
        let at = day.parse::<TradingDate>().unwrap().at(TimeOfDay::hm(15, 10));
        let mut counts = RunCounts { accepted: 120, ..RunCounts::default() };
        let mut past = RunView {
            id: run_id(&format!("btst@{day}")),
            state: RunState::Closed,
            fire_at: at,
            fired_at: Some(at.plus(4 + i64::from(kind) * 7)),
            closed_at: Some(at.plus(1_900 + i64::from(kind) * 1_400)),
            left_out: Vec::new(),
            ..run.clone()
        };
        match kind {
            1 => (counts.accepted, counts.refused) = (118, 2),
            2 => {
                let reason = "the daemon was down from 15:09 to 15:16".to_owned();
                past.state = RunState::Missed { reason };
                (past.fired_at, past.closed_at) = (None, None);
                counts = RunCounts { missed: 120, ..RunCounts::default() };
            }
            3 => {
                past.mode = Mode::DryRun;
                counts = RunCounts { rehearsed: 120, ..RunCounts::default() };
            }
            _ => {}
        }
        RunView { counts, ..past }
    };
    days.into_iter().map(over).collect()
}
