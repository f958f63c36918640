//! Ten thousand accounts, each with its checks, and a run they all took part in, written into a store as if
//! it had all happened.

use muster_protocol::account::Unfit;
use muster_protocol::check::{CheckStep, OrderPermission, StepVerdict, StepView};
use muster_protocol::failure::{Explained, FailureKind};
use muster_protocol::ids::{AccountId, Attempt, IntentId, LegNo, OrderId, OrderTag, RunId};
use muster_protocol::order::Broker;
use muster_protocol::plan::Mode;
use muster_protocol::tally::{TallyLine, TallyVerdict};
use muster_protocol::time::Timestamp;
use muster_tests::harness::{World, two_legs};
use musterd::domain::account::{AccountEvent, Identity};
use musterd::domain::book::{OrderState, Progress};
use musterd::domain::check::EndedCheck;
use musterd::domain::intent::IntentEvent;
use musterd::domain::plan::PlanEvent;
use musterd::domain::record::Record;
use musterd::domain::run::{Excluded, Fixed, Participant, RunEvent};
use musterd::domain::session::SessionEvent;
use musterd::store::{Batch, Epochs, Store, encode};

/// So many.
pub(crate) const CROWD: u32 = 10_000;
/// One in so many could not take part in the run.
pub(crate) const LEFT_OUT: u32 = 10;
/// The run.
pub(crate) const RUN: &str = "btst@2026-11-23";
/// Records in one transaction.
const CHUNK: usize = 20_000;

/// Whether the account took part in the run.
pub(crate) const fn took_part(number: u32) -> bool {
    !number.is_multiple_of(LEFT_OUT)
}

/// Writes it all.
pub(crate) fn write(world: &World) -> anyhow::Result<()> {
    let mut records = Vec::new();
    for number in 1..=CROWD {
        person(number, &mut records)?;
    }
    run(&mut records)?;
    let (store, epochs) = (Store::open(&world.store())?, Epochs::beside(&world.store()));
    for chunk in records.chunks(CHUNK) {
        let records = chunk.iter().map(encode).collect();
        let (_, next) = epochs.look(&store)?;
        epochs.advance(&store, Batch { records, ..Batch::default() }, next)?;
    }
    Ok(store.close()?)
}

fn at(time: &str) -> anyhow::Result<Timestamp> {
    Ok(format!("2026-11-23T{time}+05:30").parse()?)
}

const fn broker(number: u32) -> Broker {
    if number.is_multiple_of(2) { Broker::AngelOne } else { Broker::Zerodha }
}

fn user(number: u32) -> anyhow::Result<muster_protocol::ids::UserId> {
    Ok(format!("person-{number}").parse()?)
}

fn person(number: u32, records: &mut Vec<Record>) -> anyhow::Result<()> {
    let (id, since) = (AccountId(number), at("09:00:00")?);
    let identity = Identity {
        client_id: format!("A{number:06}"),
        holder: format!("Person Number {number} \"of the crowd\""),
        egress: "main".parse()?,
    };
    let connected = AccountEvent::Connected {
        user: user(number)?,
        broker: broker(number),
        identity,
        at: since,
    };
    records.push(Record::Account(id, connected));
    let labels = vec!["crowd".parse()?, format!("desk-{}", number % 7).parse()?];
    records.push(Record::Account(id, AccountEvent::Labelled { labels, at: since }));
    records.push(Record::Account(id, AccountEvent::AutoExecute { on: true, at: since }));
    let until = at("23:59:00")?;
    records.push(Record::Session(id, SessionEvent::Opened { since, until }));
    let failed = (!took_part(number)).then(|| Explained {
        kind: FailureKind::IpNotAllowed,
        broker_says: Some("AG7002: the address 203.0.113.10 is not registered".to_owned()),
        means: "The broker does not take orders from this server's address.".to_owned(),
        action: "register 203.0.113.10 at the broker, then test again".to_owned(),
        ip_seen: Some("203.0.113.10".to_owned()),
        ip_to_register: Some("203.0.113.10".to_owned()),
    });
    for minute in ["09:05:00", "15:00:00"] {
        records.push(Record::Check(id, check(at(minute)?, failed.clone())));
    }
    Ok(())
}

fn check(started: Timestamp, failed: Option<Explained>) -> EndedCheck {
    let last = if failed.is_some() { StepVerdict::Failed } else { StepVerdict::Passed };
    let steps = CheckStep::ALL.map(|step| StepView {
        step,
        verdict: if step == CheckStep::OrderPermission { last } else { StepVerdict::Passed },
        took_ms: Some(42),
        detail: "as it was to be found, with a word on what".to_owned(),
    });
    EndedCheck {
        started,
        ended: started.plus(900),
        steps: steps.to_vec(),
        permission: failed.is_none().then_some(OrderPermission::Allowed),
        failed,
        funds: None,
        latency_ms: Some(42),
        probed_from: None,
        exchanges: None,
        otp_step: None,
    }
}

fn run(records: &mut Vec<Record>) -> anyhow::Result<()> {
    let (spec, run): (_, RunId) = (two_legs(), RUN.to_owned().try_into()?);
    let (name, legs) = (spec.name.clone(), spec.legs.clone());
    records.push(Record::Plan(name.clone(), PlanEvent::Put { no: 1, spec, at: at("10:00:00")? }));
    let armed = PlanEvent::Armed { mode: Mode::Live, at: at("10:00:01")? };
    records.push(Record::Plan(name, armed));
    let fire_at = at("15:10:00")?;
    let fixed = Fixed {
        mode: Mode::Live,
        fire_at,
        window_until: at("15:15:00")?,
        hash: "0".repeat(64),
        called: None,
        ambiguity: muster_protocol::plan::Ambiguity::Hold,
        legs,
        instruments: Vec::new(),
        participants: (1..=CROWD).filter(|n| took_part(*n)).map(part).collect::<Result<_, _>>()?,
        excluded: (1..=CROWD).filter(|n| !took_part(*n)).map(out).collect::<Result<_, _>>()?,
    };
    records.push(Record::Run(run.clone(), RunEvent::Frozen { fixed, at: at("15:09:30")? }));
    records.push(Record::Run(run.clone(), RunEvent::Fired { at: fire_at, late_us: Some(180) }));
    for number in (1..=CROWD).filter(|n| took_part(*n)) {
        for leg in 0..2 {
            let id = IntentId { run: run.clone(), account: AccountId(number), leg: LegNo(leg) };
            let order_id = OrderId(format!("2611230{number:08}{leg}"));
            let progress =
                Progress { state: OrderState::Filled, filled: 2, average: None, text: None };
            for event in [
                IntentEvent::Sending { attempt: Attempt(1), at: fire_at },
                IntentEvent::Accepted { order_id, at: fire_at.plus(60) },
                IntentEvent::Followed { progress, at: fire_at.plus(2_000) },
            ] {
                records.push(Record::Intent(id.clone(), event));
            }
        }
    }
    records.push(Record::Run(run.clone(), RunEvent::Closed { at: at("15:11:00")? }));
    let lines = (1..=CROWD).filter(|n| took_part(*n)).map(line).collect::<Result<_, _>>()?;
    records.push(Record::Run(run, RunEvent::Tallied { lines, at: at("15:12:00")? }));
    Ok(())
}

fn part(number: u32) -> anyhow::Result<Participant> {
    let tag = |leg: u8| (LegNo(leg), OrderTag(format!("M{number:08}{leg}0000000")));
    Ok(Participant {
        account: AccountId(number),
        user: user(number)?,
        broker: broker(number),
        multiplier: 1,
        tags: vec![tag(0), tag(1)],
    })
}

fn out(number: u32) -> anyhow::Result<Excluded> {
    let detail = "the broker does not take orders from this server's address".to_owned();
    let why = Unfit::CheckFailed { kind: FailureKind::IpNotAllowed, detail };
    let (account, user, broker) = (AccountId(number), user(number)?, broker(number));
    Ok(Excluded { account, user, broker, reasons: vec![why] })
}

fn line(number: u32) -> anyhow::Result<TallyLine> {
    Ok(TallyLine {
        account: AccountId(number),
        user: user(number)?,
        broker: broker(number),
        verdict: TallyVerdict::Diff,
        placed: 2,
        booked: 2,
        filled: 3,
        traded: 4,
        notes: vec!["leg 1: the book says 2 units filled, the trades say 3".to_owned()],
    })
}
