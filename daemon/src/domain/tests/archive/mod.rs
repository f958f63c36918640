//! What is archived and when, and that nobody sees it happen.

mod any;
pub(crate) mod seen;

use muster_protocol::frame::Code;
use muster_protocol::halt::Verdict;
use muster_protocol::ids::{PlanId, UserId};
use muster_protocol::status::{HoldReason, Ntp, VaultState};

use self::seen::{about, assert_same, confirmed, details, from_archive, model_of, parted, shown};
use super::super::archive::Remains;
use super::super::clock_guard::Reading;
use super::super::msg::{Ask, Asked, ReplyTo};
use super::super::record::{HoldEvent, VaultEvent};
use super::super::run::{Fixed, Run, RunEvent, Stage};
use super::super::view;
use super::*;

const MONDAY: &str = "btst@2026-11-23";
/// A week and a day later, after the market.
const EVENING: &str = "2026-12-01T19:00:00+05:30";

/// All that is written down by an evening on which a run can be archived.
pub(crate) fn a_week_later() -> (Vec<Record>, RunId, Timestamp) {
    let day = Day::later(3, Mode::Live, EVENING);
    (day.store, run(MONDAY), day.now)
}

impl Day {
    /// Monday's run, and the evening of a later day, the clock confirmed.
    fn later(accounts: u32, mode: Mode, evening: &str) -> Self {
        let mut day = Self::new(accounts, mode, "2026-11-23T12:00:00+05:30");
        day.start();
        day.pass("2026-11-23T16:30:00+05:30");
        day.wait_for(evening);
        day
    }

    /// Nobody looks at anything until then, and what is due by then is said.
    fn wait_for(&mut self, evening: &str) {
        self.model.archiving.look_at = at("2030-01-01T00:00:00+05:30");
        self.pass(evening);
        let msg = confirmed(self.now, self.now);
        self.take(vec![msg], usize::MAX);
    }

    /// It is looked whether there is anything to archive.
    fn look(&mut self) {
        self.model.archiving.look_at = self.now;
        self.take(vec![Msg::Tick], usize::MAX);
    }

    fn archived(&self) -> Vec<String> {
        let archived = self.model.runs.iter().filter(|(_, run)| run.archived.is_some());
        archived.map(|(id, _)| id.to_string()).collect()
    }

    fn answer(&mut self, ask: Ask) -> Vec<Effect> {
        let asked = Asked { reply: ReplyTo(1), who: who("uid 0"), only: None, ask };
        update(&mut self.model, self.now, Msg::Asked(asked))
    }
}

fn run(name: &str) -> RunId {
    name.to_owned().try_into().unwrap()
}

#[test]
fn a_run_is_archived_more_than_a_week_after_its_day_and_nobody_sees_it() {
    let mut day = Day::later(3, Mode::Live, "2026-11-30T19:00:00+05:30");
    day.look();
    assert_eq!(day.archived(), Vec::<String>::new(), "seven days, and still in the list");
    day.wait_for(EVENING);
    let user: UserId = "user2".parse().unwrap();
    let monday = run(MONDAY);
    let (before, list) = (details(&day.model, &monday, None), shown(&day.model, day.now));
    let own = details(&day.model, &monday, Some(&user));
    let (orders, written) = (day.model.intents.len(), day.store.len());
    day.look();
    assert_eq!(day.archived(), [MONDAY], "and none of the later ones");
    assert_eq!((orders, day.model.intents_of(&monday).count()), (6, 0));
    assert_eq!(shown(&day.model, day.now), list);
    let (kept, gone) = parted(&day.store);
    assert!(kept.len() < written, "{} of {written}", kept.len());
    assert_eq!(from_archive(&day.model, (&monday, &gone[&monday]), None), before);
    assert_eq!(from_archive(&day.model, (&monday, &gone[&monday]), Some(&user)), own);
    assert_same(&day.model, &model_of(&kept, day.now));
    assert_same(&day.model, &model_of(&day.store, day.now));
    assert!(
        day.said.iter().any(|line| line.starts_with("archived: its 6 orders")),
        "{:?}",
        day.said
    );
    let sent = day.sends.len();
    day.look();
    day.pass("2026-12-02T16:00:00+05:30");
    assert_eq!(
        (day.archived().len(), day.sends.len()),
        (1, sent),
        "once, and nothing is sent again"
    );
}

#[test]
fn i4_a_plan_whose_run_is_archived_fires_on_its_next_day_and_on_no_day_before() {
    let mut day = Day::later(2, Mode::Live, EVENING);
    day.look();
    let (kept, _) = parted(&day.store);
    // Put back to Monday, a moment before the run that was; and on the Wednesday after it was archived.
    for (since, until, sends) in [
        ("2026-11-23T15:09:20+05:30", "2026-11-23T15:20:00+05:30", 0),
        ("2026-12-02T12:00:00+05:30", "2026-12-02T15:20:00+05:30", 4),
    ] {
        let mut log = kept.clone();
        let (since, until_end) = (at(since), at("2026-12-03T00:00:00+05:30"));
        log.extend((1..=2).map(|id| {
            let opened = SessionEvent::Opened { since, until: until_end };
            Record::Session(AccountId(id), opened)
        }));
        let mut day = Day::restarted(log, day.book.clone(), since);
        day.start();
        day.pass(until);
        assert_eq!(day.sends.len(), sends, "{since}");
        day.assert_at_most_once();
    }
}

#[test]
fn what_is_in_doubt_untallied_or_under_way_stays() {
    let mut day = Day::new(2, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.fates.insert((AccountId(1), 0), Fate::Lose);
    // Without a book nothing is proven.
    day.start();
    day.pass("2026-11-23T15:09:59+05:30");
    day.unreadable.insert(AccountId(1));
    day.pass("2026-11-23T16:30:00+05:30");
    day.wait_for(EVENING);
    let monday = run(MONDAY);
    let counts = day.model.counts[&monday];
    assert_eq!(counts.in_doubt, 1, "{counts:?}");
    day.look();
    assert_eq!(day.archived(), Vec::<String>::new());
    let intent = day.model.intents_of(&monday).find(|(_, i)| i.status() == IntentStatus::InDoubt);
    let intent = intent.unwrap().0.clone();
    let settle = Ask::Resolve { intent: intent.clone(), verdict: Verdict::NotPlaced };
    let msgs = day.store_only(settle);
    day.take(msgs, usize::MAX);
    let stage = day.model.runs[&monday].stage.clone();
    for other in [
        Stage::Frozen,
        Stage::Firing { at: day.now, late_us: None },
        Stage::Closed { fired_at: day.now, late_us: None, at: day.now, tally: None },
    ] {
        day.model.runs.get_mut(&monday).unwrap().stage = other;
        assert!(!day.model.may_archive(&monday, day.now.date()));
    }
    day.model.runs.get_mut(&monday).unwrap().stage = stage;
    day.look();
    assert_eq!(day.archived(), [MONDAY]);
    // Whoever comes too late is told the same as before.
    let late = day.answer(Ask::Resolve { intent, verdict: Verdict::NotPlaced });
    let conflict = |effect: &Effect| matches!(effect, Effect::Reply(_, Err(failure)) if failure.code == Code::Conflict);
    assert!(late.iter().any(conflict), "{late:?}");
}

#[test]
fn a_dry_run_needs_no_tally_and_a_missed_run_no_orders() {
    let mut day = Day::later(1, Mode::DryRun, EVENING);
    day.look();
    assert_eq!(day.archived(), [MONDAY]);
    // The daemon stood still from Monday's freeze to the evening after.
    let mut day = Day::new(1, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.start();
    day.pass("2026-11-23T15:09:40+05:30");
    day.now = at("2026-11-23T18:00:00+05:30");
    day.take(vec![Msg::Tick], usize::MAX);
    day.wait_for(EVENING);
    assert!(matches!(day.model.runs[&run(MONDAY)].stage, Stage::Missed { .. }));
    let before = details(&day.model, &run(MONDAY), None);
    day.look();
    assert_eq!(day.archived(), [MONDAY]);
    let (kept, gone) = parted(&day.store);
    assert_eq!(from_archive(&day.model, (&run(MONDAY), &gone[&run(MONDAY)]), None), before);
    assert_same(&day.model, &model_of(&kept, day.now));
}

#[test]
fn the_newest_run_of_a_plan_stays_until_the_plan_is_removed() {
    let mut day = Day::later(2, Mode::Live, "2026-11-23T16:40:00+05:30");
    // A store that nobody opened for a week: no later run is missed yet.
    day.now = at(EVENING);
    day.take(vec![confirmed(day.now, day.now)], usize::MAX);
    let (monday, plan): (_, PlanId) = (run(MONDAY), "btst".parse().unwrap());
    assert!(!day.model.may_archive(&monday, day.now.date()));
    let mut msgs = day.store_only(Ask::RemovePlan(plan));
    // What else is due after a week is done first.
    msgs.push(Msg::Tick);
    day.take(msgs, usize::MAX);
    let last = view::accounts(&day.model, day.now, None)[0].last_run.clone();
    let seen = shown(&day.model, day.now);
    assert!(last.as_ref().is_some_and(|last| last.counts.is_some_and(|c| c.total() == 2)));
    day.look();
    assert_eq!(day.archived(), [MONDAY]);
    assert_eq!(view::accounts(&day.model, day.now, None)[0].last_run, last);
    assert_eq!(shown(&day.model, day.now), seen);
    let (kept, _) = parted(&day.store);
    assert_same(&day.model, &model_of(&kept, day.now));
    assert_same(&day.model, &model_of(&day.store, day.now));
}

type Change = fn(&mut Day);

#[test]
fn nothing_is_archived_by_a_clock_in_doubt_near_a_run_or_while_runs_are_held() {
    let noon = at("2026-12-02T12:00:00+05:30");
    let before = at("2026-12-02T08:50:00+05:30");
    let changes: [(&str, Change); 7] = [
        ("held", |day| {
            let held = HoldEvent::Held { reason: HoldReason::OlderStore, at: day.now };
            day.model.apply(&Record::Hold(held)).unwrap();
        }),
        ("sealed", |day| {
            day.model.vault = VaultState::Sealed;
        }),
        ("unconfirmed", |day| {
            let Msg::Clock(reading) = confirmed(day.now, day.now) else { panic!() };
            day.take(vec![Msg::Clock(Reading { ntp: Ntp::Unknown, ..reading })], usize::MAX);
        }),
        ("set", |day| {
            day.now = day.now.plus(3_600_000);
            let then = day.now.plus(-3_600_000);
            day.take(vec![confirmed(then, then)], usize::MAX);
            let Msg::Clock(reading) = confirmed(day.now, then) else { panic!() };
            day.take(vec![Msg::Clock(Reading { ntp: Ntp::Unknown, ..reading })], usize::MAX);
        }),
        ("stopping", |day| day.model.stopping = true),
        ("deciding", |day| {
            day.model.deciding.insert(super::super::model::Deciding::Hold);
        }),
        ("packing", |day| {
            day.model.archiving.packing.insert(run(MONDAY));
        }),
    ];
    for (what, change) in changes {
        let mut day = Day::later(1, Mode::Live, EVENING);
        change(&mut day);
        day.look();
        assert_eq!(day.archived(), Vec::<String>::new(), "{what}");
    }
    for (when, archived) in [(noon, 0), (before, 1)] {
        let mut day = Day::later(1, Mode::Live, EVENING);
        day.now = when;
        day.take(vec![confirmed(when, when)], usize::MAX);
        day.look();
        assert_eq!(day.archived().len(), archived, "{when}: only while the market is closed");
    }
}

/// A plan that fires late in the evening, when the stock market is closed.
#[test]
fn nothing_is_archived_in_the_half_hour_before_a_run() {
    for (when, archived) in [("2026-12-01T22:55:00+05:30", 0), ("2026-12-01T22:45:00+05:30", 1)] {
        let mut day = Day::later(1, Mode::Live, "2026-12-01T16:55:00+05:30");
        let plan: PlanId = "btst".parse().unwrap();
        let mut spec = day.model.plans[&plan].kept().unwrap().spec.clone();
        spec.at = muster_protocol::time::TimeOfDay::hm(23, 20).into();
        spec.window_until = muster_protocol::time::TimeOfDay::hm(23, 25).into();
        for leg in &mut spec.legs {
            leg.exchange = Exchange::Mcx;
        }
        let put = PlanEvent::Put { no: 1, spec, at: day.now };
        day.take(vec![Msg::Committed(vec![Record::Plan(plan, put)])], usize::MAX);
        day.wait_for(when);
        day.look();
        assert_eq!(day.archived().len(), archived, "{when}");
    }
}

#[test]
fn what_was_packed_and_is_not_the_run_is_not_archived_and_that_is_said() {
    let mut day = Day::later(2, Mode::Live, EVENING);
    let monday = run(MONDAY);
    let whole = day.model.whole(&monday).unwrap();
    let mut fewer = whole.clone();
    fewer.intents.pop_last();
    let mut other = whole.clone();
    other.run.stage = Stage::Missed { reason: String::new() };
    let untold = Err("the database: closed".to_owned());
    for found in [Ok(fewer), Ok(other), untold] {
        let packed = Msg::Packed(vec![(monday.clone(), found)]);
        day.model.archiving.refused.clear();
        let written = day.store.len();
        day.take(vec![packed], usize::MAX);
        assert_eq!((day.archived().len(), day.store.len()), (0, written));
        assert!(
            day.said.pop().is_some_and(|line| line.starts_with("not archived, all of it stays"))
        );
        day.look();
        assert!(day.archived().is_empty(), "not tried again before the next start");
    }
    // Something came in between: it is neither archived nor said.
    day.model.archiving.refused.clear();
    day.model.deciding.insert(super::super::model::Deciding::Hold);
    let said = day.said.len();
    day.take(vec![Msg::Packed(vec![(monday, Ok(whole))])], usize::MAX);
    assert_eq!((day.archived().len(), day.said.len()), (0, said));
    day.model.deciding.clear();
    day.look();
    assert_eq!(day.archived(), [MONDAY]);
}

#[test]
fn every_kind_of_record_says_which_run_it_is_about() {
    let mut day = Day::later(2, Mode::Live, EVENING);
    day.look();
    let at = day.now;
    let others = [
        Record::Vault(VaultEvent::Sealed { at }),
        Record::Hold(HoldEvent::Released { at }),
        Record::Clock(super::super::clock_guard::ClockEvent::Accepted { at }),
        Record::Halt { scope: muster_protocol::halt::HaltScope::All, on: true, cancel: false, at },
    ];
    for record in day.store.iter().chain(&others) {
        // A kind that is added to the list is added to the headings as well.
        let of_run = match record {
            Record::Run(run, _) => Some(run.clone()),
            Record::Intent(id, _) => Some(id.run.clone()),
            Record::Started { .. }
            | Record::Account(..)
            | Record::Session(..)
            | Record::Check(..)
            | Record::Plan(..)
            | Record::Vault(_)
            | Record::Hold(_)
            | Record::Clock(_)
            | Record::Calendar(_)
            | Record::Halt { .. } => None,
        };
        assert_eq!(about(record), of_run);
    }
    let remains = Remains::of(&day.model.runs[&run(MONDAY)], day.model.counts[&run(MONDAY)]);
    assert_eq!(remains.run(), day.model.runs[&run(MONDAY)]);
}

#[test]
fn i4_nothing_happens_to_an_archived_run_and_none_is_archived_that_is_not_over() {
    let day = Day::later(1, Mode::Live, "2026-11-23T16:40:00+05:30");
    let fixed = || Fixed::clone(&day.model.runs[&run(MONDAY)].fixed);
    let at = day.now;
    let fired_off = RunEvent::Fired { at, late_us: None };
    let (closing, tallied) = (RunEvent::Closed { at }, RunEvent::Tallied { lines: vec![], at });
    let missing = RunEvent::Missed { fixed: fixed(), reason: String::new(), at };
    let freezing = RunEvent::Frozen { fixed: fixed(), at };
    let step = |run: &Run, event: &RunEvent| Run::next(Some(run), event);
    let frozen = Run::next(None, &freezing).unwrap();
    let firing = step(&frozen, &fired_off).unwrap();
    let closed = step(&firing, &closing).unwrap();
    let over = step(&closed, &tallied).unwrap();
    let missed = Run::next(None, &missing).unwrap();
    let dry = Fixed { mode: Mode::DryRun, ..fixed() };
    let dry = Run::new(std::sync::Arc::new(dry), closed.stage.clone());
    let archive = |run: &Run| {
        let remains = Box::new(Remains::of(run, muster_protocol::run::RunCounts::default()));
        RunEvent::Archived { remains, last: vec![], at }
    };
    for run in [&frozen, &firing, &closed] {
        assert!(step(run, &archive(&over)).is_err(), "{:?}", run.stage);
    }
    for run in [&over, &missed, &dry] {
        let event = archive(run);
        let archived = step(run, &event).unwrap();
        assert_eq!(Run::next(None, &event).unwrap(), archived, "without its other records");
        assert_eq!(archive(&archived), event);
        let same = (run.is_over(), run.is_sent(), run.covers_until(), run.state());
        let (over, sent) = (archived.is_over(), archived.is_sent());
        assert_eq!((over, sent, archived.covers_until(), archived.state()), same);
        for event in [&freezing, &fired_off, &closing, &tallied, &missing, &event] {
            assert!(step(&archived, event).is_err(), "{event:?}");
        }
    }
}
