//! A line for each kind of change a subscriber is told, and the fresh start of one that was slow.

use muster_protocol::check::{CheckOutcome, CheckTarget};
use muster_protocol::event::{Delta, Feed, Snapshot};
use muster_protocol::frame::{Part, ReplyLine};
use muster_protocol::ids::AccountId;
use muster_protocol::run::{IntentStatus, RunState};

use crate::lines;
use crate::samples::{
    TICKET, account, at, check, entry, explained, intent, plan, run, spec, status,
};

pub(crate) fn snapshot() -> Snapshot {
    Snapshot {
        status: status(),
        accounts: vec![account()],
        plans: vec![plan()],
        runs: vec![run(RunState::Closed)],
        intents: vec![intent(IntentStatus::InDoubt)],
        checks: vec![check(CheckTarget::Ticket(TICKET), CheckOutcome::Running)],
        journal: vec![entry(true)],
    }
}

fn delta_after(delta: Option<&Delta>) -> Option<Delta> {
    Some(match delta {
        None => Delta::Status(status()),
        Some(Delta::Status(_)) => Delta::Account(Box::new(account())),
        Some(Delta::Account(_)) => Delta::AccountRemoved(AccountId(7)),
        Some(Delta::AccountRemoved(_)) => Delta::Plan(plan()),
        Some(Delta::Plan(_)) => Delta::PlanRemoved(spec().name),
        Some(Delta::PlanRemoved(_)) => Delta::Run(run(RunState::Firing)),
        Some(Delta::Run(_)) => Delta::Intent(Box::new(intent(IntentStatus::Sending))),
        Some(Delta::Intent(_)) => Delta::Check(check_as(CheckOutcome::Running)),
        Some(Delta::Check(_)) => Delta::Journal(entry(true)),
        Some(Delta::Journal(_)) => return None,
    })
}

fn check_as(outcome: CheckOutcome) -> muster_protocol::check::CheckView {
    check(CheckTarget::Ticket(TICKET), outcome)
}

fn outcome_after(outcome: Option<&CheckOutcome>) -> Option<CheckOutcome> {
    Some(match outcome {
        None => CheckOutcome::AwaitingLogin {
            link: "https://kite.zerodha.com/connect/login?v=3&api_key=key".to_owned(),
            expires: at("12:10:00"),
        },
        Some(CheckOutcome::AwaitingLogin { .. }) => CheckOutcome::Running,
        Some(CheckOutcome::Running) => CheckOutcome::Passed,
        Some(CheckOutcome::Passed) => CheckOutcome::Failed { failure: explained() },
        Some(CheckOutcome::Failed { .. }) => {
            CheckOutcome::Abandoned { reason: "given up".to_owned() }
        }
        Some(CheckOutcome::Abandoned { .. }) => return None,
    })
}

#[test]
fn every_change_is_written_as_it_always_was() {
    let kinds = lines::chain(delta_after).into_iter();
    let ends = lines::chain(outcome_after).into_iter().map(|end| Delta::Check(check_as(end)));
    let deltas = kinds.chain(ends).zip(1..);
    let mut items: Vec<Feed> =
        deltas.map(|(delta, seq)| Feed::Delta { seq, delta: Box::new(delta) }).collect();
    items.push(Feed::Resync { seq: 99, snapshot: Box::new(snapshot()) });
    let lines: Vec<String> = items.iter().map(written).collect();
    lines::check("feed.jsonl", &lines);
}

/// The line, after it was read back.
fn written(item: &Feed) -> String {
    let line = serde_json::to_string(&ReplyLine::feed(item.clone())).unwrap();
    match serde_json::from_str(&line) {
        Ok(ReplyLine::Feed { method, params, .. }) => {
            assert_eq!((method.as_str(), &params), ("feed", item));
        }
        other => panic!("not read as a change: {other:?}"),
    }
    line
}

#[test]
fn a_part_of_a_long_message_is_written_as_it_always_was() {
    let part = Part { number: 2, of: 3, text: r#""name":"₹","more":[\"#.to_owned() };
    let line = serde_json::to_string(&ReplyLine::part(part.clone())).unwrap();
    match serde_json::from_str(&line) {
        Ok(ReplyLine::Part { method, params, .. }) => {
            assert_eq!((method.as_str(), params), ("part", part));
        }
        other => panic!("not read as a part: {other:?}"),
    }
    lines::check("parts.jsonl", &[line]);
}
