//! Everybody is called: who is tested, how many at once, and what is asked.

use muster_protocol::account::Unfit;
use muster_protocol::failure::FailureKind;
use muster_protocol::status::Observed;

use super::*;
use crate::domain::effect::Answer;
use crate::domain::egress::{SharedEgress, Trouble};
use crate::domain::msg::{Ask, Asked, CheckDone, ReplyTo};
use muster_protocol::check::CheckTarget;
use muster_protocol::ids::{EgressName, TicketId};

const NOON: &str = "2026-11-23T12:00:00+05:30";

impl Day {
    fn asks(&mut self, ask: Ask) -> Option<Result<Answer, muster_protocol::frame::Code>> {
        let asked = Asked { reply: ReplyTo(9), who: who("uid 0"), only: None, ask };
        let effects = update(&mut self.model, self.now, Msg::Asked(asked));
        let mut answer = None;
        let mut follow = Vec::new();
        for effect in effects {
            if let Effect::Reply(_, result) = &effect {
                answer = Some(result.clone().map_err(|failure| failure.code));
            }
            if let Effect::Commit(commit) = &effect {
                answer = commit.ack.clone().map(|(_, ack)| Ok(ack)).or(answer);
            }
            follow.extend(self.perform(effect));
        }
        self.take(follow, usize::MAX);
        answer
    }

    /// A check ends well.
    fn ends(&mut self, job: &CheckJob, permission: Option<OrderPermission>) {
        let done = CheckDone {
            failed: None,
            opened_until: None,
            session_dead: false,
            profile: None,
            funds: None,
            permission,
            latency_ms: None,
            seen_from: None,
            exchanges: None,
            otp_step: None,
        };
        let done = Msg::CheckDone { target: job.target, done: Box::new(done) };
        self.take(vec![done, Msg::Tick], usize::MAX);
    }

    /// Ends every check that is under way or comes up, as the broker would.
    fn ends_all(&mut self) -> Vec<CheckJob> {
        let mut ended = Vec::new();
        while !self.checks.is_empty() {
            for job in std::mem::take(&mut self.checks) {
                self.ends(&job, job.probe.then_some(OrderPermission::Allowed));
                ended.push(job);
            }
        }
        ended
    }

    fn sees(&mut self, address: &str) {
        let observed = Observed { address: address.to_owned(), at: self.now };
        let msg = Msg::Observed { egress: main_way(), observed: Ok(observed) };
        self.take(vec![msg], usize::MAX);
    }
}

fn main_way() -> EgressName {
    "main".parse().unwrap()
}

#[test]
fn thousands_are_called_a_few_at_a_time_and_everybody_once() {
    let mut day = Day::new(100, Mode::Live, NOON);
    day.start();
    let Some(Ok(Answer::Touched(called))) = day.asks(Ask::CallMuster) else { panic!("refused") };
    assert_eq!(called.len(), 100);
    assert_eq!(day.checks.len(), crate::domain::limits::MAX_CHECKS);
    let mut tested: Vec<Option<AccountId>> = day.ends_all().iter().map(|job| job.account).collect();
    tested.sort_unstable();
    tested.dedup();
    assert_eq!(tested.len(), 100);
    assert!(day.model.to_check.is_empty() && day.model.checks.is_empty());
}

#[test]
fn the_order_permission_is_asked_for_in_the_morning_and_before_the_run_only() {
    let mut day = Day::new(1, Mode::Live, "2026-11-20T12:00:00+05:30");
    day.start();
    // A session that lives through the days, so that only the probe differs.
    let mut probed = Vec::new();
    for time in ["08:30", "09:05", "15:00", "15:05"] {
        day.pass(&format!("2026-11-23T{time}:00+05:30"));
        probed.push(day.ends_all().iter().map(|job| job.probe).collect::<Vec<_>>());
    }
    assert_eq!(probed, [vec![true], vec![false], vec![true], vec![false]]);
}

#[test]
fn another_address_makes_every_verdict_void_and_all_are_asked_again_at_once() {
    let mut day = Day::new(2, Mode::Live, NOON);
    day.start();
    day.sees("192.0.2.1");
    day.asks(Ask::Test(muster_protocol::request::Selection::All));
    day.ends_all();
    let reasons = |day: &Day| {
        let ahead = crate::domain::muster::Ahead::next(&day.model, day.now);
        crate::domain::muster::fitness(&day.model, day.now, AccountId(1), ahead)
    };
    assert_eq!(reasons(&day), muster_protocol::account::Fitness::Fit);
    day.sees("192.0.2.9");
    let wrong =
        Unfit::EgressWrong { seen: "192.0.2.9".to_owned(), registered: "192.0.2.1".to_owned() };
    let untested = Unfit::OrderPermission { permission: OrderPermission::Untested };
    let muster_protocol::account::Fitness::Unfit { reasons: why } = reasons(&day) else {
        panic!("fit by another address")
    };
    assert_eq!(why, [wrong, untested]);
    assert!(day.checks.iter().all(|job| job.probe) && day.checks.len() == 2);
    day.ends_all();
    // Back again: what was found by the other address does not hold here.
    day.sees("192.0.2.1");
    assert_eq!(day.checks.len(), 2);
    day.ends_all();
    assert_eq!(reasons(&day), muster_protocol::account::Fitness::Fit);
}

#[test]
fn an_egress_whose_address_is_gone_leaves_its_accounts_out_of_the_run() {
    let mut day = Day::new(2, Mode::Live, NOON);
    day.start();
    day.pass("2026-11-23T15:09:00+05:30");
    let trouble = Trouble { why: "no such address".to_owned(), gone: true, at: day.now };
    let msg = Msg::Observed { egress: main_way(), observed: Err(trouble) };
    day.take(vec![msg], usize::MAX);
    day.pass("2026-11-23T15:11:00+05:30");
    assert!(day.sends.is_empty());
    let run: RunId = "btst@2026-11-23".to_owned().try_into().unwrap();
    let out = &day.model.runs[&run].fixed.excluded;
    assert_eq!(out.len(), 2);
    assert_eq!(out[0].reasons, [Unfit::EgressGone { why: "no such address".to_owned() }]);
}

#[test]
fn an_order_in_doubt_leaves_its_account_out_of_the_next_run_and_nobody_else() {
    let mut day = Day::new(2, Mode::Live, NOON);
    day.fates.insert((AccountId(1), 0), Fate::Lose);
    day.start();
    day.pass("2026-11-23T16:00:00+05:30");
    let ahead = crate::domain::muster::Ahead::next(&day.model, day.now);
    let fitness = |id| crate::domain::muster::fitness(&day.model, day.now, AccountId(id), ahead);
    let muster_protocol::account::Fitness::Unfit { reasons } = fitness(1) else { panic!("fit") };
    assert!(reasons.contains(&Unfit::InDoubt { orders: 1 }), "{reasons:?}");
    let muster_protocol::account::Fitness::Unfit { reasons } = fitness(2) else {
        return;
    };
    assert!(!reasons.iter().any(|why| matches!(why, Unfit::InDoubt { .. })), "{reasons:?}");
}

#[test]
fn a_session_that_ended_early_is_opened_again_once_and_not_in_a_loop() {
    let mut day = Day::new(1, Mode::Live, NOON);
    day.start();
    day.pass("2026-11-23T15:09:00+05:30");
    day.ends_all();
    day.pass("2026-11-23T15:10:00+05:30");
    let expired = |leg: u8| {
        let run: RunId = "btst@2026-11-23".to_owned().try_into().unwrap();
        let leg = muster_protocol::ids::LegNo(leg);
        let cause = Cause { kind: FailureKind::SessionExpired, says: None, ip_seen: None };
        let intent = IntentId { run, account: AccountId(1), leg };
        Msg::Outcome { intent, outcome: Err(cause) }
    };
    day.checks.clear();
    for leg in [0, 1] {
        day.take(vec![expired(leg)], usize::MAX);
    }
    assert_eq!(day.checks.len(), 1);
    assert!(!day.checks[0].probe, "the address is the same");
    day.ends_all();
    day.now = day.now.plus(60_000);
    day.take(vec![expired(1)], usize::MAX);
    assert!(day.checks.is_empty(), "once, not in a loop");
}

#[test]
fn a_shared_address_is_refused_where_that_is_configured() {
    let mut day = Day::new(2, Mode::Live, NOON);
    day.model.settings.shared_egress = SharedEgress::Refuse;
    day.start();
    day.pass("2026-11-23T15:11:00+05:30");
    assert!(day.sends.iter().all(|id| id.account == AccountId(1)) && day.sends.len() == 2);
    let run: RunId = "btst@2026-11-23".to_owned().try_into().unwrap();
    let out = &day.model.runs[&run].fixed.excluded;
    assert_eq!(out[0].reasons, [Unfit::EgressShared { users: 2 }]);
    let connect = |user: &str, broker| Ask::Connect {
        ticket: TicketId(1),
        user: user.parse().unwrap(),
        broker,
        egress: None,
        replaces: None,
        link: None,
    };
    let refused = day.asks(connect("new", Broker::AngelOne));
    assert_eq!(refused, Some(Err(muster_protocol::frame::Code::Conflict)));
    assert!(matches!(day.asks(connect("new", Broker::Zerodha)), Some(Ok(_))));
    assert!(matches!(day.asks(connect("user1", Broker::AngelOne)), Some(Ok(_))));
}

#[test]
fn another_way_out_voids_the_verdict_and_is_tested_at_once() {
    let mut day = Day::new(1, Mode::Live, NOON);
    let mut second = day.model.settings.egress[0].clone();
    second.name = "second".parse().unwrap();
    day.model.settings.egress.push(second);
    day.start();
    let set = |name: &str| Ask::SetEgress { account: AccountId(1), egress: name.parse().unwrap() };
    assert_eq!(day.asks(set("third")), Some(Err(muster_protocol::frame::Code::NotFound)));
    assert_eq!(day.asks(set("second")), Some(Ok(Answer::Done)));
    assert_eq!(day.model.accounts[&AccountId(1)].permission, OrderPermission::Untested);
    let [job] = day.checks.as_slice() else { panic!("{:?}", day.checks) };
    assert!(job.probe && job.target == CheckTarget::Account(AccountId(1)));
    assert_eq!(job.route.egress.as_str(), "second");
}

/// A plan may fire at any time of the day; its accounts used to be called at the times of the usual run alone.
#[test]
fn ten_minutes_before_each_run_its_accounts_are_called_once() {
    let mut day = Day::new(3, Mode::Live, "2026-11-23T10:00:00+05:30");
    let mut spec = plan();
    spec.at = muster_protocol::time::TimeOfDay::hm(11, 0).into();
    spec.window_until = muster_protocol::time::TimeOfDay::hm(11, 5).into();
    spec.accounts = muster_protocol::plan::Takers::Ids(vec![AccountId(1), AccountId(3)]);
    let put = PlanEvent::Put { no: 1, spec, at: day.now };
    day.take(vec![Msg::Committed(vec![Record::Plan("btst".parse().unwrap(), put)])], usize::MAX);
    day.start();
    day.pass("2026-11-23T10:49:59.999+05:30");
    assert!(day.ends_all().is_empty());
    day.pass("2026-11-23T10:50:00+05:30");
    let of =
        |jobs: Vec<CheckJob>| jobs.into_iter().filter_map(|job| job.account).collect::<Vec<_>>();
    assert_eq!(of(day.ends_all()), [AccountId(1), AccountId(3)]);
    day.pass("2026-11-23T14:00:00+05:30");
    assert!(day.ends_all().is_empty(), "once");
    assert!(day.run_state("btst@2026-11-23").is_some());
}

#[test]
fn a_run_right_after_a_muster_or_a_late_start_calls_nobody_again() {
    let mut day = Day::new(2, Mode::Live, "2026-11-23T14:00:00+05:30");
    day.start();
    day.pass("2026-11-23T15:00:00+05:30");
    assert_eq!(day.ends_all().len(), 2);
    day.pass("2026-11-23T15:04:59+05:30");
    assert!(day.ends_all().is_empty());
    let mut day = Day::new(2, Mode::Live, "2026-11-23T15:06:00+05:30");
    day.start();
    day.pass("2026-11-23T15:10:00+05:30");
    assert!(day.ends_all().is_empty() && !day.sends.is_empty());
}
