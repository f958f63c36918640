//! What the tests of the archive look at: logs without what was archived of them, models, and everything that
//! anybody is shown.

use muster_protocol::ids::UserId;
use muster_protocol::status::Ntp;

use super::super::super::archive::{About, Whole, replayed, says_archived};
use super::super::super::clock_guard::Reading;
use super::super::super::{person, report, view};
use super::super::*;

/// Which run a record is about, as the engine finds out.
pub(super) fn about(record: &Record) -> Option<RunId> {
    let written = serde_json::to_vec(record).unwrap();
    serde_json::from_slice::<About>(&written).unwrap().0
}

/// What the engine answers to `Effect::PackRuns` on this log.
pub(crate) fn packed(log: &[Record], runs: Vec<RunId>) -> Msg {
    let whole = |run: &RunId| -> Option<Whole> {
        let own = log.iter().filter(|record| about(record).as_ref() == Some(run)).cloned();
        replayed(&own.collect::<Vec<_>>()).whole(run)
    };
    let all = runs.into_iter().map(|run| (whole(&run).ok_or_else(|| "gone".to_owned()), run));
    Msg::Packed(all.map(|(whole, run)| (run, whole)).collect())
}

/// The log without what was archived of it, and the records that were.
pub(super) fn parted(log: &[Record]) -> (Vec<Record>, BTreeMap<RunId, Vec<Record>>) {
    let archived: BTreeSet<RunId> =
        log.iter().filter(|record| says_archived(record)).filter_map(about).collect();
    let (mut kept, mut gone) = (Vec::new(), BTreeMap::<RunId, Vec<Record>>::new());
    for record in log {
        match about(record).filter(|run| archived.contains(run) && !says_archived(record)) {
            Some(run) => gone.entry(run).or_default().push(record.clone()),
            None => kept.push(record.clone()),
        }
    }
    (kept, gone)
}

/// A model that was made from this log.
pub(crate) fn model_of(log: &[Record], now: Timestamp) -> Model {
    let mut model = Model::new(settings(), Calendar::built_in(), now);
    for record in log {
        model.apply(record).unwrap();
    }
    model
}

/// All that is durable of both is the same.
pub(crate) fn assert_same(one: &Model, other: &Model) {
    assert_eq!(one.runs, other.runs);
    assert_eq!(one.intents, other.intents);
    assert_eq!(one.counts, other.counts);
    assert_eq!(one.accounts, other.accounts);
    assert_eq!((&one.plans, one.next_account), (&other.plans, other.next_account));
    assert_eq!((&one.open_runs, &one.called_off), (&other.open_runs, &other.called_off));
    assert_eq!((&one.halts, &one.cancels, one.held), (&other.halts, &other.cancels, other.held));
    assert_eq!(one.session_ends, other.session_ends);
}

/// Everything about a run that a peer may see, asked for by its name.
pub(crate) fn details(model: &Model, run: &RunId, only: Option<&UserId>) -> String {
    let shown = view::run(model, run).map(|view| person::run(model, view, only));
    let intents: Vec<_> = model.intents_of(run).map(|(id, _)| view::intent(model, id)).collect();
    serde_json::to_string(&(shown.unwrap(), intents, report::of_run(model, run).unwrap())).unwrap()
}

/// The same, read from what was archived.
pub(super) fn from_archive(
    model: &Model,
    (run, gone): (&RunId, &[Record]),
    only: Option<&UserId>,
) -> String {
    let mut scratch = replayed(&[]);
    model.lend(&mut scratch, std::slice::from_ref(run), only);
    for record in gone {
        scratch.apply(record).unwrap();
    }
    assert_eq!(scratch.remains(run), model.remains(run), "it is known to be the run");
    details(&scratch, run, only)
}

/// Everything that a client shows unasked.
pub(super) fn shown(model: &Model, now: Timestamp) -> String {
    let user: UserId = "user1".parse().unwrap();
    let of_both = [None, Some(&user)].map(|only| {
        let runs: Vec<_> =
            view::runs(model, now).into_iter().map(|run| person::run(model, run, only)).collect();
        (view::snapshot(model, now, only), runs)
    });
    serde_json::to_string(&of_both).unwrap()
}

/// The machine's clocks at an instant that a time source confirms.
pub(super) fn confirmed(now: Timestamp, steady: Timestamp) -> Msg {
    let (steady_ms, ntp) = (steady.millis(), Ntp::Synchronised { at: now });
    let wall_us = now.millis() * 1_000;
    Msg::Clock(Reading { wall_us, steady_ms, awake_ms: steady_ms, ntp, offsets: vec![] })
}
