//! What a plan can say: several times a day, some accounts, their quantities and caps, dry runs.

use muster_protocol::account::Unfit;
use muster_protocol::ids::Label;
use muster_protocol::order::{Exchange, PriceRule};
use muster_protocol::plan::{Caps, Share, Takers, Weight};
use muster_protocol::run::RunState;
use muster_protocol::time::TimeOfDay;

use super::super::effect::Answer;
use super::super::msg::{Ask, Asked, ListLoaded, ReplyTo};
use super::super::view;
use super::*;

const MONDAY: &str = "btst@2026-11-23";
const NOON: &str = "2026-11-23T12:00:00+05:30";

fn label(text: &str) -> Label {
    text.parse().unwrap()
}

impl Day {
    /// A day with this plan in the place of the usual one.
    fn planned(accounts: u32, mode: Mode, spec: &PlanSpec) -> Self {
        let mut day = Self::new(accounts, mode, NOON);
        let name: muster_protocol::ids::PlanId = "btst".parse().unwrap();
        let put = PlanEvent::Put { no: 1, spec: spec.clone(), at: day.now };
        let armed = PlanEvent::Armed { mode, at: day.now };
        let records = [put, armed].map(|event| Record::Plan(name.clone(), event));
        day.store.extend(records.iter().cloned());
        day.take(vec![Msg::Committed(records.to_vec())], usize::MAX);
        day.start();
        day
    }

    fn effects_of(&mut self, ask: Ask) -> Vec<Effect> {
        let asked = Asked { reply: ReplyTo(1), who: who("uid 0"), only: None, ask };
        update(&mut self.model, self.now, Msg::Asked(asked))
    }

    fn run(&self, run: &str) -> super::super::run::Run {
        let run: RunId = run.to_owned().try_into().unwrap();
        self.model.runs[&run].clone()
    }

    fn set_instrument(&mut self, symbol: &str, change: impl FnOnce(&mut Instrument)) {
        let key = (Broker::AngelOne, Exchange::Nse, symbol.to_owned());
        let changed = self.model.instruments.get_mut(&key).unwrap();
        change(changed);
        self.listed.insert((key.1, key.2), changed.clone());
    }
}

fn refusal(effects: &[Effect]) -> Option<String> {
    effects.iter().find_map(|effect| {
        if let Effect::Reply(_, Err(failure)) = effect { Some(failure.to_string()) } else { None }
    })
}

#[test]
fn each_time_of_the_day_is_a_run_of_its_own_with_tags_of_its_own() {
    let mut spec = plan();
    spec.at = [TimeOfDay::hm(13, 0), TimeOfDay::hm(15, 10)].into_iter().collect();
    let mut day = Day::planned(3, Mode::Live, &spec);
    day.pass("2026-11-23T15:20:00+05:30");
    assert_eq!(day.statuses(MONDAY), vec![IntentStatus::Accepted; 6]);
    assert_eq!(day.statuses("btst@2026-11-23.2"), vec![IntentStatus::Accepted; 6]);
    assert_eq!((day.book.len(), day.model.runs.len()), (12, 2));
    day.assert_at_most_once();
    day.pass("2026-11-25T15:20:00+05:30");
    assert_eq!(day.run_state("btst@2026-11-25.2"), Some(RunState::Closed));
    day.assert_at_most_once();
}

#[test]
fn a_crash_between_two_firings_repeats_none_and_loses_none() {
    let mut spec = plan();
    spec.at = [TimeOfDay::hm(13, 0), TimeOfDay::hm(15, 10)].into_iter().collect();
    let mut day = Day::planned(2, Mode::Live, &spec);
    day.pass("2026-11-23T13:30:00+05:30");
    let mut day = Day::restarted(day.store, day.book, at("2026-11-23T13:30:05+05:30"));
    day.start();
    day.pass("2026-11-23T15:20:00+05:30");
    assert_eq!((day.book.len(), day.sends.len()), (8, 4));
    day.assert_at_most_once();
    // What was missed while nothing ran is said for each time.
    let mut day = Day::restarted(day.store, day.book, at("2026-11-25T18:00:00+05:30"));
    day.start();
    day.pass("2026-11-25T18:00:01+05:30");
    for run in ["btst@2026-11-25", "btst@2026-11-25.2"] {
        assert!(matches!(day.run_state(run), Some(RunState::Missed { .. })), "{run}");
    }
    assert_eq!(day.book.len(), 8);
}

#[test]
fn a_plan_moved_to_a_later_time_after_its_run_fires_again_under_other_tags() {
    let mut day = Day::new(1, Mode::Live, NOON);
    day.start();
    day.pass("2026-11-23T15:11:00+05:30");
    let mut later = plan();
    later.at = TimeOfDay::hm(15, 12).into();
    let name: muster_protocol::ids::PlanId = "btst".parse().unwrap();
    let put = PlanEvent::Put { no: 1, spec: later, at: day.now };
    let armed = PlanEvent::Armed { mode: Mode::Live, at: day.now };
    let records = [put, armed].map(|event| Record::Plan(name.clone(), event));
    day.take(vec![Msg::Committed(records.to_vec())], usize::MAX);
    day.pass("2026-11-23T15:14:00+05:30");
    assert_eq!(day.statuses("btst@2026-11-23.2"), vec![IntentStatus::Accepted; 2]);
    day.assert_at_most_once();
}

#[test]
fn only_named_accounts_take_part_each_with_its_own_quantity() {
    let mut spec = plan();
    spec.accounts = Takers::Labels(vec![label("family")]);
    spec.multiplier = 2;
    let own = Share {
        accounts: Takers::Ids(vec![AccountId(3)]),
        multiplier: Some(5),
        caps: Caps::default(),
    };
    spec.shares.push(own);
    let mut day = Day::planned(4, Mode::Live, &spec);
    for id in [1, 3] {
        let event = AccountEvent::Labelled { labels: vec![label("family")], at: day.now };
        day.take(vec![Msg::Committed(vec![Record::Account(AccountId(id), event)])], usize::MAX);
    }
    day.pass("2026-11-23T15:20:00+05:30");
    let run = day.run(MONDAY);
    let takes: Vec<(u32, u32)> =
        run.fixed.participants.iter().map(|part| (part.account.0, part.multiplier)).collect();
    assert_eq!(takes, [(1, 2), (3, 5)]);
    assert!(run.fixed.excluded.is_empty(), "nobody is left out who is not named");
    let intents = day.model.intents.keys().filter_map(|id| view::intent(&day.model, id));
    let quantities: Vec<u32> = intents.map(|intent| intent.leg.quantity.get()).collect();
    assert_eq!(quantities, [10, 40, 25, 100]);
    assert_eq!(day.book.len(), 4);
}

#[test]
fn buys_wait_for_sells_also_if_they_are_written_first() {
    for (sells_first, expected) in [(true, "INFY"), (false, "SBIN")] {
        let mut spec = plan();
        spec.legs.reverse();
        spec.sells_first = sells_first;
        let mut day = Day::planned(1, Mode::Live, &spec);
        day.pass("2026-11-23T15:20:00+05:30");
        assert_eq!(day.run(MONDAY).fixed.legs[0].symbol, expected);
        assert_eq!(day.sends.iter().map(|id| id.leg.0).collect::<Vec<_>>(), [0, 1]);
    }
}

#[test]
fn an_account_over_a_cap_is_left_out_with_the_reason_and_the_others_go_on() {
    let mut spec = plan();
    spec.shares.push(Share {
        accounts: Takers::Ids(vec![AccountId(2)]),
        multiplier: None,
        caps: Caps { orders: Some(1), quantity: None, value: None },
    });
    let mut day = Day::planned(2, Mode::Live, &spec);
    day.pass("2026-11-23T15:20:00+05:30");
    let run = day.run(MONDAY);
    assert_eq!(run.fixed.participants.len(), 1);
    let why = Unfit::Cap { why: "2 orders, at most 1".to_owned() };
    assert_eq!(run.fixed.excluded[0].reasons, [why]);
    assert_eq!(day.book.len(), 2);
}

#[test]
fn a_leg_that_cannot_be_placed_leaves_its_broker_s_accounts_out() {
    let mut day = Day::planned(2, Mode::Live, &plan());
    day.set_instrument("SBIN", |sbin| sbin.lot = 15.try_into().unwrap());
    day.pass("2026-11-23T15:20:00+05:30");
    let run = day.run(MONDAY);
    assert_eq!((run.fixed.participants.len(), run.fixed.excluded.len()), (0, 2));
    let words = run.fixed.excluded[0].reasons[0].words();
    assert_eq!(words, "leg 2: 20 units are no multiple of the lot of 15");
    assert!(day.sends.is_empty());
    assert_eq!(day.run_state(MONDAY), Some(RunState::Closed));
}

#[test]
fn a_list_that_comes_after_the_freeze_still_stops_a_wrong_order() {
    let mut day = Day::planned(1, Mode::Live, &plan());
    let key = (Broker::AngelOne, Exchange::Nse, "SBIN".to_owned());
    let mut sbin = day.model.instruments.remove(&key).unwrap();
    sbin.tick = muster_protocol::money::Paise(10);
    day.slow_lists = true;
    let loading = super::super::model::ListState::Loading { checked: Some(day.now), tries: 0 };
    day.model.lists.insert(Broker::AngelOne, loading);
    day.model.looked_for.clear();
    day.pass("2026-11-23T15:10:02+05:30");
    assert_eq!(day.statuses(MONDAY), [IntentStatus::Accepted, IntentStatus::Planned]);
    let wanted = [(Exchange::Nse, "SBIN".to_owned())].into();
    let came = list_came(&day, wanted, vec![sbin]);
    day.take(vec![came], usize::MAX);
    day.pass("2026-11-23T15:11:00+05:30");
    assert_eq!(day.statuses(MONDAY), [IntentStatus::Accepted, IntentStatus::NotSent]);
}

#[test]
fn a_dry_run_asks_the_same_questions_and_says_what_it_would_have_sent() {
    let mut spec = plan();
    spec.multiplier = 3;
    let mut day = Day::planned(1, Mode::DryRun, &spec);
    day.pass("2026-11-23T15:09:50+05:30");
    let off = AccountEvent::Active { on: false, at: day.now };
    let mut again = Day::restarted(day.store.clone(), vec![], day.now);
    again.start();
    again.take(vec![Msg::Committed(vec![Record::Account(AccountId(1), off)])], usize::MAX);
    again.pass("2026-11-23T15:20:00+05:30");
    assert_eq!(again.statuses(MONDAY), [IntentStatus::NotSent; 2], "as the live run would");
    day.pass("2026-11-23T15:20:00+05:30");
    assert_eq!(day.statuses(MONDAY), [IntentStatus::Rehearsed; 2]);
    let said: Vec<&String> = day.said.iter().filter(|text| text.contains("not sent")).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    let tag = view::intent(&day.model, day.model.intents.keys().next().unwrap()).unwrap().tag;
    let words = format!("NSE INFY-EQ SELL 15 delivery LIMIT 1500.00 DAY tag {}", tag.unwrap());
    assert!(said[0].contains(&words), "{} should say {words}", said[0]);
}

#[test]
fn what_is_known_to_be_wrong_is_refused_and_what_is_not_known_is_said() {
    let mut day = Day::planned(1, Mode::DryRun, &plan());
    let put = |day: &mut Day, change: &dyn Fn(&mut PlanSpec)| {
        let mut spec = plan();
        change(&mut spec);
        refusal(&day.effects_of(Ask::PutPlan(spec)))
    };
    assert_eq!(put(&mut day, &|_| {}), None);
    let odd = put(&mut day, &|spec| {
        spec.legs[1].price = PriceRule::Limit { price: muster_protocol::money::Paise(84_216) };
    });
    assert!(odd.unwrap().contains("leg 2 at Angel One: 842.16 is no multiple of the tick"));
    let late = put(&mut day, &|spec| spec.at = TimeOfDay::hm(16, 30).into());
    assert!(late.unwrap().contains("NSE takes no orders at 16:30 on 2026-11-23"));
    // Never looked for: a warning, until the list says that it is not there.
    let unlisted = |spec: &mut PlanSpec| spec.legs[0].symbol = "NOSUCH".to_owned();
    assert_eq!(put(&mut day, &unlisted), None);
    let mut spec = plan();
    unlisted(&mut spec);
    let findings = day.model.findings(&spec, day.now);
    assert_eq!((findings.len(), findings[0].weight), (1, Weight::Warning));
    let wanted = [(Exchange::Nse, "NOSUCH".to_owned())].into();
    let came = list_came(&day, wanted, vec![]);
    day.take(vec![came], usize::MAX);
    assert!(put(&mut day, &unlisted).unwrap().contains("not in the list"));
}

#[test]
fn a_check_waits_for_the_list_but_not_for_ever() {
    let answer = |effects: &[Effect]| {
        effects.iter().find_map(|effect| {
            let Effect::Reply(_, Ok(Answer::PlanCheck(check))) = effect else { return None };
            Some(check.clone())
        })
    };
    let mut spec = plan();
    spec.legs[0].symbol = "NOSUCH".to_owned();
    let mut day = Day::planned(1, Mode::DryRun, &plan());
    let asked = day.effects_of(Ask::CheckPlan(spec.clone()));
    assert!(answer(&asked).is_none());
    let wanted = asked.iter().find_map(|effect| {
        let Effect::LoadInstruments { wanted, .. } = effect else { return None };
        Some(wanted.clone())
    });
    assert!(wanted.clone().unwrap().contains(&(Exchange::Nse, "NOSUCH".to_owned())));
    let came = list_came(&day, wanted.unwrap(), vec![]);
    let check = answer(&update(&mut day.model, day.now, came)).unwrap();
    assert!(!check.good && check.findings.iter().any(|f| f.text.contains("not in the list")));
    // The list of another symbol does not come: it is answered with a warning.
    spec.legs[0].symbol = "OTHER".to_owned();
    assert!(answer(&day.effects_of(Ask::CheckPlan(spec))).is_none());
    let due = next_deadline(&day.model, day.now).unwrap();
    assert!(due.since(day.now) <= 20_000);
    day.now = day.now.plus(20_000);
    let check = answer(&update(&mut day.model, day.now, Msg::Tick)).unwrap();
    assert!(check.findings.iter().any(|f| f.text.contains("has not come")), "{check:?}");
    assert!(day.model.checking.is_empty());
}

#[test]
fn a_change_after_the_freeze_is_for_the_next_firing_and_says_so() {
    let mut day = Day::planned(1, Mode::Live, &plan());
    day.pass("2026-11-23T15:09:45+05:30");
    let mut edited = plan();
    edited.legs.truncate(1);
    let effects = day.effects_of(Ask::PutPlan(edited));
    let commits = effects.into_iter().flat_map(|effect| day.perform(effect)).collect();
    day.take(commits, usize::MAX);
    let plan = view::plan(&day.model, day.now, &"btst".parse().unwrap()).unwrap();
    assert_eq!(plan.unchanged_run.map(|run| run.to_string()).as_deref(), Some(MONDAY));
    assert_eq!(plan.next_fire, Some(at("2026-11-25T15:10:00+05:30")));
    day.pass("2026-11-23T15:20:00+05:30");
    assert_eq!(day.sends.len(), 2);
}

#[test]
fn a_person_sees_a_plan_without_others_accounts_and_terms() {
    let mut spec = plan();
    let share = |id| Share {
        accounts: Takers::Ids(vec![AccountId(id)]),
        multiplier: Some(id),
        caps: Caps::default(),
    };
    spec.shares = vec![share(1), share(2)];
    spec.accounts = Takers::Ids(vec![AccountId(1), AccountId(2)]);
    let day = Day::planned(2, Mode::DryRun, &spec);
    let user = "user2".parse().unwrap();
    let snapshot = view::snapshot(&day.model, day.now, Some(&user));
    let seen = &snapshot.plans[0].spec;
    assert_eq!(seen.accounts, Takers::Ids(vec![AccountId(2)]));
    assert_eq!(seen.shares, [share(2)]);
    assert_eq!(view::snapshot(&day.model, day.now, None).plans[0].spec, spec);
}

/// A list just loaded, that has these of what was wanted.
fn list_came(day: &Day, wanted: BTreeSet<(Exchange, String)>, found: Vec<Instrument>) -> Msg {
    let (checked, failed) = (Some(day.now), None);
    let loaded = ListLoaded { wanted, found, checked, size: 2, failed, lent: None };
    Msg::Instruments { broker: Broker::AngelOne, loaded }
}
